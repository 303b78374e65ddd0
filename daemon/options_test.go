package daemon

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// cliRows are the rows of the command line's contract that belong to a section.
func cliRows(t *testing.T, section string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../testdata/cli.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if fields[0] == section {
			rows = append(rows, fields)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("no rows of %s", section)
	}
	return rows
}

// refusedOptions are read and then refused, as upstream does without the feature.
var refusedOptions = []string{"--log-file", "--flush-log-file"}

// Every option of the contract is accepted in each of its forms, and none besides.
func TestOptionsOfTheContract(t *testing.T) {
	known := map[string]bool{}
	for _, row := range cliRows(t, "option") {
		short, long, argument := row[1], row[2], row[3]
		if long == "" || strings.HasPrefix(long, "(") {
			continue
		}
		known[strings.TrimPrefix(long, "--")] = true
		for _, form := range forms(short, long, argument) {
			_, err := ParseOptions(form)
			if refused := slices.Contains(refusedOptions, long); (err != nil) != refused {
				t.Errorf("%q: %v", form, err)
			}
		}
		if argument != "" && !strings.HasPrefix(argument, "[") {
			if _, err := ParseOptions([]string{long}); err == nil || err.Error() != "Missing parameter for option "+long {
				t.Errorf("%s without its argument: %v", long, err)
			}
		}
	}
	optionSet(&Options{}).VisitAll(func(f *pflag.Flag) {
		if !known[f.Name] && !slices.Contains(ownOptions, f.Name) {
			t.Errorf("--%s is no option of the contract", f.Name)
		}
	})
}

// forms are the ways in which an option can be written.
func forms(short, long, argument string) [][]string {
	const value = "1"
	var out [][]string
	switch {
	case argument == "":
		out = append(out, []string{long})
	case strings.HasPrefix(argument, "["):
		out = append(out, []string{long}, []string{long + "=" + value})
	default:
		out = append(out, []string{long, value}, []string{long + "=" + value})
	}
	if short == "" {
		return out
	}
	switch {
	case argument == "":
		return append(out, []string{short})
	case strings.HasPrefix(argument, "["):
		return append(out, []string{short}, []string{short + "/tmp/file"})
	}
	return append(out, []string{short, value}, []string{short + value})
}

