package ipvs

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Commands and attributes of the kernel's IPVS family (linux/ip_vs.h).
const (
	cmdNewService        = 1
	cmdSetService        = 2
	cmdDeleteService     = 3
	cmdGetService        = 4
	cmdNewDestination    = 5
	cmdSetDestination    = 6
	cmdDeleteDestination = 7
	cmdGetDestination    = 8
	cmdUnknown           = 0

	attrService     = 1
	attrDestination = 2

	serviceFamily    = 1
	serviceProtocol  = 2
	serviceAddress   = 3
	servicePort      = 4
	serviceMark      = 5
	serviceScheduler = 6
	serviceFlags     = 7
	serviceTimeout   = 8
	serviceNetmask   = 9
	serviceStats32   = 10
	serviceEngine    = 11
	serviceStats     = 12

	destinationAddress     = 1
	destinationPort        = 2
	destinationMethod      = 3
	destinationWeight      = 4
	destinationUpper       = 5
	destinationLower       = 6
	destinationActive      = 7
	destinationInactive    = 8
	destinationPersistent  = 9
	destinationStats32     = 10
	destinationFamily      = 11
	destinationStats       = 12
	destinationTunnelType  = 13
	destinationTunnelPort  = 14
	destinationTunnelFlags = 15
)

// persistentFlag is the kernel's flag of a persistent service.
const persistentFlag = 0x0001

// methodMask is the part of a destination's flags that is its method.
const methodMask = 0x0007

