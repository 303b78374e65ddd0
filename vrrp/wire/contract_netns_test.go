package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait for something that is sure to come.
const patience = 10 * time.Second

// medium is a network with two ends. The same assertions hold over each.
type medium struct {
	t *testing.T
	// open opens a socket on one end.
	open func(side int, group netip.Addr) (Socket, error)
	// down takes the interface of end 0 down.
	down func()
}

var vrrpGroup = netip.MustParseAddr("224.0.0.18")

// media are the rows of the table.
var media = []struct {
	name string
	make func(*testing.T) *medium
}{
	{"kernel", func(t *testing.T) *medium {
		n, k := newTwoNamespaces(t), NewKernel()
		return &medium{t: t, open: func(side int, group netip.Addr) (Socket, error) {
			key := n.key(side, "vrrp0")
			key.Group = group
			return k.Open(key)
		}, down: func() { n.ip(0, "link set vrrp0 down") }}
	}},
	{"LAN", func(t *testing.T) *medium {
		l := NewLAN()
		hosts := [2]*Host{l.Host("a"), l.Host("b")}
		return &medium{t: t, open: func(side int, group netip.Addr) (Socket, error) {
			return hosts[side].Network().Open(Key{Interface: "vrrp0", Index: 7 + side, Group: group})
		}, down: func() { hosts[0].SetDown(true) }}
	}},
}

func (m *medium) mustOpen(side int, group netip.Addr) Socket {
	m.t.Helper()
	s, err := m.open(side, group)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			m.t.Error(err)
		}
	})
	return s
}

// datagram is an IPv4 datagram of protocol 112 with a number in it.
func datagram(group netip.Addr, number uint32) []byte {
	b := make([]byte, ipv4HeaderLength, 40)
	b[0], b[1], b[5], b[8], b[9] = 0x45, 0xc0, 1, 255, protocolVRRP
	binary.BigEndian.PutUint16(b[2:], 40)
	copy(b[12:], []byte{192, 0, 2, 1})
	copy(b[16:], group.AsSlice())
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum>>16+sum))
	b = binary.BigEndian.AppendUint32(b, number)
	return b[:40]
}

func number(d []byte) uint32 { return binary.BigEndian.Uint32(d[ipv4HeaderLength:]) }

func send(t *testing.T, s Socket, datagrams ...[]byte) {
	t.Helper()
	if err := s.Send(datagrams); err != nil {
		t.Fatal(err)
	}
}

// awaitReadable waits for the signal.
func awaitReadable(t *testing.T, s Socket) {
	t.Helper()
	select {
	case _, ok := <-s.Readable():
		if !ok {
			t.Fatal("Readable is closed")
		}
	case <-time.After(patience):
		t.Fatal("not readable")
	}
}

