package config

import (
	"net/netip"

	"pgregory.net/rapid"
)

// genIP makes an address of a family.
func genIP(t *rapid.T, family int) netip.Addr {
	if family == 4 {
		return genIPv4(t)
	}
	a := netip.MustParseAddr("2001:db8::").As16()
	a[15] = byte(rapid.IntRange(1, 255).Draw(t, "host"))
	return netip.AddrFrom16(a)
}

func genPrefix(t *rapid.T, family int) netip.Prefix {
	if rapid.IntRange(0, 5).Draw(t, "default") == 0 {
		return unspecified(family)
	}
	a := genIP(t, family)
	return netip.PrefixFrom(a, rapid.IntRange(1, a.BitLen()).Draw(t, "bits"))
}

// maybe makes a value that may be missing.
func maybe[T comparable](t *rapid.T, label string, g *rapid.Generator[T]) Optional[T] {
	if rapid.Bool().Draw(t, label+" given") {
		return some(g.Draw(t, label))
	}
	return Optional[T]{}
}

// orZero makes a value, or none.
func orZero[T comparable](t *rapid.T, label string, g *rapid.Generator[T]) T {
	return maybe(t, label, g).Value
}

func genEncap(t *rapid.T) Encap {
	e := Encap{Type: EncapType(rapid.IntRange(0, 4).Draw(t, "encap"))}
	switch e.Type {
	case EncapMPLS:
		e.Labels = rapid.SliceOfN(rapid.Uint32Range(0, maxLabel), 1, maxLabels).Draw(t, "labels")
	case EncapILA:
		e.Locator = rapid.Uint64().Draw(t, "locator")
	case EncapIP, EncapIP6:
		family := map[EncapType]int{EncapIP: 4, EncapIP6: 6}[e.Type]
		e.ID, e.Flags = maybe(t, "id", rapid.Uint64()), maybe(t, "flags", rapid.Uint16())
		e.TOS, e.TTL = maybe(t, "tos", rapid.Uint8()), maybe(t, "ttl", rapid.Uint8())
		e.Dst = genIP(t, family)
		if rapid.Bool().Draw(t, "source") {
			e.Src = genIP(t, family)
		}
	}
	return e
}

func genHop(t *rapid.T, family int) Nexthop {
	h := Nexthop{OnLink: rapid.Bool().Draw(t, "onlink"), Encap: genEncap(t), Weight: orZero(t, "weight", rapid.IntRange(1, 256))}
	if rapid.Bool().Draw(t, "hop via") {
		h.Via = genIP(t, family)
	}
	h.Dev = orZero(t, "hop dev", rapid.SampledFrom([]string{"eth0", "eth1"}))
	if family == 4 {
		h.Realms = genRealms(t)
	}
	return h
}

func genRealms(t *rapid.T) uint32 {
	return rapid.Uint32Range(0, 255).Draw(t, "from realm")<<16 | rapid.Uint32Range(0, 255).Draw(t, "to realm")
}

func genMetrics(t *rapid.T) (m RouteMetrics) {
	for name, kind := range routeMetrics {
		if !rapid.Bool().Draw(t, name) {
			continue
		}
		most := uint32(1<<32 - 1)
		switch {
		case kind.perMS != 0:
			most = maxMetricTime * kind.perMS
		case kind.index == MetricHopLimit:
			most = 255
		case kind.index == MetricQuickAck || kind.index == MetricFastOpenNoCookie:
			most = 1
		}
		v := rapid.Uint32Range(minMetricTime*kind.perMS, most).Draw(t, "value")
		m[kind.index] = Metric{Value: v, Set: true, Lock: kind.lockable && rapid.Bool().Draw(t, "lock")}
	}
	if rapid.Bool().Draw(t, "ecn") {
		m[MetricFeatures] = Metric{Value: FeatureECN, Set: true}
	}
	return m
}

