package config

import (
	"slices"
	"strings"

	"keepalived-go/parser"
)

// defaultNFTable is the name of the table that nftables without a name means.
const defaultNFTable = "keepalived"

// DefaultIPSet is the name of the first ipset, out of which the others are made.
const DefaultIPSet = "keepalived"

func (d *decoder) nfTable(l line) {
	place := l.kw.Into(&d.scope).(*string)
	if *place != "" {
		d.warn(l.st.Pos(), "%s was given before, this one is ignored", l.kw.Name)
		return
	}
	name := map[string]string{"nftables": defaultNFTable, "nftables_ipvs": "keepalived_ipvs"}[l.kw.Name]
	if w, ok := l.arg(0); ok {
		if len(w.Text) > 254 {
			d.warn(w.Pos, "%s: the name of the table is longer than 254 bytes", l.kw.Name)
			return
		}
		name = w.Text
	}
	*place = name
}

// ipsetNameMax and chainNameMax are the longest names in bytes that the kernel takes of each.
const (
	ipsetNameMax = 30
	chainNameMax = 27
)

func (d *decoder) ipsets(l line) {
	sets := &d.config.Global.VRRPIPSets
	args := l.st.Args()
	*sets = IPSets{Disabled: len(args) == 0}
	d.ipsetsAt = l.st.Pos()
	if sets.Disabled {
		return
	}
	var names [6]string
	for i, w := range args[:min(len(args), len(names))] {
		if !d.goodName(w, "vrrp_ipsets: the name", ipsetNameMax) {
			return
		}
		names[i] = w.Text
	}
	derive(&names)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			d.warn(l.st.Pos(), "vrrp_ipsets: the name %s is used more than once", name)
			return
		}
	}
	sets.Names = names
}

// derived tell how the name of each ipset is made where it is not given: out of the first name, of which so many bytes
// are kept. That of IPv6 by interface is made out of the second one.
var derived = [6]struct {
	keep   int
	suffix string
}{{ipsetNameMax, ""}, {30, "6"}, {27, "_if6"}, {26, "_igmp"}, {27, "_mld"}, {27, "_nd"}}

// derive makes the names that were not given.
func derive(names *[6]string) {
	for i, d := range derived {
		base := names[0]
		if i == 2 {
			base = strings.TrimSuffix(names[1], "6")
		}
		if names[i] == "" {
			names[i] = base[:min(len(base), d.keep)] + d.suffix
		}
	}
}

// goodName reports a name that is empty or longer than longest.
func (d *decoder) goodName(w parser.Word, what string, longest int) bool {
	switch {
	case w.Text == "":
		d.warn(w.Pos, "%s is empty", what)
	case len(w.Text) > longest:
		d.warn(w.Pos, "%s %q is longer than %d bytes", what, w.Text, longest)
	case strings.ContainsAny(w.Text, " \t\n\"'\\") || strings.HasPrefix(w.Text, "-") || strings.HasPrefix(w.Text, "!"):
		d.warn(w.Pos, "%s %q is one that iptables cannot use", what, w.Text)
	default:
		return true
	}
	return false
}

func (d *decoder) iptables(l line) {
	t := &d.config.Global.VRRPIPTables
	if t.In != "" {
		d.warn(l.st.Pos(), "vrrp_iptables was given before, this one is ignored")
		return
	}
	d.iptablesAt = l.st.Pos()
	args := l.st.Args()
	if len(args) == 0 {
		*t = IPTables{In: "INPUT", Out: "OUTPUT"}
		return
	}
	for i, place := range []*string{&t.In, &t.Out} {
		if i >= len(args) || !d.goodName(args[i], "vrrp_iptables: the name of the chain", chainNameMax) {
			return
		}
		*place = args[i].Text
	}
	if t.In == t.Out {
		d.warn(args[1].Pos, "vrrp_iptables: both chains are %s, the line is ignored", t.In)
		*t = IPTables{}
	}
}

// resolveIPTables leaves one of nftables and iptables, and of the ipsets what is used.
func (d *decoder) resolveIPTables() {
	g := &d.config.Global
	if g.VRRPIPTables.In != "" && g.NFTables != "" {
		d.note(d.iptablesAt, "vrrp_iptables: nftables is configured, too, so iptables is not used")
		g.VRRPIPTables = IPTables{}
	}
	switch named := g.VRRPIPSets.Names[0] != ""; {
	case g.VRRPIPTables.In == "" && named:
		d.note(d.ipsetsAt, "vrrp_ipsets has no effect without vrrp_iptables")
		g.VRRPIPSets = IPSets{}
	case g.VRRPIPTables.In != "" && !named && !g.VRRPIPSets.Disabled:
		g.VRRPIPSets.Names[0] = DefaultIPSet
		derive(&g.VRRPIPSets.Names)
	}
}
