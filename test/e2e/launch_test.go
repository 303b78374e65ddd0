package e2e

import (
	"errors"
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

// pidFiles are those of the daemon and of its VRRP process, inside a host.
var pidFiles = []string{"/run/keepalived.pid", "/run/vrrp.pid"}

// quick is a configuration whose owner becomes Master at once.
const quick = "vrrp_instance VI_1 {\nversion 3\nadvert_int 0.1\ninterface eth0\nvirtual_router_id 51\npriority 255\nvirtual_ipaddress {\n192.168.4.80\n}\n}\n"

// launch runs our program to its end, as a start script would.
func (n *network) launch(host *lab.Host, args ...string) (status int, output string) {
	n.t.Helper()
	status, output, err := host.Run(n.context(time.Second), ours.Path, args, ours.Env)
	if err != nil {
		n.t.Fatalf("%v: %v\n%s", args, err, output)
	}
	return status, output
}

// processOf returns the process that a pid file names, as this machine counts.
func (n *network) processOf(host *lab.Host, pidFile string) int {
	n.t.Helper()
	content, err := host.Read(pidFile)
	n.must(err)
	inside, err := strconv.Atoi(strings.TrimSuffix(content, "\n"))
	if err != nil {
		n.t.Fatalf("%s has %q, want a number and a line end", pidFile, content)
	}
	pid, err := host.Outside(inside)
	n.must(err)
	return pid
}

// nothingLeft waits until no process, no pid file and no address is left.
func (n *network) nothingLeft(host *lab.Host) {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), "the last process to end", func() error {
		table, err := host.Processes()
		if err == nil && len(table) > 0 {
			err = fmt.Errorf("%v: %w", table, errStillThere)
		}
		return err
	}))
	for _, path := range pidFiles {
		if _, err := os.Lstat(host.Path(path)); !errors.Is(err, os.ErrNotExist) {
			n.t.Errorf("%s is left: %v", path, err)
		}
	}
	n.onlyHostAddresses(host)
}

// TestLauncher starts the daemon without -n: when the command returns, the
// pid files name processes with the name and the arguments that were typed.
func TestLauncher(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	path, err := web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	status, output := n.launch(web, "-D", "--use-file="+path)
	if status != 0 || output != "" {
		t.Fatalf("status %d, output %q, want 0 and none", status, output)
	}
	typed := strings.Join([]string{ours.Path, "-D", "--use-file=" + path}, "\x00") + "\x00"
	for _, file := range pidFiles {
		pid := n.processOf(web, file)
		arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		n.must(err)
		if string(arguments) != typed {
			t.Errorf("%s: the process has arguments %q, want %q", file, arguments, typed)
		}
		info, err := os.Stat(web.Path(file))
		n.must(err)
		if info.Mode().Perm() != 0o644 {
			t.Errorf("%s has mode %v, want 0644", file, info.Mode())
		}
	}
	table, err := web.Processes()
	n.must(err)
	for _, e := range table {
		if e.Name != "keepalived" {
			t.Errorf("process %d has the name %q", e.Pid, e.Name)
		}
	}
	if len(table) != 2 {
		t.Errorf("%d processes, want the parent and the VRRP process: %v", len(table), table)
	}
	session, err := unix.Getsid(n.processOf(web, pidFiles[0]))
	n.must(err)
	if session != n.processOf(web, pidFiles[0]) {
		t.Error("the daemon leads no session of its own")
	}
	n.must(unix.Kill(n.processOf(web, pidFiles[0]), unix.SIGTERM))
	n.nothingLeft(web)
}

