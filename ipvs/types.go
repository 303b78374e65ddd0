package ipvs

import (
	"math/bits"
	"net/netip"
)

// Key identifies a virtual service in the kernel: by protocol, address and port, or by a firewall mark.
type Key struct {
	Family   int            // 4 or 6
	Protocol uint8          // IP protocol number: 6, 17 or 132; 0 for a firewall mark
	Addr     netip.AddrPort // port 0: every port; the zero value for a firewall mark
	Mark     uint32         // firewall mark; 0 for an address
}

// Flags are the flags of a service that the configuration can set. That a service is persistent, and that it is in
// the hash table, the kernel's two flags of its own, is not among them.
type Flags uint32

// The flags, with the numbers of the kernel (IP_VS_SVC_F_*).
const (
	OnePacket Flags = 0x0004
	Sched1    Flags = 0x0008 // flag-1, sh-fallback, mh-fallback
	Sched2    Flags = 0x0010 // flag-2, sh-port, mh-port
	Sched3    Flags = 0x0020 // flag-3
)

// Service is a virtual service without its destinations.
type Service struct {
	Key
	Scheduler string // the kernel's name, such as "wlc"
	Flags     Flags
	Timeout   uint32 // persistence in seconds; 0: not persistent
	Prefix    uint8  // persistence granularity in bits: 0..32 for IPv4, 1..128 for IPv6; 32 or 128: each address
	Mask      uint32 // the same for IPv4 where it has holes, such as 255.0.255.0; 0: Prefix says it all
	Engine    string // persistence engine, such as "sip"; "": none
}

// SetMask takes a persistence granularity of IPv4, in host byte order. It may have holes.
func (s *Service) SetMask(mask uint32) {
	s.Prefix, s.Mask = uint8(bits.LeadingZeros32(^mask)), mask
	if mask<<s.Prefix == 0 {
		s.Mask = 0
	}
}

// Method is how packets reach a destination.
type Method uint32

// The methods, with the numbers of the kernel (IP_VS_CONN_F_*).
const (
	Masquerade Method = 0
	Local      Method = 1 // what the kernel makes of an address of its own
	Tunnel     Method = 2
	Direct     Method = 3
)

// gue is the encapsulation that has a port.
const gue = 1

// Encapsulation says how a tunnelled packet is wrapped. The zero value is IPIP.
type Encapsulation struct {
	Type  uint8  // the kernel's number: 0 IPIP, 1 GUE, 2 GRE
	Port  uint16 // destination port of GUE
	Flags uint16 // checksum options, the kernel's numbers: 0 none, 1 checksum, 2 remote checksum
}

// Destination is a real server of a service, as the kernel's table has it.
type Destination struct {
	Addr          netip.AddrPort
	Weight        uint32
	Method        Method
	Encapsulation Encapsulation // of Tunnel only
	Upper, Lower  uint32        // thresholds in connections; 0: none
}

// Entry is a service with its destinations.
type Entry struct {
	Service
	Destinations []Destination
}

// Table is a set of services. What a table wants has each key once, and each destination once in a service.
type Table map[Key]Entry

// Verb says what an operation does.
type Verb uint8

// The operations of a plan.
const (
	AddService Verb = iota + 1
	EditService
	DeleteService
	AddDestination
	EditDestination
	DeleteDestination
)

// Operation is one change of the kernel's table.
type Operation struct {
	Verb        Verb
	Service     Service     // its Key alone says which
	Destination Destination // of the verbs about destinations
}
