package wire

import (
	"net/netip"
	"time"
)

// Network opens sockets on interfaces. The kernel is one; a LAN in memory, for tests, is another.
type Network interface {
	// Open joins the multicast group on the interface and returns a socket for IP protocol 112.
	// Instances that agree on the Key share one.
	Open(Key) (Socket, error)
	// Announce sends one gratuitous ARP request per address out of the interface (target MAC ff:ff:ff:ff:ff:ff).
	Announce(ifindex int, hardware [6]byte, addresses []netip.Addr) error
}

// Key is what instances must agree on to share a socket.
type Key struct {
	Interface string
	Index     int
	Group     netip.Addr // 224.0.0.18 by default
	// ReceiveBuffer is SO_RCVBUF in bytes; 0 leaves the system's default.
	ReceiveBuffer int
}

// Socket sends and receives whole IPv4 datagrams, header included. One goroutine uses Send and Receive.
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
	Close() error
}

// Datagram is one received datagram.
type Datagram struct {
	Bytes []byte    // whole IP datagram
	Time  time.Time // when the kernel took it from the wire, on the monotonic clock of time.Now
	Index int       // interface that it came in on
}
