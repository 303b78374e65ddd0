package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// clientsFile says what other programs rely on: duty, who relies on it, tests.
const clientsFile = "testdata/clients.tsv"

// TestClientsAreCovered has a test for every duty.
func TestClientsAreCovered(t *testing.T) {
	names := testNames(t)
	rows := tsv(t, clientsFile)
	for _, row := range rows {
		if len(row) != 3 || row[1] == "" {
			t.Errorf("%q is not three columns", row)
			continue
		}
		covered(t, names, row[0], row[2])
	}
	if len(rows) < 20 {
		t.Errorf("only %d duties", len(rows))
	}
}

// TestClients starts the daemon in the way of several programs and looks at it through their eyes.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			path, err := web.Write("keepalived.conf", quick, 0o644)
			n.must(err)
			n.supervised(p, []string{"-nld", "-p", "/run/keepalived.pid", "-f", path})
			n.supervised(p, []string{"-f", path, "--dont-fork", "--vrrp", "--log-detail", "--log-console"})
			n.supervised(p, []string{"--log-console", "--log-detail", "--dont-fork", "--config-id=pod-1", "--use-file=" + path, "--pid=/run/keepalived.pid"})
			n.router(p)
		})
	}
}

// supervised starts the daemon in the foreground, finds it as scripts do, and stops all of its processes at once.
func (n *network) supervised(p lab.Program, arguments []string) {
	n.t.Helper()
	web := n.web[0]
	daemon, err := web.Start(p.Path, arguments, p.Env)
	n.must(err)
	n.holds(web, 10*time.Second)
	n.must(lab.Until(n.context(10*time.Second), "both pid files", func() error {
		for _, file := range pidFiles {
			content, err := web.Read(file)
			if err != nil {
				return err
			}
			if _, err := strconv.Atoi(strings.TrimSuffix(content, "\n")); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		return nil
	}))
	n.oldest(daemon.Pid())
	line, err := daemon.WaitLine(n.context(10*time.Second), 0, "Entering MASTER STATE")
	n.must(err)
	if !regexp.MustCompile(`^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: \(VI_1\) `).MatchString(line.Text) {
		n.t.Errorf("%s %v: %q does not begin with a time", p.Name, arguments, line.Text)
	}
	_, brief, err := web.Run(n.context(10*time.Second), "/bin/sh", []string{"-c", "ip -brief addr show eth0"}, nil)
	n.must(err)
	if !strings.Contains(brief+" ", " "+vip.String()+"/32 ") {
		n.t.Errorf("%s: ip -brief addr shows %q", p.Name, brief)
	}
	// pidof keepalived and TERM reaches every process at once.
	tree, err := web.Tree(daemon.Pid())
	n.must(err)
	for _, e := range tree {
		n.must(unix.Kill(e.Pid, unix.SIGTERM))
	}
	status, _, err := daemon.Wait(n.context(10 * time.Second))
	if err != nil || status != 0 {
		n.t.Errorf("%s %v: status %d, %v:\n%s", p.Name, arguments, status, err, daemon.Output())
	}
	n.nothingLeft(web)
}

// oldest checks that the process that takes the signals is the one that pgrep -o keepalived and the first row of ps
// name, and what every process is called.
func (n *network) oldest(parent int) {
	n.t.Helper()
	table, err := n.web[0].Processes()
	n.must(err)
	first, began := 0, int64(0)
	for _, e := range table {
		arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", e.Pid))
		n.must(err)
		argv0, _, _ := strings.Cut(string(arguments), "\x00")
		if e.Name != "keepalived" || filepath.Base(argv0) != "keepalived" {
			n.t.Errorf("process %d has the name %q and argv[0] %q", e.Pid, e.Name, argv0)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.Pid))
		n.must(err)
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		start, err := strconv.ParseInt(fields[19], 10, 64)
		n.must(err)
		if first == 0 || start < began || start == began && e.Pid < first {
			first, began = e.Pid, start
		}
	}
	if first != parent {
		n.t.Errorf("the oldest process is %d, want %d", first, parent)
	}
	lowest := slices.MinFunc(table, func(a, b lab.Entry) int { return a.Inside - b.Inside })
	if lowest.Pid != parent {
		n.t.Errorf("the first row of ps is %d, want %d", lowest.Pid, parent)
	}
}

// router starts the daemon as agents do that have one for each of their routers: with files in a folder that has the
// router's name, in the background. Both processes are found by this name, and the files go when the daemon does.
func (n *network) router(p lab.Program) {
	n.t.Helper()
	web := n.web[0]
	const name = "6a0f4b5e-router"
	path, err := web.Write(name+".conf", quick, 0o644)
	n.must(err)
	files := []string{lab.Dir + "/" + name + ".pid.keepalived", lab.Dir + "/" + name + ".pid.keepalived-vrrp"}
	launcher, err := web.Start(p.Path, []string{"-P", "-f", path, "-p", files[0], "-r", files[1], "-D"}, p.Env)
	n.must(err)
	status, _, err := launcher.Wait(n.context(10 * time.Second))
	if err != nil || status != 0 {
		n.t.Fatalf("%s: status %d, %v:\n%s", p.Name, status, err, launcher.Output())
	}
	n.holds(web, 10*time.Second)
	for _, file := range files {
		pid := n.processOf(web, file)
		arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		n.must(err)
		if !strings.Contains(string(arguments), name) {
			n.t.Errorf("%s: %s names a process with the arguments %q", p.Name, file, arguments)
		}
		info, err := os.Stat(web.Path(file))
		n.must(err)
		if info.Mode().Perm() != 0o644 {
			n.t.Errorf("%s: %s has mode %v", p.Name, file, info.Mode())
		}
	}
	parent := n.processOf(web, files[0])
	n.must(unix.Kill(parent, 36)) // by its number, as exporters send it
	mark := n.Frames.Len()
	n.advert(mark, web, 10*time.Second, "an advert", lives)
	n.must(unix.Kill(parent, unix.SIGTERM))
	n.nothingLeft(web)
	for _, file := range files {
		if content, err := web.Read(file); err != nil || content != "" {
			n.t.Errorf("%s: %s is left with %q, %v", p.Name, file, content, err)
		}
	}
}

// TestVersionLine has what programs read of -v: the first line of standard error.
func TestVersionLine(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	for _, p := range []lab.Program{ours, peer} {
		for _, got := range n.outcomes(lab.Program{Name: p.Name, Path: p.Path, Env: p.Env}, []string{"-v", "--version"}) {
			line, _, _ := strings.Cut(got.stderr, "\n")
			words := strings.Fields(line)
			if !regexp.MustCompile(`^Keepalived v\d+\.\d+\.\d+ .+`).MatchString(line) || len(words) < 2 || words[1][0] != 'v' || got.stdout != "" || got.status != "0" {
				t.Errorf("%s: %+v", p.Name, got)
			}
		}
	}
}
