package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for something that should happen at once.
const patience = 30 * time.Second

// shell is a command that runs a line of shell; arguments are $1, $2...
func shell(line string, arguments ...string) Command {
	return Command{Argv: append([]string{"/bin/sh", "-c", line, "sh"}, arguments...), Label: "test"}
}

// run starts a command and waits for its end.
func run(t *testing.T, r *Runner, c Command, timeout time.Duration) Result {
	t.Helper()
	results := make(chan Result, 1)
	r.Run(c, timeout, func(got Result) { results <- got })
	return await(t, results)
}

func await(t *testing.T, results <-chan Result) Result {
	t.Helper()
	select {
	case got := <-results:
		return got
	case <-time.After(patience):
		t.Fatal("the script did not end")
		return Result{}
	}
}

func TestResults(t *testing.T) {
	r := NewRunner()
	defer r.Stop(t.Context())
	rows := []struct {
		name    string
		command Command
		code    int
		signal  int
		failed  bool
		started bool
	}{
		{"success", shell("exit 0"), 0, 0, false, true},
		{"status", shell("exit 7"), 7, 0, true, true},
		{"signal", shell("kill -9 $$"), -1, 9, true, true},
		{"looked up in PATH", Command{Argv: []string{"true"}}, 0, 0, false, true},
		{"missing", Command{Argv: []string{"/nonexistent/script"}}, -1, 0, true, false},
		{"a folder", Command{Argv: []string{"/"}}, -1, 0, true, false},
		{"empty", Command{}, -1, 0, true, false},
	}
	failures := uint64(0)
	for _, row := range rows {
		got := run(t, r, row.command, 0)
		if got.ExitCode != row.code || got.Signal != row.signal || got.Failed() != row.failed || (got.Err == nil) != row.started {
			t.Errorf("%s: %+v", row.name, got)
		}
		if row.failed {
			failures++
		}
	}
	if r.Failures() != failures {
		t.Errorf("%d failures were counted, want %d", r.Failures(), failures)
	}
}

// The number of a process grows with its start, so the order of the numbers is the order of the starts. Where there are no
// greater numbers they begin anew.
func TestOrderOfStarts(t *testing.T) {
	r := NewRunner()
	text, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		t.Fatal(err)
	}
	greatest, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const n = 20
	results := make(chan Result, n)
	for i := range n {
		r.Run(shell(`echo $$ >"$1"`, filepath.Join(dir, strconv.Itoa(i))), 0, func(got Result) { results <- got })
	}
	for range n {
		await(t, results)
	}
	last := 0
	for i := range n {
		text, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if pid < last && last-pid < greatest/2 {
			t.Errorf("script %d is process %d, the one before it was %d", i, pid, last)
		}
		last = pid
	}
}

// A slow script does not delay the one that follows.
func TestNoWaiting(t *testing.T) {
	r := NewRunner()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	slow := make(chan Result, 1)
	r.Run(shell(`read line <"$1"`, fifo), patience, func(got Result) { slow <- got })
	if got := run(t, r, shell(`echo go >"$1"`, fifo), patience); got.Failed() {
		t.Errorf("the second script: %+v", got)
	}
	if got := await(t, slow); got.Failed() {
		t.Errorf("the first script: %+v", got)
	}
}

