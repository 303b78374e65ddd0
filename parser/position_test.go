package parser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// places writes each word, brace and raw text with its place.
func places(list []*Statement) string {
	var out []string
	for _, s := range list {
		for _, w := range s.Words {
			out = append(out, fmt.Sprintf("%s@%d:%d", w.Text, w.Pos.Line, w.Pos.Column))
		}
		if s.Stray {
			out = append(out, fmt.Sprintf("}!@%d:%d", s.Pos().Line, s.Pos().Column))
		}
		if s.Block != nil {
			out = append(out, fmt.Sprintf("{@%d:%d", s.Block.Open.Line, s.Block.Open.Column))
			if inner := places(s.Block.Statements); inner != "" {
				out = append(out, inner)
			}
			if s.Block.Closed() {
				out = append(out, fmt.Sprintf("}@%d:%d", s.Block.Close.Line, s.Block.Close.Column))
			}
		}
	}
	return strings.Join(out, " ")
}

func TestPositions(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "a b\n  c\t\"d e\" f\n", "a@1:1 b@1:3 c@2:3 d e@2:5 f@2:11"},
		{"braces", "\na { b{\n c } }\n}", "a@2:1 {@2:3 b@2:5 {@2:6 c@3:2 }@3:4 }@3:6 }!@4:1"},
		{"brace on the next line", "a\n\n {\n}", "a@1:1 {@3:2 }@4:1"},
		{"condition", "@n1  a b", "a@1:6 b@1:8"},
		{"escape", `a b\#c d`, "a@1:1 b#c@1:3 d@1:8"},
		{"bytes are counted", "é b", "é@1:1 b@1:4"},
		{"CRLF", "a\r\nb\r\n", "a@1:1 b@2:1"},
		{"lines left out are counted", "# c\n\n@n2 x\n$A=1\na", "a@5:1"},
		{"substitution", "$A=xyz\nq ${A} r $A s", "q@2:1 xyz@2:3 r@2:8 xyz@2:10 s@2:13"},
		{"substitution in a word", "$A=xyz\nq a${A}b c", "q@2:1 axyzb@2:3 c@2:10"},
		{"substitution of several words", "$A=x y\nq $A z", "q@2:1 x@2:3 y@2:3 z@2:6"},
		{"nested substitution", "$B=1\n$A=x${B}y z\nq ${A}w v", "q@3:1 x1y@3:3 zw@3:3 v@3:9"},
		{"substitution to nothing", "$A=\nq $A z", "q@2:1 z@2:6"},
		{"substitution of a block", "$A={ b }\na $A c", "a@2:1 {@2:3 b@2:3 }@2:3 c@2:6"},
		{"multi-line", "$M= \\\n a { \\\n b \\\n }\n\n  x$M", "xa@6:3 {@6:4 b@6:4 }@6:4"},
		{"sequence", "~SEQ(N,2) a ${N} b", "a@1:11 1@1:13 b@1:18 a@1:11 2@1:13 b@1:18"},
		{"list", "~LST(X,p)  a { ${X} }", "a@1:12 {@1:14 p@1:16 }@1:21"},
		{"rest of a line", "a { @n1 b\n@n1 c }", "a@1:1 {@1:3 b@1:9 c@2:5 }@2:7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree, _ := parseString(t, tt.text, Options{})
			if got := places(tree.Statements); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRawPositionsFollowSubstitution(t *testing.T) {
	tree, _ := parseString(t, "$A=long value\nscript '${A}' \"x\"", Options{})
	words, err := tree.Statements[0].Raw.ScriptWords()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"script@2:1", "long value@2:8", "x@2:15"}
	if len(words) != len(want) {
		t.Fatalf("words %v", words)
	}
	for i, w := range words {
		if got := fmt.Sprintf("%s@%d:%d", w.Text, w.Pos.Line, w.Pos.Column); got != want[i] {
			t.Errorf("word %d: got %s, want %s", i, got, want[i])
		}
	}
}

// sameTree compares trees with the places of everything, the files included.
func sameTree(a, b []*Statement) bool {
	var one, two []Position
	collectPositions(a, &one)
	collectPositions(b, &two)
	if compact(a) != compact(b) || len(one) != len(two) {
		return false
	}
	for i := range one {
		if one[i].String() != two[i].String() {
			return false
		}
	}
	return true
}

func collectPositions(list []*Statement, out *[]Position) {
	for _, s := range list {
		*out = append(*out, s.Raw.Pos)
		for _, w := range s.Words {
			*out = append(*out, w.Pos)
		}
		if s.Block != nil {
			*out = append(*out, s.Block.Open, s.Block.Close)
			collectPositions(s.Block.Statements, out)
		}
	}
}

func TestWrittenTextGivesTheSameTree(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "main.conf", "$A=x y\na { b ${A}c d\ninclude sub/*.conf\n}\n~SEQ(N,3) e${N} $A\n")
	write(t, dir, "sub/one.conf", "one { two\nthree \\#\n")
	text, diags, err := ReadFile(filepath.Join(dir, "main.conf"), Options{ConfigID: "n1"})
	if err != nil || len(diags) != 0 {
		t.Fatal(err, diags)
	}
	var buf bytes.Buffer
	n, err := text.WriteTo(&buf)
	if err != nil || n != int64(buf.Len()) {
		t.Fatalf("wrote %d of %d: %v", n, buf.Len(), err)
	}
	// Nothing is read again.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	written := buf.Bytes()
	loaded, err := LoadText(bytes.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	before, d1 := Parse(text)
	after, d2 := Parse(loaded)
	if !sameTree(before.Statements, after.Statements) || len(d1) != len(d2) {
		t.Errorf("before %s\nafter  %s", places(before.Statements), places(after.Statements))
	}
	if text.String() != loaded.String() {
		t.Errorf("before %q\nafter  %q", text, loaded)
	}
	for cut := range written {
		if _, err := LoadText(bytes.NewReader(written[:cut])); err == nil {
			t.Fatalf("a text cut at %d of %d was read", cut, len(written))
		}
	}
}

func TestDamagedText(t *testing.T) {
	for _, text := range []string{"", "x", strings.Repeat("x", 100), textMark, textMark + "\x00\x02\x00\x00\x00\x02a\x00x", textMark + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if got, err := LoadText(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read as %q", text, got)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
