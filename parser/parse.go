package parser

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// maxDepth bounds the nesting of blocks. Real configurations have four levels.
const maxDepth = 200

// Parse makes the syntax tree of a consolidated text. Whatever the text is, there is a tree.
func Parse(t *Text) (*Tree, []Diagnostic) {
	b := &builder{lines: t.lines}
	lex := &pieceLexer{lines: t.lines}
	tree := &Tree{Sources: t.Sources}
	for lex.more() {
		tree.Statements = b.entry(tree.Statements, lex)
	}
	if lex.tooDeep > 0 {
		b.report(lex.deepAt, fmt.Sprintf("blocks are nested more than %d deep - ignoring %d braces", maxDepth, lex.tooDeep))
	}
	if b.open > 0 {
		b.report(b.lastOpen, fmt.Sprintf("There are %d missing '}'s or extra '{'s", b.open))
	}
	return tree, b.diags.list
}

// builder makes the tree from what the grammar found.
type builder struct {
	lines      []textLine
	diags      diagnostics
	open       int      // blocks that were not closed
	lastOpen   Position // the innermost of them
	words      []rawWord
	statements []Statement // not yet used
	wordStore  []Word      // not yet used
}

func (b *builder) report(pos Position, message string) {
	b.diags.add(Diagnostic{Pos: pos, Severity: Warning, Status: StatusConfig, Structural: true, Message: message})
}

// entry parses the next top-level entry.
func (b *builder) entry(dst []*Statement, lex *pieceLexer) []*Statement {
	var e *entry
	peeking, err := lexer.Upgrade(lex)
	if err == nil {
		e, err = grammar.ParseFromLexer(peeking)
	}
	if err != nil {
		// The grammar takes every sequence of tokens; this would be a fault of the grammar, not of the text.
		b.report(Position{}, fmt.Sprintf("parsing: %v", err))
		return dst
	}
	for _, it := range e.Items {
		if it.Run != nil {
			dst, _ = b.sequence(dst, it.Run.tokens)
		} else {
			dst, _ = b.sequence(dst, it.Body.tokens)
		}
	}
	if e.Stray != nil {
		s := b.statement()
		s.Stray = true
		s.Raw = Raw{Text: "}", Pos: b.pos(&e.Stray.token, 0)}
		b.report(s.Raw.Pos, "Extra '}' found")
		dst = append(dst, s)
	}
	return dst
}

// sequence appends the statements of a block to dst, up to its closing brace. It gives the tokens used.
func (b *builder) sequence(dst []*Statement, tokens []lexer.Token) ([]*Statement, int) {
	for i := 0; i < len(tokens); i++ {
		switch tokens[i].Type {
		case tokenClose:
			return dst, i
		case tokenOpen:
			// The block belongs to the statement before it, unless that has one already.
			if n := len(dst); n == 0 || dst[n-1].Block != nil || dst[n-1].Stray {
				dst = append(dst, b.statement())
			}
			block, n := b.block(tokens[i:])
			dst[len(dst)-1].Block = block
			i += n
		default:
			// What has no word, a lone open quote, is as if it were not there.
			if s := b.spread(&tokens[i]); s != nil {
				dst = append(dst, s)
			}
		}
	}
	return dst, len(tokens)
}

// block makes the block that begins with the first token. It gives the index of its closing brace.
func (b *builder) block(tokens []lexer.Token) (*Block, int) {
	out := &Block{Open: b.pos(&tokens[0], 0)}
	var n int
	out.Statements, n = b.sequence(nil, tokens[1:])
	n++
	if n < len(tokens) {
		out.Close = b.pos(&tokens[n], 0)
		return out, n
	}
	if b.open == 0 {
		b.lastOpen = out.Open
	}
	b.open++
	return out, n
}

// pos is the place of the byte off of a token.
func (b *builder) pos(t *lexer.Token, off int) Position {
	return b.lines[t.Pos.Offset].pos(t.Pos.Column + off)
}

// statement gives an empty statement.
func (b *builder) statement() *Statement {
	if len(b.statements) == 0 {
		b.statements = make([]Statement, 256)
	}
	s := &b.statements[0]
	b.statements = b.statements[1:]
	return s
}

// spread makes a statement of a token, nil when it has no word.
func (b *builder) spread(t *lexer.Token) *Statement {
	l := &b.lines[t.Pos.Offset]
	var open int
	b.words, open = appendWords(b.words[:0], t.Value)
	if open >= 0 && openQuote(l.text) < 0 {
		// The reader does not see quotes behind a backslash; all others it has reported.
		b.diags.add(Diagnostic{Pos: b.pos(t, open), Severity: Warning, Status: StatusConfig, Message: fmt.Sprintf("Unmatched quote: '%s'", t.Value)})
	}
	n := len(b.words)
	if n == 0 {
		return nil
	}
	s := b.statement()
	s.Raw = Raw{Text: t.Value, Pos: b.pos(t, 0)}
	if l.spans != nil {
		s.Raw.cols, s.Raw.off = l, int32(t.Pos.Column)
	}
	if n > len(b.wordStore) {
		b.wordStore = make([]Word, max(512, n))
	}
	s.Words = b.wordStore[:n:n]
	b.wordStore = b.wordStore[n:]
	for i, w := range b.words {
		s.Words[i] = Word{Text: w.text, Quoted: w.quoted, Pos: b.pos(t, w.off)}
	}
	return s
}
