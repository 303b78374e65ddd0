package config

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"keepalived-go/parser"
)

// maxTimerMicros is the largest timer, in microseconds, that fits a time.Duration. Upstream goes on to 584,000 years;
// what is longer than the 292 years here becomes 292 years.
const maxTimerMicros = math.MaxInt64 / int64(time.Microsecond)

// maxWeight is the largest weight of a server (IPVS).
const maxWeight = math.MaxInt32

// readUint32 reads the argument into p when it is a number from lo to hi.
func (d *decoder) readUint32(l line, lo, hi int64, p *uint32) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, intArg(lo, hi)); ok {
		*p = uint32(v)
	}
}

// readUint16 reads the argument into p when it is a number from lo to 65535. Rubbish behind the digits is not passed over.
func (d *decoder) readUint16(l line, lo int64, p *uint16) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, strict(intArg(lo, math.MaxUint16))); ok {
		*p = uint16(v)
	}
}

// readCount reads a number of retries of at least lo.
func (d *decoder) readCount(l line, lo int64, p *int64) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	a := intArg(lo, math.MaxUint32)
	a.Strict = lo > 0
	if v, ok := d.number(l.kw.Name, w, a); ok {
		*p = v
	}
}

// readTimer reads seconds with up to six decimals, from lo to hi microseconds.
func (d *decoder) readTimer(l line, lo, hi int64, p *time.Duration) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.readDecimal(l, w, 6, lo, hi); ok {
		*p = time.Duration(v) * time.Microsecond
	}
}

// readDecimal reads a number in units of the last of its decimals. More decimals than that are reported and rounded.
func (d *decoder) readDecimal(l line, w parser.Word, decimals int, lo, hi int64) (int64, bool) {
	if v, ok := wholeNumber(w.Text, decimals); ok && v >= lo && v <= hi {
		return v, true
	}
	text, up := cutDecimals(w.Text, decimals)
	v, fault := parseDecimal(text, decimals)
	if fault != "" {
		d.warn(w.Pos, "%s: %q %s", l.kw.Name, w.Text, fault)
		return 0, false
	}
	if text != w.Text {
		d.warn(w.Pos, "%s: %q has more than %d decimals", l.kw.Name, w.Text, decimals)
		if up {
			v++
		}
	}
	if v > hi && hi == maxTimerMicros {
		return hi, true
	}
	if v < lo || v > hi {
		d.warn(w.Pos, "%s: %q is outside of the range %s to %s", l.kw.Name, w.Text,
			formatDecimal(lo, decimals), formatDecimal(hi, decimals))
		return 0, false
	}
	return v, true
}

// wholeNumber reads up to nine digits without a point, which is what most timers are.
func wholeNumber(s string, decimals int) (int64, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	v := int64(0)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + int64(s[i]-'0')
	}
	for range decimals {
		v *= 10
	}
	return v, true
}

// cutDecimals takes the decimals beyond n off; up tells that the number has to be rounded up.
func cutDecimals(s string, n int) (cut string, up bool) {
	dot := strings.IndexByte(s, '.')
	if dot < 0 || len(s)-dot-1 <= n {
		return s, false
	}
	return s[:dot+1+n], s[dot+1+n] >= '5'
}

// readSwitch reads on or off; no word means on.
func (d *decoder) readSwitch(l line, p *bool) {
	if v, ok := d.boolean(l, 0); ok {
		*p = v.(bool)
	}
}

// readChoice is readSwitch for values that can be inherited.
func (d *decoder) readChoice(l line, p *Optional[bool]) {
	if v, ok := d.boolean(l, 0); ok {
		*p = some(v.(bool))
	}
}

// readText reads one word. Without it the line is reported and ignored; a second one replaces the first.
func (d *decoder) readText(l line, p *string) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "%s: a value is missing", l.kw.Name)
		return
	}
	if *p != "" {
		d.warn(w.Pos, "%s was %q before, now %q is used", l.kw.Name, *p, w.Text)
	}
	*p = w.Text
}

// readName reads snmp_name, which has to be one word.
func (d *decoder) readName(l line, p *string) {
	if len(l.st.Args()) != 1 {
		d.warn(l.st.Pos(), "%s takes exactly one word", l.kw.Name)
		return
	}
	d.readText(l, p)
}

// readScript reads a script of a virtual or real server; the first one wins.
func (d *decoder) readScript(l line, p *Script) {
	if _, given := l.arg(0); !given {
		// A quote that is not closed leaves no word either, but is a fault of its own that script reports.
		if _, fault := scriptWords(l.st.Raw.Text); fault == "" {
			d.need(l, 0)
			return
		}
	}
	if p.Set() {
		d.warn(l.st.Pos(), "%s was given before, this one is ignored", l.kw.Name)
		return
	}
	if s, ok := d.script(l); ok {
		*p = s
	}
}

// remark says what upstream logs without counting it as a fault of the configuration.
func (d *decoder) remark(pos parser.Position, format string, args ...any) {
	d.report(pos, parser.Warning, parser.StatusOK, "", format, args...)
}

// parseAddr reads an address of a server or checker. As upstream, what follows a - or a / is not looked at.
func parseAddr(s string) (netip.Addr, bool) {
	if i := strings.IndexByte(s, '-'); i >= 0 {
		s = s[:i]
	} else if i := strings.IndexByte(s, '/'); i >= 0 {
		s = s[:i]
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Zone() == ""
}

// family is 4 or 6.
func family(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// noPort tells whether a port is written as none: not at all, or as zeros.
func noPort(w parser.Word, given bool) bool {
	return !given || strings.Trim(w.Text, "0") == ""
}

// readEndpoint reads an address at word n and a port after it. ok is false when one of them is wrong, which what says.
func (d *decoder) readEndpoint(l line, n int) (netip.AddrPort, bool) {
	w, ok := d.need(l, n)
	if !ok {
		return netip.AddrPort{}, false
	}
	port := int64(0)
	if p, given := l.arg(n + 1); !noPort(p, given) {
		if port, ok = d.number("port", p, intArg(1, math.MaxUint16)); !ok {
			return netip.AddrPort{}, false
		}
	}
	a, ok := parseAddr(w.Text)
	if !ok {
		d.warn(w.Pos, "%s: %q is not an IP address", l.kw.Name, w.Text)
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, uint16(port)), true
}
