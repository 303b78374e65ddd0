package pcre

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

// TestFind holds what only PCRE2 has against texts that match and texts that do not.
func TestFind(t *testing.T) {
	for _, row := range []struct {
		name, pattern string
		options       Options
		yes, no       string // both are followed by a line that no pattern needs
	}{
		{"plain", `hello`, 0, "say hello you", "say hallo you"},
		{"possessive", `a++b`, 0, "aaab.", "aaac."},
		{"possessive gives nothing back", `"[^"]*+"x`, 0, `"abc"x.`, `"abc"y.`},
		{"atomic", `(?>a+)b`, 0, "xaab.", "xaac."},
		{"lookbehind", `(?<=price: )\d+;`, 0, "price: 17;.", "prize: 17;."},
		{"negative lookbehind", `(?<!un)happy!`, 0, "so happy!.", "unhappy!."},
		{"recursion", `x\((?:[^()]++|(?R)|\((?:[^()]++)*\))*\)y`, 0, "x(a(b)c)y.", "x(a(bc)y."},
		{"keep out", `foo\Kbar!`, 0, "foobar!.", "bar!."},
		{"named groups", `(?P<q>['"])ok(?P=q);`, 0, "'ok';.", "'ok\";."},
		{"named backreference", `(?<n>ab)-\k<n>;`, 0, "ab-ab;.", "ab-ac;."},
		{"POSIX class", `^[[:upper:]]{2}[[:digit:]];`, 0, "AB1;.", "Ab1;."},
		{"quoted", `\Qa.b*\E;`, 0, "a.b*;.", "axb*;."},
		{"extended inline", "(?x) a  b # words\n c ;", 0, "abc;.", "a b c;."},
		{"extended option", `a b c ;`, Extended, "abc;.", "a b c;."},
		{"branch reset", `(?|(a)|(b))\1;`, 0, "bb;.", "ab;."},
		{"subroutine", `(?(DEFINE)(?<byte>25[0-5]|1?\d?\d))(?&byte)\.(?&byte);`, 0, "10.255;.", "10.x;."},
		{"horizontal space", `a\h+b;`, 0, "a \tb;.", "a\nb;."},
		{"verb", `a(*SKIP)(*FAIL)|b;`, 0, "ab;.", "aa;."},
		{"caseless", `HELLO;`, Caseless, "hello;.", "hallo;."},
		{"dotall", `a.b;`, Dotall, "a\nb;.", "a\n\nb;."},
		{"without dotall", `a.b;`, 0, "axb;.", "a\nb;."},
		{"multiline", `^ok;`, Multiline, "x\nok;.", "x ok;."},
		{"UTF option", `^.;`, UTF, "é;.", "éé;."},
		{"UTF verb", `(*UTF)^\p{L};`, 0, "é;.", "1;."},
		{"without UTF", `^..;`, 0, "é;.", "e;."},
		{"UTF in a text that is not", `ok;`, UTF, "\xff\xfe ok;.", "\xff\xfe ko;."},
		{"empty class", `a[]b;`, AllowEmptyClass | NeverUCP, "", "ab;."},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := Compile(row.pattern, row.options)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if row.yes != "" {
				expect(t, r, row.yes, Match)
			}
			// What does not match may still be open at the end.
			if found, _, err := r.Find([]byte(row.no), 0); err != nil || found == Match {
				t.Errorf("%q: %d, %v, want no match", row.no, found, err)
			}
		})
	}
}

func expect(t *testing.T, r *Regexp, text string, want Outcome) {
	t.Helper()
	found, _, err := r.Find([]byte(text), 0)
	if err != nil || found != want {
		t.Errorf("%q: %d, %v, want %d", text, found, err, want)
	}
}

// TestPartial shows that the end of the text leaves a match open.
func TestPartial(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		from          int
		want          Outcome
		start         int
	}{
		{`hello`, "say hel", 0, Partial, 4},
		{`hello`, "say hello", 0, Match, 4},
		{`hello`, "say hello", 5, NoMatch, 0},
		{`o+`, "hello", 0, Partial, 4}, // it matches, but may go on
		{`hello$`, "hello", 0, Partial, 0},
		{`hello`, "he", 3, NoMatch, 0}, // from is beyond the text
		{`hello`, "", 0, NoMatch, 0},
	} {
		r, err := Compile(row.pattern, 0)
		if err != nil {
			t.Fatal(err)
		}
		found, start, err := r.Find([]byte(row.text), row.from)
		if err != nil || found != row.want || start != row.start {
			t.Errorf("%s in %q from %d: %d at %d, %v, want %d at %d", row.pattern, row.text, row.from, found, start, err, row.want, row.start)
		}
		r.Close()
	}
}

func TestCompileErrors(t *testing.T) {
	for _, row := range []struct {
		pattern string
		options Options
		offset  int
		message string
	}{
		{`(a`, 0, 2, "missing closing parenthesis"},
		{`a*+b)`, 0, 4, "unmatched closing parenthesis"},
		{`ab[c`, 0, 4, "missing terminating ]"},
		{`(?<n>a)(?<n>b)`, 0, 12, "two named subpatterns have the same name"},
		{`(*UTF)a`, NeverUTF, 6, "using UTF is disabled"},
		{"é(", UTF, 3, "missing closing parenthesis"},
	} {
		r, err := Compile(row.pattern, row.options)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v, %v, want an error about the syntax", row.pattern, r, err)
			continue
		}
		if syntax.Offset != row.offset || !strings.Contains(syntax.Message, row.message) {
			t.Errorf("%s: %v, want %q at %d", row.pattern, err, row.message, row.offset)
		}
	}
}

// TestLimit shows that patterns which explode end with an error.
func TestLimit(t *testing.T) {
	text := []byte(strings.Repeat("a", 40) + "c b")
	for _, pattern := range []string{`(?:(a+)+)+b`, `(a|aa)+$x`} {
		r, err := Compile(pattern, 0)
		if err != nil {
			t.Fatal(err)
		}
		r.SetMatchLimit(10_000)
		if found, _, err := r.Find(text, 0); err == nil || !strings.Contains(err.Error(), "match limit exceeded") {
			t.Errorf("%s: %d, %v, want the limit of steps", pattern, found, err)
		}
		r.Close()
	}
}

// TestHeapLimit shows that deep recursion ends at the limit of memory or of steps, not of the machine.
func TestHeapLimit(t *testing.T) {
	r, err := Compile(`^((?:a|(?1)b)*)\1{2}c`, NoAutoPossess|NoStartOptimize)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.SetMatchLimit(200_000)
	if _, _, err := r.Find([]byte(strings.Repeat("a", 4000)+"d."), 0); err == nil {
		t.Error("no limit was met")
	}
}

func TestClosed(t *testing.T) {
	r, err := Compile(`a`, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	r.Close()
	if _, _, err := r.Find([]byte("a"), 0); err == nil {
		t.Error("a closed expression was used")
	}
}

// TestTogether uses one expression from several goroutines.
func TestTogether(t *testing.T) {
	r, err := Compile(`b(c+)d;`, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			text := strings.Repeat("x", i*1000) + "bccd;."
			for range 50 {
				if found, start, err := r.Find([]byte(text), 0); found != Match || start != i*1000 || err != nil {
					t.Errorf("%d: %d at %d, %v", i, found, start, err)
				}
			}
		})
	}
	all.Wait()
}
