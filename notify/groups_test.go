package notify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// started waits until a script has written the numbers of its processes.
func started(t *testing.T, file string) []int {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		content, _ := os.ReadFile(file)
		if text := string(content); strings.HasSuffix(text, "\n") {
			var pids []int
			for _, word := range strings.Fields(text) {
				pid, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
			return pids
		}
		<-time.After(time.Millisecond)
	}
	t.Fatal("the script has written nothing")
	return nil
}

// gone waits until a process does not run any more. Who is first of all processes may be slow to take notice of it.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			return
		}
		if stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat")); err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d runs on", pid)
}

// TestStopKills has scripts that must not outlive the process ignore the request to end, they and what they start.
func TestStopKills(t *testing.T) {
	r := NewRunner()
	until, file, done := make(chan struct{}), filepath.Join(t.TempDir(), "pids"), make(chan Result, 1)
	c := shell(`trap "" TERM; sleep 1000 & echo $$ $! > "$1"; while :; do wait; done`, file)
	c.UID, c.GID = us()
	c.Until = until
	r.Run(c, 0, func(got Result) { done <- got })
	pids := started(t, file)
	close(until)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r.Stop(ctx)
	if got := await(t, done); got.Signal != int(unix.SIGKILL) {
		t.Errorf("it ended by %+v", got)
	}
	for _, pid := range pids {
		gone(t, pid)
	}
}

// TestStopLeavesOthers shows that a script without Until goes on, and that one whose Until is open does not hold Stop up.
// (That one ends with the thread that has started it.)
func TestStopLeavesOthers(t *testing.T) {
	r := NewRunner()
	until, done := make(chan struct{}), make(chan Result, 1)
	for i, open := range []<-chan struct{}{nil, until} {
		file := filepath.Join(t.TempDir(), strconv.Itoa(i))
		c := shell(`echo $$ > "$1"; exec sleep 1000`, file)
		c.UID, c.GID = us()
		c.Until = open
		r.Run(c, 0, func(got Result) {
			if got.Command.Until == nil {
				done <- got
			}
		})
		pid := started(t, file)[0]
		defer func() { _ = unix.Kill(pid, unix.SIGKILL) }()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r.Stop(ctx)
	if ctx.Err() != nil {
		t.Error("Stop has waited for them")
	}
	select {
	case got := <-done:
		t.Errorf("ended: %+v", got)
	default:
	}
}

// TestNotStartedAnyMore does not start what is no longer wanted when its turn comes.
func TestNotStartedAnyMore(t *testing.T) {
	r := NewRunner()
	defer r.Stop(t.Context())
	until := make(chan struct{})
	close(until)
	c := shell("exit 0")
	c.UID, c.GID = us()
	c.Until = until
	if got := run(t, r, c, 0); !errors.Is(got.Err, ErrStopped) {
		t.Errorf("%+v", got)
	}
}
