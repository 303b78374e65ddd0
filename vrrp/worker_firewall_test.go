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

// TestReprobe tries what has failed, when there is a firewall at all.
func TestReprobe(t *testing.T) {
	state := firewall.State{Drops: []firewall.Drop{{Addr: netip.MustParseAddr("192.168.4.80")}}}
	missing, odd := errors.New("there is none"), errors.New("not like this")
	for _, row := range []struct {
		name            string
		probed, applies error
		failed          []firewall.Drop
		err, lasting    error
		calls           string
	}{
		{"none", missing, nil, state.Drops, missing, nil, "[]"},
		{"none for what has failed", nil, odd, state.Drops, nil, odd, "[t:]"},
		{"it works", nil, nil, state.Drops, nil, nil, "[t: 192.168.4.80 t:]"},
		{"nothing has failed", nil, odd, nil, nil, nil, "[]"},
	} {
		f := &fakeFirewall{kernel: &fakeKernel{}, err: row.probed, applies: row.applies}
		results := make(chan result, 8)
		w := newKernelWorker(Options{Kernel: f.kernel, Firewall: f, Config: refusingConfig(refuse(1, time.Second))}, results)
		w.guards.used = true
		w.reprobe(state, row.failed)
		w.release()
		j, _ := w.take()
		w.workFirewall(j)
		r := <-results
		if !r.firewall || !errors.Is(r.err, row.err) || !errors.Is(r.lasting, row.lasting) || fmt.Sprint(f.kernel.calls) != row.calls {
			t.Errorf("%s: %v, %v, %v", row.name, r.err, r.lasting, f.kernel.calls)
		}
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

// TestEndIsWithdrawn has an address wanted again before its end has come.
func TestEndIsWithdrawn(t *testing.T) {
	kernel := &fakeKernel{addresses: map[netip.Prefix]bool{}}
	w := newKernelWorker(Options{Kernel: kernel, Firewall: &fakeFirewall{kernel: kernel}, Config: refusingConfig(refuse(1, time.Second))}, make(chan result, 8))
	one, two := firewall.Drop{Addr: netip.MustParseAddr("192.168.4.80")}, firewall.Drop{Addr: netip.MustParseAddr("192.168.4.81")}
	for _, list := range [][]firewall.Drop{{one, two}, {one}, {one, two}} {
		j := job{key: "a", guards: true, guard: list}
		w.guardFirst(j)
		w.guardLast(j)
	}
	w.endGuards()
	if got := kernel.calls[len(kernel.calls)-1]; got != "t: 192.168.4.80 192.168.4.81" {
		t.Errorf("%q", kernel.calls)
	}
}
