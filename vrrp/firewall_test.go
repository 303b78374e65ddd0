package vrrp

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// fakeFirewall writes what it is asked for among the calls of a kernel. It fails while err is not nil.
type fakeFirewall struct {
	kernel  *fakeKernel
	err     error
	applies error  // that of Apply alone
	left    string // by a daemon before, an address
	broken  bool   // somebody has changed it
}

func (f *fakeFirewall) note(call string, fails bool) error {
	f.kernel.mu.Lock()
	defer f.kernel.mu.Unlock()
	if f.err != nil && fails {
		return f.err
	}
	if call != "" {
		f.kernel.calls = append(f.kernel.calls, call)
	}
	return nil
}

func (f *fakeFirewall) fail(err error) {
	f.kernel.mu.Lock()
	defer f.kernel.mu.Unlock()
	f.err = err
}

func (f *fakeFirewall) Remove() error { return f.note("no table", false) }

func (f *fakeFirewall) Probe(_ firewall.Settings, state firewall.State) error {
	if state.Empty() {
		return errors.New("it is not said what is dropped")
	}
	return f.note("", true)
}

func (f *fakeFirewall) Intact() (bool, error) {
	f.kernel.mu.Lock()
	defer f.kernel.mu.Unlock()
	intact := !f.broken
	f.broken = false
	return intact, nil
}

func (f *fakeFirewall) Clear(s firewall.Settings, state firewall.State) (bool, error) {
	had, words := false, []string{s.Table + " clear:"}
	for _, d := range state.Drops {
		words = append(words, fmt.Sprint(d.Addr, " ", d.Index, " ", d.Name))
		had = had || d.Addr.String() == f.left
	}
	return had, f.note(strings.Join(words, " "), true)
}

func (f *fakeFirewall) Apply(s firewall.Settings, state firewall.State) error {
	f.kernel.mu.Lock()
	applies := f.applies
	f.kernel.mu.Unlock()
	if applies != nil && len(state.Drops) > 0 {
		return applies
	}
	words := []string{s.Table + ":"}
	for _, d := range state.Drops {
		words = append(words, d.Addr.String())
	}
	for _, v := range state.VMACs {
		words = append(words, v.Name)
	}
	return f.note(strings.Join(words, " "), true)
}

// refuse is an instance that drops packets to 192.168.4.80.
func refuse(priority uint8, advert time.Duration) config.Instance {
	in := instance(priority, advert)
	in.Accept = false
	return in
}

func newRefusingNode(t *testing.T, lan *wire.LAN) (*node, *fakeFirewall) {
	n := newNode(t, lan, "a", "192.168.4.100/24")
	f := &fakeFirewall{kernel: n.kernel}
	n.firewall = f
	return n, f
}

// did compares what the kernel and the firewall were asked for since the last look, where the same thing twice in a row
// is the same.
func (n *node) did(when string, want ...string) {
	n.t.Helper()
	n.kernel.mu.Lock()
	defer n.kernel.mu.Unlock()
	var got []string
	for _, c := range n.kernel.calls {
		if len(got) == 0 || got[len(got)-1] != c {
			got = append(got, c)
		}
	}
	n.kernel.calls = nil
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		n.t.Errorf("%s: %q, want %q", when, got, want)
	}
}

const (
	theAddress = "192.168.4.80/32"
	theDrop    = "t: 192.168.4.80"
)

func refusingConfig(in config.Instance) config.Config {
	cfg := configOf(in)
	cfg.Global.NFTables = "t"
	return cfg
}

// TestGuardOrder has the rule there before the address, and until it is gone.
func TestGuardOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, _ := newRefusingNode(t, wire.NewLAN())
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(time.Second)
		n.did("as Backup", "delete "+theAddress)
		settle(4 * time.Second)
		n.did("as Master", theDrop, "add "+theAddress)
		n.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(time.Second)
		n.did("in Fault", theDrop, "delete "+theAddress, "t:")
		n.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(5 * time.Second)
		n.did("as Master again", theDrop, "add "+theAddress)
		for line, want := range map[string]int{"(VI_1) setting firewall drop rule": 2, "(VI_1) removing firewall drop rule": 2} {
			if got := n.lines.count(line); got != want {
				t.Errorf("%q was said %d times, want %d", line, got, want)
			}
		}
		n.stop()
		n.did("at the end", theDrop, "delete "+theAddress, "t:", "no table")
	})
}

// TestNoGuard has instances that accept, and owners, leave the firewall alone.
func TestNoGuard(t *testing.T) {
	for name, in := range map[string]config.Instance{"accept": instance(100, time.Second), "owner": refuse(255, time.Second)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
				n.start(refusingConfig(in), nil)
				settle(5 * time.Second)
				n.did("as Master", "delete "+theAddress, "add "+theAddress)
				n.stop()
			})
		})
	}
}

