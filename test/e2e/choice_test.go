package e2e

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestProcessChoice starts with -P, -C and -B: which processes there are, and which have a pid file.
func TestProcessChoice(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			processChoice(t, p)
		})
	}
}

func processChoice(t *testing.T, p lab.Program) {
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	for _, row := range []struct {
		option string
		files  []string
		none   string
		config string
	}{
		{"-P", pidFiles, "/run/checkers.pid", quick},
		{"--vrrp", pidFiles, "/run/checkers.pid", quick},
		{"-B", pidFiles, "/run/bfd.pid", quick},
		{"-C", pidFiles[:1], "/run/vrrp.pid", quick},
		{"-P", pidFiles[:1], "/run/vrrp.pid", "global_defs {\nrouter_id x\n}\n"}, // nothing to do
	} {
		daemon := n.start(web, p, row.config, row.option)
		for _, file := range row.files {
			n.must(lab.Until(n.context(10*time.Second), file, func() error {
				if content, err := web.Read(file); err != nil || !strings.HasSuffix(content, "\n") {
					return fmt.Errorf("it has %q: %w", content, err)
				}
				return nil
			}))
		}
		if len(row.files) == 2 {
			n.holds(web, 10*time.Second)
		}
		if _, err := os.Lstat(web.Path(row.none)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s is there: %v", row.option, row.none, err)
		}
		tree, err := web.Tree(daemon.Pid())
		n.must(err)
		if len(tree) != len(row.files) {
			t.Errorf("%s: %d processes, want %d: %v", row.option, len(tree), len(row.files), tree)
		}
		n.must(handles(n, daemon.Pid()))
		n.stop(daemon)
		n.nothingLeft(web)
	}
}

// handles waits until a process has handlers for SIGHUP and SIGTERM of its own.
func handles(n *network, pid int) error {
	return lab.Until(n.context(10*time.Second), "the handlers", func() error {
		var bits uint64 // caught, or blocked to be read from a descriptor
		for _, key := range []string{"SigCgt", "SigBlk"} {
			set, err := strconv.ParseUint(lab.StatusLine(fmt.Sprintf("/proc/%d", pid), key), 16, 64)
			if err != nil {
				return fmt.Errorf("%s of process %d: %w", key, pid, err)
			}
			bits |= set
		}
		if bits>>(unix.SIGHUP-1)&1 == 0 || bits>>(unix.SIGTERM-1)&1 == 0 {
			return fmt.Errorf("process %d catches %x", pid, bits)
		}
		return nil
	})
}
