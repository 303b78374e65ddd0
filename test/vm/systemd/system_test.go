package systemd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// patience bounds one step: a machine in software is slow.
const patience = 90 * time.Second

// system is a running Debian system, in the network of a director.
type system struct {
	*lab.Lab
	t        *testing.T
	root     string // the source tree
	client   *lab.Host
	director *lab.Host
	server   *lab.Host
	manager  *lab.Process
	pid      int // of process 1 of the system, as this machine counts
	began    time.Time
}

const service = "10.9.0.100"

var serviceAddress = netip.MustParseAddr(service)

// bootSystem makes a client in 10.9.0.0/24, a server in 10.2.0.0/16 and a
// director in both, and boots the system on the director.
func bootSystem(t *testing.T) *system {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &system{Lab: l, t: t, root: root, began: time.Now()}
	t.Cleanup(s.finish)
	for at, host := range map[**lab.Host][2]string{
		&s.client: {"client", "10.9.0.2/24"}, &s.director: {"director", "10.9.0.1/24"}, &s.server: {"server", "10.2.0.11/16"},
	} {
		*at, err = l.AddHost(host[0], netip.MustParsePrefix(host[1]))
		s.must(err)
	}
	ctx := s.context()
	s.must(s.director.AddAddress(netip.MustParsePrefix("10.2.0.1/16")))
	s.must(s.director.Sysctl(ctx, "net/ipv4/ip_forward", "1"))
	s.must(s.server.IP(ctx, "route add default via 10.2.0.1"))
	tree := filepath.Join(root, ".cache/tree/root")
	start, err := filepath.Abs("testdata/start")
	s.must(err)
	s.manager, err = s.director.Start(start, []string{tree}, nil)
	s.must(err)
	s.await("systemd", s.findManager)
	s.await("the system to have started", func() error {
		if _, state := s.try("systemctl", "is-system-running"); state != "running" {
			return fmt.Errorf("it is %q", state)
		}
		return nil
	})
	s.note("the system runs")
	return s
}

// findManager finds process 1 of the system.
func (s *system) findManager() error {
	table, err := s.director.Processes()
	if err == nil {
		// The processes of the system are in a namespace of their own: only the
		// one that started it is in the host's.
		for _, e := range table {
			if s.pid, err = childNamed(e.Pid, "systemd"); err == nil {
				return nil
			}
		}
		err = errors.New("it is not there yet")
	}
	return err
}

// childNamed finds a child of a process by its name.
func childNamed(parent int, name string) (int, error) {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	if err != nil {
		return 0, err
	}
	for _, word := range strings.Fields(string(list)) {
		if comm, err := os.ReadFile("/proc/" + word + "/comm"); err == nil && strings.TrimSpace(string(comm)) == name {
			return strconv.Atoi(word)
		}
	}
	return 0, fmt.Errorf("process %d has no child %s", parent, name)
}

func (s *system) finish() {
	if s.t.Failed() && s.pid != 0 {
		_, log := s.try("journalctl", "--no-pager", "-o", "short-precise", "-n", "150")
		s.t.Logf("--- the journal:\n%s", log)
	}
	if s.t.Failed() && s.manager != nil {
		s.t.Logf("--- systemd:\n%s", s.manager.Output())
	}
	s.Close()
}

func (s *system) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// note says how far the test is.
func (s *system) note(format string, args ...any) {
	s.t.Logf("%5.1f s  %s", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

func (s *system) context() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *system) await(what string, check func() error) {
	s.t.Helper()
	s.must(lab.Until(s.context(), what, check))
}

// try runs a command in the system. Questions find nobody to answer.
func (s *system) try(words ...string) (status int, output string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), patience)
	defer cancel()
	enter := []string{"--target", strconv.Itoa(s.pid), "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net", "--root", "--wd", "--"}
	command := exec.CommandContext(ctx, "nsenter", append(enter, words...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
	text, err := command.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		s.t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, text)
	}
	return command.ProcessState.ExitCode(), strings.TrimSpace(string(text))
}

// run is try for a command that has to succeed.
func (s *system) run(words ...string) string {
	s.t.Helper()
	status, output := s.try(words...)
	if status != 0 {
		s.t.Fatalf("%s: status %d\n%s", strings.Join(words, " "), status, output)
	}
	return output
}

// path is a file of the system as this process reaches it.
func (s *system) path(inside string) string { return fmt.Sprintf("/proc/%d/root%s", s.pid, inside) }

// write puts a file into the system.
func (s *system) write(inside, text string) {
	s.t.Helper()
	s.must(os.MkdirAll(filepath.Dir(s.path(inside)), 0o755))
	s.must(os.WriteFile(s.path(inside), []byte(text), 0o644))
}

// read returns a file of the source tree.
func (s *system) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, name))
	s.must(err)
	return string(text)
}

// property asks for a property of the unit.
func (s *system) property(name string) string {
	s.t.Helper()
	return s.run("systemctl", "show", "--value", "-p", name, "keepalived")
}

// mainPID is the number of the daemon as the system counts, 0 for none.
func (s *system) mainPID() int {
	s.t.Helper()
	pid, err := strconv.Atoi(s.property("MainPID"))
	s.must(err)
	return pid
}

// kill sends a signal to a process of the system.
func (s *system) kill(signal unix.Signal, pid int) {
	s.t.Helper()
	s.run("kill", fmt.Sprintf("-%d", signal), strconv.Itoa(pid))
}

// vrrpPID is the number of the VRRP process.
func (s *system) vrrpPID() int {
	s.t.Helper()
	text, err := os.ReadFile(s.path("/run/vrrp.pid"))
	s.must(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	s.must(err)
	return pid
}

// master waits until the director has the address.
func (s *system) master() {
	s.t.Helper()
	s.await("the address on the director", func() error {
		has, err := s.director.Holds(serviceAddress)
		if err == nil && !has {
			err = errors.New("it is not there")
		}
		return err
	})
}

// away is for how long the address was gone since a mark in the record of
// addresses. It has to be back.
func (s *system) away(mark int) time.Duration {
	var gone time.Time
	var longest time.Duration
	for _, c := range s.director.Addresses.Since(mark) {
		switch {
		case c.Address != serviceAddress:
		case c.Present && !gone.IsZero():
			longest = max(longest, c.Time.Sub(gone))
			gone = time.Time{}
		case !c.Present && gone.IsZero():
			gone = c.Time
		}
	}
	return longest
}
