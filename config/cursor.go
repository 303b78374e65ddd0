package config

import "keepalived-go/parser"

// A token is what upstream's reader sees as a line: words, an opening brace or a closing one.
type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWords
	tokenOpen
	tokenClose
)

type token struct {
	kind tokenKind
	st   *parser.Statement // the words; for braces the statement that has the block
	pos  parser.Position
}

// cursor walks a tree in the order of the text and flattens its blocks, because the reader decides by keyword, not
// by nesting, what a brace means.
type cursor struct {
	frames []frame
	peeked *token
	order  readingOrder
}

type frame struct {
	statements []*parser.Statement
	next       int
	block      *parser.Block // nil for the file itself
	opened     bool          // the words of statements[next] are out, its block is due
}

func newCursor(t *parser.Tree) *cursor {
	return &cursor{frames: []frame{{statements: t.Statements}}}
}

// peek gives the next token and leaves it there.
func (c *cursor) peek() token {
	if c.peeked == nil {
		t := c.advance()
		c.peeked = &t
	}
	return *c.peeked
}

// next takes the next token.
func (c *cursor) next() token {
	if c.peeked != nil {
		t := *c.peeked
		c.peeked = nil
		return t
	}
	return c.advance()
}

// advance gives the next token and notes that its line was read.
func (c *cursor) advance() token {
	t := c.step()
	if t.kind != tokenEnd {
		c.order.mark(t.pos)
	}
	return t
}

func (c *cursor) step() token {
	for len(c.frames) > 0 {
		f := &c.frames[len(c.frames)-1]
		if f.next >= len(f.statements) {
			block := f.block
			c.frames = c.frames[:len(c.frames)-1]
			if block != nil && block.Closed() {
				return token{kind: tokenClose, pos: block.Close}
			}
			continue
		}
		st := f.statements[f.next]
		if !f.opened && len(st.Words) > 0 {
			f.opened = st.Block != nil
			if !f.opened {
				f.next++
			}
			return token{kind: tokenWords, st: st, pos: st.Pos()}
		}
		f.opened = false
		f.next++
		if st.Stray {
			return token{kind: tokenClose, st: st, pos: st.Pos()}
		}
		if st.Block != nil {
			c.frames = append(c.frames, frame{statements: st.Block.Statements, block: st.Block})
			return token{kind: tokenOpen, st: st, pos: st.Block.Open}
		}
	}
	return token{kind: tokenEnd}
}
