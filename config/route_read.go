package config

import (
	"net/netip"

	"keepalived-go/parser"
)

// routeReader reads one line of virtual_routes or static_routes.
type routeReader struct {
	ipWords
	route    Route
	dst      bool // a destination was given
	from     bool
	protocol parser.Word // what protocol was given, for the message that it is not used
}

func (d *decoder) staticRoute(l line)  { d.routeLine(l, &d.config.StaticRoutes) }
func (d *decoder) virtualRoute(l line) { d.routeLine(l, &d.scope.inst.Routes) }

// routeLine reads a line and appends the route, unless something is wrong that upstream drops it for.
func (d *decoder) routeLine(l line, list *[]Route) {
	r := &routeReader{ipWords: newIPWords(d, l)}
	r.route.Type, r.route.Table, r.route.Protocol = RouteUnicast, tableMain, ProtocolKeepalived
	for r.more() {
		r.word(r.take())
	}
	if r.finish(l) {
		*list = append(*list, r.route)
	}
}

// tableMain is the routing table that is meant where none is named.
const tableMain = 254

// routeWords read the options of a route that are no metrics. The next word is the option's value.
var routeWords = map[string]func(*routeReader, parser.Word){
	"inet":   func(r *routeReader, w parser.Word) { r.familyWord(w) },
	"inet6":  func(r *routeReader, w parser.Word) { r.familyWord(w) },
	"src":    (*routeReader).readSource,
	"as":     (*routeReader).readRewrite,
	"via":    (*routeReader).readGateway,
	"gw":     (*routeReader).readGateway,
	"from":   (*routeReader).readFrom,
	"dev":    (*routeReader).readDevice,
	"oif":    (*routeReader).readDevice,
	"vrf":    (*routeReader).readVRF,
	"onlink": func(r *routeReader, _ parser.Word) { r.route.OnLink = true },

	"tos":      routeID(dsfieldNames, func(r *routeReader, v uint32) { r.route.TOS = uint8(v) }),
	"dsfield":  routeID(dsfieldNames, func(r *routeReader, v uint32) { r.route.TOS = uint8(v) }),
	"table":    routeID(tableNames, func(r *routeReader, v uint32) { r.route.Table, r.route.VRF = v, "" }),
	"scope":    routeID(scopeNames, func(r *routeReader, v uint32) { r.route.Scope = uint8(v) }),
	"protocol": (*routeReader).readProtocol,

	"metric":     routeNumber(func(r *routeReader, v uint32) { r.route.Metric = v }),
	"priority":   routeNumber(func(r *routeReader, v uint32) { r.route.Metric = v }),
	"preference": routeNumber(func(r *routeReader, v uint32) { r.route.Metric = v }),
	"expires":    (*routeReader).readExpires,
	"pref":       (*routeReader).readPref,
	"realms":     (*routeReader).readRealms,

	"ttl-propagate": (*routeReader).readTTLPropagate,
	"encap":         func(r *routeReader, w parser.Word) { r.readEncap(w, &r.route.Encap) },
	"congctl":       (*routeReader).readCongCtl,
	"features":      (*routeReader).readFeatures,

	"add":      func(r *routeReader, _ parser.Word) { r.route.Placement = RouteAdd },
	"append":   func(r *routeReader, _ parser.Word) { r.route.Placement = RouteAppend },
	"prepend":  func(r *routeReader, _ parser.Word) { r.route.Placement = RoutePrepend },
	"no_track": func(r *routeReader, _ parser.Word) { r.route.NoTrack = true },

	"or":      (*routeReader).readOr,
	"nexthop": (*routeReader).readNexthops,
}

// routeID makes the reader of an option that is a name of iproute2 or a number.
func routeID(k *nameKind, set func(*routeReader, uint32)) func(*routeReader, parser.Word) {
	return func(r *routeReader, w parser.Word) {
		if v, ok := r.id(w, k); ok {
			set(r, v)
		}
	}
}

// routeNumber makes the reader of an option that is a number within the range of its row.
func routeNumber(set func(*routeReader, uint32)) func(*routeReader, parser.Word) {
	return func(r *routeReader, w parser.Word) {
		if v, ok := r.number(w); ok {
			set(r, v)
		}
	}
}

// word reads an option, or else a destination.
func (r *routeReader) word(w parser.Word) {
	read := routeWords[w.Text]
	metric, isMetric := routeMetrics[w.Text]
	switch {
	case w.Text == "track_group" && r.options["track_group"] != nil:
		r.trackGroup(w, &r.route.TrackGroup)
	case read != nil:
		read(r, w)
	case isMetric:
		metric.read(r, w)
	default:
		r.readDestination(w)
	}
}

// readDestination reads [to] PREFIX or [TYPE] PREFIX.
func (r *routeReader) readDestination(w parser.Word) {
	suggestion := hint(r.d, w.Text, r.optionNames())
	switch t, typed := routeType(w.Text); {
	case w.Text == "to":
		next, ok := r.value()
		if !ok {
			return
		}
		if _, typed := routeTypes[next.Text]; typed {
			suggestion = "write " + next.Text + " without to"
		}
		w = next
	case typed:
		next, ok := r.value()
		if !ok {
			return
		}
		if next.Text == "to" {
			suggestion = "leave to out"
		}
		w, r.route.Type = next, t
	}
	what := "destination"
	if r.dst {
		what = "option of a route"
	}
	p, ok := r.prefix(w, suggestion, what)
	if !ok {
		return
	}
	if r.dst {
		r.remark(w.Pos, "%s takes the place of the destination before it", w.Text)
	}
	r.route.Dst, r.dst = p, true
}

