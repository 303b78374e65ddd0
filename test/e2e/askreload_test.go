package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// controlSocket belongs to the default pid file.
const controlSocket = "/run/keepalived.sock"

// askReload runs keepalived --reload as a unit does, with the daemon's options.
func (n *network) askReload(host *lab.Host, args ...string) (status int, output string) {
	n.t.Helper()
	return n.launch(host, append([]string{"--reload", "-D", "--dont-fork"}, args...)...)
}

// TestAskReload asks the daemon for reloads and holds what the command says.
func TestAskReload(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	if status, output := n.askReload(web); status == 0 || !strings.Contains(output, "start it") || strings.Count(output, "\n") != 1 {
		t.Errorf("without a daemon: status %d, %q, want a failure that says what to do", status, output)
	}
	daemon := n.start(web, ours, quick)
	n.holder(web, time.Second)
	info, err := os.Stat(web.Path(controlSocket))
	n.must(err)
	if info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
		t.Errorf("the socket has mode %v, want 0600", info.Mode())
	}
	rows := []struct {
		name, config string
		status       int
		says         []string
	}{
		{"unchanged", quick, 0, nil},
		{"another priority", strings.ReplaceAll(quick, "priority 255", "priority 200"), 0, nil},
		{"a warning", quick + "nonsense 1\n", 0, []string{"keepalived.conf:11:1: ", `"nonsense"`}},
		{"a brace is missing", strings.TrimSuffix(quick, "}\n"), 1, []string{"Reload failed, the running configuration stays in force"}},
		{"no such interface", strings.ReplaceAll(quick, "eth0", "eth9"), 1, []string{"Reload failed", "eth9"}},
		{"empty", "", 1, []string{"it is empty"}},
		{"good again", quick, 0, nil},
	}
	for _, row := range rows {
		_, err := web.Write("keepalived.conf", row.config, 0o644)
		n.must(err)
		mark := daemon.Lines.Len()
		status, output := n.askReload(web)
		if status != row.status || (output == "") != (len(row.says) == 0) {
			t.Errorf("%s: status %d, want %d, with output %q", row.name, status, row.status, output)
		}
		for _, says := range row.says {
			if !strings.Contains(output, says) {
				t.Errorf("%s: output %q, want it to say %q", row.name, output, says)
			}
			_, err := daemon.WaitLine(n.context(time.Second), mark, says) // the log says so, too
			n.must(err)
		}
	}
	n.stop(daemon)
	if _, err := os.Lstat(web.Path(controlSocket)); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
}

// TestAskReloadTogether has two ask while a reload is held up. Both succeed.
func TestAskReloadTogether(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick)
	n.holder(web, time.Second)
	child := n.processOf(web, pidFiles[1])
	n.must(unix.Kill(child, unix.SIGSTOP))
	var asking [2]*lab.Process
	for i := range asking {
		var err error
		asking[i], err = web.Start(ours.Path, []string{"--reload"}, ours.Env)
		n.must(err)
	}
	_, err := daemon.WaitLine(n.context(time.Second), 0, "Reloading ...")
	n.must(err)
	n.must(unix.Kill(child, unix.SIGCONT))
	for _, p := range asking {
		status, _, err := p.Wait(n.context(time.Second))
		n.must(err)
		if status != 0 || p.Output() != "" {
			t.Errorf("status %d, output %q", status, p.Output())
		}
	}
	n.stop(daemon)
}

// TestAskReloadInVain asks a daemon that is stopping, one that was killed, one
// that belongs to somebody else, and one without a control socket.
func TestAskReloadInVain(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick)
	n.holder(web, time.Second)
	status, output, err := web.Run(n.context(time.Second), "/usr/bin/setpriv",
		[]string{"--reuid", "65534", "--clear-groups", "--", ours.Path, "--reload"}, ours.Env)
	n.must(err)
	if status == 0 || !strings.Contains(output, "run it as root") {
		t.Errorf("as another user: status %d, %q", status, output)
	}

	n.must(daemon.KillAll(n.context(time.Second)))
	if status, output := n.askReload(web); status == 0 || !strings.Contains(output, "start it") {
		t.Errorf("killed: status %d, %q", status, output)
	}

	daemon = n.start(web, ours, quick) // over the socket that is left
	_, err = daemon.WaitLine(n.context(time.Second), 0, "Startup complete")
	n.must(err)
	if status, output := n.askReload(web); status != 0 || output != "" {
		t.Errorf("started again: status %d, %q", status, output)
	}
	n.must(os.Remove(web.Path(controlSocket)))
	mark := daemon.Lines.Len()
	if status, output := n.askReload(web); status != 0 || !strings.Contains(output, "SIGHUP") || strings.Count(output, "\n") != 1 {
		t.Errorf("without a socket: status %d, %q, want one line", status, output)
	}
	_, err = daemon.WaitLine(n.context(time.Second), mark, "Reload complete")
	n.must(err)
	n.stop(daemon)
}

// TestAskReloadStopping asks while the VRRP process keeps the end waiting.
func TestAskReloadStopping(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, "child_wait_time 60\n"+quick)
	n.holder(web, time.Second)
	child := n.processOf(web, pidFiles[1])
	n.must(unix.Kill(child, unix.SIGSTOP))
	pending, err := web.Start(ours.Path, []string{"--reload"}, ours.Env)
	n.must(err)
	_, err = daemon.WaitLine(n.context(time.Second), 0, "Reloading ...")
	n.must(err)
	n.must(daemon.Signal(unix.SIGTERM))
	status, _, err := pending.Wait(n.context(time.Second))
	n.must(err)
	_, err = pending.WaitLine(n.context(time.Second), 0, "the daemon is stopping") // it is read a moment later
	n.must(err)
	if status == 0 {
		t.Error("asked before: it succeeded")
	}
	if status, output := n.askReload(web); status == 0 || !strings.Contains(output, "the daemon is stopping") {
		t.Errorf("asked after: status %d, %q", status, output)
	}
	n.must(unix.Kill(child, unix.SIGCONT))
	_, _, err = daemon.Wait(n.context(time.Second))
	n.must(err)
	n.nothingLeft(web)
}

// TestAskReloadOfInstance finds a daemon whose configuration has moved its pid
// file.
func TestAskReloadOfInstance(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, "instance in\n"+quick)
	n.holder(web, time.Second)
	if status, output := n.askReload(web, "-f", daemon.Config); status != 0 || output != "" {
		t.Errorf("status %d, output %q", status, output)
	}
	if status, output := n.askReload(web); status == 0 {
		t.Errorf("without its configuration: status %d, output %q", status, output)
	}
	n.stop(daemon)
}
