package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// stopLimit is how long a stop may take on a busy machine. The aim is a
// tenth of a second.
const stopLimit = 500 * time.Millisecond

// TestStopAll sends SIGTERM to the parent and its child at the same time, as
// kill $(pidof keepalived) does, again and again.
func TestStopAll(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	for range 10 {
		daemon := n.start(web, ours, quick)
		n.holds(web, time.Second)
		mark := n.Frames.Len()
		tree, err := web.Tree(daemon.Pid())
		n.must(err)
		slices.Reverse(tree) // the child first
		began := time.Now()
		for _, e := range tree {
			n.must(unix.Kill(e.Pid, unix.SIGTERM))
		}
		status, ended, err := daemon.Wait(n.context(time.Second))
		n.must(err)
		if status != 0 {
			t.Errorf("status %d, want 0", status)
		}
		if took := ended.Sub(began); took > stopLimit {
			t.Errorf("it took %v, want at most %v", took, stopLimit)
		}
		if strings.Contains(daemon.Output(), "Respawning") {
			t.Errorf("the child was started again:\n%s", daemon.Output())
		}
		n.advert(mark, web, time.Second, "priority 0", farewell)
		n.nothingLeft(web)
	}
}

// TestStopIsQuick measures SIGTERM to exit.
func TestStopIsQuick(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	var all []time.Duration
	for range 10 {
		daemon := n.start(web, ours, quick)
		n.holds(web, time.Second)
		status, took, err := daemon.Stop(n.context(time.Second))
		n.must(err)
		if status != 0 || took > stopLimit {
			t.Errorf("status %d after %v, want 0 within %v", status, took, stopLimit)
		}
		all = append(all, took)
		n.nothingLeft(web)
	}
	slices.Sort(all)
	t.Logf("SIGTERM to exit: median %.1f ms, at most %.1f ms", ms(all[len(all)/2]), ms(all[len(all)-1]))
}

// TestChildStopped sends SIGTERM to the child alone: the daemon starts
// another one.
func TestChildStopped(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick)
	n.holds(web, time.Second)
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.must(unix.Kill(child, unix.SIGTERM))
	_, err = daemon.VRRPChild(n.context(time.Second), child)
	n.must(err)
	mark := n.Frames.Len()
	n.advert(mark, web, time.Second, "an advert of the next child", lives)
	n.holds(web, time.Second)
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestReloadBurst sends fifty SIGHUP in a row, half of them to the child, and
// a SIGTERM into another burst. The newest file counts, no advert is late,
// and the stop is not lost.
func TestReloadBurst(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	daemon := n.start(web, ours, d.config("MASTER", high))
	n.holds(web, d.masterDown(high))
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	mark := n.Frames.Len()
	burst := func() {
		for i := range 50 {
			n.must(unix.Kill([]int{daemon.Pid(), child}[i%2], unix.SIGHUP))
		}
	}
	for i := range 5 {
		n.must(daemon.Reconfigure(d.config("MASTER", high+i+1)))
		burst()
	}
	n.advert(mark, web, d.interval, "the newest priority", func(a lab.Advert) bool { return a.Priority == high+5 })
	n.must(twentyMore(n, n.Frames.Len()))
	if gap, limit := widest(n.adverts(mark, web, vrid)), d.masterDown(high); gap > limit {
		t.Errorf("silent for %v, want at most %v", gap, limit)
	}
	if strings.Contains(daemon.Output(), "Reload failed") {
		t.Error("a reload failed")
	}
	burst()
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestStoppedSyslog stops the log daemon while there is much to say: adverts
// keep their time, and a stop does too. The lines that were lost are counted
// when the log daemon reads again.
func TestStoppedSyslog(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	path, err := web.Write("rsyslog.conf", "module(load=\"imuxsock\")\n*.* /var/log/all\n", 0o644)
	n.must(err)
	syslog, err := web.Syslog(n.context(time.Second), sourceRoot, path)
	n.must(err)
	daemon := n.start(web, ours, d.config("MASTER", high))
	n.holds(web, d.masterDown(high))
	n.must(syslog.Signal(unix.SIGSTOP))
	mark := n.Frames.Len()
	for i := range 20 { // each one is many lines; a socket of the log daemon takes ten to a few hundred
		said := daemon.Lines.Len()
		config := d.config("MASTER", high+i%2) + strings.Repeat("no_such_keyword\n", 200)
		n.must(daemon.Reconfigure(config))
		_, err := daemon.WaitLine(n.context(time.Second), said, "Reload complete")
		n.must(err)
	}
	n.must(twentyMore(n, n.Frames.Len()))
	if gap, limit := widest(n.adverts(mark, web, vrid)), d.masterDown(high); gap > limit {
		t.Errorf("silent for %v, want at most %v", gap, limit)
	}
	status, took, err := daemon.Stop(n.context(time.Second))
	n.must(err)
	if limit := time.Second; status != 0 || took > limit {
		t.Errorf("status %d after %v, want 0 within %v", status, took, limit)
	}
	n.onlyHostAddresses(web)
	n.must(syslog.Signal(unix.SIGCONT))
}

// TestKilledParent kills the parent alone: its child says goodbye, takes the
// addresses off and ends.
func TestKilledParent(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick)
	n.holds(web, time.Second)
	mark := n.Frames.Len()
	n.must(daemon.Signal(unix.SIGKILL))
	n.advert(mark, web, time.Second, "priority 0", farewell)
	n.must(nobody(n.context(time.Second), web))
	n.onlyHostAddresses(web)
}

