package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// VirtualLink is an interface that an instance brings along: a macvlan with a virtual MAC address, or an ipvlan.
type VirtualLink struct {
	Name   string // "": there is none
	Parent string
	IPVLAN bool
	MAC    [6]byte // of a macvlan
	Mode   string  // of an ipvlan: "", "bridge", "private" or "vepa"
	Family int     // of what uses it, 4 or 6
	IPv6   bool    // addresses of IPv6 may be put on it
	Group  Optional[uint32]
	// NotifyMsg makes the kernel tell about the parent after the link was made.
	NotifyMsg bool
	Address   netip.Prefix // an ipvlan's own; invalid: none
}

// virtualKey is what makes a macvlan the same: two with one MAC address cannot be up on one parent.
type virtualKey struct {
	parent string
	mac    [6]byte
}

// Place is the interface that an address of an instance is put on.
func (a Address) Place(in *Instance) string {
	switch {
	case a.Link != "":
		return a.Link
	case a.Dev != "":
		return a.Dev
	}
	return in.Interface
}

// virtualMAC is the MAC address of a virtual router (RFC 9568, section 7.3), or the configured one.
func (v VMAC) virtualMAC(family int, vrid uint8) [6]byte {
	mac := [6]byte{0, 0, 0x5e, 0, 1, vrid}
	if family == 6 {
		mac[4] = 2
	}
	if v.MAC == "" {
		return mac
	}
	for i, octet := range strings.Split(v.MAC, ":") {
		n, _ := strconv.ParseUint(octet, 16, 8) // the decoder has looked at it
		mac[i] = byte(n)
	}
	return mac
}

// resolveLinks gives an instance its own interface, and those that its addresses want.
func (d *decoder) resolveLinks(i *rawInstance) {
	switch {
	case i.VMAC.Use:
		i.Own = d.macvlan(i, i.Interface, i.VMAC.Name, i.Family)
		i.Own.Group, i.Own.NotifyMsg = i.VMAC.Group, i.VMAC.NotifyMsg
	case i.IPVLAN.Use:
		i.Own = d.ipvlan(i)
	}
	for _, list := range [][]Address{i.Addresses, i.ExcludedAddresses} {
		for n := range list {
			d.addressLink(i, &list[n])
		}
	}
	for _, a := range i.ExcludedAddresses {
		i.Own.IPv6 = i.Own.IPv6 || i.Own.Name != "" && a.Prefix.Addr().Is6()
	}
}

// addressLink finds out where an address goes: use_vmac of the instance is for addresses of its interface and family,
// use_vmac_addr and the address's own use_vmac for all others.
func (d *decoder) addressLink(i *rawInstance, a *Address) {
	family := 4
	if a.Prefix.Addr().Is6() {
		family = 6
	}
	home := a.Dev == i.Interface && family == i.Family
	switch {
	case home && i.VMAC.Use:
		if a.UseVMAC {
			d.warn(i.Pos, "(%s) use_vmac of address %s and of the instance are the same", i.Name, a.Prefix)
			a.UseVMAC = false
		}
		a.Link = i.Own.Name
	case i.VMACAddr && !home:
		if a.UseVMAC {
			d.warn(i.Pos, "(%s) use_vmac of address %s is implied by use_vmac_addr", i.Name, a.Prefix)
			a.UseVMAC = false
		}
		a.Link = d.addedLink(i, a.Dev, family)
	case a.UseVMAC:
		a.Link = d.addedLink(i, a.Dev, family)
	}
}

// addedLink is the name of the macvlan for addresses on another interface or of another family.
func (d *decoder) addedLink(i *rawInstance, parent string, family int) string {
	link := d.macvlan(i, parent, "", family)
	if i.Own.Name == link.Name {
		return link.Name
	}
	for _, l := range i.AddressLinks {
		if l.Name == link.Name {
			return l.Name
		}
	}
	i.AddressLinks = append(i.AddressLinks, link)
	return link.Name
}

