package firewall

import (
	"cmp"
	"net/netip"
	"slices"
)

// Settings are what the firewall looks like, whatever is in it. They can be compared.
type Settings struct {
	// Of nftables.

	Table    string // its name, at most 254 bytes; "" is DefaultTable
	Priority int32  // of the chains at their hooks
	Counters bool   // each rule counts packets
	IfIndex  bool   // the own addresses of parents of links are kept with the index of the link, not with its name

	// Of iptables, which is used where Chains.In is not empty.
	Chains Chains
	Sets   Sets
}

// Chains are chains of the filter tables of iptables and ip6tables. They are the administrator's, who makes them and
// has packets go through them. Out may be empty: what the host sends is not filtered then. Keyword vrrp_iptables.
type Chains struct{ In, Out string }

// Sets are the names of the ipsets that the rules in chains go by; none is empty. Without sets, which is the zero value,
// each address has rules of its own. Keyword vrrp_ipsets.
type Sets struct {
	IPv4, IPv6 string // addresses
	Link6      string // link-local addresses, each with a link
	IGMP, MLD  string // links with a virtual MAC
	ND         string // addresses that such links must not announce
}

// DefaultTable is the name of a table that has been given none.
const DefaultTable = "keepalived"

func (s Settings) table() string { return cmp.Or(s.Table, DefaultTable) }

// Drop is an address to which and from which no packet passes. A link-local one is dropped on one link only. That has a
// name, and is known by its index where Index is not 0 and the firewall knows links by their indices.
type Drop struct {
	Addr  netip.Addr
	Index int
	Name  string
}

// onLink tells whether the address is dropped on one link only.
func (d Drop) onLink() bool { return d.Addr.Is6() && d.Addr.IsLinkLocalUnicast() }

// VMAC is a link with a virtual MAC. What it reports of multicast groups leaves by its base in the family of IPv4 and
// IPv6 each, where that is set.
type VMAC struct {
	Name        string
	Index, Base int        // of the link and of the one below it
	BaseAddr    netip.Addr // the link-local address of the base, which must not be announced over the link
	IPv4, IPv6  bool
}

// of tells whether the link is one of a family.
func (v VMAC) of(ipv6 bool) bool { return ipv6 && v.IPv6 || !ipv6 && v.IPv4 }

// State is what the firewall is to have.
type State struct {
	Drops []Drop
	VMACs []VMAC
}

// Merge is the union of several states, in an order that depends on what is in them alone.
func Merge(states ...State) State {
	var all State
	for _, s := range states {
		all.Drops = append(all.Drops, s.Drops...)
		all.VMACs = append(all.VMACs, s.VMACs...)
	}
	slices.SortFunc(all.Drops, func(a, b Drop) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(all.VMACs, func(a, b VMAC) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Name, b.Name)) })
	all.Drops, all.VMACs = slices.Compact(all.Drops), slices.Compact(all.VMACs)
	return all
}

// Empty tells whether nothing is wanted.
func (s State) Empty() bool { return len(s.Drops) == 0 && len(s.VMACs) == 0 }

// part is a piece of the firewall that is made when it is needed first, and stays.
type part uint8

const (
	dropIPv4 part = 1 << iota
	dropIPv6
	dropLinkIndex // link-local addresses by the index of a link
	dropLinkName
	vmacIPv4
	vmacIPv6
)

// parts are those that a state needs.
func (s State) parts() part {
	var p part
	for _, d := range s.Drops {
		switch {
		case d.Addr.Is4():
			p |= dropIPv4
		case !d.onLink():
			p |= dropIPv6
		case d.Index == 0:
			p |= dropIPv6 | dropLinkName
		default:
			p |= dropIPv6 | dropLinkIndex
		}
	}
	for _, v := range s.VMACs {
		if v.IPv4 {
			p |= vmacIPv4
		}
		if v.IPv6 {
			p |= vmacIPv6
		}
	}
	return p
}
