package config

import "net/netip"

// maxInterfaceName is the longest name that an interface can have, in bytes.
const maxInterfaceName = 15

func (d *decoder) instanceInterface(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	if len(w.Text) > maxInterfaceName {
		d.warn(w.Pos, "interface name %q is longer than %d bytes, it is ignored", w.Text, maxInterfaceName)
		return
	}
	link, ok := d.link(w)
	i.Interface, i.link = w.Text, link
	switch {
	case !ok:
		d.warn(w.Pos, "interface %s for vrrp_instance %s does not exist", w.Text, i.Name)
		i.Interface = ""
	case link.Loopback:
		d.warn(w.Pos, "(%s) the loopback interface %s cannot be used", i.Name, w.Text)
		i.Interface = ""
	}
}

func (d *decoder) vrf(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	switch {
	case len(w.Text) > maxInterfaceName:
		d.warn(w.Pos, "(%s) vrf name %q is longer than %d bytes", i.Name, w.Text, maxInterfaceName)
	case i.Interface != "":
		d.warn(w.Pos, "(%s) vrf cannot be used with interface, it is ignored", i.Name)
	case i.VRF != "":
		d.warn(w.Pos, "(%s) vrf was given before as %s, it is ignored", i.Name, i.VRF)
	default:
		i.VRF = w.Text
		if _, ok := d.link(w); !ok {
			d.warn(w.Pos, "(%s) vrf %s does not exist", i.Name, w.Text)
			i.VRF = ""
		}
	}
}

// family takes over the family of an address, or tells that it is not that of the instance.
func (i *rawInstance) family(a netip.Addr) bool {
	f := familyOf(a)
	if i.Family == 0 {
		i.Family = f
	}
	return i.Family == f
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// sourceAddress reads mcast_src_ip and unicast_src_ip, which are one setting.
func (d *decoder) sourceAddress(l line) {
	i := d.scope.inst
	if l.kw.Name == "unicast_src_ip" {
		i.unicast = true
	}
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.address(line{l.st, l.kw}, w)
	if !ok {
		return
	}
	a := v.(netip.Addr)
	if !i.family(a) {
		d.warn(w.Pos, "(%s) %s %s is not of the instance's address family, it is ignored", i.Name, l.kw.Name, a)
		i.MulticastSource = netip.Addr{}
		return
	}
	i.MulticastSource = a
}

func (d *decoder) mcastDestination(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.address(l, w)
	if !ok {
		return
	}
	i, a := d.scope.inst, v.(netip.Addr)
	switch {
	case !i.family(a):
		d.warn(w.Pos, "(%s) mcast_dst_ip %s is not of the instance's address family, it is ignored", i.Name, a)
	case a.Is4() && !a.IsMulticast(), a.Is6() && !a.IsLinkLocalMulticast():
		d.warn(w.Pos, "(%s) mcast_dst_ip %s is not a (link-local) multicast address, it is ignored", i.Name, a)
	default:
		i.MulticastGroup = a
	}
}

func (d *decoder) nativeIPv6(line) {
	i := d.scope.inst
	if i.Family == 4 {
		d.warn(i.Pos, "(%s) native_ipv6 cannot be used with IPv4 addresses", i.Name)
		return
	}
	i.Family, i.Version, i.nativeIPv6 = 6, 3, true
}
