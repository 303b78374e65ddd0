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
	// Settings of the kernel that an instance on an interface of its own changes for a time; none does yet.
	for _, line := range []string{
		"Reset ARP config counter", "Original arp_ignore", "Original arp_filter",
		"Original promote_secondaries", "Reset promote_secondaries counter",
	} {
		t.line("   %s 0", line)
	}
	t.linkUsers(l.Name, v)
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
		if c.Interface == name && !c.DontTrackPrimary {
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
