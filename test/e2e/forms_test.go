package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// contractFile is the contract of the command line: section, short, long, argument, effect, default and notes.
const contractFile = "testdata/cli.tsv"

// tsv reads a table and leaves lines out that begin with #.
func tsv(t *testing.T, path string) [][]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows
}

// outcome is what a command line does.
type outcome struct{ status, stdout, stderr string }

// outcomes runs many command lines, one after the other, and keeps the two outputs apart.
func (n *network) outcomes(p lab.Program, lines []string) []outcome {
	n.t.Helper()
	var script strings.Builder
	folder := lab.Dir + "/" + p.Name
	fmt.Fprintf(&script, "mkdir %s && cd %s || exit 9\n", folder, folder)
	for i, line := range lines {
		fmt.Fprintf(&script, "%s %s >%d.stdout 2>%d.stderr </dev/null; echo $? >%d.status\n", p.Path, line, i, i, i)
	}
	path, err := n.web[0].Write(p.Name+".sh", script.String(), 0o755)
	n.must(err)
	status, said, err := n.web[0].Run(n.context(time.Minute), "/bin/sh", []string{path}, p.Env)
	n.must(err)
	if status != 0 || said != "" {
		n.t.Fatalf("status %d: %s", status, said)
	}
	read := func(i int, name string) string {
		content, err := n.web[0].Read(fmt.Sprintf("%s/%d.%s", folder, i, name))
		n.must(err)
		return strings.TrimSpace(content)
	}
	var out []outcome
	for i := range lines {
		out = append(out, outcome{read(i, "status"), read(i, "stdout"), read(i, "stderr")})
	}
	return out
}

// ask ends every command line of the test of forms: what stands before it was accepted when the number appears.
const ask = " --signum=STOP"

// optionForms writes an option in every way that getopt_long knows.
func optionForms(short, long, argument string) []string {
	cut := long[:len(long)-1] // as short as it can be only where the option is not the beginning of another one
	optional := strings.HasPrefix(argument, "[")
	const value = "1"
	forms := []string{long + "=" + value, cut + "=" + value, long + "x"}
	switch {
	case argument == "" || optional:
		forms = append(forms, long, cut)
	default:
		forms = append(forms, long+" "+value, cut+" "+value)
	}
	if short == "" {
		return forms
	}
	switch {
	case argument == "":
		return append(forms, short, "-n"+short[1:], short+"n", short+short[1:])
	case optional:
		return append(forms, short, short+value, "-n"+short[1:], "-n"+short[1:]+value)
	}
	return append(forms, short+" "+value, short+value, "-n"+short[1:]+" "+value, "-n"+short[1:]+value)
}

// notInPeer are options of builds that Debian does not have, or of a later version.
var notInPeer = []string{"--no-mem-check", "--mem-check-log", "--openssl-mem-check", "--perf", "--debug", "--ignore-sigint", "--flush-log-file"}

// TestOptionForms writes every option in all its forms, before a question: answer and complaint are those of Debian's.
func TestOptionForms(t *testing.T) {
	t.Parallel()
	var lines []string
	alone := map[string]bool{}
	for _, row := range tsv(t, filepath.Join(sourceRoot, contractFile)) {
		short, long := row[1], row[2]
		if row[0] != "option" || !strings.HasPrefix(long, "--") || slices.Contains([]string{"--signum", "--help", "--version", "--genhash"}, long) {
			continue
		}
		for _, form := range optionForms(short, long, row[3]) {
			alone[form+ask] = slices.Contains(notInPeer, long)
			lines = append(lines, form+ask)
		}
		if row[3] != "" && !strings.HasPrefix(row[3], "[") {
			lines = append(lines, long, long+"=", "-n "+long)
			if short != "" {
				lines = append(lines, short, "-n"+short[1:])
			}
		}
	}
	lines = append(lines, "-Z"+ask, "--nonsense"+ask, "-nZ"+ask, "--"+ask, "words"+ask, "--signum", "--signum STOP", "--sign=DATA", "--signum=stop")
	lines = slices.DeleteFunc(lines, func(s string) bool {
		// An empty name or nothing at all would start a daemon.
		return strings.HasSuffix(s, "=") || s == "--"+ask
	})
	n := newNetwork(t, dialects[1])
	got, want := n.outcomes(ours, lines), n.outcomes(peer, lines)
	for i, line := range lines {
		g, w := got[i], want[i]
		switch {
		case alone[line]:
			if g.status == "0" && g.stdout != "15" || g.status != "0" && (g.status != "1" || g.stdout != "" || g.stderr == "") {
				t.Errorf("%s: %+v", line, g)
			}
		case strings.HasPrefix(g.stderr, "Missing parameter for option --"):
			// Debian's reads the name from memory that is not its own: it may say anything, or crash.
			if g.status != "1" || g.stdout != "" || w.status == "0" {
				t.Errorf("%s: %+v, %s has %+v", line, g, peer.Name, w)
			}
		case g.stderr != w.stderr:
			t.Errorf("%s: %+v, %s has %+v", line, g, peer.Name, w)
		case g.stderr != "" && strings.HasSuffix(line, ask):
			// Debian's goes on to the question after a mistake, ours does not.
			if g.status != "1" || g.stdout != "" {
				t.Errorf("%s: %+v, want 1 and no answer", line, g)
			}
		case g.status != w.status || g.stdout != w.stdout:
			t.Errorf("%s: %+v, %s has %+v", line, g, peer.Name, w)
		}
	}
	t.Logf("%d command lines", len(lines))
}

