package notify

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// limits are the soft resource limits of this process that scripts do not inherit. A process has one set of limits for
// all its threads, so they are as they were for the moment in which a script is started.
type limits struct {
	mu     sync.Mutex
	before map[int]uint64 // by resource
}

// Limit sets a soft resource limit of this process, within the hard one. Scripts start with what it was before.
func (r *Runner) Limit(resource int, soft uint64) error {
	r.limits.mu.Lock()
	defer r.limits.mu.Unlock()
	before, err := setSoft(resource, soft)
	if err != nil {
		return err
	}
	r.limits.remember(resource, before)
	return nil
}

// LimitBefore says with which soft limit scripts are to start that this process was started without.
func (r *Runner) LimitBefore(resource int, soft uint64) {
	r.limits.mu.Lock()
	defer r.limits.mu.Unlock()
	r.limits.remember(resource, soft)
}

func (l *limits) remember(resource int, soft uint64) {
	if l.before == nil {
		l.before = map[int]uint64{}
	}
	if _, known := l.before[resource]; !known {
		l.before[resource] = soft
	}
}

// asBefore calls start while the limits are as they were.
func (l *limits) asBefore(start func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := map[int]uint64{}
	var failed error
	for resource, soft := range l.before {
		before, err := setSoft(resource, soft)
		if err == nil {
			now[resource] = before
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		failed = start()
	}
	for resource, soft := range now {
		if _, err := setSoft(resource, soft); err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

// setSoft sets a soft limit and returns the one before.
func setSoft(resource int, soft uint64) (before uint64, err error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		return 0, fmt.Errorf("reading a resource limit: %w", err)
	}
	before, l.Cur = l.Cur, min(soft, l.Max)
	if err := unix.Setrlimit(resource, &l); err != nil {
		return 0, fmt.Errorf("setting a resource limit: %w", err)
	}
	return before, nil
}
