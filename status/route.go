package status

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"keepalived-go/config"
)

// words collects the options of a route or a rule.
type words []string

func (w *words) add(on bool, more ...string) {
	if on {
		*w = append(*w, more...)
	}
}

func (w *words) addf(on bool, format string, arguments ...any) {
	if on {
		*w = append(*w, fmt.Sprintf(format, arguments...))
	}
}

// mainTable is RT_TABLE_MAIN.
const mainTable = 254

// typeNames are the types of routes, RTN_* of the kernel.
var typeNames = [...]string{
	"none", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve",
}

func typeName(t uint8) string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return strconv.Itoa(int(t))
}

// routeText is a route as the kernel is told it, in numbers where ip(8) has names.
func routeText(r *config.Route) string {
	w := words{[...]string{"prepend", "append", "add"}[r.Placement]}
	w.add(r.Type != config.RouteUnicast, typeName(r.Type))
	if r.Dst.Bits() == 0 {
		w.add(true, "default")
	} else {
		w.add(true, prefixText(r.Dst))
	}
	w.add(r.From.IsValid(), "from", prefixText(r.From))
	w.add(r.Src.IsValid(), "src", r.Src.String())
	w.addf(r.TOS != 0, "tos %d", r.TOS)
	w.encap(&r.Encap)
	w.via(r.Via)
	w.add(r.Dev != "", "dev", r.Dev)
	w.addf(r.Table != mainTable && r.VRF == "", "table %d", r.Table)
	w.addf(true, "proto %d", r.Protocol)
	w.addf(r.Scope != 0, "scope %d", r.Scope)
	w.addf(r.Metric != 0, "metric %d", r.Metric)
	w.add(r.OnLink && r.Family == 4, "onlink")
	w.realms(r.Realms)
	w.addf(r.Expires.Set, "expires %dsec", r.Expires.Value)
	w.metrics(r)
	w.routeRest(r)
	return strings.Join(w, " ")
}

func (w *words) routeRest(r *config.Route) {
	if r.Pref.Set {
		w.add(true, "pref", [...]string{"medium", "high", "unknown", "low"}[r.Pref.Value&3])
	}
	w.number(r, config.MetricFastOpenNoCookie, "fastopen_no_cookie")
	if r.TTLPropagate.Set {
		w.add(true, "ttl-propagate", either(r.TTLPropagate.Value, "enabled", "disabled"))
	}
	for i := range r.Nexthops {
		h := &r.Nexthops[i]
		w.add(true, "nexthop")
		w.via(h.Via)
		w.add(h.Dev != "", "dev", h.Dev)
		w.addf(h.Weight != 0, "weight %d", h.Weight)
		w.add(h.OnLink, "onlink")
		w.realms(h.Realms)
		w.encap(&h.Encap)
	}
	w.add(r.NoTrack, "no_track")
	w.add(r.TrackGroup != "", "track_group", r.TrackGroup)
}

func (w *words) via(a netip.Addr) {
	w.add(a.Is4(), "via", "inet", a.String())
	w.add(a.Is6(), "via", "inet6", a.String())
}

func (w *words) realms(v uint32) {
	w.addf(v>>16 != 0, "realms %d/%d", v>>16, v&0xffff)
	w.addf(v != 0 && v>>16 == 0, "realm %d", v&0xffff)
}

// metrics writes the metrics that were given. Times of the kernel's units become seconds or milliseconds.
func (w *words) metrics(r *config.Route) {
	m := &r.Metrics
	if r.CongCtl != "" {
		w.add(true, "congctl", r.CongCtl+either(m[config.MetricCongCtl].Lock, "lock", ""))
	}
	w.time(r, config.MetricRTT, "rtt", 8)
	w.time(r, config.MetricRTTVar, "rttvar", 4)
	w.time(r, config.MetricRTOMin, "rto_min", 1)
	w.add(m[config.MetricFeatures].Value&config.FeatureECN != 0, "features", "ecn")
	for _, n := range []struct {
		index int
		name  string
	}{
		{config.MetricMTU, "mtu"}, {config.MetricWindow, "window"}, {config.MetricSSThresh, "ssthresh"}, {config.MetricCWnd, "cwnd"},
		{config.MetricAdvMSS, "advmss"}, {config.MetricReordering, "reordering"}, {config.MetricHopLimit, "hoplimit"},
		{config.MetricInitCWnd, "initcwnd"}, {config.MetricInitRWnd, "initrwnd"}, {config.MetricQuickAck, "quickack"},
	} {
		w.number(r, n.index, n.name)
	}
}

