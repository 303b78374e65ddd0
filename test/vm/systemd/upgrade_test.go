package systemd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// configuration of the director, with the priority to fill in.
const configuration = `vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority %d
    advert_int 1
    virtual_ipaddress {
        10.9.0.100/24
    }
}
virtual_server 10.9.0.100 80 {
    delay_loop 3
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.2.0.11 80 {
        TCP_CHECK {
            connect_timeout 10
        }
    }
}
`

const (
	configFile   = "/etc/keepalived/keepalived.conf"
	defaultsFile = "/etc/default/keepalived"
	// defaults are an administrator's, with -I as in many places.
	defaults = "# Options of this site\nDAEMON_ARGS=\"-D -I\"\n"
)

// restartSlack is how much longer than twice as long a restart may take than
// another one of the same machine, which may be busy. Where the old daemon was
// stopped before the files are replaced, it is far more.
const restartSlack = 3 * time.Second

// TestUpgrade goes the whole way: Debian's keepalived serves, our package is
// installed over it, lives through what happens to a service, and goes again.
func TestUpgrade(t *testing.T) {
	s := bootSystem(t)
	s.echo()
	s.write(configFile, fmt.Sprintf(configuration, 150))
	s.write(defaultsFile, defaults)
	s.run("systemctl", "start", "keepalived")
	s.master()
	connections := s.connect(100)

	mark := s.director.Addresses.Len()
	s.run("systemctl", "restart", "keepalived")
	s.awaitReturn(mark)
	upstreams := s.away(mark)
	connections.talk("after a restart of Debian's")

	s.upgrade(connections, upstreams)
	s.reload(connections)
	s.crash(connections)
	s.watchdog()
	s.confined(connections)
	s.credentials()
	s.units(connections)
	s.wayBack(connections)
}

// awaitReturn waits until the address has gone and come back.
func (s *system) awaitReturn(mark int) {
	s.t.Helper()
	s.await("the address to go and to come back", func() error {
		if s.away(mark) == 0 {
			return fmt.Errorf("%d changes", s.director.Addresses.Len()-mark)
		}
		return nil
	})
	s.master()
}

// ours tells whether our program is installed, and whether it is what runs.
func (s *system) ours() (installed, running bool) {
	s.t.Helper()
	_, version := s.try("keepalived", "-v")
	exe, err := os.Readlink(s.path(fmt.Sprintf("/proc/%d/exe", s.mainPID())))
	s.must(err)
	return strings.Contains(version, "keepalived-go"), exe == "/usr/sbin/keepalived" && s.property("StatusText") != ""
}

// upgrade installs our package over Debian's.
func (s *system) upgrade(c *connections, upstreams time.Duration) {
	s.t.Helper()
	s.install("bin/keepalived.deb", "/tmp/ours.deb")
	before := s.mainPID()
	mark := s.director.Addresses.Len()
	output := s.run("dpkg", "-i", "/tmp/ours.deb")
	s.awaitReturn(mark)
	c.talk("after the upgrade")
	away := s.away(mark)
	s.note("away for %.1f s, a restart of Debian's for %.1f s", away.Seconds(), upstreams.Seconds())
	if away > 2*upstreams+restartSlack {
		s.t.Errorf("the service was away for %v, a restart of Debian's takes %v", away, upstreams)
	}
	if installed, running := s.ours(); !installed || !running || s.mainPID() == before {
		s.t.Errorf("ours is installed: %v, runs: %v, pid %d after %d\n%s", installed, running, s.mainPID(), before, output)
	}
	if s.run("cat", defaultsFile)+"\n" != defaults {
		s.t.Errorf("the defaults file has changed")
	}
	if got := s.run("systemctl", "is-enabled", "keepalived"); got != "enabled" {
		s.t.Errorf("the unit is %s", got)
	}
	if got := s.property("StatusText"); got != "Master: VI_1" {
		s.t.Errorf("the status is %q", got)
	}
	if audit := s.run("dpkg", "--audit"); audit != "" {
		s.t.Errorf("dpkg complains: %s", audit)
	}
}

// install copies a file of this machine into the system.
func (s *system) install(from, inside string) {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.root, from))
	s.must(err)
	s.must(os.WriteFile(s.path(inside), content, 0o644))
}

// reload asks the unit for reloads, good and bad.
func (s *system) reload(c *connections) {
	s.t.Helper()
	main, mark := s.mainPID(), s.director.Addresses.Len()
	for _, row := range []struct {
		name, config string
		ok           bool
	}{
		{"another priority", fmt.Sprintf(configuration, 160), true},
		{"a brace is missing", strings.TrimSuffix(fmt.Sprintf(configuration, 170), "}\n"), false},
		{"no such interface", strings.ReplaceAll(fmt.Sprintf(configuration, 170), "eth0", "eth9"), false},
		{"as before", fmt.Sprintf(configuration, 150), true},
	} {
		s.write(configFile, row.config)
		status, output := s.try("systemctl", "reload", "keepalived")
		if (status == 0) != row.ok {
			s.t.Errorf("%s: status %d\n%s", row.name, status, output)
		}
		if state := s.property("ActiveState"); state != "active" || s.mainPID() != main {
			s.t.Errorf("%s: it is %s, process %d, was %d", row.name, state, s.mainPID(), main)
		}
	}
	journal := s.run("journalctl", "--no-pager", "-o", "cat", "-u", "keepalived")
	for _, want := range []string{"eth9", "keepalived --reload: Reload failed, the running configuration stays in force"} {
		if !strings.Contains(journal, want) {
			s.t.Errorf("the journal does not say %q:\n%s", want, journal)
		}
	}
	if s.director.Addresses.Len() != mark {
		s.t.Error("reloads have moved the address")
	}
	c.talk("after four reloads")
}

