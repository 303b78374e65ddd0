package config

import "net/netip"

// Route is one line of virtual_routes or static_routes. Its numbers are those of rtnetlink(7), so that they can be
// handed to the kernel as they are.
type Route struct {
	Family   int          // 4 or 6
	Type     uint8        // RTN_*: RouteUnicast when the line does not tell
	Dst      netip.Prefix // default is the prefix of length 0; bits behind the prefix are kept as written
	From     netip.Prefix // source prefix, IPv6 only; invalid: none
	Via      netip.Addr   // gateway; invalid: none
	Src      netip.Addr   // preferred source; invalid: none
	Dev      string       // output interface, "": none given
	Table    uint32       // RT_TABLE_*; without meaning when VRF is set
	VRF      string       // the VRF whose table is meant, "": none
	Protocol uint8        // RTPROT_*: ProtocolKeepalived unless no_track and protocol are given
	Scope    uint8        // RT_SCOPE_*
	TOS      uint8
	Metric   uint32 // RTA_PRIORITY; 0: the kernel's default
	Realms   uint32 // RTA_FLOW: the realm of the source in the upper 16 bits; 0: none
	OnLink   bool
	Encap    Encap
	Expires  Optional[uint32] // seconds, IPv6 only
	Pref     Optional[uint8]  // router preference, IPv6 only: 0 medium, 1 high, 3 low
	// TTLPropagate is the MPLS setting of that name.
	TTLPropagate Optional[bool]
	Metrics      RouteMetrics
	CongCtl      string // congestion control algorithm, "": none; Metrics[MetricCongCtl].Lock locks it
	Nexthops     []Nexthop
	Placement    RoutePlacement
	NoTrack      bool
	TrackGroup   string // static_routes only, "": none
}

// The types of routes, RTN_* of the kernel, and the protocol that marks what keepalived puts there.
const (
	RouteUnicast       = 1
	ProtocolKeepalived = 18
)

// RoutePlacement says what becomes of a route that is there already with the same destination.
type RoutePlacement uint8

// The placements: in front of matching routes, behind them, or an error.
const (
	RoutePrepend RoutePlacement = iota
	RouteAppend
	RouteAdd
)

// Nexthop is one hop of a multipath route.
type Nexthop struct {
	Via    netip.Addr // invalid: none
	Dev    string     // "": none given
	Weight int        // 1 to 256, 0: not given, which means 1
	OnLink bool
	Encap  Encap
	Realms uint32 // RTA_FLOW, 0: none
}

// EncapType is the kind of a lightweight tunnel, LWTUNNEL_ENCAP_* of the kernel.
type EncapType uint8

// The kinds of tunnels.
const (
	EncapNone EncapType = 0
	EncapMPLS EncapType = 1
	EncapIP   EncapType = 2
	EncapILA  EncapType = 3
	EncapIP6  EncapType = 4
)

// Encap is what a route puts around its packets. ID to Flags belong to EncapIP and EncapIP6.
type Encap struct {
	Type     EncapType
	ID       Optional[uint64]
	Dst, Src netip.Addr      // invalid: none
	TOS      Optional[uint8] // tos, or tc of IPv6
	TTL      Optional[uint8] // ttl, or hoplimit of IPv6
	Flags    Optional[uint16]
	Labels   []uint32 // EncapMPLS: at most 2, each at most 1048575
	Locator  uint64   // EncapILA: the first group of the text in the upper 16 bits
}

// Metric is one value of a route's metrics. Lock keeps the kernel from changing it.
type Metric struct {
	Value uint32
	Set   bool
	Lock  bool
}

// RouteMetrics are the metrics of a route, indexed by RTAX_* of the kernel.
type RouteMetrics [MetricCount]Metric

// The indices of RouteMetrics, RTAX_* of the kernel. Times are in the kernel's units.
const (
	MetricMTU              = 2  // octets
	MetricWindow           = 3  // octets
	MetricRTT              = 4  // 1/8 ms
	MetricRTTVar           = 5  // 1/4 ms
	MetricSSThresh         = 6  // packets
	MetricCWnd             = 7  // packets
	MetricAdvMSS           = 8  // octets
	MetricReordering       = 9  // packets
	MetricHopLimit         = 10 // hops, at most 255
	MetricInitCWnd         = 11 // packets
	MetricFeatures         = 12 // bits: FeatureECN
	MetricRTOMin           = 13 // ms
	MetricInitRWnd         = 14 // packets
	MetricQuickAck         = 15 // 0 or 1
	MetricCongCtl          = 16 // only its Lock is used, the name is Route.CongCtl
	MetricFastOpenNoCookie = 17 // 0 or 1
	MetricCount            = 18
)

// FeatureECN is the bit of MetricFeatures for explicit congestion notification.
const FeatureECN = 1