func TestParseOptions(t *testing.T) {
	rows := []struct {
		line string
		ok   func(Options) bool
	}{
		{"", func(o Options) bool {
			return o.ConfigFile == defaultConfig && o.PIDFile == "/run/keepalived.pid" && o.VRRPPIDFile == "/run/vrrp.pid" && !o.Foreground
		}},
		{"-nld", func(o Options) bool { return o.Foreground && o.Console && o.Dump }},
		{"-DD", func(o Options) bool { return o.Detail == 2 }},
		{"-D -D", func(o Options) bool { return o.Detail == 2 }},
		{"-nfFILE", func(o Options) bool { return o.Foreground && o.ConfigFile == "FILE" }},
		{"-f FILE -n", func(o Options) bool { return o.Foreground && o.ConfigFile == "FILE" }},
		{"-f=FILE", func(o Options) bool { return o.ConfigFile == "=FILE" }}, // getopt knows no = after a letter
		{"-t=FILE", func(o Options) bool { return o.TestLog == "=FILE" }},
		{"-f -tX", func(o Options) bool { return o.ConfigFile == "-tX" && !o.TestConfig }},
		{"--use-file -tX", func(o Options) bool { return o.ConfigFile == "-tX" && !o.TestConfig }},
		{"-v -Z", func(o Options) bool { return o.Version }},
		{"-nh --nonsense", func(o Options) bool { return o.Help }},
		{"--use-file=FILE", func(o Options) bool { return o.ConfigFile == "FILE" }},
		{"--use FILE", func(o Options) bool { return o.ConfigFile == "FILE" }},
		{"--dont-f", func(o Options) bool { return o.Foreground }},
		{"--vrrp", func(o Options) bool { return o.VRRPOnly }},
		{"--vrrp_p=x", func(o Options) bool { return o.VRRPPIDFile == "x" }},
		{"-t", func(o Options) bool { return o.TestConfig && o.TestLog == "" }},
		{"-t/tmp/log -f x", func(o Options) bool { return o.TestConfig && o.TestLog == "/tmp/log" && o.ConfigFile == "x" }},
		{"-nt/tmp/fn", func(o Options) bool { return o.TestLog == "/tmp/fn" && o.Foreground }},
		{"-fx-t", func(o Options) bool { return !o.TestConfig && o.ConfigFile == "x-t" }},
		{"--config-test=/tmp/log", func(o Options) bool { return o.TestConfig && o.TestLog == "/tmp/log" }},
		{"-t word", func(o Options) bool {
			return o.TestConfig && o.TestLog == "" && slices.Equal(o.extra, []string{"word"})
		}},
		{"word -n", func(o Options) bool { return o.Foreground && slices.Equal(o.extra, []string{"word"}) }},
		{"-n -- -l", func(o Options) bool { return o.Foreground && !o.Console && slices.Equal(o.extra, []string{"-l"}) }},
		{"-u 022", func(o Options) bool { return o.mask() == 0o22 }},
		{"-u 0x1f", func(o Options) bool { return o.mask() == 0x1f }},
		{"-u 01000", func(o Options) bool { return o.mask() == 0o177 && len(o.complaints()) == 1 }},
		{"-S foo", func(o Options) bool { return len(o.complaints()) == 1 }},
		{"-S 3 -u 0", func(o Options) bool { return len(o.complaints()) == 0 }},
		{"--reload -n -l -p x.pid", func(o Options) bool { return o.Reload && o.PIDFile == "x.pid" }},
		{"--rel", func(o Options) bool { return o.ReleaseVIPs && !o.Reload }},
		{"--re", func(o Options) bool { return o.ReleaseVIPs && !o.Reload }},
		{"--r", func(o Options) bool { return o.ReleaseVIPs && !o.Reload }},
		{"-x", func(o Options) bool { return slices.Equal(o.withoutEffect, []string{"snmp"}) }},
		{"-nlD", func(o Options) bool { return len(o.withoutEffect) == 0 }},
	}
	for _, row := range rows {
		if o, err := ParseOptions(strings.Fields(row.line)); err != nil || !row.ok(o) {
			t.Errorf("%q: %+v, %v", row.line, o, err)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	rows := []struct{ line, want string }{
		{"-Z", "Unknown option -Z"},
		{"--nonsense", "Unknown option --nonsense"},
		{"--nonsense=1", "Unknown option --nonsense=1"},
		{"--vrrp=1", "Unknown option --vrrp=1"},
		{"-Z -v", "Unknown option -Z"},
		{"--nonsense -v", "Unknown option --nonsense"},
		{"--nonsense -f", "Unknown option --nonsense"},
		{"-f x -Z", "Unknown option -Z"},
		{"--dont", "Unknown option --dont"}, // several begin so
		{"--vrr", "Unknown option --vrr"},
		{"--relo", "Unknown option --relo"}, // ours is not cut short
		{"--reload=1", "Unknown option --reload=1"},
		{"-f", "Missing parameter for option -f"},
		{"-nf", "Missing parameter for option -f"},
		{"--pid", "Missing parameter for option --pid"},
		{"--signum=", "Missing parameter for option --signum"},
		{"-n --pi=", "Missing parameter for option --pid"},
	}
	for _, row := range rows {
		if _, err := ParseOptions(strings.Fields(row.line)); err == nil || err.Error() != row.want {
			t.Errorf("%q: %v, want %s", row.line, err, row.want)
		}
	}
}

func TestFacilities(t *testing.T) {
	rows := []struct {
		name string
		code int
		ok   bool
	}{
		{"", 3, true}, {"daemon", 3, true}, {"user", 1, true}, {"0", 16, true}, {"7", 23, true}, {"local5", 21, true},
		{"8", 3, false}, {"local8", 3, false}, {"+3", 3, false}, {"mail", 3, false}, {"local", 3, false}, {"11", 3, false},
	}
	for _, row := range rows {
		if code, ok := facilityCode(row.name); code != row.code || ok != row.ok {
			t.Errorf("%q: %d %v, want %d %v", row.name, code, ok, row.code, row.ok)
		}
	}
}

// What -h prints is read by people and by the completion of shells.
func TestUsage(t *testing.T) {
	var out strings.Builder
	usage(&out)
	for _, want := range []string{"  -t, --config-test[=LOG_FILE]  ", "  -f, --use-file FILE  ", "      --reload  ", "  -n, --dont-fork  ", "(default /run/vrrp.pid)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x00`") {
		t.Errorf("it has marks that are not for people: %q", out.String())
	}
}
