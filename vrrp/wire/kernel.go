package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// Specification constants.
const (
	protocolVRRP     = 112 // RFC 9568, section 5.1.1.4
	ipv4HeaderLength = 20  // RFC 791, without options
)

// sendPriority is SO_PRIORITY of adverts: the highest that needs no privilege, first band of the default queue.
const sendPriority = 6

// Kernel is the network of the network namespace of the calling thread. Its zero value is not usable; see NewKernel.
type Kernel struct {
	spare  chan *incoming
	poller poller

	mu        sync.Mutex
	announcer *announcer
}

var _ Network = (*Kernel)(nil)

// NewKernel returns a Kernel that holds no socket yet.
func NewKernel() *Kernel {
	return &Kernel{spare: make(chan *incoming, 1)}
}

// Open opens a raw socket for IP protocol 112, bound to the interface and to the group, with multicast loop off and the
// kernel's receive time on every datagram. The interface must exist (ENODEV otherwise); it may be down.
func (k *Kernel) Open(key Key) (Socket, error) {
	if !key.Group.Is4() || !key.Group.IsMulticast() {
		return nil, fmt.Errorf("opening a VRRP socket on %s: %s is no IPv4 multicast group", key.Interface, key.Group)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocolVRRP)
	if err != nil {
		return nil, fmt.Errorf("opening a VRRP socket on %s: %w", key.Interface, err)
	}
	if err := configure(fd, key); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("opening a VRRP socket on %s: %w", key.Interface, err)
	}
	s, err := newRawSocket(key, fd, k.spare, &k.poller)
	if err != nil {
		return nil, fmt.Errorf("opening a VRRP socket on %s: %w", key.Interface, err)
	}
	return s, nil
}

// configure sets what a socket needs before it may be used.
func configure(fd int, key Key) error {
	if err := unix.BindToDevice(fd, key.Interface); err != nil {
		return fmt.Errorf("SO_BINDTODEVICE: %w", err)
	}
	group := unix.SockaddrInet4{Addr: key.Group.As4()}
	if err := unix.Bind(fd, &group); err != nil {
		return fmt.Errorf("bind %s: %w", key.Group, err)
	}
	// Until it was bound the socket took datagrams of every interface and destination.
	if err := discard(uintptr(fd)); err != nil {
		return fmt.Errorf("emptying: %w", err)
	}
	if key.ReceiveBuffer > 0 {
		if err := setReceiveBuffer(fd, key.ReceiveBuffer); err != nil {
			return fmt.Errorf("SO_RCVBUF %d: %w", key.ReceiveBuffer, err)
		}
	}
	for _, o := range []struct {
		name                 string
		level, option, value int
	}{
		{"IP_HDRINCL", unix.IPPROTO_IP, unix.IP_HDRINCL, 1},
		{"IP_MULTICAST_ALL", unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0},
		{"SO_TIMESTAMPNS", unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
		{"SO_PRIORITY", unix.SOL_SOCKET, unix.SO_PRIORITY, sendPriority},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.option, o.value); err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	if err := join(fd, key); err != nil {
		return err
	}
	// In blocking mode the runtime does not watch it (see poller). Every call on it says that it must not wait.
	return unix.SetNonblock(fd, false)
}

// join makes the interface the one for sending, without a loop back to us, and receives the group on it.
func join(fd int, key Key) error {
	duplicate, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("duplicating the socket: %w", err)
	}
	file := os.NewFile(uintptr(duplicate), "vrrp")
	defer func() { _ = file.Close() }()
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return fmt.Errorf("preparing multicast: %w", err)
	}
	defer func() { _ = conn.Close() }() // what is set stays with the socket
	group, link := ipv4.NewPacketConn(conn), &net.Interface{Index: key.Index, Name: key.Interface}
	if err := group.SetMulticastInterface(link); err != nil {
		return fmt.Errorf("IP_MULTICAST_IF: %w", err)
	}
	if err := group.SetMulticastLoopback(false); err != nil {
		return fmt.Errorf("IP_MULTICAST_LOOP: %w", err)
	}
	if err := group.JoinGroup(link, &net.IPAddr{IP: key.Group.AsSlice()}); err != nil {
		return fmt.Errorf("joining %s: %w", key.Group, err)
	}
	return nil
}

// setReceiveBuffer asks for the size beyond the system's limit, which needs a privilege, then within it.
func setReceiveBuffer(fd, size int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size)
	if errors.Is(err, unix.EPERM) {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size)
	}
	return err
}

// discard takes away what waits.
func discard(fd uintptr) error {
	in := newIncoming()
	for {
		if _, err := in.receive(fd); err == error(unix.EAGAIN) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Announce sends gratuitous ARP requests in as few system calls as possible. It may wait a moment where the interface
// does not take them as fast. One socket serves all interfaces; it is opened by the first call, in the network
// namespace of its thread.
func (k *Kernel) Announce(ifindex int, hardware [6]byte, addresses []netip.Addr) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announcer == nil {
		a, err := openAnnouncer()
		if err != nil {
			return fmt.Errorf("opening the socket for gratuitous ARP: %w", err)
		}
		k.announcer = a
	}
	return k.announcer.announce(ifindex, hardware, addresses)
}

// Close closes the socket of Announce. Sockets from Open are closed by themselves.
func (k *Kernel) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announcer == nil {
		return nil
	}
	err := k.announcer.close()
	k.announcer = nil
	return err
}
