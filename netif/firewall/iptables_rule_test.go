package firewall

import (
	"fmt"
	"strings"
	"testing"
)

var (
	bothChains = Chains{In: "IN", Out: "OUT"}
	allSets    = Sets{IPv4: "v4", IPv6: "v6", Link6: "if6", IGMP: "igmp", MLD: "mld", ND: "nd"}
)

// text shows sets and rules, one a line.
func (pl *plan) text() string {
	var b strings.Builder
	for _, s := range pl.sets {
		fmt.Fprintf(&b, "%s%v\n", s.name, s.members)
	}
	for _, g := range pl.groups {
		for _, r := range g {
			command := map[bool]string{false: "4", true: "6"}[r.ipv6] + map[bool]string{false: "A", true: "I"}[r.first]
			fmt.Fprintf(&b, "%s %s %s\n", command, r.chain, r.words)
		}
	}
	return b.String()
}

// TestPlan has the sets and the rules of everything that may be wanted.
func TestPlan(t *testing.T) {
	global := State{Drops: []Drop{{Addr: addr("192.0.2.1")}, {Addr: addr("2001:db8::1")}}}
	link := State{Drops: []Drop{{Addr: addr("fe80::1"), Index: 7, Name: "eth0"}}}
	vmac := State{VMACs: []VMAC{{Name: "vrrp.1", Index: 7, Base: 2, BaseAddr: addr("fe80::9"), IPv4: true, IPv6: true}}}
	for _, c := range []struct {
		name   string
		chains Chains
		sets   Sets
		state  State
		want   string
	}{
		{"nothing", bothChains, allSets, State{}, ""},
		{"IPv4", bothChains, allSets, State{Drops: global.Drops[:1]}, `
v4[192.0.2.1]
4A IN -m set --match-set v4 dst -j DROP
4A OUT -m set --match-set v4 src -j DROP
`},
		{"IPv6", Chains{In: "IN"}, allSets, Merge(State{Drops: global.Drops[1:]}, link), `
v6[2001:db8::1]
if6[fe80::1 on eth0]
6A IN -p ipv6-icmp -m set --match-set if6 dst,src -m icmp6 --icmpv6-type 135 -j ACCEPT
6A IN -p ipv6-icmp -m set --match-set if6 dst,src -m icmp6 --icmpv6-type 136 -j ACCEPT
6A IN -m set --match-set if6 dst,src -j DROP
6A IN -p ipv6-icmp -m set --match-set v6 dst -m icmp6 --icmpv6-type 135 -j ACCEPT
6A IN -p ipv6-icmp -m set --match-set v6 dst -m icmp6 --icmpv6-type 136 -j ACCEPT
6A IN -m set --match-set v6 dst -j DROP
`},
		{"a VMAC", bothChains, allSets, vmac, `
igmp[224.0.0.0/4 on vrrp.1]
mld[ff00::/8 on vrrp.1]
nd[fe80::9 on vrrp.1]
4A OUT -p igmp -m set --match-set igmp dst,dst -j DROP
6A OUT -p ipv6-icmp -m set --match-set mld dst,dst -m icmp6 --icmpv6-type 143 -j DROP
6A OUT -p ipv6-icmp -m set --match-set mld dst,dst -m icmp6 --icmpv6-type 131 -j DROP
6A OUT -p ipv6-icmp -m set --match-set nd src,dst -m icmp6 --icmpv6-type 136 -j DROP
`},
		{"a VMAC with one chain", Chains{In: "IN"}, allSets, vmac, ""},
		{"no sets", bothChains, Sets{}, Merge(global, link), `
4A IN -d 192.0.2.1/32 -j DROP
4A OUT -s 192.0.2.1/32 -j DROP
6A IN -d 2001:db8::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
6A IN -d 2001:db8::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
6A IN -d 2001:db8::1/128 -j DROP
6A OUT -s 2001:db8::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
6A OUT -s 2001:db8::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
6A OUT -s 2001:db8::1/128 -j DROP
6A IN -d fe80::1/128 -i eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
6A IN -d fe80::1/128 -i eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
6A IN -d fe80::1/128 -i eth0 -j DROP
6A OUT -s fe80::1/128 -o eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
6A OUT -s fe80::1/128 -o eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
6A OUT -s fe80::1/128 -o eth0 -j DROP
`},
		{"a VMAC without sets", bothChains, Sets{}, vmac, `
4I OUT -o vrrp.1 -p igmp -j DROP
6I OUT -o vrrp.1 -p ipv6-icmp -m icmp6 --icmpv6-type 143 -j DROP
6I OUT -o vrrp.1 -p ipv6-icmp -m icmp6 --icmpv6-type 131 -j DROP
6I OUT -s fe80::9/128 -o vrrp.1 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP
`},
		{"a VMAC with one chain without sets", Chains{In: "IN"}, Sets{}, vmac, ""},
	} {
		pl := planOf(Settings{Chains: c.chains, Sets: c.sets}, c.state.parts(), c.state)
		if got, want := pl.text(), strings.TrimPrefix(c.want, "\n"); got != want {
			t.Errorf("%s:\n%swant\n%s", c.name, got, want)
		}
	}
}
