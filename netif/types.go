package netif

import "net/netip"

// Link is one network interface as the kernel shows it.
type Link struct {
	Index        int
	Name         string
	HardwareAddr [6]byte // zero when the link has none
	MTU          int
	Up           bool // administratively up
	Running      bool // has carrier (operational)
	Loopback     bool
	NoARP        bool
	Broadcast    bool   // it can
	Multicast    bool   // it can
	PointToPoint bool   // it has one peer
	Hardware     uint16 // ARPHRD_*: 1 is Ethernet, 772 the loopback
	Group        uint32
	Kind         string // "veth", "macvlan", ""...
	Mode         Mode   // of a macvlan or ipvlan
	Parent       int    // index of the link that it stands on (macvlan, ipvlan) or is the other end of (veth), 0: none
	Far          Far    // what a macvlan or ipvlan stands on whose Parent is 0 because another namespace has that link
	Master       int    // index of the bridge or VRF that it belongs to, 0: none
	// Beat is how the driver was asked whether the link is up; AnyBeat is for a link that was not polled.
	Beat Beat
	// BroadcastAddr is the hardware address that all hear, zero when the link has none.
	BroadcastAddr [6]byte
	// Addresses of the link in the kernel's order: the first of a family that is no virtual address of ours is primary.
	Addresses []netip.Prefix
}

// Far is a link of another network namespace. The zero value is none.
type Far struct {
	Namespace int32 // the number that the kernel gives that namespace in this one
	Index     int
}

// Ready tells whether packets can pass: up and with carrier.
func (l Link) Ready() bool { return l.Up && l.Running }

// State is the whole view of the interfaces at one moment. Values are never changed after they were handed out.
type State struct {
	ByIndex map[int]Link
	ByName  map[string]Link
}

// Address is one address to be put on an interface, with the options that ip-address(8) knows.
type Address struct {
	Prefix        netip.Prefix
	Peer          netip.Prefix // invalid: none
	Dev           string       // interface name
	Broadcast     netip.Addr   // invalid: none (already computed from + and -)
	Scope         uint8        // RT_SCOPE_*
	Label         string       // IPv4
	HomeAddress   bool
	MngTmpAddr    bool
	NoPrefixRoute bool
	AutoJoin      bool
	NoDAD         bool   // IPv6: no duplicate address detection
	PreferredLife uint32 // seconds; Forever
}

// Forever is the lifetime that does not end.
const Forever = 0xffffffff
