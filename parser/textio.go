package parser

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The written form of a Text is binary: a mark, the names of the sources, then the lines. Numbers are varints,
// strings a length and the bytes. Line numbers are the difference from the line before of the same text.
const textMark = "keepalived-go text 1\n"

// maxStored bounds a string of a written text, so that a damaged one does not ask for all memory.
const maxStored = 1 << 20

// WriteTo writes the text with its positions, without the content of the sources. LoadText reads it.
func (t *Text) WriteTo(w io.Writer) (int64, error) {
	enc := &encoder{w: bufio.NewWriterSize(w, 1<<16)}
	enc.raw(textMark)
	enc.number(int64(len(t.Sources)))
	index := make(map[*Source]int64, len(t.Sources))
	for i, s := range t.Sources {
		index[s] = int64(i)
		enc.text(s.Name)
	}
	enc.number(int64(len(t.lines)))
	last := int32(0)
	for i := range t.lines {
		l := &t.lines[i]
		enc.number(index[l.src])
		enc.number(int64(l.no - last))
		last = l.no
		enc.number(int64(l.col))
		enc.text(l.text)
		enc.spans(l.spans)
	}
	if err := enc.w.Flush(); err != nil && enc.err == nil {
		enc.err = err
	}
	if enc.err != nil {
		return enc.n, fmt.Errorf("writing the configuration text: %w", enc.err)
	}
	return enc.n, nil
}

// encoder writes until the first error.
type encoder struct {
	w   *bufio.Writer
	n   int64
	err error
	buf []byte
}

func (e *encoder) raw(s string) {
	n, err := e.w.WriteString(s)
	e.n += int64(n)
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) number(v int64) {
	e.buf = binary.AppendVarint(e.buf[:0], v)
	n, err := e.w.Write(e.buf)
	e.n += int64(n)
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) text(s string) {
	e.number(int64(len(s)))
	e.raw(s)
}

func (e *encoder) spans(spans *[]span) {
	if spans == nil {
		e.number(0)
		return
	}
	e.number(int64(len(*spans)))
	for _, s := range *spans {
		e.number(int64(s.off))
		col := int64(s.col) << 1
		if s.fixed {
			col |= 1
		}
		e.number(col)
	}
}

var errDamaged = errors.New("damaged text")

// LoadText reads what WriteTo wrote. The sources have names, but no content.
func LoadText(r io.Reader) (*Text, error) {
	dec := &decoder{r: bufio.NewReaderSize(r, 1<<16)}
	t := dec.load()
	if dec.err != nil {
		if errors.Is(dec.err, io.EOF) {
			dec.err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("reading the configuration text: %w", dec.err)
	}
	return t, nil
}

// decoder reads until the first error.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) load() *Text {
	mark := make([]byte, len(textMark))
	if _, err := io.ReadFull(d.r, mark); err != nil {
		d.err = err
	} else if string(mark) != textMark {
		d.err = errDamaged
	}
	t := &Text{}
	for n := d.number(maxStored); n > 0 && d.err == nil; n-- {
		t.Sources = append(t.Sources, &Source{Name: d.text()})
	}
	count := d.number(maxLines)
	// The capacity is only a promise of the writer, so it is not believed beyond a point.
	t.lines = make([]textLine, 0, min(count, 1<<19))
	last := int32(0)
	for ; count > 0 && d.err == nil; count-- {
		l := d.line(t.Sources, last)
		last = l.no
		t.lines = append(t.lines, l)
	}
	return t
}

func (d *decoder) line(sources []*Source, last int32) textLine {
	src := d.number(int64(len(sources)) - 1)
	l := textLine{no: last + int32(d.signed()), col: int32(d.number(1 << 30)), text: d.text()}
	if d.err == nil && len(sources) > 0 {
		l.src = sources[src]
	}
	n := d.number(maxStored)
	if n == 0 || d.err != nil {
		return l
	}
	spans := make([]span, 0, min(n, 1024))
	for ; n > 0 && d.err == nil; n-- {
		off, col := d.number(1<<30), d.number(1<<31)
		spans = append(spans, span{off: int32(off), col: int32(col >> 1), fixed: col&1 != 0})
	}
	l.spans = &spans
	return l
}

func (d *decoder) signed() int64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(d.r)
	d.err = err
	return v
}

// number reads a number from 0 to limit.
func (d *decoder) number(limit int64) int64 {
	v := d.signed()
	if d.err == nil && (v < 0 || v > limit) {
		d.err = errDamaged
	}
	if d.err != nil {
		return 0
	}
	return v
}

func (d *decoder) text() string {
	n := d.number(maxStored)
	if d.err != nil || n == 0 {
		return ""
	}
	buf := make([]byte, n)
	_, d.err = io.ReadFull(d.r, buf)
	return string(buf)
}
