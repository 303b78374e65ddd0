package config

import "keepalived-go/parser"

// nexthopWords are the options of a hop.
var nexthopWords = map[string]func(*routeReader, *Nexthop, parser.Word){
	"via":    (*routeReader).hopGateway,
	"dev":    (*routeReader).hopDevice,
	"weight": (*routeReader).hopWeight,
	"onlink": func(_ *routeReader, h *Nexthop, _ parser.Word) { h.OnLink = true },
	"encap":  func(r *routeReader, h *Nexthop, w parser.Word) { r.readEncap(w, &h.Encap) },
	"realms": (*routeReader).hopRealms,
	"as": func(r *routeReader, _ *Nexthop, w parser.Word) {
		if _, ok := r.value(); ok {
			r.drop(w.Pos, "", "as is not supported")
		}
	},
}

// readNexthops reads the hops at the end of the line. A hop with a fault ends it: the hops before it stay, and so does
// the route, as in upstream.
func (r *routeReader) readNexthops(w parser.Word) {
	if r.route.Nexthops != nil {
		r.drop(w.Pos, "", "nexthop cannot be used with or")
		return
	}
	r.loss = "this hop and what follows is ignored"
	for {
		h, ok := r.readNexthop()
		if r.d.stopped {
			return
		}
		if !ok {
			r.dropped, r.next = false, len(r.words)
			return
		}
		r.route.Nexthops = append(r.route.Nexthops, h)
		if !r.skip("nexthop") {
			break
		}
	}
	if r.next < len(r.words) {
		w := r.words[r.next]
		r.d.report(w.Pos, warning, statusConfig, hint(r.d, w.Text, nexthopWords),
			"%s: %q is no option of a nexthop, the rest of the line is ignored", r.block, w.Text)
		r.next = len(r.words)
	}
}

// readNexthop reads the options of one hop.
func (r *routeReader) readNexthop() (Nexthop, bool) {
	var h Nexthop
	for r.more() {
		read := nexthopWords[r.words[r.next].Text]
		if read == nil {
			break
		}
		read(r, &h, r.take())
	}
	return h, !r.dropped
}

func (r *routeReader) hopGateway(h *Nexthop, w parser.Word) {
	if a, ok := r.gateway(w); ok {
		h.Via = a
	}
}

func (r *routeReader) hopDevice(h *Nexthop, _ parser.Word) {
	if name, ok := r.device(); ok {
		h.Dev = name
	}
}

func (r *routeReader) hopWeight(h *Nexthop, w parser.Word) {
	if v, ok := r.number(w); ok {
		h.Weight = int(v)
	}
}

func (r *routeReader) hopRealms(h *Nexthop, w parser.Word) {
	if v, ok := r.realms(w); ok && r.only(w, 4) {
		h.Realms = v
	}
}