// TestWhereTextGoes has the commands that end by themselves: what goes to standard output and what to standard error,
// as Debian's has it.
func TestWhereTextGoes(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	write := func(name, text string) string {
		path, err := n.web[0].Write(name, text, 0o644)
		n.must(err)
		return path
	}
	good, bad := write("good.conf", quick), write("bad.conf", strings.Replace(quick, "priority", "prioritee", 1))
	missing := write("include.conf", "include "+lab.Dir+"/none.conf\n"+quick)
	short := write("short.conf", "vrrp_instance A {\ninterface\n}\n")
	rows := []struct{ line, status, stdout, stderr string }{ // stderr: a part, "-" for nothing at all
		{"-v", "0", "", "Keepalived v"},
		{"--version", "0", "", "Keepalived v"},
		{"-h", "0", "", "--use-file"},
		{"--help", "0", "", "--use-file"},
		{"-Z", "1", "", "Unknown option -Z"},
		{"--nonsense", "1", "", "Unknown option --nonsense"},
		{"-f", "1", "", "Missing parameter for option -f"},
		{"--signum=RELOAD", "0", "1", "-"},
		{"--signum=DATA", "0", "10", "-"},
		{"--signum=STATS", "0", "12", "-"},
		{"--signum=STATS_CLEAR", "0", "63", "-"},
		{"--signum=JSON", "0", "36", "-"},
		{"--signum=NONE", "1", "", "Unknown sigfunc NONE"},
		{"-g", "1", "", "requires configure option"},
		{"-t -f " + good, "0", "", "-"},
		{"-l -t -f " + good, "0", "", ""},
		{"--config-test -f " + good, "0", "", "-"},
		{"-t -f " + bad, "5", "", "prioritee"},
		{"-t -f " + short, "2", "", "interface"},
		{"-tlog1 -f " + bad, "5", "", "-"},
		{"--config-test=log2 -f " + bad, "5", "", "-"},
		{"-t -e -f " + missing, "6", "", "none.conf"},
		{"-t -f " + good + " word other", "0", "Unexpected argument(s): word other", "-"},
		{"-t -S foo -f " + good, "5", "", "Invalid log facility"},
		{"-t -u 01000 -f " + good, "0", "", "Invalid --umask option 01000"},
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, r.line)
	}
	for _, p := range []lab.Program{ours, peer} {
		for i, got := range n.outcomes(p, lines) {
			want := rows[i]
			if want.status != got.status || want.stdout != got.stdout || want.stderr == "-" && got.stderr != "" || !strings.Contains(got.stderr, strings.TrimPrefix(want.stderr, "-")) {
				t.Errorf("%s %s: %+v, want %+v", p.Name, want.line, got, want)
			}
		}
		for _, log := range []string{"log1", "log2"} {
			text, err := n.web[0].Read(lab.Dir + "/" + p.Name + "/" + log)
			if err != nil || !strings.Contains(text, "prioritee") {
				t.Errorf("%s: %s has %q, %v", p.Name, log, text, err)
			}
		}
	}
}

// TestPipeline has what only our program has: documents on standard output, with the exit status of the text.
func TestPipeline(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	good, err := n.web[0].Write("good.conf", quick, 0o644)
	n.must(err)
	bad, err := n.web[0].Write("bad.conf", strings.Replace(quick, "priority 255", "prioritee 255", 1), 0o644)
	n.must(err)
	rows := []struct{ line, status, stdout, stderr string }{
		{"-t --config-test-format=json -f " + good, "0", `"status": 0`, ""},
		{"-t --config-test-format=json -f " + bad, "5", `did you mean \"priority\"?`, ""},
		{"-t --config-test-format=json word -f " + good, "0", `"diagnostics": []`, "Unexpected argument(s): word"},
		{"-t --config-test-format=text -f " + bad, "5", "", `did you mean "priority"?`},
		{"-t --config-test-format=yaml -f " + bad, "1", "", "Unknown --config-test-format"},
		{"--config-diff=" + good + " -f " + good, "0", "Nothing would change.", ""},
		{"--config-diff=" + bad + " -f " + good, "3", "~ priority: 255 -> 100", "prioritee"},
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, r.line)
	}
	for i, got := range n.outcomes(ours, lines) {
		want := rows[i]
		if want.status != got.status || !strings.Contains(got.stdout, want.stdout) || (want.stdout == "") != (got.stdout == "") ||
			!strings.Contains(got.stderr, want.stderr) || (want.stderr == "") != (got.stderr == "") {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
