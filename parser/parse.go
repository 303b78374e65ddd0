package parser

import (
	"fmt"

	"github.com/alecthomas/participle/v2/lexer"
)

// Parse makes the syntax tree of a consolidated text. Whatever the text is, there is a tree.
func Parse(t *Text) (*Tree, []Diagnostic) {
	b := &builder{lines: t.lines}
	lex := &pieceLexer{lines: t.lines}
	tree := &Tree{Sources: t.Sources}
	for lex.more() {
		tree.Statements = b.entry(tree.Statements, lex)
	}
	if b.open > 0 {
		b.report(b.lastOpen, fmt.Sprintf("There are %d missing '}'s or extra '{'s", b.open))
	}
	return tree, b.diags
}

// builder makes the tree from what the grammar found.
type builder struct {
	lines      []textLine
	diags      []Diagnostic
	open       int      // blocks that were not closed
	lastOpen   Position // the innermost of them
	words      []rawWord
	statements []Statement
	wordStore  []Word
}

func (b *builder) report(pos Position, message string) {
	b.diags = append(b.diags, Diagnostic{Pos: pos, Severity: Warning, Status: StatusConfig, Structural: true, Message: message})
}

// entry parses the next top-level entry.
func (b *builder) entry(dst []*Statement, lex *pieceLexer) []*Statement {
	peeking, err := lexer.Upgrade(lex)
	var e *entry
	if err == nil {
		e, err = grammar.ParseFromLexer(peeking)
	}
	if err != nil {
		// The grammar takes every sequence of tokens; this would be a fault of the grammar, not of the text.
		b.report(Position{}, fmt.Sprintf("parsing: %v", err))
		return dst
	}
	dst = b.items(dst, e.Items)
	if e.Stray != nil {
		s := b.statement()
		s.Stray = true
		s.Raw = Raw{Text: "}", Pos: b.pos(&e.Stray.token, 0)}
		b.report(s.Raw.Pos, "Extra '}' found")
		dst = append(dst, s)
	}
	return dst
}

func (b *builder) items(dst []*Statement, items []*item) []*Statement {
	n := len(items)
	for _, it := range items {
		if it.Run != nil {
			n += len(it.Run.tokens)
		}
	}
	if dst == nil {
		dst = make([]*Statement, 0, n)
	}
	for _, it := range items {
		var owner *Statement
		if it.Run != nil {
			for i := range it.Run.tokens {
				// What has no word, a lone open quote, is as if it were not there.
				if s := b.spread(&it.Run.tokens[i]); s != nil {
					dst = append(dst, s)
					owner = s
				}
			}
		}
		if it.Body == nil {
			continue
		}
		if owner == nil {
			owner = b.statement()
			dst = append(dst, owner)
		}
		owner.Block = b.block(it.Body)
	}
	return dst
}

func (b *builder) block(n *body) *Block {
	out := &Block{Open: b.pos(&n.Open.token, 0)}
	out.Statements = b.items(nil, n.Items)
	if n.Close != nil {
		out.Close = b.pos(&n.Close.token, 0)
	} else {
		if b.open == 0 {
			b.lastOpen = out.Open
		}
		b.open++
	}
	return out
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
	var open int
	b.words, open = appendWords(b.words[:0], t.Value)
	if open >= 0 {
		b.report(b.pos(t, open), fmt.Sprintf("Unmatched quote: '%s'", t.Value))
	}
	n := len(b.words)
	if n == 0 {
		return nil
	}
	s := b.statement()
	s.Raw = Raw{Text: t.Value, Pos: b.pos(t, 0)}
	if l := &b.lines[t.Pos.Offset]; l.spans != nil {
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