// TestLauncherRelative gives paths from the folder that the user is in.
func TestLauncherRelative(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	_, err := web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	shell := "cd " + lab.Dir + " && " + ours.Path + " -f keepalived.conf -p here.pid -r there.pid"
	status, output, err := web.Run(n.context(time.Second), "/bin/sh", []string{"-c", shell}, ours.Env)
	n.must(err)
	if status != 0 {
		t.Fatalf("status %d, output %q", status, output)
	}
	n.holder(web, time.Second)
	parent := n.processOf(web, lab.Dir+"/here.pid")
	n.processOf(web, lab.Dir+"/there.pid")
	folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", parent))
	n.must(err)
	if folder != "/" {
		t.Errorf("the daemon stays in %s, want /", folder)
	}
	mark := n.Frames.Len()
	n.must(unix.Kill(parent, unix.SIGHUP))
	n.advert(mark, web, time.Second, "an advert", lives)
	n.must(unix.Kill(parent, unix.SIGTERM))
	n.nothingLeft(web)
	for _, name := range []string{"here.pid", "there.pid"} {
		if _, err := os.Lstat(web.Path(lab.Dir + "/" + name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

// TestStartFails holds exit status and words of starts that cannot succeed,
// by the launcher and in the foreground.
func TestStartFails(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	noInterface := strings.ReplaceAll(quick, "eth0", "eth9")
	for name, row := range map[string]struct {
		config string // "": no file
		args   []string
		status int
		says   string
	}{
		"no file":             {"", nil, 6, "no configuration file"},
		"missing interface":   {noInterface, nil, 2, "Non-existent interface specified in configuration"},
		"missing parameter":   {quick, []string{"-p"}, 1, "Missing parameter for option -p"},
		"unknown option":      {quick, []string{"-Z"}, 1, "Unknown option -Z"},
		"no folder for files": {quick, []string{"-p", lab.Dir + "/none/k.pid"}, 1, lab.Dir + "/none/k.pid"},
		"pid file is a link":  {quick, []string{"-p", lab.Dir + "/link"}, 1, lab.Dir + "/link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			path := lab.Dir + "/keepalived.conf"
			if row.config != "" {
				_, err := web.Write("keepalived.conf", row.config, 0o644)
				n.must(err)
			}
			n.must(os.Symlink(lab.Dir+"/keepalived.conf", web.Path(lab.Dir+"/link")))
			for _, foreground := range []string{"", "-n"} {
				arguments := slices.DeleteFunc([]string{foreground, "-f", path}, func(s string) bool { return s == "" })
				status, output := n.launch(web, append(arguments, row.args...)...)
				if status != row.status {
					t.Errorf("%q: status %d, want %d", foreground, status, row.status)
				}
				if got := strings.Count(output, row.says); got == 0 {
					t.Errorf("%q: output %q, want it to say %q", foreground, output, row.says)
				}
				n.nothingLeft(web)
			}
			if config, err := web.Read(path); err != nil || config != row.config {
				t.Errorf("the file behind the link has changed: %v\n%s", err, config)
			}
		})
	}
}

// TestNotRoot starts the daemon as somebody who may not open raw sockets. It
// goes on, which upstream does not, says why it is of no use, and crashes over
// nothing.
func TestNotRoot(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	path, err := web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	n.must(os.Chmod(web.Path(lab.Dir+"/tmp"), 0o777))
	arguments := []string{
		"--reuid", "65534", "--clear-groups", "--", ours.Path, "-n", "-l", "-f", path,
		"-p", lab.Dir + "/tmp/k.pid", "-r", lab.Dir + "/tmp/v.pid",
	}
	daemon, err := web.Start("/usr/bin/setpriv", arguments, ours.Env)
	n.must(err)
	_, err = daemon.WaitLine(n.context(time.Second), 0, "Entering FAULT STATE")
	n.must(err)
	_, err = daemon.WaitLine(n.context(time.Second), 0, "opening the VRRP socket on eth0")
	n.must(err)
	n.must(daemon.Signal(unix.SIGTERM))
	status, _, err := daemon.Wait(n.context(time.Second))
	n.must(err)
	output := daemon.Output()
	if status != 0 || !strings.Contains(output, "operation not permitted") || strings.Contains(output, "Respawning") {
		t.Errorf("status %d, want 0, the reason and one process only:\n%s", status, output)
	}
	n.nothingLeft(web)
}

// TestSecondDaemon refuses a daemon beside one that runs, and does not
// disturb the first one.
func TestSecondDaemon(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	first := n.start(web, ours, quick)
	n.holder(web, time.Second)
	child := n.processOf(web, pidFiles[1])
	for _, row := range []struct {
		args   []string
		status int
	}{
		{[]string{"-f", first.Config}, 1},
		{[]string{"-n", "-f", first.Config}, 0},                         // upstream says so and ends without a complaint
		{[]string{"-f", first.Config, "-p", lab.Dir + "/other.pid"}, 1}, // the VRRP process is there
	} {
		mark := n.Frames.Len()
		status, output := n.launch(web, row.args...)
		if status != row.status || strings.Count(output, "daemon is already running") != 1 {
			t.Errorf("%v: status %d, want %d and \"daemon is already running\" once:\n%s", row.args, status, row.status, output)
		}
		n.advert(mark, web, time.Second, "an advert of the first daemon", lives)
	}
	if got := n.processOf(web, pidFiles[0]); got != first.Pid() {
		t.Errorf("%s names process %d, want %d", pidFiles[0], got, first.Pid())
	}
	if got := n.processOf(web, pidFiles[1]); got != child {
		t.Errorf("%s names process %d, want %d", pidFiles[1], got, child)
	}
	n.stop(first)
	n.nothingLeft(web)
}

// TestStalePidFile starts over the files of a daemon that was killed.
func TestStalePidFile(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	first := n.start(web, ours, quick)
	n.holder(web, time.Second)
	n.must(first.KillAll(n.context(time.Second)))
	second := n.start(web, ours, quick)
	_, err := second.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.must(lab.Until(n.context(time.Second), "the new number in the pid file", func() error {
		content, err := web.Read(pidFiles[0])
		if err != nil {
			return err
		}
		table, err := web.Tree(second.Pid())
		if err != nil || len(table) == 0 || strconv.Itoa(table[0].Inside)+"\n" != content {
			return fmt.Errorf("it has %q, the processes are %v: %w", content, table, err)
		}
		return nil
	}))
	n.stop(second)
	n.nothingLeft(web)
}

// TestCrashWhileStarting ends a daemon by a fault of its own before it serves: the command that started it says so, with
// the last words.
func TestCrashWhileStarting(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	path, err := web.Write("keepalived.conf", "global_defs {\nscript_user root\nstartup_script \"/bin/sleep 60\"\n}\n"+n.dialect.config("MASTER", high), 0o644)
	n.must(err)
	launcher, err := web.Start(ours.Path, []string{"-f", path}, ours.Env)
	n.must(err)
	var parent int
	n.must(lab.Until(n.context(0), "the pid file", func() error {
		content, err := web.Read(parentPID)
		if err != nil {
			return err
		}
		inside, err := strconv.Atoi(strings.TrimSpace(content))
		if err == nil {
			parent, err = web.Outside(inside)
		}
		return err
	}))
	n.must(unix.Kill(parent, unix.SIGABRT))
	status, _, err := launcher.Wait(n.context(0))
	n.must(err)
	if status != 1 {
		t.Errorf("status %d", status)
	}
	_, err = launcher.WaitLine(n.context(0), 0, "ended during its start") // which may be read after the end was heard of
	n.must(err)
}
