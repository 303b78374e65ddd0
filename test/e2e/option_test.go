package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestNoSyslog has one daemon that may not log to syslog, and then one that
// may: there are lines of the second alone.
func TestNoSyslog(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			path, err := web.Write("rsyslog.conf", "module(load=\"imuxsock\")\n*.* /var/log/all\n", 0o644)
			n.must(err)
			_, err = web.Syslog(n.context(time.Second), sourceRoot, path)
			n.must(err)
			silent := n.start(web, p, quick, "-G")
			n.holds(web, time.Second)
			inside := strings.TrimSpace(n.content(parentPID))
			n.stop(silent)
			loud := n.start(web, p, quick)
			n.must(lab.Until(n.context(2*time.Second), "the lines of the second daemon", func() error {
				all, err := web.Read("/var/log/all")
				if err == nil && !strings.Contains(all, "Entering MASTER STATE") {
					err = fmt.Errorf("there are:\n%s", all)
				}
				return err
			}))
			if all := n.content("/var/log/all"); strings.Contains(all, "["+inside+"]") {
				t.Errorf("-G, and process %s has said:\n%s", inside, all)
			}
			n.stop(loud)
		})
	}
}

// content is what a file of the first server holds, which has to be there.
func (n *network) content(path string) string {
	n.t.Helper()
	text, err := n.web[0].Read(path)
	n.must(err)
	return text
}

// TestUmaskOption gives a mask: dumps have it, the pid file has not.
func TestUmaskOption(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			daemon := n.start(web, p, quick, "--umask=022")
			n.holds(web, time.Second)
			n.dump(web, signalTo(daemon), unix.SIGUSR2, "keepalived.stats")
			for _, file := range []string{parentPID, vrrpPID, lab.Dir + "/tmp/keepalived.stats"} {
				if info, err := os.Stat(web.Path(file)); err != nil || info.Mode().Perm() != 0o644 {
					t.Errorf("%s: %v, %v", file, info, err)
				}
			}
			n.stop(daemon)
		})
	}
}

// TestIgnoreSIGINT has INT do nothing to any process of the daemon.
func TestIgnoreSIGINT(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick, "--ignore-sigint")
	n.holds(web, time.Second)
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	for range 3 {
		n.must(daemon.Signal(unix.SIGINT))
		n.must(unix.Kill(child, unix.SIGINT))
	}
	mark := n.Frames.Len()
	n.must(twentyMore(n, mark))
	if now, err := daemon.VRRPChild(n.context(time.Second), 0); err != nil || now != child {
		t.Errorf("the child is %d, %v, want %d", now, err, child)
	}
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestTemporaryFolder has the dumps in the folder that TMPDIR names, when it
// is an absolute path of a folder, and in /tmp otherwise.
func TestTemporaryFolder(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		for name, row := range map[string]struct {
			variable, folder string
			newer            bool // 2.2.7 takes a name without a look
		}{
			"another folder": {lab.Dir + "/other", lab.Dir + "/other", false},
			"a file":         {lab.Dir + "/keepalived.conf", "/tmp", true},
			"relative":       {"tmp", "/tmp", false},
			"none":           {lab.Dir + "/none", "/tmp", true},
		} {
			if row.newer && p.Name == "debian" {
				continue
			}
			t.Run(name+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				n.must(os.MkdirAll(web.Path(lab.Dir+"/other"), 0o755))
				p := n.ownTmp(web, p)
				path, err := web.Write("keepalived.conf", quick, 0o644)
				n.must(err)
				process, err := web.Start(p.Path, []string{"-n", "-l", "-f", path}, append(slices.Clone(p.Env), "TMPDIR="+row.variable))
				n.must(err)
				n.holds(web, time.Second)
				w, err := web.Watch(row.folder)
				n.must(err)
				defer w.Close()
				n.must(process.Signal(unix.SIGUSR2))
				n.must(w.Written(n.context(time.Second), "keepalived.stats"))
				n.must(process.Signal(unix.SIGTERM))
				status, _, err := process.Wait(n.context(time.Second))
				if err != nil || status != 0 {
					t.Errorf("status %d, %v", status, err)
				}
			})
		}
	}
}

// ownTmp gives a host a /tmp of its own, and the program by a path that is not
// below it: the source tree may be.
func (n *network) ownTmp(host *lab.Host, p lab.Program) lab.Program {
	n.t.Helper()
	const tree = lab.Dir + "/tree"
	n.must(os.MkdirAll(host.Path(tree), 0o755))
	for _, arguments := range [][]string{{"--bind", sourceRoot, tree}, {"-t", "tmpfs", "none", "/tmp"}} {
		status, output, err := host.Run(n.context(0), "/bin/mount", arguments, nil)
		if err != nil || status != 0 {
			n.t.Fatalf("mount %q: %d, %v, %s", arguments, status, err, output)
		}
	}
	moved := p
	moved.Path = strings.Replace(p.Path, sourceRoot, tree, 1)
	moved.Env = nil
	for _, variable := range p.Env {
		moved.Env = append(moved.Env, strings.ReplaceAll(variable, sourceRoot, tree))
	}
	return moved
}

// TestDefaultPaths starts a daemon without a word on its command line.
func TestDefaultPaths(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	_, output := n.launch(n.web[0])
	const path = "/etc/keepalived/keepalived.conf"
	if !strings.Contains(output, path) {
		t.Errorf("it says %q, want it to miss %s", output, path)
	}
	n.nothingLeft(n.web[0])
}
