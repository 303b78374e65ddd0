package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// packaged returns a file of the folder packaging.
func (n *network) packaged(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(filepath.Join(sourceRoot, "packaging", name))
	n.must(err)
	return string(text)
}

// TestSamples holds that there is nothing to say about the configurations that
// we give to others.
func TestSamples(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	samples, err := filepath.Glob(filepath.Join(sourceRoot, "packaging/samples/*.conf"))
	if err != nil || len(samples) < 5 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	for _, sample := range samples {
		if status, output := n.launch(n.web[0], "-t", "-f", sample); status != 0 || output != "" {
			t.Errorf("%s: status %d, %s", filepath.Base(sample), status, output)
		}
	}
}

// capabilityBits are the numbers of capabilities, see capabilities(7).
var capabilityBits = map[string]uint{
	"chown": unix.CAP_CHOWN, "kill": unix.CAP_KILL, "setgid": unix.CAP_SETGID, "setuid": unix.CAP_SETUID,
	"net_bind_service": unix.CAP_NET_BIND_SERVICE, "net_admin": unix.CAP_NET_ADMIN, "net_raw": unix.CAP_NET_RAW,
	"ipc_lock": unix.CAP_IPC_LOCK, "sys_module": unix.CAP_SYS_MODULE, "sys_nice": unix.CAP_SYS_NICE, "sys_resource": unix.CAP_SYS_RESOURCE,
}

// capabilitiesOf are those that a drop-in of the unit gives, as setpriv(1) has
// them. What the machine of the tests has not got itself, it cannot give.
func (n *network) capabilitiesOf(dropIn, setting string) string {
	n.t.Helper()
	found := regexp.MustCompile(`(?m)^` + setting + `=(.+)$`).FindStringSubmatch(n.packaged("systemd/" + dropIn))
	if found == nil {
		n.t.Fatalf("%s has no %s", dropIn, setting)
	}
	var given []string
	for _, word := range strings.Fields(found[1]) {
		name := strings.ToLower(strings.TrimPrefix(word, "CAP_"))
		bit, ok := capabilityBits[name]
		if !ok {
			n.t.Fatalf("%s: what is %s?", dropIn, word)
		}
		if there, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(bit), 0, 0, 0); err == nil && there == 1 {
			given = append(given, "+"+name)
		}
	}
	return strings.Join(given, ",")
}

// rightsScript writes who runs it, and with which capabilities.
const rightsScript = "#!/bin/sh\necho \"$(id -u) $(id -g) $(sed -n 's/CapEff:.//p' /proc/self/status)\" > " + lab.Dir + "/tmp/$1\n"

// TestConfined runs the daemon with the capabilities that our drop-ins leave it,
// as root and as another user: it becomes Master, runs scripts as a third user,
// reloads and leaves nothing behind.
func TestConfined(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	const folder = "/run/keepalived"
	for name, row := range map[string]struct{ user, dropIn string }{
		"root": {"0", "hardened.conf"}, "another user": {"12345", "non-root.conf"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			confined := []string{"--no-new-privs", "--bounding-set=-all," + n.capabilitiesOf(row.dropIn, "CapabilityBoundingSet")}
			if row.user != "0" {
				ambient := n.capabilitiesOf(row.dropIn, "AmbientCapabilities")
				confined = append(confined, "--", "/usr/bin/setpriv", "--reuid", row.user, "--regid", row.user, "--clear-groups",
					"--inh-caps=-all,"+ambient, "--ambient-caps="+ambient)
			}
			script, err := web.Write("who.sh", rightsScript, 0o755)
			n.must(err)
			n.must(os.Chmod(web.Path(lab.Dir+"/tmp"), 0o777))
			n.must(os.Mkdir(web.Path(folder), 0o755))
			if row.user != "0" {
				n.must(os.Chown(web.Path(folder), 12345, 12345))
			}
			config := "global_defs {\nenable_script_security\n}\n" + strings.Replace(quick, "interface eth0", "interface eth0\nnotify_master \""+script+" a\" daemon", 1)
			path, err := web.Write("keepalived.conf", config, 0o644)
			n.must(err)
			files := []string{"-f", path, "-p", folder + "/keepalived.pid", "-r", folder + "/vrrp.pid", "-c", folder + "/checkers.pid"}
			command := append(append(confined, "--", ours.Path), files...)
			daemon, err := web.Start("/usr/bin/setpriv", append(command, "-n", "-l", "-D"), ours.Env)
			n.must(err)
			n.daemons = append(n.daemons, &lab.Daemon{Process: daemon, Program: ours, Config: path})
			n.holder(web, time.Second)
			n.must(lab.Until(n.context(time.Second), "the script", func() error {
				content, err := web.Read(lab.Dir + "/tmp/a")
				if err == nil && content != "1 1 0000000000000000\n" {
					err = fmt.Errorf("it wrote %q", content)
				}
				return err
			}))
			n.must(os.Remove(web.Path(lab.Dir + "/tmp/a")))
			status, output, err := web.Run(n.context(time.Second), "/usr/bin/setpriv", append(command, "--reload"), ours.Env)
			n.must(err)
			if status != 0 || output != "" {
				t.Errorf("the reload ended with %d, %s", status, output)
			}
			n.must(daemon.Signal(unix.SIGTERM))
			status, _, err = daemon.Wait(n.context(time.Second))
			n.must(err)
			said := daemon.Output()
			if status != 0 || strings.Contains(said, "permitted") || strings.Contains(said, "needs CAP") || strings.Contains(said, "denied") {
				t.Errorf("status %d:\n%s", status, said)
			}
			n.nothingLeft(web)
		})
	}
}