// TestNoFirewall holds an instance in Fault until there is a firewall.
func TestNoFirewall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		f.fail(errors.New("load the module"))
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(10 * time.Second)
		if got := n.state(); got != fsm.FaultState {
			t.Errorf("state %v", got)
		}
		n.did("without a firewall", "delete "+theAddress)
		const said = "(VI_1) held in FAULT state: packets to its virtual addresses cannot be dropped: load the module"
		if got := n.lines.count(said); got != 1 {
			t.Errorf("it was said %d times", got)
		}
		f.fail(nil)
		settle(6 * time.Second)
		n.did("with one", theDrop, "add "+theAddress)
		n.stop()
	})
}

// TestFirewallFails has the firewall fail at the moment in which it is needed: the address does not come.
func TestFirewallFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(time.Second)
		f.fail(errors.New("no memory"))
		settle(4 * time.Second)
		if n.has(theAddress) || n.state() != fsm.FaultState {
			t.Errorf("it is %v and has the address: %v", n.state(), n.has(theAddress))
		}
		f.fail(nil)
		settle(6 * time.Second)
		if !n.has(theAddress) {
			t.Error("it has not come back")
		}
		n.stop()
	})
}

// TestFirewallGoesOnFailing has a firewall that seems to work and fails each time: the instance does not come back only
// to fall again.
func TestFirewallGoesOnFailing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		set := func(err error) {
			f.kernel.mu.Lock()
			defer f.kernel.mu.Unlock()
			f.applies = err
		}
		set(errors.New("not like this"))
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(time.Minute)
		if got := n.lines.count("Entering MASTER STATE"); got != 1 || n.state() != fsm.FaultState {
			t.Errorf("it was Master %d times, and is %v", got, n.state())
		}
		set(nil)
		settle(6 * time.Second)
		if !n.has(theAddress) {
			t.Error("it has not come back")
		}
		n.stop()
	})
}

// TestFirewallOfOtherFamily leaves an instance alone whose addresses are dropped.
func TestFirewallOfOtherFamily(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		f.fail(&firewall.Problem{IPv6: errors.New("no chain")})
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(5 * time.Second)
		if !n.has(theAddress) || n.state() != fsm.Master {
			t.Errorf("it is %v", n.state())
		}
		n.stop()
	})
}

// TestFirewallOfRefusedReload has a configuration that lacks a firewall checked only: the running one sees nothing of it.
// One that is applied leaves a Master alone whose address is dropped, until it becomes Master anew.
func TestFirewallOfRefusedReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		cfg := refusingConfig(refuse(100, time.Second))
		n.start(cfg, nil)
		settle(5 * time.Second)
		f.fail(errors.New("no chain"))
		if err := n.engine.Check(cfg); err != nil {
			t.Fatal(err)
		}
		n.links.report(linkState(true, "192.168.4.100/24", "192.168.4.101/24"), nil)
		settle(time.Second)
		if n.state() != fsm.Master {
			t.Fatalf("it is %v", n.state())
		}
		if err := n.engine.Reload(cfg); err != nil {
			t.Fatal(err)
		}
		settle(time.Second)
		if n.state() != fsm.Master {
			t.Errorf("after the reload it is %v", n.state())
		}
		n.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(time.Second)
		n.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(10 * time.Second)
		if n.state() != fsm.FaultState || n.has(theAddress) {
			t.Errorf("when the link is back it is %v", n.state())
		}
		n.stop()
	})
}

// TestGuardReload changes what is dropped while the instance is Master.
func TestGuardReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, _ := newRefusingNode(t, wire.NewLAN())
		base := refuse(100, time.Second)
		n.start(refusingConfig(base), nil)
		settle(5 * time.Second)
		n.did("at first", "delete "+theAddress, theDrop, "add "+theAddress)
		accept := base
		accept.Accept = true
		more := base
		more.Addresses = append(more.Addresses[:1:1], config.Address{Prefix: netip.MustParsePrefix("192.168.4.81/32"), Dev: "eth0"})
		renamed := refusingConfig(more)
		renamed.Global.NFTables = "u"
		for _, step := range []struct {
			name string
			cfg  config.Config
			want []string
		}{
			{"the same", refusingConfig(base), nil},
			{"accept", refusingConfig(accept), []string{theDrop, "t:"}},
			{"refuse again", refusingConfig(base), []string{theDrop}},
			{"one more", refusingConfig(more), []string{theDrop + " 192.168.4.81", "add " + theAddress, "add 192.168.4.81/32"}},
			{"another table", renamed, []string{"u: 192.168.4.80 192.168.4.81"}},
		} {
			if err := errors.Join(n.engine.Check(step.cfg), n.engine.Reload(step.cfg)); err != nil {
				t.Fatal(err)
			}
			settle(100 * time.Millisecond)
			n.did(step.name, step.want...)
			if n.state() != fsm.Master {
				t.Fatalf("%s: it is %v", step.name, n.state())
			}
		}
		n.stop()
	})
}

