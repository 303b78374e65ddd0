package iptables

import (
	"fmt"
	"strings"
	"testing"
)

// refusing is a vrrp_instance of version 3 whose addresses are the words of a line.
func refusing(name string, id int, lines, addresses, excluded string) string {
	return fmt.Sprintf(`vrrp_instance %s {
	state MASTER
	interface eth0
	virtual_router_id %d
	version 3
	priority 100
	advert_int 0.2
	%s
	virtual_ipaddress {
		%s
	}
	virtual_ipaddress_excluded {
		%s
	}
}
`, name, id, lines, strings.ReplaceAll(addresses, ", ", "\n\t\t"), strings.ReplaceAll(excluded, ", ", "\n\t\t"))
}

const chains = "global_defs {\nvrrp_iptables VIPS_IN VIPS_OUT\n}\n"

// both are instances of both families.
var both = refusing("FOUR", 1, "no_accept", "192.168.4.80", "192.168.4.82, fd00::82") + refusing("SIX", 2, "no_accept", "fe80::80, fd00::80/64", "")

var bothAddresses = []string{"192.168.4.80", "192.168.4.82", "fd00::82", "fe80::80", "fd00::80"}

// setRules are the rules that go by sets, without those of the other chain where that is "".
func setRules(in, out string) []string {
	var list []string
	add := func(kind, chain, set, directions string) {
		if kind == "ip6" {
			for _, t := range []string{"135", "136"} {
				list = append(list, fmt.Sprintf("ip6 -A %s -p ipv6-icmp -m set --match-set %s %s -m icmp6 --icmpv6-type %s -j ACCEPT", chain, set, directions, t))
			}
		}
		list = append(list, fmt.Sprintf("%s -A %s -m set --match-set %s %s -j DROP", kind, chain, set, directions))
	}
	add("ip", in, "keepalived", "dst")
	if out != "" {
		add("ip", out, "keepalived", "src")
	}
	add("ip6", in, "keepalived_if6", "dst,src")
	add("ip6", in, "keepalived6", "dst")
	if out != "" {
		add("ip6", out, "keepalived_if6", "src,dst")
		add("ip6", out, "keepalived6", "src")
	}
	return list
}

// sets are the sets with members, which are of the set before them.
func sets(members ...string) (list []string) {
	for _, m := range members {
		switch name, element, found := strings.Cut(m, " "); {
		case found:
			list = append(list, "ipset add "+name+" "+element)
		case name == "keepalived":
			list = append(list, "ipset create keepalived hash:ip family inet")
		case name == "keepalived6":
			list = append(list, "ipset create keepalived6 hash:ip family inet6")
		case name == "keepalived_igmp":
			list = append(list, "ipset create keepalived_igmp hash:net,iface family inet")
		default:
			list = append(list, "ipset create "+name+" hash:net,iface family inet6")
		}
	}
	return list
}

var (
	fullSets = sets("keepalived", "keepalived 192.168.4.80", "keepalived 192.168.4.82",
		"keepalived6", "keepalived6 fd00::80", "keepalived6 fd00::82", "keepalived_if6", "keepalived_if6 fe80::80,eth0")
	emptySets = sets("keepalived", "keepalived6", "keepalived_if6")
)

// TestSets has all packets to addresses dropped by sets: as Master, in Fault, and at the end.
func TestSets(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	d := s.start(chains + both + refusing("ACCEPTS", 3, "accept", "192.168.4.81", "fd00::81"))
	s.holds(true, bothAddresses...)
	s.has("as Master", append(setRules("VIPS_IN", "VIPS_OUT"), fullSets...)...)
	s.dials(true, "192.168.4.81", "fd00::81")
	s.dials(false, "192.168.4.80", "192.168.4.82", "fd00::80", "fd00::82")
	s.knows("192.168.4.80", "fd00::80")
	s.must(s.web.LinkDown())
	s.has("in Fault", append(setRules("VIPS_IN", "VIPS_OUT"), emptySets...)...)
	s.must(s.web.LinkUp())
	s.has("as Master again", append(setRules("VIPS_IN", "VIPS_OUT"), fullSets...)...)
	s.stop(d)
	s.has("at the end")
}

// TestOneChain filters only what comes in, with sets of other names.
func TestOneChain(t *testing.T) {
	s := newSite(t, "legacy")
	d := s.start("global_defs {\nvrrp_iptables INPUT\nvrrp_ipsets mine\n}\n" + refusing("FOUR", 1, "no_accept", "192.168.4.80", ""))
	s.has("as Master", "ip -A INPUT -m set --match-set mine dst -j DROP", "ipset create mine hash:ip family inet", "ipset add mine 192.168.4.80")
	s.dials(false, "192.168.4.80")
	s.stop(d)
	s.has("at the end")
}

