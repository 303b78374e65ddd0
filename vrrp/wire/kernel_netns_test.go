package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// kernelPair is two sockets at the ends of a cable.
func kernelPair(t *testing.T) (*twoNamespaces, *Kernel, [2]Socket) {
	t.Helper()
	n, k := newTwoNamespaces(t), NewKernel()
	var s [2]Socket
	for side := range s {
		socket, err := k.Open(n.key(side, "vrrp0"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = socket.Close() })
		s[side] = socket
	}
	return n, k, s
}

// awaitStamps waits until the kernel stamps what it receives: it begins a moment after the first socket asked for it.
func awaitStamps(t *testing.T, from, to Socket) {
	t.Helper()
	const late = 5 * time.Millisecond
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		send(t, from, datagram(vrrpGroup, 1))
		awaitReadable(t, to)
		for arrived := time.Now(); time.Since(arrived) < late; {
		}
		if got := receive(t, to); len(got) > 0 && time.Since(got[0].Time) > late {
			return
		}
	}
	t.Fatal("the kernel does not stamp what it receives")
}

// TestKernelReceiveTime reads a datagram long after it came and expects the time when it came.
func TestKernelReceiveTime(t *testing.T) {
	_, _, s := kernelPair(t)
	other := netip.MustParseAddr("224.0.0.201")
	awaitStamps(t, s[0], s[1])
	before := time.Now()
	send(t, s[0], datagram(vrrpGroup, 1))
	awaitReadable(t, s[1])
	after := time.Now()
	for time.Since(after) < 20*time.Millisecond {
		send(t, s[0], datagram(other, 1))
	}
	got := receive(t, s[1])
	if len(got) != 1 {
		t.Fatalf("%d datagrams", len(got))
	}
	const slack = time.Millisecond
	if at := got[0].Time; at.Before(before.Add(-slack)) || at.After(after.Add(slack)) {
		t.Errorf("received at %v, want between %v and %v", at, before, after)
	}
}