// crash kills the VRRP process, which nobody notices, then the daemon, which
// systemd starts again.
func (s *system) crash(c *connections) {
	s.t.Helper()
	main, child, mark := s.mainPID(), s.vrrpPID(), s.director.Addresses.Len()
	s.kill(unix.SIGKILL, child)
	s.await("another VRRP process", func() error {
		if text, err := os.ReadFile(s.path("/run/vrrp.pid")); err != nil || strings.TrimSpace(string(text)) == fmt.Sprint(child) {
			return fmt.Errorf("%s, %w", text, err)
		}
		return nil
	})
	s.await("the end of the old one", func() error {
		if _, err := os.Stat(s.path(fmt.Sprintf("/proc/%d", child))); err == nil {
			return fmt.Errorf("process %d is there", child)
		}
		return nil
	})
	if s.mainPID() != main {
		s.t.Error("the daemon was started again for a dead child")
	}
	if s.director.Addresses.Len() != mark {
		s.t.Error("the address has moved with a dead child")
	}
	s.kill(unix.SIGKILL, main)
	s.awaitStart(main)
	s.master()
	c.talk("after the daemon was killed")
}

// awaitStart waits until the daemon runs again that was process before.
func (s *system) awaitStart(before int) {
	s.t.Helper()
	s.await("another daemon", func() error {
		if pid, state := s.mainPID(), s.property("ActiveState"); pid == 0 || pid == before || state != "active" {
			return fmt.Errorf("process %d is %s", pid, state)
		}
		return nil
	})
}

// dropIn gives the unit more settings, with a word replaced.
func (s *system) dropIn(name, old, new string) {
	s.t.Helper()
	text := strings.Replace(s.read("packaging/systemd/"+name), old, new, 1)
	s.write("/etc/systemd/system/keepalived.service.d/"+name, text)
	s.run("systemctl", "daemon-reload")
}

// watchdog hangs a child, for which systemd ends the daemon and starts it again.
func (s *system) watchdog() {
	s.t.Helper()
	s.dropIn("watchdog.conf", "WatchdogSec=10", "WatchdogSec=4")
	s.run("systemctl", "restart", "keepalived")
	s.master()
	main := s.mainPID()
	s.kill(unix.SIGSTOP, s.vrrpPID())
	s.awaitStart(main)
	s.master()
	journal := s.run("journalctl", "--no-pager", "-o", "cat", "-u", "keepalived")
	for _, want := range []string{"does not answer: no more signs of life", "Watchdog timeout"} {
		if !strings.Contains(journal, want) {
			s.t.Errorf("the journal does not say %q", want)
		}
	}
	s.must(os.RemoveAll(s.path("/etc/systemd/system/keepalived.service.d")))
	s.note("the watchdog has started it again")
}

// confined runs the daemon with few rights and as another user.
func (s *system) confined(c *connections) {
	s.t.Helper()
	s.run("useradd", "--system", "--no-create-home", "keepalived")
	s.dropIn("hardened.conf", "", "")
	s.dropIn("non-root.conf", "", "")
	s.run("systemctl", "restart", "keepalived")
	s.master()
	status, err := os.ReadFile(s.path(fmt.Sprintf("/proc/%d/status", s.mainPID())))
	s.must(err)
	if strings.Contains(string(status), "\nUid:\t0") || !strings.Contains(string(status), "\nNoNewPrivs:\t1") {
		s.t.Errorf("it is not confined:\n%s", status)
	}
	s.run("systemctl", "reload", "keepalived")
	c.talk("with another user")
	invocation := s.run("journalctl", "--no-pager", "-o", "cat", "_SYSTEMD_INVOCATION_ID="+s.property("InvocationID"))
	for _, complaint := range []string{"not permitted", "denied", "needs CAP"} {
		if strings.Contains(invocation, complaint) {
			s.t.Errorf("it lacks a right:\n%s", invocation)
		}
	}
	s.must(os.RemoveAll(s.path("/etc/systemd/system/keepalived.service.d")))
	s.run("systemctl", "daemon-reload")
	s.run("systemctl", "restart", "keepalived")
	s.master()
}

// debians is Debian's package, which scripts/tree has kept.
func (s *system) debians() string {
	s.t.Helper()
	found, err := filepath.Glob(s.path("/var/cache/apt/archives/keepalived_*.deb"))
	if err != nil || len(found) != 1 {
		s.t.Fatalf("Debian's package: %q, %v", found, err)
	}
	return strings.TrimPrefix(found[0], s.path(""))
}

// wayBack installs Debian's package over ours.
func (s *system) wayBack(c *connections) {
	s.t.Helper()
	mark := s.director.Addresses.Len()
	s.run("dpkg", "-i", s.debians())
	s.awaitReturn(mark)
	c.talk("after the way back")
	if installed, running := s.ours(); installed || running {
		s.t.Errorf("ours is installed: %v, runs: %v", installed, running)
	}
	if s.run("cat", defaultsFile)+"\n" != defaults {
		s.t.Error("the defaults file has changed")
	}
	for _, left := range []string{"/run/keepalived.sock", "/usr/share/keepalived"} {
		if _, err := os.Lstat(s.path(left)); err == nil {
			s.t.Errorf("%s is left", left)
		}
	}
}
