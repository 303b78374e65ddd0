package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// ip runs ip(8) on a host.
func (n *network) ip(host *lab.Host, words string) string {
	n.t.Helper()
	status, output, err := host.Run(n.context(0), "ip", strings.Fields(words), nil)
	n.must(err)
	if status != 0 {
		n.t.Fatalf("ip %s: status %d, %s", words, status, output)
	}
	return output
}

// namespace makes a network namespace with a name on a host. Its eth0 leads to
// a cable end of the host's own.
func (n *network) namespace(host *lab.Host, name string) {
	n.t.Helper()
	n.ip(host, "netns add "+name)
	n.ip(host, "link add out"+name+" type veth peer name eth0 netns "+name)
	n.ip(host, "link set out"+name+" up")
	for _, words := range []string{"link set lo up", "link set eth0 up", "addr add 192.168.9.1/24 dev eth0"} {
		n.ip(host, "-n "+name+" "+words)
	}
}

// TestNetworkNamespace runs the daemon in a named network namespace: every
// thread of every process is there, and so are scripts; pid files and idents
// have the names of namespace and instance. At the end nothing is left.
func TestNetworkNamespace(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		config, suffix string
		args           []string
		files          []string
	}{
		"net_namespace": {"net_namespace red\n", "_red", nil, []string{"red/keepalived.pid", "red/vrrp.pid"}},
		"instance":      {"instance one\n", "_one", []string{"-s", "red"}, []string{"red/keepalived_one.pid", "red/vrrp_one.pid"}},
		"-s":            {"net_namespace blue\ninstance one\n", "_red_one", []string{"-s", "red"}, []string{"red/keepalived_one.pid", "red/vrrp_one.pid"}},
		"-p": {
			"net_namespace red\n", "_red", []string{"-p", lab.Dir + "/mine.pid", "-r", lab.Dir + "/vrrp.pid"},
			[]string{"../lab/mine.pid", "../lab/vrrp.pid"},
		},
	} {
		if name == "instance" {
			row.suffix = "_red_one"
		}
		for _, p := range []lab.Program{ours, peer} {
			t.Run(name+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				n.namespace(web, "red")
				syslog := n.syslog(web)
				script, err := web.Write("script.sh", "#!/bin/sh\nreadlink /proc/self/ns/net >> "+lab.Dir+"/hooks\n", 0o755)
				n.must(err)
				config := row.config + "global_defs {\nscript_user root\nstartup_script " + script + "\n}\n" +
					n.dialect.instance("VI_1", vrid, "MASTER", high, "192.168.9.80", "notify_master "+script+"\n")
				daemon := n.start(web, p, config, row.args...)
				n.must(lab.Until(n.context(n.dialect.masterDown(high)), "the address in the namespace", func() error {
					if found := n.ip(web, "-n red -br addr show dev eth0"); !strings.Contains(found, "192.168.9.80/32") {
						return fmt.Errorf("it has %s", found)
					}
					return nil
				}))
				n.onlyHostAddresses(web)
				red := strings.TrimSpace(n.ip(web, "netns exec red readlink /proc/self/ns/net"))
				n.hooked(web, red+"\n"+red+"\n")
				n.everyThread(web, daemon, red)
				for _, file := range row.files {
					n.processOf(web, "/run/keepalived/"+file)
				}
				for _, ident := range []string{"Keepalived", "Keepalived_vrrp"} {
					n.logged(web, syslog, `(?m) `+ident+row.suffix+`\[\d+\]: `)
				}
				n.stop(daemon)
				n.must(nobodyBut(n, web, syslog))
				for _, file := range append(row.files, ".") {
					if _, err := os.Lstat(web.Path("/run/keepalived/" + file)); !os.IsNotExist(err) {
						t.Errorf("%s is left: %v", file, err)
					}
				}
			})
		}
	}
}

// everyThread checks in which network namespace the threads of a daemon are.
func (n *network) everyThread(host *lab.Host, daemon *lab.Daemon, want string) {
	n.t.Helper()
	tree, err := host.Tree(daemon.Pid())
	n.must(err)
	if len(tree) < 2 {
		n.t.Errorf("%d processes, want a parent and a child", len(tree))
	}
	for _, process := range tree {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/ns/net", process.Pid))
		n.must(err)
		for _, task := range tasks {
			if got, err := os.Readlink(task); err != nil && !os.IsNotExist(err) || err == nil && got != want {
				n.t.Errorf("%s is %s, %v, want %s", task, got, err, want)
			}
		}
	}
}

// syslog starts a log daemon on a host.
func (n *network) syslog(host *lab.Host) *lab.Process {
	n.t.Helper()
	path, err := host.Write("rsyslog.conf", "module(load=\"imuxsock\")\n*.* /var/log/messages\n", 0o644)
	n.must(err)
	syslog, err := host.Syslog(n.context(0), sourceRoot, path)
	n.must(err)
	return syslog
}

