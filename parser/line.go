package parser

// line is a line under work. cols has the column of each byte; it is nil while the bytes stand at col, col+1, ...
type line struct {
	text string
	src  *Source
	no   int32
	col  int32
	cols []int32
}

// slice is the part [i:j] of the line.
func (l line) slice(i, j int) line {
	out := l
	out.text = l.text[i:j]
	if l.cols != nil {
		out.cols = l.cols[i:j]
	} else {
		out.col += int32(i)
	}
	return out
}

// trimLeft drops leading blanks.
func (l line) trimLeft() line {
	return l.slice(skipBlanks(l.text, 0), len(l.text))
}

// column is the column of the byte at offset off, which may be just after the last.
func (l line) column(off int) int32 {
	switch {
	case l.cols == nil:
		return l.col + int32(off)
	case off < len(l.cols):
		return l.cols[off]
	case len(l.cols) > 0:
		return l.cols[len(l.cols)-1]
	}
	return l.col
}

// pos is the place of the byte at offset off.
func (l line) pos(off int) Position {
	return Position{Source: l.src, Line: l.no, Column: l.column(off)}
}

// columns gives one column per byte.
func (l line) columns() []int32 {
	if l.cols != nil {
		return l.cols
	}
	cols := make([]int32, len(l.text))
	for i := range cols {
		cols[i] = l.col + int32(i)
	}
	return cols
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// skipBlanks is the offset of the first byte at or after i that is neither space nor tab.
func skipBlanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}

// cut takes the bytes [i:j] out of a line.
func cut(l line, i, j int) line {
	if i == j {
		return l
	}
	cols := l.columns()
	l.cols = append(append(make([]int32, 0, len(cols)-(j-i)), cols[:i]...), cols[j:]...)
	l.text = l.text[:i] + l.text[j:]
	return l
}