// TestCapabilityMissing names what is missing and what to do, in one line.
func TestCapabilityMissing(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for missing, left := range map[string]string{
		"CAP_NET_ADMIN": "+net_raw", "CAP_NET_RAW": "+net_admin",
	} {
		t.Run(missing, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			path, err := web.Write("keepalived.conf", quick, 0o644)
			n.must(err)
			n.must(os.Chmod(web.Path(lab.Dir+"/tmp"), 0o777))
			daemon, err := web.Start("/usr/bin/setpriv", []string{
				"--reuid", "12345", "--clear-groups", "--inh-caps=" + left, "--ambient-caps=" + left, "--", ours.Path, "-n", "-l",
				"-f", path, "-p", lab.Dir + "/tmp/k.pid", "-r", lab.Dir + "/tmp/v.pid",
			}, ours.Env)
			n.must(err)
			_, err = daemon.WaitLine(n.context(time.Second), 0, "Startup complete")
			n.must(err)
			n.must(daemon.Signal(unix.SIGTERM))
			_, _, err = daemon.Wait(n.context(time.Second))
			n.must(err)
			var named int
			for line := range strings.Lines(daemon.Output()) {
				if strings.Contains(line, missing) && strings.Contains(line, "AmbientCapabilities=") {
					named++
				}
			}
			if named != 1 {
				t.Errorf("%s is named in %d lines:\n%s", missing, named, daemon.Output())
			}
		})
	}
}

// openRC stands for openrc-run as far as our script needs it: it starts and stops by the variables, and calls what the
// script has for everything else.
const openRC = `#!/bin/sh
set -u
RC_SVCNAME=keepalived
ebegin() { echo "$*"; }
eend() { return "$1"; }
eerror() { echo "$*"; }
need() { :; }
use() { :; }
after() { :; }
. "$1"
. "$2"
depend || exit
case $3 in
start)
	for file in $required_files; do [ -r "$file" ] || exit 1; done
	exec start-stop-daemon --quiet --start --exec "$command" --pidfile "$pidfile" -- $command_args ;;
stop) exec start-stop-daemon --quiet --stop --retry 10 --exec "$command" --pidfile "$pidfile" ;;
*) case " $extra_commands $extra_started_commands " in *" $3 "*) "$3" ;; *) exit 2 ;; esac ;;
esac
`