// TestStoppedChild stops the VRRP process with SIGSTOP, so that it cannot end
// in its own way. The daemon ends it after child_wait_time, and takes its
// addresses off.
func TestStoppedChild(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, "child_wait_time 1\n"+quick)
	n.holds(web, time.Second)
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.must(unix.Kill(child, unix.SIGSTOP))
	n.must(daemon.Signal(unix.SIGHUP)) // a reload that gets no answer
	status, took, err := daemon.Stop(n.context(2 * time.Second))
	n.must(err)
	if status != 0 || took < time.Second || took > 2*time.Second {
		t.Errorf("status %d after %v, want 0 after child_wait_time of a second", status, took)
	}
	n.nothingLeft(web)
}

// TestScriptSurroundings looks at what a notify script inherits: no blocked
// or ignored signal, nothing of the service manager's.
func TestScriptSurroundings(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	script, err := web.Write("look.sh", "#!/bin/sh\n{ cat /proc/self/status; env; ls /proc/self/fd; echo complete; } > "+lab.Dir+"/seen\n", 0o755)
	n.must(err)
	config := "global_defs {\nscript_user root\n}\n" + strings.Replace(quick, "priority", "notify_master "+script+"\npriority", 1)
	path, err := web.Write("keepalived.conf", config, 0o644)
	n.must(err)
	env := append(slices.Clone(ours.Env), "NOTIFY_SOCKET="+lab.Dir+"/none")
	daemon, err := web.Start(ours.Path, []string{"-n", "-l", "-f", path}, env)
	n.must(err)
	var seen string
	n.must(lab.Until(n.context(time.Second), "the script", func() error {
		if seen, err = web.Read(lab.Dir + "/seen"); err == nil && !strings.HasSuffix(seen, "complete\n") {
			err = fmt.Errorf("it wrote:\n%s\nthe daemon says:\n%s", seen, daemon.Output())
		}
		return err
	}))
	for line := range strings.Lines(seen) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		if set, err := strconv.ParseUint(value, 16, 64); (key == "SigBlk" || key == "SigIgn") && (err != nil || set != 0) {
			t.Errorf("%s is %q, want none", key, value)
		}
	}
	for _, word := range []string{"NOTIFY_SOCKET", "KEEPALIVED_ROLE"} {
		if strings.Contains(seen, word) {
			t.Errorf("%s is in the script's environment", word)
		}
	}
	n.must(daemon.Signal(unix.SIGTERM))
	_, _, err = daemon.Wait(n.context(time.Second))
	n.must(err)
}

// TestServiceManager follows what the daemon tells a service manager.
func TestServiceManager(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	socket := lab.Dir + "/manager"
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	n.must(err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	n.must(unix.Bind(fd, &unix.SockaddrUnix{Name: web.Path(socket)}))
	told := &lab.Record[string]{}
	go func() {
		buffer := make([]byte, 4096)
		for {
			count, _, err := unix.Recvfrom(fd, buffer, 0)
			if err != nil || count == 0 {
				return
			}
			told.Add(string(buffer[:count]))
		}
	}()
	path, err := web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	daemon, err := web.Start(ours.Path, []string{"-n", "-l", "-f", path}, append(slices.Clone(ours.Env), "NOTIFY_SOCKET="+socket))
	n.must(err)
	mark := 0
	expect := func(word string) {
		t.Helper()
		_, err := told.Wait(n.context(time.Second), mark, word, func(s string) bool { return strings.Contains(s, word) })
		n.must(err)
	}
	expect("READY=1")
	mark = told.Len()
	n.must(daemon.Signal(unix.SIGHUP))
	expect("RELOADING=1\nMONOTONIC_USEC=")
	expect("READY=1")
	mark = told.Len()
	n.must(daemon.Signal(unix.SIGTERM))
	expect("STOPPING=1")
	_, _, err = daemon.Wait(n.context(time.Second))
	n.must(err)
	_ = os.Remove(web.Path(socket))
}

// TestCrashPause reloads and stops the daemon in the pause that follows too
// many crashes: there is one child at most, and the stop waits for nothing.
func TestCrashPause(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, reload := range []bool{false, true} {
		t.Run(fmt.Sprintf("reload %v", reload), func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web := n.web[0]
			daemon, _, lines := n.reconfigured(web, d.config("MASTER", high))
			child := 0
			var err error
			for range 9 { // as many as the daemon takes without a pause, and one
				child, err = daemon.VRRPChild(n.context(time.Second), child)
				n.must(err)
				n.must(unix.Kill(child, unix.SIGKILL))
			}
			_, err = daemon.WaitLine(n.context(time.Second), lines, "the next start waits")
			n.must(err)
			if reload {
				n.reload(daemon, d.config("MASTER", high+1), "Reload complete")
				mark := n.Frames.Len()
				n.advert(mark, web, d.masterDown(high), "the new priority", func(a lab.Advert) bool { return a.Priority == high+1 })
				n.must(lab.Pass(t.Context(), 1200*time.Millisecond)) // the pause is over
				tree, err := web.Tree(daemon.Pid())
				n.must(err)
				if len(tree) != 2 {
					t.Errorf("%d processes, want 2: %v", len(tree), tree)
				}
			}
			status, took, err := daemon.Stop(n.context(time.Second))
			n.must(err)
			if status != 0 || took > stopLimit {
				t.Errorf("status %d after %v, want 0 within %v", status, took, stopLimit)
			}
			n.nothingLeft(web)
		})
	}
}
