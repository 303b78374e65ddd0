package parser

import (
	"strings"
	"testing"
	"time"
)

func TestExcerpt(t *testing.T) {
	source := &Source{Name: "a.conf", Text: "one\r\n\ttwo three\n\nlast"}
	for _, row := range []struct {
		line, column int32
		want         string
	}{
		{1, 1, "one\n^"},
		{2, 6, "\ttwo three\n\t    ^"},
		{3, 1, ""},
		{4, 99, "last\n    ^"},
		{5, 1, ""},
		{0, 0, ""},
	} {
		got := Diagnostic{Pos: Position{Source: source, Line: row.line, Column: row.column}}.Excerpt()
		if got != row.want {
			t.Errorf("line %d column %d: %q, want %q", row.line, row.column, got, row.want)
		}
	}
}

// A file in which every line is at fault must not be read anew for every complaint.
func TestExcerptOfManyLines(t *testing.T) {
	const lines = 300_000
	source := &Source{Text: strings.Repeat("some keyword that is not known\n", lines)}
	begin := time.Now()
	for i := int32(1); i <= lines; i++ {
		if d := (Diagnostic{Pos: Position{Source: source, Line: i, Column: 1}}); d.Excerpt() == "" {
			t.Fatalf("no excerpt of line %d", i)
		}
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}
