package config

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

func (d *decoder) minGARP(l line) {
	if v, ok := d.boolean(l, 0); !ok || !v.(bool) {
		return
	}
	g, def := &d.config.Global, defaultGlobal("")
	if g.VRRPGARPMasterRepeat == def.VRRPGARPMasterRepeat {
		g.VRRPGARPMasterRepeat = 1
	}
	if g.VRRPGARPMasterRefreshRepeat == def.VRRPGARPMasterRefreshRepeat {
		g.VRRPGARPMasterRefreshRepeat = 0
	}
	if g.VRRPGARPMasterDelay == def.VRRPGARPMasterDelay {
		g.VRRPGARPMasterDelay = 0
	}
}

// mcastGroup reads vrrp_mcast_group4 and vrrp_mcast_group6.
func (d *decoder) mcastGroup(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.address(l, w)
	if !ok {
		return
	}
	a := v.(netip.Addr)
	switch four := strings.HasSuffix(l.kw.Name, "4"); {
	case four != a.Is4():
		d.warn(w.Pos, "%s: %s is an address of the other family", l.kw.Name, a)
		return
	case !a.IsMulticast():
		d.warn(w.Pos, "%s: %s is not a multicast address", l.kw.Name, a)
		return
	case !four && !a.IsLinkLocalMulticast():
		d.warn(w.Pos, "%s: %s should be a link-local multicast address", l.kw.Name, a)
	}
	store(l.kw.Into(&d.scope), a)
}

// extraIf reads garp_extra_if: seconds and perhaps "all" in any order.
func (d *decoder) extraIf(l line) {
	if l.kw.Alias != "" {
		d.report(l.st.Pos(), warning, statusConfig, "write "+l.kw.Alias, "%s is deprecated", l.kw.Name)
	}
	place := l.kw.Into(&d.scope).(*ExtraIf)
	least := int64(1)
	if place != &d.config.Global.VRRPGARPExtraIf {
		least = 0
	}
	found := false
	for _, w := range l.st.Args() {
		if w.Text == "all" {
			place.All = true
			continue
		}
		n, ok := d.number(l.kw.Name, w, intArg(least, 86400))
		if !ok {
			return
		}
		place.Interval, found = some(int(n)), true
	}
	if !found {
		d.warn(l.st.Pos(), "%s: the interval is missing", l.kw.Name)
	}
}

// rxBufsPolicy reads MTU, ADVERT or a size in bytes.
func (d *decoder) rxBufsPolicy(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "vrrp_rx_bufs_policy: a policy is missing")
		return
	}
	policy := strings.ToUpper(w.Text)
	if policy != "MTU" && policy != "ADVERT" {
		n, ok := d.number(l.kw.Name, w, intArg(0, math.MaxUint32))
		if !ok {
			return
		}
		policy = strconv.FormatInt(n, 10)
	}
	d.config.Global.VRRPRxBufsPolicy = policy
}