// wasMaster is what a former process has said of an instance, whose last advert is that old.
func wasMaster(in config.Instance, old time.Duration) InstanceState {
	s := Unreported(in)
	s.State, s.Priority, s.BasePriority = fsm.Master, 100, 100
	s.LastAdvert = newClockPair().monotonic(time.Now().Add(-old))
	s.Guard = GuardOf(refusingConfig(in).Global, &in, netif.State{})
	return s
}

// TestGuardIsInherited has a new process go on with what a dead one has dropped, whatever its instances come to.
func TestGuardIsInherited(t *testing.T) {
	for _, c := range []struct {
		name  string
		old   time.Duration // since the last advert
		cfg   config.Instance
		begin []string
	}{
		{"it goes on", 0, refuse(100, time.Second), []string{theDrop, "add " + theAddress}},
		{"it is too late", time.Minute, refuse(100, time.Second), []string{theDrop, "delete " + theAddress, "t:"}},
		{"it accepts now", 0, instance(100, time.Second), []string{"t:", "t clear: 192.168.4.80 0 ", "add " + theAddress}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n, _ := newRefusingNode(t, wire.NewLAN())
				former := refuse(100, time.Second)
				s := wasMaster(former, c.old)
				n.start(refusingConfig(c.cfg), map[string]InstanceState{s.Key: s})
				settle(500 * time.Millisecond)
				n.did("at first", c.begin...)
				n.stop()
			})
		})
	}
}

// TestGuardIsPutBack has somebody else empty the firewall.
func TestGuardIsPutBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, f := newRefusingNode(t, wire.NewLAN())
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(30 * time.Second)
		n.did("as Master", "delete "+theAddress, theDrop, "add "+theAddress)
		f.kernel.mu.Lock()
		f.broken = true
		f.kernel.mu.Unlock()
		settle(11 * time.Second)
		n.did("after it was emptied", theDrop)
		settle(time.Minute)
		n.did("later")
		if got := n.lines.count("changed by somebody else"); got != 1 || n.state() != fsm.Master {
			t.Errorf("it was said %d times, and it is %v", got, n.state())
		}
		n.stop()
	})
}

// TestGuardStaysWithAddresses is --dont-release-vrrp.
func TestGuardStaysWithAddresses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n, _ := newRefusingNode(t, wire.NewLAN())
		n.keep = true
		n.start(refusingConfig(refuse(100, time.Second)), nil)
		settle(5 * time.Second)
		n.did("as Master", "delete "+theAddress, theDrop, "add "+theAddress)
		n.stop()
		n.did("at the end")
	})
}

// TestDrops has link-local addresses known by what upstream knows them by.
func TestDrops(t *testing.T) {
	links := netif.State{ByName: map[string]netif.Link{"eth0": {Index: 2}, "eth1": {Index: 3}}}
	address := func(s, dev string, noTrack bool) config.Address {
		return config.Address{Prefix: netip.MustParsePrefix(s), Dev: dev, NoTrack: noTrack}
	}
	in := config.Instance{Interface: "eth0", Priority: 100, Addresses: []config.Address{
		address("fe80::1/64", "eth0", false), address("fd00::1/64", "eth0", false),
		address("fe80::2/64", "eth1", false), address("fe80::3/64", "eth1", true)}}
	untracked := in
	untracked.DontTrackPrimary = true
	for _, c := range []struct {
		name    string
		in      config.Instance
		byIndex bool
		want    string
	}{
		{"by index", in, false, "[{fe80::1 2 eth0} {fd00::1 0 } {fe80::2 3 eth1} {fe80::3 3 eth1}]"},
		{"untracked", untracked, false, "[{fe80::1 0 eth0} {fd00::1 0 } {fe80::2 3 eth1} {fe80::3 0 eth1}]"},
		{"nftables_ifindex", untracked, true, "[{fe80::1 2 eth0} {fd00::1 0 } {fe80::2 3 eth1} {fe80::3 3 eth1}]"},
	} {
		if got := fmt.Sprint(drops(&c.in, c.byIndex, links)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
