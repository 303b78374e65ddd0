package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ipLine collects the words of a route or a rule for Dump.
type ipLine struct{ words []string }

// flag writes words that stand alone.
func (l *ipLine) flag(on bool, words ...string) {
	if on {
		l.words = append(l.words, words...)
	}
}

// number writes an option with a number unless it is the default.
func (l *ipLine) number(name string, v, def uint64) {
	l.flag(v != def, name, strconv.FormatUint(v, 10))
}

func (l *ipLine) text(name, v string) { l.flag(v != "", name, quoteWord(v)) }

func (l *ipLine) addr(name string, a netip.Addr) { l.flag(a.IsValid(), name, a.String()) }

func (l *ipLine) realms(v uint32) {
	l.flag(v != 0, "realms", fmt.Sprintf("%d/%d", v>>16, v&0xffff))
}

// optional writes an option that was given.
func optional[T uint8 | uint16 | uint32 | uint64](l *ipLine, name string, v Optional[T]) {
	l.flag(v.Set, name, strconv.FormatUint(uint64(v.Value), 10))
}

// String is the line in the form of the configuration. Decode makes the same route of it, where its interfaces,
// VRF and track group exist. The tunnel stands at the end because its options go on as long as they can.
func (r Route) String() string {
	l := &ipLine{}
	l.flag(r.Type != RouteUnicast, routeTypeName(r.Type))
	l.flag(true, r.Dst.String())
	l.flag(r.From.IsValid(), "from", r.From.String())
	l.addr("via", r.Via)
	l.addr("src", r.Src)
	l.text("dev", r.Dev)
	l.text("vrf", r.VRF)
	if r.VRF == "" {
		l.number("table", uint64(r.Table), tableMain)
	}
	l.number("scope", uint64(r.Scope), 0)
	l.number("tos", uint64(r.TOS), 0)
	l.number("metric", uint64(r.Metric), 0)
	l.realms(r.Realms)
	l.flag(r.OnLink, "onlink")
	optional(l, "expires", r.Expires)
	optional(l, "pref", r.Pref)
	if r.TTLPropagate.Set {
		l.flag(true, "ttl-propagate", map[bool]string{true: "enabled", false: "disabled"}[r.TTLPropagate.Value])
	}
	l.metrics(r)
	l.flag(r.Placement == RouteAppend, "append")
	l.flag(r.Placement == RouteAdd, "add")
	l.flag(r.NoTrack, "no_track")
	l.number("protocol", uint64(r.Protocol), ProtocolKeepalived)
	l.text("track_group", r.TrackGroup)
	l.encap(r.Encap)
	for _, h := range r.Nexthops {
		l.nexthop(h)
	}
	return strings.Join(l.words, " ")
}

// routeTypeName gives the name of a type of routes, or its number where it has none.
func routeTypeName(t uint8) string {
	for name, n := range routeTypes {
		if n == uint32(t) && name != "brd" {
			return name
		}
	}
	return strconv.Itoa(int(t))
}

// metricNames is routeMetrics by index.
var metricNames = func() (names [MetricCount]string) {
	for n, m := range routeMetrics {
		names[m.index] = n
	}
	return names
}()

func (l *ipLine) metrics(r Route) {
	for i, m := range r.Metrics {
		if name := metricNames[i]; name != "" && m.Set {
			l.flag(true, name)
			l.flag(m.Lock, "lock")
			l.flag(true, strconv.FormatUint(uint64(m.Value), 10))
		}
	}
	l.flag(r.Metrics[MetricFeatures].Value&FeatureECN != 0, "features", "ecn")
	if r.CongCtl != "" {
		l.flag(true, "congctl")
		l.flag(r.Metrics[MetricCongCtl].Lock, "lock")
		l.flag(true, quoteWord(r.CongCtl))
	}
}

func (l *ipLine) nexthop(h Nexthop) {
	l.flag(true, "nexthop")
	l.addr("via", h.Via)
	l.text("dev", h.Dev)
	l.number("weight", uint64(h.Weight), 0)
	l.flag(h.OnLink, "onlink")
	l.realms(h.Realms)
	l.encap(h.Encap)
}

func (l *ipLine) encap(e Encap) {
	switch e.Type {
	case EncapIP:
		l.flag(true, "encap", "ip")
		l.tunnel(e, "tos", "ttl")
	case EncapIP6:
		l.flag(true, "encap", "ip6")
		l.tunnel(e, "tc", "hoplimit")
	case EncapMPLS:
		labels := make([]string, len(e.Labels))
		for i, n := range e.Labels {
			labels[i] = strconv.FormatUint(uint64(n), 10)
		}
		l.flag(true, "encap", "mpls")
		l.flag(len(labels) > 0, strings.Join(labels, "/"))
	case EncapILA:
		v := e.Locator
		l.flag(true, "encap", "ila", fmt.Sprintf("%x:%x:%x:%x", v>>48, v>>32&0xffff, v>>16&0xffff, v&0xffff))
	case EncapNone:
	}
}

func (l *ipLine) tunnel(e Encap, tos, ttl string) {
	optional(l, "id", e.ID)
	l.addr("dst", e.Dst)
	l.addr("src", e.Src)
	optional(l, tos, e.TOS)
	optional(l, ttl, e.TTL)
	optional(l, "flags", e.Flags)
}
