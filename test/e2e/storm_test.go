package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// stormSignals are those that a daemon gets in operation.
var stormSignals = []unix.Signal{unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, 36, 63, unix.SIGCHLD, unix.SIGPIPE}

// TestSignalStorm sends ten thousand signals to the parent and its child, from
// its first words on: before, its handlers may not stand, and a signal ends it
// as any program. Nothing dies, the address stays, and nothing is left open
// afterwards.
func TestSignalStorm(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	random := rand.New(rand.NewPCG(3, 4))
	daemon := n.start(web, ours, d.config("MASTER", high))
	_, err := daemon.Lines.Wait(n.context(10*time.Second), 0, "its first line", func(lab.Line) bool { return true })
	n.must(err)
	sent := 0
	storm := func(count int, processes func() []int) {
		for range count {
			for _, pid := range processes() {
				err := unix.Kill(pid, stormSignals[random.IntN(len(stormSignals))])
				if err != nil && !errors.Is(err, unix.ESRCH) {
					n.must(err)
				}
				sent++
			}
		}
	}
	// While it starts, its child is found in the table of processes as soon as it is there.
	for range 50 {
		tree, err := web.Tree(daemon.Pid())
		n.must(err)
		storm(10, func() []int { return []int{tree[random.IntN(len(tree))].Pid} })
	}
	child, err := daemon.VRRPChild(n.context(10*time.Second), 0)
	n.must(err)
	n.holds(web, 10*time.Second)
	both := func() []int { return []int{daemon.Pid(), child}[random.IntN(2):][:1] }
	storm(500, both)
	n.settles(daemon)
	before := n.holdings(daemon.Pid(), child)
	for range 9 {
		storm(1000, both)
	}
	if sent != 10_000 {
		t.Errorf("%d signals, want 10000", sent)
	}
	n.settles(daemon)
	now, err := daemon.VRRPChild(n.context(0), 0)
	n.must(err)
	if now != child || strings.Contains(daemon.Output(), "Respawning") {
		t.Errorf("child %d, it was %d", now, child)
	}
	n.noMoreFiles(before.files)
	n.must(lab.Until(n.context(10*time.Second), "threads and memory to be as before", func() error {
		after := n.holdings(daemon.Pid(), child)
		for pid, threads := range before.threads {
			if grown := after.threads[pid] - threads; grown > 8 {
				return fmt.Errorf("process %d has %d threads more", pid, grown)
			}
			if grown := after.memory[pid] - before.memory[pid]; grown > 40<<10 {
				return fmt.Errorf("process %d has %d kB more", pid, grown)
			}
		}
		return nil
	}))
	n.holds(web, d.interval)
	mark := n.Frames.Len()
	n.advert(mark, web, 10*time.Second, "an advert", lives)
	n.stop(daemon)
	n.nothingLeft(web)
}

// settles waits until a reload that is asked for now has come to its end, and with it all that were asked for before.
func (n *network) settles(daemon *lab.Daemon) {
	n.t.Helper()
	mark := daemon.Lines.Len()
	n.must(daemon.Reconfigure(n.dialect.config("MASTER", high+1)))
	_, err := daemon.WaitLine(n.context(10*time.Second), mark, "Reload complete")
	n.must(err)
	mark = n.Frames.Len()
	n.advert(mark, n.web[0], 10*time.Second, "the new priority", func(a lab.Advert) bool { return a.Priority == high+1 })
}

// handles waits until a process has handlers for SIGHUP and SIGTERM of its own.
func handles(n *network, pid int) error {
	return lab.Until(n.context(10*time.Second), "the handlers", func() error {
		var bits uint64 // caught, or blocked to be read from a descriptor
		for _, key := range []string{"SigCgt", "SigBlk"} {
			set, err := strconv.ParseUint(statusLine(fmt.Sprintf("/proc/%d", pid), key), 16, 64)
			if err != nil {
				return fmt.Errorf("%s of process %d: %w", key, pid, err)
			}
			bits |= set
		}
		if bits>>(unix.SIGHUP-1)&1 == 0 || bits>>(unix.SIGTERM-1)&1 == 0 {
			return fmt.Errorf("process %d catches %x", pid, bits)
		}
		return nil
	})
}

