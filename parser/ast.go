package parser

import (
	"fmt"
	"strings"
)

// Source is one file that was read. Positions point to it, so that a diagnostic can print the line it speaks of.
type Source struct {
	// Name is the path as the user wrote it, or as the include matched it.
	Name string
	// Text is the file's content as read. It is empty where only positions were handed over (Text received by a child).
	Text string

	starts []int // offset of each line, found by the first call of Line
}

// Line is the text of a line, counted from 1, without its end; "" when there is no such line or no text. It is not for
// use by several goroutines at once.
func (s *Source) Line(number int) string {
	if s.starts == nil {
		s.starts = append(s.starts, 0)
		for i := 0; i < len(s.Text); i++ {
			if s.Text[i] == '\n' {
				s.starts = append(s.starts, i+1)
			}
		}
	}
	if number < 1 || number > len(s.starts) {
		return ""
	}
	line, _, _ := strings.Cut(s.Text[s.starts[number-1]:], "\n")
	return strings.TrimRight(line, "\r")
}

// Position is a place in a configuration file. Line and Column are 1-based; Column counts bytes.
// A word that came out of a substitution has the position of the reference in the file that uses it.
type Position struct {
	Source       *Source
	Line, Column int32
}

// String gives file:line:column, the form that editors jump to.
func (p Position) String() string {
	if p.Source == nil {
		return "-"
	}
	return fmt.Sprintf("%s:%d:%d", p.Source.Name, p.Line, p.Column)
}

// Word is one word of a statement after comments are gone and double quotes are taken off.
type Word struct {
	Text   string
	Quoted bool // it stood in double quotes, so it may be empty or contain blanks
	Pos    Position
}

// Statement is a keyword with its arguments and perhaps a block:
//
//	virtual_router_id 51
//	vrrp_instance VI_1 { ... }
//
// As upstream, a statement ends at the end of its line or at a brace. Words is never empty except
// for a block without keyword ("{" where no statement is open for it), which has a Block and no Words.
type Statement struct {
	Words []Word
	// Raw is the statement's text as it stands after comments and substitution, without the brace. Keywords whose
	// arguments have their own quoting (scripts, regex) read it instead of Words.
	Raw Raw
	// Block is nil when no "{" follows.
	Block *Block
	// Stray is true for a "}" that closes nothing: Words is empty and Raw.Pos is its position.
	Stray bool
}

// Pos is the place of the statement's first word, or of its brace.
func (s *Statement) Pos() Position {
	if len(s.Words) > 0 {
		return s.Words[0].Pos
	}
	if s.Block != nil {
		return s.Block.Open
	}
	return s.Raw.Pos
}

// Keyword is the first word, "" when there is none.
func (s *Statement) Keyword() string {
	if len(s.Words) == 0 {
		return ""
	}
	return s.Words[0].Text
}

// Args are the words after the keyword.
func (s *Statement) Args() []Word {
	if len(s.Words) == 0 {
		return nil
	}
	return s.Words[1:]
}

// Block is what stands between braces.
type Block struct {
	Open       Position
	Close      Position // zero when the block is still open at the end
	Statements []*Statement
}

// Closed tells whether the closing brace was there.
func (b *Block) Closed() bool { return b.Close.Source != nil }

// Tree is a whole configuration after includes, substitution and conditionals.
type Tree struct {
	Statements []*Statement
	Sources    []*Source
}

// Raw is text with the position of its first byte.
type Raw struct {
	Text string
	Pos  Position
	// cols and off find the column of the later bytes where a substitution made the text; cols is nil otherwise.
	cols *textLine
	off  int32
}
