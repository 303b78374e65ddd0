package config

import (
	"reflect"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// TestFirewallChoice has every way to say by what packets are dropped.
func TestFirewallChoice(t *testing.T) {
	usual := [6]string{"keepalived", "keepalived6", "keepalived_if6", "keepalived_igmp", "keepalived_mld", "keepalived_nd"}
	hosts := IPTables{"INPUT", "OUTPUT"}
	long := strings.Repeat("x", 30)
	const needs = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nuse_vmac\n" + vip + "}\n"
	for _, c := range []struct {
		name, lines, after string
		table              string
		chains             IPTables
		sets               IPSets
		says               string // "" for nothing
		status             parser.Status
	}{
		{name: "nothing is configured or needed"},
		{name: "nothing is configured", after: needs, table: "keepalived", says: "no firewall configured - using nftables"},
		{name: "nftables", lines: "nftables t", after: needs, table: "t"},
		{name: "iptables", lines: "vrrp_iptables", after: needs, chains: hosts, sets: IPSets{Names: usual}},
		{name: "iptables without need", lines: "vrrp_iptables", chains: hosts, sets: IPSets{Names: usual}},
		{name: "one chain", lines: "vrrp_iptables A", chains: IPTables{In: "A"}, sets: IPSets{Names: usual}},
		{name: "two chains", lines: "vrrp_iptables A B", chains: IPTables{"A", "B"}, sets: IPSets{Names: usual}},
		{name: "one chain twice", lines: "vrrp_iptables A A", after: needs, table: "keepalived", says: "both chains are A", status: parser.StatusConfig},
		{name: "a long chain", lines: "vrrp_iptables " + long, says: "longer than 27", status: parser.StatusConfig},
		{name: "a long second chain", lines: "vrrp_iptables A " + long, chains: IPTables{In: "A"}, sets: IPSets{Names: usual}, says: "longer than 27", status: parser.StatusConfig},
		{name: "a name with a space", lines: `vrrp_iptables "a b"`, says: "iptables cannot use", status: parser.StatusConfig},
		{name: "a name like an option", lines: "vrrp_iptables -F", says: "iptables cannot use", status: parser.StatusConfig},
		{name: "a set with a space", lines: "vrrp_iptables\nvrrp_ipsets 'a b'", chains: hosts, sets: IPSets{Names: usual}, says: "iptables cannot use", status: parser.StatusConfig},
		{name: "no name", lines: `vrrp_iptables ""`, says: "is empty", status: parser.StatusConfig},
		{name: "twice", lines: "vrrp_iptables A B\nvrrp_iptables", chains: IPTables{"A", "B"}, sets: IPSets{Names: usual}, says: "given before", status: parser.StatusConfig},
		{name: "both", lines: "vrrp_iptables\nvrrp_ipsets a\nnftables", table: "keepalived", says: "so iptables is not used"},
		{name: "no sets", lines: "vrrp_ipsets\nvrrp_iptables", chains: hosts, sets: IPSets{Disabled: true}},
		{name: "sets alone", lines: "vrrp_ipsets a", says: "no effect without vrrp_iptables"},
		{name: "one set", lines: "vrrp_iptables\nvrrp_ipsets a", chains: hosts, sets: IPSets{Names: [6]string{"a", "a6", "a_if6", "a_igmp", "a_mld", "a_nd"}}},
		{name: "two sets", lines: "vrrp_iptables\nvrrp_ipsets a b", chains: hosts, sets: IPSets{Names: [6]string{"a", "b", "b_if6", "a_igmp", "a_mld", "a_nd"}}},
		{name: "all sets", lines: "vrrp_iptables\nvrrp_ipsets a b c d e f g", chains: hosts, sets: IPSets{Names: [6]string{"a", "b", "c", "d", "e", "f"}}},
		{name: "a set twice", lines: "vrrp_iptables\nvrrp_ipsets a b a", chains: hosts, sets: IPSets{Names: usual}, says: "a is used more than once", status: parser.StatusConfig},
		{name: "a long set", lines: "vrrp_iptables\nvrrp_ipsets x" + long, chains: hosts, sets: IPSets{Names: usual}, says: "longer than 30", status: parser.StatusConfig},
		{name: "the longest sets", lines: "vrrp_iptables\nvrrp_ipsets " + long, chains: hosts, sets: IPSets{
			Names: [6]string{long, long + "6", long[:27] + "_if6", long[:26] + "_igmp", long[:27] + "_mld", long[:27] + "_nd"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, diags := decodeText(t, "global_defs {\n"+c.lines+"\n}\n"+c.after)
			g := cfg.Global
			if g.NFTables != c.table || g.VRRPIPTables != c.chains || !reflect.DeepEqual(g.VRRPIPSets, c.sets) {
				t.Errorf("table %q, chains %v, sets %v", g.NFTables, g.VRRPIPTables, g.VRRPIPSets)
			}
			if c.says == "" && len(diags) > 0 || c.says != "" && !says(diags, c.says) || status(diags) != c.status {
				t.Errorf("status %d: %v", status(diags), diags)
			}
		})
	}
}
