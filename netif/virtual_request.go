package netif

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Settings of an interface for IPv4 (linux/ip.h, IPV4_DEVCONF_*). Netlink sets them where /proc/sys cannot be written.
const (
	confRPFilter           = 8
	confARPFilter          = 13
	confARPIgnore          = 19
	confPromoteSecondaries = 20
	confAcceptLocal        = 23
)

// Of linux/if_link.h.
const (
	inetConf         = 1 // IFLA_INET_CONF
	inet6AddrGenMode = 8 // IFLA_INET6_ADDR_GEN_MODE
	addrGenModeNone  = 1 // IN6_ADDR_GEN_MODE_NONE
	ipvlanMode       = 1 // IFLA_IPVLAN_MODE
	ipvlanFlags      = 2 // IFLA_IPVLAN_FLAGS
	ipvlanModeL2     = 0 // IPVLAN_MODE_L2
	nlaTypeMask      = 1<<14 - 1
)

// setting is one of the settings above with its value.
type setting struct{ id, value uint32 }

var (
	parentSettings = []setting{{confARPIgnore, 1}, {confARPFilter, 1}}
	linkSettings4  = []setting{{confARPIgnore, 1}, {confAcceptLocal, 1}, {confRPFilter, 0}, {confPromoteSecondaries, 1}}
	linkSettings6  = []setting{{confARPIgnore, 1}}
)

// linkRequest is a change of an existing link.
func linkRequest(index int) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	header := nl.NewIfInfomsg(unix.AF_UNSPEC)
	header.Index = int32(index)
	r.AddData(header)
	return r
}

// createRequest makes a link.
func createRequest(l VirtualLink, parent, vrf int, group uint32) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_LINK, nl.Uint32Attr(uint32(parent))))
	r.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(l.Name)))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	if vrf != 0 {
		r.AddData(nl.NewRtAttr(unix.IFLA_MASTER, nl.Uint32Attr(uint32(vrf))))
	}
	addKind(r, l)
	return r
}

// addKind adds what makes a link the kind that it is.
func addKind(r *nl.NetlinkRequest, l VirtualLink) {
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(unix.IFLA_INFO_KIND, nl.NonZeroTerminated(l.kind()))
	data := info.AddRtAttr(unix.IFLA_INFO_DATA, nil)
	if l.IPVLAN {
		data.AddRtAttr(ipvlanMode, nl.Uint16Attr(ipvlanModeL2))
		data.AddRtAttr(ipvlanFlags, nl.Uint16Attr(l.IPVLANFlags))
	} else {
		data.AddRtAttr(nl.IFLA_MACVLAN_MODE, nl.Uint32Attr(nl.MACVLAN_MODE_PRIVATE))
		r.AddData(nl.NewRtAttr(unix.IFLA_ADDRESS, l.MAC[:]))
	}
	r.AddData(info)
}

// configure changes settings for IPv4 of a link.
func (c *conn) configure(index int, settings []setting) error {
	r := linkRequest(index)
	spec := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	conf := spec.AddRtAttr(unix.AF_INET, nil).AddRtAttr(inetConf, nil)
	for _, s := range settings {
		conf.AddRtAttr(int(s.id), nl.Uint32Attr(s.value))
	}
	r.AddData(spec)
	return c.call(r, nil)
}

// noLinkLocal keeps the kernel from making an address out of the virtual MAC address (RFC 9568, section 7.4).
func (c *conn) noLinkLocal(index int) error {
	r := linkRequest(index)
	spec := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	spec.AddRtAttr(unix.AF_INET6, nil).AddRtAttr(inet6AddrGenMode, nl.Uint8Attr(addrGenModeNone))
	r.AddData(spec)
	return c.call(r, nil)
}

// setUp sets a link up.
func (c *conn) setUp(index int) error {
	r := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	header := nl.NewIfInfomsg(unix.AF_UNSPEC)
	header.Index, header.Flags, header.Change = int32(index), unix.IFF_UP, unix.IFF_UP
	r.AddData(header)
	return c.call(r, nil)
}

// setGroup sets the group of a link.
func (c *conn) setGroup(index int, group uint32) error {
	r := linkRequest(index)
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
	return c.call(r, nil)
}

// deleteLink removes a link. That it does not exist is success.
func (c *conn) deleteLink(index int) error {
	r := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	header := nl.NewIfInfomsg(unix.AF_UNSPEC)
	header.Index = int32(index)
	r.AddData(header)
	if err := c.call(r, nil); err != nil && !errors.Is(err, unix.ENODEV) {
		return err
	}
	return nil
}

// detail is a link with what only few of them have.
type detail struct {
	Link
	promote bool // promote_secondaries
	arp     ARPMode
}

// link reads one link. The error is ENODEV when there is none of that name.
func (c *conn) link(name string) (detail, error) {
	r := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	return c.detail(r)
}

// linkAt reads the link with an index.
func (c *conn) linkAt(index int) (detail, error) {
	r := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_ACK)
	header := nl.NewIfInfomsg(unix.AF_UNSPEC)
	header.Index = int32(index)
	r.AddData(header)
	return c.detail(r)
}

func (c *conn) detail(r *nl.NetlinkRequest) (detail, error) {
	r.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(skipStatistics)))
	var d detail
	err := c.call(r, func(data []byte) {
		if l, ok := parseLink(data); ok {
			d = detail{Link: l}
			d.parse(data[unix.SizeofIfInfomsg:])
		}
	})
	if err == nil && d.Index == 0 {
		err = unix.ENODEV
	}
	return d, err
}

// parse reads the attributes of a link.
func (d *detail) parse(b []byte) {
	for _, a := range nested(b) {
		switch a.Attr.Type {
		case unix.IFLA_AF_SPEC:
			d.parseSettings(a.Value)
		}
	}
}

// parseSettings reads the settings for IPv4, an array that begins with the first one.
func (d *detail) parseSettings(b []byte) {
	for _, family := range nested(b) {
		if family.Attr.Type != unix.AF_INET {
			continue
		}
		for _, a := range nested(family.Value) {
			if a.Attr.Type == inetConf && len(a.Value) >= 4*confARPIgnore {
				at := func(id int) uint32 { return binary.NativeEndian.Uint32(a.Value[4*(id-1):]) }
				d.promote = len(a.Value) >= 4*confPromoteSecondaries && at(confPromoteSecondaries) != 0
				d.arp = ARPMode{Ignore: at(confARPIgnore), Filter: at(confARPFilter)}
			}
		}
	}
}

// nested reads attributes; of malformed ones, which the kernel does not send, there is none.
func nested(b []byte) []syscall.NetlinkRouteAttr {
	list, err := nl.ParseRouteAttr(b)
	if err != nil {
		return nil
	}
	for i := range list {
		list[i].Attr.Type &= nlaTypeMask
	}
	return list
}

// allowIPv6 turns IPv6 on a link on or off, for which there is no way but a file.
func allowIPv6(name string, allow bool) error {
	value := "1"
	if allow {
		value = "0"
	}
	file := filepath.Join("/proc/sys/net/ipv6/conf", name, "disable_ipv6")
	if have, err := os.ReadFile(file); err == nil && len(have) > 0 && have[0] == value[0] {
		return nil
	}
	err := os.WriteFile(file, []byte(value), 0)
	if !allow {
		return nil // what could not be turned off is not in the way
	}
	return err
}
