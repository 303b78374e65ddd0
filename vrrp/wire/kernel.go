package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// Specification constants.
const (
	protocolVRRP     = 112 // RFC 9568, section 5.1.1.4
	protocolAH       = 51  // RFC 2402
	ipv4HeaderLength = 20  // RFC 791, without options
	ipv6HeaderLength = 40  // RFC 8200
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

// Open opens a raw socket for IP protocol 112, or 51, bound to the interface and to the group or the local address, with
// multicast loop off and the kernel's receive time on every datagram. The interface must exist (ENODEV otherwise); it
// may be down.
func (k *Kernel) Open(key Key) (Socket, error) {
	s, err := k.open(key)
	if err != nil {
		return nil, fmt.Errorf("opening a VRRP socket on %s: %w", key.place(), err)
	}
	return s, nil
}

func (k *Kernel) open(key Key) (*rawSocket, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	family := unix.AF_INET
	if key.IPv6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, key.protocol())
	if err != nil {
		return nil, err
	}
	if err := configure(fd, key); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return newRawSocket(key, fd, k.spare, &k.poller)
}

// option is one integer to be set on a socket.
type option struct {
	name                 string
	level, number, value int
	optional             bool // an old kernel may lack it
}

var (
	optionsBoth = []option{
		{"SO_TIMESTAMPNS", unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1, false},
		{"SO_PRIORITY", unix.SOL_SOCKET, unix.SO_PRIORITY, sendPriority, false},
	}
	options4 = []option{
		{"IP_HDRINCL", unix.IPPROTO_IP, unix.IP_HDRINCL, 1, false},
		{"IP_MULTICAST_ALL", unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0, false},
	}
	options6 = []option{
		{"IPV6_HDRINCL", unix.IPPROTO_IPV6, unix.IPV6_HDRINCL, 1, false},
		{"IPV6_MULTICAST_ALL", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0, true}, // since Linux 4.20
		{"IPV6_RECVHOPLIMIT", unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1, false},
		{"IPV6_RECVPKTINFO", unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1, false},
	}
)

func set(fd int, list []option) error {
	for _, o := range list {
		err := unix.SetsockoptInt(fd, o.level, o.number, o.value)
		if err != nil && !(o.optional && errors.Is(err, unix.ENOPROTOOPT)) {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	return nil
}

// configure sets what a socket needs before it may be used.
func configure(fd int, key Key) error {
	if key.Interface != "" {
		if err := unix.BindToDevice(fd, key.Interface); err != nil {
			return fmt.Errorf("SO_BINDTODEVICE: %w", err)
		}
	}
	own := options4
	if key.IPv6() {
		own = options6
	}
	// The options come first: a datagram that was taken in before them would lack what they ask for.
	if err := errors.Join(set(fd, optionsBoth), set(fd, own)); err != nil {
		return err
	}
	if err := bind(fd, key); err != nil {
		return fmt.Errorf("bind %s: %w", key.address(), err)
	}
	// Until it was bound the socket took datagrams of every interface and destination.
	if err := discard(uintptr(fd)); err != nil {
		return fmt.Errorf("emptying: %w", err)
	}
	if key.Group.IsValid() {
		if err := join(fd, key); err != nil {
			return err
		}
	}
	// In blocking mode the runtime does not watch it (see poller). Every call on it says that it must not wait.
	return unix.SetNonblock(fd, false)
}

// bind makes the group or the local address the only destination that the socket receives. The address may come later.
func bind(fd int, key Key) error {
	a := key.address()
	if !key.IPv6() {
		if key.Local.IsValid() {
			if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1); err != nil {
				return fmt.Errorf("IP_FREEBIND: %w", err)
			}
		}
		return unix.Bind(fd, &unix.SockaddrInet4{Addr: a.As4()})
	}
	if key.Local.IsValid() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1); err != nil {
			return fmt.Errorf("IPV6_FREEBIND: %w", err)
		}
	}
	to := &unix.SockaddrInet6{Addr: a.As16()}
	if key.Interface != "" {
		to.ZoneId = uint32(key.Index)
	}
	return unix.Bind(fd, to)
}

// multicaster is what both families have in common.
type multicaster interface {
	SetMulticastInterface(*net.Interface) error
	SetMulticastLoopback(on bool) error
	JoinGroup(*net.Interface, net.Addr) error
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
	var group multicaster = ipv4.NewPacketConn(conn)
	if key.IPv6() {
		group = ipv6.NewPacketConn(conn)
	}
	link := &net.Interface{Index: key.Index, Name: key.Interface}
	if err := group.SetMulticastInterface(link); err != nil {
		return fmt.Errorf("setting the interface of multicast: %w", err)
	}
	if err := group.SetMulticastLoopback(false); err != nil {
		return fmt.Errorf("turning the loop of multicast off: %w", err)
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

// Announce sends its frames in as few system calls as possible. It may wait a moment where the interface
// does not take them as fast. One socket serves all interfaces; it is opened by the first call, in the network
// namespace of its thread.
func (k *Kernel) Announce(ifindex int, hardware [6]byte, addresses []netip.Addr) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announcer == nil {
		a, err := openAnnouncer()
		if err != nil {
			return fmt.Errorf("opening the socket for announcements: %w", err)
		}
		k.announcer = a
	}
	router := slices.ContainsFunc(addresses, netip.Addr.Is6) && forwards(k.announcer.fd, ifindex)
	return k.announcer.announce(ifindex, hardware, addresses, router)
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
