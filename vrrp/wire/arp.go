package wire

import (
	"encoding/binary"
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

// broadcastHardware is the link-layer address that all hear.
var broadcastHardware = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// appendARP appends the Ethernet frame that tells everybody where an address is now: a broadcast ARP request of the
// address for itself, with the broadcast address as target hardware.
func appendARP(b []byte, hardware [6]byte, address netip.Addr) []byte {
	ip := address.As4()
	b = append(b, broadcastHardware[:]...)
	b = append(b, hardware[:]...)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_ARP)
	b = binary.BigEndian.AppendUint16(b, arpEthernet)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_IP)
	b = append(b, byte(len(hardware)), byte(len(ip)))
	b = binary.BigEndian.AppendUint16(b, arpRequest)
	b = append(b, hardware[:]...)
	b = append(b, ip[:]...)
	b = append(b, broadcastHardware[:]...)
	return append(b, ip[:]...)
}

// announcer sends frames through a packet socket that receives nothing.
type announcer struct {
	fd       int
	to4, to6 unix.RawSockaddrLinklayer
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

// announce sends a frame for each address. router is whether the interface forwards IPv6.
func (a *announcer) announce(ifindex int, hardware [6]byte, addresses []netip.Addr, router bool) error {
	a.failures = a.failures[:0]
	a.prepare(ifindex, hardware, addresses, router)
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
	return a.failures.err(fmt.Sprintf("announcing addresses on interface %d", ifindex), len(addresses))
}

// prepare makes the frames, and the messages that carry them out of the interface.
func (a *announcer) prepare(ifindex int, hardware [6]byte, addresses []netip.Addr, router bool) {
	a.to4, a.to6 = linkLayer(ifindex, unix.ETH_P_ARP, broadcastHardware), linkLayer(ifindex, unix.ETH_P_IPV6, allNodesHardware)
	a.reserve(len(addresses))
	for i, address := range addresses {
		start, to := len(a.frames), &a.to4
		if address.Is6() {
			to = &a.to6
			a.frames = appendNA(a.frames, hardware, address, router)
		} else {
			a.frames = appendARP(a.frames, hardware, address)
		}
		a.vectors[i].Base = &a.frames[start]
		a.vectors[i].SetLen(len(a.frames) - start)
		a.messages[i].header.Name = (*byte)(unsafe.Pointer(to))
	}
}

// reserve makes room for n frames, which then do not move while they are appended.
func (a *announcer) reserve(n int) {
	a.frames = a.frames[:0]
	if n <= cap(a.messages) {
		a.messages = a.messages[:n]
		return
	}
	a.frames = make([]byte, 0, n*max(arpFrameLength, naFrameLength))
	a.vectors = make([]unix.Iovec, n)
	a.messages = make([]mmsghdr, n)
	for i := range a.messages {
		h := &a.messages[i].header
		h.Iov = &a.vectors[i]
		h.SetIovlen(1)
		h.Namelen = unix.SizeofSockaddrLinklayer
	}
}

// linkLayer is where frames of a protocol go.
func linkLayer(ifindex int, protocol uint16, hardware [6]byte) unix.RawSockaddrLinklayer {
	to := unix.RawSockaddrLinklayer{
		Family: unix.AF_PACKET, Protocol: hostToNetwork(protocol), Ifindex: int32(ifindex), Halen: uint8(len(hardware)),
	}
	copy(to.Addr[:], hardware[:])
	return to
}

func hostToNetwork(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
