package parser

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// entry is one top-level entry: what stands up to a closing brace that makes the braces even, or up to the end.
type entry struct {
	Items []*item    `parser:"@@*"`
	Stray *closeMark `parser:"@@?"`
}

// item is a run of statements of which only the last may have a block, or a block without statement.
type item struct {
	Run  *run  `parser:"( @@"`
	Body *body `parser:"  @@? ) | @@"`
}

// body is a block. Its closing brace may be missing at the end of the text.
type body struct {
	Open  openMark   `parser:"@@"`
	Items []*item    `parser:"@@*"`
	Close *closeMark `parser:"@@?"`
}

// run is a sequence of statements; the next token is a brace.
type run struct {
	tokens []lexer.Token
}

// Parse takes statements as long as there are any.
func (n *run) Parse(lex *lexer.PeekingLexer) error {
	start := lex.RawCursor()
	for lex.Peek().Type == tokenWords {
		lex.Next()
	}
	if n.tokens = lex.Range(start, lex.RawCursor()); len(n.tokens) == 0 {
		return participle.NextMatch
	}
	return nil
}

// openMark is an opening brace.
type openMark struct{ token lexer.Token }

// Parse takes the brace.
func (n *openMark) Parse(lex *lexer.PeekingLexer) error { return takeMark(lex, tokenOpen, &n.token) }

// closeMark is a closing brace.
type closeMark struct{ token lexer.Token }

// Parse takes the brace.
func (n *closeMark) Parse(lex *lexer.PeekingLexer) error { return takeMark(lex, tokenClose, &n.token) }

func takeMark(lex *lexer.PeekingLexer, kind lexer.TokenType, to *lexer.Token) error {
	if lex.Peek().Type != kind {
		return participle.NextMatch
	}
	*to = *lex.Next()
	return nil
}

var grammar = participle.MustBuild[entry](participle.Lexer(textLexer{}))
