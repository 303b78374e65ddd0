package daemon

import (
	"fmt"
	"time"

	"keepalived-go/config"
)

// bound takes the bounds of a (new) configuration. What was raised stays within them. The caller has the lock.
func (s *scheduling) bound(g config.Global) {
	s.most = g.MaxAutoPriority
	s.tolerance.Store(int64(time.Duration(g.MinAutoPriorityDelay) * time.Microsecond))
	s.raised = max(min(s.raised, s.most), 0)
}

// priority is the realtime priority that the process is to have; 0 is none. The caller has the lock.
func (s *scheduling) priority() int { return max(s.now.RTPriority, s.raised) }

// applyPriority gives it to every thread. The caller has the lock.
func (s *scheduling) applyPriority() error {
	return s.each(func(thread int) error { return setRealtime(thread, s.priority(), s.now.Nice) })
}

// late hears of a wakeup that was late. It returns at once: while the priority is raised, more of them say nothing new.
func (s *scheduling) late(by time.Duration) {
	if by <= time.Duration(s.tolerance.Load()) {
		return
	}
	select {
	case s.lates <- by:
	default:
	}
}

// hearLate raises the priority by one whenever the process was too late.
func (s *scheduling) hearLate() {
	for by := range s.lates {
		s.mu.Lock()
		s.raise(by)
		s.mu.Unlock()
	}
}

func (s *scheduling) raise(by time.Duration) {
	s.log.Infof("A thread timer expired %s seconds ago", seconds(by))
	before := s.priority()
	if before >= s.most {
		return
	}
	s.raised = before + 1
	if err := s.applyPriority(); err != nil {
		s.complain("rt_priority", err)
		s.raised, s.most = 0, 0 // it would fail again
		return
	}
	if before == 0 {
		s.complain("rlimit_rttime", s.limit(s.now.RTTime))
	}
	s.log.Infof("Set realtime priority %d", s.priority())
}

// seconds is a duration as upstream's log has it.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%d.%06d", d/time.Second, d%time.Second/time.Microsecond)
}
