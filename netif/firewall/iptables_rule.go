package firewall

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// chainRule is a rule of a chain of iptables or ip6tables.
type chainRule struct {
	ipv6  bool
	chain string
	words string // in the order in which iptables -S shows them
	first bool   // it goes to the beginning of the chain, before everything that lets packets pass
}

// member is one of what is in a set: a network, in some sets with a link.
type member struct {
	prefix netip.Prefix
	link   string
}

// everything tells whether a member is all addresses on a link, as upstream has them. The library cannot delete it.
func (m member) everything() bool { return m.prefix.Bits() == 0 }

func (m member) String() string {
	text := m.prefix.String()
	if m.prefix.IsSingleIP() {
		text = m.prefix.Addr().String()
	}
	if m.link != "" {
		text += " on " + m.link
	}
	return text
}

// ipset is a set with what is in it.
type ipset struct {
	name    string
	ipv6    bool
	links   bool // each member has a link
	members []member
}

// has tells whether a member is in a set. s may be nil.
func (s *ipset) has(m member) bool { return s != nil && slices.Contains(s.members, m) }

// group are rules that follow each other in one chain. Two groups have the same rules or none in common.
type group []chainRule

// plan is what chains and sets are to have.
type plan struct {
	sets   []ipset
	groups []group
}

// ipv6 and vmacs tell what parts are about.
func (p part) ipv6() bool  { return p&(dropIPv6|vmacIPv6) != 0 }
func (p part) vmacs() bool { return p&(vmacIPv4|vmacIPv6) != 0 }

// Where reports of multicast groups go. Upstream has all addresses in the sets, which the library cannot write.
var (
	groupsIPv4 = netip.MustParsePrefix("224.0.0.0/4")
	groupsIPv6 = netip.MustParsePrefix("ff00::/8")
)

// newPlan is what a part is to have of this content.
func newPlan(s Settings, p part, state State) plan {
	if s.Sets == (Sets{}) {
		return planByAddress(s.Chains, p, state)
	}
	return planBySet(s, p, state)
}

// planBySet has the same few rules whatever is dropped.
func planBySet(s Settings, p part, state State) plan {
	var pl plan
	c, sets := s.Chains, s.Sets
	if p&dropIPv4 != 0 {
		pl.sets = append(pl.sets, ipset{name: sets.IPv4, members: state.members(netip.Addr.Is4, false)})
		pl.drop(c, false, matchSet(sets.IPv4, "dst"), matchSet(sets.IPv4, "src"))
	}
	if p&dropIPv6 != 0 {
		pl.sets = append(pl.sets,
			ipset{name: sets.IPv6, ipv6: true, members: state.members(isGlobal6, false)},
			ipset{name: sets.Link6, ipv6: true, links: true, members: state.members(netip.Addr.IsLinkLocalUnicast, true)})
		pl.drop(c, true, matchSet(sets.Link6, "dst,src"), matchSet(sets.Link6, "src,dst"))
		pl.drop(c, true, matchSet(sets.IPv6, "dst"), matchSet(sets.IPv6, "src"))
	}
	if c.Out == "" {
		return pl // what VMACs send is left alone
	}
	if p&vmacIPv4 != 0 {
		pl.sets = append(pl.sets, ipset{name: sets.IGMP, links: true, members: state.reporters(isIPv4, groupsIPv4)})
		pl.add(c.dropIGMP(matchSet(sets.IGMP, "dst,dst")))
	}
	if p&vmacIPv6 != 0 {
		pl.sets = append(pl.sets,
			ipset{name: sets.MLD, ipv6: true, links: true, members: state.reporters(isIPv6, groupsIPv6)},
			ipset{name: sets.ND, ipv6: true, links: true, members: state.bases()})
		pl.add(c.dropICMP6(matchSet(sets.MLD, "dst,dst"), reportMLD2), c.dropICMP6(matchSet(sets.MLD, "dst,dst"), reportMLD))
		pl.add(c.dropICMP6(matchSet(sets.ND, "src,dst"), neighbourAdvert))
	}
	return pl
}

// planByAddress has rules for each address and for each link.
func planByAddress(c Chains, p part, state State) plan {
	var pl plan
	for _, d := range state.Drops {
		if !d.Addr.Is6() && p&dropIPv4 == 0 || d.Addr.Is6() && p&dropIPv6 == 0 {
			continue
		}
		in, out := "-d "+host(d.Addr), "-s "+host(d.Addr)
		if d.onLink() {
			in, out = in+" -i "+d.Name, out+" -o "+d.Name
		}
		pl.drop(c, d.Addr.Is6(), match{ends: in}, match{ends: out})
	}
	if c.Out == "" {
		return pl
	}
	for _, v := range state.VMACs {
		link := match{ends: "-o " + v.Name}
		if v.IPv4 && p&vmacIPv4 != 0 {
			pl.add(c.dropIGMP(link).asFirst())
		}
		if !v.IPv6 || p&vmacIPv6 == 0 {
			continue
		}
		pl.add(c.dropICMP6(link, reportMLD2).asFirst())
		pl.add(c.dropICMP6(link, reportMLD).asFirst())
		if v.BaseAddr.Is6() {
			pl.add(c.dropICMP6(match{ends: "-s " + host(v.BaseAddr) + " -o " + v.Name}, neighbourAdvert).asFirst())
		}
	}
	return pl
}

