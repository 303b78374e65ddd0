package vrrp

import (
	"slices"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

func addresses(list ...string) []config.Address {
	var all []config.Address
	for _, s := range list {
		all = append(all, config.Address{Prefix: addressOf(s), Dev: "eth0"})
	}
	return all
}

// A reload that moves an address from one instance to another must not take it off, whichever instance comes first, and
// whether the former one is Master or not.
func TestReloadMovesAddressBetweenInstances(t *testing.T) {
	const first, second, moving = "192.168.4.80/32", "192.168.4.81/32", "192.168.4.82/32"
	for name, row := range map[string]struct {
		toFirst bool
		held    bool // the former instance is held in Fault
	}{
		"to the first one":                       {true, false},
		"to the second one":                      {false, false},
		"to the first one from one in Fault":     {true, true},
		"to the second one from another one too": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
				one, two := instance(255, time.Second), instance(255, time.Second)
				two.Name, two.VRID = "VI_2", 52
				one.Addresses, two.Addresses = addresses(first), addresses(second, moving)
				former, later := &two, &one
				if !row.toFirst {
					one.Addresses, two.Addresses = addresses(first, moving), addresses(second)
					former, later = &one, &two
				}
				if row.held {
					former.Unsupported = []string{"something"}
				}
				a.start(configOf(one, two), nil)
				settle(8 * time.Second)
				if a.has(moving) == row.held {
					t.Fatalf("%s: before the reload the address is there: %v", name, a.has(moving))
				}
				calls := a.kernel.count()
				former.Addresses, later.Addresses = former.Addresses[:1], append(later.Addresses, addresses(moving)...)
				if err := a.engine.Reload(configOf(one, two)); err != nil {
					t.Fatal(err)
				}
				settle(time.Second)
				if !a.has(moving) {
					t.Errorf("%s: nobody has the address: %v", name, a.kernel.calls[calls:])
				}
				if slices.Contains(a.kernel.calls[calls:], "delete "+moving) {
					t.Errorf("%s: the address was taken off: %v", name, a.kernel.calls[calls:])
				}
				a.stop()
				if a.has(first) || a.has(second) || a.has(moving) {
					t.Errorf("%s: an address is left after the stop", name)
				}
			})
		})
	}
}

// keeping starts a router that leaves its addresses at the end.
func keeping(n *node, priority uint8) {
	n.keep = true
	n.start(configOf(instance(priority, time.Second)), nil)
}

// To keep the addresses at the end is no reason to keep them in another state than Master: a peer has them then.
func TestKeptAddressesLeaveWithTheState(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		b.kernel.addresses[addressOf(vip)] = true // left by the one before
		keeping(b, 50)
		settle(time.Millisecond)
		if b.has(vip) {
			t.Error("a Backup keeps what was left at the last end")
		}
		settle(5 * time.Second)
		expectState(t, b, fsm.Master)
		a.start(configOf(instance(100, time.Second)), nil)
		settle(5 * time.Second)
		expectState(t, b, fsm.Backup)
		if b.has(vip) || !a.has(vip) {
			t.Errorf("address: a %v, b %v", a.has(vip), b.has(vip))
		}
		b.stop()
		a.stop()
	})
}

// Who keeps the addresses at the end wants them to stay: the peers are not asked to take them, as upstream does not.
func TestKeptAddressesStayAtTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		keeping(a, 100)
		settle(5 * time.Second)
		stopped := time.Now()
		a.stop()
		if !a.has(vip) {
			t.Error("the address is gone")
		}
		if _, priorities := adverts(lan, "a", stopped); slices.Contains(priorities, 0) {
			t.Errorf("it said goodbye: %v", priorities)
		}
	})
}

// A Master whose interface loses its address says goodbye from the address that it had.
func TestFarewellWithoutAddress(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		lost := time.Now()
		a.links.report(linkState(true), nil)
		settle(time.Millisecond)
		expectState(t, a, fsm.FaultState)
		if _, priorities := adverts(lan, "a", lost); !slices.Equal(priorities, []uint8{0}) {
			t.Errorf("a sent priorities %v, want one 0", priorities)
		}
		settle(time.Second)
		if got, want := firstAdvert(lan, "b", lost), 206*time.Second/256; got != want {
			t.Errorf("b took over after %v, want the skew %v", got, want)
		}
		a.stop()
		b.stop()
	})
}

// A socket may be closed after it has said that it can be read: that is nothing to tell the operator of.
func TestClosedSocketIsNotComplainedOf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.start(configOf(instance(100, time.Second)), nil)
		settle(time.Second)
		if err := a.engine.do(func() {
			s := a.engine.order[0].socket
			a.engine.reload(time.Now(), configOf())
			a.engine.receive(s)
		}); err != nil {
			t.Fatal(err)
		}
		if n := a.lines.count("receiving on"); n != 0 {
			t.Errorf("%d complaints", n)
		}
		a.stop()
	})
}
