package vrrp

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// noSix is a firewall that cannot do IPv6, as iptables without ip6tables.
type noSix struct{ *modelFirewall }

func sixErr(s firewall.State) error {
	for _, d := range s.Drops {
		if d.Addr.Is6() {
			return &firewall.Problem{IPv6: errors.New("no ip6tables")}
		}
	}
	return nil
}

func (f noSix) Probe(_ firewall.Settings, s firewall.State) error { return sixErr(s) }

func withSix(in config.Instance) config.Instance {
	in.Name, in.VRID, in.Family, in.MulticastGroup = "VI_6", 52, 6, netip.MustParseAddr("ff02::12")
	in.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("fe80::80/64"), Dev: "eth0"}}
	return in
}

// TestRetryBesideAnotherFamily has one failure of an IPv4 instance, in a configuration that has an IPv6 instance whose family the host lacks.
func TestRetryBesideAnotherFamily(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		n.firewall = noSix{m}
		n.links.state = linkState(true, "192.168.4.100/24", "fe80::100/64")
		four := refuse(100, time.Second)
		n.start(refusingAll(four, withSix(four)), nil)
		settle(time.Second)
		m.set(func() { m.fails = 1 })
		settle(5 * time.Minute)
		if n.state() != fsm.Master {
			t.Errorf("VI_1 is %v five minutes after one failure", n.state())
		}
		n.stop()
	})
}

// heldLock fails every change for a while.
type heldLock struct {
	*modelFirewall
	until time.Time
}

func (f *heldLock) Apply(s firewall.Settings, state firewall.State) error {
	f.set(func() {
		if time.Now().Before(f.until) {
			f.fails = 1
		}
	})
	return f.modelFirewall.Apply(s, state)
}

// TestOthersAreInForce has it that somebody holds the rules for 1.5 s while another instance becomes Master. VI_1's rules are in force all the time.
func TestOthersAreInForce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		f := &heldLock{modelFirewall: m}
		n.firewall = f
		one := refuse(100, time.Second)
		n.start(refusingAll(one), nil)
		settle(10 * time.Second)
		n.reload(refusingAll(one, other(one)))
		settle(3500 * time.Millisecond)
		m.set(func() { f.until = time.Now().Add(1500 * time.Millisecond) })
		start := time.Now()
		for range 40 {
			settle(100 * time.Millisecond)
			if n.state() == fsm.FaultState {
				t.Errorf("VI_1 is in Fault after %v", time.Since(start))
				break
			}
		}
		settle(time.Minute)
		n.stop()
	})
}

// blind cannot look, but apply.
type blind struct {
	*modelFirewall
	from time.Time
}

func (f *blind) Intact() (bool, error) {
	if time.Now().After(f.from) {
		return false, errors.New("cannot look")
	}
	return f.modelFirewall.Intact()
}

// TestUnreadable has rules that can be changed and not read.
func TestUnreadable(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		n.firewall = &blind{m, time.Now().Add(20 * time.Second)}
		n.start(refusingAll(refuse(100, time.Second)), nil)
		settle(5 * time.Minute)
		if f, ms := n.lines.count("(VI_1) Entering FAULT STATE"), n.lines.count("(VI_1) Entering MASTER STATE"); f > 1 {
			t.Errorf("in Fault %d times, Master %d times", f, ms)
		}
		n.stop()
	})
}

// TestRestoreIsGuarded has it that an address that the kernel has refused is tried again although it cannot be dropped.
func TestRestoreIsGuarded(t *testing.T) {
	kernel := &fakeKernel{addresses: map[netip.Prefix]bool{}}
	f := &fakeFirewall{kernel: kernel}
	f.fail(errors.New("no"))
	w := newKernelWorker(Options{Kernel: kernel, Firewall: f, Config: refusingConfig(refuse(1, time.Second))}, make(chan result, 8))
	list := []netif.Address{{Prefix: netip.MustParsePrefix("fe80::80/64"), Dev: "eth1"}}
	w.guard("a", "A", []firewall.Drop{{Addr: netip.MustParseAddr("fe80::80"), Name: "eth1", Index: 9}})
	w.restore("a", "A", list)
	w.release()
	ctx, done := context.WithCancel(t.Context())
	go func() { w.run(); done() }()
	w.close()
	<-ctx.Done()
	if slices.Contains(kernel.calls, "add fe80::80/64") {
		t.Errorf("%q", kernel.calls)
	}
}

// TestRefusedAddressIsGuarded is the same of the engine.
func TestRefusedAddressIsGuarded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		two := func(index int) {
			s := linkState(true, "fe80::100/64")
			if index != 0 {
				l := netif.Link{Index: index, Name: "eth1", MTU: 1500, Up: true, Running: true, HardwareAddr: [6]byte{2, 0, 0, 0, 0, 3}}
				s.ByIndex[index], s.ByName["eth1"] = l, l
			}
			if n.links.report == nil {
				n.links.state = s
			} else {
				n.links.report(s, nil)
			}
		}
		two(0)
		in := refuse(100, time.Second)
		in.Family, in.MulticastGroup = 6, netip.MustParseAddr("ff02::12")
		in.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("fe80::80/64"), Dev: "eth0"}, {Prefix: netip.MustParsePrefix("fe80::81/64"), Dev: "eth1", NoTrack: true}}
		cfg := refusingAll(in)
		cfg.Global.NFTablesIfIndex = true
		cfg.Global.DynamicInterfaces = true
		n.kernel.refuse("eth1", unix.ENODEV)
		n.start(cfg, nil)
		settle(10 * time.Second)
		expectState(t, n, fsm.Master)
		n.kernel.refuse("eth1", nil)
		m.set(func() { m.fails = 1; n.kernel.calls = nil })
		two(9)
		settle(100 * time.Millisecond)
		m.set(func() {
			if slices.Contains(n.kernel.calls, "add fe80::81/64") {
				t.Errorf("it is there without its rule: %q", n.kernel.calls)
			}
		})
		settle(30 * time.Second)
		n.stop()
	})
}

