package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// commandRow is a command and what becomes of it.
type commandRow struct {
	name           string
	command        Command
	code           int
	signal         string
	stdout, stderr string
	want           error
	says           string // part of the error; there is to be none where this and want are empty
	// until is what the command writes when its time is up; a minute is over
	// where it is empty.
	until string
}

func (row commandRow) run(t *testing.T, m *Machine) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stdout, stderr := listener{until: row.until, heard: cancel}, listener{}
	row.command.Stdout, row.command.Stderr = &stdout, &stderr
	r, err := m.Run(ctx, row.command)
	switch {
	case row.want == nil && row.says == "":
		if err != nil || r.Code != row.code || r.Signal != row.signal {
			t.Errorf("status %d %s, %v, want %d %s", r.Code, r.Signal, err, row.code, row.signal)
		}
	case err == nil || row.want != nil && !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says):
		t.Errorf("got %v, want %v and %q", err, row.want, row.says)
	}
	if stdout.String() != row.stdout || stderr.String() != row.stderr {
		t.Errorf("wrote %.200q and %.200q, want %.200q and %.200q", stdout.String(), stderr.String(), row.stdout, row.stderr)
	}
}

// listener collects output until it has heard enough.
type listener struct {
	bytes.Buffer
	until string
	heard func()
}

func (l *listener) Write(p []byte) (int, error) {
	n, err := l.Buffer.Write(p)
	if l.until != "" && strings.Contains(l.String(), l.until) {
		l.heard()
	}
	return n, err
}

func shell(script string, args ...any) Command {
	return Command{Args: []string{"sh", "-c", fmt.Sprintf(script, args...)}}
}

// TestRun shows what commands in a machine are given and give back, one after
// the other in the same machine.
func TestRun(t *testing.T) {
	open, closed := t.TempDir(), t.TempDir()
	m := bootFor(t, Options{Modules: []string{}, Memory: 256 << 20, Writable: []string{open}})
	var long strings.Builder
	for i := range 100_000 {
		fmt.Fprintln(&long, "line", i)
	}
	for _, row := range []commandRow{
		{name: "status", command: shell("exit 3"), code: 3},
		{name: "signal", command: shell("kill -TERM $$"), code: 143, signal: "SIGTERM"},
		{name: "streams", command: shell("echo out; echo err >&2"), stdout: "out\n", stderr: "err\n"},
		{name: "input", command: Command{Args: []string{"md5sum"}, Stdin: strings.NewReader("hello\n")},
			stdout: "b1946ac92492d2347c6235b4d2611184  -\n"},
		{name: "no input", command: Command{Args: []string{"cat"}}},
		{name: "environment and folder", command: Command{Args: []string{"sh", "-c", "echo $COLOUR; pwd"},
			Env: []string{"COLOUR=blue"}, Dir: sourceRoot}, stdout: "blue\n" + sourceRoot + "\n"},
		{name: "much", command: Command{Args: []string{"cat"}, Stdin: strings.NewReader(long.String())}, stdout: long.String()},
		{name: "left running", command: shell("sleep 1000 & echo started"), stdout: "started\n"},
		{name: "and gone", command: shell("cat /proc/[0-9]*/comm | grep -c sleep"), code: 1, stdout: "0\n"},
		{name: "unpacked programs look installed", command: shell("test -x /usr/sbin/keepalived && command -v nginx"),
			stdout: "/usr/sbin/nginx\n"},
		{name: "no ip_vs before it is asked for", command: shell("grep -c ip_vs /proc/modules"), code: 1, stdout: "0\n"},
		{name: "ip_vs", command: shell("modprobe ip_vs && test -e /proc/net/ip_vs")},
		{name: "a change in an open folder", command: shell("echo text > %s/file && cat %[1]s/file", open), stdout: "text\n"},
		{name: "a change elsewhere", command: shell("echo text > %s/file && cat %[1]s/file", closed), stdout: "text\n"},
		{name: "no such program", command: Command{Args: []string{"no-such-program"}}, says: "no-such-program"},
		{name: "no memory", command: Command{Args: []string{"tail", "/dev/zero"}}, want: ErrMemory,
			says: "Out of memory: Killed process"},
		{name: "no end", command: shell("echo started; exec sleep 1000"), until: "started", want: ErrHang, stdout: "started\n"},
		{name: "none of it did harm", command: shell("echo fine"), stdout: "fine\n"},
	} {
		t.Run(row.name, func(t *testing.T) { row.run(t, m) })
	}
	if content, err := os.ReadFile(open + "/file"); string(content) != "text\n" {
		t.Errorf("the open folder has %q, %v", content, err)
	}
	if _, err := os.Stat(closed + "/file"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file came out of the machine: %v", err)
	}
}

// TestEnd shows that a machine that ends or hangs never passes for success,
// and what is said about it.
func TestEnd(t *testing.T) {
	for _, row := range []commandRow{
		{name: "panic", command: shell("echo c > /proc/sysrq-trigger; sleep 1000"), want: ErrPanic, says: "sysrq triggered crash"},
		{name: "turned off", command: shell("echo o > /proc/sysrq-trigger; sleep 1000"), want: ErrEnded},
		{name: "hang", command: shell("trap '' QUIT; echo started; while :; do :; done"), until: "started", want: ErrHang, stdout: "started\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := bootFor(t, Options{Modules: []string{}})
			m.quitTime = time.Second
			row.run(t, m)
			commandRow{command: shell("echo fine"), want: ErrEnded}.run(t, m)
		})
	}
}

// TestBoot shows that a machine that does not come up is not waited for.
func TestBoot(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	_, err := Boot(ctx, Options{Root: sourceRoot, Modules: []string{"no_such_module"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_module") {
		t.Errorf("got %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if _, err := Boot(short, Options{Root: sourceRoot}); !errors.Is(err, ErrHang) {
		t.Errorf("got %v, want %v", err, ErrHang)
	}
}