// optionNames are the words that a line of the block knows, for suggestions.
func (r *routeReader) optionNames() map[string]bool {
	names := map[string]bool{}
	for n := range routeWords {
		names[n] = true
	}
	for n := range routeMetrics {
		names[n] = true
	}
	for n := range routeTypes {
		names[n] = true
	}
	if r.options["track_group"] != nil {
		names["track_group"] = true
	}
	return names
}

func (r *routeReader) readSource(w parser.Word) {
	if a, ok := r.address(w); ok && r.join(r.words[r.next-1], familyOf(a)) {
		r.route.Src = a
	}
}

// readRewrite passes over as [to] ADDRESS, which only MPLS routes could have.
func (r *routeReader) readRewrite(w parser.Word) {
	if _, ok := r.value(); !ok {
		return
	}
	if r.words[r.next-1].Text == "to" {
		r.next++ // upstream does not look whether there is an address
	}
	r.fault(w.Pos, "as is for MPLS routes only, it is ignored")
}

func (r *routeReader) readGateway(w parser.Word) {
	if w.Text == "gw" {
		r.d.report(w.Pos, warning, statusConfig, "write via", "%s: gw is deprecated", r.block)
	}
	if a, ok := r.gateway(w); ok {
		r.route.Via = a
	}
}

func (r *routeReader) readFrom(option parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	if isDefault(w.Text) { // upstream has no family for it, and wants IPv6
		r.drop(w.Pos, "write ::/0, or leave from out", "from: %s does not tell the address family", w.Text)
		return
	}
	p, ok := r.prefix(w, "", "source prefix")
	switch {
	case !ok:
	case p.Addr().Is4():
		r.drop(w.Pos, "", "from is for IPv6 only")
	default:
		r.route.From, r.from = p, true
	}
}

func (r *routeReader) readDevice(parser.Word) {
	if name, ok := r.device(); ok {
		r.route.Dev = name
	}
}

// readVRF reads the name of a VRF, which must be there even with dynamic_interfaces.
func (r *routeReader) readVRF(parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	switch link, exists := r.d.env.lookupInterface(w.Text); {
	case !exists:
		r.drop(w.Pos, "", "there is no VRF %s", w.Text)
	case !link.VRF:
		r.drop(w.Pos, "", "interface %s is no VRF", w.Text)
	default:
		r.route.VRF, r.route.Table = w.Text, 0
	}
}

func (r *routeReader) readProtocol(w parser.Word) {
	if v, ok := r.id(w, protoNames); ok {
		r.route.Protocol, r.protocol = uint8(v), r.words[r.next-1]
	}
}

func (r *routeReader) readExpires(w parser.Word) {
	if !r.only(w, 6) {
		return
	}
	if v, ok := r.number(w); ok {
		r.route.Expires = some(v)
	}
}

// routerPrefs are the names of router preferences, with their numbers on the wire (RFC 4191).
var routerPrefs = map[string]uint8{"medium": 0, "high": 1, "low": 3}

func (r *routeReader) readPref(option parser.Word) {
	if !r.only(option, 6) {
		return
	}
	w, ok := r.value()
	if !ok {
		return
	}
	if v, ok := routerPrefs[w.Text]; ok {
		r.route.Pref = some(v)
		return
	}
	v, fault := parseUnsigned(w.Text, 10, 255)
	if fault != faultNone {
		r.drop(w.Pos, hint(r.d, w.Text, routerPrefs), "pref: %q %s, and none of low, medium and high", w.Text, fault)
		return
	}
	r.route.Pref = some(uint8(v))
}

func (r *routeReader) readRealms(w parser.Word) {
	if v, ok := r.realms(w); ok && r.only(w, 4) {
		r.route.Realms = v
	}
}

func (r *routeReader) readTTLPropagate(parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	if w.Text != "enabled" && w.Text != "disabled" {
		r.fault(w.Pos, "ttl-propagate: %q is neither enabled nor disabled, it counts as disabled", w.Text)
	}
	r.route.TTLPropagate = some(w.Text == "enabled")
}

// readOr reads the second gateway of a form that nexthop has replaced.
func (r *routeReader) readOr(option parser.Word) {
	r.d.report(option.Pos, warning, statusConfig, "write nexthop", "%s: or is deprecated", r.block)
	if r.route.Nexthops != nil {
		r.fault(option.Pos, "or is given twice, the second one is ignored")
		r.next++ // its address, which upstream does not miss
		return
	}
	a, ok := r.address(option)
	if !ok || !r.join(r.words[r.next-1], familyOf(a)) {
		return
	}
	r.route.Nexthops = []Nexthop{{Via: r.route.Via}, {Via: a}}
	r.route.Via = netip.Addr{}
}

// finish settles what depends on several words, and tells whether there is a route.
func (r *routeReader) finish(l line) bool {
	if r.dropped || r.d.stopped {
		return false
	}
	if !r.dst {
		r.drop(l.st.Pos(), "", "there is no destination")
		return false
	}
	if r.family == 0 {
		r.family = 4
	}
	r.route.Family = r.family
	r.everything(&r.route.Dst, true)
	if !r.route.NoTrack && r.route.Protocol != ProtocolKeepalived {
		r.d.report(r.protocol.Pos, warning, statusConfig, "write no_track too",
			"%s: a route that is tracked has protocol %d, the one that is given is ignored", r.block, ProtocolKeepalived)
		r.route.Protocol = ProtocolKeepalived
	}
	if r.route.TrackGroup != "" && r.route.Dev == "" {
		r.fault(l.st.Pos(), "track_group needs dev, it is ignored")
		r.route.TrackGroup = ""
	}
	return true
}
