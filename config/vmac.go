package config

import (
	"net/netip"
	"strings"

	"keepalived-go/parser"
)

// useVMAC reads [[name] IFNAME] [MAC] [netlink_notify_msg] [group GROUP].
func (d *decoder) useVMAC(l line) {
	i := d.scope.inst
	v := &i.VMAC
	v.Use = true
	args := l.st.Args()
	for n := 0; n < len(args); n++ {
		w := args[n]
		switch {
		case w.Text == "netlink_notify_msg":
			v.NotifyMsg = true
		case (w.Text == "group" || w.Text == "name") && n+1 < len(args):
			n++
			if w.Text == "group" {
				v.Group = d.linkGroup(v.Group, args[n])
			} else {
				v.Name = d.vmacName(v.Name, args[n])
			}
		case strings.Contains(w.Text, ":"):
			v.MAC = d.vmacAddress(v.MAC, w)
		default:
			v.Name = d.vmacName(v.Name, w)
		}
	}
}

// linkGroup reads the group of an interface that is to be created: a name of iproute2 or a number.
func (d *decoder) linkGroup(have Optional[uint32], w parser.Word) Optional[uint32] {
	if n := cNumber(w.Text, 0); n.digits && n.rest == "" && uint32(n.value) <= groupNames.max {
		return some(uint32(n.value))
	}
	names := d.names(groupNames)
	id, ok := names[w.Text]
	if !ok {
		d.report(w.Pos, warning, statusConfig, hint(d, w.Text, names), "(%s) there is no %s %q, it is ignored", d.scope.inst.Name, groupNames.what, w.Text)
		return have
	}
	return some(id)
}

// vmacName checks the name of an interface that is to be created. have is the name so far.
func (d *decoder) vmacName(have string, w parser.Word) string {
	i := d.scope.inst
	switch other, taken := d.vmacNames[w.Text]; {
	case have != "":
		d.warn(w.Pos, "(%s) the interface name was given before, %q is ignored", i.Name, w.Text)
		return have
	case w.Text == "" || len(w.Text) > maxInterfaceName || strings.ContainsAny(w.Text, "/: \t") || w.Text == "." || w.Text == "..":
		d.warn(w.Pos, "(%s) %q cannot be the name of an interface, it is ignored", i.Name, w.Text)
		return have
	case taken:
		d.warn(w.Pos, "(%s) the interface name %s is used by %s, it is ignored", i.Name, w.Text, other)
		return have
	}
	d.vmacNames[w.Text] = i.Name
	return w.Text
}

// vmacAddress checks six octets, or five that the VRID is appended to.
func (d *decoder) vmacAddress(have string, w parser.Word) string {
	i := d.scope.inst
	if have != "" {
		d.warn(w.Pos, "(%s) the MAC address was given before, %q is ignored", i.Name, w.Text)
		return have
	}
	octets := strings.Split(strings.TrimSuffix(w.Text, ":"), ":")
	ok := len(octets) == 5 || len(octets) == 6
	for _, o := range octets {
		ok = ok && (len(o) == 1 || len(o) == 2) && hexDigit(o[0]) >= 0 && hexDigit(o[len(o)-1]) >= 0
	}
	if !ok {
		d.warn(w.Pos, "(%s) %q is not a MAC address, it is ignored", i.Name, w.Text)
		return have
	}
	if hexDigit(octets[0][len(octets[0])-1])&1 == 1 {
		d.warn(w.Pos, "(%s) %q is a multicast MAC address, it is ignored", i.Name, w.Text)
		return have
	}
	return strings.Join(octets, ":")
}

// useIPVLAN reads [[name] IFNAME] [IPADDR[/LEN]] [bridge|private|vepa] [group GROUP].
func (d *decoder) useIPVLAN(l line) {
	i := d.scope.inst
	v := &i.IPVLAN
	if v.Use {
		d.warn(l.st.Pos(), "(%s) use_ipvlan was given before, this one is ignored", i.Name)
		return
	}
	v.Use = true
	args := l.st.Args()
	for n := 0; n < len(args); n++ {
		w := args[n]
		switch {
		case w.Text == "bridge" || w.Text == "private" || w.Text == "vepa":
			if v.Mode != "" {
				d.warn(w.Pos, "(%s) the kind of ipvlan was given before, %q is ignored", i.Name, w.Text)
				continue
			}
			v.Mode = w.Text
		case (w.Text == "group" || w.Text == "name") && n+1 < len(args):
			n++
			if w.Text == "group" {
				v.Group = d.linkGroup(v.Group, args[n])
			} else {
				v.Name = d.vmacName(v.Name, args[n])
			}
		default:
			d.ipvlanWord(v, w)
		}
	}
}

// ipvlanWord reads an address, or else a name.
func (d *decoder) ipvlanWord(v *IPVLAN, w parser.Word) {
	i := d.scope.inst
	p, err := parsePrefix(w.Text)
	if err != nil {
		v.Name = d.vmacName(v.Name, w)
		return
	}
	switch {
	case v.Addr.IsValid():
		d.warn(w.Pos, "(%s) the address of the ipvlan was given before, %s is ignored", i.Name, w.Text)
	case !i.family(p.Addr()):
		d.warn(w.Pos, "(%s) the ipvlan's address %s is not of the instance's family, it is ignored", i.Name, w.Text)
	default:
		v.Addr = p
		if !i.MulticastSource.IsValid() {
			i.MulticastSource = p.Addr()
		}
	}
}

// parsePrefix reads an address with or without a length.
func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// resolveVMAC settles what an interface of the instance's own means for other settings.
func (d *decoder) resolveVMAC(i *rawInstance) {
	own := i.VMAC.Use || i.IPVLAN.Use
	if i.VMAC.MAC != "" && i.Instance.Strict {
		d.warn(i.Pos, "(%s) strict mode has the MAC address of the protocol, the one of use_vmac is ignored", i.Name)
		i.VMAC.MAC = ""
	}
	if own && i.PromoteSecondaries {
		d.warn(i.Pos, "(%s) promote_secondaries is set for a VMAC anyway, it is ignored", i.Name)
		i.PromoteSecondaries = false
	}
	switch {
	case !i.VMACXmitBase:
	case i.VMAC.Use && i.Instance.Strict:
		d.warn(i.Pos, "(%s) vmac_xmit_base is ignored in strict mode", i.Name)
		i.VMACXmitBase = false
	case !own:
		d.warn(i.Pos, "(%s) vmac_xmit_base needs use_vmac, it is ignored", i.Name)
		i.VMACXmitBase = false
	}
	if i.IPVLAN.Use && i.Family == 4 && !i.IPVLAN.Addr.IsValid() {
		d.warn(i.Pos, "(%s) use_ipvlan with IPv4 needs an address", i.Name)
	}
}