func familyNumber(family int) uint16 {
	if family == 6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

func bigEndian(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

// keyAttribute names a service to the kernel.
func keyAttribute(k Key) *nl.RtAttr {
	a := nl.NewRtAttr(attrService, nil)
	a.AddRtAttr(serviceFamily, nl.Uint16Attr(familyNumber(k.Family)))
	if k.Mark != 0 {
		a.AddRtAttr(serviceMark, nl.Uint32Attr(k.Mark))
		return a
	}
	a.AddRtAttr(serviceProtocol, nl.Uint16Attr(uint16(k.Protocol)))
	a.AddRtAttr(serviceAddress, k.Addr.Addr().AsSlice())
	a.AddRtAttr(servicePort, bigEndian(k.Addr.Port()))
	return a
}

// serviceAttribute describes a service.
func serviceAttribute(s Service) *nl.RtAttr {
	a := keyAttribute(s.Key)
	a.AddRtAttr(serviceScheduler, nl.ZeroTerminated(s.Scheduler))
	if s.Engine != "" {
		a.AddRtAttr(serviceEngine, nl.ZeroTerminated(s.Engine))
	}
	flags := uint32(s.Flags)
	if s.Timeout > 0 {
		flags |= persistentFlag
	}
	a.AddRtAttr(serviceFlags, append(nl.Uint32Attr(flags), nl.Uint32Attr(^uint32(0))...)) // all of them are meant
	a.AddRtAttr(serviceTimeout, nl.Uint32Attr(s.Timeout))
	a.AddRtAttr(serviceNetmask, netmask(s))
	return a
}

// netmask is the persistence granularity as the kernel has it: the mask of an IPv4 address in network byte order, or
// the prefix length of an IPv6 address.
func netmask(s Service) []byte {
	switch {
	case s.Family != 6 && s.Mask != 0:
		return binary.BigEndian.AppendUint32(nil, s.Mask)
	case s.Family != 6:
		return binary.BigEndian.AppendUint32(nil, ^uint32(0)<<(32-min(s.Prefix, 32)))
	case s.Timeout == 0:
		return nl.Uint32Attr(128) // 0 would be refused, though it means nothing
	}
	return nl.Uint32Attr(uint32(s.Prefix))
}

// destinationKey names a destination of a service. One of IPv4 and of IPv6 may stand in a service of the other family.
func destinationKey(d Destination) *nl.RtAttr {
	a := nl.NewRtAttr(attrDestination, nil)
	family := 4
	if d.Addr.Addr().Is6() {
		family = 6
	}
	a.AddRtAttr(destinationFamily, nl.Uint16Attr(familyNumber(family)))
	a.AddRtAttr(destinationAddress, d.Addr.Addr().AsSlice())
	a.AddRtAttr(destinationPort, bigEndian(d.Addr.Port()))
	return a
}

// destinationAttribute describes a destination.
func destinationAttribute(d Destination) *nl.RtAttr {
	a := destinationKey(d)
	a.AddRtAttr(destinationMethod, nl.Uint32Attr(uint32(d.Method)))
	a.AddRtAttr(destinationWeight, nl.Uint32Attr(d.Weight))
	a.AddRtAttr(destinationUpper, nl.Uint32Attr(d.Upper))
	a.AddRtAttr(destinationLower, nl.Uint32Attr(d.Lower))
	if d.Method == Tunnel {
		a.AddRtAttr(destinationTunnelType, nl.Uint8Attr(d.Encapsulation.Type))
		a.AddRtAttr(destinationTunnelPort, bigEndian(d.Encapsulation.Port))
		a.AddRtAttr(destinationTunnelFlags, nl.Uint16Attr(d.Encapsulation.Flags))
	}
	return a
}

// parseAttributes finds the attributes inside the one of the given type.
func parseAttributes(message []byte, kind uint16) (map[uint16][]byte, error) {
	if len(message) < nl.SizeofGenlmsg {
		return nil, fmt.Errorf("a message of %d bytes", len(message))
	}
	outer, err := nl.ParseRouteAttr(message[nl.SizeofGenlmsg:])
	if err != nil {
		return nil, fmt.Errorf("parsing a message: %w", err)
	}
	for _, o := range outer {
		if o.Attr.Type&nl.NLA_TYPE_MASK != kind {
			continue
		}
		inner, err := nl.ParseRouteAttr(o.Value)
		if err != nil {
			return nil, fmt.Errorf("parsing attributes: %w", err)
		}
		return byType(inner), nil
	}
	return nil, fmt.Errorf("a message without attribute %d", kind)
}

func byType(list []syscall.NetlinkRouteAttr) map[uint16][]byte {
	attributes := make(map[uint16][]byte, len(list))
	for _, a := range list {
		attributes[a.Attr.Type&nl.NLA_TYPE_MASK] = a.Value
	}
	return attributes
}

// number reads an integer of any size in the byte order of this machine; 0 when there is none.
func number(b []byte) uint32 {
	switch {
	case len(b) >= 4:
		return binary.NativeEndian.Uint32(b)
	case len(b) >= 2:
		return uint32(binary.NativeEndian.Uint16(b))
	case len(b) == 1:
		return uint32(b[0])
	}
	return 0
}

// text reads a string that the kernel ends with a zero byte.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

func port(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

// address reads an address of a family; the kernel sends 16 bytes for both.
func address(b []byte, family uint32) (netip.Addr, error) {
	if family == unix.AF_INET && len(b) > 4 {
		b = b[:4]
	}
	a, ok := netip.AddrFromSlice(b)
	if known := family == unix.AF_INET || family == unix.AF_INET6; !ok || !known || a.Is4() != (family == unix.AF_INET) {
		return a, fmt.Errorf("an address of %d bytes in family %d", len(b), family)
	}
	return a, nil
}

func parseService(a map[uint16][]byte) (Service, error) {
	s := Service{
		Scheduler: text(a[serviceScheduler]),
		Flags:     Flags(number(a[serviceFlags])) & (OnePacket | Sched1 | Sched2 | Sched3),
		Engine:    text(a[serviceEngine]),
	}
	family := number(a[serviceFamily])
	s.Family = 4
	if family == unix.AF_INET6 {
		s.Family = 6
	}
	s.Prefix = widest(s.Family)
	if number(a[serviceFlags])&persistentFlag != 0 { // else its granularity means nothing
		s.Timeout = number(a[serviceTimeout])
		s.setGranularity(a[serviceNetmask])
	}
	if s.Mark = number(a[serviceMark]); s.Mark != 0 {
		return s, nil
	}
	addr, err := address(a[serviceAddress], family)
	if err != nil {
		return s, fmt.Errorf("a virtual service: %w", err)
	}
	s.Protocol = uint8(number(a[serviceProtocol]))
	s.Addr = netip.AddrPortFrom(addr, port(a[servicePort]))
	return s, nil
}

// setGranularity is the reverse of netmask. Without one all clients count as one.
func (s *Service) setGranularity(b []byte) {
	switch {
	case s.Family == 6:
		s.Prefix = uint8(min(number(b), 128))
	case len(b) >= 4:
		s.SetMask(binary.BigEndian.Uint32(b))
	default:
		s.Prefix = 0
	}
}

func parseDestination(a map[uint16][]byte, family int) (Destination, error) {
	number16 := uint32(familyNumber(family))
	if f := number(a[destinationFamily]); f != 0 {
		number16 = f
	}
	addr, err := address(a[destinationAddress], number16)
	if err != nil {
		return Destination{}, fmt.Errorf("a destination: %w", err)
	}
	d := Destination{
		Addr:   netip.AddrPortFrom(addr, port(a[destinationPort])),
		Weight: number(a[destinationWeight]),
		Method: Method(number(a[destinationMethod]) & methodMask),
		Upper:  number(a[destinationUpper]),
		Lower:  number(a[destinationLower]),
	}
	if d.Method == Tunnel {
		d.Encapsulation = Encapsulation{
			Type: uint8(number(a[destinationTunnelType])), Port: port(a[destinationTunnelPort]), Flags: uint16(number(a[destinationTunnelFlags])),
		}
	}
	return d, nil
}

// widest is the prefix length of one address.
func widest(family int) uint8 {
	if family == 6 {
		return 128
	}
	return 32
}
