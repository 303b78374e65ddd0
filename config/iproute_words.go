package config

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"keepalived-go/parser"
)

// ipWords goes through the words of a route or a rule. What upstream drops the line for sets dropped; what it only
// reports is reported and the reading goes on.
type ipWords struct {
	d       *decoder
	block   string              // keyword of the block
	options map[string]*Keyword // rows of the line
	words   []parser.Word
	next    int
	family  int    // 0 while no word told
	named   bool   // inet or inet6 told the family
	loss    string // what is ignored when dropped is set, for the messages
	dropped bool
}

func newIPWords(d *decoder, l line) ipWords {
	return ipWords{d: d, block: l.kw.Name, options: d.table.options(l.kw), words: l.st.Words, loss: "the line is ignored"}
}

// more tells whether another word is to be read.
func (r *ipWords) more() bool { return !r.dropped && !r.d.stopped && r.next < len(r.words) }

// take gives the next word, which must be there.
func (r *ipWords) take() parser.Word {
	r.next++
	return r.words[r.next-1]
}

// value gives the word after an option. Without one the reading of the configuration ends, as upstream's does.
func (r *ipWords) value() (parser.Word, bool) {
	if r.next < len(r.words) {
		return r.take(), true
	}
	if !r.d.stopped {
		r.d.lack(r.block, r.words[len(r.words)-1])
	}
	r.dropped = true
	return parser.Word{}, false
}

// skip passes over the next word if it is the given one.
func (r *ipWords) skip(text string) bool {
	if r.next < len(r.words) && r.words[r.next].Text == text {
		r.next++
		return true
	}
	return false
}

// fault reports what upstream reports and goes on from.
func (r *ipWords) fault(pos parser.Position, format string, args ...any) {
	r.d.warn(pos, r.block+": "+format, args...)
}

// remark says something about what upstream takes without a word. It does not change the exit status.
func (r *ipWords) remark(pos parser.Position, format string, args ...any) {
	r.d.report(pos, warning, parser.StatusOK, "", r.block+": "+format, args...)
}

// drop reports what the line is ignored for.
func (r *ipWords) drop(pos parser.Position, suggestion, format string, args ...any) {
	r.dropped = true
	r.d.report(pos, warning, statusConfig, suggestion, r.block+": "+format+", "+r.loss, args...)
}

// join takes over the family of a value, or drops the line when it is another one than that of the words before it.
// Family 0 is that of the word default, which can only stand before an address, or after inet and inet6.
func (r *ipWords) join(w parser.Word, family int) bool {
	if family == 0 && r.named || family == r.family {
		return true
	}
	if r.family == 0 {
		r.family = family
		return true
	}
	if family == 0 {
		r.drop(w.Pos, "write it in front of the addresses", "%s stands behind something that tells the family already", w.Text)
	} else {
		r.drop(w.Pos, "", "%s is of IPv%d, and what stands before it of IPv%d", w.Text, family, r.family)
	}
	return false
}

// only limits the line to a family, which an option needs.
func (r *ipWords) only(option parser.Word, family int) bool {
	if r.family != 0 && r.family != family {
		r.drop(option.Pos, "", "%s is for IPv%d only", option.Text, family)
		return false
	}
	r.family = family
	return true
}

// familyWord reads inet and inet6.
func (r *ipWords) familyWord(w parser.Word) {
	f := 4
	if w.Text == "inet6" {
		f = 6
	}
	if r.family != 0 && r.family != f {
		r.drop(w.Pos, "", "%s stands behind something of IPv%d", w.Text, r.family)
		return
	}
	r.family, r.named = f, true
}

// unspecified is the prefix of everything in a family.
func unspecified(family int) netip.Prefix {
	if family == 6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// isDefault tells whether a word stands for every address.
func isDefault(s string) bool { return s == "default" || s == "any" || s == "all" }

// prefix reads a word as a prefix and joins its family. The words for every address give an invalid prefix, which
// everything completes when the family is known. A length that is wrong counts as the longest.
func (r *ipWords) prefix(w parser.Word, suggestion, what string) (netip.Prefix, bool) {
	if isDefault(w.Text) {
		return netip.Prefix{}, r.join(w, 0)
	}
	if w.Text == "default6" {
		r.d.note(w.Pos, "%s: default6 is deprecated, write default and inet6", r.block)
		return unspecified(6), r.join(w, 6)
	}
	text, length, cut := strings.Cut(w.Text, "/")
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		r.drop(w.Pos, suggestion, "%q is no %s", w.Text, what)
		return netip.Prefix{}, false
	}
	bits := a.BitLen()
	if cut {
		if n, ok := r.d.number("prefix length", parser.Word{Text: length, Pos: w.Pos}, intArg(0, int64(bits))); ok {
			bits = int(n)
		}
	}
	return netip.PrefixFrom(a, bits), r.join(w, familyOf(a))
}

// everything completes a prefix that was given as default.
func (r *ipWords) everything(p *netip.Prefix, given bool) {
	if given && !p.IsValid() {
		*p = unspecified(r.family)
	}
}

