package parser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// doubling defines names that each use the one before twice.
func doubling(base string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "$A0=%s\n", base)
	for i := range 40 {
		fmt.Fprintf(&b, "$A%d=%s${A%d}${A%d}\n", i+1, base, i, i)
	}
	return b.String() + "foo $A40\n"
}

func TestExpansionIsBounded(t *testing.T) {
	tests := []struct {
		name, text, message string
	}{
		{"long sequence", "~SEQ(N,2147483647) foo${N}", "more than 500000 lines"},
		{"nested sequences", "~SEQ(A,100000) ~SEQ(B,100000) ~SEQ(C,100000) foo", "more than 500000 lines"},
		{"sequence of sequences that drop", "~SEQ(A,100000) ~SEQ(B,100000) @no foo", "more than 500000 lines"},
		{"long lines", "$L=" + strings.Repeat("x", 900) + "\n~SEQ(N,400000) ${L}", "more than 33554432 bytes"},
		{"doubling", doubling("x"), "maximum line length"},
		{"doubling of nothing", doubling(""), "more than 2000 substitutions"},
		{"doubling of lines", "$A= \\\n x \\\n y\n" + strings.Repeat("~SEQ(N,9) ", 80) + "$A", "more than 500000 lines"},
		{"deep blocks", strings.Repeat("{\n", 300_000), "more than 200 deep"},
		{"deep blocks on a line", strings.Repeat(strings.Repeat("{", 1000)+"\n", 1000), "more than 200 deep"},
		{"many diagnostics", "~SEQ(N,400000) ~SEQ(M,3,1,1) ${N}\n}", "Extra '}' found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := parseString(t, tt.text, Options{})
			found := false
			for _, d := range diags {
				found = found || d.Status == StatusConfig && strings.Contains(d.Message, tt.message)
			}
			if !found || len(diags) > 2*maxDiagnostics+2 {
				t.Errorf("%q is not among %d diagnostics", tt.message, len(diags))
			}
		})
	}
}

func TestDeepBlocksKeepTheirBalance(t *testing.T) {
	text := strings.Repeat("a {\n", 300) + strings.Repeat("}\n", 300) + "b"
	tree, diags := parseString(t, text, Options{})
	if len(tree.Statements) != 2 || tree.Statements[1].Keyword() != "b" || len(diags) != 1 {
		t.Errorf("%d statements, %v", len(tree.Statements), diags)
	}
}

func TestIncludeDepthIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range maxIncludeDepth + 5 {
		write(t, dir, fmt.Sprintf("%d.conf", i), fmt.Sprintf("a\ninclude %d.conf\n", i+1))
	}
	write(t, dir, "main.conf", "include 0.conf")
	got, diags := outcome(t, dir, Options{})
	if len(diags) != 1 || !strings.Contains(diags[0], "nested more than 64 deep") || strings.Count(got, "a") != maxIncludeDepth-1 {
		t.Errorf("%d files, %q", strings.Count(got, "a"), diags)
	}
}

func TestIncludeCountIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, dir, fmt.Sprintf("%d.conf", i), fmt.Sprintf("include %d.conf\ninclude %d.conf\n", i+1, i+1))
	}
	write(t, dir, "20.conf", "")
	write(t, dir, "main.conf", "include 0.conf")
	_, diags := outcome(t, dir, Options{})
	if len(diags) != 1 || !strings.Contains(diags[0], "more than 10000 files") {
		t.Errorf("got %q", diags)
	}
}

func TestRandom(t *testing.T) {
	const text = "a ${_RANDOM} ${_RANDOM 10} ${_RANDOM 3 9}"
	read := func(text string, seed uint64) string {
		tree, diags := parseString(t, text, Options{Seed: func() uint64 { return seed }})
		if len(diags) != 0 {
			t.Fatal(diags)
		}
		return compact(tree.Statements)
	}
	if one, two := read(text, 1), read(text, 1); one != two {
		t.Errorf("the same seed gives %s and %s", one, two)
	}
	if one, two := read(text, 1), read(text, 2); one == two {
		t.Errorf("two seeds give %s", one)
	}
	const seeded = "g { random_seed 7 }\n" + text
	if one, two := read(seeded, 1), read(seeded, 2); one != two {
		t.Errorf("random_seed gives %s and %s", one, two)
	}
	for seed := range uint64(200) {
		var a, b, c int
		if _, err := fmt.Sscanf(read(text, seed), "a %d %d %d", &a, &b, &c); err != nil {
			t.Fatal(err)
		}
		if a < 0 || a > 32767 || b < 10 || b > 32767 || c < 3 || c > 9 {
			t.Fatalf("out of range: %d %d %d", a, b, c)
		}
	}
}

// TestIncludeThatWaits includes a file that claims to be a regular one and has nothing to say for as long as nobody
// else reads it. The answer comes all the same.
func TestIncludeThatWaits(t *testing.T) {
	began := time.Now()
	_, diagnostics := ReadString("main.conf", "a\ninclude /proc/kmsg\nb", Options{})
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	t.Logf("%v", diagnostics) // whether it may be read depends on who runs this
}

// TestIncludeLarger than what may be read ends the reading, not the memory.
func TestIncludeLarger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.conf")
	if err := os.WriteFile(path, []byte("a"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil { // a hole takes no room on the disk
		t.Fatal(err)
	}
	_, diagnostics := ReadString("main.conf", "include "+path+"\nb", Options{})
	for _, d := range diagnostics {
		if d.Severity == Error && strings.Contains(d.Message, "bytes are read") {
			return
		}
	}
	t.Errorf("nothing says that it is too large: %v", diagnostics)
}
