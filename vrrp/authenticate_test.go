package vrrp

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

func ahInstance(priority uint8) config.Instance {
	i := instance(priority, time.Second)
	i.Version, i.AuthType, i.AuthPass = 2, config.AuthAH, "s3cret"
	return i
}

func hmacInstance(priority uint8, keys ...string) config.Instance {
	i := instance(priority, time.Second)
	i.HMAC = config.HMAC{Use: true, ActiveKey: 1, TimeWindow: 5 * time.Second}
	for n, k := range keys {
		i.HMAC.Keys = append(i.HMAC.Keys, config.HMACKey{ID: n + 1, Key: strings.Repeat(k, 32)})
	}
	return i
}

// ahSequences are those of a host's adverts.
func ahSequences(lan *wire.LAN, host string) (list []uint32) {
	for _, f := range lan.Frames() {
		if f.From == host && f.Datagram != nil {
			list = append(list, binary.BigEndian.Uint32(f.Datagram[20+8:]))
		}
	}
	return list
}

// TestAHAfterSplit has two Masters with authentication headers meet again. The one that outranks the other has sent less
// in one case and more in the other: one Master remains, and goes beyond what both have sent.
func TestAHAfterSplit(t *testing.T) {
	for name, late := range map[string]int{"the better one was late": 0, "the better one was first": 1} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				nodes := []*node{newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")}
				for _, n := range nodes {
					n.host.Cut(true)
				}
				configs := []config.Config{configOf(ahInstance(100)), configOf(ahInstance(50))}
				nodes[1-late].start(configs[1-late], nil)
				settle(30 * time.Second)
				nodes[late].start(configs[late], nil)
				settle(10 * time.Second)
				for _, n := range nodes {
					expectState(t, n, fsm.Master)
					n.host.Cut(false)
				}
				settle(3 * time.Second)
				expectState(t, nodes[0], fsm.Master)
				expectState(t, nodes[1], fsm.Backup)
				all := ahSequences(lan, "a")
				for i := 1; i < len(all); i++ {
					if all[i] <= all[i-1] {
						t.Fatalf("sequences go back: %v", all)
					}
				}
				if b := ahSequences(lan, "b"); all[len(all)-1] <= b[len(b)-1] {
					t.Errorf("the Master has sent %d, the other %d", all[len(all)-1], b[len(b)-1])
				}
				if synced := nodes[0].lines.count("IPSEC-AH : Syncing seq_num - Increment seq"); synced != 1-late {
					t.Errorf("said %d times that it goes beyond the other", synced)
				}
				for _, n := range nodes {
					n.stop()
				}
			})
		})
	}
}

// TestAHOverReload changes the password of a running Master: the sequence goes on.
func TestAHOverReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		a.start(configOf(ahInstance(100)), nil)
		settle(10 * time.Second)
		before := ahSequences(lan, "a")
		next := ahInstance(100)
		next.AuthPass = "other"
		if err := a.engine.Reload(configOf(next)); err != nil {
			t.Fatal(err)
		}
		settle(2 * time.Second)
		all := ahSequences(lan, "a")
		if got, want := all[len(before)], before[len(before)-1]+1; got != want {
			t.Errorf("after the reload it sends %d, want %d", got, want)
		}
		a.stop()
	})
}

// TestHMACOverReload has a Backup that loses its mind neither at a reload nor in another process: what it has heard
// before is not taken again.
func TestHMACOverReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		a.start(configOf(hmacInstance(100, "k")), nil)
		b.start(configOf(hmacInstance(50, "k")), nil)
		settle(6 * time.Second)
		expectState(t, a, fsm.Master)
		frames := lan.Frames()
		var last []byte
		for _, f := range frames {
			if f.From == "a" && f.Datagram != nil {
				last = f.Datagram
			}
		}
		if err := b.engine.Reload(configOf(hmacInstance(50, "k", "l"))); err != nil {
			t.Fatal(err)
		}
		rival, err := lan.Host("rival").Network().Open(wire.Key{Interface: "eth0", Index: 2, Group: netip.MustParseAddr("224.0.0.18")})
		if err != nil {
			t.Fatal(err)
		}
		if err := rival.Send([][]byte{last}); err != nil {
			t.Fatal(err)
		}
		settle(time.Millisecond)
		if b.lines.count("replayed authentication trailer from 192.168.4.100") != 1 {
			t.Errorf("the replay after a reload is taken: %q", b.lines.all())
		}
		if err := rival.Close(); err != nil {
			t.Error(err)
		}
		a.stop()
		b.stop()
	})
}

