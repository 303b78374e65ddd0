package parser

import (
	"errors"
	"slices"
	"strconv"
	"testing"
)

func texts(words []Word) []string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

func TestScriptWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
		err  error
	}{
		{`script /bin/true a b`, []string{"script", "/bin/true", "a", "b"}, nil},
		{`script "/bin/true a b"`, []string{"script", "/bin/true a b"}, nil},
		{`script '/bin/true a b' root`, []string{"script", "/bin/true a b", "root"}, nil},
		{`script "a 'b' c"`, []string{"script", "a 'b' c"}, nil},
		{`script 'a "b" c'`, []string{"script", `a "b" c`}, nil},
		{`script a"b c"d'e f'`, []string{"script", "ab cde f"}, nil},
		{`script "" ''`, []string{"script", "", ""}, nil},
		{`script a\ b`, []string{"script", "a b"}, nil},
		{`script "a\"b" 'c\'d'`, []string{"script", `a"b`, "c'd"}, nil},
		{`s \a\b\E\f\n\r\t\v`, []string{"s", "\a\b\x1b\f\n\r\t\v"}, nil},
		{`s \101\1012\8\0x \18`, []string{"s", "AA28\x00x", "\x018"}, nil},
		{`s \x41\x4\x4a1 \xg`, []string{"s", "A\x04J1", "xg"}, nil},
		{`s \cA\ca\c[ \c`, []string{"s", "\x01\x01\x1b", "c"}, nil},
		{`s \\ \q`, []string{"s", `\`, "q"}, nil},
		{"s\ta\vb", []string{"s", "a", "b"}, nil},
		{`s "a b`, []string{"s"}, ErrOpenQuote},
		{`s 'a b"`, []string{"s"}, ErrOpenQuote},
		{`s a\`, []string{"s"}, ErrOpenEscape},
		{``, nil, nil},
	}
	for _, tt := range tests {
		t.Run(strconv.Quote(tt.text), func(t *testing.T) {
			words, err := Raw{Text: tt.text}.ScriptWords()
			if !errors.Is(err, tt.err) || !slices.Equal(texts(words), tt.want) {
				t.Errorf("got %q, %v, want %q, %v", texts(words), err, tt.want, tt.err)
			}
		})
	}
}

func TestRegexWords(t *testing.T) {
	words, err := Raw{Text: `regex "a\.b \"c" d\ e`}.RegexWords()
	if want := []string{"regex", `a\.b \"c`, `d\ e`}; err != nil || !slices.Equal(texts(words), want) {
		t.Errorf("got %q, %v, want %q", texts(words), err, want)
	}
	if _, err := (Raw{Text: `regex "a`}).RegexWords(); !errors.Is(err, ErrOpenQuote) {
		t.Errorf("open quote: %v", err)
	}
}

func TestFields(t *testing.T) {
	tree, _ := parseString(t, `  a "b c" 'd e' f`, Options{})
	s := tree.Statements[0]
	if !slices.Equal(s.Raw.Fields(), s.Words) {
		t.Errorf("got %v, want %v", s.Raw.Fields(), s.Words)
	}
}
