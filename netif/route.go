package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// AddRoute adds r. That the same route is there already is success, but for the placement Add: it fails with EEXIST then.
// The error names the destination and wraps the errno: ENODEV when an interface does not exist.
func (h *Handle) AddRoute(r Route) error {
	flags := [...]int{unix.NLM_F_CREATE, unix.NLM_F_CREATE | unix.NLM_F_APPEND, unix.NLM_F_CREATE | unix.NLM_F_EXCL}
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.conn.route(unix.RTM_NEWROUTE, flags[min(int(r.Placement), len(flags)-1)], r)
	if err != nil && (r.Placement == Add || !errors.Is(err, unix.EEXIST)) {
		return fmt.Errorf("route to %s: %w", r.Dst, err)
	}
	return nil
}

// DeleteRoute removes the route that is as r is. That it is not there, or that its interface does not exist, is success.
func (h *Handle) DeleteRoute(r Route) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.conn.route(unix.RTM_DELROUTE, 0, r)
	if err == nil || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return fmt.Errorf("route to %s: %w", r.Dst, err)
}

func (c *conn) route(kind, flags int, r Route) error {
	request, err := c.routeRequest(kind, flags, r)
	if err != nil {
		return err
	}
	return c.call(request, nil)
}

// family is the kernel's number of 4 and 6.
func family(n int) uint8 {
	if n == 6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

func (c *conn) routeRequest(kind, flags int, r Route) (*nl.NetlinkRequest, error) {
	if !r.Dst.IsValid() {
		return nil, unix.EINVAL
	}
	m := &nl.RtMsg{RtMsg: unix.RtMsg{Family: family(r.Family), Tos: r.TOS, Protocol: r.Protocol, Scope: r.Scope, Type: r.Type}}
	if r.OnLink {
		m.Flags |= unix.RTNH_F_ONLINK
	}
	request := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	request.AddData(m)
	add := func(a *nl.RtAttr) { request.AddData(a) }
	if m.Dst_len = uint8(r.Dst.Bits()); m.Dst_len > 0 {
		add(nl.NewRtAttr(unix.RTA_DST, r.Dst.Masked().Addr().AsSlice()))
	}
	if r.From.IsValid() {
		m.Src_len = uint8(r.From.Bits())
		add(nl.NewRtAttr(unix.RTA_SRC, r.From.Masked().Addr().AsSlice()))
	}
	if r.VRF == "" {
		add(nl.NewRtAttr(unix.RTA_TABLE, nl.Uint32Attr(r.Table)))
	} else if err := c.vrfTable(r.VRF, add); err != nil {
		return nil, err
	}
	if r.Src.IsValid() {
		add(nl.NewRtAttr(unix.RTA_PREFSRC, r.Src.AsSlice()))
	}
	addNumber(add, unix.RTA_PRIORITY, r.Metric)
	for _, a := range r.values() {
		add(a)
	}
	if err := c.addHop(add, r.Family, Nexthop{Via: r.Via, Dev: r.Dev, Encap: r.Encap, Realms: r.Realms}, true); err != nil {
		return nil, err
	}
	return request, c.addNexthops(add, r)
}

// vrfTable asks for the table of a VRF device.
func (c *conn) vrfTable(name string, add func(*nl.RtAttr)) error {
	table, err := c.tableOf(name)
	if err == nil {
		add(nl.NewRtAttr(unix.RTA_TABLE, nl.Uint32Attr(table)))
	}
	return err
}

// tableOf reads the table that a VRF device stands for.
func (c *conn) tableOf(name string) (uint32, error) {
	index, err := c.index(name)
	if err != nil {
		return 0, fmt.Errorf("vrf %s: %w", name, err)
	}
	request := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_ACK)
	message := nl.NewIfInfomsg(unix.AF_UNSPEC)
	message.Index = int32(index)
	request.AddData(message)
	var table uint32
	err = c.call(request, func(data []byte) {
		if len(data) < unix.SizeofIfInfomsg {
			return
		}
		info := attribute(attribute(data[unix.SizeofIfInfomsg:], unix.IFLA_LINKINFO), nl.IFLA_INFO_DATA)
		table = native32(attribute(info, nl.IFLA_VRF_TABLE))
	})
	if err == nil && table == 0 {
		err = unix.ENODEV
	}
	if err != nil {
		return 0, fmt.Errorf("vrf %s: %w", name, err)
	}
	return table, nil
}

// attribute finds one attribute among others; nil when it is missing.
func attribute(data []byte, kind uint16) []byte {
	list, err := nl.ParseRouteAttr(data)
	if err != nil {
		return nil
	}
	for _, a := range list {
		if a.Attr.Type&nl.NLA_TYPE_MASK == kind {
			return a.Value
		}
	}
	return nil
}

func addNumber(add func(*nl.RtAttr), kind int, v uint32) {
	if v != 0 {
		add(nl.NewRtAttr(kind, nl.Uint32Attr(v)))
	}
}

