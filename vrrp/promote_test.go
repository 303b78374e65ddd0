package vrrp

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/vrrp/wire"
)

// fakePromoter keeps the setting of interfaces. gate, when not nil, holds every call until it is closed.
type fakePromoter struct {
	mu      sync.Mutex
	on      map[string]bool
	missing map[string]bool
	calls   []string
	gate    chan struct{}
}

func (f *fakePromoter) PromoteSecondaries(dev string, on bool) (bool, error) {
	if f.gate != nil {
		<-f.gate
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprint(dev, on))
	if f.missing[dev] {
		return false, fmt.Errorf("%s: %w", dev, unix.ENODEV)
	}
	was := f.on[dev]
	f.on[dev] = on
	return was, nil
}

// TestPromote sets what is asked for once for each interface, and puts back only what it has changed, also what a former
// process has.
func TestPromote(t *testing.T) {
	f := &fakePromoter{on: map[string]bool{"eth1": true, "eth2": true}, missing: map[string]bool{"eth3": true}}
	results := make(chan result, 1)
	w := newKernelWorker(Options{Promoter: f, Resume: map[string]InstanceState{"k": {Interface: "eth2", Promoted: true}}}, results)
	for _, step := range []struct {
		name   string
		wanted map[string]promotion
		calls  string
		lost   bool
		kept   string // the interfaces that were so before
	}{
		{"first", map[string]promotion{"eth0": {index: 2}, "eth1": {index: 3}, "eth2": {index: 4}}, "eth0true eth1true eth2true", false, "eth1"},
		{"the same", map[string]promotion{"eth0": {index: 2}, "eth1": {index: 3}, "eth2": {index: 4}}, "", false, "eth1"},
		{"eth0 is gone", map[string]promotion{"eth0": {}, "eth1": {index: 3}, "eth2": {index: 4}}, "", false, "eth1"},
		{"eth0 has come back", map[string]promotion{"eth0": {index: 9}, "eth1": {index: 3}, "eth2": {index: 4}}, "eth0true", false, "eth0 eth1"},
		{"eth3 goes meanwhile", map[string]promotion{"eth2": {index: 4}, "eth3": {index: 5}}, "eth3true", true, ""},
		{"nothing", map[string]promotion{}, "eth2false", false, ""},
	} {
		f.mu.Lock()
		f.calls = nil
		f.mu.Unlock()
		w.promote(step.wanted)
		w.release()
		j, _ := w.take()
		w.work(j)
		r := <-results
		if got := strings.Join(f.calls, " "); got != step.calls {
			t.Errorf("%s: %s, want %s", step.name, got, step.calls)
		}
		var kept []string
		for _, dev := range []string{"eth0", "eth1", "eth2", "eth3"} {
			if r.promoted[dev] {
				kept = append(kept, dev)
			}
		}
		if got := strings.Join(kept, " "); got != step.kept || (r.err != nil) != step.lost {
			t.Errorf("%s: %q was so before, error %v", step.name, got, r.err)
		}
	}
}

// TestPromoteAfterRecreate deletes the interface of a Master and makes it again, as a restart of the network does with a
// VLAN, then reloads while the kernel is slow.
func TestPromoteAfterRecreate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		f := &fakePromoter{on: map[string]bool{}}
		n.promoter = f
		in := instance(255, 100*time.Millisecond)
		in.PromoteSecondaries = true
		n.start(configOf(in), nil)
		settle(time.Second)
		n.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Second)
		link := linkState(true, "192.168.4.100/24").ByName["eth0"]
		f.on["eth0"] = false // the kernel's default
		n.links.take("eth0")
		settle(time.Second)
		link.Index = 9
		n.links.put(link)
		settle(time.Second)
		if got := strings.Join(f.calls, " "); got != "eth0true eth0true" || !f.on["eth0"] {
			t.Errorf("eth0 is %v after %s", f.on["eth0"], got)
		}
		if s, err := n.engine.States(); err != nil || !s[0].Promoted {
			t.Errorf("promoted: %v, %v", s, err)
		}
		f.gate = make(chan struct{})
		in.PromoteSecondaries = false
		if err := n.engine.Reload(configOf(in)); err != nil {
			t.Fatal(err)
		}
		settle(time.Second)
		if got := len(f.calls); got != 2 {
			t.Errorf("%d calls while the kernel does not answer", got)
		}
		close(f.gate)
		n.stop()
		if f.on["eth0"] {
			t.Error("eth0 is left as it was not before")
		}
	})
}

// A process that ends before it has done anything puts back what a former one has changed.
func TestPromoteOfShortProcess(t *testing.T) {
	f := &fakePromoter{on: map[string]bool{"eth0": true}}
	results := make(chan result, 1)
	w := newKernelWorker(Options{Promoter: f, Resume: map[string]InstanceState{"k": {Interface: "eth0", Promoted: true}}}, results)
	w.promote(map[string]promotion{"eth0": {index: 2}})
	w.promote(map[string]promotion{})
	w.close()
	w.run()
	if got := strings.Join(f.calls, " "); got != "eth0false" {
		t.Errorf("%s, want eth0false", got)
	}
}

// TestPromotions are of the interfaces of instances that ask for it.
func TestPromotions(t *testing.T) {
	e := &Engine{links: linkState(true)}
	got := e.promotions(config.Config{Instances: []config.Instance{
		{Interface: "eth0", PromoteSecondaries: true}, {Interface: "eth0", PromoteSecondaries: true},
		{Interface: "eth1", PromoteSecondaries: true}, {Interface: "eth7"}, {PromoteSecondaries: true},
	}})
	if want := "map[eth0:{2 false} eth1:{0 false}]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}
