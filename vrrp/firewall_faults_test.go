package vrrp

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// modelFirewall keeps what is in force. Like the real one, it does not know what the kernel has after a change has failed.
type modelFirewall struct {
	kernel  *fakeKernel
	inForce []firewall.Drop
	wanted  []firewall.Drop
	known   bool
	fails   int                                 // so many changes fail
	slow    func(before, after []firewall.Drop) // waits
	last    string                              // what was made last
}

func (m *modelFirewall) Probe(firewall.Settings, firewall.State) error         { return nil }
func (m *modelFirewall) Clear(firewall.Settings, firewall.State) (bool, error) { return false, nil }
func (m *modelFirewall) Remove() error                                         { return nil }

func (m *modelFirewall) Intact() (bool, error) {
	m.kernel.mu.Lock()
	defer m.kernel.mu.Unlock()
	return m.known && slices.Equal(m.inForce, m.wanted), nil
}

func (m *modelFirewall) Apply(_ firewall.Settings, s firewall.State) error {
	if m.slow != nil {
		m.slow(m.wanted, s.Drops)
	}
	m.kernel.mu.Lock()
	defer m.kernel.mu.Unlock()
	if m.fails > 0 {
		m.fails--
		m.known = false
		return errors.New("somebody has the lock")
	}
	m.known, m.wanted, m.inForce = true, s.Drops, s.Drops
	var words []string
	for _, d := range s.Drops {
		words = append(words, strings.TrimSuffix(d.Addr.String()+"%"+string(rune('0'+d.Index)), "%0"))
	}
	m.last = strings.Join(words, " ")
	m.kernel.calls = append(m.kernel.calls, "drop "+m.last)
	return nil
}

func (m *modelFirewall) set(change func()) {
	m.kernel.mu.Lock()
	defer m.kernel.mu.Unlock()
	change()
}

func (m *modelFirewall) dropped() string {
	m.kernel.mu.Lock()
	defer m.kernel.mu.Unlock()
	if len(m.inForce) == 0 {
		return ""
	}
	return m.last
}

func newModelNode(t *testing.T) (*node, *modelFirewall) {
	n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
	m := &modelFirewall{kernel: n.kernel}
	n.firewall = m
	return n, m
}

// other is a second instance, with 192.168.4.81.
func other(in config.Instance) config.Instance {
	in.Name, in.VRID = "VI_2", 52
	in.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("192.168.4.81/32"), Dev: "eth0"}}
	return in
}

func refusingAll(in ...config.Instance) config.Config {
	cfg := configOf(in...)
	cfg.Global.NFTables = "t"
	return cfg
}

func (n *node) reload(cfg config.Config) {
	n.t.Helper()
	if err := errors.Join(n.engine.Check(cfg), n.engine.Reload(cfg)); err != nil {
		n.t.Fatal(err)
	}
}

// TestPutBackFails has the firewall emptied while whoever did it still holds it. Nobody goes to Fault for a moment of it,
// and a Master does not go on for long without its rules.
func TestPutBackFails(t *testing.T) {
	for fails, falls := range map[int]int{1: 0, guardTries - 1: 0, 8: 1} {
		inBubble(t, func(t *testing.T) {
			n, m := newModelNode(t)
			n.start(refusingAll(refuse(100, time.Second)), nil)
			settle(5 * time.Second)
			m.set(func() { m.inForce, m.fails = nil, fails })
			settle(time.Minute)
			if m.dropped() != "192.168.4.80" || n.state() != fsm.Master {
				t.Errorf("%d failures: it is %v, and %q is dropped", fails, n.state(), m.dropped())
			}
			if got := n.lines.count("(VI_1) Entering FAULT STATE"); got != falls {
				t.Errorf("%d failures: it was in Fault %d times", fails, got)
			}
			if got := n.lines.count("somebody has the lock"); got < 1 || got > 3 {
				t.Errorf("%d failures were said %d times", fails, got)
			}
			n.stop()
		})
	}
}

