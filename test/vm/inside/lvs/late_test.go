package lvs

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestCheckerWakesUpLate stops the process of the checks for longer than it may
// be late: it gives itself a realtime priority.
func TestCheckerWakesUpLate(t *testing.T) {
	for _, program := range []lab.Program{ours, peer} {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 2)
			d, err := f.director.Keepalived(program, "global_defs {\nmax_auto_priority 5\nmin_auto_priority_delay 1500000\n}\n"+twoServers)
			f.must(err)
			f.daemons = append(f.daemons, d)
			f.await(wrrService, server11, server12)
			_, err = d.WaitLine(f.patience(), 0, "Startup complete")
			f.must(err)
			child := f.child("/run/checkers.pid", 0)
			f.must(unix.Kill(child, unix.SIGSTOP))
			f.must(lab.Pass(t.Context(), 4*time.Second))
			f.must(unix.Kill(child, unix.SIGCONT))
			_, err = d.WaitLine(f.patience(), 0, "A thread timer expired")
			f.must(err)
			_, err = d.WaitLine(f.patience(), 0, "Set realtime priority 1")
			f.must(err)
			switch attr, err := unix.SchedGetAttr(child, 0); {
			case err != nil && program.Name == peer.Name:
				t.Logf("Debian's process has not survived its realtime limit: %v", err)
			case err != nil:
				t.Error(err)
			case attr.Policy != unix.SCHED_RR || attr.Priority < 1:
				t.Errorf("policy %d, priority %d", attr.Policy, attr.Priority)
			}
			f.stop(d)
		})
	}
}