// TestHMACSkew says once that a clock is about to be too far off, and again after it was right meanwhile.
func TestHMACSkew(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		b := newNode(t, lan, "b", "192.168.4.200/24")
		b.start(configOf(hmacInstance(50, "k")), nil)
		group, source := netip.MustParseAddr("224.0.0.18"), netip.MustParseAddr("192.168.4.100")
		rival, err := lan.Host("rival").Network().Open(wire.Key{Interface: "eth0", Index: 2, Group: group})
		if err != nil {
			t.Fatal(err)
		}
		sender := packet.NewHMAC(packet.HMACSettings{Keys: []packet.HMACKey{{ID: 1, Secret: strings.Repeat("k", 32)}}, Active: 1, Window: 5 * time.Second}, nil)
		m := packet.Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("192.168.4.80")}, HMAC: sender}
		send := func(skew time.Duration, times int) {
			for range times {
				sender.Next(time.Now().Add(skew))
				if err := rival.Send([][]byte{packet.AppendIPv4(nil, &m, source, group, 1, packet.TTL)}); err != nil {
					t.Fatal(err)
				}
				settle(time.Second)
			}
		}
		const line = "authentication clock skew -4 sec from 192.168.4.100 approaching window 5 sec"
		send(0, 2)
		send(4*time.Second, 3)
		if said := b.lines.count(line); said != 1 {
			t.Errorf("said %d times: %q", said, b.lines.all())
		}
		sender.Resume(0)
		settle(4 * time.Second) // until the clock is beyond what it was said to be
		send(0, 1)
		send(4*time.Second, 1)
		if said := b.lines.count(line); said != 2 {
			t.Errorf("said %d times: %q", said, b.lines.all())
		}
		if err := rival.Close(); err != nil {
			t.Error(err)
		}
		b.stop()
	})
}

// TestSlotsBeginAfresh starts a process that finds the slots of a former one, which had another order: nothing of them
// is taken for its own, and what was reported of an instance is where its sequence goes on.
func TestSlotsBeginAfresh(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		beats := NewBeats(make([]byte, BeatsSize))
		beats.set(0, 77)
		beats.setSequence(0, 1<<40+5)
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		a.beats = beats
		cfg := ahInstance(100)
		a.start(configOf(cfg), map[string]InstanceState{Key(cfg): {State: fsm.Backup, Sequence: 41}})
		settle(time.Second)
		if beats.Last(0) != 0 || beats.Sequence(0) != 41 {
			t.Errorf("the slot has %d and %d", beats.Last(0), beats.Sequence(0))
		}
		settle(10 * time.Second)
		if all := ahSequences(lan, "a"); len(all) == 0 || all[0] != 42 || beats.Sequence(0) != uint64(all[len(all)-1]) {
			t.Errorf("it has sent %v, and the slot has %d", all, beats.Sequence(0))
		}
		a.stop()
	})
}

// TestBackupKeepsHeardSequence has a Backup note what it has accepted where its successor finds it.
func TestBackupKeepsHeardSequence(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		b.beats = NewBeats(make([]byte, BeatsSize))
		a.start(configOf(ahInstance(100)), nil)
		b.start(configOf(ahInstance(50)), nil)
		settle(10 * time.Second)
		expectState(t, b, fsm.Backup)
		if all := ahSequences(lan, "a"); len(all) < 5 || b.beats.Sequence(0) != uint64(all[len(all)-1]) {
			t.Errorf("it has heard %v, and the slot has %d", all, b.beats.Sequence(0))
		}
		a.stop()
		b.stop()
	})
}

// TestAHNumbersUsedUp has a Backup begin at 1 when it becomes Master and there are no more numbers.
func TestAHNumbersUsedUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		cfg := ahInstance(100)
		a.start(configOf(cfg), map[string]InstanceState{Key(cfg): {State: fsm.Backup, Sequence: 1<<32 - 1}})
		settle(10 * time.Second)
		if all := ahSequences(lan, "a"); len(all) < 2 || all[0] != 1 || all[1] != 2 {
			t.Errorf("it has sent %v", all)
		}
		a.stop()
	})
}

// TestIdentificationZero has the identification of adverts wrap round: 0 is none, since the kernel fills one in that AH
// has not signed.
func TestIdentificationZero(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		a.start(configOf(ahInstance(100)), nil)
		settle(10 * time.Second)
		expectState(t, a, fsm.Master)
		before := len(lan.Frames())
		if err := a.engine.do(func() { a.engine.order[0].ipID = 1<<16 - 2 }); err != nil {
			t.Fatal(err)
		}
		settle(3 * time.Second)
		var got []uint16
		for _, f := range lan.Frames()[before:] {
			if f.From == "a" && f.Datagram != nil {
				got = append(got, binary.BigEndian.Uint16(f.Datagram[4:]))
			}
		}
		if want := []uint16{1<<16 - 1, 1, 2}; !slices.Equal(got, want) {
			t.Errorf("identifications %v, want %v", got, want)
		}
		a.stop()
	})
}
