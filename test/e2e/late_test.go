package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestMaxAutoPriority stops the VRRP child for longer than it may be late: its
// realtime priority is raised by one each time, as far as it may be. A reload
// takes it back to what it may be then.
func TestMaxAutoPriority(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			config := func(most int) string {
				return fmt.Sprintf("global_defs {\nmax_auto_priority %d\nmin_auto_priority_delay 1000000\n}\n", most) + n.dialect.config("MASTER", high)
			}
			daemon := n.start(web, p, config(2))
			n.holds(web, n.dialect.masterDown(high))
			child, err := daemon.VRRPChild(n.context(0), 0)
			n.must(err)
			usual := lab.Thread{Name: "keepalived", CPUs: allowed()}
			n.scheduled(child, usual)
			steps := []string{"Set realtime priority 1", "Set realtime priority 2", "A thread timer expired"}
			if p.Name == peer.Name || checksItself() {
				steps = steps[:1] // it takes the first step only, because that sets the delay to 0
			}
			for _, want := range steps {
				n.must(n.wakeLate(daemon, child, want))
			}
			raised := usual
			raised.Policy, raised.Realtime = unix.SCHED_RR, min(2, len(steps))
			n.scheduled(child, raised)
			var limit unix.Rlimit
			n.must(unix.Prlimit(child, unix.RLIMIT_RTTIME, nil, &limit))
			if limit.Cur == unix.RLIM_INFINITY {
				t.Error("RLIMIT_RTTIME is not set")
			}
			if p.Name == ours.Name && !checksItself() {
				n.must(daemon.Reconfigure(config(1)))
				raised.Realtime = 1
				n.scheduled(child, raised)
				n.must(daemon.Reconfigure(config(-1)))
				n.scheduled(child, usual)
			}
			n.stop(daemon)
		})
	}
}

// lateTries is how often a process is made late: Debian's does not always notice.
const lateTries = 10

// wakeLate stops a process for longer than it may be late, until it says what is wanted.
func (n *network) wakeLate(d *lab.Daemon, child int, want string) (err error) {
	for range lateTries {
		mark := d.Lines.Len()
		n.must(unix.Kill(child, unix.SIGSTOP))
		n.must(lab.Pass(n.t.Context(), 1500*time.Millisecond))
		n.must(unix.Kill(child, unix.SIGCONT))
		ctx, cancel := context.WithTimeout(n.t.Context(), patience(0))
		_, err = d.WaitLine(ctx, mark, want)
		cancel()
		if err == nil || d.Program.Name == ours.Name && !checksItself() {
			return err
		}
	}
	return err
}
