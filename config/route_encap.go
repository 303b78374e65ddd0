package config

import (
	"strconv"
	"strings"

	"keepalived-go/parser"
)

// encapTypes are the kinds of tunnels by name.
var encapTypes = map[string]EncapType{"mpls": EncapMPLS, "ip": EncapIP, "ila": EncapILA, "ip6": EncapIP6}

// readEncap reads what stands after encap. A tunnel that lacks what it needs is reported and stays, as in upstream.
func (r *ipWords) readEncap(option parser.Word, e *Encap) {
	if r.next >= len(r.words) {
		r.fault(option.Pos, "encap: the kind of tunnel is missing")
		return
	}
	w := r.take()
	t, ok := encapTypes[w.Text]
	if !ok {
		r.d.report(w.Pos, warning, statusConfig, hint(r.d, w.Text, encapTypes), "%s: unknown kind of tunnel %q", r.block, w.Text)
		r.next++ // upstream takes the next word for its argument
		return
	}
	e.Type = t
	switch t {
	case EncapMPLS:
		r.mplsLabels(w, e)
	case EncapILA:
		r.ilaLocator(w, e)
	default:
		r.ipTunnel(w, e)
	}
}

// encapArgument gives the argument of a tunnel; when it is missing the route stays without it.
func (r *ipWords) encapArgument(kind parser.Word, what string) (parser.Word, bool) {
	if r.next >= len(r.words) {
		r.fault(kind.Pos, "encap %s: the %s is missing", kind.Text, what)
		return kind, false
	}
	return r.take(), true
}

// The bounds of an MPLS label stack.
const (
	maxLabels = 2
	maxLabel  = 1<<20 - 1
)

// mplsLabels reads LABEL[/LABEL...]. A stack with a fault is none.
func (r *ipWords) mplsLabels(kind parser.Word, e *Encap) {
	w, ok := r.encapArgument(kind, "label")
	if !ok {
		return
	}
	texts := strings.Split(strings.TrimLeft(w.Text, " \t\f\v"), "/")
	labels := make([]uint32, 0, len(texts))
	for _, t := range texts {
		n := cNumber(t, 0)
		if !n.digits || n.negative || n.rest != "" || n.value > maxLabel || len(labels) == maxLabels {
			r.fault(w.Pos, "encap mpls: %q is no list of at most %d labels from 0 to %d", w.Text, maxLabels, maxLabel)
			return
		}
		labels = append(labels, uint32(n.value))
	}
	e.Labels = labels
}

// ilaLocator reads four groups of hexadecimal digits.
func (r *ipWords) ilaLocator(kind parser.Word, e *Encap) {
	w, ok := r.encapArgument(kind, "locator")
	if !ok {
		return
	}
	groups := strings.Split(strings.TrimLeft(w.Text, " \t\f\v"), ":")
	var locator uint64
	for _, g := range groups {
		v, err := strconv.ParseUint(g, 16, 16)
		if err != nil || len(groups) != 4 {
			r.fault(w.Pos, "encap ila: %q is not four groups of at most 4 hexadecimal digits with colons between them", w.Text)
			return
		}
		locator = locator<<16 | v
	}
	e.Locator = locator
}

// ipTunnel reads the pairs of an option and a value after encap ip and encap ip6. The first word that is none of them
// belongs to the route again.
func (r *ipWords) ipTunnel(kind parser.Word, e *Encap) {
	for !r.dropped && r.next+1 < len(r.words) && r.tunnelOption(kind.Text, e, r.words[r.next]) {
	}
	if !r.dropped && !e.Dst.IsValid() && !e.ID.Set {
		r.fault(kind.Pos, "encap %s needs dst or id", kind.Text)
	}
}

// tunnelOption reads one pair, and tells whether it was one.
func (r *ipWords) tunnelOption(kind string, e *Encap, w parser.Word) bool {
	four := kind == "ip"
	switch w.Text {
	case "id":
		r.next++
		if v, ok := r.unsigned(w, 10, 1<<64-1); ok {
			e.ID = some(v)
		}
	case "dst", "src":
		r.tunnelEnd(kind, e, w)
	case "flags":
		r.next++
		if v, ok := r.unsigned(w, 10, 1<<16-1); ok {
			e.Flags = some(uint16(v))
		}
	case "tos", "tc":
		if four != (w.Text == "tos") {
			return false
		}
		r.next++
		if v, ok := r.id(w, dsfieldNames); ok {
			e.TOS = some(uint8(v))
		}
	case "ttl", "hoplimit":
		if four != (w.Text == "ttl") {
			return false
		}
		r.next++
		if v, ok := r.unsigned(w, 10, 255); ok {
			e.TTL = some(uint8(v))
		}
	default:
		return false
	}
	return true
}

// tunnelEnd reads the address of one of the tunnel's ends.
func (r *ipWords) tunnelEnd(kind string, e *Encap, option parser.Word) {
	r.next++
	a, ok := r.address(option)
	switch {
	case !ok:
	case a.Is4() != (kind == "ip"):
		r.drop(r.words[r.next-1].Pos, "", "encap %s: %s is of the other address family", kind, a)
	case option.Text == "dst":
		e.Dst = a
	default:
		e.Src = a
	}
}
