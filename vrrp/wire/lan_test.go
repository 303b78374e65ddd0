package wire

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// cluster opens one socket per host.
func cluster(t *testing.T, l *LAN, names ...string) []Socket {
	t.Helper()
	list := make([]Socket, len(names))
	for i, name := range names {
		s, err := l.Host(name).Network().Open(Key{Interface: "eth0", Index: 2, Group: vrrpGroup})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		list[i] = s
	}
	return list
}

// numbers receives what is there and returns what it is.
func numbers(t *testing.T, s Socket) []uint32 {
	t.Helper()
	synctest.Wait()
	list := []uint32{}
	for _, d := range receive(t, s) {
		list = append(list, number(d.Bytes))
	}
	return list
}

func wantNumbers(t *testing.T, s Socket, want ...uint32) {
	t.Helper()
	if got := numbers(t, s); !slices.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}
}

func TestLANDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLAN()
		s := cluster(t, l, "a", "b", "c")
		delays := []time.Duration{30, 10, 10} // milliseconds
		l.SetDelay(func(from, to string) time.Duration {
			if to == "c" {
				return 0
			}
			d := delays[0] * time.Millisecond
			delays = delays[1:]
			return d
		})
		start := time.Now()
		send(t, s[0], datagram(vrrpGroup, 1), datagram(vrrpGroup, 2), datagram(vrrpGroup, 3))
		wantNumbers(t, s[2], 1, 2, 3)
		wantNumbers(t, s[1])
		<-s[1].Readable()
		if d := time.Since(start); d != 10*time.Millisecond {
			t.Errorf("readable after %v, want 10ms", d)
		}
		for _, d := range receive(t, s[1]) {
			if at := d.Time.Sub(start); at != 10*time.Millisecond {
				t.Errorf("number %d came after %v", number(d.Bytes), at)
			}
		}
		<-s[1].Readable()
		if d := time.Since(start); d != 30*time.Millisecond {
			t.Errorf("readable again after %v, want 30ms", d)
		}
		time.Sleep(time.Second) // the time of a datagram is that of its arrival, however late it is read
		got := receive(t, s[1])
		if len(got) != 1 || number(got[0].Bytes) != 1 || got[0].Time.Sub(start) != 30*time.Millisecond {
			t.Errorf("late datagram: %v", got)
		}
	})
}

func TestLANCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLAN()
		s := cluster(t, l, "a", "b", "c")
		n := uint32(0)
		say := func(from Socket) uint32 {
			n++
			send(t, from, datagram(vrrpGroup, n))
			return n
		}

		l.Host("a").Cut(true)
		say(s[0])
		wantNumbers(t, s[1])
		heard := say(s[1])
		wantNumbers(t, s[0])
		wantNumbers(t, s[2], heard)
		l.Host("a").Cut(false)
		heard = say(s[1])
		wantNumbers(t, s[0], heard)
		numbers(t, s[2])

		l.CutOneWay("a", "b", true)
		heard = say(s[0])
		wantNumbers(t, s[1])
		wantNumbers(t, s[2], heard)
		heard = say(s[1])
		wantNumbers(t, s[0], heard)
		l.CutOneWay("a", "b", false)
		heard = say(s[0])
		wantNumbers(t, s[1], heard)

		l.Host("c").SetDown(true)
		if err := s[2].Send([][]byte{datagram(vrrpGroup, 1)}); !errors.Is(err, syscall.ENETDOWN) {
			t.Errorf("sending while down: %v, want ENETDOWN", err)
		}
		network := l.Host("c").Network()
		if err := network.Announce(2, [6]byte{}, []netip.Addr{netip.MustParseAddr("192.0.2.80")}); !errors.Is(err, syscall.ENETDOWN) {
			t.Errorf("announcing while down: %v, want ENETDOWN", err)
		}
	})
}

func TestLANLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLAN()
		s := cluster(t, l, "a", "b", "c")
		l.SetLoss(func(f Frame, to string) bool { return to == "b" && number(f.Datagram)%2 == 1 })
		send(t, s[0], datagram(vrrpGroup, 1), datagram(vrrpGroup, 2), datagram(vrrpGroup, 3))
		wantNumbers(t, s[1], 2)
		wantNumbers(t, s[2], 1, 2, 3)
		l.SetLoss(nil)
		send(t, s[0], datagram(vrrpGroup, 5))
		wantNumbers(t, s[1], 5)
	})
}

func TestLANRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLAN()
		s := cluster(t, l, "a", "b")
		l.Host("a").Cut(true) // what nobody hears is recorded too
		start := time.Now()
		mine := datagram(vrrpGroup, 1)
		send(t, s[0], mine)
		mine[20] = 0xff // the sender uses its buffer again
		time.Sleep(time.Second)
		vip := netip.MustParseAddr("192.0.2.80")
		if err := l.Host("b").Network().Announce(2, [6]byte{2, 1}, []netip.Addr{vip, vip}); err != nil {
			t.Fatal(err)
		}
		if err := l.Host("b").Network().Announce(2, [6]byte{2, 1}, []netip.Addr{netip.IPv6Loopback()}); err != nil {
			t.Fatal(err)
		}
		f := l.Frames()
		if len(f) != 4 || f[3].Address != netip.IPv6Loopback() {
			t.Fatalf("%d frames, want 4: %v", len(f), f)
		}
		if f[0].From != "a" || !f[0].Time.Equal(start) || number(f[0].Datagram) != 1 || f[0].Address.IsValid() {
			t.Errorf("datagram: %+v", f[0])
		}
		for _, a := range f[1:3] {
			if a.From != "b" || a.Time.Sub(start) != time.Second || a.Address != vip || a.Hardware != [6]byte{2, 1} || a.Datagram != nil {
				t.Errorf("announcement: %+v", a)
			}
		}
	})
}

// TestLANClosesWithDatagramsOnTheirWay ends a bubble while a datagram travels: nothing of the LAN outlives its sockets.
func TestLANClosesWithDatagramsOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLAN()
		s := cluster(t, l, "a", "b")
		l.SetDelay(func(string, string) time.Duration { return time.Hour })
		send(t, s[0], datagram(vrrpGroup, 1))
		if err := s[1].Close(); err != nil {
			t.Fatal(err)
		}
		if _, ok := <-s[1].Readable(); ok {
			t.Error("a signal after Close")
		}
		time.Sleep(2 * time.Hour)
		send(t, s[0], datagram(vrrpGroup, 2))
	})
}

// TestLANReceiverOwnsBytes lets one receiver write into what it got.
func TestLANReceiverOwnsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cluster(t, NewLAN(), "a", "b", "c")
		send(t, s[0], datagram(vrrpGroup, 1))
		if err := s[1].Receive(func(d Datagram) { clear(d.Bytes) }); err != nil {
			t.Fatal(err)
		}
		wantNumbers(t, s[2], 1)
	})
}
