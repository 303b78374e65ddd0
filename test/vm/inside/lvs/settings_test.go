package lvs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// thread is how the kernel runs one thread.
type thread struct {
	name           string
	policy         uint32
	realtime, nice int
	cpus           string
}

// threadsOf are those of a process.
func threadsOf(pid int) (map[int]thread, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return nil, err
	}
	all := map[int]thread{}
	for _, task := range tasks {
		tid, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			return nil, err
		}
		attr, err := unix.SchedGetAttr(tid, 0)
		if err != nil {
			return nil, err
		}
		all[tid] = thread{statusOf(tid, "Name"), attr.Policy, int(attr.Priority), int(attr.Nice), statusOf(tid, "Cpus_allowed_list")}
	}
	return all, nil
}

// statusOf is one value of what the kernel tells of a process or thread, "" where there is none.
func statusOf(pid int, key string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, key+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestCheckerSettings sets name, priority and the rest for the process of the checks: every thread has them but the one
// that starts scripts, as Debian's process has them. A reload takes them back.
func TestCheckerSettings(t *testing.T) {
	const settings = "checker_process_name kc\nchecker_priority -6\nchecker_cpu_affinity 0\nchecker_no_swap\n"
	for name, row := range map[string]struct {
		global string
		want   thread
	}{
		"nice":     {settings, thread{"kc", unix.SCHED_NORMAL, 0, -6, "0"}},
		"realtime": {settings + "checker_rt_priority 20\nchecker_rlimit_rttime 70000\n", thread{"kc", unix.SCHED_RR, 20, 0, "0"}},
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
				usual := statusOf(os.Getpid(), "Cpus_allowed_list")
				f.runsAs(child, row.want, usual)
				if statusOf(child, "VmLck") == "0 kB" {
					t.Error("nothing is locked in memory")
				}
				var limit unix.Rlimit
				f.must(unix.Prlimit(child, unix.RLIMIT_RTTIME, nil, &limit))
				switch realtime := row.want.realtime > 0; {
				case !realtime && limit.Cur != unix.RLIM_INFINITY, realtime && limit.Cur == unix.RLIM_INFINITY:
					t.Errorf("RLIMIT_RTTIME is %+v", limit)
				case realtime && program.Name == ours.Name && limit.Cur%1_000_000 != 70_000: // the kernel adds a second when it is exceeded
					t.Errorf("RLIMIT_RTTIME is %+v, want 70000", limit)
				}
				if program.Name == ours.Name {
					f.must(d.Reconfigure(config("")))
					f.runsAs(child, thread{"keepalived", unix.SCHED_NORMAL, 0, 0, usual}, usual)
					f.must(lab.Until(f.patience(), "memory that is not locked", func() error {
						if size := statusOf(child, "VmLck"); size != "0 kB" {
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

// runsAs waits until every thread of a process runs as wanted, but the one that starts scripts.
func (f *farm) runsAs(pid int, want thread, cpus string) {
	f.t.Helper()
	scripts := thread{want.name, unix.SCHED_NORMAL, 0, 0, cpus}
	f.must(lab.Until(f.patience(), "the threads of the child to be set", func() error {
		all, err := threadsOf(pid)
		if err != nil {
			return err
		}
		others := 0
		for _, th := range all {
			if th == want {
				continue
			}
			if others++; th != scripts {
				return fmt.Errorf("a thread is %+v, want %+v", th, want)
			}
		}
		if all[pid] != want || others > 1 {
			return fmt.Errorf("the threads are %+v, want %+v", all, want)
		}
		return nil
	}))
}