// TestLetPassFails has a Master accept by a reload, whose change of the firewall fails.
func TestLetPassFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		n.start(refusingAll(refuse(100, time.Second)), nil)
		settle(5 * time.Second)
		m.set(func() { m.fails = 2 })
		n.reload(refusingAll(instance(100, time.Second)))
		settle(20 * time.Second)
		if m.dropped() != "" || n.state() != fsm.Master {
			t.Errorf("it is %v, and %q is dropped", n.state(), m.dropped())
		}
		if n.lines.count("somebody else") > 0 {
			t.Errorf("somebody else is blamed: %q", n.lines.all())
		}
		n.stop()
	})
}

// TestOneOfTwoFails has the address of one instance not dropped: the other one's is, and stays.
func TestOneOfTwoFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		one := refuse(100, time.Second)
		n.start(refusingAll(one), nil)
		settle(10 * time.Second)
		n.reload(refusingAll(one, other(one)))
		settle(time.Second)
		m.set(func() { m.fails = 1 })
		settle(time.Minute)
		if first, second := n.lines.count("(VI_1) Entering FAULT STATE"), n.lines.count("(VI_2) Entering FAULT STATE"); first != 0 || second != 1 {
			t.Errorf("in Fault were VI_1 %d and VI_2 %d times", first, second)
		}
		if m.dropped() != "192.168.4.80 192.168.4.81" || !n.has("192.168.4.81/32") {
			t.Errorf("%q is dropped", m.dropped())
		}
		n.stop()
	})
}

// TestOthersDoNotWait takes the address of an instance off while rules of another one cannot be taken away yet.
func TestOthersDoNotWait(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		n.start(refusingAll(refuse(100, time.Second), other(instance(100, time.Second))), nil)
		settle(10 * time.Second)
		m.set(func() {
			m.slow = func(before, after []firewall.Drop) {
				if len(after) < len(before) {
					time.Sleep(4 * time.Second)
				}
			}
		})
		n.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(100 * time.Millisecond)
		if n.has(theAddress) || n.has("192.168.4.81/32") {
			t.Error("an address waits for the firewall")
		}
		settle(time.Minute)
		if m.dropped() != "" {
			t.Errorf("%q is dropped", m.dropped())
		}
		n.stop()
	})
}

// TestMovedGuard has a reload move an address between two Masters: it is dropped all the time.
func TestMovedGuard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		with := func(in config.Instance, list ...string) config.Instance {
			for _, a := range list {
				in.Addresses = append(slices.Clone(in.Addresses), config.Address{Prefix: netip.MustParsePrefix(a), Dev: "eth0"})
			}
			return in
		}
		one := refuse(100, time.Second)
		n.start(refusingAll(with(one, "192.168.4.99/32"), other(one)), nil)
		settle(5 * time.Second)
		m.set(func() { n.kernel.calls = nil })
		n.reload(refusingAll(one, with(other(one), "192.168.4.99/32")))
		settle(time.Second)
		m.set(func() {
			for _, c := range n.kernel.calls {
				if strings.HasPrefix(c, "drop ") && !strings.Contains(c, "192.168.4.99") {
					t.Errorf("%q in %q", c, n.kernel.calls)
				}
			}
		})
		n.stop()
	})
}

