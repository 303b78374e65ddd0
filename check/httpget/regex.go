package httpget

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"keepalived-go/check/pcre"
	"keepalived-go/config"
)

// Regex is the regular expression of a url. It may be used by several requests at once, which take turns.
type Regex struct {
	code    *pcre.Regexp
	options config.Regex
}

var optionBits = map[string]pcre.Options{
	"allow_empty_class": pcre.AllowEmptyClass, "alt_bsux": pcre.AltBSUX, "auto_callout": pcre.AutoCallout,
	"caseless": pcre.Caseless, "dollar_endonly": pcre.DollarEndonly, "dotall": pcre.Dotall, "dupnames": pcre.Dupnames,
	"extended": pcre.Extended, "firstline": pcre.Firstline, "match_unset_backref": pcre.MatchUnsetBackref,
	"multiline": pcre.Multiline, "never_ucp": pcre.NeverUCP, "never_utf": pcre.NeverUTF,
	"no_auto_capture": pcre.NoAutoCapture, "no_auto_possess": pcre.NoAutoPossess,
	"no_dotstar_anchor": pcre.NoDotstarAnchor, "no_start_optimize": pcre.NoStartOptimize, "ucp": pcre.UCP,
	"ungreedy": pcre.Ungreedy, "utf": pcre.UTF, "never_backslash_c": pcre.NeverBackslashC,
	"alt_circumflex": pcre.AltCircumflex, "alt_verbnames": pcre.AltVerbnames, "use_offset_limit": pcre.UseOffsetLimit,
}

// Compile reads a pattern with the options of regex_options. The error is a *pcre.SyntaxError with the offset of the
// fault.
func Compile(pattern string, options config.RegexOptions) (*pcre.Regexp, error) {
	var bits pcre.Options
	for name, bit := range optionBits {
		if options.Has(name) {
			bits |= bit
		}
	}
	return pcre.Compile(pattern, bits)
}

// NewRegex makes the regular expression of a url; nil when it has none. regex_stack is for upstream's compiler of
// machine code, which is not used here: memory is bounded in another way.
func NewRegex(r config.Regex) (*Regex, error) {
	if r.Pattern == "" {
		return nil, nil
	}
	code, err := Compile(r.Pattern, r.Options)
	if err != nil {
		return nil, err
	}
	return &Regex{code: code, options: r}, nil
}

// scan looks for a regular expression in text that comes in pieces.
type scan struct {
	regex   *Regex
	offset  uint64 // of the first byte of the text that is fed next
	resume  int    // bytes of that text that were looked at before
	matched bool
	dropped bool
	err     error
}

// feed looks into a text, which begins with what was kept of the last one. kept is how many bytes at its end have to
// come again.
func (s *scan) feed(text []byte) (kept int) {
	if s.matched || s.err != nil {
		return 0
	}
	o, code := &s.regex.options, s.regex.code
	if s.offset+uint64(len(text))+uint64(code.Lookbehind()) < o.MinOffset ||
		o.HasMax && s.offset+uint64(s.resume) > o.MaxOffset {
		return s.advance(text, len(text))
	}
	from := s.resume
	if s.offset < o.MinOffset {
		from = max(from, int(o.MinOffset-s.offset))
	}
	whole := len(text)
	if code.UTF() {
		whole -= unfinished(text)
	}
	found, start, err := code.Find(text[:whole], from)
	switch {
	case err != nil:
		s.err = err
		return 0
	case found == pcre.Partial:
		return s.hold(text, start)
	case found == pcre.Match && !(o.HasMax && s.offset+uint64(start) > o.MaxOffset):
		s.matched = true
	}
	return s.advance(text, whole)
}

// hold keeps a partial match and what the pattern may look at before it.
func (s *scan) hold(text []byte, start int) (kept int) {
	from := s.before(text, start)
	if from == 0 && len(text) == bufferSize {
		s.dropped = true
		return s.advance(text, len(text))
	}
	s.offset += uint64(from)
	s.resume = start - from
	return len(text) - from
}

// advance goes past the first n bytes of the text, but for what the pattern may look back at.
func (s *scan) advance(text []byte, n int) (kept int) {
	from := s.before(text, n)
	if len(text)-from > bufferSize/2 {
		from = n
	}
	s.offset += uint64(from)
	s.resume = n - from
	return len(text) - from
}

// before is where the characters begin that the pattern may look at before an offset.
func (s *scan) before(text []byte, offset int) int {
	for range s.regex.code.Lookbehind() {
		if offset == 0 {
			break
		}
		offset--
		for s.regex.code.UTF() && offset > 0 && !utf8.RuneStart(text[offset]) {
			offset--
		}
	}
	return offset
}

// verdict is nil when the text is as the url wants it.
func (s *scan) verdict() error {
	switch {
	case s.err != nil:
		return s.err
	case s.matched && s.regex.options.NoMatch:
		return fmt.Errorf("%q matches, and must not", s.regex.options.Pattern)
	case s.matched || s.regex.options.NoMatch:
		return nil
	case s.dropped:
		return fmt.Errorf("%q does not match; a partial match longer than %d bytes was given up", s.regex.options.Pattern, bufferSize)
	}
	return errors.New("no match for " + s.regex.options.Pattern)
}

// unfinished is how many bytes at the end of a text begin a character that is not all there.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if at := text[len(text)-n:]; utf8.RuneStart(at[0]) {
			if utf8.FullRune(at) {
				return 0
			}
			return n
		}
	}
	return 0
}
