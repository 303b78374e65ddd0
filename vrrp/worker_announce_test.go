package vrrp

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// slowNetwork takes a while for each announcement.
type slowNetwork struct {
	wire.Network
}

func (s slowNetwork) Announce(i int, h [6]byte, list []netip.Addr) error {
	time.Sleep(time.Duration(len(list)) * 5 * time.Microsecond)
	return s.Network.Announce(i, h, list)
}

// TestFloodOfLowerPriority has somebody provoke more announcements of one instance than can be sent: no more than one
// burst waits, and another instance that gives way takes its address off at once.
func TestFloodOfLowerPriority(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		n := newNode(t, lan, "a", "192.168.4.100/24")
		n.network = slowNetwork{n.host.Network()}
		one, two := member(1, 150), member(2, 150)
		for i := range 100 {
			one.Addresses = append(one.Addresses, addresses(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()+"/32")...)
		}
		n.start(configOf(one, two), nil)
		settle(5 * time.Second)
		n.expectStates(t, "before", "MASTER MASTER")
		r := newRival(t, lan, "192.168.4.66")
		defer r.close()
		lower := packet.Message{Version: 3, VRID: one.VRID, Priority: 10, Interval: time.Second, Addresses: advertised(one)}
		for range 1000 {
			r.send(lower, "192.168.4.66", "224.0.0.18", 255)
			settle(100 * time.Microsecond)
		}
		most := 0
		_ = n.engine.do(func() {
			n.engine.worker.mu.Lock()
			defer n.engine.worker.mu.Unlock()
			for _, j := range n.engine.worker.jobs {
				most = max(most, len(j.announce))
			}
		})
		if most > 1 {
			t.Errorf("%d bursts wait", most)
		}
		higher := packet.Message{Version: 3, VRID: two.VRID, Priority: 200, Interval: time.Second, Addresses: advertised(two)}
		r.send(higher, "192.168.4.66", "224.0.0.18", 255)
		settle(50 * time.Millisecond)
		n.expectStates(t, "after", "MASTER BACKUP")
		if n.has(two.Addresses[0].Prefix.String()) {
			t.Error("the address of the other instance is still there")
		}
		n.stop()
	})
}

// TestBurstSurvivesReload has a reload add an address while those of a new Master are being put on: all are announced.
func TestBurstSurvivesReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		n := newNode(t, lan, "a", "192.168.4.100/24")
		in := instance(150, time.Second)
		in.GARP.MasterDelay = 0
		in.Addresses = addresses("192.168.4.80/32", "192.168.4.82/32")
		n.start(configOf(in), nil)
		settle(time.Second)
		release := n.kernel.hold()
		settle(4 * time.Second) // Master meanwhile
		more := in
		more.Addresses = addresses("192.168.4.80/32", "192.168.4.81/32")
		if err := errors.Join(n.engine.Check(configOf(more)), n.engine.Reload(configOf(more))); err != nil {
			t.Fatal(err)
		}
		release()
		settle(20 * time.Second)
		count := map[string]int{}
		for _, f := range lan.Frames() {
			if f.Address.IsValid() {
				count[f.Address.String()]++
			}
		}
		if count["192.168.4.80"] != 5 || count["192.168.4.81"] != 5 || count["192.168.4.82"] != 0 {
			t.Errorf("announced: %v", count)
		}
		n.stop()
	})
}

// TestFloodLosesNoTransition has adverts of a lower priority tell of themselves while the kernel is slow: what has
// become of the instance is told all the same.
func TestFloodLosesNoTransition(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		n := newNode(t, lan, "a", "192.168.4.100/24")
		in := instance(150, time.Second)
		n.start(configOf(in), nil)
		release := n.kernel.hold()
		settle(5 * time.Second)
		r := newRival(t, lan, "192.168.4.66")
		defer r.close()
		for range 100 {
			r.send(packet.Message{Version: 3, VRID: 51, Priority: 10, Interval: time.Second, Addresses: advertised(in)}, "192.168.4.66", "224.0.0.18", 255)
		}
		release()
		settle(2 * time.Second)
		if want := []string{`INSTANCE "VI_1" BACKUP 150`, `INSTANCE "VI_1" MASTER 150`, `INSTANCE "VI_1" MASTER_RX_LOWER_PRI 150`}; !slices.Equal(n.events, want) {
			t.Errorf("%q", n.events)
		}
		n.stop()
	})
}

// TestTake makes room for what has become of an instance.
func TestTake(t *testing.T) {
	var j job
	minor, major := notification{event: "rival", minor: true}, func(i int) notification { return notification{event: string(rune('a' + i))} }
	j.take(minor)
	for i := range maxNotes {
		j.take(major(i))
		j.take(minor)
	}
	if j.notes[0].event != "a" || len(j.notes) != maxNotes || j.notes[maxNotes-1].minor || j.lostNotes != 2 {
		t.Errorf("%v, lost %d", j.notes, j.lostNotes)
	}
}

// TestWithBurst keeps the larger number of two bursts, and the newest interface.
func TestWithBurst(t *testing.T) {
	list := []netip.Addr{netip.MustParseAddr("192.168.4.80")}
	bursts := withBurst(nil, announcement{device: "eth0", index: 2, addresses: list, repeat: 5})
	bursts = withBurst(bursts, announcement{device: "eth0", index: 3, addresses: list, repeat: 1})
	bursts = withBurst(bursts, announcement{device: "eth1", index: 4, addresses: list, repeat: 1})
	if len(bursts) != 2 || bursts[0].repeat != 5 || bursts[0].index != 3 {
		t.Errorf("%+v", bursts)
	}
}
