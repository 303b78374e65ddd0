package config

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// The status codes of HTTP.
const (
	minStatus = 100
	maxStatus = 599
)

// defaultStatus is what url accepts without status_code.
var defaultStatus = StatusRange{Low: 200, High: 299}

// readGetRetry reads nb_get_retry, the old name of retry.
func (d *decoder) readGetRetry(l line) {
	d.warn(l.st.Pos(), "nb_get_retry is deprecated, write retry")
	d.readCount(l, 0, &d.scope.chk.Timing.Retry)
}

// readHTTPVersion reads http_protocol.
func (d *decoder) readHTTPVersion(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "http_protocol: the version is missing")
		return
	}
	switch w.Text {
	case "1.0":
		d.scope.http.Version = HTTP10
	case "1.0C", "1.0c":
		d.scope.http.Version = HTTP10Close
	case "1.1":
		d.scope.http.Version = HTTP11
	default:
		d.warn(w.Pos, "http_protocol: %q is none of 1.0, 1.0C and 1.1", w.Text)
	}
}

// readSNIName reads sni_name, which also turns enable_sni on.
func (d *decoder) readSNIName(l line) {
	d.scope.http.SNI = true
	if w, ok := l.arg(0); ok {
		d.scope.http.SNIName = w.Text
	}
}

// openURL begins a url.
func (d *decoder) openURL(l line) {
	d.scope.lvsOpen = inURL
	d.scope.url = urlDraft{pos: l.st.Pos()}
}

// readPath reads path of url.
func (d *decoder) readPath(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if u := &d.scope.url; u.pathGiven {
		d.warn(w.Pos, "path was %q before, now %q is used", u.Path, w.Text)
	}
	d.scope.url.Path, d.scope.url.pathGiven = w.Text, true
}

// readDigest reads digest of url: an MD5 sum in hexadecimal.
func (d *decoder) readDigest(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	_, err := hex.DecodeString(w.Text)
	switch {
	case d.scope.url.Digest != "":
		d.warn(w.Pos, "digest was given before, this one is ignored")
	case len(w.Text) != 32:
		d.warn(w.Pos, "digest: %q has %d digits instead of 32", w.Text, len(w.Text))
	case err != nil:
		d.warn(w.Pos, "digest: %q is not hexadecimal", w.Text)
	default:
		d.scope.url.Digest = strings.ToLower(w.Text)
	}
}

// readStatus reads status_code of url: codes and ranges of codes.
func (d *decoder) readStatus(l line) {
	for _, w := range l.st.Args() {
		r, ok := parseStatus(w.Text)
		if !ok {
			d.warn(w.Pos, "status_code: %q is no code from %d to %d and no range of them", w.Text, minStatus, maxStatus)
			continue
		}
		d.scope.url.Status = append(d.scope.url.Status, r)
	}
}

// parseStatus reads CODE or LOW-HIGH.
func parseStatus(s string) (StatusRange, bool) {
	low, high, ranged := strings.Cut(s, "-")
	if !ranged {
		high = low
	}
	a, err1 := strconv.ParseUint(low, 10, 16)
	b, err2 := strconv.ParseUint(high, 10, 16)
	ok := err1 == nil && err2 == nil && a >= minStatus && a <= b && b <= maxStatus
	return StatusRange{Low: uint16(a), High: uint16(b)}, ok
}

// mergeStatus sorts ranges and joins those that touch.
func mergeStatus(rs []StatusRange) []StatusRange {
	if len(rs) == 0 {
		return []StatusRange{defaultStatus}
	}
	slices.SortFunc(rs, func(a, b StatusRange) int { return int(a.Low) - int(b.Low) })
	out := rs[:1]
	for _, r := range rs[1:] {
		last := &out[len(out)-1]
		if r.Low > last.High+1 {
			out = append(out, r)
			continue
		}
		last.High = max(last.High, r.High)
	}
	return out
}

// readRegex reads regex of url, whose quotes and escapes are those of scripts.
func (d *decoder) readRegex(l line) {
	words, fault := scriptWords(l.st.Raw.Text)
	if fault == "" && len(words) != 2 {
		fault = "takes exactly one pattern"
	}
	if fault != "" {
		d.warn(l.st.Pos(), "regex: %s", fault)
		return
	}
	u := &d.scope.url
	if u.regexGiven {
		d.warn(l.st.Pos(), "regex was %q before, now %q is used", u.Regex.Pattern, words[1])
	}
	u.Regex.Pattern, u.regexGiven = words[1], true
}

// readRegexMin reads regex_min_offset.
func (d *decoder) readRegexMin(l line) {
	if v, ok := d.offset(l); ok {
		d.scope.url.Regex.MinOffset = v
	}
}

