package netif

import (
	"maps"
	"net/netip"
	"slices"
)

// Primary returns the address that adverts of the family (4 or 6) are sent from: the first one in the kernel's order
// that exclude, which tells the virtual addresses, does not refuse. Of IPv6 only link-local addresses are taken
// (RFC 9568, section 5.1.2.1). exclude may be nil.
func (l Link) Primary(family int, exclude func(netip.Addr) bool) (netip.Addr, bool) {
	for _, p := range l.Addresses {
		a := p.Addr()
		if a.Is4() != (family == 4) || (a.Is6() && !a.IsLinkLocalUnicast()) {
			continue
		}
		if exclude == nil || !exclude(a) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// equal compares everything, the order of addresses included.
func (l Link) equal(o Link) bool {
	if !slices.Equal(l.Addresses, o.Addresses) {
		return false
	}
	return l.Index == o.Index && l.Name == o.Name && l.HardwareAddr == o.HardwareAddr && l.BroadcastAddr == o.BroadcastAddr &&
		l.MTU == o.MTU && l.Hardware == o.Hardware && l.Group == o.Group && l.Kind == o.Kind && l.Mode == o.Mode &&
		l.Parent == o.Parent && l.Far == o.Far && l.Master == o.Master && l.Beat == o.Beat && l.flags() == o.flags()
}

// Equal tells whether both are the same view. ByName follows from ByIndex and is not compared.
func (s State) Equal(o State) bool {
	return maps.EqualFunc(s.ByIndex, o.ByIndex, Link.equal)
}

// Stacked tells whether the link is a macvlan or an ipvlan, which send through the one below them.
func (l Link) Stacked() bool { return l.Kind == "macvlan" || l.Kind == "ipvlan" }

func (l Link) flags() [7]bool {
	return [7]bool{l.Up, l.Running, l.Loopback, l.NoARP, l.Broadcast, l.Multicast, l.PointToPoint}
}