// logged waits for a line in the log.
func (n *network) logged(host *lab.Host, syslog *lab.Process, pattern string) {
	n.t.Helper()
	n.must(lab.Until(n.context(0), pattern+" in the log", func() error {
		content, err := host.Read("/var/log/messages")
		if err == nil && !regexp.MustCompile(pattern).MatchString(content) {
			err = fmt.Errorf("it has:\n%s\nrsyslogd says:\n%s", content, syslog.Output())
		}
		return err
	}))
}

// nobodyBut waits until one process is the last one.
func nobodyBut(n *network, host *lab.Host, last *lab.Process) error {
	return lab.Until(n.context(0), "the other processes to end", func() error {
		table, err := host.Processes()
		if others := slices.DeleteFunc(table, func(e lab.Entry) bool { return e.Pid == last.Pid() }); err == nil && len(others) > 0 {
			err = fmt.Errorf("%v: %w", others, errStillThere)
		}
		return err
	})
}

// TestNetworkNamespaceMissing names a namespace that does not exist, and then
// another one in a reload: the first is no start, the second is refused.
func TestNetworkNamespaceMissing(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			instance := n.dialect.instance("VI_1", vrid, "MASTER", high, "192.168.9.80", "")
			for _, words := range []string{"-n -l", "-n -l -s red", ""} {
				config := "net_namespace red\n" + instance
				if strings.Contains(words, "-s") {
					config = instance
				}
				path, err := web.Write("keepalived.conf", config, 0o644)
				n.must(err)
				status, output, err := web.Run(n.context(0), p.Path, append(strings.Fields(words), "-f", path), p.Env)
				n.must(err)
				switch {
				case p.Name == peer.Name: // it says so in the log, and that it was a success
				case status != 1 || !strings.Contains(output, "ip netns add red"):
					t.Errorf("%q: status %d, output %q, want 1 and what to do", words, status, output)
				}
				n.must(nobody(n.context(0), web))
			}
			if p.Name != peer.Name {
				_, err := web.Write("red", "", 0o644)
				n.must(err)
				n.must(os.MkdirAll(web.Path("/run/netns"), 0o755))
				n.must(os.WriteFile(web.Path("/run/netns/red"), nil, 0o644))
				status, output, err := web.Run(n.context(0), p.Path, []string{"-n", "-l", "-s", "red", "-f", lab.Dir + "/keepalived.conf"}, p.Env)
				if err != nil || status != 1 || !strings.Contains(output, "is not a network namespace") {
					t.Errorf("status %d, output %q, %v, want 1 and that it is none", status, output, err)
				}
				n.must(os.Remove(web.Path("/run/netns/red")))
			}
			n.namespace(web, "red")
			n.namespace(web, "blue")
			daemon := n.start(web, p, "net_namespace red\ninstance one\n"+instance)
			_, err := daemon.WaitLine(n.context(n.dialect.masterDown(high)), 0, "Entering MASTER STATE")
			n.must(err)
			for config, line := range map[string]string{
				"net_namespace blue\ninstance one\n":                         "Cannot change network namespace at a reload - please restart keepalived",
				"instance one\n":                                             "Cannot change network namespace at a reload - please restart keepalived",
				"net_namespace red\ninstance two\n":                          "Cannot change instance name at a reload - please restart keepalived",
				"net_namespace red\n":                                        "Cannot change instance name at a reload - please restart keepalived",
				"net_namespace red\ninstance one\nnet_namespace_ipvs blue\n": "Cannot change IPVS network namespace at a reload - please restart keepalived",
			} {
				mark := daemon.Lines.Len()
				n.must(daemon.Reconfigure(config + strings.ReplaceAll(instance, ".80", ".81")))
				_, err = daemon.WaitLine(n.context(0), mark, line)
				n.must(err)
			}
			mark := daemon.Lines.Len()
			n.must(daemon.Reconfigure("net_namespace red\ninstance one\n" + strings.ReplaceAll(instance, ".80", ".82")))
			_, err = daemon.WaitLine(n.context(0), mark, "Reload complete")
			n.must(err)
			n.must(lab.Until(n.context(0), "192.168.9.82 in the namespace", func() error {
				if found := n.ip(web, "-n red -br addr show dev eth0"); strings.Contains(found, "192.168.9.81") || !strings.Contains(found, "192.168.9.82") {
					return fmt.Errorf("it has %s", found)
				}
				return nil
			}))
			n.stop(daemon)
		})
	}
}

