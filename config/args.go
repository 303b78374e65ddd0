package config

import (
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"keepalived-go/parser"
)

// Kind is the type of a keyword's argument.
type Kind uint8

// The types of arguments.
const (
	// Free arguments are read by the keyword's own function, or not at all.
	Free Kind = iota
	// Flag keywords take no argument: to name them turns them on.
	Flag
	// Bool is on, off, true, false, yes, no, or nothing, which means on.
	Bool
	// Int is a whole number from Min to Max.
	Int
	// Decimal is a number with up to Digits decimals, from Min to Max in units of the last decimal.
	Decimal
	// Text is one word.
	Text
	// Addr is an IPv4 or IPv6 address.
	Addr
)

// Arg is the form of a keyword's first argument.
type Arg struct {
	Kind     Kind
	Min, Max int64
	Digits   int
	// Unit is what the number counts when it is stored as a time.
	Unit time.Duration
	// Base is 10, or 0 for numbers with the prefixes of C.
	Base int
	// Once means that the first one wins and a second one is reported.
	Once bool
	// Lax keywords report a missing argument themselves; without it the reading ends there.
	Lax bool
	// Strict numbers with rubbish behind them are not used. Others count as far as they are a number, with a warning.
	Strict bool
	// One is what a zero becomes, with a warning: the bound of older versions.
	One bool
}

func lax(a Arg) Arg        { a.Lax = true; return a }
func strict(a Arg) Arg     { a.Strict = true; return a }
func once(a Arg) Arg       { a.Once = true; return a }
func atLeastOne(a Arg) Arg { a.One = true; return a }

// Optional is a value that may not have been given.
type Optional[T comparable] struct {
	Value T
	Set   bool
}

// Or gives the value, or the default when it was not given.
func (o Optional[T]) Or(otherwise T) T {
	if o.Set {
		return o.Value
	}
	return otherwise
}

// some makes a value that was given.
func some[T comparable](v T) Optional[T] { return Optional[T]{Value: v, Set: true} }

// intArg, decimalArg and the others shorten the rows of the table.
func intArg(lo, hi int64) Arg { return Arg{Kind: Int, Min: lo, Max: hi, Base: 10} }

func secondsArg(lo, hi int64) Arg {
	return Arg{Kind: Int, Min: lo, Max: hi, Base: 10, Unit: time.Second}
}

func decimalArg(lo, hi int64, digits int) Arg {
	return Arg{Kind: Decimal, Min: lo, Max: hi, Digits: digits, Unit: time.Second}
}

// read decodes a line by its row's Arg and stores the value where Into says.
func (d *decoder) read(l line) {
	if l.kw.Arg.Once && d.given[l.kw] {
		d.warn(l.st.Pos(), "%s was given before, this one is ignored", l.kw.Name)
		return
	}
	v, ok := d.value(l)
	if l.kw.Arg.Once && ok {
		d.given[l.kw] = true
	}
	if ok && l.kw.Into != nil {
		store(l.kw.Into(&d.scope), v)
	}
}

// value reads the first argument of a line as its row says. It reports what is wrong with it.
func (d *decoder) value(l line) (any, bool) {
	switch l.kw.Arg.Kind {
	case Free:
		return nil, false
	case Flag:
		return true, true
	case Bool:
		return d.boolean(l, 0)
	default:
	}
	w, ok := d.argument(l)
	if !ok {
		return nil, false
	}
	switch l.kw.Arg.Kind {
	case Int:
		return d.integer(l, w)
	case Decimal:
		return d.decimal(l, w)
	case Addr:
		return d.address(l, w)
	default:
		return w.Text, true
	}
}

// argument gives the first argument of a line that must have one.
func (d *decoder) argument(l line) (parser.Word, bool) {
	if !l.kw.Arg.Lax {
		return d.need(l, 0)
	}
	w, ok := l.arg(0)
	switch {
	case ok:
	case l.kw.Name == "notification_email_from":
		d.warn(l.st.Pos(), "%s: emailfrom missing - ignoring", l.kw.Name) // programs look for these words
	default:
		d.warn(l.st.Pos(), "%s: a value is missing", l.kw.Name)
	}
	return w, ok
}

// parseBool reads the six words of upstream, which are all lower case.
func parseBool(s string) (value, ok bool) {
	switch s {
	case "true", "on", "yes":
		return true, true
	case "false", "off", "no":
		return false, true
	}
	return false, false
}

// boolean reads word n as a switch. No word means on.
func (d *decoder) boolean(l line, n int) (any, bool) {
	w, given := l.arg(n)
	if !given {
		return true, true
	}
	v, ok := parseBool(w.Text)
	if !ok {
		d.report(w.Pos, parser.Warning, parser.StatusConfig, "write on or off", "%s: %q is not a switch", l.kw.Name, w.Text)
	}
	return v, ok
}

