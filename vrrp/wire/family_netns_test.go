package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	group6     = netip.MustParseAddr("ff02::12")
	linkLocals = [2]netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("fe80::2")}
	globals    = [2]netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")}
	fours      = [2]netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
)

// packet is a datagram of protocol 112 of the family of its addresses, with a number in it.
func packet(from, to netip.Addr, hopLimit uint8, number uint32) []byte {
	if to.Is4() {
		b := datagram(to, number)
		copy(b[12:], from.AsSlice())
		b[8] = hopLimit
		b[10], b[11] = 0, 0 // the kernel fills in the checksum of the header
		return b
	}
	b := make([]byte, ipv6HeaderLength, 60)
	b[0], b[5], b[6], b[7] = 6<<4, 20, protocolVRRP, hopLimit
	copy(b[8:], from.AsSlice())
	copy(b[24:], to.AsSlice())
	return binary.BigEndian.AppendUint32(b, number)[:60]
}

// numberIn is the number in a datagram of either family.
func numberIn(d []byte) uint32 {
	if d[0]>>4 == 6 {
		return binary.BigEndian.Uint32(d[ipv6HeaderLength:])
	}
	return number(d)
}

// ends are two routers on one network, of the kernel or in memory.
type ends struct {
	t    *testing.T
	open func(side int, group, local netip.Addr) (Socket, error)
}

func (e *ends) mustOpen(side int, group, local netip.Addr) Socket {
	e.t.Helper()
	s, err := e.open(side, group, local)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = s.Close() })
	return s
}

// bothEnds are the two kinds of network, with fe80::1, fd00::1 and 192.0.2.1 on one side and the next ones on the other.
var bothEnds = map[string]func(*testing.T) *ends{
	"kernel": func(t *testing.T) *ends {
		n, k := newTwoNamespaces(t), NewKernel()
		for side := range 2 {
			n.ip(side, "addr add "+linkLocals[side].String()+"/64 dev vrrp0 nodad")
			n.ip(side, "addr add "+globals[side].String()+"/64 dev vrrp0 nodad")
		}
		return &ends{t, func(side int, group, local netip.Addr) (Socket, error) {
			key := n.key(side, "vrrp0")
			key.Group, key.Local = group, local
			return k.Open(key)
		}}
	},
	"LAN": func(t *testing.T) *ends {
		l := NewLAN()
		hosts := [2]*Host{l.Host("a"), l.Host("b")}
		return &ends{t, func(side int, group, local netip.Addr) (Socket, error) {
			return hosts[side].Network().Open(Key{Interface: "vrrp0", Index: 7 + side, Group: group, Local: local})
		}}
	},
}

// expectNumbers receives what has come, until as many datagrams as wanted have.
func expectNumbers(t *testing.T, s Socket, want ...uint32) {
	t.Helper()
	for i, d := range await(t, s, len(want)) {
		if i >= len(want) || numberIn(d.Bytes) != want[i] {
			t.Fatalf("datagram %d is number %d, want %v", i, numberIn(d.Bytes), want)
		}
	}
}

// warmUp is the number of datagrams that are sent until the two sides know each other's link-layer address: the first
// ones can be lost.
const warmUp = 99

// meet sends a datagram again and again until it comes.
func meet(t *testing.T, from, to Socket, d []byte) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		send(t, from, d)
		select {
		case <-to.Readable():
			if got := receive(t, to); len(got) > 0 {
				if !bytes.Equal(got[0].Bytes[len(got[0].Bytes)-20:], d[len(d)-20:]) {
					t.Fatalf("got %x, want %x", got[0].Bytes, d)
				}
				return
			}
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Fatal("nothing comes")
}

// awaitBut receives until as many datagrams as wanted have come, those of one number not counted.
func awaitBut(t *testing.T, s Socket, number uint32, want int) []Datagram {
	t.Helper()
	var list []Datagram
	for len(list) < want {
		for _, d := range await(t, s, 1) {
			if numberIn(d.Bytes) != number {
				list = append(list, d)
			}
		}
	}
	return list
}

func TestMulticastIPv6(t *testing.T) {
	for name, start := range bothEnds {
		t.Run(name, func(t *testing.T) {
			e := start(t)
			a, beside, b := e.mustOpen(0, group6, netip.Addr{}), e.mustOpen(0, group6, netip.Addr{}), e.mustOpen(1, group6, netip.Addr{})
			four := e.mustOpen(1, vrrpGroup, netip.Addr{})
			second := netip.MustParseAddr("ff02::13")
			other := e.mustOpen(1, second, netip.Addr{})
			before := time.Now()
			sent := packet(linkLocals[0], group6, 255, 1)
			send(t, a, sent, packet(linkLocals[0], second, 255, 2), packet(linkLocals[0], linkLocals[1], 255, 3), packet(linkLocals[0], group6, 7, 4))
			got := await(t, b, 2)
			if len(got) != 2 || !bytes.Equal(got[0].Bytes, sent) {
				t.Fatalf("\n got %x\nwant %x first of two", got, sent)
			}
			if numberIn(got[1].Bytes) != 4 || got[1].Bytes[7] != 7 {
				t.Errorf("second %x", got[1].Bytes)
			}
			if at := got[0].Time; at.Before(before.Add(-time.Millisecond)) || at.After(time.Now()) || got[0].Index == 0 {
				t.Errorf("received at %v on %d, sent after %v", at, got[0].Index, before)
			}
			expectNumbers(t, other, 2)
			for name, s := range map[string]Socket{"the sender": a, "a socket beside it": beside, "an IPv4 socket": four} {
				if got := receive(t, s); len(got) != 0 {
					t.Errorf("%s hears %v", name, got)
				}
			}
		})
	}
}

