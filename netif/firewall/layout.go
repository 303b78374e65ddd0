package firewall

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// The names of sets and chains are upstream's.
const (
	setVIPs      = "vips"
	setLinkIndex = "vips_link_local"
	setLinkName  = "vips_link_local_name"
	setNeighbour = "neighbor-discovery"
	setVMACs     = "vmac_set"
	setReports   = "mld-report"
	setParents   = "parent_link_local"
	mapVMACs     = "vmac_map"

	chainIn      = "in"
	chainOut     = "out"
	chainInLink  = "in_link_local"
	chainOutLink = "out_link_local"
)

// element is one element of a set, or of a map where value is not empty.
type element struct{ key, value string }

// set is a set of a table with what is in it.
type set struct {
	name     string
	key      nftables.SetDatatype
	isMap    bool // from a link to a link
	constant bool
	elements []element
}

// chain is a chain of a table; hook is nil for one that others jump to.
type chain struct {
	name string
	hook *nftables.ChainHook
}

// layout is a whole table of one family. One without chains is no table.
type layout struct {
	family nftables.TableFamily
	sets   []set
	chains []chain
	rules  []rule
}

var (
	addrAndIndex = nftables.MustConcatSetType(nftables.TypeIP6Addr, nftables.TypeIFIndex)
	addrAndName  = nftables.MustConcatSetType(nftables.TypeIP6Addr, nftables.TypeIFName)
)

// layouts are the tables of both families that have these parts and this content.
func layouts(s Settings, p part, state State) []layout {
	return []layout{layout4(s, p, state), layout6(s, p, state)}
}

func layout4(s Settings, p part, state State) layout {
	l := layout{family: nftables.TableFamilyIPv4}
	if p&(dropIPv4|vmacIPv4) == 0 {
		return l
	}
	l.chains = append(l.chains, chain{chainOut, nftables.ChainHookOutput})
	if p&vmacIPv4 != 0 {
		l.sets = append(l.sets, set{name: mapVMACs, key: nftables.TypeIFIndex, isMap: true, elements: state.vmacs(isIPv4, true)})
		l.add(s, chainOut, igmpReports()...)
	}
	if p&dropIPv4 != 0 {
		l.chains = append(l.chains, chain{chainIn, nftables.ChainHookInput})
		l.sets = append(l.sets, set{name: setVIPs, key: nftables.TypeIPAddr, elements: state.addresses(netip.Addr.Is4)})
		l.add(s, chainIn, dropAddress(nftables.TableFamilyIPv4, false)...)
		l.add(s, chainOut, dropAddress(nftables.TableFamilyIPv4, true)...)
	}
	return l
}

func layout6(s Settings, p part, state State) layout {
	l := layout{family: nftables.TableFamilyIPv6}
	if p&(dropIPv6|vmacIPv6) == 0 {
		return l
	}
	l.chains = append(l.chains, chain{chainOut, nftables.ChainHookOutput})
	if p&vmacIPv6 != 0 {
		l.addVMACs(s, state)
	}
	if p&dropIPv6 != 0 {
		l.addDrops6(s, p, state)
	}
	return l
}

// addVMACs adds what links with a virtual MAC need of IPv6.
func (l *layout) addVMACs(s Settings, state State) {
	parents := set{name: setParents, key: addrAndName, elements: state.parents(s.IfIndex)}
	if s.IfIndex {
		parents.key = addrAndIndex
	}
	l.sets = append(l.sets, parents,
		set{name: mapVMACs, key: nftables.TypeIFIndex, isMap: true, elements: state.vmacs(isIPv6, true)},
		set{name: setVMACs, key: nftables.TypeIFIndex, elements: state.vmacs(isIPv6, false)},
		set{name: setReports, key: nftables.TypeICMP6Type, constant: true, elements: types(reportMLD, reportMLD2)})
	l.add(s, chainOut, parentAdverts(s.IfIndex)...)
	l.add(s, chainOut, mldReports()...)
	l.add(s, chainOut, routerSolicits()...)
}