// holdings are what processes have: files, threads and kilobytes.
type holdings struct {
	files           map[int][]string
	threads, memory map[int]int
}

func (n *network) holdings(pids ...int) holdings {
	n.t.Helper()
	h := holdings{map[int][]string{}, map[int]int{}, map[int]int{}}
	for _, pid := range pids {
		files, err := openFiles(pid)
		n.must(err)
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		n.must(err)
		var kilobytes int
		_, err = fmt.Sscanf(statusLine(fmt.Sprintf("/proc/%d", pid), "VmRSS"), "%d", &kilobytes)
		n.must(err)
		h.files[pid], h.threads[pid], h.memory[pid] = files, len(tasks), kilobytes
	}
	return h
}

// stops is how many daemons are ended at a random moment of their start.
const stops = 200

// TestStopAnywhere ends the daemon at random moments with a signal to the parent, to a child, or to all at once. A
// daemon whose child was ended goes on, and is ended then. Nothing is left of any of them.
func TestStopAnywhere(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			random := rand.New(rand.NewPCG(uint64(lane), 5))
			early := 0
			for range stops / lanes {
				early += n.stopAnywhere(random)
			}
			t.Logf("%d of %d were ended before their handlers stood", early, stops/lanes)
			if early > stops/lanes*3/4 {
				t.Error("too many to say anything")
			}
		})
	}
}

// stopAnywhere starts a daemon and ends it; it gives 1 when the program had no handlers yet.
func (n *network) stopAnywhere(random *rand.Rand) (early int) {
	n.t.Helper()
	web := n.web[0]
	daemon, err := web.Keepalived(ours, quick)
	n.must(err)
	signal := []unix.Signal{unix.SIGTERM, unix.SIGINT}[random.IntN(2)]
	target := random.IntN(3)
	after := time.Duration(random.IntN(150)) * time.Millisecond
	n.must(lab.Pass(n.t.Context(), after))
	said := daemon.Lines.Len()
	tree, err := web.Tree(daemon.Pid())
	n.must(err)
	for _, e := range tree {
		isParent := e.Pid == daemon.Pid()
		if target == 0 && isParent || target == 1 && !isParent || target == 2 {
			if err := unix.Kill(e.Pid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
				n.must(err)
			}
		}
	}
	if target == 1 {
		// The parent goes on, with another child or the same one.
		n.must(handles(n, daemon.Pid()))
		n.must(daemon.Signal(signal))
	}
	status, _, err := daemon.Wait(n.context(10 * time.Second))
	if err != nil {
		n.t.Fatalf("signal %v to %d after %v: %v; it said:\n%s", signal, target, after, err, daemon.Output())
	}
	if status == -1 && said == 0 {
		early = 1
	} else if status != 0 {
		n.t.Fatalf("signal %v to %d after %v: status %d, want 0; it said:\n%s", signal, target, after, status, daemon.Output())
	}
	n.nothingLeft(web)
	return early
}

// TestIgnoreSigint has SIGINT do nothing with --ignore-sigint, and end the daemon without it.
func TestIgnoreSigint(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick, "--ignore-sigint")
	n.holds(web, 10*time.Second)
	child, err := daemon.VRRPChild(n.context(10*time.Second), 0)
	n.must(err)
	for _, pid := range []int{daemon.Pid(), child} {
		for range 5 {
			n.must(unix.Kill(pid, unix.SIGINT))
		}
	}
	mark, said := n.Frames.Len(), daemon.Lines.Len()
	n.must(daemon.Signal(unix.SIGHUP))
	_, err = daemon.WaitLine(n.context(10*time.Second), said, "Reload complete")
	n.must(err)
	n.advert(mark, web, 10*time.Second, "an advert", lives)
	n.stop(daemon)
	n.nothingLeft(web)
	second := n.start(web, ours, quick)
	n.holds(web, 10*time.Second)
	n.must(second.Signal(unix.SIGINT))
	status, _, err := second.Wait(n.context(10 * time.Second))
	if err != nil || status != 0 {
		t.Errorf("status %d, %v", status, err)
	}
	n.nothingLeft(web)
}

