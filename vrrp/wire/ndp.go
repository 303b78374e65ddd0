package wire

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Specification constants (RFC 4861, sections 4.4, 4.6.1 and 7.2.6; RFC 2464, section 7).
const (
	naFrameLength    = 86 // Ethernet and IPv6 header, advertisement, link-layer address
	naLength         = 32 // advertisement and link-layer address
	naType           = 136
	naRouter         = 0x80
	naOverride       = 0x20
	targetLinkLayer  = 2 // the option, in units of 8 bytes long as the next says
	targetUnits      = 1
	protocolICMPv6   = 58
	neighbourHops    = 255
	icmpv6Checksum   = 2 // where it is in the message
	ipv6VersionFirst = 6 << 4
)

var (
	allNodes         = netip.MustParseAddr("ff02::1")
	allNodesHardware = [6]byte{0x33, 0x33, 0, 0, 0, 1}
)

// appendNA appends the Ethernet frame that tells all nodes where an address is now: an unsolicited neighbour
// advertisement that overrides what they know, sent from the address itself.
func appendNA(b []byte, hardware [6]byte, address netip.Addr, router bool) []byte {
	target, all := address.As16(), allNodes.As16()
	b = append(b, allNodesHardware[:]...)
	b = append(b, hardware[:]...)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_IPV6)
	b = append(b, ipv6VersionFirst, 0, 0, 0, 0, naLength, protocolICMPv6, neighbourHops)
	b = append(b, target[:]...)
	b = append(b, all[:]...)
	flags := byte(naOverride)
	if router {
		flags |= naRouter
	}
	start := len(b)
	b = append(b, naType, 0, 0, 0, flags, 0, 0, 0)
	b = append(b, target[:]...)
	b = append(b, targetLinkLayer, targetUnits)
	b = append(b, hardware[:]...)
	binary.BigEndian.PutUint16(b[start+icmpv6Checksum:], checksumICMPv6(target, all, b[start:]))
	return b
}

// checksumICMPv6 is the checksum of a message of even length whose checksum field is zero (RFC 4443, section 2.3).
func checksumICMPv6(source, destination [16]byte, message []byte) uint16 {
	sum := uint32(protocolICMPv6 + len(message))
	for _, part := range [][]byte{source[:], destination[:], message} {
		for i := 0; i+1 < len(part); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(part[i:]))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// forwards tells whether an interface forwards IPv6, which makes the host a router to its neighbours. One that cannot
// be asked does not.
func forwards(socket, ifindex int) bool {
	name, ok := interfaceName(socket, ifindex)
	if !ok {
		return false
	}
	// The file is that of the network namespace of the calling thread, as the socket is.
	value, err := os.ReadFile(filepath.Join("/proc/sys/net/ipv6/conf", name, "forwarding"))
	return err == nil && strings.TrimSpace(string(value)) != "0"
}

// interfaceName asks the kernel for the name of an interface. A name that could lead to another file is refused.
func interfaceName(socket, ifindex int) (string, bool) {
	request := struct {
		name  [unix.IFNAMSIZ]byte
		index int32
		_     [20]byte // of the union in struct ifreq
	}{index: int32(ifindex)}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&request)))
	name := unix.ByteSliceToString(request.name[:])
	return name, errno == 0 && name != "" && name != "." && name != ".."
}
