package parser

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar knows no keyword: a configuration is a sequence of statements, each of words and perhaps a block, and
// a block holds the same again.
//
//	entry = { words | block } [ "}" ] .
//	block = "{" { words | block } [ "}" ] .
//
// participle parses one entry at a time, and the runs of words and the blocks take their tokens in Parse methods of
// their own. Reflection for each of the 75,000 blocks of a large configuration takes three times as long as all of
// the rest together.

// entry is what stands at top level up to the closing brace that makes the braces even, or up to the end.
type entry struct {
	Items []*item `parser:"@@*"`
	Stray *mark   `parser:"@@?"`
}

// item is one or more statements without block, or a block.
type item struct {
	Run  *run   `parser:"  @@"`
	Body *block `parser:"| @@"`
}

// run is a sequence of statements; the next token is a brace or the end.
type run struct{ tokens []lexer.Token }

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

// block is a block with its braces; the closing one may be missing at the end of the text.
type block struct{ tokens []lexer.Token }

// Parse takes everything up to the brace that closes the block.
func (n *block) Parse(lex *lexer.PeekingLexer) error {
	if lex.Peek().Type != tokenOpen {
		return participle.NextMatch
	}
	start := lex.RawCursor()
	for depth := 0; !lex.Peek().EOF(); {
		switch lex.Next().Type {
		case tokenOpen:
			depth++
		case tokenClose:
			depth--
		}
		if depth == 0 {
			break
		}
	}
	n.tokens = lex.Range(start, lex.RawCursor())
	return nil
}

// mark is a closing brace that closes nothing.
type mark struct{ token lexer.Token }

// Parse takes the brace.
func (n *mark) Parse(lex *lexer.PeekingLexer) error {
	if lex.Peek().Type != tokenClose {
		return participle.NextMatch
	}
	n.token = *lex.Next()
	return nil
}

var grammar = participle.MustBuild[entry](participle.Lexer(textLexer{}))