// values are the attributes of a route that say nothing of its way.
func (r Route) values() []*nl.RtAttr {
	var list []*nl.RtAttr
	if r.Expires.Set {
		list = append(list, nl.NewRtAttr(unix.RTA_EXPIRES, nl.Uint32Attr(r.Expires.Value)))
	}
	if r.Pref.Set {
		list = append(list, nl.NewRtAttr(unix.RTA_PREF, []byte{r.Pref.Value}))
	}
	if r.TTL.Set {
		v := byte(0)
		if r.TTL.Value {
			v = 1
		}
		list = append(list, nl.NewRtAttr(unix.RTA_TTL_PROPAGATE, []byte{v}))
	}
	if metrics, some := r.metrics(); some {
		list = append(list, metrics)
	}
	return list
}

func (r Route) metrics() (*nl.RtAttr, bool) {
	metrics := nl.NewRtAttr(unix.RTA_METRICS, nil)
	some, locks := false, uint32(0)
	for i, m := range r.Metrics {
		if m.Lock {
			locks |= 1 << i
		}
		if m.Set && i != unix.RTAX_CC_ALGO {
			metrics.AddRtAttr(i, nl.Uint32Attr(m.Value))
			some = true
		}
	}
	if r.CongCtl != "" {
		metrics.AddRtAttr(unix.RTAX_CC_ALGO, nl.ZeroTerminated(r.CongCtl))
		some = true
	}
	if locks != 0 {
		metrics.AddRtAttr(unix.RTAX_LOCK, nl.Uint32Attr(locks))
	}
	return metrics, some || locks != 0
}

// addHop says where a route or one of its hops leads. The interface of a hop stands in its header.
func (c *conn) addHop(add func(*nl.RtAttr), fam int, hop Nexthop, whole bool) error {
	if hop.Via.IsValid() {
		add(gateway(fam, hop.Via))
	}
	if whole && hop.Dev != "" {
		index, err := c.index(hop.Dev)
		if err != nil {
			return fmt.Errorf("dev %s: %w", hop.Dev, err)
		}
		add(nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(index))))
	}
	addNumber(add, unix.RTA_FLOW, hop.Realms)
	if hop.Encap.Type != 0 {
		add(nl.NewRtAttr(unix.RTA_ENCAP_TYPE, nl.Uint16Attr(uint16(hop.Encap.Type))))
		add(hop.Encap.attribute())
	}
	return nil
}

// gateway is RTA_VIA where the gateway is not of the route's family.
func gateway(fam int, via netip.Addr) *nl.RtAttr {
	if via.Is6() == (fam == 6) {
		return nl.NewRtAttr(unix.RTA_GATEWAY, via.AsSlice())
	}
	number := family(4)
	if via.Is6() {
		number = family(6)
	}
	return nl.NewRtAttr(unix.RTA_VIA, append(nl.Uint16Attr(uint16(number)), via.AsSlice()...))
}

func (c *conn) addNexthops(add func(*nl.RtAttr), r Route) error {
	if len(r.Nexthops) == 0 {
		return nil
	}
	var all []byte
	for _, hop := range r.Nexthops {
		h := nl.RtNexthop{RtNexthop: unix.RtNexthop{Hops: uint8(max(hop.Weight, 1) - 1)}}
		if hop.OnLink {
			h.Flags |= unix.RTNH_F_ONLINK
		}
		if hop.Dev != "" {
			index, err := c.index(hop.Dev)
			if err != nil {
				return fmt.Errorf("dev %s: %w", hop.Dev, err)
			}
			h.Ifindex = int32(index)
		}
		child := func(a *nl.RtAttr) { h.Children = append(h.Children, a) }
		if err := c.addHop(child, r.Family, hop, false); err != nil {
			return err
		}
		all = append(all, h.Serialize()...)
	}
	add(nl.NewRtAttr(unix.RTA_MULTIPATH, all))
	return nil
}

// attribute is RTA_ENCAP, by linux/mpls_iptunnel.h, linux/lwtunnel.h and linux/ila.h. The numbers of IPv4 and IPv6
// tunnels are the same.
func (e Encap) attribute() *nl.RtAttr {
	out := nl.NewRtAttr(unix.RTA_ENCAP|unix.NLA_F_NESTED, nil)
	switch e.Type {
	case nl.LWTUNNEL_ENCAP_MPLS:
		var stack []byte
		for i, label := range e.Labels {
			v := label << 12
			if i == len(e.Labels)-1 {
				v |= 1 << 8 // the bottom of the stack
			}
			stack = binary.BigEndian.AppendUint32(stack, v)
		}
		out.AddRtAttr(nl.MPLS_IPTUNNEL_DST, stack)
	case nl.LWTUNNEL_ENCAP_ILA:
		out.AddRtAttr(1, binary.BigEndian.AppendUint64(nil, e.Locator))
	default:
		e.tunnel(out)
	}
	return out
}

func (e Encap) tunnel(out *nl.RtAttr) {
	if e.ID.Set {
		out.AddRtAttr(1, binary.BigEndian.AppendUint64(nil, e.ID.Value))
	}
	if e.Dst.IsValid() {
		out.AddRtAttr(2, e.Dst.AsSlice())
	}
	if e.Src.IsValid() {
		out.AddRtAttr(3, e.Src.AsSlice())
	}
	if e.TTL.Set {
		out.AddRtAttr(4, []byte{e.TTL.Value})
	}
	if e.TOS.Set {
		out.AddRtAttr(5, []byte{e.TOS.Value})
	}
	if e.Flags.Set {
		out.AddRtAttr(6, binary.BigEndian.AppendUint16(nil, e.Flags.Value))
	}
}
