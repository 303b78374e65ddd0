package e2e

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// hook notes who runs it, and which pid files are there.
const hook = `#!/bin/sh
here() { if [ -e /run/$1.pid ]; then echo "$1 runs"; else echo "no $1"; fi; }
echo "$1: user $(id -u), $(here keepalived), $(here vrrp)" >> ` + lab.Dir + `/hooks
`

// TestStartupShutdownScripts has the parent run its scripts: one before the
// children, one after them, each as its user.
func TestStartupShutdownScripts(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			script, err := web.Write("hook.sh", hook, 0o755)
			n.must(err)
			_, err = web.Write("hooks", "", 0o666)
			n.must(err)
			global := "global_defs {\nenable_script_security\nscript_user root\n" +
				"startup_script \"" + script + " startup\" nobody\nshutdown_script \"" + script + " shutdown\"\n}\n"
			daemon := n.start(web, p, global+n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "notify_master \""+script+" master\"\n"))
			n.holds(web, n.dialect.masterDown(high))
			n.hooked(web, "startup: user 65534, keepalived runs, no vrrp\nmaster: user 0, keepalived runs, vrrp runs\n")
			n.stop(daemon)
			n.hooked(web, "startup: user 65534, keepalived runs, no vrrp\nmaster: user 0, keepalived runs, vrrp runs\n"+
				"shutdown: user 0, keepalived runs, no vrrp\n")
			for _, file := range []string{"/run/keepalived.pid", "/run/vrrp.pid"} {
				if left, err := web.Read(file); err != nil || left != "" {
					t.Errorf("%s is left, with %q, %v", file, left, err)
				}
			}
		})
	}
}

// TestShutdownScriptAfterDeath has the child die where it must not be started
// again: the script runs at this end, too.
func TestShutdownScriptAfterDeath(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			script, err := web.Write("hook.sh", "#!/bin/sh\necho $1 ran >> "+lab.Dir+"/hooks\n", 0o755)
			n.must(err)
			daemon := n.start(web, p, "global_defs {\nscript_user root\nshutdown_script \""+script+" shutdown\"\n}\n"+n.dialect.config("MASTER", high), "-R")
			n.holds(web, n.dialect.masterDown(high))
			child, err := daemon.VRRPChild(n.context(0), 0)
			n.must(err)
			n.must(unix.Kill(child, unix.SIGKILL))
			_, _, err = daemon.Wait(n.context(time.Second))
			n.must(err)
			n.hooked(web, "shutdown ran\n")
		})
	}
}

// hooked waits until the scripts have noted these lines.
func (n *network) hooked(host *lab.Host, want string) {
	n.t.Helper()
	n.must(lab.Until(n.context(0), "the notes of the scripts", func() error {
		got, err := host.Read(lab.Dir + "/hooks")
		if err == nil && got != want {
			err = fmt.Errorf("they are %q, want %q", got, want)
		}
		return err
	}))
}

// TestStartupScriptHangs has the script take longer than it may: the children
// start all the same. It fails, too, and ends by a signal.
func TestStartupScriptHangs(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ script, line string }{
		"hangs":  {"/bin/sleep 1000", "timed out"},
		"fails":  {"/bin/false", "failed, status 1"},
		"killed": {"/bin/sh -c 'kill -9 $$'", ""},
	} {
		for _, p := range []lab.Program{ours, peer} {
			t.Run(name+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				daemon := n.start(web, p, "global_defs {\nscript_user root\nstartup_script \""+row.script+"\"\nstartup_script_timeout 1\n}\n"+n.dialect.config("MASTER", high))
				n.holds(web, n.dialect.masterDown(high)+2*time.Second)
				_, err := daemon.WaitLine(n.context(0), 0, row.line)
				n.must(err)
				n.stop(daemon)
				n.must(nobody(n.context(0), web))
			})
		}
	}
}

// TestStopDuringScripts stops the daemon while a script runs that would take
// for ever: the startup script is ended, the shutdown script has its time.
func TestStopDuringScripts(t *testing.T) {
	t.Parallel()
	for name, keyword := range map[string]string{"startup": "startup_script", "shutdown": "shutdown_script"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			daemon := n.start(web, ours, "global_defs {\nscript_user root\n"+keyword+" \"/bin/sleep 1000\"\n"+keyword+"_timeout 1\n}\n"+n.dialect.config("MASTER", high))
			if name == "startup" {
				_, err := daemon.WaitLine(n.context(0), 0, "Running startup script")
				n.must(err)
			} else {
				n.holds(web, n.dialect.masterDown(high))
			}
			n.must(daemon.Signal(unix.SIGHUP)) // nothing is disturbed by a reload meanwhile
			n.must(daemon.Signal(unix.SIGTERM))
			status, _, err := daemon.Wait(n.context(2 * time.Second))
			n.must(err)
			if status != 0 {
				t.Errorf("status %d, want 0", status)
			}
			n.must(nobody(n.context(0), web))
			n.onlyHostAddresses(web)
		})
	}
}