// genRoute makes a route as Decode gives it.
func genRoute(t *rapid.T) Route {
	family := rapid.SampledFrom([]int{4, 6}).Draw(t, "family")
	r := Route{
		Family: family, Type: uint8(rapid.SampledFrom([]int{1, 1, 1, 2, 3, 6, 7, 77}).Draw(t, "type")), Dst: genPrefix(t, family),
		Dev:   orZero(t, "dev", rapid.SampledFrom([]string{"eth0", "eth1"})),
		Table: rapid.SampledFrom([]uint32{tableMain, 0, 100, 1<<32 - 1}).Draw(t, "table"),
		Scope: rapid.SampledFrom([]uint8{0, 253, 77}).Draw(t, "scope"), TOS: rapid.Uint8().Draw(t, "tos"), Metric: rapid.Uint32().Draw(t, "metric"),
		OnLink: rapid.Bool().Draw(t, "onlink"), Encap: genEncap(t), TTLPropagate: maybe(t, "propagate", rapid.Bool()),
		Metrics: genMetrics(t), Protocol: ProtocolKeepalived, NoTrack: rapid.Bool().Draw(t, "no_track"),
		Placement: rapid.SampledFrom([]RoutePlacement{RoutePrepend, RouteAppend, RouteAdd}).Draw(t, "placement"),
	}
	if r.NoTrack {
		r.Protocol = rapid.Uint8().Draw(t, "protocol")
	}
	if r.CongCtl = orZero(t, "congctl", rapid.SampledFrom([]string{"cubic", "bbr"})); r.CongCtl != "" {
		r.Metrics[MetricCongCtl].Lock = rapid.Bool().Draw(t, "locked")
	}
	if rapid.Bool().Draw(t, "via") {
		r.Via = genIP(t, family)
	}
	if rapid.Bool().Draw(t, "src") {
		r.Src = genIP(t, family)
	}
	if family == 4 {
		r.Realms = genRealms(t)
	} else {
		r.Expires, r.Pref = maybe(t, "expires", rapid.Uint32()), maybe(t, "pref", rapid.Uint8())
		if rapid.Bool().Draw(t, "from") {
			r.From = genPrefix(t, 6)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "hops") {
		r.Nexthops = append(r.Nexthops, genHop(t, family))
	}
	return r
}

func genRange[T uint16 | uint32](t *rapid.T, g *rapid.Generator[T]) Range[T] {
	a, b := g.Draw(t, "first"), g.Draw(t, "last")
	return Range[T]{min(a, b), max(a, b)}
}

// genRule makes a rule as Decode gives it.
func genRule(t *rapid.T) Rule {
	family := rapid.SampledFrom([]int{4, 6}).Draw(t, "family")
	r := Rule{
		Family: family, Preference: rapid.Uint32Range(0, 1<<31).Draw(t, "preference"),
		Action: rapid.SampledFrom([]RuleAction{RuleTable, RuleGoto, RuleNop, RuleBlackhole, RuleUnreachable, RuleProhibit}).Draw(t, "action"),
		Not:    rapid.Bool().Draw(t, "not"), TOS: rapid.Uint8().Draw(t, "tos"), TunnelID: rapid.Uint64().Draw(t, "tunnel"),
		IIF:    orZero(t, "iif", rapid.Just("eth0")),
		OIF:    orZero(t, "oif", rapid.Just("eth1")),
		FWMark: maybe(t, "fwmark", rapid.Uint32()), IPProto: maybe(t, "ipproto", rapid.Uint8Range(0, 127)),
		NoTrack: rapid.Bool().Draw(t, "no_track"), Protocol: ProtocolKeepalived,
	}
	if r.FWMark.Set {
		r.FWMask = maybe(t, "mask", rapid.Uint32())
	}
	if r.NoTrack {
		r.Protocol = rapid.Uint8().Draw(t, "protocol")
	}
	if rapid.Bool().Draw(t, "uids") {
		r.UIDs = some(genRange(t, rapid.Uint32()))
	}
	if rapid.Bool().Draw(t, "ports") {
		r.SrcPorts, r.DstPorts = some(genRange(t, rapid.Uint16())), some(genRange(t, rapid.Uint16()))
	}
	if rapid.Bool().Draw(t, "from") {
		r.From = genPrefix(t, family)
	}
	if rapid.Bool().Draw(t, "to") {
		r.To = genPrefix(t, family)
	}
	genAction(t, &r)
	return r
}

// genAction gives a rule what belongs to its action.
func genAction(t *rapid.T, r *Rule) {
	switch r.Action {
	case RuleGoto:
		r.Goto = rapid.Uint32Range(r.Preference+1, 1<<32-1).Draw(t, "goto")
	case RuleTable:
		if r.L3MDev = rapid.Bool().Draw(t, "l3mdev"); !r.L3MDev {
			r.Table = rapid.Uint32Range(1, 1<<32-1).Draw(t, "table")
		}
		r.SuppressPrefixLength = maybe(t, "length", rapid.Uint32Range(0, 1<<31-1))
		r.SuppressGroup = maybe(t, "group", rapid.Uint32Range(0, 1<<31-1))
		if r.Family == 4 {
			r.Realms = genRealms(t)
		}
	}
}
