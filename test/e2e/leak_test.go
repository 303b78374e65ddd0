package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// openFiles are the descriptors of a process, with what is behind them.
func openFiles(pid int) ([]string, error) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		name, err := os.Readlink(folder + "/" + e.Name())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		files = append(files, e.Name()+" "+name)
	}
	return files, nil
}

// TestNoLeaks reloads many times, good files and bad ones, and kills the
// child a few times: no process has more files open than before.
func TestNoLeaks(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	extra := `notify "/bin/true"` + "\n"
	config := func(priority int) string {
		return "global_defs {\nscript_user root\n}\n" + d.instance("VI_1", vrid, "MASTER", priority, vip.String(), extra)
	}
	daemon, _, _ := n.reconfigured(web, config(high))
	n.reload(daemon, config(high+1), "Reload complete") // whatever is opened once is open now
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	before := map[int][]string{}
	for _, pid := range []int{daemon.Pid(), child} {
		before[pid], err = openFiles(pid)
		n.must(err)
	}
	for i := range 20 {
		n.reload(daemon, config(high+i), "Reload complete")
		n.reload(daemon, config(high)+"}\n", "Reload failed")
	}
	n.noMoreFiles(before)
	parent := map[int][]string{daemon.Pid(): before[daemon.Pid()]}
	for range 3 {
		n.must(unix.Kill(child, unix.SIGKILL))
		child, err = daemon.VRRPChild(n.context(time.Second), child)
		n.must(err)
		n.must(second(n, n.Frames.Len()))
	}
	n.noMoreFiles(parent)
	n.stop(daemon)
	n.nothingLeft(web)
}

// noMoreFiles waits until processes have no more files open than before.
func (n *network) noMoreFiles(before map[int][]string) {
	n.t.Helper()
	for pid, files := range before {
		n.must(lab.Until(n.context(0), "files to be closed", func() error {
			now, err := openFiles(pid)
			if err == nil && len(now) > len(files) {
				err = fmt.Errorf("process %d had\n%s\nand has\n%s", pid, strings.Join(files, "\n"), strings.Join(now, "\n"))
			}
			return err
		}))
	}
}
