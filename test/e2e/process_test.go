package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

func (th thread) String() string {
	return fmt.Sprintf("%s policy %d priority %d nice %d cpus %s", th.name, th.policy, th.realtime, th.nice, th.cpus)
}

// threads are those of a process, by their numbers.
func threads(pid int) (map[int]thread, error) {
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
		comm, err := os.ReadFile(task + "/comm")
		if err != nil {
			return nil, err
		}
		all[tid] = thread{strings.TrimSpace(string(comm)), attr.Policy, int(attr.Priority), int(attr.Nice), statusLine(task, "Cpus_allowed_list")}
	}
	return all, nil
}

// statusLine is one value of a status file of /proc.
func statusLine(folder, key string) string {
	status, _ := os.ReadFile(folder + "/status") // an empty value is what the caller complains of
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// scheduleScript writes how it is run itself.
const scheduleScript = "#!/bin/sh\n(cat /proc/$$/comm; grep -h Cpus_allowed_list /proc/$$/status; grep -ho 'realtime timeout.*' /proc/$$/limits | tr -s ' '; cut -d' ' -f18,19,40,41 /proc/$$/stat) > " + lab.Dir + "/tmp/part\nmv " + lab.Dir + "/tmp/part " + lab.Dir + "/tmp/script\n"

// TestProcessSettings sets names, priorities and the rest for the VRRP child:
// every thread has them but the one that starts scripts, as Debian's process
// has them; scripts run as if nothing was set. A reload takes them back.
func TestProcessSettings(t *testing.T) {
	t.Parallel()
	const settings = "process_name kp\nvrrp_process_name kv\nvrrp_priority -7\nvrrp_cpu_affinity 0\nvrrp_no_swap\n"
	for name, row := range map[string]struct {
		global string
		want   thread
		parent string // its name
	}{
		"nice":     {settings, thread{"kv", unix.SCHED_NORMAL, 0, -7, "0"}, "kp"},
		"realtime": {settings + "vrrp_rt_priority 30\nvrrp_rlimit_rttime 50000\n", thread{"kv", unix.SCHED_RR, 30, 0, "0"}, "kp"},
		"names":    {"process_names\n", thread{"keepalived_vrrp", unix.SCHED_NORMAL, 0, 0, allowed()}, "keepalived"},
	} {
		for _, p := range []lab.Program{ours, peer} {
			t.Run(name+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				web := n.web[0]
				script, err := web.Write("script.sh", scheduleScript, 0o755)
				n.must(err)
				config := func(global string) string {
					return "global_defs {\nscript_user root\n" + global + "}\n" +
						n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "notify_master "+script+"\n")
				}
				daemon := n.start(web, p, config(row.global))
				n.holds(web, n.dialect.masterDown(high))
				child, err := daemon.VRRPChild(n.context(0), 0)
				n.must(err)
				n.scheduled(child, row.want)
				n.named(daemon, row.parent)
				cpus := allowed()
				if p.Name == peer.Name || checksItself() {
					cpus = row.want.cpus // scripts stay on the processors of the child
				}
				limit := "unlimited unlimited"
				if p.Name == peer.Name && strings.Contains(row.global, "rttime") {
					limit = "0 0" // Debian's sets what it has not read before
				}
				n.script(web, cpus, limit)
				if strings.Contains(row.global, "no_swap") && locked(child) == "0 kB" {
					t.Error("nothing is locked in memory")
				}
				if strings.Contains(row.global, "rttime") {
					var limit unix.Rlimit
					n.must(unix.Prlimit(child, unix.RLIMIT_RTTIME, nil, &limit))
					// Debian's takes half of it, and the kernel adds a second each time it is exceeded.
					if want := uint64(50000); p.Name == ours.Name && limit.Cur%1_000_000 != want || limit.Cur == unix.RLIM_INFINITY {
						t.Errorf("RLIMIT_RTTIME is %+v, want %d", limit, want)
					}
				}
				if p.Name == ours.Name && !checksItself() {
					n.must(daemon.Reconfigure(config("")))
					n.scheduled(child, thread{"keepalived", unix.SCHED_NORMAL, 0, 0, allowed()})
					n.named(daemon, "keepalived")
					n.must(lab.Until(n.context(0), "memory that is not locked", func() error {
						if size := locked(child); size != "0 kB" {
							return fmt.Errorf("%s are locked", size)
						}
						return nil
					}))
				}
				n.stop(daemon)
			})
		}
	}
}

// locked is how much memory of a process is never written to a disk.
func locked(pid int) string { return statusLine(fmt.Sprintf("/proc/%d", pid), "VmLck") }

// named waits until the parent has a name. What was typed stays.
func (n *network) named(d *lab.Daemon, want string) {
	n.t.Helper()
	n.must(lab.Until(n.context(0), "the name of the parent", func() error {
		all, err := threads(d.Pid())
		if err != nil {
			return err
		}
		for _, th := range all {
			if th.name != want {
				return fmt.Errorf("a thread is called %q, want %q", th.name, want)
			}
		}
		return nil
	}))
	words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", d.Pid()))
	n.must(err)
	typed, _, _ := strings.Cut(string(words), "\x00")
	if filepath.Base(typed) != "keepalived" || !strings.Contains(string(words), "\x00"+d.Config+"\x00") {
		n.t.Errorf("the arguments of the parent are %q", words)
	}
}

// allowed is where this process may run.
func allowed() string { return statusLine("/proc/self", "Cpus_allowed_list") }

// scheduled waits until every thread but one is as wanted. The first one
// always is.
func (n *network) scheduled(pid int, want thread) {
	n.t.Helper()
	usual := thread{want.name, unix.SCHED_NORMAL, 0, 0, allowed()}
	n.must(lab.Until(n.context(0), "the threads of the child to be set", func() error {
		all, err := threads(pid)
		if err != nil {
			return err
		}
		var others []thread
		for _, th := range all {
			if th != want {
				others = append(others, th)
			}
		}
		if all[pid] != want || len(others) > 1 || slices.ContainsFunc(others, func(th thread) bool { return th != usual }) {
			return fmt.Errorf("the first thread is %v, others are %v, want %v", all[pid], others, want)
		}
		return nil
	}))
}

// script waits for the script, which runs on some processors with some limit
// of the time under a realtime policy, and as ever otherwise.
func (n *network) script(host *lab.Host, cpus, limit string) {
	n.t.Helper()
	want := "script.sh\nCpus_allowed_list:\t" + cpus + "\nrealtime timeout " + limit + " us \n20 0 0 0\n"
	n.must(lab.Until(n.context(0), "the script", func() error {
		got, err := host.Read(lab.Dir + "/tmp/script")
		if err == nil && got != want {
			err = fmt.Errorf("it runs as %q, want %q", got, want)
		}
		return err
	}))
}