// TestUnicast sends from one end to the other, between sockets bound to their addresses.
func TestUnicast(t *testing.T) {
	for name, start := range bothEnds {
		for family, row := range map[string]struct {
			addresses [2]netip.Addr
			group     netip.Addr
		}{
			"IPv4": {fours, vrrpGroup}, "IPv6": {globals, group6}, "IPv6 link-local": {linkLocals, group6},
		} {
			t.Run(name+"/"+family, func(t *testing.T) {
				e := start(t)
				a, b := e.mustOpen(0, netip.Addr{}, row.addresses[0]), e.mustOpen(1, netip.Addr{}, row.addresses[1])
				multicast := e.mustOpen(0, row.group, netip.Addr{})
				listener := e.mustOpen(1, row.group, netip.Addr{})
				meet(t, a, b, packet(row.addresses[0], row.addresses[1], 64, warmUp))
				send(t, a, packet(row.addresses[0], row.addresses[1], 64, 1))
				send(t, multicast, packet(row.addresses[0], row.group, 255, 2))
				expectNumbers(t, listener, 2)
				send(t, a, packet(row.addresses[0], row.addresses[1], 3, 3))
				got := awaitBut(t, b, warmUp, 2)
				if numberIn(got[0].Bytes) != 1 || numberIn(got[1].Bytes) != 3 {
					t.Fatalf("got %x", got)
				}
				hops := map[bool]int{true: 8, false: 7}[row.group.Is4()]
				if got[0].Bytes[hops] != 64 || got[1].Bytes[hops] != 3 {
					t.Errorf("hops %d and %d", got[0].Bytes[hops], got[1].Bytes[hops])
				}
				meet(t, b, a, packet(row.addresses[1], row.addresses[0], 64, 4))
				for name, s := range map[string]Socket{"the group": listener, "the other group": multicast} {
					if got := receive(t, s); len(got) != 0 {
						t.Errorf("%s hears %v", name, got)
					}
				}
			})
		}
	}
}

// TestUnicastBeforeAddress binds to addresses that come later.
func TestUnicastBeforeAddress(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	for _, row := range []struct{ here, there, length string }{{"192.0.2.77", "192.0.2.1", "/24"}, {"fd00::77", "fd00::1", "/64"}, {"fe80::77", "fe80::1", "/64"}} {
		here, there := netip.MustParseAddr(row.here), netip.MustParseAddr(row.there)
		key := n.key(1, "vrrp0")
		key.Group, key.Local = netip.Addr{}, here
		b, err := k.Open(key)
		if err != nil {
			t.Fatalf("%s: %v", here, err)
		}
		t.Cleanup(func() { _ = b.Close() })
		if there.Is6() {
			n.ip(0, "addr add "+row.there+row.length+" dev vrrp0 nodad")
			n.ip(1, "addr add "+row.here+row.length+" dev vrrp0 nodad")
		} else {
			n.ip(1, "addr add "+row.here+row.length+" dev vrrp0")
		}
		key = n.key(0, "vrrp0")
		key.Group, key.Local = netip.Addr{}, there
		a, err := k.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		meet(t, a, b, packet(there, here, 9, warmUp))
	}
}

// TestUnicastWithoutInterface leaves the way to the routes.
func TestUnicastWithoutInterface(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	var s [2]Socket
	for side := range s {
		n.key(side, "vrrp0")
		socket, err := k.Open(Key{Local: fours[side]})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = socket.Close() })
		s[side] = socket
	}
	meet(t, s[0], s[1], packet(fours[0], fours[1], 255, warmUp))
	if err := s[0].Send([][]byte{packet(fours[0], netip.MustParseAddr("198.51.100.1"), 255, 1)}); !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("nowhere: %v, want ENETUNREACH", err)
	}
}

