package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Thread is how the kernel runs one thread.
type Thread struct {
	Name     string
	Policy   uint32 // unix.SCHED_NORMAL is 0
	Realtime int    // priority, 0 under the normal policy
	Nice     int
	CPUs     string // as in /proc: 0-1
}

// String is for messages.
func (th Thread) String() string {
	return fmt.Sprintf("%s policy %d priority %d nice %d cpus %s", th.Name, th.Policy, th.Realtime, th.Nice, th.CPUs)
}

// Threads are those of a process, by their numbers.
func Threads(pid int) (map[int]Thread, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return nil, err
	}
	all := map[int]Thread{}
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
		all[tid] = Thread{strings.TrimSpace(string(comm)), attr.Policy, int(attr.Priority), int(attr.Nice), StatusLine(task, "Cpus_allowed_list")}
	}
	return all, nil
}

// StatusLine is one value of a status file of /proc, "" when there is none.
func StatusLine(folder, key string) string {
	status, _ := os.ReadFile(folder + "/status") // an empty value is what the caller complains of
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Scheduled waits until every thread of a process but one is as wanted. The first one always is; the other one, which
// starts scripts, is as if nothing was set, on all the processors.
func Scheduled(ctx context.Context, pid int, want Thread, processors string) error {
	usual := Thread{Name: want.Name, CPUs: processors}
	return Until(ctx, "the threads to be set", func() error {
		all, err := Threads(pid)
		if err != nil {
			return err
		}
		var others []Thread
		for _, th := range all {
			if th != want {
				others = append(others, th)
			}
		}
		if all[pid] != want || len(others) > 1 || slices.ContainsFunc(others, func(th Thread) bool { return th != usual }) {
			return fmt.Errorf("the first thread is %v, others are %v, want %v", all[pid], others, want)
		}
		return nil
	})
}