func (w *words) number(r *config.Route, index int, name string) {
	m := r.Metrics[index]
	w.addf(m.Set, "%s %s%d", name, either(m.Lock, "lock ", ""), m.Value)
}

// time writes a metric that is kept in parts of a millisecond.
func (w *words) time(r *config.Route, index int, name string, parts float64) {
	m := r.Metrics[index]
	milliseconds := float64(m.Value) / parts
	value, unit := milliseconds, "ms"
	if milliseconds >= 1000 {
		value, unit = milliseconds/1000, "s"
	}
	w.addf(m.Set, "%s%s %s%s", name, either(m.Lock, " lock", ""), strconv.FormatFloat(value, 'g', -1, 64), unit)
}

func (w *words) encap(e *config.Encap) {
	switch e.Type {
	case config.EncapMPLS:
		labels := make([]string, len(e.Labels))
		for i, l := range e.Labels {
			labels[i] = strconv.FormatUint(uint64(l), 16)
		}
		w.add(true, "encap", "mpls", strings.Join(labels, "/"))
	case config.EncapIP:
		w.tunnel(e, "ip", "tos", "ttl")
	case config.EncapIP6:
		w.tunnel(e, "ip6", "tc", "hoplimit")
	case config.EncapILA:
		w.addf(true, "encap ila %d", e.Locator)
	case config.EncapNone:
	}
}

func (w *words) tunnel(e *config.Encap, kind, tos, ttl string) {
	w.add(true, "encap", kind)
	w.addf(e.ID.Set, "id %d", e.ID.Value)
	w.add(e.Dst.IsValid(), "dst", e.Dst.String())
	w.add(e.Src.IsValid(), "src", e.Src.String())
	w.addf(e.TOS.Set, "%s %d", tos, e.TOS.Value)
	w.addf(e.TTL.Set, "%s %d", ttl, e.TTL.Value)
	w.addf(e.Flags.Set, "flags 0x%x", e.Flags.Value)
}

// ruleText is a rule as the kernel is told it.
func ruleText(r *config.Rule) string {
	var w words
	w.add(r.Family == 6 && !r.From.IsValid() && !r.To.IsValid(), "inet6")
	w.add(r.Not, "not")
	if r.From.IsValid() {
		w.add(true, "from", prefixText(r.From))
	} else {
		w.add(true, "from", "all")
	}
	w.add(r.To.IsValid(), "to", prefixText(r.To))
	w.addf(true, "priority %d", r.Preference)
	w.addf(true, "tos 0x%x", r.TOS)
	if r.FWMark.Set || r.FWMask.Set {
		mask := ""
		if r.FWMask.Set && r.FWMask.Value != 0xffffffff {
			mask = fmt.Sprintf("/0x%x", r.FWMask.Value)
		}
		w.addf(true, "fwmark 0x%x%s", r.FWMark.Value, mask)
	}
	w.add(r.IIF != "", "iif", r.IIF)
	w.add(r.OIF != "", "oif", r.OIF)
	w.addf(r.SuppressPrefixLength.Set, "suppress_prefixlen %d", r.SuppressPrefixLength.Value)
	w.addf(r.SuppressGroup.Set, "suppress_ifgroup %d", r.SuppressGroup.Value)
	w.addf(r.TunnelID != 0, "tunnel-id %d", r.TunnelID)
	w.addf(r.UIDs.Set, "uidrange %d-%d", r.UIDs.Value.First, r.UIDs.Value.Last)
	w.add(r.L3MDev, "l3mdev")
	w.addf(r.Protocol != 0, "protocol %d", r.Protocol)
	w.addf(r.IPProto.Set, "ipproto %d", r.IPProto.Value)
	w.addf(r.SrcPorts.Set, "sport %d-%d", r.SrcPorts.Value.First, r.SrcPorts.Value.Last)
	w.addf(r.DstPorts.Set, "dport %d-%d", r.DstPorts.Value.First, r.DstPorts.Value.Last)
	w.addf(r.Realms != 0, "realms %d/%d", r.Realms>>16, r.Realms&0xffff)
	w.action(r)
	w.add(r.NoTrack, "no_track")
	w.add(r.TrackGroup != "", "track_group", r.TrackGroup)
	return strings.Join(w, " ")
}

func (w *words) action(r *config.Rule) {
	switch r.Action {
	case config.RuleTable:
		w.addf(true, "lookup %d", r.Table)
	case config.RuleGoto:
		w.addf(true, "goto %d", r.Goto)
	case config.RuleNop:
		w.add(true, "nop")
	default:
		w.add(true, "type", typeName(uint8(r.Action)))
	}
}