func TestKeyRefused(t *testing.T) {
	networks := map[string]Network{"kernel": NewKernel(), "LAN": NewLAN().Host("a").Network()}
	for name, key := range map[string]Key{
		"nothing":                      {Interface: "lo", Index: 1},
		"both":                         {Interface: "lo", Index: 1, Group: vrrpGroup, Local: fours[0]},
		"a group as address":           {Interface: "lo", Index: 1, Local: group6},
		"no address":                   {Interface: "lo", Index: 1, Local: netip.IPv6Unspecified()},
		"everybody":                    {Interface: "lo", Index: 1, Local: netip.MustParseAddr("255.255.255.255")},
		"link-local without interface": {Local: linkLocals[0]},
		"a group without interface":    {Group: group6},
	} {
		for network, n := range networks {
			if s, err := n.Open(key); !errors.Is(err, errKey) {
				t.Errorf("%s of %s: %v", name, network, err)
				if err == nil {
					_ = s.Close()
				}
			}
		}
	}
}

// TestSocketsRefuseOtherFamily sends datagrams of the other family, and cut ones.
func TestSocketsRefuseOtherFamily(t *testing.T) {
	for name, start := range bothEnds {
		t.Run(name, func(t *testing.T) {
			e := start(t)
			for _, row := range []struct {
				s     Socket
				wrong []byte
			}{
				{e.mustOpen(0, group6, netip.Addr{}), packet(fours[0], vrrpGroup, 255, 1)},
				{e.mustOpen(0, group6, netip.Addr{}), packet(linkLocals[0], group6, 255, 1)[:39]},
				{e.mustOpen(0, vrrpGroup, netip.Addr{}), packet(linkLocals[0], group6, 255, 1)},
			} {
				if err := row.s.Send([][]byte{row.wrong}); !errors.Is(err, unix.EINVAL) {
					t.Errorf("%x: %v, want EINVAL", row.wrong, err)
				}
			}
		})
	}
}

// TestIPv6Down has the error of an interface that is down, and no allocation while it is up.
func TestIPv6Down(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	var s [2]Socket
	for side := range s {
		n.ip(side, "addr add "+linkLocals[side].String()+"/64 dev vrrp0 nodad")
		key := n.key(side, "vrrp0")
		key.Group = group6
		socket, err := k.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = socket.Close() })
		s[side] = socket
	}
	batch := [][]byte{packet(linkLocals[0], group6, 255, 1), packet(linkLocals[0], group6, 255, 2)}
	received := 0
	count := func(Datagram) { received++ }
	if allocations := testing.AllocsPerRun(100, func() {
		if err := s[0].Send(batch); err != nil {
			t.Fatal(err)
		}
		if err := s[1].Receive(count); err != nil {
			t.Fatal(err)
		}
	}); allocations != 0 || received == 0 {
		t.Errorf("%v allocations, %d received", allocations, received)
	}
	n.ip(0, "link set vrrp0 down")
	if err := s[0].Send(batch); !errors.Is(err, unix.ENETDOWN) {
		t.Errorf("interface down: %v, want ENETDOWN", err)
	}
}

// captureNA opens a packet socket on the second side that hears neighbour advertisements of hardware 02:aa alone.
func captureNA(t *testing.T, n *twoNamespaces) (next func() []byte) {
	t.Helper()
	key := n.key(1, "vrrp0")
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(hostToNetwork(unix.ETH_P_IPV6)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: hostToNetwork(unix.ETH_P_IPV6), Ifindex: key.Index}); err != nil {
		t.Fatal(err)
	}
	timeout := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		t.Fatal(err)
	}
	return func() []byte {
		t.Helper()
		b := make([]byte, 2048)
		for {
			c, _, err := unix.Recvfrom(fd, b, 0)
			if err != nil {
				t.Fatalf("no advertisement: %v", err)
			}
			if c > 12 && bytes.Equal(b[6:8], []byte{0x02, 0xaa}) {
				return b[:c]
			}
		}
	}
}

func TestAnnounceIPv6(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	defer func() { _ = k.Close() }()
	next := captureNA(t, n)
	index := n.key(0, "vrrp0").Index
	hardware := [6]byte{0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}
	target := netip.MustParseAddr("fd00::80")
	frame := func(flags, checksum string) []byte {
		b, err := hex.DecodeString("333300000001" + "02aabbccddee" + "86dd" + "60000000" + "0020" + "3a" + "ff" +
			"fd000000000000000000000000000080" + "ff020000000000000000000000000001" +
			"8800" + checksum + flags + "000000" + "fd000000000000000000000000000080" + "0201" + "02aabbccddee")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, row := range []struct{ forwarding, flags, checksum string }{{"0", "20", "bf38"}, {"1", "a0", "3f38"}} {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/vrrp0/forwarding", []byte(row.forwarding), 0); err != nil {
			t.Fatal(err)
		}
		if err := k.Announce(index, hardware, []netip.Addr{netip.MustParseAddr("192.0.2.80"), target, target}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, want := next(), frame(row.flags, row.checksum); !bytes.Equal(got, want) {
				t.Errorf("forwarding %s\n got %x\nwant %x", row.forwarding, got, want)
			}
		}
	}
}
