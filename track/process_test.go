package track

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestProcessCounts(t *testing.T) {
	params := func(match ParamMatch, words ...string) Process {
		return Process{Command: "/bin/p", FullCommand: true, Match: match, Params: words}
	}
	for name, row := range map[string]struct {
		process Process
		comm    string
		cmdline string // words, a bar ends each
		want    bool
	}{
		"name":                     {Process{Command: "p"}, "p", "/bin/p|a|", true},
		"another name":             {Process{Command: "p"}, "pp", "p|", false},
		"name of a kernel thread":  {Process{Command: "kworker"}, "kworker", "", true},
		"command":                  {params(AnyParams), "x", "/bin/p|a|b|", true},
		"command without path":     {params(AnyParams), "p", "p|", false},
		"no command line":          {params(AnyParams), "/bin/p", "", false},
		"exact":                    {params(ExactParams, "a", "b c"), "p", "/bin/p|a|b c|", true},
		"exact, one more":          {params(ExactParams, "a"), "p", "/bin/p|a|b|", false},
		"exact, one less":          {params(ExactParams, "a", "b"), "p", "/bin/p|a|", false},
		"exact, none":              {params(ExactParams), "p", "/bin/p|", true},
		"exact, none wanted":       {params(ExactParams), "p", "/bin/p|a|", false},
		"partial":                  {params(PartialParams, "a", "b"), "p", "/bin/p|a|b|c|", true},
		"partial, not whole":       {params(PartialParams, "a", "b"), "p", "/bin/p|a|bc|", false},
		"partial, none":            {params(PartialParams), "p", "/bin/p|a|", true},
		"initial":                  {params(InitialParams, "a", "b"), "p", "/bin/p|a|bc|d|", true},
		"initial, first not whole": {params(InitialParams, "a", "b"), "p", "/bin/p|aa|b|", false},
		"initial, none":            {params(InitialParams), "p", "/bin/p|", true},
		"another command":          {params(InitialParams, "a"), "p", "/bin/q|a|", false},
	} {
		if got := row.process.Counts(row.comm, []byte(strings.ReplaceAll(row.cmdline, "|", "\x00"))); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestQuorum gives a quorum numbers of processes at seconds; what follows is whether it was there, in capitals when that
// was news, with a + while a delay runs.
func TestQuorum(t *testing.T) {
	const second = time.Second
	for name, row := range map[string]struct {
		quorum, most    int
		fork, terminate time.Duration
		counts          []int
		want            string
	}{
		"one":                 {1, 1 << 30, 0, 0, []int{0, 1, 2, 0}, "no YES yes NO"},
		"at first":            {1, 1 << 30, 9 * second, 9 * second, []int{1, 1}, "yes yes"},
		"three":               {3, 1 << 30, 0, 0, []int{2, 3, 2}, "no YES NO"},
		"at most two":         {1, 2, 0, 0, []int{2, 3, 2, 0}, "yes NO YES NO"},
		"none at all":         {0, 0, 0, 0, []int{0, 1, 0}, "yes NO YES"},
		"fork_delay":          {1, 1 << 30, 2 * second, 0, []int{0, 1, 1, 1, 0}, "no no+ no+ YES NO"},
		"short life":          {1, 1 << 30, 2 * second, 0, []int{0, 1, 0, 1, 1}, "no no+ no no+ no+"},
		"terminate_delay":     {1, 1 << 30, 0, 2 * second, []int{1, 0, 0, 0}, "yes yes+ yes+ NO"},
		"restart":             {1, 1 << 30, 0, 2 * second, []int{1, 0, 1, 0, 0}, "yes yes+ yes yes+ yes+"},
		"too many for a time": {1, 1, 2 * second, 2 * second, []int{1, 2, 1, 2, 2, 2}, "yes yes+ yes yes+ yes+ NO"},
	} {
		at := time.Unix(1000, 0)
		p := Process{Quorum: row.quorum, QuorumMax: row.most, ForkDelay: row.fork, TerminateDelay: row.terminate}
		var q Quorum
		var got []string
		for i, n := range row.counts {
			changed := false
			if i == 0 {
				q = NewQuorum(&p, n)
			} else {
				changed = q.Count(at, n)
			}
			at = at.Add(second)
			word := map[bool]string{true: "yes", false: "no"}[q.Have()]
			if changed {
				word = strings.ToUpper(word)
			}
			if s := q.Status(); s.Gaining || s.Losing {
				word += "+"
			}
			got = append(got, word)
			if q.Processes() != n {
				t.Errorf("%s: %d processes", name, q.Processes())
			}
		}
		if fmt.Sprint(strings.Join(got, " ")) != row.want {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, " "), row.want)
		}
	}
}
