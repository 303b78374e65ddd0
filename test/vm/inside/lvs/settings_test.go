package lvs

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestCheckerSettings sets name, priority and the rest for the process of the checks: every thread has them but the one
// that starts scripts, as Debian's process has them. A reload takes them back.
func TestCheckerSettings(t *testing.T) {
	const settings = "checker_process_name kc\nchecker_priority -6\nchecker_cpu_affinity 0\nchecker_no_swap\n"
	for name, row := range map[string]struct {
		global string
		want   lab.Thread
	}{
		"nice":     {settings, lab.Thread{Name: "kc", Nice: -6, CPUs: "0"}},
		"realtime": {settings + "checker_rt_priority 20\nchecker_rlimit_rttime 70000\n", lab.Thread{Name: "kc", Policy: unix.SCHED_RR, Realtime: 20, CPUs: "0"}},
	} {
		for _, program := range []lab.Program{ours, peer} {
			t.Run(name+" "+program.Name, func(t *testing.T) {
				t.Parallel()
				f := newFarm(t, 2)
				config := func(global string) string { return "global_defs {\n" + global + "}\n" + twoServers }
				d, err := f.director.Keepalived(program, config(row.global))
				f.must(err)
				f.daemons = append(f.daemons, d)
				f.await(wrrService, server11, server12)
				child := f.child("/run/checkers.pid", 0)
				proc := fmt.Sprintf("/proc/%d", child)
				usual := lab.StatusLine("/proc/self", "Cpus_allowed_list")
				f.must(lab.Scheduled(f.patience(), child, row.want, usual))
				if lab.StatusLine(proc, "VmLck") == "0 kB" {
					t.Error("nothing is locked in memory")
				}
				var limit unix.Rlimit
				f.must(unix.Prlimit(child, unix.RLIMIT_RTTIME, nil, &limit))
				switch realtime := row.want.Realtime > 0; {
				case !realtime && limit.Cur != unix.RLIM_INFINITY, realtime && limit.Cur == unix.RLIM_INFINITY:
					t.Errorf("RLIMIT_RTTIME is %+v", limit)
				case realtime && program.Name == ours.Name && limit.Cur%1_000_000 != 70_000: // the kernel adds a second when it is exceeded
					t.Errorf("RLIMIT_RTTIME is %+v, want 70000", limit)
				}
				if program.Name == ours.Name {
					f.must(d.Reconfigure(config("")))
					f.must(lab.Scheduled(f.patience(), child, lab.Thread{Name: "keepalived", CPUs: usual}, usual))
					f.must(lab.Until(f.patience(), "memory that is not locked", func() error {
						if size := lab.StatusLine(proc, "VmLck"); size != "0 kB" {
							return fmt.Errorf("%s are locked", size)
						}
						return nil
					}))
				}
				f.stop(d)
			})
		}
	}
}