// TestKernelBoundToInterface sends the same group over two cables.
func TestKernelBoundToInterface(t *testing.T) {
	n, k, first := kernelPair(t)
	n.cable("vrrp1", "198.51.100")
	var second [2]Socket
	for side := range second {
		s, err := k.Open(n.key(side, "vrrp1"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		second[side] = s
	}
	send(t, first[0], datagram(vrrpGroup, 1))
	send(t, second[0], datagram(vrrpGroup, 2))
	for i, s := range []Socket{first[1], second[1]} {
		got := await(t, s, 1)
		if len(got) != 1 || number(got[0].Bytes) != uint32(i+1) {
			t.Errorf("cable %d: %v", i, got)
		}
	}
	if a, b := n.key(1, "vrrp0").Index, n.key(1, "vrrp1").Index; a == b {
		t.Fatalf("both interfaces are number %d", a)
	}
}

// TestKernelIgnoresUnicast sends a VRRP datagram to the receiver's own address.
func TestKernelIgnoresUnicast(t *testing.T) {
	_, _, s := kernelPair(t)
	send(t, s[0], datagram(netip.MustParseAddr("192.0.2.2"), 1), datagram(vrrpGroup, 2))
	if got := await(t, s[1], 1); len(got) != 1 || number(got[0].Bytes) != 2 {
		t.Errorf("got %v, want number 2 alone", got)
	}
}

func TestKernelSocketOptions(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	key := n.key(0, "vrrp0")
	s, err := k.Open(key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, bytes := range []int{1 << 20, 0, 1 << 20} { // as at first in between
		if err := s.SetReceiveBuffer(bytes); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name                string
		level, option, want int
	}{
		{"SO_RCVBUF", unix.SOL_SOCKET, unix.SO_RCVBUF, 2 << 20}, // the kernel doubles it
		{"SO_PRIORITY", unix.SOL_SOCKET, unix.SO_PRIORITY, 6},
		{"SO_PROTOCOL", unix.SOL_SOCKET, unix.SO_PROTOCOL, 112},
		{"SO_BINDTOIFINDEX", unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, key.Index},
		{"SO_TIMESTAMPNS", unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
		{"IP_HDRINCL", unix.IPPROTO_IP, unix.IP_HDRINCL, 1},
		{"IP_MULTICAST_LOOP", unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0},
		{"IP_MULTICAST_ALL", unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0},
	} {
		var got int
		err := s.(*rawSocket).raw.Control(func(fd uintptr) { got, err = unix.GetsockoptInt(int(fd), tt.level, tt.option) })
		if err != nil || got != tt.want {
			t.Errorf("%s: %d %v, want %d", tt.name, got, err, tt.want)
		}
	}
}

func TestKernelOpenErrors(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	good := n.key(0, "vrrp0")
	for _, tt := range []struct {
		name string
		key  Key
		want error
	}{
		{"no such interface", Key{Interface: "nowhere0", Index: good.Index, Group: vrrpGroup}, unix.ENODEV},
		{"no such index", Key{Interface: "vrrp0", Index: 9999, Group: vrrpGroup}, nil},
	} {
		s, err := k.Open(tt.key)
		if err == nil || (tt.want != nil && !errors.Is(err, tt.want)) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if err == nil {
			_ = s.Close()
		}
	}
	n.ip(0, "link set vrrp0 down")
	s, err := k.Open(good)
	if err != nil {
		t.Fatalf("interface down: %v", err)
	}
	n.ip(0, "link set vrrp0 up")
	peer, err := k.Open(n.key(1, "vrrp0"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = peer.Close() }()
	n.awaitRunning("vrrp0")
	n.ip(0, "link set vrrp0 mtu 1400") // see awaitRunning
	answer := datagram(vrrpGroup, 5)
	answer[15] = 2 // the kernel drops what seems to come from its own address
	send(t, peer, answer)
	if got := await(t, s, 1); number(got[0].Bytes) != 5 {
		t.Errorf("opened while down, then up: %v", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestKernelInterfaceDeleted sends and receives on a socket whose interface is gone.
func TestKernelInterfaceDeleted(t *testing.T) {
	n, _, s := kernelPair(t)
	n.ip(0, "link del vrrp0")
	err := s[0].Send([][]byte{datagram(vrrpGroup, 1)})
	if !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENXIO) && !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("sending: %v", err)
	}
	t.Logf("sending: %v", err)
	if err := s[1].Receive(func(Datagram) { t.Error("received something") }); err != nil {
		t.Logf("receiving: %v", err)
	}
}

// TestKernelSendsPastFailure has datagrams that the kernel refuses among good ones.
func TestKernelSendsPastFailure(t *testing.T) {
	_, _, s := kernelPair(t)
	long := append(datagram(vrrpGroup, 0), make([]byte, 2000)...)
	err := s[0].Send([][]byte{datagram(vrrpGroup, 1), long, datagram(vrrpGroup, 2), long, datagram(vrrpGroup, 3)})
	if !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("%v, want EMSGSIZE", err)
	}
	for i, d := range await(t, s[1], 3) {
		if number(d.Bytes) != uint32(i+1) {
			t.Errorf("datagram %d is number %d", i, number(d.Bytes))
		}
	}
}

// TestAnnounceSlowInterface announces more than an interface takes at once. Nothing may be lost.
func TestAnnounceSlowInterface(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	defer func() { _ = k.Close() }()
	n.enter(0)
	if out, err := exec.Command("tc", strings.Fields("qdisc add dev vrrp0 root tbf rate 10mbit burst 2kb limit 4kb")...).CombinedOutput(); err != nil {
		t.Fatalf("tc: %v: %s", err, out)
	}
	next := captureARP(t, n)
	var list []netip.Addr
	for i := range 200 {
		list = append(list, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	if err := k.Announce(n.key(0, "vrrp0").Index, [6]byte{2}, list); err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if got := next()[28:32]; !bytes.Equal(got, a.AsSlice()) {
			t.Fatalf("address % x, want %s", got, a)
		}
	}
}

// TestKernelAllocatesNothing counts allocations of a whole exchange.
func TestKernelAllocatesNothing(t *testing.T) {
	_, _, s := kernelPair(t)
	batch := [][]byte{datagram(vrrpGroup, 1), datagram(vrrpGroup, 2), datagram(vrrpGroup, 3)}
	received := 0
	count := func(Datagram) { received++ }
	allocations := testing.AllocsPerRun(200, func() {
		if err := s[0].Send(batch); err != nil {
			t.Fatal(err)
		}
		if err := s[1].Receive(count); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations per exchange", allocations)
	}
	if received == 0 {
		t.Error("nothing was received")
	}
}

// TestKernelLeavesNothing counts goroutines and files after many sockets.
func TestKernelLeavesNothing(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	key := n.key(0, "vrrp0")
	if err := k.Announce(key.Index, [6]byte{2}, []netip.Addr{netip.MustParseAddr("192.0.2.80")}); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 50 {
		s, err := k.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Announce(key.Index, [6]byte{2}, []netip.Addr{netip.MustParseAddr("192.0.2.80")}); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	// What has said that it is done is counted by the runtime for a moment longer.
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
	if n := openFiles(t); n > files {
		t.Errorf("%d files, %d before", n, files)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// captureARP opens a socket that sees every ARP frame that comes in on the far side.
func captureARP(t *testing.T, n *twoNamespaces) func() []byte {
	t.Helper()
	index := n.key(1, "vrrp0").Index
	protocol := hostToNetwork(unix.ETH_P_ARP)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: index}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20); err != nil {
		t.Fatal(err)
	}
	timeout := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		t.Fatal(err)
	}
	return func() []byte {
		t.Helper()
		b := make([]byte, 2000)
		c, _, err := unix.Recvfrom(fd, b, 0)
		if err != nil {
			t.Fatalf("no ARP frame: %v", err)
		}
		return b[:c]
	}
}

func TestAnnounce(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	defer func() { _ = k.Close() }()
	next := captureARP(t, n)
	index := n.key(0, "vrrp0").Index
	hardware := [6]byte{0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}

	if err := k.Announce(index, hardware, []netip.Addr{netip.MustParseAddr("192.0.2.80")}); err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString("ffffffffffff" + "02aabbccddee" + "0806" +
		"0001" + "0800" + "06" + "04" + "0001" + "02aabbccddee" + "c0000250" + "ffffffffffff" + "c0000250")
	if err != nil {
		t.Fatal(err)
	}
	if got := next(); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}

	// More than a socket's buffer holds, twice, and fewer afterwards.
	for _, count := range []int{1500, 1500, 2} {
		var list []netip.Addr
		for i := range count {
			list = append(list, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
		}
		if err := k.Announce(index, hardware, list); err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			copy(want[28:], a.AsSlice())
			copy(want[38:], a.AsSlice())
			if got := next(); !bytes.Equal(got, want) {
				t.Fatalf("got  %x\nwant %x", got, want)
			}
		}
	}
}

func TestAnnounceErrors(t *testing.T) {
	n, k := newTwoNamespaces(t), NewKernel()
	defer func() { _ = k.Close() }()
	index := n.key(0, "vrrp0").Index
	good := []netip.Addr{netip.MustParseAddr("192.0.2.80"), netip.MustParseAddr("192.0.2.81")}
	if err := k.Announce(index, [6]byte{2}, nil); err != nil {
		t.Errorf("nothing to announce: %v", err)
	}
	if err := k.Announce(9999, [6]byte{2}, good); !errors.Is(err, unix.ENXIO) {
		t.Errorf("no such interface: %v, want ENXIO", err)
	}
	n.ip(0, "link set vrrp0 down")
	if err := k.Announce(index, [6]byte{2}, good); !errors.Is(err, unix.ENETDOWN) {
		t.Errorf("interface down: %v, want ENETDOWN", err)
	}
	n.ip(0, "link set vrrp0 up")
	if err := k.Announce(index, [6]byte{2}, good); err != nil {
		t.Errorf("up again: %v", err)
	}
}
