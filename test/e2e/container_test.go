package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// orphanScript leaves processes behind that end later, each in its own way.
const orphanScript = `#!/bin/sh
for word in one two three; do
	setsid sh -c "sleep 0.3; echo $word >> ` + lab.Dir + `/hooks" &
done
(sh -c "exit 3" &)
`

// TestFirstProcess runs the daemon as the first process of a container. It
// takes notice of the end of processes that scripts have left to it, starts
// its child again when that is killed, and ends as ever.
func TestFirstProcess(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			script, err := web.Write("script.sh", orphanScript, 0o755)
			n.must(err)
			path, err := web.Write("keepalived.conf", "global_defs {\nscript_user root\n}\n"+
				n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "notify_master "+script+"\n"), 0o644)
			n.must(err)
			// The daemon of the container has its own /proc; unshare waits for it.
			container, err := web.Start("unshare", []string{"-p", "-f", "--mount-proc", p.Path, "-n", "-l", "-D", "-f", path}, p.Env)
			n.must(err)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the daemon says:\n%s", container.Output())
				}
			})
			n.holds(web, n.dialect.masterDown(high))
			first := n.firstProcess(container)
			n.must(lab.Until(n.context(0), "the end of what the script has left", func() error {
				got, err := web.Read(lab.Dir + "/hooks")
				words := strings.Fields(got)
				if slices.Sort(words); err == nil && !slices.Equal(words, []string{"one", "three", "two"}) {
					err = fmt.Errorf("only %q", words)
				}
				return err
			}))
			n.noDead(first)

			vrrp := n.vrrpOf(first)
			mark := container.Lines.Len()
			n.must(unix.Kill(vrrp, unix.SIGKILL))
			_, err = container.WaitLine(n.context(0), 0, "died: Respawning")
			n.must(err)
			// Debian's child loses a TERM that comes before it has begun.
			_, err = container.WaitLine(n.context(n.dialect.masterDown(high)), mark, "MASTER")
			n.must(err)
			n.must(lab.Until(n.context(0), "another child", func() error {
				if n.vrrpOf(first) == vrrp {
					return errStillThere
				}
				return nil
			}))
			n.noDead(first)
			n.must(unix.Kill(first, unix.SIGTERM))
			status, _, err := container.Wait(n.context(0))
			if err != nil || status != 0 {
				t.Errorf("status %d, %v, want 0", status, err)
			}
			n.onlyHostAddresses(web)
		})
	}
}

// firstProcess is the daemon in its container, as this machine counts.
func (n *network) firstProcess(container *lab.Process) int {
	n.t.Helper()
	children := childrenOf(container.Pid())
	if len(children) != 1 {
		n.t.Fatalf("the container has processes %v, want one", children)
	}
	return children[0]
}

// childrenOf are the processes that a process has started.
func childrenOf(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well formed
	var all []int
	for _, file := range files {
		text, _ := os.ReadFile(file) // a thread may have ended
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// vrrpOf is the child of a daemon that runs, 0 while there is none.
func (n *network) vrrpOf(daemon int) int {
	for _, child := range childrenOf(daemon) {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child))
		if err == nil && bytes.HasPrefix(comm, []byte("keepalived")) && !dead(child) {
			return child
		}
	}
	return 0
}

// noDead waits until no child of a daemon has ended unnoticed.
func (n *network) noDead(daemon int) {
	n.t.Helper()
	n.must(lab.Until(n.context(5*time.Second), "the end of all children to be noticed", func() error {
		children := childrenOf(daemon)
		if len(children) == 0 {
			return errors.New("it has no children")
		}
		if left := slices.DeleteFunc(children, func(pid int) bool { return !dead(pid) }); len(left) > 0 {
			return fmt.Errorf("processes %v are dead", left)
		}
		return nil
	}))
}

// dead tells whether a process has ended and nobody has waited for it.
func dead(pid int) bool {
	return strings.HasPrefix(lab.StatusLine(fmt.Sprintf("/proc/%d", pid), "State"), "Z")
}
