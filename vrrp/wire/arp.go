package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Specification constants (RFC 826; RFC 894).
const (
	arpFrameLength = 42 // Ethernet header and ARP for IPv4; the driver pads
	arpEthernet    = 1
	arpRequest     = 1
)

// Implementation constants of announce.
const (
	queueFullPause = time.Millisecond
	queueFullTries = 50
	sendTimeout    = time.Second
)

// ErrNotIPv4 says that an address cannot be announced by ARP.
var ErrNotIPv4 = errors.New("no IPv4 address")

// appendARP appends the Ethernet frame that tells everybody where an address is now: a broadcast ARP request of the
// address for itself, with the broadcast address as target hardware.
func appendARP(b []byte, hardware [6]byte, address netip.Addr) []byte {
	broadcast := [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	ip := address.As4()
	b = append(b, broadcast[:]...)
	b = append(b, hardware[:]...)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_ARP)
	b = binary.BigEndian.AppendUint16(b, arpEthernet)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_IP)
	b = append(b, byte(len(hardware)), byte(len(ip)))
	b = binary.BigEndian.AppendUint16(b, arpRequest)
	b = append(b, hardware[:]...)
	b = append(b, ip[:]...)
	b = append(b, broadcast[:]...)
	return append(b, ip[:]...)
}

// announcer sends ARP frames through a packet socket that receives nothing.
type announcer struct {
	fd       int
	to       unix.RawSockaddrLinklayer
	frames   []byte
	vectors  []unix.Iovec
	messages []mmsghdr
	failures sendErrors
}

func openAnnouncer() (*announcer, error) {
	// Protocol 0 receives no frame. The socket blocks, so that a slow interface slows the sender down instead of
	// losing frames; the timeout is for an interface that takes none.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(sendTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("SO_SNDTIMEO: %w", err)
	}
	return &announcer{fd: fd}, nil
}

func (a *announcer) close() error { return unix.Close(a.fd) }

func (a *announcer) announce(ifindex int, hardware [6]byte, addresses []netip.Addr) error {
	a.failures = a.failures[:0]
	a.prepare(ifindex, hardware, len(addresses))
	for _, address := range addresses {
		if !address.Is4() {
			return fmt.Errorf("gratuitous ARP for %s on interface %d: %w", address, ifindex, ErrNotIPv4)
		}
		a.frames = appendARP(a.frames, hardware, address)
	}
	for i := range addresses {
		a.vectors[i].Base = &a.frames[i*arpFrameLength]
	}
	for pending, tries := a.messages, 0; len(pending) > 0; {
		n, err := sendmmsg(uintptr(a.fd), pending, 0)
		if err == error(unix.ENOBUFS) && tries < queueFullTries {
			tries++
			time.Sleep(queueFullPause)
			continue
		}
		if err != nil {
			a.failures.add(err.(syscall.Errno))
			n = 1
		}
		pending = pending[n:]
	}
	if len(a.failures) == 0 {
		return nil
	}
	return a.failures.err(fmt.Sprintf("sending gratuitous ARP on interface %d", ifindex), len(addresses))
}

// prepare makes room for n frames out of the interface.
func (a *announcer) prepare(ifindex int, hardware [6]byte, n int) {
	a.to = unix.RawSockaddrLinklayer{
		Family:   unix.AF_PACKET,
		Protocol: hostToNetwork(unix.ETH_P_ARP),
		Ifindex:  int32(ifindex),
		Halen:    uint8(len(hardware)),
		Addr:     [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	a.frames = a.frames[:0]
	if n <= cap(a.messages) {
		a.messages = a.messages[:n]
		return
	}
	a.frames = make([]byte, 0, n*arpFrameLength)
	a.vectors = make([]unix.Iovec, n)
	a.messages = make([]mmsghdr, n)
	for i := range a.messages {
		a.vectors[i].SetLen(arpFrameLength)
		h := &a.messages[i].header
		h.Iov = &a.vectors[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&a.to))
		h.Namelen = unix.SizeofSockaddrLinklayer
	}
}

func hostToNetwork(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
