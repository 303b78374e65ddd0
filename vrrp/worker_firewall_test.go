package vrrp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
)

// TestTryAgain tries what has failed, as long as somebody wants it.
func TestTryAgain(t *testing.T) {
	f := &fakeFirewall{kernel: &fakeKernel{}, applies: errors.New("not like this")}
	w := newKernelWorker(Options{Kernel: f.kernel, Firewall: f, Config: refusingConfig(refuse(1, time.Second))}, make(chan result, 8))
	state := func(a string) firewall.State {
		return firewall.State{Drops: []firewall.Drop{{Addr: netip.MustParseAddr(a)}}}
	}
	w.guards.used, w.guards.failed = true, state("192.168.4.80").Drops
	if err := w.tryAgain(state("192.168.4.80")); !errors.Is(err, f.applies) {
		t.Errorf("%v", err)
	}
	if err := w.tryAgain(state("192.168.4.81")); err != nil {
		t.Errorf("of an address that nobody wants any more: %v", err)
	}
}

// TestDivert has links with a virtual MAC in the table before the first address comes.
func TestDivert(t *testing.T) {
	kernel := &fakeKernel{addresses: map[netip.Prefix]bool{}}
	f := &fakeFirewall{kernel: kernel}
	results := make(chan result, 8)
	w := newKernelWorker(Options{Kernel: kernel, Firewall: f, Config: refusingConfig(refuse(1, time.Second))}, results)
	w.divert("a", "A", []firewall.VMAC{{Name: "vrrp.1", Index: 7, Base: 2, IPv4: true}})
	w.want("a", "A", []netif.Address{{Prefix: netip.MustParsePrefix(theAddress), Dev: "vrrp.1"}}, nil)
	w.release()
	ctx, done := context.WithCancel(t.Context())
	go func() { w.run(); done() }()
	w.close()
	<-ctx.Done()
	if got, want := fmt.Sprint(kernel.calls), "[t: vrrp.1 add "+theAddress+" no table]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