// TestGuardOfNewIndex follows an interface that is made anew, with a link-local address that is dropped there.
func TestGuardOfNewIndex(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		state := func(index int, extra ...string) netif.State {
			l := linkState(true, append([]string{"fe80::100/64"}, extra...)...).ByName["eth0"]
			l.Index = index
			return netif.State{ByIndex: map[int]netif.Link{index: l}, ByName: map[string]netif.Link{"eth0": l}}
		}
		n.links.state = state(2)
		in := refuse(100, time.Second)
		in.Family, in.MulticastGroup = 6, netip.MustParseAddr("ff02::12")
		in.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("fe80::80/64"), Dev: "eth0"}}
		n.start(refusingAll(in), nil)
		settle(5 * time.Second)
		for _, index := range []int{2, 9} {
			n.links.report(state(index, "fe80::80/64"), nil)
			settle(5 * time.Second)
			if want := "fe80::80%" + string(rune('0'+index)); m.dropped() != want || n.state() != fsm.Master {
				t.Errorf("it is %v, and %q is dropped, want %s", n.state(), m.dropped(), want)
			}
		}
		n.stop()
	})
}

// TestFirewallIsThereByNow has a reload whose check has found a firewall that was missing before.
func TestFirewallIsThereByNow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		f.fail(errors.New("load the module"))
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(3 * time.Second)
		n.reload(refusingConfig(instance(100, time.Second)))
		settle(30 * time.Second)
		f.fail(nil)
		before := n.lines.count("Entering FAULT STATE")
		n.reload(refusingConfig(refuse(100, time.Second)))
		settle(10 * time.Second)
		if got := n.lines.count("Entering FAULT STATE") - before; got != 0 || n.state() != fsm.Master {
			t.Errorf("it is %v, and was in Fault %d times", n.state(), got)
		}
		n.stop()
	})
}

// TestResumeUnguarded does not put the address of a Master back that goes on, while it cannot be dropped.
func TestResumeUnguarded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, m := newModelNode(t)
		former := refuse(100, time.Second)
		s := wasMaster(former, 0)
		m.fails = 1000
		n.start(refusingAll(former), map[string]InstanceState{s.Key: s})
		settle(time.Second)
		m.set(func() {
			if slices.Contains(n.kernel.calls, "add "+theAddress) {
				t.Errorf("%q", n.kernel.calls)
			}
			m.fails = 0
		})
		settle(time.Minute)
		if !n.has(theAddress) || m.dropped() != "192.168.4.80" {
			t.Errorf("it is %v, and %q is dropped", n.state(), m.dropped())
		}
		n.stop()
	})
}

// unlinked writes what is removed among the calls of a kernel.
type unlinked struct {
	VirtualLinks
	kernel *fakeKernel
}

func (l unlinked) RemoveAll(list []netif.VirtualLink) error {
	l.kernel.mu.Lock()
	defer l.kernel.mu.Unlock()
	for _, v := range list {
		l.kernel.calls = append(l.kernel.calls, "unlink "+v.Name)
	}
	return nil
}

// TestDivertEndsLast has what a link with a virtual MAC reports diverted until it is gone: its end is a report, too.
func TestDivertEndsLast(t *testing.T) {
	kernel := &fakeKernel{addresses: map[netip.Prefix]bool{}}
	f := &fakeFirewall{kernel: kernel}
	w := newKernelWorker(Options{Kernel: kernel, Firewall: f, VirtualLinks: unlinked{kernel: kernel}, Config: refusingConfig(refuse(1, time.Second))}, make(chan result, 8))
	list := []netif.Address{{Prefix: netip.MustParsePrefix(theAddress), Dev: "vrrp.1"}}
	w.guards.vmacs["a"], w.guards.used = []firewall.VMAC{{Name: "vrrp.1", Index: 7, Base: 2, IPv4: true}}, true
	w.want("a", "A", nil, list)
	w.links("a", "A", nil, []netif.VirtualLink{{Name: "vrrp.1"}})
	w.divert("a", "A", nil)
	w.release()
	ctx, done := context.WithCancel(t.Context())
	go func() { w.run(); done() }()
	w.close()
	<-ctx.Done()
	want := []string{"t: vrrp.1", "delete " + theAddress, "unlink vrrp.1", "t:", "no table"}
	if !slices.Equal(kernel.calls, want) {
		t.Errorf("%q, want %q", kernel.calls, want)
	}
}
