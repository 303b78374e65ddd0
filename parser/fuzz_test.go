package parser

import (
	"bytes"
	"testing"
)

// FuzzParse reads any text: it must come to an end without a panic, every word must have a place, and the written
// text must give the same tree.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"global_defs {\n router_id a # c\n}\n", "a { b \"c } d\" }\n}", "$A=x${B}\n$B= \\\n c \\\n ${A}\nq $A\n$B\n",
		"~SEQ(N,1,2,9) a${N} { ~LST({A,B},{1,2},3) ${A}${B} }", "@n1 a\n@^n1 b { @n1 c\n", "include /dev/null\ninclude {a,b}/*[x]?\n",
		"script \"\\x41\\c\\\" '\\101\nregex \"a\\", "\xef\xbb\xbfa\x00b\r\n\xff\\", "${_RANDOM 1 2}${_ENV A}${_PWD}${_HASH}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := newReader(Options{ConfigID: "n1", Seed: func() uint64 { return 1 }})
		r.maxGenerated = 50
		consolidated, _ := r.readString("fuzz", text)
		tree, _ := Parse(consolidated)
		checkPlaces(t, tree.Statements)
		var buf bytes.Buffer
		if _, err := consolidated.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadText(&buf)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Parse(loaded)
		if !sameTree(tree.Statements, again.Statements) {
			t.Errorf("before %s\nafter  %s", places(tree.Statements), places(again.Statements))
		}
	})
}

func checkPlaces(t *testing.T, list []*Statement) {
	for _, s := range list {
		if len(s.Words) == 0 && s.Block == nil && !s.Stray {
			t.Fatal("a statement without words, block and brace")
		}
		for _, w := range append(s.Raw.Fields(), s.Words...) {
			if w.Pos.Source == nil || w.Pos.Line < 1 || w.Pos.Column < 1 {
				t.Fatalf("%q has no place: %v", w.Text, w.Pos)
			}
		}
		// The results are checked elsewhere; here they must only come to an end.
		_, _ = s.Raw.ScriptWords()
		_, _ = s.Raw.RegexWords()
		if s.Block != nil {
			checkPlaces(t, s.Block.Statements)
		}
	}
}
