package parser

import (
	"fmt"
	"strings"
)

// decomment takes comments, the escapes of comment signs and outer blanks off, and says when a quote is left open.
func (r *reader) decomment(l line) line {
	l = l.trimLeft()
	if !strings.ContainsAny(l.text, "!#\"\\") {
		return l.slice(0, len(strings.TrimRight(l.text, " \t")))
	}
	quoted := false
	for i := 0; i < len(l.text); i++ {
		switch l.text[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if i+1 == len(l.text) {
				// The blanks before a final backslash go, it itself stays.
				l = cut(l, len(strings.TrimRight(l.text[:i], " \t")), i)
				i = len(l.text)
			} else if c := l.text[i+1]; !quoted && (c == '#' || c == '!') {
				l = cut(l, i, i+1)
			} else {
				i++
			}
		case '!', '#':
			if !quoted {
				l = r.dropComment(l, i)
				i = len(l.text)
			}
		}
	}
	if quote := openQuote(l.text); quote >= 0 {
		r.report(l.pos(quote), Warning, StatusConfig, true, fmt.Sprintf("Unterminated quote '%s'", l.text))
	}
	return l.slice(0, len(strings.TrimRight(l.text, " \t")))
}

// dropComment takes the comment that begins at offset i off. In a definition a backslash at its end still joins the
// next line, as it did in upstream up to 2.2; later versions end the definition there, with braces left open.
func (r *reader) dropComment(l line, i int) line {
	if (r.open != nil || l.text[0] == '$') && strings.HasSuffix(l.text, `\`) {
		return cut(l, len(strings.TrimRight(l.text[:i], " \t")), len(l.text)-1)
	}
	return l.slice(0, i)
}

// openQuote is the offset of the double quote of a line without comment that is not closed, or -1. A quote behind a
// backslash does not count.
func openQuote(s string) int {
	quote := -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"' && quote < 0:
			quote = i
		case s[i] == '"':
			quote = -1
		}
	}
	return quote
}
