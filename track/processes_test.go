package track

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/netif"
)

// TestWatchProcesses starts and ends processes, once with the kernel's reports, where it has them for us, and once
// without.
func TestWatchProcesses(t *testing.T) {
	for name, poll := range map[string]bool{"events": false, "polling": true} {
		t.Run(name, func(t *testing.T) {
			// A program of our own name, that nobody else runs.
			sleep, err := exec.LookPath("sleep")
			if err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(sleep)
			if err != nil {
				t.Fatal(err)
			}
			program := filepath.Join(t.TempDir(), fmt.Sprintf("t%d%c", os.Getpid(), name[0]))
			if err := os.WriteFile(program, content, 0o700); err != nil {
				t.Fatal(err)
			}
			comm := filepath.Base(program)
			start := func(argument string) *exec.Cmd {
				t.Helper()
				c := exec.Command(program, argument)
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Process.Kill() })
				return c
			}
			first := start("1001")
			reports := make(chan ProcessStatus, 100)
			wanted := []Process{
				{Name: "all", Command: comm, Quorum: 2, QuorumMax: 1 << 30},
				{Name: "one", Command: program, Params: []string{"1002"}, FullCommand: true, Match: ExactParams, Quorum: 1, QuorumMax: 1 << 30},
			}
			p, at := WatchProcesses(ProcessOptions{Poll: poll}, wanted, func(s ProcessStatus) { reports <- s })
			defer p.Close()
			// The program of the first one may not yet be executed when Start returns, which then is reported.
			now := map[string]ProcessStatus{at[0].Name: at[0], at[1].Name: at[1]}
			until := func(what string, all, one ProcessStatus) {
				t.Helper()
				all.Name, one.Name = "all", "one"
				deadline := time.After(30 * time.Second)
				for now["all"] != all || now["one"] != one {
					select {
					case s := <-reports:
						now[s.Name] = s
					case <-deadline:
						t.Fatalf("%s: %+v, want %+v and %+v", what, now, all, one)
					}
				}
			}
			until("one process", ProcessStatus{Count: 1}, ProcessStatus{})
			second := start("1002")
			until("two processes", ProcessStatus{Count: 2, Have: true}, ProcessStatus{Count: 1, Have: true})
			end := func(c *exec.Cmd) {
				t.Helper()
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = c.Wait() // it was killed
			}
			end(first)
			until("the first one has ended", ProcessStatus{Count: 1}, ProcessStatus{Count: 1, Have: true})
			end(second)
			until("none", ProcessStatus{}, ProcessStatus{})
		})
	}
}

// TestWatchEndOfEnded watches the end of a process that has ended before. Each watch must tell it, and leave nothing
// behind.
func TestWatchEndOfEnded(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	// Its end is waited for without being taken, so that its number stays its own.
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
	p := &Processes{events: make(chan netif.ProcessEvent, 16), until: make(chan struct{})}
	defer close(p.until)
	deadline := time.After(10 * time.Second)
	const watches = 500
	for range watches {
		p.watchEnd(cmd.Process.Pid)
	}
	for told := range watches {
		select {
		case e := <-p.events:
			if e != (netif.ProcessEvent{Kind: netif.ProcessEnded, Pid: cmd.Process.Pid}) {
				t.Fatalf("%+v", e)
			}
		case <-deadline:
			t.Fatalf("%d of %d ends were told", told, watches)
		}
	}
}

// TestProcessesOfDaemons takes the events of daemons that fork without executing anything, some of them when the first
// process is gone already. A process without an entry
// has gone.
func TestProcessesOfDaemons(t *testing.T) {
	began := func(pid, parent int) netif.ProcessEvent {
		return netif.ProcessEvent{Kind: netif.ProcessChanged, Pid: pid, Parent: parent}
	}
	ended := func(pid int) netif.ProcessEvent { return netif.ProcessEvent{Kind: netif.ProcessEnded, Pid: pid} }
	for name, row := range map[string]struct {
		there  map[int]string // the state and the name by process
		events []netif.ProcessEvent
		want   []int // the processes that are counted
	}{
		"the first process runs":       {map[int]string{2: "S daemon", 3: "S daemon"}, []netif.ProcessEvent{began(2, 1), began(2, 0), began(3, 2)}, []int{2, 3}},
		"it has ended":                 {map[int]string{3: "S daemon"}, []netif.ProcessEvent{began(2, 1), began(2, 0), began(3, 2), ended(2)}, []int{3}},
		"it has ended, not waited for": {map[int]string{2: "Z daemon", 3: "S daemon"}, []netif.ProcessEvent{began(2, 0), began(3, 2), ended(2)}, []int{3}},
		"forked twice":                 {map[int]string{4: "S daemon"}, []netif.ProcessEvent{began(2, 0), began(3, 2), ended(2), began(4, 3), ended(3)}, []int{4}},
		"the child of another":         {map[int]string{2: "S other", 3: "S daemon"}, []netif.ProcessEvent{began(2, 0), began(3, 2)}, nil},
		"the number has another now":   {map[int]string{3: "S daemon"}, []netif.ProcessEvent{began(2, 0), ended(2), began(2, 1), began(3, 2)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			proc := t.TempDir()
			for pid, process := range row.there {
				folder := filepath.Join(proc, fmt.Sprint(pid))
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
				state, name, _ := strings.Cut(process, " ")
				if err := os.WriteFile(filepath.Join(folder, "stat"), fmt.Appendf(nil, "%d (%s) %s 1", pid, name, state), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p := newProcesses(ProcessOptions{Proc: proc}, []Process{{Name: "d", Command: "daemon", Quorum: 1, QuorumMax: 1 << 30}}, nil)
			for _, e := range row.events {
				p.take(e, false)
			}
			if got := slices.Sorted(maps.Keys(p.counted)); !slices.Equal(got, row.want) {
				t.Errorf("%v are counted, want %v", got, row.want)
			}
			p.scan(false)
			for pid := range p.missed {
				if row.there[pid] == "" {
					t.Errorf("%d is remembered although it has gone", pid)
				}
			}
		})
	}
}

// countingCloser is a source of events that counts how often it is closed.
type countingCloser int

func (c *countingCloser) Close() error { *c++; return nil }

// TestProcessesCloseSource closes the source of events before Close returns, also one that was opened meanwhile.
func TestProcessesCloseSource(t *testing.T) {
	for name, order := range map[string][]string{"open": {"keep", "close"}, "opened late": {"close", "keep"}} {
		p := newProcesses(ProcessOptions{}, nil, nil)
		var source countingCloser
		for _, step := range order {
			if step == "keep" {
				p.keep(&source)
			} else {
				p.Close()
			}
		}
		if source != 1 {
			t.Errorf("%s: the source was closed %d times", name, source)
		}
	}
}