func (r chainRule) asFirst() chainRule {
	r.first = true
	return r
}

// add adds one group.
func (pl *plan) add(rules ...chainRule) { pl.groups = append(pl.groups, rules) }

// key tells groups apart.
func (g group) key() string {
	var b strings.Builder
	for _, r := range g {
		fmt.Fprintln(&b, r.ipv6, r.chain, r.words)
	}
	return b.String()
}

// minus are the groups that are not in other, each once.
func (pl *plan) minus(other *plan) []group {
	there := make(map[string]bool, len(other.groups))
	for _, g := range other.groups {
		there[g.key()] = true
	}
	var rest []group
	for _, g := range pl.groups {
		if key := g.key(); !there[key] {
			there[key] = true
			rest = append(rest, g)
		}
	}
	return rest
}

// with is what is in one of two plans.
func (pl *plan) with(other *plan) plan {
	both := plan{slices.Clone(pl.sets), append(slices.Clone(pl.groups), other.minus(pl)...)}
	for _, s := range other.sets {
		if own := both.set(s.name); own != nil {
			own.members = append(slices.Clone(own.members), without(s.members, own.members)...)
		} else {
			both.sets = append(both.sets, s)
		}
	}
	return both
}

// set is the one of a name, nil where there is none.
func (pl *plan) set(name string) *ipset {
	for i := range pl.sets {
		if pl.sets[i].name == name {
			return &pl.sets[i]
		}
	}
	return nil
}

// match is what a rule asks of a packet. iptables shows addresses and links before the protocol, and a set behind it.
type match struct{ ends, set string }

func matchSet(name, directions string) match {
	return match{set: "-m set --match-set " + name + " " + directions}
}

// all, igmp and icmp6 are the words of a rule for all packets, for those of IGMP, and for one type of ICMPv6.
func (m match) all(target string) string { return spec(m.ends, m.set, "-j "+target) }
func (m match) igmp(target string) string {
	return spec(m.ends, "-p igmp", m.set, "-j "+target)
}
func (m match) icmp6(t byte, target string) string {
	return spec(m.ends, "-p ipv6-icmp", m.set, fmt.Sprintf("-m icmp6 --icmpv6-type %d", t), "-j "+target)
}

func spec(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// drop adds what drops packets that come in and that go out. Neighbour discovery passes, else the router could not be
// found.
func (pl *plan) drop(c Chains, ipv6 bool, in, out match) {
	for _, way := range []struct {
		chain string
		match match
	}{{c.In, in}, {c.Out, out}} {
		if way.chain == "" {
			continue
		}
		var rules group
		if ipv6 {
			for _, t := range []byte{neighbourSolicit, neighbourAdvert} {
				rules = append(rules, chainRule{ipv6: true, chain: way.chain, words: way.match.icmp6(t, "ACCEPT")})
			}
		}
		pl.add(append(rules, chainRule{ipv6: ipv6, chain: way.chain, words: way.match.all("DROP")})...)
	}
}

// dropIGMP and dropICMP6 drop what goes out of IGMP, and of one type of ICMPv6.
func (c Chains) dropIGMP(m match) chainRule { return chainRule{chain: c.Out, words: m.igmp("DROP")} }
func (c Chains) dropICMP6(m match, t byte) chainRule {
	return chainRule{ipv6: true, chain: c.Out, words: m.icmp6(t, "DROP")}
}

func host(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }

// members are the dropped addresses that one set takes.
func (s State) members(takes func(netip.Addr) bool, withLink bool) []member {
	var list []member
	for _, d := range s.Drops {
		if !takes(d.Addr) || withLink != d.onLink() {
			continue
		}
		m := member{prefix: netip.PrefixFrom(d.Addr, d.Addr.BitLen())}
		if withLink {
			m.link = d.Name
		}
		list = append(list, m)
	}
	return list
}

// reporters are the links that report groups of one family.
func (s State) reporters(of func(VMAC) bool, groups netip.Prefix) []member {
	var list []member
	for _, v := range s.VMACs {
		if of(v) {
			list = append(list, member{groups, v.Name})
		}
	}
	return list
}

// bases are the addresses of the links below, each with the link above.
func (s State) bases() []member {
	var list []member
	for _, v := range s.VMACs {
		if v.IPv6 && v.BaseAddr.Is6() {
			list = append(list, member{netip.PrefixFrom(v.BaseAddr, v.BaseAddr.BitLen()), v.Name})
		}
	}
	return list
}

// without are the members of a list that are not in other, each once.
func without(list, other []member) []member {
	seen := make(map[member]bool, len(other)+len(list))
	for _, m := range other {
		seen[m] = true
	}
	var rest []member
	for _, m := range list {
		if !seen[m] {
			seen[m] = true
			rest = append(rest, m)
		}
	}
	return rest
}
