package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// contractRow says how a row of the contract is shown: by commands that end,
// by the life of a daemon, or by tests with a name. Tests of other folders
// are named with the folder below daemon, test or vm.
type contractRow struct {
	runs  []commandRun
	lives []daemonLife
	tests []string
	// reason is why nothing can be shown.
	reason string
}

// rowsOf reads a table of testdata and returns the keys of its rows, which
// are the first columns.
func rowsOf(t *testing.T, name string, columns int) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sourceRoot, "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(fields) < columns || len(keys) == 0 && fields[0] == "section" || strings.HasPrefix(line, "#") {
			continue
		}
		keys = append(keys, strings.Join(fields[:columns], "|"))
	}
	if len(keys) == 0 {
		t.Fatalf("%s has no row", name)
	}
	return keys
}

// testFunctions are the names of all tests, with their folder before them
// unless they are of this package.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	names := map[string]bool{}
	for prefix, pattern := range map[string]string{
		"config.": "config/*_test.go", "parser.": "parser/*_test.go", "notify.": "notify/*_test.go",
		"": "test/e2e/*_test.go", "daemon.": "daemon/*_test.go", "status.": "status/*_test.go",
		"vm.": "test/vm/*_test.go", "inside.": "test/vm/inside/*/*_test.go",
	} {
		files, err := filepath.Glob(filepath.Join(sourceRoot, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range function.FindAllStringSubmatch(string(content), -1) {
				names[prefix+match[1]] = true
			}
		}
	}
	return names
}

// complete checks that the rows of a table and those of a test are the same,
// that each shows something or says why not, and that the tests that they name are there.
func complete(t *testing.T, keys []string, rows map[string]contractRow) {
	t.Helper()
	functions := testFunctions(t)
	for _, key := range keys {
		row, ok := rows[key]
		if !ok || len(row.runs)+len(row.lives)+len(row.tests) == 0 && row.reason == "" {
			t.Errorf("nothing shows the row %q", key)
		}
		for _, name := range row.tests {
			if !functions[name] {
				t.Errorf("%q: there is no test %s", key, name)
			}
		}
	}
	for key := range rows {
		if !slices.Contains(keys, key) {
			t.Errorf("the contract has no row %q", key)
		}
	}
}

// commandRun is a command that ends by itself. Words in braces are files of
// contractFiles. Both programs have to do the same.
type commandRun struct {
	words          string
	status         int
	stdout, stderr string // what is in it; "" is that it is empty
	newer          bool   // 2.2.7 has it not, or other words for it
}

// contractFiles are configurations that runs name.
var contractFiles = map[string]string{
	"good":    quick,
	"bad":     "no_such_keyword x\n" + quick,
	"id":      "@here no_such_keyword x\n" + quick,
	"include": "include /none/none.conf\n" + quick,
	"env":     strings.Replace(quick, "priority 255", "priority ${_ENV PRIORITY}", 1),
	"noenv":   strings.Replace(quick, "priority 255", "priority ${_ENV NOWHERE}", 1),
	"mail":    "global_defs {\nnotification_email {\na@example.org\n}\nnotification_email_from\n}\n" + quick,
	"script":  "vrrp_script s {\nscript \"/bin/true\"\n}\n" + quick,
}

// separated runs a command with its standard output and its standard error
// in files of their own.
const separated = `cd ` + lab.Dir + `; "$@" > stdout 2> stderr`

// perform runs a command with one program and compares.
func (n *network) perform(p lab.Program, run commandRun) {
	n.t.Helper()
	words := strings.Fields(run.words)
	for i := range words {
		for name := range contractFiles {
			words[i] = strings.ReplaceAll(words[i], "{"+name+"}", lab.Dir+"/"+name+".conf")
		}
	}
	web := n.web[0]
	arguments := append([]string{"-c", separated, "sh", p.Path}, words...)
	status, _, err := web.Run(n.context(time.Second), "/bin/sh", arguments, append(slices.Clone(p.Env), "PRIORITY=77"))
	n.must(err)
	if status != run.status {
		n.t.Errorf("%s %s: status %d, want %d", p.Name, run.words, status, run.status)
	}
	for name, want := range map[string]string{"stdout": run.stdout, "stderr": run.stderr} {
		got, err := web.Read(lab.Dir + "/" + name)
		n.must(err)
		if !strings.Contains(got, want) || want == "" && got != "" {
			n.t.Errorf("%s %s: %s is %q, want %q", p.Name, run.words, name, got, want)
		}
	}
}

