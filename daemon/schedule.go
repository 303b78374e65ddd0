package daemon

import (
	"cmp"
	"errors"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/notify"
)

// defaultRTTime is the default of *_rlimit_rttime, in microseconds.
const defaultRTTime = 10000

// scheduling is how this process is named and scheduled. Every thread is set, and those that the runtime makes later
// inherit it from one of them. (SCHED_RESET_ON_FORK, which upstream uses, would set those back.)
type scheduling struct {
	log    *logrus.Entry
	prefix string         // of the keywords: vrrp, checker
	runner *notify.Runner // the thread that it starts scripts from stays as it was

	original unix.CPUSet // before anything was set

	// Of max_auto_priority.
	tolerance atomic.Int64       // min_auto_priority_delay in nanoseconds: what is later is too late
	lates     chan time.Duration // wakeups that were too late

	mu     sync.Mutex
	now    config.Process
	most   int // max_auto_priority; 0 and less are none
	raised int // the priority because of late wakeups; 0 while there is none
	over   chan os.Signal
}

// newScheduling remembers how the process was started.
func newScheduling(log *logrus.Entry, r role, runner *notify.Runner) *scheduling {
	s := &scheduling{log: log, prefix: string(r), runner: runner, lates: make(chan time.Duration, 1)}
	if err := unix.SchedGetaffinity(0, &s.original); err != nil {
		s.complain("cpu_affinity", err)
	}
	s.tolerance.Store(math.MaxInt64)
	go s.hearLate()
	return s
}

// use takes the settings of a (new) configuration; what has not changed is left alone.
func (s *scheduling) use(p config.Process, g config.Global) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, priority := s.now, s.priority()
	s.now = p
	s.bound(g)
	if p.Name != before.Name {
		setProcessName(cmp.Or(p.Name, processName))
	}
	if !slices.Equal(p.CPUs, before.CPUs) {
		s.complain("cpu_affinity", s.each(s.affinity(p.CPUs)))
	}
	if p.Nice != before.Nice {
		s.complain("priority", s.each(func(thread int) error { return unix.Setpriority(unix.PRIO_PROCESS, thread, p.Nice) }))
	}
	if s.priority() != priority {
		s.complain("rt_priority", s.applyPriority())
	}
	if s.priority() > 0 && (priority == 0 || p.RTTime != before.RTTime) {
		s.complain("rlimit_rttime", s.limit(p.RTTime))
	}
	if p.NoSwap != before.NoSwap {
		s.complain("no_swap", lockMemory(p.NoSwap))
	}
}

// complain says what could not be set, and what it needs.
func (s *scheduling) complain(keyword string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, unix.EPERM) && keyword == "no_swap":
		s.log.Warnf("%s_%s is not set: %v: the capability CAP_IPC_LOCK is needed", s.prefix, keyword, err)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		s.log.Warnf("%s_%s is not set: %v: the capability CAP_SYS_NICE is needed", s.prefix, keyword, err)
	default:
		s.log.Warnf("%s_%s is not set: %v", s.prefix, keyword, err)
	}
}

// each sets every thread but the one of scripts, until a look finds no more of them.
func (s *scheduling) each(set func(thread int) error) error {
	done := map[int]bool{s.runner.Thread(): true}
	for range 10 {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		fresh := false
		for _, e := range entries {
			thread, err := strconv.Atoi(e.Name())
			if err != nil || done[thread] {
				continue
			}
			done[thread], fresh = true, true
			if err := set(thread); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
		if !fresh {
			break
		}
	}
	return nil
}

func (s *scheduling) affinity(cpus []int) func(int) error {
	set := s.original
	if len(cpus) > 0 {
		set = unix.CPUSet{}
		for _, cpu := range cpus {
			set.Set(cpu)
		}
	}
	return func(thread int) error { return unix.SchedSetaffinity(thread, &set) }
}

// setRealtime gives a thread a SCHED_RR priority, or 0: takes it away.
func setRealtime(thread, priority, nice int) error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: int32(nice)}
	if priority > 0 {
		attr.Policy, attr.Priority = unix.SCHED_RR, uint32(priority)
	}
	return unix.SchedSetAttr(thread, &attr, 0)
}

// limit bounds how long a thread may run under a realtime policy without a wait. The kernel tells with SIGXCPU, which
// is logged: the end, which upstream lets follow, would take the addresses away.
func (s *scheduling) limit(microseconds int) error {
	if microseconds == 0 {
		microseconds = defaultRTTime
	}
	if s.over == nil {
		s.over = make(chan os.Signal, 1)
		signal.Notify(s.over, unix.SIGXCPU)
		go s.watch()
	}
	return s.runner.Limit(unix.RLIMIT_RTTIME, uint64(microseconds))
}

// overPause is the least time between two lines about the limit.
const overPause = time.Minute

func (s *scheduling) watch() {
	var last time.Time
	for range s.over {
		if time.Since(last) > overPause {
			last = time.Now()
			s.log.Warnf("a thread ran longer than %s_rlimit_rttime without a wait", s.prefix)
		}
	}
}

// lockMemory keeps what is in memory there, and what comes to it. Pages that nothing has touched are not fetched.
func lockMemory(on bool) error {
	if !on {
		return unix.Munlockall()
	}
	return unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
}
