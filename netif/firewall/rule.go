package firewall

import (
	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Types of ICMPv6 that rules name, RFC 4861 and RFC 3810.
const (
	reportMLD        = 131
	routerSolicit    = 133
	neighbourSolicit = 135
	neighbourAdvert  = 136
	reportMLD2       = 143
)

// Registers of the kernel. Each has 16 octets, and a lookup of two reads them behind each other.
const (
	reg1 = unix.NFT_REG_1
	reg2 = unix.NFT_REG_2
)

// metaOIFKind asks for the kind of the link that a packet leaves by.
const metaOIFKind = 27

// rule is one rule of a chain.
type rule struct {
	chain string
	exprs []expr.Any
}

// add appends a rule to a chain. The last expression is the verdict, before which a counter counts where it is wanted.
func (l *layout) add(s Settings, chain string, exprs ...expr.Any) {
	if s.Counters {
		last := len(exprs) - 1
		exprs = append(exprs[:last:last], &expr.Counter{}, exprs[last])
	}
	l.rules = append(l.rules, rule{chain, exprs})
}

// addressOf loads the destination or the source of a packet.
func addressOf(family nftables.TableFamily, source bool) *expr.Payload {
	p := &expr.Payload{OperationType: expr.PayloadLoad, Base: expr.PayloadBaseNetworkHeader, DestRegister: reg1}
	switch {
	case family == nftables.TableFamilyIPv4 && source:
		p.Offset, p.Len = 12, 4
	case family == nftables.TableFamilyIPv4:
		p.Offset, p.Len = 16, 4
	case source:
		p.Offset, p.Len = 8, 16
	default:
		p.Offset, p.Len = 24, 16
	}
	return p
}

func lookup(set string) *expr.Lookup { return &expr.Lookup{SourceRegister: reg1, SetName: set} }

func drop() *expr.Verdict { return &expr.Verdict{Kind: expr.VerdictDrop} }

func equals(register uint32, data ...byte) *expr.Cmp {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data}
}

// dropAddress: ip daddr @vips drop
func dropAddress(family nftables.TableFamily, source bool) []expr.Any {
	return []expr.Any{addressOf(family, source), lookup(setVIPs), drop()}
}

// icmp6Type: icmpv6 type, in the first register
func icmp6Type() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: reg1}, equals(reg1, unix.IPPROTO_ICMPV6),
		&expr.Payload{OperationType: expr.PayloadLoad, Base: expr.PayloadBaseTransportHeader, DestRegister: reg1, Len: 1},
	}
}

// acceptNeighbours: icmpv6 type @neighbor-discovery accept
func acceptNeighbours() []expr.Any {
	return append(icmp6Type(), lookup(setNeighbour), &expr.Verdict{Kind: expr.VerdictAccept})
}

// gotoLinkLocal: ip6 daddr fe80::/10 goto in_link_local
func gotoLinkLocal(source bool, chain string) []expr.Any {
	mask, network := make([]byte, 16), make([]byte, 16)
	mask[0], mask[1] = 0xff, 0xc0
	network[0], network[1] = 0xfe, 0x80
	return []expr.Any{
		addressOf(nftables.TableFamilyIPv6, source),
		&expr.Bitwise{SourceRegister: reg1, DestRegister: reg1, Len: 16, Mask: mask, Xor: make([]byte, 16)},
		equals(reg1, network...),
		&expr.Verdict{Kind: expr.VerdictGoto, Chain: chain},
	}
}

// dropOnLink: ip6 daddr . iif @vips_link_local drop
func dropOnLink(set string, source, byName bool) []expr.Any {
	key := map[[2]bool]expr.MetaKey{
		{false, false}: expr.MetaKeyIIF, {false, true}: expr.MetaKeyIIFNAME,
		{true, false}: expr.MetaKeyOIF, {true, true}: expr.MetaKeyOIFNAME,
	}[[2]bool{source, byName}]
	return []expr.Any{
		addressOf(nftables.TableFamilyIPv6, source), &expr.Meta{Key: key, Register: reg2}, lookup(set), drop(),
	}
}

// onMacvlan: meta oifkind macvlan
func onMacvlan() []expr.Any {
	kind := make([]byte, 16)
	copy(kind, "macvlan")
	return []expr.Any{&expr.Meta{Key: metaOIFKind, Register: reg2}, equals(reg2, kind...)}
}

// viaBase: dup to ip daddr device oif map @vmac_map drop
func viaBase(family nftables.TableFamily) []expr.Any {
	exprs := append([]expr.Any{addressOf(family, false)}, onMacvlan()...)
	return append(exprs,
		&expr.Meta{Key: expr.MetaKeyOIF, Register: reg2},
		&expr.Lookup{SourceRegister: reg2, DestRegister: reg2, IsDestRegSet: true, SetName: mapVMACs},
		&expr.Dup{RegAddr: reg1, RegDev: reg2, IsRegDevSet: true},
		drop())
}

// igmpReports: ip protocol igmp, via the base
func igmpReports() []expr.Any {
	return append([]expr.Any{
		&expr.Payload{OperationType: expr.PayloadLoad, Base: expr.PayloadBaseNetworkHeader, DestRegister: reg1, Offset: 9, Len: 1},
		equals(reg1, unix.IPPROTO_IGMP),
	}, viaBase(nftables.TableFamilyIPv4)...)
}

// mldReports: icmpv6 type @mld-report, via the base
func mldReports() []expr.Any {
	return append(append(icmp6Type(), lookup(setReports)), viaBase(nftables.TableFamilyIPv6)...)
}

// parentAdverts: icmpv6 type nd-neighbor-advert meta oifkind macvlan ip6 saddr . oifname @parent_link_local drop
func parentAdverts(byIndex bool) []expr.Any {
	key := expr.MetaKeyOIFNAME
	if byIndex {
		key = expr.MetaKeyOIF
	}
	exprs := append(icmp6Type(), equals(reg1, neighbourAdvert))
	exprs = append(exprs, onMacvlan()...)
	return append(exprs, addressOf(nftables.TableFamilyIPv6, true), &expr.Meta{Key: key, Register: reg2}, lookup(setParents), drop())
}

// routerSolicits: icmpv6 type nd-router-solicit meta oifkind macvlan oif @vmac_set drop
func routerSolicits() []expr.Any {
	exprs := append(icmp6Type(), equals(reg1, routerSolicit))
	exprs = append(exprs, onMacvlan()...)
	return append(exprs, &expr.Meta{Key: expr.MetaKeyOIF, Register: reg2},
		&expr.Lookup{SourceRegister: reg2, SetName: setVMACs}, drop())
}