// readRegexMax reads regex_max_offset.
func (d *decoder) readRegexMax(l line) {
	if v, ok := d.offset(l); ok {
		d.scope.url.Regex.MaxOffset, d.scope.url.Regex.HasMax = v, true
	}
}

// offset reads the one argument of an offset. Upstream only logs what is wrong with it.
func (d *decoder) offset(l line) (uint64, bool) {
	if len(l.st.Args()) != 1 {
		d.remark(l.st.Pos(), "%s takes exactly one number", l.kw.Name)
		return 0, false
	}
	w := l.st.Args()[0]
	v, err := strconv.ParseUint(w.Text, 10, 63)
	if err != nil {
		d.remark(w.Pos, "%s: %q is not a number", l.kw.Name, w.Text)
	}
	return v, err == nil
}

// readRegexStack reads regex_stack: the first and the largest size.
func (d *decoder) readRegexStack(l line) {
	args := l.st.Args()
	if len(args) != 2 {
		d.remark(l.st.Pos(), "regex_stack takes two numbers")
		return
	}
	start, err1 := strconv.ParseUint(args[0].Text, 10, 63)
	top, err2 := strconv.ParseUint(args[1].Text, 10, 63)
	if err1 != nil || err2 != nil || start > top {
		d.remark(l.st.Pos(), "regex_stack: %s %s is no pair of sizes, the smaller one first", args[0].Text, args[1].Text)
		return
	}
	d.scope.url.Regex.StackStart, d.scope.url.Regex.StackMax = start, top
}

// endURL puts the url to its checker.
func (d *decoder) endURL() {
	s := &d.scope.lvsScope
	s.lvsOpen = inChecker
	u := &s.url
	if !u.pathGiven {
		d.warn(u.pos, "a url of %s has no path, it is ignored", s.chk.Kind)
		return
	}
	u.Status = mergeStatus(u.Status)
	u.Regex = d.checkRegex(u.Regex)
	// tls_compliant of the checker may follow, so it is inherited at the checker's end.
	s.urls = append(s.urls, s.url)
}

// checkRegex drops what means nothing without a pattern, and offsets that exclude each other.
func (d *decoder) checkRegex(r Regex) Regex {
	pos := d.scope.url.pos
	if r.Pattern == "" {
		if r != (Regex{}) {
			d.remark(pos, "regex options without a regex have no effect")
		}
		return Regex{}
	}
	if r.HasMax && r.MinOffset > r.MaxOffset {
		d.remark(pos, "regex_min_offset %d is larger than regex_max_offset %d, both are ignored", r.MinOffset, r.MaxOffset)
		r.MinOffset, r.MaxOffset, r.HasMax = 0, 0, false
	}
	return r
}

// endHTTP gives the urls what they inherit. ok is false when there is none.
func (d *decoder) endHTTP() (HTTPCheck, bool) {
	s := &d.scope.lvsScope
	if len(s.urls) == 0 {
		d.warn(s.chk.Pos, "%s has no url that can be used, it is ignored", s.chk.Kind)
		return HTTPCheck{}, false
	}
	s.http.URLs = make([]URL, len(s.urls))
	for i, u := range s.urls {
		u.TLSCompliant = u.tlsCompliant.Or(s.http.TLSCompliant)
		s.http.URLs[i] = u.URL
	}
	return s.http, true
}

// regexOptions are the words of regex_options, in the order of the bits of RegexOptions.
var regexOptions = [...]string{
	"allow_empty_class", "alt_bsux", "auto_callout", "caseless", "dollar_endonly", "dotall", "dupnames", "extended",
	"firstline", "match_unset_backref", "multiline", "never_ucp", "never_utf", "no_auto_capture", "no_auto_possess",
	"no_dotstar_anchor", "no_start_optimize", "ucp", "ungreedy", "utf", "never_backslash_c", "alt_circumflex",
	"alt_verbnames", "use_offset_limit",
}

// RegexOptions is a set of the words of regex_options.
type RegexOptions uint32

// Has tells whether an option, named as in the configuration, is in the set.
func (o RegexOptions) Has(name string) bool {
	i := slices.Index(regexOptions[:], name)
	return i >= 0 && o&(1<<i) != 0
}

// String is the options separated by blanks.
func (o RegexOptions) String() string {
	var names []string
	for i, n := range regexOptions {
		if o&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, " ")
}

// readRegexOptions reads regex_options. Upstream says nothing of words that it does not know.
func (d *decoder) readRegexOptions(l line) {
	for _, w := range l.st.Args() {
		i := slices.Index(regexOptions[:], w.Text)
		if i < 0 {
			d.remark(w.Pos, "regex_options: there is no option %q", w.Text)
			continue
		}
		d.scope.url.Regex.Options |= 1 << i
	}
}
