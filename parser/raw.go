package parser

import (
	"errors"
	"fmt"
	"strings"
)

// ErrOpenQuote is wrapped by the error of ScriptWords for a quote that is not closed.
var ErrOpenQuote = errors.New("missing terminating quote")

// ErrOpenEscape is wrapped by the error of ScriptWords for a backslash at the end.
var ErrOpenEscape = errors.New("missing escape character at end")

// Fields splits the text as an ordinary statement is split: at white space, with double quotes around a word.
func (r Raw) Fields() []Word {
	var out []Word
	for _, w := range splitText(r.Text) {
		out = append(out, Word{Text: w.text, Quoted: w.quoted, Pos: r.at(w.off)})
	}
	return out
}

// ScriptWords splits the text, the keyword included, by the rules of the keywords that take a command line: single and
// double quotes group, also in the middle of a word, and a backslash inside or outside of them begins an escape:
// \a \b \E \f \n \r \t \v, octal \ooo, hexadecimal \xHH, control \cC, and any other character for itself.
func (r Raw) ScriptWords() ([]Word, error) { return r.quotedWords(true) }

// RegexWords splits like ScriptWords, but a backslash and the character after it stay as they are.
func (r Raw) RegexWords() ([]Word, error) { return r.quotedWords(false) }

// at is the place of the byte at offset off.
func (r Raw) at(off int) Position {
	if r.cols != nil {
		return r.cols.pos(int(r.off) + off)
	}
	p := r.Pos
	p.Column += int32(off)
	return p
}

func (r Raw) quotedWords(escapes bool) ([]Word, error) {
	var out []Word
	s := r.Text
	for i := 0; ; {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		if i == len(s) {
			return out, nil
		}
		w, end, err := r.quotedWord(i, escapes)
		if err != nil {
			return out, err
		}
		out = append(out, w)
		i = end
	}
}

// quotedWord reads the word that begins at offset i, and gives the offset of its end.
func (r Raw) quotedWord(i int, escapes bool) (Word, int, error) {
	var b strings.Builder
	s, quote := r.Text, -1
	w := Word{Pos: r.at(i)}
	for i < len(s) {
		c := s[i]
		switch {
		case c == '\\' && i+1 == len(s):
			return w, i, fmt.Errorf("%v: %w: %s", r.at(i), ErrOpenEscape, s)
		case c == '\\' && escapes:
			var decoded byte
			decoded, i = unescapeAt(s, i+1)
			b.WriteByte(decoded)
			continue
		case c == '\\':
			b.WriteString(s[i : i+2])
			i++
		case quote >= 0 && c == s[quote]:
			quote = -1
		case quote >= 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote, w.Quoted = i, true
		case isSpace(c):
			w.Text = b.String()
			return w, i, nil
		default:
			b.WriteByte(c)
		}
		i++
	}
	if quote >= 0 {
		return w, i, fmt.Errorf("%v: %w: %s", r.at(quote), ErrOpenQuote, s)
	}
	w.Text = b.String()
	return w, i, nil
}

var namedEscapes = map[byte]byte{'a': '\a', 'b': '\b', 'E': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescapeAt decodes the escape whose character after the backslash is s[i]. It gives the offset behind it.
func unescapeAt(s string, i int) (byte, int) {
	c := s[i]
	switch {
	case c == 'x' && i+1 < len(s) && hexDigit(s[i+1]) >= 0:
		return digits(s, i+1, 2, 16, hexDigit)
	case c == 'c' && i+1 < len(s):
		return s[i+1] & 0x1f, i + 2
	case octalDigit(c) >= 0:
		return digits(s, i, 3, 8, octalDigit)
	}
	if n, ok := namedEscapes[c]; ok {
		return n, i + 1
	}
	return c, i + 1
}

// digits reads up to limit digits of a base.
func digits(s string, i, limit, base int, digit func(byte) int) (byte, int) {
	value := 0
	for n := 0; n < limit && i < len(s) && digit(s[i]) >= 0; n++ {
		value = value*base + digit(s[i])
		i++
	}
	return byte(value), i
}

func octalDigit(c byte) int {
	if c >= '0' && c <= '7' {
		return int(c - '0')
	}
	return -1
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
