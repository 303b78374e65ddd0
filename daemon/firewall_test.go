package daemon

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"keepalived-go/config"
	"keepalived-go/netif/firewall"
)

func TestChooseFirewall(t *testing.T) {
	own, other := func() error { return nil }, func() error { return fmt.Errorf("%w: so it says", firewall.ErrNotLegacy) }
	slow := func() error { return errors.New("it took too long") }
	names := [6]string{"keepalived", "b", "c", "d", "e", "f"}
	wanted := config.Global{VRRPIPTables: config.IPTables{In: "IN", Out: "OUT"}, VRRPIPSets: config.IPSets{Names: names}}
	permitted, named, nftables := wanted, wanted, config.Global{NFTables: "mine"}
	permitted.NamespaceWithIPSets = true
	named.VRRPIPSets.Names[0] = "mine"
	without := wanted
	without.VRRPIPSets = config.IPSets{Disabled: true}
	for _, c := range []struct {
		name         string
		host         firewallHost
		before, want config.Global
		says         string
	}{
		{"legacy", firewallHost{own, "6.1.0-18-amd64", true}, wanted, wanted, ""},
		{"not legacy", firewallHost{other, "6.1.0", false}, wanted, config.Global{NFTables: "keepalived"}, "nftables is used in its place: the iptables command belongs to nftables: so it says"},
		{"no answer", firewallHost{slow, "6.1.0", false}, wanted, wanted, ""},
		{"not asked for", firewallHost{other, "6.1.0", false}, nftables, nftables, ""},
		{"an old kernel", firewallHost{own, "3.10.0-1160.el7", true}, wanted, without, "no sets are used"},
		{"a very old kernel", firewallHost{own, "2.6.32", true}, wanted, without, "no sets are used"},
		{"an old kernel without namespaces", firewallHost{own, "3.10.0", false}, wanted, wanted, ""},
		{"namespace_with_ipsets", firewallHost{own, "3.10.0", true}, permitted, permitted, ""},
		{"other names", firewallHost{own, "3.10.0", true}, named, named, ""},
		{"the first new kernel", firewallHost{own, "3.13", true}, wanted, wanted, ""},
		{"no release", firewallHost{own, "", true}, wanted, wanted, ""},
	} {
		g := c.before
		said := c.host.choose(&g)
		if g.VRRPIPTables != c.want.VRRPIPTables || g.VRRPIPSets != c.want.VRRPIPSets || g.NFTables != c.want.NFTables {
			t.Errorf("%s: %v, %v, %q", c.name, g.VRRPIPTables, g.VRRPIPSets, g.NFTables)
		}
		if (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
			t.Errorf("%s: it says %q", c.name, said)
		}
	}
}