// macvlan settles name and MAC address of a macvlan. name is the configured one, "" for a generated one.
func (d *decoder) macvlan(i *rawInstance, parent, name string, family int) VirtualLink {
	l := VirtualLink{Name: name, Parent: parent, MAC: i.VMAC.virtualMAC(family, i.VRID), Family: family, IPv6: family == 6}
	key := virtualKey{parent, l.MAC}
	if known, ok := d.virtual[key]; ok {
		l.Name = known // two cannot be on one parent
		return l
	}
	if l.Name != "" {
		l.Name = d.nameNotForeign(i, l.Name)
	}
	if l.Name == "" && d.env.VMAC != nil {
		if found := d.env.VMAC(parent, l.MAC); found != "" && d.vmacNames[found] == "" {
			l.Name = found // of a former process
		}
	}
	if l.Name == "" {
		prefix := d.config.Global.VMACPrefix
		if l.Parent != i.Interface || family != i.Family || !i.VMAC.Use {
			prefix = d.addressPrefix()
		}
		l.Name = d.freeName(prefix, i.VRID, family, d.env.VMAC == nil) // one of ours was found by its MAC address
	}
	d.vmacNames[l.Name] = i.Name
	d.virtual[key] = l.Name
	return l
}

func (d *decoder) addressPrefix() string {
	if p := d.config.Global.VMACAddrPrefix; p != "" {
		return p
	}
	return d.config.Global.VMACPrefix
}

// ipvlan settles the name of an ipvlan.
func (d *decoder) ipvlan(i *rawInstance) VirtualLink {
	v := &i.IPVLAN
	l := VirtualLink{Name: v.Name, Parent: i.Interface, IPVLAN: true, Mode: v.Mode, Family: i.Family, IPv6: i.Family == 6,
		Group: v.Group, Address: v.Addr}
	if l.Name != "" {
		l.Name = d.nameNotForeign(i, l.Name)
	}
	if l.Name == "" {
		l.Name = d.freeName(d.config.Global.VMACPrefix, i.VRID, i.Family, true)
	}
	d.vmacNames[l.Name] = i.Name
	return l
}

// nameNotForeign is the configured name, unless there is an interface of that name which keepalived cannot have made.
func (d *decoder) nameNotForeign(i *rawInstance, name string) string {
	if d.env.Interface == nil {
		return name
	}
	if have, ok := d.env.Interface(name); ok && !have.VMAC {
		d.warn(i.Pos, "(%s) an interface named %s already exists and is no VMAC, the name is ignored", i.Name, name)
		delete(d.vmacNames, name)
		return ""
	}
	return name
}

// freeName generates a name that nobody has: PREFIX.VRID, for IPv6 then PREFIX6.VRID, then PREFIX1.VRID and so on. adopt
// allows that of an interface which keepalived may have made.
func (d *decoder) freeName(prefix string, vrid uint8, family int, adopt bool) string {
	for n := range 255 {
		number := ""
		switch {
		case n == 0:
		case family == 6 && n == 1:
			number = "6"
		case family == 6 && n <= 6:
			number = strconv.Itoa(n - 1)
		default:
			number = strconv.Itoa(n)
		}
		name := shortName(prefix, fmt.Sprintf("%s.%d", number, vrid))
		if d.vmacNames[name] != "" {
			continue
		}
		if d.env.Interface != nil {
			if have, ok := d.env.Interface(name); ok && !(have.VMAC && adopt) {
				continue
			}
		}
		return name
	}
	return shortName(prefix, fmt.Sprintf(".%d", vrid))
}

// GeneratesName tells whether a VMAC without a configured name may have got this one.
func (g *Global) GeneratesName(name string, vrid uint8) bool {
	for _, prefix := range []string{g.VMACPrefix, g.VMACAddrPrefix} {
		if prefix == "" {
			continue
		}
		for n := range 255 {
			number := ""
			if n > 0 {
				number = strconv.Itoa(n)
			}
			if name == shortName(prefix, fmt.Sprintf("%s.%d", number, vrid)) {
				return true
			}
		}
	}
	return false
}

// shortName cuts the first part so that the name is not too long for an interface.
func shortName(prefix, end string) string {
	return prefix[:min(len(prefix), maxInterfaceName-len(end))] + end
}
