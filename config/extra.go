package config

import "slices"

// Extra tells whether garp_extra_if is for the interface of an address, given by its place among Addresses followed by
// ExcludedAddresses: one that carries no adverts, and unless all are wanted one that has a virtual MAC.
func (i *Instance) Extra(address int) bool {
	list := i.Addresses
	if address >= len(list) {
		address, list = address-len(list), i.ExcludedAddresses
	}
	a := list[address]
	elsewhere := a.UseVMAC || a.Dev != "" && a.Dev != i.Interface
	ours := a.UseVMAC || !elsewhere && (i.VMAC.Use || i.IPVLAN.Use)
	if !ours && !i.GARPExtraIf.All {
		return false
	}
	return elsewhere || ours && i.VMACXmitBase
}

// resolveExtra takes over the global garp_extra_if, and turns it off where no interface is meant.
func (d *decoder) resolveExtra(i *rawInstance) {
	if global := d.config.Global.VRRPGARPExtraIf; !i.GARPExtraIf.Interval.Set {
		i.GARPExtraIf.Interval = global.Interval
		i.GARPExtraIf.All = i.GARPExtraIf.All || global.All
	}
	for n := range len(i.Addresses) + len(i.ExcludedAddresses) {
		if i.Extra(n) {
			return
		}
	}
	i.GARPExtraIf = ExtraIf{}
}

// resolveLinkbeat has the interface of an instance polled that asks for it by itself.
func (d *decoder) resolveLinkbeat(i *rawInstance) {
	polled := slices.ContainsFunc(d.config.Linkbeats, func(b Linkbeat) bool { return b.Interface == i.Interface })
	if i.linkbeat && i.Interface != "" && !polled {
		d.config.Linkbeats = append(d.config.Linkbeats, Linkbeat{Interface: i.Interface})
	}
}