// TestNamespaceDaemon starts without -n, with the path of the configuration
// from where the user is: the daemon is found by its pid file, a second one is
// refused, and a stop in the midst of a start leaves nothing.
func TestNamespaceDaemon(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	n.namespace(web, "red")
	_, err := web.Write("keepalived.conf", "net_namespace red\nuse_pid_dir\n"+n.dialect.instance("VI_1", vrid, "MASTER", high, "192.168.9.80", ""), 0o644)
	n.must(err)
	relative := strings.TrimPrefix(lab.Dir, "/") + "/keepalived.conf"
	for _, args := range [][]string{{"-f", relative}, {"-s", "red", "-f", relative}} {
		status, output := n.launch(web, args...)
		if status != 0 || output != "" {
			t.Fatalf("%v: status %d, output %q, want 0 and none", args, status, output)
		}
		pid := n.processOf(web, "/run/keepalived/red/keepalived.pid")
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err != nil || string(comm) != "keepalived\n" {
			t.Errorf("process %d is named %q, %v", pid, comm, err)
		}
		if status, output := n.launch(web, args...); status != 1 || !strings.Contains(output, "daemon is already running") {
			t.Errorf("a second one: status %d, output %q, want 1", status, output)
		}
		n.must(unix.Kill(pid, unix.SIGTERM))
		n.must(nobody(n.context(0), web))
		if _, err := os.Lstat(web.Path("/run/keepalived")); !os.IsNotExist(err) {
			t.Errorf("/run/keepalived is left: %v", err)
		}
	}
}

// TestNamespaceFromInside starts the daemon with ip netns exec, in the namespace
// that the configuration names as well. After the death of the parent alone
// everything ends, and a new start finds nothing in its way.
func TestNamespaceFromInside(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			n.namespace(web, "red")
			path, err := web.Write("keepalived.conf", "net_namespace red\n"+strings.ReplaceAll(quick, "192.168.4", "192.168.9"), 0o644)
			n.must(err)
			for _, end := range []unix.Signal{unix.SIGKILL, unix.SIGTERM} {
				daemon, err := web.Start("ip", []string{"netns", "exec", "red", p.Path, "-n", "-l", "-D", "-f", path}, p.Env)
				n.must(err)
				_, err = daemon.WaitLine(n.context(time.Second), 0, "Entering MASTER STATE")
				if err != nil {
					t.Fatalf("%v\n%s", err, daemon.Output())
				}
				red := strings.TrimSpace(n.ip(web, "netns exec red readlink /proc/self/ns/net"))
				n.everyThread(web, &lab.Daemon{Process: daemon}, red)
				n.must(daemon.Signal(end))
				_, _, err = daemon.Wait(n.context(time.Second))
				n.must(err)
				n.must(nobody(n.context(time.Second), web))
			}
		})
	}
}

// TestNamespaceStopEarly stops the daemon at any moment of its way into the
// namespace: nothing is left, whatever it had come to.
func TestNamespaceStopEarly(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	n.namespace(web, "red")
	path, err := web.Write("keepalived.conf", "net_namespace red\n"+strings.ReplaceAll(quick, "192.168.4", "192.168.9"), 0o644)
	n.must(err)
	for i := range 20 {
		daemon, err := web.Start(ours.Path, []string{"-n", "-l", "-f", path}, ours.Env)
		n.must(err)
		n.must(lab.Pass(t.Context(), time.Duration(1+i*3)*time.Millisecond))
		n.must(daemon.Signal(unix.SIGTERM))
		// Before its handlers stand the signal itself ends it.
		status, _, err := daemon.Wait(n.context(time.Second))
		if err != nil || status != 0 && status != -1 {
			t.Fatalf("after %d ms: status %d, %v\n%s", 1+i*3, status, err, daemon.Output())
		}
		n.must(nobody(n.context(time.Second), web))
		if found := n.ip(web, "-n red -br addr show dev eth0"); strings.Contains(found, "192.168.9.80") {
			t.Fatalf("after %d ms the namespace has %s", 1+i*3, found)
		}
	}
	if _, err := os.Lstat(web.Path("/run/keepalived")); !os.IsNotExist(err) {
		t.Errorf("/run/keepalived is left: %v", err)
	}
}

// TestPidFolder has the pid files in a folder of their own, without any
// namespace, for everybody to read whatever the umask.
func TestPidFolder(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ config, suffix string }{
		"use_pid_dir": {"use_pid_dir\n", ""},
		"instance":    {"instance one\n", "_one"},
	} {
		for _, p := range []lab.Program{ours, peer} {
			t.Run(name+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				daemon := n.start(web, p, row.config+n.dialect.config("MASTER", high), "-u", "0777")
				n.holds(web, n.dialect.masterDown(high))
				for _, file := range []string{"keepalived", "vrrp"} {
					n.processOf(web, "/run/keepalived/"+file+row.suffix+".pid")
				}
				info, err := os.Stat(web.Path("/run/keepalived"))
				if err != nil || info.Mode().Perm() != 0o755 {
					t.Errorf("/run/keepalived: %v, %v, want mode 0755", info.Mode(), err)
				}
				n.stop(daemon)
				for _, path := range append(pidFiles, "/run/keepalived") {
					if _, err := os.Lstat(web.Path(path)); !os.IsNotExist(err) {
						t.Errorf("%s is left: %v", path, err)
					}
				}
			})
		}
	}
}
