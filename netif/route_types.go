package netif

import "net/netip"

// Optional is a value that may be missing.
type Optional[T any] struct {
	Value T
	Set   bool
}

// Route is one route of a table, with the options that ip-route(8) knows. Its numbers are those of rtnetlink(7).
type Route struct {
	Family    int          // 4 or 6
	Type      uint8        // RTN_*
	Dst       netip.Prefix // default is the prefix of length 0
	From      netip.Prefix // IPv6 only; invalid: none
	Via       netip.Addr   // gateway, which may be of the other family; invalid: none
	Src       netip.Addr   // preferred source; invalid: none
	Dev       string       // output interface, "": none
	Table     uint32       // RT_TABLE_*
	VRF       string       // the VRF whose table is meant instead, "": none
	Protocol  uint8        // RTPROT_*
	Scope     uint8        // RT_SCOPE_*
	TOS       uint8
	Metric    uint32 // 0: the kernel's default
	Realms    uint32 // the realm of the source in the upper 16 bits; 0: none
	OnLink    bool
	Encap     Encap
	Expires   Optional[uint32] // seconds, IPv6 only
	Pref      Optional[uint8]  // IPv6 only: 0 medium, 1 high, 3 low
	TTL       Optional[bool]   // the MPLS setting ttl-propagate
	Metrics   [18]Metric       // by RTAX_*
	CongCtl   string           // congestion control, "": none
	Nexthops  []Nexthop
	Placement Placement
}

// Metric is one value of a route's metrics. Lock keeps the kernel from changing it.
type Metric struct {
	Value     uint32
	Set, Lock bool
}

// Placement says what becomes of a route with the same destination.
type Placement uint8

// The placements: in front of matching routes, behind them, or an error.
const (
	Prepend Placement = iota
	Append
	Add
)

// Nexthop is one hop of a multipath route.
type Nexthop struct {
	Via    netip.Addr // invalid: none
	Dev    string     // "": none
	Weight int        // 1 to 256, 0 means 1
	OnLink bool
	Encap  Encap
	Realms uint32 // 0: none
}

// Encap is what a route puts around its packets. Type is LWTUNNEL_ENCAP_*; 0: nothing.
type Encap struct {
	Type     uint8
	ID       Optional[uint64]
	Dst, Src netip.Addr // invalid: none
	TOS, TTL Optional[uint8]
	Flags    Optional[uint16]
	Labels   []uint32 // of MPLS
	Locator  uint64   // of ILA
}

// Rule is one rule of the routing policy, with the options that ip-rule(8) knows.
type Rule struct {
	Family               int    // 4 or 6
	Preference           uint32 // order, the lowest first
	Action               uint8  // FR_ACT_*
	Table                uint32 // of FR_ACT_TO_TBL
	Goto                 uint32 // of FR_ACT_GOTO
	Not                  bool
	From, To             netip.Prefix // invalid: any
	IIF, OIF             string       // "": any
	TOS                  uint8
	FWMark, FWMask       Optional[uint32]
	TunnelID             uint64 // 0: any
	UIDs                 Optional[[2]uint32]
	IPProto              Optional[uint8]
	SrcPorts, DstPorts   Optional[[2]uint16]
	L3MDev               bool
	Realms               uint32
	SuppressPrefixLength Optional[uint32]
	SuppressGroup        Optional[uint32]
	Protocol             uint8 // RTPROT_*, 0: none
}