// Everything that a script inherits is clean, whatever thread asked for it.
func TestInheritance(t *testing.T) {
	// A daemon handles these. Whoever runs the tests with nohup or in the background has them ignored.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT)
	t.Cleanup(func() { signal.Stop(handled) })
	var blocked unix.Sigset_t
	blocked.Val[0] = 1<<(unix.SIGTERM-1) | 1<<(unix.SIGHUP-1)
	var old unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, &old); err != nil {
		t.Fatal(err)
	}
	r := NewRunner()
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_TEST", "kept")
	rows := []struct{ name, line string }{
		{"no signal is blocked", `grep -q '^SigBlk:.0000000000000000$' /proc/self/status`},
		// Signals 32 and 33 belong to the C library; make leaves them ignored in what it runs.
		{"no signal is ignored", `grep -q '^SigIgn:.0000000[01][08]0000000$' /proc/self/status`},
		{"a process group of its own", `read pid comm state parent group rest </proc/$$/stat; test $group = $$`},
		{"the environment", `test "$NOTIFY_TEST" = kept`},
	}
	for _, row := range rows {
		if got := run(t, r, shell(row.line), patience); got.Failed() {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

func TestCredentials(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("root is needed to become somebody else")
	}
	r := NewRunner()
	rows := []struct {
		groups []uint32
		want   string
	}{
		{nil, "65534:65533:65533"},
		{[]uint32{7, 8}, "65534:65533:65533 7 8"},
	}
	for _, row := range rows {
		c := shell(`test "$(id -u):$(id -g):$(id -G)" = "$1"`, row.want)
		c.UID, c.GID, c.Groups = 65534, 65533, row.groups
		if got := run(t, r, c, patience); got.Failed() {
			t.Errorf("groups %v: %+v", row.groups, got)
		}
	}
}

func TestTimeout(t *testing.T) {
	rows := []struct {
		name, line string // the line says on descriptor 9 when all is as the name has it
		signal     int
	}{
		{"ends on SIGTERM", `echo >&9; sleep 60`, 15},
		{"ignores SIGTERM", `trap "" TERM; echo >&9; while :; do sleep 60; done`, 9},
		{"its offspring ignores SIGTERM", `(trap "" TERM; echo >&9; exec sleep 60) & trap - TERM; sleep 60`, 15},
		{"has ended before its offspring", `(trap "" TERM; echo >&9; sleep 60) & wait`, 15},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := NewRunner()
			r.killDelay = 3 * time.Second // a busy machine takes its time to end what was asked to
			for timeout := 200 * time.Millisecond; ; timeout *= 4 {
				got, ready := timeOut(t, r, row.line, timeout)
				if !ready && timeout < patience/2 {
					continue // the machine is so busy that the time was over too early
				}
				if !ready || !got.TimedOut || got.Signal != row.signal {
					t.Errorf("%+v, ready %v", got, ready)
				}
				return
			}
		})
	}
}

// timeOut runs a line of shell until its time is over, and waits for the end of all that it has started. ready tells
// whether it had come to say that it is.
func timeOut(t *testing.T, r *Runner, line string, timeout time.Duration) (got Result, ready bool) {
	t.Helper()
	// Every process of the group holds the pipe open, so its end is the end of all of them.
	path := filepath.Join(t.TempDir(), "alive")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	fifo, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // which waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fifo.Close() }()
	got = run(t, r, shell(`exec 9>"$1"; `+line, path), timeout)
	if err := fifo.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(fifo)
	if err != nil {
		t.Errorf("a process of the group lives: %v", err)
	}
	return got, len(said) > 0
}

func TestStop(t *testing.T) {
	rows := []struct {
		name     string
		await    bool
		line     string
		patience time.Duration
		ended    bool
	}{
		{"waits for a stop script", true, "sleep 0.2", patience, true},
		{"does not wait for others", false, "exec sleep 1000", patience, false},
		{"waits no longer than it may", true, "exec sleep 1000", 50 * time.Millisecond, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := NewRunner()
			ended, file := make(chan Result, 1), filepath.Join(t.TempDir(), "pid")
			c := shell(`echo $$ >"$1"; `+row.line, file)
			c.Await = row.await
			r.Run(c, 0, func(got Result) { ended <- got })
			ctx, cancel := context.WithTimeout(t.Context(), row.patience)
			defer cancel()
			begin := time.Now()
			r.Stop(ctx)
			if took := time.Since(begin); took > patience {
				t.Errorf("stopping took %v", took)
			}
			if (len(ended) == 1) != row.ended {
				t.Errorf("the script has ended: %v, want %v", len(ended) == 1, row.ended)
			}
			late := run(t, r, shell("exit 0"), 0)
			if !errors.Is(late.Err, ErrStopped) {
				t.Errorf("a start after the stop gives %v", late.Err)
			}
			r.Stop(ctx) // a second stop returns too
			if pid := started(t, file)[0]; !row.ended {
				_ = unix.Kill(pid, unix.SIGKILL)
				await(t, ended)
			}
		})
	}
}

func TestQueueIsBounded(t *testing.T) {
	r := &Runner{queue: make(chan request, 2)} // nobody takes from it
	for range 2 {
		r.Run(shell("exit 0"), 0, nil)
	}
	got := run(t, r, shell("exit 0"), 0)
	if !errors.Is(got.Err, ErrBusy) {
		t.Errorf("error %v, want ErrBusy", got.Err)
	}
}

func ExampleHazard() {
	fmt.Println(&UnsafeError{Part: "/opt/check", Hazard: WritableByAll})
	// Output: unsafe to run as root: /opt/check can be written by everybody
}

// TestRunnerThread starts many runners from the first thread and others: none forks from the first one, which stands
// for the process.
func TestRunnerThread(t *testing.T) {
	for range 200 {
		r := NewRunner()
		if r.Thread() == os.Getpid() || r.Thread() == 0 {
			t.Errorf("scripts are forked from thread %d of process %d", r.Thread(), os.Getpid())
		}
		r.Stop(t.Context())
	}
}
