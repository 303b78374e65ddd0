package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// An advert that is wrong is counted under its reason, logged once, and changes nothing.
func TestWrongAdvertsAreCounted(t *testing.T) {
	good := packet.Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("192.168.4.80")}}
	foreign := netip.MustParseAddr("192.168.4.66")
	group := netip.MustParseAddr("224.0.0.18")
	build := func(change func(*packet.Message), spoil func([]byte)) []byte {
		m := good
		change(&m)
		d := packet.AppendIPv4(nil, &m, foreign, group, 1, packet.TTL)
		spoil(d)
		return d
	}
	keep, whole := func(*packet.Message) {}, func([]byte) {}
	for _, row := range []struct {
		name   string
		bytes  []byte
		reason packet.Reason
	}{
		{"checksum", build(keep, func(d []byte) { d[26] ^= 0xff }), packet.Checksum},
		{"version", build(func(m *packet.Message) { m.Version = 2 }, whole), packet.Version},
		{"TTL", build(keep, func(d []byte) { d[8] = 64 }), packet.TTLRange},
		{"cut short", build(keep, whole)[:30], packet.Length},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := newNode(t, lan, "a", "192.168.4.100/24")
				a.start(configOf(instance(100, time.Second)), nil)
				settle(5 * time.Second)
				lines := len(a.lines.all())
				rival, err := lan.Host("rival").Network().Open(wire.Key{Interface: "eth0", Index: 2, Group: group})
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := rival.Send([][]byte{row.bytes}); err != nil {
						t.Fatal(err)
					}
					settle(time.Second)
				}
				expectState(t, a, fsm.Master)
				var counted, received uint64
				if err := a.engine.do(func() {
					counted, received = a.engine.order[0].stats.Dropped[row.reason], a.engine.order[0].stats.AdvertRcvd
				}); err != nil {
					t.Fatal(err)
				}
				if counted != 3 || received != 0 {
					t.Errorf("%d counted as %s, %d received", counted, row.reason, received)
				}
				if said := a.lines.all()[lines:]; len(said) != 1 {
					t.Errorf("said %d times: %q", len(said), said)
				}
				// The same advert without a fault takes the role.
				if err := rival.Send([][]byte{build(keep, whole)}); err != nil {
					t.Fatal(err)
				}
				settle(time.Millisecond)
				expectState(t, a, fsm.Backup)
				if err := rival.Close(); err != nil {
					t.Error(err)
				}
				a.stop()
			})
		})
	}
}

// An interface that loses its address has nothing to send from.
func TestAddressLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.start(configOf(instance(255, time.Second)), nil)
		settle(time.Second)
		expectState(t, a, fsm.Master)
		a.links.report(linkState(true), nil)
		settle(time.Millisecond)
		expectState(t, a, fsm.FaultState)
		if a.has(vip) {
			t.Error("the address stays in Fault")
		}
		a.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(4 * time.Second) // an owner comes back through Backup
		expectState(t, a, fsm.Master)
		a.stop()
	})
}