// TestNoTrackAfterRefusal: an address that somebody else put on after it was refused, no_track, stays away when it is removed.
func TestNoTrackAfterRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.links.state = twoLinks()
		a.kernel.refuse("eth1", unix.EACCES)
		a.start(onTwoLinks(true), nil)
		settle(20 * time.Second)
		l := a.links.state.ByName["eth1"]
		with := l
		with.Addresses = append(slices.Clone(l.Addresses), netip.MustParsePrefix("10.1.0.1/24"))
		a.links.put(with)
		settle(5 * time.Second)
		a.kernel.refuse("eth1", nil)
		calls := a.kernel.count()
		a.links.put(l)
		settle(5 * time.Second)
		if a.kernel.count() != calls {
			t.Errorf("%v", a.kernel.calls[calls:])
		}
		a.stop()
	})
}

// counting fails always and counts.
type counting struct {
	*modelFirewall
	n int
}

func (f *counting) Apply(s firewall.Settings, state firewall.State) error {
	f.n++
	return errors.New("the kernel has no nf_tables")
}

// TestDivertFailsForGood has a host that has nothing for VMACs: it is tried now and then.
func TestDivertFailsForGood(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		f := &counting{modelFirewall: m}
		n.firewall = f
		n.start(refusingAll(instance(100, time.Second)), nil)
		settle(5 * time.Second)
		_ = n.engine.do(func() {
			r := n.engine.order[0]
			r.diverted = []firewall.VMAC{{Name: "vrrp.51", Index: 7, Base: 2, IPv4: true}}
			n.engine.verifyLater()
			n.engine.worker.divert(r.key, "VI_1", r.diverted)
		})
		settle(10 * time.Minute)
		if f.n > 70 {
			t.Errorf("%d tries in 10 minutes", f.n)
		}
		n.stop()
	})
}

// TestDivertFailsOnce is about a Master whose addresses are dropped.
func TestDivertFailsOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		n.start(refusingAll(refuse(100, time.Second)), nil)
		settle(5 * time.Second)
		_ = n.engine.do(func() {
			m.set(func() { m.fails = 1 })
			r := n.engine.order[0]
			r.diverted = []firewall.VMAC{{Name: "vrrp.51", Index: 7, Base: 2, IPv4: true}}
			n.engine.worker.divert(r.key, "VI_1", r.diverted)
		})
		settle(time.Minute)
		if got := n.lines.count("(VI_1) Entering FAULT STATE"); got != 0 {
			t.Errorf("in Fault %d times", got)
		}
		n.stop()
	})
}

// locked is like iptables with the lock held by somebody: looking and changing fail, what changes nothing needs no command.
type locked struct {
	*modelFirewall
	from, until time.Time
	have        int
}

func (f *locked) held() bool { return time.Now().After(f.from) && time.Now().Before(f.until) }

func (f *locked) Intact() (bool, error) {
	if f.held() {
		return false, errors.New("another app is currently holding the xtables lock")
	}
	return f.modelFirewall.Intact()
}

func (f *locked) Apply(s firewall.Settings, state firewall.State) error {
	if f.held() && len(state.Drops) != f.have {
		f.set(func() { f.fails = 1 })
	}
	err := f.modelFirewall.Apply(s, state)
	if err == nil {
		f.have = len(state.Drops)
	}
	return err
}

// TestUnreadableForAWhile has a Master whose rules are in force all the time, and cannot be listed for 6 s.
func TestUnreadableForAWhile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		m := &modelFirewall{kernel: n.kernel}
		n.firewall = &locked{modelFirewall: m, from: time.Now().Add(12 * time.Second), until: time.Now().Add(18 * time.Second)}
		n.start(refusingAll(refuse(100, time.Second)), nil)
		settle(11 * time.Second)
		expectState(t, n, fsm.Master)
		settle(time.Minute)
		if got := n.lines.count("(VI_1) Entering FAULT STATE"); got != 0 {
			t.Errorf("in Fault %d times though its rules were never touched", got)
		}
		n.stop()
	})
}

// TestAnswerToSomebodyElse does not let an instance go that has failed since the firewall was asked.
func TestAnswerToSomebodyElse(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, _ := newModelNode(t)
		n.start(refusingAll(refuse(100, time.Second)), nil)
		settle(5 * time.Second)
		_ = n.engine.do(func() {
			r := n.engine.order[0]
			r.guardErr = errors.New("meanwhile")
			n.engine.applyFirewall(result{firewall: true})
			if r.guardErr == nil {
				t.Error("it does")
			}
		})
		settle(time.Minute)
		expectState(t, n, fsm.Master)
		n.stop()
	})
}