// TestOpenRC starts, reloads and stops by the script of OpenRC, with what OpenRC does by the same program of Debian's.
func TestOpenRC(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	config, err := web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	pidFile := lab.Dir + "/rc.pid"
	runner, err := web.Write("openrc-run", openRC, 0o755)
	n.must(err)
	options := strings.NewReplacer(`"-D"`, `"-D -f `+config+" -p "+pidFile+`"`, "#KEEPALIVED_PIDFILE", "KEEPALIVED_PIDFILE", "/run/keepalived.pid", pidFile)
	confd, err := web.Write("confd", options.Replace(n.packaged("openrc/keepalived.confd")), 0o644)
	n.must(err)
	paths := strings.NewReplacer("/usr/sbin/keepalived", ours.Path, "/etc/keepalived/keepalived.conf", config)
	initd, err := web.Write("initd", paths.Replace(n.packaged("openrc/keepalived.initd")), 0o755)
	n.must(err)
	for _, step := range []struct {
		word, config string
		status       int
		says         string
		runs         bool
	}{
		{"checkconfig", quick, 0, "", false},
		{"checkconfig", "no_such_keyword\n" + quick, 0, "no_such_keyword", false},
		{"checkconfig", "vrrp_instance x {\nvirtual_router_id\n}\n", 1, "cannot be used", false},
		{"start", quick, 0, "", true},
		{"reload", quick, 0, "Reloading keepalived", true},
		{"reload", "{\n", 1, "Reload failed", true},
		{"nonsense", quick, 2, "", true},
		{"stop", quick, 0, "", false},
		{"reload", quick, 1, "Reloading keepalived", false},
	} {
		_, err := web.Write("keepalived.conf", step.config, 0o644)
		n.must(err)
		status, output, err := web.Run(n.context(5*time.Second), runner, []string{confd, initd, step.word}, ours.Env)
		n.must(err)
		_, missing := os.Stat(web.Path(pidFile))
		if status != step.status || !strings.Contains(output, step.says) || (missing == nil) != step.runs {
			t.Fatalf("%s: status %d, want %d, runs: %v, output %q, want %q in it", step.word, status, step.status, missing == nil, output, step.says)
		}
		if step.runs {
			n.holds(web, time.Second)
		}
	}
	n.nothingLeft(web)
}

// TestInitScript does with the plain script what an init system does.
func TestInitScript(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	config, err := web.Write("keepalived.conf", quick, 0o644)
	n.must(err)
	options, err := web.Write("default", "DAEMON_ARGS='-D -f "+config+"'\n", 0o644)
	n.must(err)
	text := strings.NewReplacer(
		"daemon=/usr/sbin/keepalived", "daemon="+ours.Path, "config=/etc/keepalived/keepalived.conf", "config="+config,
		"/etc/default/$name", options, "/lib/lsb/init-functions", "/none",
	).Replace(n.packaged("init/keepalived"))
	script, err := web.Write("init", text, 0o755)
	n.must(err)
	first := 0
	for _, step := range []struct {
		word   string
		config string
		status int
		says   string
		runs   bool
	}{
		{"status", quick, 3, "does not run", false},
		{"stop", quick, 0, "done", false},
		{"reload", quick, 1, "start it", false},
		{"try-restart", quick, 0, "", false},
		{"start", quick, 0, "done", true},
		{"start", quick, 0, "done", true},
		{"status", quick, 0, "runs as process", true},
		{"reload", quick, 0, "done", true},
		{"reload", "{\n", 1, "Reload failed", true},
		{"restart", quick, 0, "done", true},
		{"force-reload", quick, 0, "done", true},
		{"nonsense", quick, 2, "usage: ", true},
		{"stop", quick, 0, "done", false},
		{"status", quick, 3, "does not run", false},
		{"start", "", 0, "missing or empty", false},
	} {
		_, err := web.Write("keepalived.conf", step.config, 0o644)
		n.must(err)
		status, output, err := web.Run(n.context(5*time.Second), script, []string{step.word}, ours.Env)
		n.must(err)
		_, missing := os.Stat(web.Path(pidFiles[0]))
		if status != step.status || !strings.Contains(output, step.says) || (missing == nil) != step.runs {
			t.Fatalf("%s: status %d, want %d, runs: %v, output %q, want %q in it", step.word, status, step.status, missing == nil, output, step.says)
		}
		if step.runs {
			pid := n.processOf(web, pidFiles[0])
			if same := pid == first; first != 0 && same == (step.word == "restart") {
				t.Errorf("%s: process %d, was %d", step.word, pid, first)
			}
			first = pid
		}
	}
	n.nothingLeft(web)
}
