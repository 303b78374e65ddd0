package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// remove takes an address off as somebody else would.
func (n *node) remove(address string) {
	n.kernel.mu.Lock()
	delete(n.kernel.addresses, addressOf(address))
	n.kernel.mu.Unlock()
}

func TestRemovedAddressComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		with, without := linkState(true, "192.168.4.100/24", vip), linkState(true, "192.168.4.100/24")
		before := a.kernel.count()
		a.links.report(without, nil) // a view from before the address was put on
		settle(time.Millisecond)
		if a.kernel.count() != before {
			t.Error("an address that was not seen yet is missed")
		}
		a.links.report(with, nil)
		settle(5 * time.Second)
		sent := announced(lan, "a")
		for range 3 {
			a.remove(vip)
			a.links.report(without, nil)
			settle(time.Millisecond)
			if !a.has(vip) {
				t.Fatal("the address did not come back")
			}
			if now := announced(lan, "a"); now != sent+1 {
				t.Errorf("announced %d times, want once", now-sent)
			} else {
				sent = now
			}
			a.links.report(with, nil)
			settle(5 * time.Second)
		}
		expectState(t, a, fsm.Master)
		expectState(t, b, fsm.Backup)
		a.stop()
		b.stop()
	})
}

// Somebody who takes the address off all the time costs one write a second.
func TestReassertIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.start(configOf(instance(100, time.Second)), nil)
		settle(5 * time.Second)
		with, without := linkState(true, "192.168.4.100/24", vip), linkState(true, "192.168.4.100/24")
		calls := a.kernel.count()
		for range 100 {
			a.links.report(with, nil)
			settle(10 * time.Millisecond)
			a.remove(vip)
			a.links.report(without, nil)
			settle(90 * time.Millisecond)
		}
		settle(time.Second)
		if n := a.kernel.count() - calls; n < 10 || n > 12 {
			t.Errorf("%d writes in 10 s, want 10 to 12", n)
		}
		if !a.has(vip) {
			t.Error("it gave up")
		}
		a.stop()
	})
}

// What a Backup does not have is none of its business.
func TestBackupDoesNotReassert(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a, b := pair(t, wire.NewLAN())
		calls := b.kernel.count()
		b.links.report(linkState(true, "192.168.4.200/24", vip), nil)
		settle(time.Millisecond)
		b.links.report(linkState(true, "192.168.4.200/24"), nil)
		settle(5 * time.Second)
		if b.kernel.count() != calls {
			t.Errorf("a Backup wrote to the kernel: %v", b.kernel.calls[calls:])
		}
		a.stop()
		b.stop()
	})
}

// The address that a dead process has left is there before the next one looks for the first time.
func TestRemovedAddressComesBackAfterResume(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		cfg := instance(100, time.Second)
		last := InstanceState{
			Key: Key(cfg), State: fsm.Master, Priority: 100, BasePriority: 100, LastAdvert: newClockPair().mono - int64(time.Second),
		}
		a.kernel.addresses[addressOf(vip)] = true
		a.links.state = linkState(true, "192.168.4.100/24", vip)
		a.start(configOf(cfg), map[string]InstanceState{last.Key: last})
		settle(time.Second)
		expectState(t, a, fsm.Master)
		a.remove(vip)
		a.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Millisecond)
		if !a.has(vip) {
			t.Error("the address did not come back")
		}
		a.stop()
	})
}

// onTwoLinks is a configuration with an address on eth1, which may be missing.
func onTwoLinks(noTrack bool) config.Config {
	in := instance(100, time.Second)
	in.Addresses = append(in.Addresses, config.Address{Prefix: netip.MustParsePrefix("10.1.0.1/24"), Dev: "eth1", NoTrack: noTrack})
	cfg := configOf(in)
	cfg.Global.DynamicInterfaces = true
	return cfg
}

// The interface of an address comes after the instance has become Master, or would have without no_track.
func TestAddressOnLateInterface(t *testing.T) {
	for _, noTrack := range []bool{false, true} {
		inBubble(t, func(t *testing.T) {
			lan := wire.NewLAN()
			a := newNode(t, lan, "a", "192.168.4.100/24")
			a.kernel.refuse("eth1", unix.ENODEV)
			a.start(onTwoLinks(noTrack), nil)
			settle(20 * time.Second)
			expectState(t, a, map[bool]fsm.State{false: fsm.FaultState, true: fsm.Master}[noTrack])
			before := a.kernel.count()
			settle(time.Minute)
			if n := a.kernel.count() - before; n != 0 {
				t.Errorf("%d writes for an interface that does not exist", n)
			}
			a.kernel.refuse("eth1", nil)
			a.links.put(netif.Link{Index: 3, Name: "eth1", MTU: 1500, Up: true, Running: true, HardwareAddr: [6]byte{2, 0, 0, 0, 0, 3}})
			settle(30 * time.Second)
			expectState(t, a, fsm.Master)
			if !a.has("10.1.0.1/24") {
				t.Errorf("Master without its address, no_track %v: %v", noTrack, a.kernel.calls)
			}
			a.stop()
		})
	}
}