// address reads the value of an option as an address.
func (r *ipWords) address(option parser.Word) (netip.Addr, bool) {
	w, ok := r.value()
	if !ok {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(w.Text)
	if err != nil || a.Zone() != "" {
		r.drop(w.Pos, "", "%s: %q is not an IP address", option.Text, w.Text)
		return netip.Addr{}, false
	}
	return a, true
}

// gateway reads [inet|inet6] ADDRESS.
func (r *ipWords) gateway(option parser.Word) (netip.Addr, bool) {
	for _, f := range []struct {
		word   string
		family int
	}{{"inet", 4}, {"inet6", 6}} {
		if r.skip(f.word) {
			if !r.join(r.words[r.next-1], f.family) {
				return netip.Addr{}, false
			}
			break
		}
	}
	a, ok := r.address(option)
	return a, ok && r.join(r.words[r.next-1], familyOf(a))
}

// device reads the name of an interface, which must exist.
func (r *ipWords) device() (string, bool) {
	w, ok := r.value()
	if !ok {
		return "", false
	}
	if _, ok := r.d.link(w); !ok {
		r.drop(w.Pos, "", "interface %s does not exist", w.Text)
		return "", false
	}
	return w.Text, true
}

// number reads the value of an option as the row of the option says.
func (r *ipWords) number(option parser.Word) (uint32, bool) {
	a := r.options[option.Text].Arg
	v, ok := r.unsigned(option, a.Base, uint64(a.Max))
	if ok && v < uint64(a.Min) {
		r.drop(r.words[r.next-1].Pos, "", "%s: the number must be at least %d", option.Text, a.Min)
		return 0, false
	}
	return uint32(v), ok
}

// unsigned reads the value of an option as a number up to most, and drops the line when it is none.
func (r *ipWords) unsigned(option parser.Word, base int, most uint64) (uint64, bool) {
	w, ok := r.value()
	if !ok {
		return 0, false
	}
	v, fault := parseUnsigned(w.Text, base, most)
	if fault != faultNone {
		r.drop(w.Pos, "", "%s: %q %s", option.Text, w.Text, fault)
	}
	return v, fault == faultNone
}

// parseUnsigned reads a whole number from 0 to most and says what is wrong with it.
func parseUnsigned(s string, base int, most uint64) (v uint64, fault string) {
	n := cNumber(s, base)
	switch {
	case n.negative:
		return 0, "is negative"
	case n.rest != "":
		return 0, "is not a number"
	case n.overflow || n.value > most:
		return 0, "is outside of the range 0 to " + strconv.FormatUint(most, 10)
	}
	return n.value, faultNone
}

// id reads the value of an option as a name of iproute2 or a number.
func (r *ipWords) id(option parser.Word, k *nameKind) (uint32, bool) {
	w, ok := r.value()
	if !ok {
		return 0, false
	}
	return r.lookUp(option.Text, w, w.Text, k)
}

// lookUp finds the number of a name of iproute2. Upstream lets numbers wrap around at 32 bits.
func (r *ipWords) lookUp(option string, w parser.Word, text string, k *nameKind) (uint32, bool) {
	if n := cNumber(text, 0); n.digits && n.rest == "" {
		id := uint32(n.value)
		switch {
		case id > k.max:
			r.drop(w.Pos, "", "%s: number %s is outside of the range 0 to %d", option, text, k.max)
			return 0, false
		case n.negative || n.value > math.MaxUint32:
			r.remark(w.Pos, "%s: number %s does not fit, it is read as %d", option, text, id)
		}
		return id, true
	}
	names := r.d.names(k)
	id, ok := names[text]
	if !ok {
		r.drop(w.Pos, hint(r.d, text, names), "%s: there is no %s %q", option, k.what, text)
	}
	return id, ok
}

// realms reads [FROM/]TO.
func (r *ipWords) realms(option parser.Word) (uint32, bool) {
	w, ok := r.value()
	if !ok {
		return 0, false
	}
	first, second, two := strings.Cut(w.Text, "/")
	v, ok := r.lookUp(option.Text, w, first, realmNames)
	if !ok || !two {
		return v, ok
	}
	to, ok := r.lookUp(option.Text, w, second, realmNames)
	return v<<16 | to, ok
}

// trackGroup reads the name of a track_group, which must have been defined above.
func (r *ipWords) trackGroup(option parser.Word, place *string) {
	w, ok := r.value()
	if !ok {
		return
	}
	if *place != "" {
		r.drop(w.Pos, "", "%s is given twice", option.Text)
		return
	}
	if _, ok := r.d.trackGroups[w.Text]; !ok {
		r.d.report(w.Pos, warning, statusConfig, hint(r.d, w.Text, r.d.trackGroups), "track_group %s not found", w.Text)
		return
	}
	*place = w.Text
}

// unknown drops the line because of a word that is no option of it.
func (r *ipWords) unknown(w parser.Word, options map[string]bool) {
	r.drop(w.Pos, hint(r.d, w.Text, options), "unknown option %q", w.Text)
}

// number as C reads it.
type cNum struct {
	value    uint64 // what strtoul of 64 bits gives: a sign wraps around, what is too large is the largest
	negative bool
	overflow bool
	digits   bool // there was a number at all
	rest     string
}

// cNumber reads the number that a text begins with. Blanks and a sign may stand before it; base 0 knows the prefixes
// 0x and 0.
func cNumber(s string, base int) cNum {
	n := cNum{rest: s}
	t := strings.TrimLeft(s, " \t\f\v")
	if t != "" && (t[0] == '-' || t[0] == '+') {
		n.negative, t = t[0] == '-', t[1:]
	}
	if base == 0 {
		base = 10
		if len(t) > 2 && t[0] == '0' && (t[1] == 'x' || t[1] == 'X') && isDigit(t[2], 16) {
			base, t = 16, t[2:]
		} else if strings.HasPrefix(t, "0") {
			base = 8
		}
	}
	i := 0
	for i < len(t) && isDigit(t[i], base) {
		i++
	}
	if i == 0 {
		return n
	}
	v, err := strconv.ParseUint(t[:i], base, 64)
	n.digits, n.rest, n.overflow, n.value = true, t[i:], err != nil, v
	if n.negative && !n.overflow {
		n.value = -v
	}
	return n
}

func isDigit(c byte, base int) bool {
	switch {
	case c >= '0' && c <= '9':
		return int(c-'0') < base
	case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
		return base == 16
	}
	return false
}
