package config

// defaultNFTable is the name of the table that nftables without a name means.
const defaultNFTable = "keepalived"

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

func (d *decoder) ipsets(l line) {
	sets := &d.config.Global.VRRPIPSets
	*sets = IPSets{Disabled: len(l.st.Args()) == 0}
	for i, w := range l.st.Args() {
		if i >= len(sets.Names) {
			return
		}
		if len(w.Text) > 30 {
			d.warn(w.Pos, "vrrp_ipsets: name %q is longer than 30 bytes", w.Text)
			return
		}
		sets.Names[i] = w.Text
	}
}

func (d *decoder) iptables(l line) {
	t := &d.config.Global.VRRPIPTables
	if t.In != "" {
		d.warn(l.st.Pos(), "vrrp_iptables was given before, this one is ignored")
		return
	}
	d.report(l.st.Pos(), warning, statusConfig, "write nftables", "vrrp_iptables: iptables is not supported, nftables is used instead")
	if d.config.Global.NFTables == "" {
		d.config.Global.NFTables = defaultNFTable
	}
	args := l.st.Args()
	if len(args) == 0 {
		*t = IPTables{In: "INPUT", Out: "OUTPUT"}
		return
	}
	for i, place := range []*string{&t.In, &t.Out} {
		if i >= len(args) {
			return
		}
		if len(args[i].Text) > 27 {
			d.warn(args[i].Pos, "vrrp_iptables: chain name %q is longer than 27 bytes", args[i].Text)
			return
		}
		*place = args[i].Text
	}
}