// An address that the kernel does not take is tried once a second, said once, and announced when the kernel takes it.
func TestRefusedAddressIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		a.links.state = twoLinks()
		a.kernel.refuse("eth1", unix.EACCES)
		a.start(onTwoLinks(false), nil)
		settle(20 * time.Second)
		calls, sent := a.kernel.count(), announced(lan, "a")
		settle(time.Minute)
		if n := a.kernel.count() - calls; n < 59 || n > 61 {
			t.Errorf("tried %d times in a minute", n)
		}
		if n := announced(lan, "a") - sent; n != 0 {
			t.Errorf("announced %d times", n)
		}
		if n := a.lines.count("permission denied"); n != 1 {
			t.Errorf("said %d times: %q", n, a.lines.all())
		}
		a.kernel.refuse("eth1", unix.EPERM) // this is news
		settle(5 * time.Second)
		if n := a.lines.count("operation not permitted"); n != 1 {
			t.Errorf("said %d times: %q", n, a.lines.all())
		}
		a.kernel.refuse("eth1", nil)
		settle(time.Second)
		if n := announced(lan, "a") - sent; n != 5 {
			t.Errorf("announced %d times, want 5", n)
		}
		if !a.has("10.1.0.1/24") || a.lines.count("10.1.0.1/24 is on eth1 now") != 1 {
			t.Errorf("not there: %q", a.lines.all())
		}
		calls = a.kernel.count()
		settle(10 * time.Second)
		if n := a.kernel.count() - calls; n != 0 {
			t.Errorf("%d writes afterwards", n)
		}
		a.stop()
	})
}

// What was refused is not tried again by an instance that has left Master.
func TestRefusedAddressOfBackup(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.links.state = twoLinks()
		a.kernel.refuse("eth1", unix.EACCES)
		a.start(onTwoLinks(false), nil)
		settle(20 * time.Second)
		link := a.links.state.ByName["eth0"]
		link.Running = false
		a.links.put(link)
		settle(time.Second)
		expectState(t, a, fsm.FaultState)
		calls := a.kernel.count()
		settle(10 * time.Second)
		if n := a.kernel.count() - calls; n != 0 {
			t.Errorf("%d writes: %v", n, a.kernel.calls[calls:])
		}
		a.stop()
	})
}

// An instance does not stay Master of an address, a route or a rule on an interface that is down.
func TestAddressOnDownInterface(t *testing.T) {
	alone := func(in *config.Instance) { in.Addresses = in.Addresses[:1] }
	for _, tt := range []struct {
		name    string
		change  func(in *config.Instance)
		noTrack bool
		want    fsm.State
	}{
		{"an address", func(*config.Instance) {}, false, fsm.FaultState},
		{"an excluded address", func(in *config.Instance) { in.ExcludedAddresses = in.Addresses[1:]; alone(in) }, false, fsm.FaultState},
		{"an address with no_track", func(*config.Instance) {}, true, fsm.Master},
		{"an excluded address with no_track", func(in *config.Instance) { in.ExcludedAddresses = in.Addresses[1:]; alone(in) }, true, fsm.Master},
		{"a route", func(in *config.Instance) { alone(in); in.Routes = []config.Route{{Dev: "eth1"}} }, false, fsm.FaultState},
		{"a route with no_track", func(in *config.Instance) { alone(in); in.Routes = []config.Route{{Dev: "eth1", NoTrack: true}} }, true, fsm.Master},
		{"a rule for what comes in", func(in *config.Instance) { alone(in); in.Rules = []config.Rule{{IIF: "eth1"}} }, false, fsm.FaultState},
		{"a rule for what goes out", func(in *config.Instance) { alone(in); in.Rules = []config.Rule{{OIF: "eth1"}} }, false, fsm.FaultState},
		{"a rule with no_track", func(in *config.Instance) { alone(in); in.Rules = []config.Rule{{OIF: "eth1", NoTrack: true}} }, true, fsm.Master},
	} {
		inBubble(t, func(t *testing.T) {
			cfg := onTwoLinks(tt.noTrack)
			tt.change(&cfg.Instances[0])
			a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
			a.links.state = twoLinks()
			a.start(cfg, nil)
			settle(20 * time.Second)
			expectState(t, a, fsm.Master)
			link := a.links.state.ByName["eth1"]
			link.Running = false
			a.links.put(link)
			settle(time.Second)
			if got := a.state(); got != tt.want {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
			if said := a.lines.count("Netlink reports eth1 down") == 1; said == tt.noTrack {
				t.Errorf("%s: %q", tt.name, a.lines.all())
			}
			link.Running = true
			a.links.put(link)
			settle(20 * time.Second)
			expectState(t, a, fsm.Master)
			if in := &cfg.Instances[0]; len(in.Addresses)+len(in.ExcludedAddresses) > 1 && !a.has("10.1.0.1/24") {
				t.Errorf("%s: not there: %v", tt.name, a.kernel.calls)
			}
			a.stop()
		})
	}
}
