package config

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// fact is one line of testdata/keywords.tsv.
type fact struct{ syntax, since, area, meaning, status string }

func readFacts(t *testing.T) map[string]fact {
	t.Helper()
	data, err := os.ReadFile("testdata/keywords.tsv")
	if err != nil {
		t.Fatal(err)
	}
	facts := map[string]fact{}
	for _, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:] {
		f := append(strings.Split(l, "\t"), make([]string, 9)...)
		facts[f[0]] = fact{syntax: f[1], since: f[3], area: f[4], meaning: f[5], status: f[8]}
	}
	return facts
}

func TestTableIsComplete(t *testing.T) {
	facts := readFacts(t)
	seen := map[string]bool{}
	Walk(func(path string, k *Keyword) {
		if seen[path] {
			t.Errorf("%s is in the table twice", path)
		}
		seen[path] = true
		f, ok := facts[path]
		if !ok {
			t.Errorf("%s is in the table, but upstream does not have it", path)
			return
		}
		if k.Syntax != f.syntax || k.Since != f.since || k.Area != f.area || k.Meaning != f.meaning {
			t.Errorf("%s: the table says %q %q %q %q, the facts %+v", path, k.Syntax, k.Since, k.Area, k.Meaning, f)
		}
		if f.status == "deprecated" && !k.Deprecated {
			t.Errorf("%s is not marked as deprecated", path)
		}
	})
	for path := range facts {
		if !seen[path] {
			t.Errorf("%s is missing from the table", path)
		}
	}
}

// ranges in the notation of the facts, such as INT[1..255] and DECIMAL seconds[0.01..255].
var (
	intRange     = regexp.MustCompile(`^INT\[(-?\d+)\.\.(-?\d+)\]`)
	decimalRange = regexp.MustCompile(`^(?:DECIMAL seconds|TIMER)\[([\d.]+)\.\.([\d.]+)\]`)
)

func TestRangesAreThoseOfTheNotation(t *testing.T) {
	checked := 0
	Walk(func(path string, k *Keyword) {
		want, have := "", ""
		switch m := intRange.FindStringSubmatch(k.Syntax); {
		case m != nil && k.Arg.Kind == Int:
			want, have = m[1]+".."+m[2], fmt.Sprintf("%d..%d", k.Arg.Min, k.Arg.Max)
		case k.Arg.Kind == Decimal:
			if m := decimalRange.FindStringSubmatch(k.Syntax); m != nil {
				want = m[1] + ".." + m[2]
				have = formatDecimal(k.Arg.Min, k.Arg.Digits) + ".." + formatDecimal(k.Arg.Max, k.Arg.Digits)
			}
		}
		if want != have {
			t.Errorf("%s: the notation says %s, the decoder %s", path, want, have)
		}
		if want != "" {
			checked++
		}
	})
	if checked < 50 {
		t.Errorf("only %d ranges were compared", checked)
	}
}

// A row that nobody reads would be accepted with any rubbish behind it.
func TestEveryRowIsRead(t *testing.T) {
	var visit func(b *Block, path string)
	visit = func(b *Block, path string) {
		for i := range b.Keywords {
			k := &b.Keywords[i]
			p := join(path, k.Name)
			if b.Entry == nil && k.Do == nil && k.Arg.Kind == Free && k.Since != "" {
				t.Errorf("%s: nothing reads its line", p)
			}
			if k.Block != nil && k.Block.Entry == nil && len(k.Block.Keywords) == 0 {
				t.Errorf("%s: its block is empty", p)
			}
			if k.Block != nil {
				visit(k.Block, p)
			}
		}
	}
	visit(language().root, "")
}

func TestSuggestions(t *testing.T) {
	root := language().root
	for _, c := range []struct{ block, word, want string }{
		{"vrrp_instance", "prioriti", `did you mean "priority"?`},
		{"vrrp_instance", "Priority", `did you mean "priority"?`},
		{"vrrp_instance", "advert_itn", `did you mean "advert_int"?`},
		{"vrrp_instance", "router_id", "it belongs into global_defs"},
		{"global_defs", "lvs_sync_daemon_interfce", `did you mean "lvs_sync_daemon_interface", which belongs into vrrp_instance?`},
		{"vrrp_instance", "zzzzzz", ""},
		{"vrrp_instance", "x", ""},
		{"vrrp_instance", "", ""},
	} {
		if got := language().suggest(root.byName[c.block].Block, c.word); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.word, c.block, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"abc", "abcd", 1}, {"abc", "xyz", 3}, {"", "ab", 2}, {"ABC", "abc", 0}} {
		if got := distance(c.a, c.b, 9); got != c.want {
			t.Errorf("distance(%q, %q) is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestReferencesNameEveryKeyword(t *testing.T) {
	compat, md, man := Compatibility(), MarkdownReference(), RoffReference()
	Walk(func(path string, k *Keyword) {
		if !strings.Contains(compat, strings.ReplaceAll(path[strings.Index(path, "/")+1:], "|", "\\|")) {
			t.Errorf("COMPATIBILITY.md lacks %s", path)
		}
		if !strings.Contains(md, strings.ReplaceAll(path, "/", " / ")) {
			t.Errorf("the Markdown reference lacks %s", path)
		}
		if !strings.Contains(man, roff(strings.ReplaceAll(path, "/", " / "))) {
			t.Errorf("the manual lacks %s", path)
		}
	})
	for _, l := range strings.Split(man, "\n") {
		if strings.HasPrefix(l, ".") && !strings.HasPrefix(l, ".SS ") && l != ".TP" {
			t.Errorf("the manual has a line that the formatter would take for a request: %s", l)
		}
	}
}
