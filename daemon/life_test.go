package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLife(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	r := h.start()
	child := r.expectChild()
	r.expectSince(0, `\(VI_1\) Entering MASTER STATE`)
	r.expectSince(0, `Sending/queueing gratuitous ARPs`)
	h.awaitAddress()
	parent := h.pid("parent.pid")
	if got := h.pid("vrrp.pid"); got != child || parent != r.cmd.Process.Pid {
		t.Errorf("pid files say %d and %d, the processes are %d and %d", parent, got, r.cmd.Process.Pid, child)
	}
	for _, pid := range []int{parent, child} {
		if got := comm(t, pid); got != "keepalived" {
			t.Errorf("process %d is called %q", pid, got)
		}
		for _, s := range []syscall.Signal{unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE, sigJSON, sigStatsClear, sigThreadDump} {
			r.signal(pid, s) // none of them may end it
		}
	}
	for _, pid := range []int{parent, child} { // a child asks its parent
		r.signal(pid, unix.SIGHUP)
		r.expect(`Reload complete`)
	}
	begin := time.Now()
	r.signal(parent, unix.SIGTERM)
	if err := syscall.Kill(child, unix.SIGTERM); err != unix.ESRCH { // its parent may have ended it already
		must(t, err)
	}
	if code := r.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if h.addressThere() {
		t.Error("the address is still there")
	}
	for _, name := range []string{"parent.pid", "vrrp.pid"} {
		if _, err := os.Stat(h.path(name)); !os.IsNotExist(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if log := strings.Join(r.seen, "\n"); strings.Contains(log, "Respawning") || !strings.Contains(log, ": Stopped "+contract) {
		t.Errorf("log:\n%s", log)
	}
}

// A signal that comes before any handler stands is not lost and ends nothing but what it should.
func TestSignalsAtStart(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	r := h.start()
	child := r.expectChild()
	for _, s := range []syscall.Signal{unix.SIGUSR1, unix.SIGUSR2, unix.SIGHUP} {
		r.signal(child, s)
	}
	r.expect(`Reload complete`)
	r.signal(r.cmd.Process.Pid, unix.SIGINT)
	if code := r.end(); code != 0 || strings.Contains(strings.Join(r.seen, "\n"), "Respawning") {
		t.Errorf("exit code %d:\n%s", code, strings.Join(r.seen, "\n"))
	}
}

func TestRespawn(t *testing.T) {
	rows := []struct {
		name   string
		signal syscall.Signal
		say    string
	}{
		{"killed", unix.SIGKILL, `died: Respawning`},
		{"died of a fault", unix.SIGQUIT, `process \d+: SIGQUIT: quit`}, // as a panic, with exit code 2
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := newHost(t)
			h.configure(instance("ve0", "2", "10")) // so that there is time for the next child to resume
			r := h.start()
			child := r.expectChild()
			r.settle()
			r.signal(child, row.signal)
			r.expect(row.say)
			mark := len(r.seen)
			if again := r.expectChild(); again == child {
				t.Errorf("the child is still %d", child)
			}
			if !h.addressThere() {
				t.Error("the address has left")
			}
			r.expectSince(mark, `Resuming as MASTER`)
			r.signal(r.cmd.Process.Pid, unix.SIGTERM)
			if code := r.end(); code != 0 || h.addressThere() {
				t.Errorf("exit code %d, address there: %v", code, h.addressThere())
			}
			if row.signal == unix.SIGQUIT {
				r.lastWords(fmt.Sprintf("process %d: ", child))
			}
		})
	}
}

// A child that dies over and over is started less often, and its addresses leave when nobody resumes in time.
func TestCrashLoop(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "3", "0.1"))
	r := h.start()
	child := r.expectChild()
	r.settle()
	for range crashLimit {
		r.signal(child, unix.SIGKILL)
		child = r.expectChild()
	}
	r.signal(child, unix.SIGKILL)
	r.expect(`the next start waits`)
	mark := len(r.seen)
	r.expectChild()
	// The parent does not wait for the addresses to have left, which takes long on a busy machine.
	r.expectSince(mark, `\(VI_1\) removing the VIPs that a dead process has left`)
	r.expectSince(mark, `Entering MASTER STATE`)
	r.signal(r.cmd.Process.Pid, unix.SIGTERM)
	if code := r.end(); code != 0 || h.addressThere() {
		t.Errorf("exit code %d, address there: %v", code, h.addressThere())
	}
}

func TestNoRespawn(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	r := h.start("-R")
	child := r.expectChild()
	r.settle()
	r.signal(child, unix.SIGKILL)
	if code := r.end(); code != exitFatal || h.addressThere() {
		t.Errorf("exit code %d, address there: %v", code, h.addressThere())
	}
}

