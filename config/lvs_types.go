package config

import (
	"net/netip"
	"time"

	"keepalived-go/parser"
)

// Unset is the value of a count or duration that was given neither on the object nor on the one it inherits from.
const Unset = -1

// VirtualServer is one virtual_server with conflicts resolved and defaults filled in. Exactly one of Group, a mark
// (Mark not 0) and Addr says what it serves.
type VirtualServer struct {
	Pos parser.Position // where it stands in the file; not part of a comparison

	Group string         // name of a virtual_server_group
	Mark  uint32         // firewall mark
	Addr  netip.AddrPort // port 0: every port, which needs persistence

	Family   int // 4 or 6; 0 only for a group of both families
	Protocol Protocol

	Scheduler Scheduler
	Flags     SchedulerFlags
	Forward   Forwarding

	PersistenceEngine      string
	PersistenceTimeout     time.Duration // whole seconds; 0: not persistent
	PersistenceGranularity Granularity

	HASuspend        bool // checks rest while the address is not on this host
	Alpha            bool // servers start as down
	Omega            bool // run down notifies and quorum_down at shutdown
	InhibitOnFailure bool // weight 0 instead of removal, default of the real servers
	Quorum           uint32
	Hysteresis       uint32
	QuorumUp         Script
	QuorumDown       Script
	SMTPAlert        bool
	VirtualHost      string
	SNMPName         string
	Weight           uint32 // default weight of the real servers
	Timing           Timing // defaults of the real servers

	Sorry       SorryServer
	RealServers []RealServer
}

// Timing is the part of a check's schedule that a checker inherits from its real server and that one from its
// virtual server. Durations are of microseconds at the least.
type Timing struct {
	ConnectTimeout   time.Duration
	DelayLoop        time.Duration
	DelayBeforeRetry time.Duration // Unset: the checker's own default
	Warmup           time.Duration // Unset: DelayLoop of the checker
	Retry            int64         // 0..4294967295; Unset: the checker's own default
}

// SorryServer serves while there is no quorum. Addr is not valid when none is configured.
type SorryServer struct {
	Addr    netip.AddrPort
	Inhibit bool // stay in the table with weight 0 instead of being removed
	Forward Forwarding
	// IsRealServer is true when a real server of the same virtual server has the same address.
	IsRealServer bool
}

// RealServer is one real_server with everything that it inherits filled in.
type RealServer struct {
	Pos parser.Position // not part of a comparison

	Addr             netip.AddrPort
	Weight           uint32
	Forward          Forwarding
	UpperThreshold   uint32 // connections; 0: none
	LowerThreshold   uint32
	InhibitOnFailure bool
	Alpha            bool
	SMTPAlert        bool
	NotifyUp         Script
	NotifyDown       Script
	VirtualHost      string
	SNMPName         string
	Timing           Timing
	Checkers         []Checker
	TrackFiles       []FileCheck // FILE_CHECK: they change the weight and are no checks of their own
}

// VirtualServerGroup is one virtual_server_group.
type VirtualServerGroup struct {
	Pos     parser.Position // not part of a comparison
	Name    string
	Ranges  []AddressRange // in the order of the file
	Marks   []GroupMark
	HasIPv4 bool // a range or a mark is IPv4
	HasIPv6 bool
}

// AddressRange is addresses from First to Last, both included, with one port (0: every port).
type AddressRange struct {
	First, Last netip.Addr
	Port        uint16
}

// GroupMark is a firewall mark of a group. Family 0 follows the real servers.
type GroupMark struct {
	Mark   uint32
	Family int
}

// Protocol is the transport protocol of a virtual server; the numbers are those of IP.
type Protocol uint8

// The protocols. A virtual server of firewall marks only has none.
const (
	ProtocolNone Protocol = 0
	ProtocolTCP  Protocol = 6
	ProtocolUDP  Protocol = 17
	ProtocolSCTP Protocol = 132
)

// String is the word of the configuration, "none" when there is no protocol.
func (p Protocol) String() string {
	switch p {
	case ProtocolTCP:
		return "TCP"
	case ProtocolUDP:
		return "UDP"
	case ProtocolSCTP:
		return "SCTP"
	default:
		return "none"
	}
}

// Scheduler is an IPVS scheduler.
type Scheduler uint8

// The schedulers of lvs_sched. SchedulerUnset does not survive Decode.
const (
	SchedulerUnset Scheduler = iota
	RR
	WRR
	LC
	WLC
	LBLC
	SH
	MH
	DH
	FO
	OVF
	LBLCR
	SED
	NQ
	TWOS
)

var schedulerNames = [...]string{
	"", "rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos",
}

// String is the kernel's name of the scheduler.
func (s Scheduler) String() string { return schedulerNames[s] }

// SchedulerFlags are the flags of a virtual service.
type SchedulerFlags uint8

// The flags; sh-port, mh-port, sh-fallback and mh-fallback are names for flag-1 and flag-2 with those schedulers.
const (
	// OnePacket schedules each datagram by itself (ops).
	OnePacket SchedulerFlags = 1 << iota
	// Flag1 is flag-1, mh-fallback and sh-fallback.
	Flag1
	// Flag2 is flag-2, mh-port and sh-port.
	Flag2
	// Flag3 is flag-3.
	Flag3
)

// Forwarding is how packets reach a real server (lvs_method).
type Forwarding struct {
	Method     ForwardingMethod
	Tunnel     TunnelType
	TunnelPort uint16 // destination port of a GUE tunnel
	Checksum   TunnelChecksum
}

// ForwardingMethod is NAT, DR or TUN.
type ForwardingMethod uint8

// The forwarding methods. ForwardUnset does not survive Decode, except on a virtual server whose real servers
// all name their own.
const (
	ForwardUnset ForwardingMethod = iota
	NAT
	DR
	TUN
)

// String is the word of the configuration.
func (m ForwardingMethod) String() string { return [...]string{"", "NAT", "DR", "TUN"}[m] }

// TunnelType is the encapsulation of a TUN real server.
type TunnelType uint8

// The tunnel types.
const (
	IPIP TunnelType = iota
	GUE
	GRE
)

// String is the word of the configuration.
func (t TunnelType) String() string { return [...]string{"ipip", "gue", "gre"}[t] }

// TunnelChecksum is the checksum option of a tunnel.
type TunnelChecksum uint8

// The checksum options.
const (
	NoChecksum TunnelChecksum = iota
	Checksum
	RemoteChecksum
)

// String is the word of the configuration.
func (c TunnelChecksum) String() string { return [...]string{"nocsum", "csum", "remcsum"}[c] }

// Granularity is persistence_granularity: which clients count as one. The zero value means every address by itself.
type Granularity struct {
	Mask netip.Addr // IPv4 netmask
	Bits uint8      // IPv6 prefix length, 1..128
}

// SSL is the SSL block: what SSL_GET shows to servers.
type SSL struct {
	Configured  bool
	Password    string
	CA          string
	Certificate string
	Key         string
}
