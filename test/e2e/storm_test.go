package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// stormSeed draws the signals and the moments of both tests. It is logged, so
// that KEEPALIVED_SEED can ask for the same ones again.
func stormSeed(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if word := os.Getenv("KEEPALIVED_SEED"); word != "" {
		if _, err := fmt.Sscan(word, &seed); err != nil {
			t.Fatalf("KEEPALIVED_SEED: %v", err)
		}
	}
	t.Logf("KEEPALIVED_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// stormSignals are drawn as often as they stand here. A reload takes longer
// than all others together.
var stormSignals = slices.Concat(
	[]unix.Signal{unix.SIGHUP},
	slices.Repeat([]unix.Signal{unix.SIGUSR1, unix.SIGUSR2, sigJSON, sigStatsClear, unix.SIGCHLD, unix.SIGPIPE}, 8),
)

// storm sends so many signals to processes that may be gone meanwhile.
func (n *network) storm(random *rand.Rand, count int, pids ...int) {
	n.t.Helper()
	for range count {
		signal := stormSignals[random.IntN(len(stormSignals))]
		if err := unix.Kill(pids[random.IntN(len(pids))], signal); err != nil && !errors.Is(err, unix.ESRCH) {
			n.t.Fatal(err)
		}
	}
}

// threadsOf is how many threads a process has.
func (n *network) threadsOf(pid int) int {
	n.t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	n.must(err)
	return len(tasks)
}

// TestSignalStorm sends 10,000 signals to the parent and its child. Nothing
// ends but what is hit before its handlers stand, no advert stays away, and
// nothing is in use afterwards that was not before.
func TestSignalStorm(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	random := stormSeed(t)
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	daemon := n.start(web, ours, quick)
	n.holds(web, time.Second)
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.storm(random, 200, daemon.Pid(), child) // whatever is opened once is open now
	n.answers(daemon)
	before := map[int][]string{}
	for _, pid := range []int{daemon.Pid(), child} {
		before[pid], err = openFiles(pid)
		n.must(err)
	}
	threads := n.threadsOf(daemon.Pid()) + n.threadsOf(child)
	memory, err := daemon.Memory()
	n.must(err)

	mark := n.Frames.Len()
	for sent := 0; sent < 10000; {
		count := min(1+random.IntN(50), 10000-sent)
		n.storm(random, count, daemon.Pid(), child)
		sent += count
		n.must(lab.Pass(t.Context(), time.Duration(random.IntN(10))*time.Millisecond))
	}
	n.must(daemon.Reconfigure(strings.Replace(quick, "priority 255", "priority 254", 1)))
	n.advert(mark, web, time.Second, "the newest priority", func(a lab.Advert) bool { return a.Priority == 254 })
	n.answers(daemon)
	n.holder(web, time.Second)
	tree, err := web.Tree(daemon.Pid())
	n.must(err)
	if len(tree) != 2 || !slices.ContainsFunc(tree, func(e lab.Entry) bool { return e.Pid == child }) {
		t.Errorf("the processes are %v, want %d and its child %d", tree, daemon.Pid(), child)
	}
	n.noMoreFiles(before)
	after, err := daemon.Memory()
	n.must(err)
	now := n.threadsOf(daemon.Pid()) + n.threadsOf(child)
	t.Logf("threads %d, then %d; %d kB, then %d kB", threads, now, memory.PSS>>10, after.PSS>>10)
	// The Go runtime starts a thread when all others are in the kernel, and keeps it.
	if most := threads + 40; now > most {
		t.Errorf("%d threads, want at most %d", now, most)
	}
	if most := 2*memory.PSS + 32<<20; after.PSS > most {
		t.Errorf("%d bytes of memory, want at most %d", after.PSS, most)
	}
	n.stop(daemon)
	n.nothingLeft(web)
}

// answers waits until every dump that is asked for has been written.
func (n *network) answers(daemon *lab.Daemon) {
	n.t.Helper()
	for _, d := range dumps {
		n.dump(n.web[0], signalTo(daemon), d.signal, d.name)
	}
}

// TestSignalsFromTheFirstMillisecond sends signals to everything that there
// is of a daemon while it starts. A process that is hit before its handlers
// stand ends, as any program would: the parent with no word said, a child to
// be started again.
func TestSignalsFromTheFirstMillisecond(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	random := stormSeed(t)
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	// On a busy machine more of them end before their handlers stand.
	const rounds, survivors, most = 30, 8, 150
	early, again, all := 0, 0, 0
	for ; all < rounds || all-early < survivors && all < most; all++ {
		daemon := n.start(web, ours, quick)
		n.must(lab.Pass(t.Context(), time.Millisecond+time.Duration(random.IntN(20))*time.Millisecond))
		n.storm(random, 10, daemon.Pid())
		for range 20 {
			tree, err := web.Tree(daemon.Pid())
			n.must(err)
			pids := []int{daemon.Pid()}
			for _, e := range tree {
				pids = append(pids, e.Pid)
			}
			n.storm(random, 10, pids...)
		}
		if n.endedInsteadOfMaster(daemon) {
			status, _, err := daemon.Wait(n.context(time.Second))
			n.must(err)
			if early++; status != -1 || daemon.Output() != "" {
				t.Fatalf("status %d; it said:\n%s", status, daemon.Output())
			}
			n.nothingLeft(web)
			continue
		}
		again += strings.Count(daemon.Output(), "Respawning")
		n.stop(daemon)
		n.nothingLeft(web)
	}
	if t.Logf("%d of %d ended before their handlers stood, %d children were started again", early, all, again); all-early < survivors {
		t.Error("too few to say anything")
	}
}

// endedInsteadOfMaster waits until the first server has the address, or its
// daemon is gone.
func (n *network) endedInsteadOfMaster(daemon *lab.Daemon) (ended bool) {
	n.t.Helper()
	n.must(lab.Until(n.context(2*time.Second), "the address, or the end of the daemon", func() error {
		if ended = errors.Is(unix.Kill(daemon.Pid(), 0), unix.ESRCH); ended {
			return nil
		}
		has, err := n.web[0].Holds(vip)
		if err == nil && !has {
			err = errors.New("neither is there")
		}
		return err
	}))
	return ended
}

// TestStopWhileStarting stops the daemon at 200 moments of its start, by its
// parent, its child or all at once. It always ends well and leaves nothing
// behind. Before its signal handlers stand, in the first milliseconds, a
// signal ends it as any program; it has touched nothing by then.
func TestStopWhileStarting(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for part := range 4 {
		t.Run(fmt.Sprint(part+1), func(t *testing.T) {
			t.Parallel()
			random := stormSeed(t)
			n := newNetwork(t, dialects[1])
			fifo := lab.Dir + "/tmp/events"
			config := "global_defs {\nvrrp_notify_fifo " + fifo + "\n}\n" + quick
			run := n.names("/run")
			early := 0
			for range 50 {
				if n.stopAtRandom(random, config) {
					early++
				}
				n.nothingLeft(n.web[0])
				if left := n.names("/run"); !slices.Equal(left, run) {
					t.Fatalf("/run has %q, want %q", left, run)
				}
				if left := n.names(lab.Dir + "/tmp"); len(left) > 0 {
					t.Fatalf("it left %q", left)
				}
			}
			if t.Logf("%d of 50 were ended before their handlers stood", early); early > 25 {
				t.Error("too few to say anything")
			}
		})
	}
}

// stopAtRandom starts a daemon and ends it at a random moment. early says
// that it ended by the signal before it had said a word.
func (n *network) stopAtRandom(random *rand.Rand, config string) (early bool) {
	n.t.Helper()
	web := n.web[0]
	signal := []unix.Signal{unix.SIGTERM, unix.SIGINT}[random.IntN(2)]
	victims := []string{"the parent", "the children", "all"}[random.IntN(3)]
	after := time.Duration(random.IntN(120)) * time.Millisecond
	daemon := n.start(web, ours, config)
	n.must(lab.Pass(n.t.Context(), after))
	tree, err := web.Tree(daemon.Pid())
	n.must(err)
	slices.Reverse(tree) // children first
	for _, e := range tree {
		if victims == "all" || (victims == "the parent") == (e.Pid == daemon.Pid()) {
			if err := unix.Kill(e.Pid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
				n.t.Fatal(err)
			}
		}
	}
	if victims == "the children" { // the parent goes on without them
		n.must(lab.Pass(n.t.Context(), time.Duration(random.IntN(20))*time.Millisecond))
		if err := daemon.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			n.t.Fatal(err)
		}
	}
	status, _, err := daemon.Wait(n.context(3 * time.Second))
	n.must(err)
	if early = status == -1 && daemon.Output() == ""; !early && status != 0 {
		n.t.Fatalf("%v to %s after %v: status %d, want 0; it said:\n%s", signal, victims, after, status, daemon.Output())
	}
	return early
}

// names are the names in a folder of the first server.
func (n *network) names(folder string) []string {
	n.t.Helper()
	entries, err := os.ReadDir(n.web[0].Path(folder))
	n.must(err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
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
	random := stormSeed(t)
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

// TestFirstMoments sends SIGTERM to daemons that start, sooner and later, by turns with Debian's: ours hears it no later.
func TestFirstMoments(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	deaf := map[string]int{} // how many were ended like any program
	for round := range 40 {
		after := time.Duration(round) * time.Millisecond
		for i, p := range []lab.Program{ours, peer} {
			web := n.web[i]
			daemon := n.start(web, p, "global_defs {\nrouter_id x\n}\n")
			n.must(lab.Pass(t.Context(), after))
			n.must(daemon.Signal(unix.SIGTERM))
			status, _, err := daemon.Wait(n.context(time.Second))
			if err != nil && p.Name == peer.Name { // it has forgotten the signal
				err = daemon.Signal(unix.SIGKILL)
				status = -1
			}
			n.must(err)
			if status == -1 {
				deaf[p.Name]++
			}
			if p.Name == ours.Name {
				n.nothingLeft(web)
			} else if err := os.Remove(web.Path(parentPID)); err != nil && !errors.Is(err, os.ErrNotExist) {
				n.must(err)
			}
		}
	}
	t.Logf("of 40, %d of ours were ended before they heard, %d of Debian's", deaf[ours.Name], deaf[peer.Name])
	if deaf[ours.Name] > deaf[peer.Name] {
		t.Error("ours hears later than Debian's")
	}
}

// TestListensFirst has the runtime say in which order it makes packages ready: the one that listens for signals is among
// the first, before anything that takes time.
func TestListensFirst(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	_, output, err := n.web[0].Run(n.context(time.Second), ours.Path, []string{"-v"}, append(slices.Clone(ours.Env), "GODEBUG=inittrace=1"))
	n.must(err)
	var order []string
	for line := range strings.Lines(output) {
		if words := strings.Fields(line); len(words) > 2 && words[0] == "init" {
			order = append(order, words[1])
		}
	}
	at := slices.Index(order, "keepalived-go/daemon/early")
	if at < 0 || at > len(order)/4 {
		t.Errorf("it is number %d of %d: %q", at, len(order), order)
	}
	for _, name := range []string{"keepalived-go/parser", "keepalived-go/daemon", "github.com/vishvananda/netlink", "net", "crypto/x509"} {
		if i := slices.Index(order, name); i < at {
			t.Errorf("%s is number %d, before it, or is not there: %q", name, i, order)
		}
	}
}
