package e2e

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestCoreDump lets the processes leave core files, but not their scripts. The
// pattern of their names is that of the host only as long as the daemon runs.
func TestCoreDump(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			script, err := web.Write("script.sh", "#!/bin/sh\necho $1 $(ulimit -S -c) >> "+lab.Dir+"/hooks\n", 0o755)
			n.must(err)
			const pattern = "/proc/sys/kernel/core_pattern"
			args := []string{"-c", "ulimit -S -c 8; exec \"$0\" \"$@\"", p.Path, "-n", "-l", "-D", "-m"}
			if p.Name != peer.Name && !checksItself() {
				// What stands for the kernel's file here belongs to the whole machine. Debian's writes behind what it has read.
				file, err := web.Write("pattern", "|/collector %P\n", 0o644)
				n.must(err)
				status, output, err := web.Run(n.context(0), "mount", []string{"--bind", file, pattern}, nil)
				if n.must(err); status != 0 {
					t.Fatalf("binding the pattern: %s", output)
				}
				args = append(args, "--core-dump-pattern=core.%e")
			}
			path, err := web.Write("keepalived.conf", "global_defs {\nscript_user root\nstartup_script \""+script+" startup\"\n}\n"+
				n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "notify_master \""+script+" master\"\n"), 0o644)
			n.must(err)
			process, err := web.Start("/bin/sh", append(args, "-f", path), p.Env)
			n.must(err)
			daemon := &lab.Daemon{Process: process, Program: p, Config: path}
			n.daemons = append(n.daemons, daemon)
			n.holds(web, n.dialect.masterDown(high))
			n.hooked(web, "startup 8\nmaster 8\n")
			n.must(lab.Until(n.context(0), "the two processes, without a script's", func() error { return mayDump(web, process.Pid()) }))
			ours := p.Name != peer.Name && !checksItself()
			if got := n.read1(web, pattern); ours && got != "core.%e\n" {
				t.Errorf("the pattern is %q", got)
			}
			n.stop(daemon)
			if got := n.read1(web, pattern); ours && got != "|/collector %P\n" {
				t.Errorf("the pattern is %q at the end", got)
			}
		})
	}
}

// mayDump checks that a parent and its child are there alone and may leave a core of any size.
func mayDump(host *lab.Host, parent int) error {
	tree, err := host.Tree(parent)
	if err != nil {
		return err
	}
	if len(tree) != 2 {
		return fmt.Errorf("processes %v, want a parent and a child", tree)
	}
	for _, e := range tree {
		var limit unix.Rlimit
		if err := unix.Prlimit(e.Pid, unix.RLIMIT_CORE, nil, &limit); err != nil {
			return err
		}
		if limit.Cur != unix.RLIM_INFINITY {
			return fmt.Errorf("process %d may leave a core of %d bytes", e.Pid, limit.Cur)
		}
	}
	return nil
}