// integer reads a whole number and checks it against the row's range.
func (d *decoder) integer(l line, w parser.Word) (any, bool) {
	v, ok := d.number(l.kw.Name, w, l.kw.Arg)
	if ok && v == 0 && l.kw.Arg.One {
		d.warn(w.Pos, "%s must be greater than 0, 1 is used", l.kw.Name)
		v = 1
	}
	return v, ok
}

// number reads a whole number within a range. Upstream passes over blanks in front of it, which can only come from
// quotes, and unless the keyword is strict it uses the digits in front of rubbish.
func (d *decoder) number(name string, w parser.Word, a Arg) (int64, bool) {
	text := strings.TrimLeft(w.Text, " \t\f\v")
	digits := text[:leadingNumber(text, a.Base)]
	v, err := strconv.ParseInt(digits, a.Base, 64)
	if digits != text {
		d.warn(w.Pos, "%s: %q is not a number", name, w.Text)
		return v, err == nil && !a.Strict && v >= a.Min && v <= a.Max
	}
	if err != nil && !isRange(err) {
		d.warn(w.Pos, "%s: %q is not a number", name, w.Text)
		return 0, false
	}
	if err != nil || v < a.Min || v > a.Max {
		d.warn(w.Pos, "%s: number %s is outside of the range %d to %d", name, w.Text, a.Min, a.Max)
		return 0, false
	}
	return v, true
}

// leadingNumber is the length of the number that a text begins with, sign and, for base 0, prefix included.
func leadingNumber(s string, base int) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	hex := base == 0 && len(s) > i+2 && s[i] == '0' && (s[i+1] == 'x' || s[i+1] == 'X')
	if hex {
		i += 2
	}
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || hex && strings.IndexByte("abcdefABCDEF", s[i]) >= 0) {
		i++
	}
	return i
}

func isRange(err error) bool { return errors.Is(err, strconv.ErrRange) }

// decimal reads a number with decimals within the row's range.
func (d *decoder) decimal(l line, w parser.Word) (any, bool) {
	return d.decimalOf(l.kw.Name, w, l.kw.Arg)
}

// decimalOf is decimal for a form that is not the row's. Too many decimals are rounded to those that count.
func (d *decoder) decimalOf(name string, w parser.Word, a Arg) (any, bool) {
	v, fault := parseDecimal(w.Text, a.Digits)
	usable := fault != faultNone
	if fault == faultNone && (v < a.Min || v > a.Max) {
		fault = "is outside of the range " + formatDecimal(a.Min, a.Digits) + " to " + formatDecimal(a.Max, a.Digits)
	}
	if fault != faultNone {
		d.warn(w.Pos, "%s: %q %s", name, w.Text, fault)
		usable = usable && v >= a.Min && v <= a.Max && v > 0
	} else {
		usable = true
	}
	if usable && v == 0 && a.One {
		d.warn(w.Pos, "%s must be greater than 0, 1 is used", name)
		v = int64(math.Pow10(a.Digits))
	}
	return decimalValue(v, a), usable
}

// scaled is a decimal number as a time.
type scaled time.Duration

func decimalValue(v int64, a Arg) scaled {
	unit := int64(a.Unit)
	for range a.Digits {
		unit /= 10
	}
	return scaled(v * unit)
}

// faultNone is the fault of a number that has none.
const faultNone = ""

// parseDecimal reads digits with at most n decimals into units of the last one. fault says what is wrong with them;
// v is then what upstream makes of them, 0 when nothing.
func parseDecimal(s string, n int) (v int64, fault string) {
	whole, frac, _ := strings.Cut(s, ".")
	if strings.HasPrefix(whole, "-") {
		return 0, "is negative"
	}
	var up int64
	if len(frac) > n {
		if frac[n] >= '5' {
			up = 1
		}
		frac, fault = frac[:n], "has more than "+strconv.Itoa(n)+" decimals"
	}
	digits := strings.TrimPrefix(whole+frac+strings.Repeat("0", n-len(frac)), "+")
	part := digits[:leadingNumber(digits, 10)]
	u, err := strconv.ParseUint(part, 10, 63)
	switch {
	case isRange(err):
		return math.MaxInt64 - 1, fault
	case part != digits || err != nil:
		return int64(u), "is not a number"
	}
	return int64(u) + up, fault
}

// formatDecimal writes a number of units of the last decimal, without trailing zeros.
func formatDecimal(v int64, digits int) string {
	s := strconv.FormatInt(v, 10)
	if digits == 0 {
		return s
	}
	if len(s) <= digits {
		s = strings.Repeat("0", digits-len(s)+1) + s
	}
	whole, frac := s[:len(s)-digits], strings.TrimRight(s[len(s)-digits:], "0")
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}

// address reads an address of any family.
func (d *decoder) address(l line, w parser.Word) (any, bool) {
	a, err := netip.ParseAddr(w.Text)
	if err != nil {
		d.warn(w.Pos, "%s: %q is not an IP address", l.kw.Name, w.Text)
		return nil, false
	}
	return a, true
}
