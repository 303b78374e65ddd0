package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Network opens sockets on interfaces. The kernel is one; a LAN in memory, for tests, is another.
type Network interface {
	// Open joins the multicast group on the interface, or binds to the local address, and returns a socket for IP
	// protocol 112, or 51. Instances that agree on the Key share one.
	Open(Key) (Socket, error)
	// Announce sends one frame per address out of the interface: for IPv4 a gratuitous ARP request (target MAC
	// ff:ff:ff:ff:ff:ff), for IPv6 an unsolicited neighbour advertisement to all nodes.
	Announce(ifindex int, hardware [6]byte, addresses []netip.Addr) error
}

// Key is what instances must agree on to share a socket. One of Group and Local is valid; it has the family.
type Key struct {
	Interface string // may be empty with Local, unless that is link-local: the routes say then where datagrams leave
	Index     int
	Group     netip.Addr // 224.0.0.18 or ff02::12 by default
	Local     netip.Addr // the address that unicast datagrams come to; it need not be there yet
	AH        bool       // the protocol is 51, the authentication header; over IPv4 only
}

// check tells whether a socket can be opened with the key.
func (k Key) check() error {
	switch {
	case k.Group.IsValid() == k.Local.IsValid():
		return fmt.Errorf("%w: either a group or a local address is needed", errKey)
	case k.Group.IsValid() && !k.Group.IsMulticast():
		return fmt.Errorf("%w: %s is no multicast group", errKey, k.Group)
	case k.Local.IsValid() && (k.Local.IsMulticast() || k.Local.IsUnspecified() || k.Local == broadcast4):
		return fmt.Errorf("%w: %s is no unicast address", errKey, k.Local)
	case k.Interface == "" && (k.Group.IsValid() || k.Local.IsLinkLocalUnicast()):
		return fmt.Errorf("%w: %s needs an interface", errKey, k.address())
	case k.AH && k.IPv6():
		return fmt.Errorf("%w: %s has no authentication header", errKey, k.address())
	}
	return nil
}

// protocol is the number in the IP header.
func (k Key) protocol() int {
	if k.AH {
		return protocolAH
	}
	return protocolVRRP
}

var (
	errKey     = errors.New("unusable address")
	broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})
)

// address is the one that the socket is bound to.
func (k Key) address() netip.Addr {
	if k.Group.IsValid() {
		return k.Group
	}
	return k.Local
}

// IPv6 tells the family.
func (k Key) IPv6() bool { return k.address().Is6() }

// place is the key in words.
func (k Key) place() string {
	if k.Interface == "" {
		return k.Local.String()
	}
	return k.Interface
}

// Socket sends and receives whole IP datagrams of one family, header included. One goroutine uses Send and Receive.
type Socket interface {
	// Send sends every datagram with as few system calls as possible. The destination is that of its IP header.
	// It never blocks. The error, if any, is joined from the datagrams that failed; errors.Is finds each errno in it:
	// ENETDOWN when the interface is down, ENODEV or ENXIO when it does not exist any more, ENOBUFS or EAGAIN when its
	// queue is full. After Close it is os.ErrClosed.
	Send(datagrams [][]byte) error
	// Receive reads what waits, without blocking, until the socket is empty, and hands each datagram to deliver.
	// The slice is valid during the call of deliver only. What arrives during Receive may be left for the next call.
	Receive(deliver func(Datagram)) error
	// Poll reads like Receive and tells how many datagrams there were, but nothing comes from Readable after it: for an
	// owner that looks again by itself while there is much to read.
	Poll(deliver func(Datagram)) (int, error)
	// Readable delivers a value when something waits to be received; then Receive must be called (until it is, no
	// further value comes). When Receive was called without a value, one may come for what it has read. The channel is
	// closed after Close.
	Readable() <-chan struct{}
	// SetReceiveBuffer makes room for that many bytes as the kernel counts them; 0 is the system's default.
	SetReceiveBuffer(bytes int) error
	Close() error
}

// Datagram is one received datagram.
type Datagram struct {
	Bytes []byte    // whole IP datagram
	Time  time.Time // when the kernel took it from the wire, on the monotonic clock of time.Now
	Index int       // interface that it came in on
}