// TestProcessChoice starts with -P, -C and -B: which processes there are, and which have a pid file.
func TestProcessChoice(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			processChoice(t, p)
		})
	}
}

func processChoice(t *testing.T, p lab.Program) {
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	for _, row := range []struct {
		option string
		files  []string
		none   string
		config string
	}{
		{"-P", pidFiles, "/run/checkers.pid", quick},
		{"--vrrp", pidFiles, "/run/checkers.pid", quick},
		{"-B", pidFiles, "/run/bfd.pid", quick},
		{"-C", pidFiles[:1], "/run/vrrp.pid", quick},
		{"-P", pidFiles[:1], "/run/vrrp.pid", "global_defs {\nrouter_id x\n}\n"}, // nothing to do
	} {
		daemon := n.start(web, p, row.config, row.option)
		for _, file := range row.files {
			n.must(lab.Until(n.context(10*time.Second), file, func() error {
				if content, err := web.Read(file); err != nil || !strings.HasSuffix(content, "\n") {
					return fmt.Errorf("it has %q: %w", content, err)
				}
				return nil
			}))
		}
		if len(row.files) == 2 {
			n.holds(web, 10*time.Second)
		}
		if _, err := os.Lstat(web.Path(row.none)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s is there: %v", row.option, row.none, err)
		}
		tree, err := web.Tree(daemon.Pid())
		n.must(err)
		if len(tree) != len(row.files) {
			t.Errorf("%s: %d processes, want %d: %v", row.option, len(tree), len(row.files), tree)
		}
		n.must(handles(n, daemon.Pid()))
		n.stop(daemon)
		n.nothingLeft(web)
	}
}

// TestSignalsFromTheFirst starts daemons in the background and sends every
// process of theirs signals from the moment on that it is there, as fast as can
// be, until the launcher has returned. The launcher itself is left alone.
func TestSignalsFromTheFirst(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	path, err := web.Write("keepalived.conf", n.dialect.config("MASTER", high), 0o644)
	n.must(err)
	random := rand.New(rand.NewPCG(5, 6))
	sent := 0
	for range 10 {
		launcher, err := web.Start(ours.Path, []string{"-f", path}, ours.Env)
		n.must(err)
		over := make(chan struct{})
		go func() {
			defer close(over)
			status, _, err := launcher.Wait(n.context(10 * time.Second))
			if err != nil || status != 0 {
				t.Errorf("the launcher ended with %d, %v: %s", status, err, launcher.Output())
			}
		}()
		for ended := false; !ended; {
			select {
			case <-over:
				ended = true
			default:
			}
			table, err := web.Processes()
			n.must(err)
			for _, e := range table {
				if e.Pid != launcher.Pid() {
					_ = unix.Kill(e.Pid, stormSignals[random.IntN(len(stormSignals))]) // it may have ended
					sent++
				}
			}
		}
		n.holds(web, 10*time.Second)
		n.must(unix.Kill(n.processOf(web, "/run/keepalived.pid"), unix.SIGTERM))
		n.must(lab.Until(n.context(10*time.Second), "the end of everything", func() error {
			if _, err := os.Stat(web.Path("/run/keepalived.pid")); !os.IsNotExist(err) {
				return fmt.Errorf("the pid file is there: %w", err)
			}
			return nil
		}))
		n.nothingLeft(web)
	}
	t.Logf("%d signals", sent)
}
