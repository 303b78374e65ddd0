package netif

import (
	"encoding/binary"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Of linux/if_addr.h.
const (
	attributeProtocol  = 11 // IFA_PROTO
	protocolKeepalived = 18 // RTPROT_KEEPALIVED, which serves for addresses too
)

// Flags that come from options of an address; all others are the kernel's. Of IPv4 addresses it keeps two only, and
// forgets the rest without a word.
const (
	optionFlags4 = unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_MCAUTOJOIN
	optionFlags6 = optionFlags4 | unix.IFA_F_HOMEADDRESS | unix.IFA_F_MANAGETEMPADDR | unix.IFA_F_NODAD
)

// flags are the address flags that a asks for. Duplicate address detection is of IPv6 alone.
func (a Address) flags() uint32 {
	var f uint32
	for _, o := range []struct {
		set  bool
		flag uint32
	}{
		{a.HomeAddress, unix.IFA_F_HOMEADDRESS},
		{a.MngTmpAddr, unix.IFA_F_MANAGETEMPADDR},
		{a.NoPrefixRoute, unix.IFA_F_NOPREFIXROUTE},
		{a.AutoJoin, unix.IFA_F_MCAUTOJOIN},
		{a.NoDAD && a.Prefix.Addr().Is6(), unix.IFA_F_NODAD},
	} {
		if o.set {
			f |= o.flag
		}
	}
	return f
}

// far is the network-side address: the peer if there is one, else the address itself.
func (a Address) far() netip.Addr {
	if a.Peer.IsValid() {
		return a.Peer.Addr()
	}
	return a.Prefix.Addr()
}

// bits is the prefix length: that of the peer if there is one.
func (a Address) bits() int {
	if a.Peer.IsValid() {
		return a.Peer.Bits()
	}
	return a.Prefix.Bits()
}

// header is the fixed part of a message about a.
func (a Address) header(index int) *nl.IfAddrmsg {
	m := nl.NewIfAddrmsg(unix.AF_INET)
	if a.Prefix.Addr().Is6() {
		m.Family = unix.AF_INET6
	}
	m.Prefixlen = uint8(a.bits())
	m.Index = uint32(index)
	return m
}

// addRequest asks for a to be added; the kernel says EEXIST when it has it, with whatever options.
func addRequest(a Address, index int) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	header := a.header(index)
	v4 := a.Prefix.Addr().Is4()
	if v4 {
		header.Scope = a.Scope
	}
	r.AddData(header)
	r.AddData(nl.NewRtAttr(unix.IFA_LOCAL, a.Prefix.Addr().AsSlice()))
	if a.Peer.IsValid() {
		r.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, a.Peer.Addr().AsSlice()))
	}
	if f := a.flags(); f != 0 {
		r.AddData(nl.NewRtAttr(unix.IFA_FLAGS, nl.Uint32Attr(f)))
	}
	if v4 && a.Broadcast.IsValid() {
		r.AddData(nl.NewRtAttr(unix.IFA_BROADCAST, a.Broadcast.AsSlice()))
	}
	if v4 && a.Label != "" {
		r.AddData(nl.NewRtAttr(unix.IFA_LABEL, nl.ZeroTerminated(a.Label)))
	}
	if !v4 && a.PreferredLife != Forever {
		life := nl.IfaCacheInfo{IfaCacheinfo: unix.IfaCacheinfo{Prefered: a.PreferredLife, Valid: Forever}}
		r.AddData(nl.NewRtAttr(unix.IFA_CACHEINFO, life.Serialize()))
	}
	r.AddData(nl.NewRtAttr(attributeProtocol, nl.Uint8Attr(protocolKeepalived)))
	return r
}

// deleteRequest asks for a to be removed, whatever its options are.
func deleteRequest(a Address, index int) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(unix.RTM_DELADDR, unix.NLM_F_ACK)
	r.AddData(a.header(index))
	r.AddData(nl.NewRtAttr(unix.IFA_LOCAL, a.Prefix.Addr().AsSlice()))
	r.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, a.far().AsSlice()))
	return r
}

// parseAddress reads the body of an RTM_NEWADDR message. Dev is left empty.
func parseAddress(data []byte) (heldAddress, bool) {
	if len(data) < unix.SizeofIfAddrmsg {
		return heldAddress{}, false
	}
	m := nl.DeserializeIfAddrmsg(data)
	attributes, err := nl.ParseRouteAttr(data[unix.SizeofIfAddrmsg:])
	if err != nil {
		return heldAddress{}, false
	}
	h := heldAddress{index: int(m.Index), flags: uint32(m.Flags)}
	h.Scope, h.PreferredLife = m.Scope, Forever
	var local netip.Addr
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_ADDRESS:
			h.peer, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_BROADCAST:
			h.Broadcast, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_LABEL:
			h.Label = unix.ByteSliceToString(a.Value)
		case unix.IFA_FLAGS:
			h.flags = native32(a.Value)
		case unix.IFA_CACHEINFO:
			h.PreferredLife = native32(a.Value)
		}
	}
	if !h.peer.IsValid() {
		h.peer = local
	}
	if !local.IsValid() {
		local = h.peer // of IPv6 only point-to-point addresses have both
	}
	h.Prefix = netip.PrefixFrom(local, int(m.Prefixlen))
	if h.peer != local {
		h.Peer = netip.PrefixFrom(h.peer, int(m.Prefixlen))
	}
	h.HomeAddress = h.flags&unix.IFA_F_HOMEADDRESS != 0
	h.MngTmpAddr = h.flags&unix.IFA_F_MANAGETEMPADDR != 0
	h.NoPrefixRoute = h.flags&unix.IFA_F_NOPREFIXROUTE != 0
	h.AutoJoin = h.flags&unix.IFA_F_MCAUTOJOIN != 0
	h.NoDAD = h.flags&unix.IFA_F_NODAD != 0
	return h, h.Prefix.IsValid()
}

// native32 reads an attribute of 4 bytes in the machine's order; a shorter one is 0.
func native32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}

// same tells whether the kernel would refuse a because it has h.
func (h heldAddress) same(a Address) bool {
	if h.Prefix.Addr() != a.Prefix.Addr() || h.Prefix.Bits() != a.bits() {
		return a.Prefix.Addr().Is6() && h.Prefix.Addr() == a.Prefix.Addr()
	}
	return a.Prefix.Addr().Is6() || netip.PrefixFrom(h.peer, h.Prefix.Bits()).Masked().Contains(a.far())
}

// asWanted tells whether h has the options of a. Lifetimes other than none and for ever run down, so any of them will do.
func (h heldAddress) asWanted(a Address) bool {
	if h.Prefix.Bits() != a.bits() || h.peer != a.far() {
		return false
	}
	different := h.flags ^ a.flags()
	if a.Prefix.Addr().Is6() {
		return different&optionFlags6 == 0 && kindOfLife(h.PreferredLife) == kindOfLife(a.PreferredLife)
	}
	if different&optionFlags4 != 0 {
		return false
	}
	label := a.Label
	if label == "" {
		label = a.Dev
	}
	return h.Scope == a.Scope && h.Broadcast == a.Broadcast && h.Label == label
}

// kindOfLife is 0 for none, 1 for a limited and 2 for an unlimited lifetime.
func kindOfLife(seconds uint32) int {
	switch seconds {
	case 0:
		return 0
	case Forever:
		return 2
	}
	return 1
}