// TestRulesByAddress does without sets.
func TestRulesByAddress(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	d := s.start("global_defs {\nvrrp_iptables VIPS_IN VIPS_OUT\nvrrp_ipsets\n}\n" + refusing("FOUR", 1, "no_accept", "192.168.4.80", "") + refusing("SIX", 2, "no_accept", "fe80::80", ""))
	s.has("as Master",
		"ip -A VIPS_IN -d 192.168.4.80/32 -j DROP", "ip -A VIPS_OUT -s 192.168.4.80/32 -j DROP",
		"ip6 -A VIPS_IN -d fe80::80/128 -i eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT",
		"ip6 -A VIPS_IN -d fe80::80/128 -i eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT",
		"ip6 -A VIPS_IN -d fe80::80/128 -i eth0 -j DROP",
		"ip6 -A VIPS_OUT -s fe80::80/128 -o eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT",
		"ip6 -A VIPS_OUT -s fe80::80/128 -o eth0 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT",
		"ip6 -A VIPS_OUT -s fe80::80/128 -o eth0 -j DROP")
	s.dials(false, "192.168.4.80")
	s.must(s.web.LinkDown())
	s.has("in Fault")
	s.must(s.web.LinkUp())
	s.holds(true, "192.168.4.80")
	s.stop(d)
	s.has("at the end")
}

// TestVMACs keeps back what links with a virtual MAC report of multicast groups.
func TestVMACs(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	vmacs := refusing("FOUR", 1, "use_vmac", "192.168.4.80", "") + refusing("SIX", 2, "use_vmac", "fe80::80, fd00::80/64", "")
	d := s.start(chains + vmacs)
	s.holds(true, "192.168.4.80", "fd00::80")
	bySet := []string{
		"ip -A VIPS_OUT -p igmp -m set --match-set keepalived_igmp dst,dst -j DROP",
		"ip6 -A VIPS_OUT -p ipv6-icmp -m set --match-set keepalived_mld dst,dst -m icmp6 --icmpv6-type 143 -j DROP",
		"ip6 -A VIPS_OUT -p ipv6-icmp -m set --match-set keepalived_mld dst,dst -m icmp6 --icmpv6-type 131 -j DROP",
		"ip6 -A VIPS_OUT -p ipv6-icmp -m set --match-set keepalived_nd src,dst -m icmp6 --icmpv6-type 136 -j DROP",
		"ipset create keepalived_igmp hash:net,iface family inet", "ipset add keepalived_igmp 224.0.0.0/4,vrrp.1",
		"ipset create keepalived_mld hash:net,iface family inet6", "ipset add keepalived_mld ff00::/8,vrrp.2",
		"ipset create keepalived_nd hash:net,iface family inet6", "ipset add keepalived_nd fe80::100,vrrp.2",
	}
	s.has("with sets", bySet...)
	s.run("ip6tables -F VIPS_OUT") // nothing is dropped, and it is looked at all the same
	s.has("when it was put back", bySet...)
	s.dials(true, "192.168.4.80", "fd00::80")
	s.must(d.Reconfigure("global_defs {\nvrrp_iptables VIPS_IN VIPS_OUT\nvrrp_ipsets\n}\n" + vmacs))
	s.has("without sets",
		"ip -A VIPS_OUT -o vrrp.1 -p igmp -j DROP",
		"ip6 -A VIPS_OUT -s fe80::100/128 -o vrrp.2 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP",
		"ip6 -A VIPS_OUT -o vrrp.2 -p ipv6-icmp -m icmp6 --icmpv6-type 131 -j DROP",
		"ip6 -A VIPS_OUT -o vrrp.2 -p ipv6-icmp -m icmp6 --icmpv6-type 143 -j DROP")
	s.stop(d)
	s.has("at the end")
}

// TestRealtime has commands run without the priority and the limit of a realtime process, which would end them.
func TestRealtime(t *testing.T) {
	s := newSite(t, "legacy")
	file := s.watchTools()
	d := s.start("global_defs {\nvrrp_iptables INPUT\nvrrp_rt_priority 50\n}\n" + refusing("FOUR", 1, "no_accept", "192.168.4.80", ""))
	s.holds(true, "192.168.4.80")
	lines := strings.Split(strings.TrimSpace(s.run("cat "+file)), "\n")
	if len(lines) < 3 {
		t.Errorf("only %q were run", lines)
	}
	for i, line := range lines {
		if !strings.HasSuffix(line, "policy 0 Max realtime timeout unlimited unlimited us") {
			t.Errorf("command %d was run as %s", i, line)
		}
	}
	s.stop(d)
	s.has("at the end")
}
