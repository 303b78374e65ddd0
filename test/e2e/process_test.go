package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

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
		want   lab.Thread
		parent string // its name
	}{
		"nice":     {settings, lab.Thread{Name: "kv", Nice: -7, CPUs: "0"}, "kp"},
		"realtime": {settings + "vrrp_rt_priority 30\nvrrp_rlimit_rttime 50000\n", lab.Thread{Name: "kv", Policy: unix.SCHED_RR, Realtime: 30, CPUs: "0"}, "kp"},
		"names":    {"process_names\n", lab.Thread{Name: "keepalived_vrrp", CPUs: allowed()}, "keepalived"},
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
					cpus = row.want.CPUs // scripts stay on the processors of the child
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
					n.scheduled(child, lab.Thread{Name: "keepalived", CPUs: allowed()})
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
func locked(pid int) string { return lab.StatusLine(fmt.Sprintf("/proc/%d", pid), "VmLck") }

// named waits until the parent has a name. What was typed stays.
func (n *network) named(d *lab.Daemon, want string) {
	n.t.Helper()
	n.must(lab.Until(n.context(0), "the name of the parent", func() error {
		all, err := lab.Threads(d.Pid())
		if err != nil {
			return err
		}
		for _, th := range all {
			if th.Name != want {
				return fmt.Errorf("a thread is called %q, want %q", th.Name, want)
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
func allowed() string { return lab.StatusLine("/proc/self", "Cpus_allowed_list") }

// scheduled waits until every thread but one is as wanted. The first one
// always is.
func (n *network) scheduled(pid int, want lab.Thread) {
	n.t.Helper()
	n.must(lab.Scheduled(n.context(0), pid, want, allowed()))
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