// addDrops6 adds what drops addresses of IPv6. Neighbour discovery passes, else the router could not be found.
func (l *layout) addDrops6(s Settings, p part, state State) {
	l.chains = append(l.chains, chain{chainIn, nftables.ChainHookInput}, chain{chainInLink, nil}, chain{chainOutLink, nil})
	l.sets = append(l.sets,
		set{name: setVIPs, key: nftables.TypeIP6Addr, elements: state.addresses(isGlobal6)},
		set{name: setNeighbour, key: nftables.TypeICMP6Type, constant: true, elements: types(neighbourSolicit, neighbourAdvert)})
	l.add(s, chainIn, acceptNeighbours()...)
	l.add(s, chainIn, gotoLinkLocal(false, chainInLink)...)
	l.add(s, chainOut, acceptNeighbours()...)
	l.add(s, chainOut, gotoLinkLocal(true, chainOutLink)...)
	l.add(s, chainIn, dropAddress(nftables.TableFamilyIPv6, false)...)
	l.add(s, chainOut, dropAddress(nftables.TableFamilyIPv6, true)...)
	for _, one := range []struct {
		part   part
		name   string
		key    nftables.SetDatatype
		byName bool
	}{{dropLinkIndex, setLinkIndex, addrAndIndex, false}, {dropLinkName, setLinkName, addrAndName, true}} {
		if p&one.part == 0 {
			continue
		}
		l.sets = append(l.sets, set{name: one.name, key: one.key, elements: state.linkLocal(one.byName)})
		l.add(s, chainInLink, dropOnLink(one.name, false, one.byName)...)
		l.add(s, chainOutLink, dropOnLink(one.name, true, one.byName)...)
	}
}

func isIPv4(v VMAC) bool { return v.IPv4 }
func isIPv6(v VMAC) bool { return v.IPv6 }

func isGlobal6(a netip.Addr) bool { return a.Is6() && !a.IsLinkLocalUnicast() }

// addresses are the dropped addresses that one set takes.
func (s State) addresses(takes func(netip.Addr) bool) []element {
	var list []element
	for _, d := range s.Drops {
		if takes(d.Addr) {
			list = append(list, element{key: string(d.Addr.AsSlice())})
		}
	}
	return unique(list)
}

// linkLocal are the dropped addresses that count on one link.
func (s State) linkLocal(byName bool) []element {
	var list []element
	for _, d := range s.Drops {
		if !d.onLink() || byName != (d.Index == 0) {
			continue
		}
		link := index(d.Index)
		if byName {
			link = name(d.Name)
		}
		list = append(list, element{key: string(d.Addr.AsSlice()) + link})
	}
	return unique(list)
}

// vmacs are the links of one family, with the links below them in a map.
func (s State) vmacs(of func(VMAC) bool, withBase bool) []element {
	var list []element
	for _, v := range s.VMACs {
		if !of(v) {
			continue
		}
		e := element{key: index(v.Index)}
		if withBase {
			e.value = index(v.Base)
		}
		list = append(list, e)
	}
	return unique(list)
}

// parents are the addresses of the links below, each with the link above.
func (s State) parents(byIndex bool) []element {
	var list []element
	for _, v := range s.VMACs {
		if !v.IPv6 || !v.BaseAddr.Is6() {
			continue
		}
		link := name(v.Name)
		if byIndex {
			link = index(v.Index)
		}
		list = append(list, element{key: string(v.BaseAddr.AsSlice()) + link})
	}
	return unique(list)
}

func types(list ...byte) []element {
	elements := make([]element, len(list))
	for i, t := range list {
		elements[i].key = string([]byte{t})
	}
	return elements
}

// unique takes those out that are there already: two instances may have one address.
func unique(list []element) []element {
	seen := make(map[string]bool, len(list))
	out := list[:0]
	for _, e := range list {
		if !seen[e.key] {
			seen[e.key] = true
			out = append(out, e)
		}
	}
	return out
}

// index and name are a link as a set has it.
func index(i int) string {
	return string(binary.NativeEndian.AppendUint32(nil, uint32(i))) //nolint:gosec // of the kernel, positive
}

func name(s string) string {
	var b [unix.IFNAMSIZ]byte
	copy(b[:], s)
	return string(b[:])
}