// receive reads what waits.
func receive(t *testing.T, s Socket) []Datagram {
	t.Helper()
	var list []Datagram
	err := s.Receive(func(d Datagram) {
		d.Bytes = bytes.Clone(d.Bytes)
		list = append(list, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// await receives until as many datagrams as wanted have come.
func await(t *testing.T, s Socket, want int) []Datagram {
	t.Helper()
	var list []Datagram
	for len(list) < want {
		awaitReadable(t, s)
		list = append(list, receive(t, s)...)
	}
	return list
}

func TestSocketContract(t *testing.T) {
	for _, row := range media {
		for _, test := range []struct {
			name string
			run  func(*testing.T, *medium)
		}{
			{"delivers whole datagrams", testDelivers},
			{"keeps the order of many", testMany},
			{"signals once until received", testSignalsOnce},
			{"is silent when empty", testEmpty},
			{"does not hear itself", testNoLoop},
			{"hears its group only", testGroups},
			{"reads without a signal", testReadsUnasked},
			{"loses no wake-up", testNoLostWakeup},
			{"ends a receive that feeds itself", testSelfFeeding},
			{"tells what failed", testErrors},
			{"closes", testCloses},
			{"refuses what is no group", testRefusesGroup},
		} {
			t.Run(row.name+"/"+test.name, func(t *testing.T) { test.run(t, row.make(t)) })
		}
	}
}

func testDelivers(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	before := time.Now()
	want := datagram(vrrpGroup, 1)
	send(t, a, want)
	got := await(t, b, 1)
	after := time.Now()
	if len(got) != 1 || !bytes.Equal(got[0].Bytes, want) {
		t.Fatalf("got  %v\nwant % x", got, want)
	}
	// The kernel's clock and ours are read one after the other, so that a little is lost between them.
	const slack = time.Millisecond
	if at := got[0].Time; at.Before(before.Add(-slack)) || at.After(after) {
		t.Errorf("received at %v, sent at %v, read at %v", at, before, after)
	}
	if got[0].Index == 0 {
		t.Error("no interface index")
	}
}

func testMany(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	const count = 200
	var batch [][]byte
	for i := range uint32(count) {
		batch = append(batch, datagram(vrrpGroup, i))
	}
	for range 2 { // memory that was used is used again
		send(t, a, batch...)
		for i, d := range await(t, b, count) {
			if number(d.Bytes) != uint32(i) {
				t.Fatalf("datagram %d is number %d", i, number(d.Bytes))
			}
		}
		send(t, a, batch[:3]...)
		if got := await(t, b, 3); number(got[2].Bytes) != 2 {
			t.Fatalf("third of three is %d", number(got[2].Bytes))
		}
	}
}

func testSignalsOnce(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	for i := range uint32(50) {
		send(t, a, datagram(vrrpGroup, i))
		awaitReadable(t, b)
		send(t, a, datagram(vrrpGroup, i))
		select {
		case <-b.Readable():
			t.Fatal("a second signal before Receive")
		default:
		}
		for n := 0; n < 2; {
			n += len(receive(t, b))
		}
		// The second datagram may have come between the reading and the end of Receive; then a signal is due.
		receive(t, b)
		drainSignal(b)
	}
}

// drainSignal takes a signal away that may be there.
func drainSignal(s Socket) {
	select {
	case <-s.Readable():
	default:
	}
}

func testEmpty(t *testing.T, m *medium) {
	m.mustOpen(0, vrrpGroup)
	b := m.mustOpen(1, vrrpGroup)
	for range 3 {
		if got := receive(t, b); len(got) != 0 {
			t.Fatalf("received %v", got)
		}
	}
	select {
	case <-b.Readable():
		t.Error("readable though nothing was sent")
	default:
	}
}

func testNoLoop(t *testing.T, m *medium) {
	a, other, b := m.mustOpen(0, vrrpGroup), m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	send(t, a, datagram(vrrpGroup, 1))
	await(t, b, 1)
	for name, s := range map[string]Socket{"the sender": a, "a socket beside the sender": other} {
		if got := receive(t, s); len(got) != 0 {
			t.Errorf("%s hears %v", name, got)
		}
	}
}

func testGroups(t *testing.T, m *medium) {
	second := netip.MustParseAddr("224.0.0.200")
	a := m.mustOpen(0, vrrpGroup)
	sockets := []Socket{m.mustOpen(1, vrrpGroup), m.mustOpen(1, second), m.mustOpen(1, vrrpGroup)}
	send(t, a, datagram(second, 2), datagram(netip.MustParseAddr("224.0.0.201"), 3), datagram(vrrpGroup, 1))
	for i, want := range []uint32{1, 2, 1} {
		got := await(t, sockets[i], 1)
		if len(got) != 1 || number(got[0].Bytes) != want {
			t.Errorf("socket %d got %v, want number %d alone", i, got, want)
		}
	}
}

func testReadsUnasked(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	for i := range uint32(100) {
		send(t, a, datagram(vrrpGroup, i))
		deadline := time.Now().Add(patience)
		for len(receive(t, b)) == 0 {
			if time.Now().After(deadline) {
				t.Fatalf("datagram %d did not come", i)
			}
		}
	}
	send(t, a, datagram(vrrpGroup, 1000))
	if got := await(t, b, 1); number(got[0].Bytes) != 1000 {
		t.Errorf("got %v", got)
	}
}

// testNoLostWakeup sends one datagram at a time while the receiver reads at moments of its own. Whoever waits for the
// signal then must get it.
func testNoLostWakeup(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	const rounds = 20000
	r := rand.New(rand.NewPCG(1, 2))
	start, failed := make(chan uint32), make(chan error, 1)
	go func() {
		for i := range start {
			if err := a.Send([][]byte{datagram(vrrpGroup, i)}); err != nil {
				failed <- err
				return
			}
		}
	}()
	defer close(start)
	for i := range uint32(rounds) {
		start <- i
		got := false
		look := func(d Datagram) {
			if n := number(d.Bytes); n != i || got {
				t.Fatalf("number %d in round %d, again: %v", n, i, got)
			}
			got = true
		}
		for range r.IntN(4) {
			if err := b.Receive(look); err != nil {
				t.Fatal(err)
			}
		}
		for !got {
			select {
			case <-b.Readable():
			case err := <-failed:
				t.Fatal(err)
			case <-time.After(patience):
				t.Fatalf("no signal in round %d", i)
			}
			if err := b.Receive(look); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// testSelfFeeding answers each datagram with one more to the same receiver: Receive must end all the same, and leave
// the socket readable.
func testSelfFeeding(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	send(t, a, datagram(vrrpGroup, 0))
	for range 3 {
		awaitReadable(t, b)
		n := 0
		err := b.Receive(func(Datagram) {
			if n++; n > 1_000_000 {
				t.Fatal("Receive does not end")
			}
			send(t, a, datagram(vrrpGroup, 0))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	awaitReadable(t, b)
}

func testErrors(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	err := a.Send([][]byte{datagram(vrrpGroup, 1), make([]byte, 19), nil, datagram(vrrpGroup, 2)})
	if !errors.Is(err, unix.EINVAL) {
		t.Errorf("datagrams without header: %v, want EINVAL", err)
	}
	if got := fmt.Sprint(err); got != "sending on vrrp0: 2 of 4: invalid argument" {
		t.Errorf("error text %q", got)
	}
	if got := await(t, b, 2); number(got[1].Bytes) != 2 {
		t.Errorf("the good ones: %v", got)
	}
	if err := a.Send(nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	m.down()
	if err := a.Send([][]byte{datagram(vrrpGroup, 1)}); !errors.Is(err, unix.ENETDOWN) {
		t.Errorf("interface down: %v, want ENETDOWN", err)
	}
}

func testCloses(t *testing.T, m *medium) {
	a, b := m.mustOpen(0, vrrpGroup), m.mustOpen(1, vrrpGroup)
	c := m.mustOpen(1, vrrpGroup)
	send(t, a, datagram(vrrpGroup, 1))
	awaitReadable(t, c) // closed with a datagram that was signalled
	for _, s := range []Socket{b, c} {
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		deadline := time.After(patience)
		for open := true; open; {
			select {
			case _, open = <-s.Readable():
			case <-deadline:
				t.Fatal("Readable is not closed")
			}
		}
		if err := s.Send([][]byte{datagram(vrrpGroup, 1)}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Send after Close: %v, want os.ErrClosed", err)
		}
		if err := s.Receive(func(Datagram) { t.Error("delivered after Close") }); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Receive after Close: %v, want os.ErrClosed", err)
		}
	}
}

func testRefusesGroup(t *testing.T, m *medium) {
	for _, group := range []string{"192.0.2.1", "fe80::12", "::", "255.255.255.255"} {
		if s, err := m.open(0, netip.MustParseAddr(group)); err == nil {
			t.Errorf("%s: opened", group)
			_ = s.Close()
		}
	}
	if s, err := m.open(0, netip.Addr{}); err == nil {
		t.Error("no group: opened")
		_ = s.Close()
	}
}