// daemonLife is a daemon in the foreground.
type daemonLife struct {
	words  string
	config string // "" is quick
	env    []string
	there  []string // files while it runs
	absent []string // files that never are
	says   []string // what its lines have
	newer  bool     // 2.2.7 has it not
}

// live runs a daemon until everything is there, and ends it.
func (n *network) live(p lab.Program, life daemonLife) {
	n.t.Helper()
	web := n.web[0]
	config := life.config
	if config == "" {
		config = quick
	}
	path, err := web.Write("keepalived.conf", config, 0o644)
	n.must(err)
	arguments := append([]string{"-n", "-l", "-f", path}, strings.Fields(life.words)...)
	process, err := web.Start(p.Path, arguments, slices.Concat(p.Env, life.env))
	n.must(err)
	daemon := &lab.Daemon{Process: process, Program: p, Config: path}
	n.daemons = append(n.daemons, daemon)
	for _, file := range life.there {
		n.must(lab.Until(n.context(2*time.Second), file, func() error {
			_, err := os.Stat(web.Path(file))
			return err
		}))
	}
	for _, line := range life.says {
		_, err := daemon.WaitLine(n.context(2*time.Second), 0, line)
		n.must(err)
	}
	for _, file := range life.absent {
		if _, err := os.Stat(web.Path(file)); !os.IsNotExist(err) {
			n.t.Errorf("%s %s: %s is there: %v", p.Name, life.words, file, err)
		}
	}
	if p.Name == peer.Name {
		// Debian's child loses a TERM that comes before it has begun. Where no instance or no child is, nothing will be said.
		ctx, cancel := context.WithTimeout(n.t.Context(), 2*time.Second)
		_, _ = daemon.WaitLine(ctx, 0, "Entering ")
		cancel()
	}
	n.stop(daemon)
	n.nothingLeft(web)
	for _, file := range life.there {
		if _, err := os.Stat(web.Path(file)); !os.IsNotExist(err) {
			n.t.Errorf("%s %s: %s is left: %v", p.Name, life.words, file, err)
		}
	}
}

// show performs every run and every life of the rows, with both programs
// where the older one has it.
func show(t *testing.T, rows map[string]contractRow) {
	for key, row := range rows {
		if len(row.runs)+len(row.lives) == 0 {
			continue
		}
		t.Run(strings.ReplaceAll(key, "/", " "), func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			for name, content := range contractFiles {
				_, err := n.web[0].Write(name+".conf", content, 0o644)
				n.must(err)
			}
			for _, p := range []lab.Program{ours, peer} {
				older := p.Name == "debian"
				for _, run := range row.runs {
					if !older || !run.newer {
						n.perform(p, run)
					}
				}
				for _, life := range row.lives {
					if !older || !life.newer {
						n.live(p, life)
					}
				}
			}
		})
	}
}

// TestCommandLineContract has something to show for every row of the command
// line's contract.
func TestCommandLineContract(t *testing.T) {
	t.Parallel()
	complete(t, rowsOf(t, "cli.tsv", 3), commandLineRows)
	show(t, commandLineRows)
}

// checked are runs of -t with an option in several forms.
func checked(newer bool, forms ...string) (runs []commandRun) {
	for _, form := range forms {
		runs = append(runs, commandRun{words: form + " -t -f {good}", newer: newer})
	}
	return runs
}

// complained are runs with a status and words on standard error.
func complained(status int, stderr string, forms ...string) (runs []commandRun) {
	for _, form := range forms {
		runs = append(runs, commandRun{words: form, status: status, stderr: stderr})
	}
	return runs
}

// printed are runs of --signum.
func printed(number int, names ...string) (runs []commandRun) {
	for _, name := range names {
		runs = append(runs, commandRun{words: name, stdout: fmt.Sprintf("%d\n", number)})
	}
	return runs
}
