package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/netif/firewall"
)

// firewallHost is what the choice of a firewall depends on.
type firewallHost struct {
	legacy     func() error // why iptables is not to be used, nil where it is
	release    string       // of the kernel
	namespaced bool         // the daemon is in a network namespace of its own
}

// thisFirewallHost is the host of a process with these options.
func thisFirewallHost(o Options, g config.Global, start firewall.Start) firewallHost {
	var uts unix.Utsname
	_ = unix.Uname(&uts) // without a release the kernel counts as new
	return firewallHost{func() error { return firewall.Legacy(start) }, unix.ByteSliceToString(uts.Release[:]), namespaceOf(o, g) != ""}
}

// choose has a configuration with vrrp_iptables name what this host can use. It returns what is to be said of it, "" for
// nothing.
func (h firewallHost) choose(g *config.Global) string {
	if g.VRRPIPTables.In == "" {
		return ""
	}
	// A command that does not answer now may answer later: until then the chains keep what they have.
	if err := h.legacy(); firewall.Instead(err) {
		g.VRRPIPTables, g.VRRPIPSets, g.NFTables = config.IPTables{}, config.IPSets{}, firewall.DefaultTable
		return fmt.Sprintf("vrrp_iptables: nftables is used in its place: %v", err)
	}
	if h.sharesSets() && !g.NamespaceWithIPSets && g.VRRPIPSets.Names[0] == config.DefaultIPSet {
		g.VRRPIPSets = config.IPSets{Disabled: true}
		return "vrrp_ipsets: no sets are used, because this kernel shares them among network namespaces: give them names of their own, or set namespace_with_ipsets"
	}
	return ""
}

// sharesSets tells whether other network namespaces see the sets of this one, as they did before Linux 3.13.
func (h firewallHost) sharesSets() bool {
	var major, minor int
	if _, err := fmt.Sscanf(h.release, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return h.namespaced && (major < 3 || major == 3 && minor < 13)
}