// Without its parent the child stops cleanly, and the next daemon starts.
func TestParentKilled(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	r := h.start()
	child := r.expectChild()
	r.expectSince(0, `Sending/queueing gratuitous ARPs`)
	h.awaitAddress()
	r.signal(r.cmd.Process.Pid, unix.SIGKILL)
	awaitGone(t, child)
	if h.addressThere() {
		t.Error("the address is still there")
	}
	again := h.start()
	again.expect(`Startup complete`)
	again.signal(again.cmd.Process.Pid, unix.SIGTERM)
	if code := again.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A parent that dies of a fault of its own ends by a signal, so that a service manager tells it from one that refuses its
// configuration. Its last words reach the log of the child.
func TestParentDies(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	r := h.start()
	child := r.expectChild()
	r.expect(`Startup complete`)
	r.signal(r.cmd.Process.Pid, unix.SIGQUIT) // which the runtime treats as a panic
	r.expect(`parent: SIGQUIT: quit`)
	awaitGone(t, child)
	r.end()
	r.lastWords("parent: ")
	if status := r.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != unix.SIGABRT {
		t.Errorf("the parent ended with %v", r.cmd.ProcessState)
	}
}

func TestSecondDaemon(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	r := h.start()
	r.expect(`Startup complete`)
	second := h.start()
	second.expect(`daemon is already running`)
	if code := second.end(); code != exitOK {
		t.Errorf("exit code in the foreground %d", code)
	}
	if err := h.command().Run(); exitCodeOf(err) != exitFatal {
		t.Errorf("the launcher gives %v", err)
	}
	r.signal(r.cmd.Process.Pid, unix.SIGTERM)
	r.end()
}

func TestMissingInterface(t *testing.T) {
	h := newHost(t)
	h.configure(instance("nothere0", "2", "1"))
	r := h.start()
	if code := r.end(); code != exitConfig {
		t.Errorf("exit code %d:\n%s", code, strings.Join(r.seen, "\n"))
	}
	if log := strings.Join(r.seen, "\n"); !strings.Contains(log, "nothere0") {
		t.Errorf("log:\n%s", log)
	}
}

func TestReloadRefused(t *testing.T) {
	rows := []struct{ name, text string }{
		{"a brace is missing", strings.TrimSuffix(instance("ve0", "2", "1"), "}\n")},
		{"the interface does not exist", instance("nothere0", "2", "1")},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := newHost(t)
			h.configure(instance("ve0", "2", "1"))
			r := h.start()
			r.expect(`Sending/queueing gratuitous ARPs`)
			h.awaitAddress()
			h.configure(row.text)
			r.signal(r.cmd.Process.Pid, unix.SIGHUP)
			r.expect(`Reload failed`)
			if !h.addressThere() {
				t.Error("the address has left")
			}
			h.configure(instance("ve0", "2", "2"))
			r.signal(r.cmd.Process.Pid, unix.SIGHUP)
			r.expect(`Reload complete`)
			r.signal(r.cmd.Process.Pid, unix.SIGTERM)
			r.end()
		})
	}
}

func TestLauncher(t *testing.T) {
	h := newHost(t)
	h.configure(instance("ve0", "2", "1"))
	if out, err := h.command().CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("launching: %v, %s", err, out)
	}
	parent, child := h.pid("parent.pid"), h.pid("vrrp.pid")
	if sid, err := unix.Getsid(parent); err != nil || sid != parent {
		t.Errorf("the session of %d is %d, %v", parent, sid, err)
	}
	if cwd, err := os.Readlink("/proc/" + strconv.Itoa(parent) + "/cwd"); err != nil || cwd != "/" {
		t.Errorf("the daemon is in %s, %v", cwd, err)
	}
	must(t, syscall.Kill(parent, unix.SIGTERM))
	awaitGone(t, child)
	awaitGone(t, parent)
	if h.addressThere() {
		t.Error("the address is still there")
	}
	must(t, os.Remove(h.path("conf")))
	if err := h.command().Run(); exitCodeOf(err) != exitNoConfig {
		t.Errorf("without a configuration: %v", err)
	}
}

func TestConfigTest(t *testing.T) {
	h := newHost(t)
	good := instance("ve0", "2", "1")
	rows := []struct {
		name, text string
		code       int
		say        string
	}{
		{"good", good, 0, ""},
		{"unknown keyword", good + "nonsense 1\n", 5, `unknown keyword "nonsense"`},
		{"missing argument", "vrrp_instance VI_1 {\n\tvirtual_router_id\n}\n", 2, "virtual_router_id"},
	}
	for _, row := range rows {
		h.configure(row.text)
		out, err := h.command("-t").CombinedOutput()
		if exitCodeOf(err) != row.code || !strings.Contains(string(out), row.say) {
			t.Errorf("%s: %v, want code %d and %q:\n%s", row.name, err, row.code, row.say, out)
		}
		log := h.path("log")
		out, err = h.command("-t" + log).CombinedOutput()
		text, _ := os.ReadFile(log)
		if exitCodeOf(err) != row.code || len(out) > 0 || !strings.Contains(string(text), row.say) {
			t.Errorf("%s with a log: %v, printed %q, log %q", row.name, err, out, text)
		}
	}
	must(t, os.Remove(h.path("conf")))
	if err := h.command("-t").Run(); exitCodeOf(err) != exitNoConfig {
		t.Errorf("without a file: %v", err)
	}
}
