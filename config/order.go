package config

import (
	"cmp"
	"slices"

	"keepalived-go/parser"
)

// A stretch is a run of lines of one file that were read one after the other. A file that includes others has several.
type stretch struct {
	source      *parser.Source
	first, last int32
}

// readingOrder remembers in which order the files were read, so that what is found out later can be told in its place.
type readingOrder struct{ stretches []stretch }

// mark notes that a line was read.
func (o *readingOrder) mark(p parser.Position) {
	if n := len(o.stretches); n > 0 {
		s := &o.stretches[n-1]
		if s.source == p.Source && p.Line >= s.last {
			s.last = p.Line
			return
		}
	}
	o.stretches = append(o.stretches, stretch{p.Source, p.Line, p.Line})
}

// index gives the stretches of each file by their first lines. Of a file that was read several times only the first
// reading counts.
func (o *readingOrder) index() map[*parser.Source][]int {
	index := map[*parser.Source][]int{}
	for i, s := range o.stretches {
		list := index[s.source]
		if len(list) == 0 || s.first > o.stretches[list[len(list)-1]].last {
			index[s.source] = append(list, i)
		}
	}
	return index
}

// find gives the stretch of a position: the last one of its file that does not begin behind it. What stands nowhere
// comes last.
func (o *readingOrder) find(index map[*parser.Source][]int, p parser.Position) int {
	list := index[p.Source]
	n, _ := slices.BinarySearchFunc(list, p.Line+1, func(i int, line int32) int { return cmp.Compare(o.stretches[i].first, line) })
	if n == 0 {
		return len(o.stretches)
	}
	return list[n-1]
}

// sort puts diagnostics into the order in which their places were read. Those of one place keep theirs.
func (o *readingOrder) sort(list []parser.Diagnostic) {
	type placed struct {
		stretch int
		d       parser.Diagnostic
	}
	places, index := make([]placed, len(list)), o.index()
	for i, d := range list {
		places[i] = placed{o.find(index, d.Pos), d}
	}
	slices.SortStableFunc(places, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.stretch, b.stretch), cmp.Compare(a.d.Pos.Line, b.d.Pos.Line), cmp.Compare(a.d.Pos.Column, b.d.Pos.Column))
	})
	for i := range places {
		list[i] = places[i].d
	}
}
