package parser

// Text is a configuration after includes, conditional lines and substitution: what Parse reads. It is self-contained:
// no file is opened and no variable looked at once it exists.
type Text struct {
	// Sources are the files that were read, in the order of their first opening.
	Sources []*Source
	lines   []textLine
}

// textLine is one logical line. Its bytes stand at the columns col, col+1, ... of the source line, unless a
// substitution or an escape took place: then spans says where.
type textLine struct {
	text  string
	src   *Source
	no    int32
	col   int32
	spans *[]span
}

// span is a stretch of a line, beginning at the byte offset off. Its bytes stand at col, col+1, ..., or all at col
// when fixed, which is the text of a substitution at the place of its reference.
type span struct {
	off, col int32
	fixed    bool
}

// column is the 1-based column of the byte at offset off.
func (l *textLine) column(off int) int32 {
	if l.spans == nil {
		return l.col + int32(off)
	}
	spans := *l.spans
	i := len(spans) - 1
	for i > 0 && int(spans[i].off) > off {
		i--
	}
	if spans[i].fixed {
		return spans[i].col
	}
	return spans[i].col + int32(off) - spans[i].off
}

// pos is the place of the byte at offset off.
func (l *textLine) pos(off int) Position {
	return Position{Source: l.src, Line: l.no, Column: l.column(off)}
}

// spansOf compresses one column per byte to spans.
func spansOf(cols []int32) *[]span {
	var out []span
	for i := 0; i < len(cols); {
		j, step := i+1, int32(1)
		if j < len(cols) && cols[j] == cols[i] {
			step = 0
		}
		for j < len(cols) && cols[j] == cols[j-1]+step {
			j++
		}
		// A fixed stretch ends where the next byte has a column of its own.
		out = append(out, span{off: int32(i), col: cols[i], fixed: step == 0})
		i = j
	}
	return &out
}

// String is the consolidated text, for people; positions are lost.
func (t *Text) String() string {
	n := 0
	for i := range t.lines {
		n += len(t.lines[i].text) + 1
	}
	out := make([]byte, 0, n)
	for i := range t.lines {
		out = append(out, t.lines[i].text...)
		out = append(out, '\n')
	}
	return string(out)
}
