package status

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp"
)

// links writes the interfaces of the host in the order of their numbers.
func (t *text) links(v vrrp.View) {
	if len(v.Links.ByIndex) == 0 {
		return
	}
	t.line("------< Interfaces >------")
	virtual := map[netip.Addr]bool{}
	for i := range v.Instances {
		for _, list := range [][]config.Address{v.Instances[i].Config.Addresses, v.Instances[i].Config.ExcludedAddresses} {
			for j := range list {
				virtual[list[j].Prefix.Addr()] = true
			}
		}
	}
	for _, index := range slices.Sorted(maps.Keys(v.Links.ByIndex)) {
		l := v.Links.ByIndex[index]
		l.Addresses = slices.DeleteFunc(slices.Clone(l.Addresses), func(p netip.Prefix) bool { return virtual[p.Addr()] })
		t.link(&l, v)
	}
}

// Kinds of hardware, ARPHRD_* of the kernel.
const (
	hardwareEthernet = 1
	hardwareLoopback = 772
)

func (t *text) link(l *netif.Link, v vrrp.View) {
	t.line(" Name = %s", l.Name)
	t.line("   index = %d", l.Index)
	t.own(l, 4)
	t.own(l, 6)
	if l.HardwareAddr != [6]byte{} {
		t.line("   MAC = %s", hardware(l.HardwareAddr))
		t.line("   MAC broadcast = %s", hardware(l.BroadcastAddr))
	}
	t.line("   State = %s, %s%s%s%s%s%s", either(l.Up, "UP", "not UP"), either(l.Running, "RUNNING", "not RUNNING"),
		either(l.Broadcast, "", ", no broadcast"), either(l.Loopback, ", loopback", ""), either(l.PointToPoint, ", point to point", ""),
		either(l.NoARP, ", no arp", ""), either(l.Multicast, "", ", no multicast"))
	t.line("   Seen up = %s", either(l.Ready(), "1", "0"))
	t.line("   Delayed state change running = %s", trueFalse(v.Delayed[l.Name]))
	up, down := debounce(v.Config.UpDownDelays, l.Name)
	t.line("   Up debounce timer = %dus", up.Microseconds())
	t.line("   Down debounce timer = %dus", down.Microseconds())
	t.line("   Group = %d", l.Group)
	t.virtual(l, v)
	t.line("   MTU = %d", l.MTU)
	switch l.Hardware {
	case hardwareLoopback:
		t.line("   HW Type = LOOPBACK")
	case hardwareEthernet:
		t.line("   HW Type = ETHERNET")
	default:
		t.line("   HW Type = UNKNOWN (%d)", l.Hardware)
	}
	t.line("   NIC %s", map[netif.Beat]string{
		netif.AnyBeat: "netlink status update", netif.MIIBeat: "support MII regs",
		netif.EthtoolBeat: "support ETHTOOL GLINK interface", netif.FlagsBeat: "ioctl refresh polling",
	}[l.Beat])
	t.settings(l, v)
	t.linkUsers(l.Name, v)
}

// virtual writes what a macvlan or an ipvlan is.
func (t *text) virtual(l *netif.Link, v vrrp.View) {
	made, ours := madeLink(l.Name, v)
	parent := v.Links.ByIndex[l.Parent]
	kind := ""
	switch {
	case ours && made.IPVLAN:
		kind = "IPVLAN type L2 " + either(made.Mode == "", "bridge", made.Mode)
	case ours:
		kind = "VMAC type private"
	}
	if ours && parent.Index != 0 {
		t.line("   %s, underlying interface = %s, state = %sUP, %sRUNNING", kind, parent.Name,
			either(parent.Up, "", "not "), either(parent.Running, "", "not "))
	}
	t.when(ours, "   I/f created by keepalived")
}

// madeLink finds the link of an instance by its name.
func madeLink(name string, v vrrp.View) (config.VirtualLink, bool) {
	for i := range v.Instances {
		c := &v.Instances[i].Config
		for _, l := range append([]config.VirtualLink{c.Own}, c.AddressLinks...) {
			if l.Name == name {
				return l, true
			}
		}
	}
	return config.VirtualLink{}, false
}

// settings writes the settings of the kernel that VMACs change for a time: on a parent as they were, on a VMAC as they
// were made.
func (t *text) settings(l *netif.Link, v vrrp.View) {
	before, promote := v.Parents[l.Name], 0
	if made, ours := madeLink(l.Name, v); ours && !made.IPVLAN {
		before.Ignore = 1
		if made.Family == 4 {
			promote = 1
		}
	}
	t.line("   Reset ARP config counter %d", parentUsers(l.Name, v))
	t.line("   Original arp_ignore %d", before.Ignore)
	t.line("   Original arp_filter %d", before.Filter)
	t.line("   Original promote_secondaries %d", promote)
	t.line("   Reset promote_secondaries counter 0")
}

// parentUsers counts the VMACs for which the settings of a parent are changed.
func parentUsers(name string, v vrrp.View) int {
	users := map[string]bool{}
	for i := range v.Instances {
		c := &v.Instances[i].Config
		for _, l := range append([]config.VirtualLink{c.Own}, c.AddressLinks...) {
			if l.Name != "" && l.Parent == name && !l.IPVLAN && l.Family == 4 && v.Links.ByName[l.Name].Index != 0 {
				users[l.Name] = true
			}
		}
	}
	return len(users)
}

// own writes the addresses of a family that are not virtual ones. The first one is that of adverts.
func (t *text) own(l *netif.Link, family int) {
	list := ofFamily(l.Addresses, family)
	first := "(none)"
	if a, ok := l.Primary(family, nil); ok {
		first = a.String()
	} else if family == 4 && len(list) > 0 {
		first = list[0]
	}
	t.line("   IPv%d address = %s", family, first)
	list = slices.DeleteFunc(list, func(a string) bool { return a == first })
	t.list(fmt.Sprintf("   Additional IPv%d addresses :", family), list)
}

func debounce(list []config.UpDownDelay, name string) (up, down time.Duration) {
	for _, d := range list {
		if d.Interface == name {
			return d.Up, d.Down
		}
	}
	return 0, 0
}

// linkUsers writes the instances whose state depends on an interface.
func (t *text) linkUsers(name string, v vrrp.View) {
	var lines []string
	for i := range v.Instances {
		c := &v.Instances[i].Config
		if (c.Interface == name || c.Own.Name == name) && !c.DontTrackPrimary {
			lines = append(lines, c.Name+", weight 0")
		}
		if slices.ContainsFunc(c.AddressLinks, func(l config.VirtualLink) bool { return l.Name == name }) {
			lines = append(lines, c.Name+", weight 0")
		}
		for _, o := range c.TrackInterfaces {
			if o.Name == name {
				lines = append(lines, c.Name+", weight "+weight(o.Weight))
			}
		}
	}
	t.list("   Tracking VRRP instances :", lines)
}
