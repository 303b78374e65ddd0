package status

import (
	"strings"
	"testing"

	"keepalived-go/config"
)

// TestFirewallLines has chains and sets of iptables in the dump where that is used, and nothing of it elsewhere.
func TestFirewallLines(t *testing.T) {
	names := config.IPSets{Names: [6]string{"a", "a6", "a_if6", "a_igmp", "a_mld", "a_nd"}}
	for _, c := range []struct {
		name   string
		global config.Global
		want   string
	}{
		{"nftables", config.Global{NFTables: "t"}, " nftables table name = t"},
		{"iptables", config.Global{VRRPIPTables: config.IPTables{In: "IN", Out: "OUT"}, VRRPIPSets: names},
			" Iptables input chain = IN| Iptables output chain = OUT| Using ipsets = true| ipset IPv4 address set = a| ipset IPv6 address set = a6|" +
				" ipset IPv6 address,iface set = a_if6| ipset IGMP set = a_igmp| ipset MLD set = a_mld| ipset ND set = a_nd"},
		{"one chain without sets", config.Global{VRRPIPTables: config.IPTables{In: "IN"}, VRRPIPSets: config.IPSets{Disabled: true}},
			" Iptables input chain = IN| Using ipsets = false"},
	} {
		var out text
		out.firewall(c.global)
		var lines []string
		for line := range strings.Lines(out.String()) {
			line = strings.TrimRight(line, "\n")
			if strings.Contains(line, "table name") || strings.Contains(line, "Iptables") || strings.Contains(line, "ipset") {
				lines = append(lines, line)
			}
		}
		if got := strings.Join(lines, "|"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestDroppedAddresses tells by what packets to an address are dropped.
func TestDroppedAddresses(t *testing.T) {
	v := sampleView(t)
	in := &v.Instances[0]
	in.Config.Accept = false
	for chain, want := range map[string]string{"": " nftable_set", "IN": " iptable_set"} {
		v.Config.Global.VRRPIPTables.In = chain
		for _, text := range addressTexts(in.Config.Addresses, in, v) {
			if !strings.HasSuffix(text, want) {
				t.Errorf("chain %q: %q", chain, text)
			}
		}
	}
}
