package parser

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The tokens of the grammar. A statement's words are one token: they are split by splitText, which knows the quotes.
const (
	tokenWords lexer.TokenType = iota + 1
	tokenOpen
	tokenClose
)

// textLexer is the lexer as participle knows it.
type textLexer struct{}

// Symbols names the tokens for the grammar.
func (textLexer) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Words": tokenWords, "Open": tokenOpen, "Close": tokenClose}
}

// Lex reads plain configuration text without source handling.
func (textLexer) Lex(filename string, r io.Reader) (lexer.Lexer, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filename, err)
	}
	text, _ := ReadString(filename, string(data), Options{})
	return &pieceLexer{lines: text.lines}, nil
}

// pieceLexer cuts lines at braces. A token's Pos.Offset is the index of its line, Pos.Column the byte offset in it.
type pieceLexer struct {
	lines []textLine
	line  int
	off   int
	// The tokens are those of one top-level entry: the lexer says EOF once the braces are even again.
	depth int
	ended bool
	// Braces beyond maxDepth are left out, and counted.
	skipped, tooDeep int
	deepAt           Position
}

// Next gives the next token of the current top-level entry.
func (x *pieceLexer) Next() (lexer.Token, error) {
	if x.ended {
		return lexer.EOFToken(lexer.Position{}), nil
	}
	for x.line < len(x.lines) {
		l := &x.lines[x.line]
		if x.off >= len(l.text) {
			x.line, x.off = x.line+1, 0
			continue
		}
		if t := x.piece(l); t.Type != 0 {
			return t, nil
		}
	}
	return lexer.EOFToken(lexer.Position{}), nil
}

// piece takes one piece of a line. The zero token stands for a brace that is left out.
func (x *pieceLexer) piece(l *textLine) lexer.Token {
	s := l.text[x.off:]
	n := pieceEnd(s)
	t := lexer.Token{Type: tokenWords, Value: strings.TrimRight(s[:n], " \t"), Pos: lexer.Position{Offset: x.line, Line: int(l.no), Column: x.off}}
	switch s[0] {
	case '{':
		t.Type = x.brace(l, tokenOpen)
	case '}':
		t.Type = x.brace(l, tokenClose)
	}
	x.off = skipBlanks(l.text, x.off+n)
	return t
}

// brace counts the depth. It gives the type of the token, 0 for a brace that is left out.
func (x *pieceLexer) brace(l *textLine, kind lexer.TokenType) lexer.TokenType {
	switch {
	case kind == tokenOpen && x.depth >= maxDepth:
		if x.tooDeep == 0 {
			x.deepAt = l.pos(x.off)
		}
		x.skipped++
		x.tooDeep++
		return 0
	case kind == tokenOpen:
		x.depth++
	case x.skipped > 0:
		x.skipped--
		return 0
	default:
		x.depth = max(x.depth-1, 0)
		x.ended = x.depth == 0
	}
	return kind
}

// more starts the next top-level entry, and tells whether there is one.
func (x *pieceLexer) more() bool {
	x.ended, x.depth = false, 0
	return x.line < len(x.lines)
}

// rawWord is a word within a piece: its text and where it begins.
type rawWord struct {
	text   string
	off    int
	quoted bool
}

// splitText splits a piece into words. An open quote ends the list.
func splitText(s string) []rawWord {
	words, _ := appendWords(nil, s)
	return words
}

// appendWords appends the words of a piece to dst, and tells the offset of a quote that is not closed, or -1.
func appendWords(dst []rawWord, s string) ([]rawWord, int) {
	for i := 0; ; {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		if i == len(s) {
			return dst, -1
		}
		if s[i] == '"' {
			n := strings.IndexByte(s[i+1:], '"')
			if n < 0 {
				return dst, i
			}
			dst = append(dst, rawWord{s[i+1 : i+1+n], i, true})
			i += n + 2
			continue
		}
		j := i
		for j < len(s) && !isSpace(s[j]) && s[j] != '"' {
			j++
		}
		dst = append(dst, rawWord{s[i:j], i, false})
		i = j
	}
}
