package check

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/check/httpget"
	"keepalived-go/config"
)

// spareDescriptors is what a process of checks needs besides one descriptor for each check.
const spareDescriptors = 64

// descriptorsForChecks is how many checks can be in flight: each one has a descriptor, and one more would fail for
// want of it, which says nothing about the server.
func descriptorsForChecks() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 - spareDescriptors
	}
	return int(max(min(limit.Cur, 1<<20), 2*spareDescriptors)) - spareDescriptors
}

// launchDue starts every check that is due.
func (e *Engine) launchDue(now time.Time) {
	for {
		t, ok := e.schedule.take(now)
		if !ok {
			break
		}
		if t.vs.suspended {
			e.schedule.set(t, now.Add(max(t.config().Timing.DelayLoop, time.Millisecond)))
			continue
		}
		t.waiting = true
		e.ready = append(e.ready, t)
	}
	e.launchReady()
}

// launchReady starts the checks that wait, oldest first, while there is room.
func (e *Engine) launchReady() {
	n := 0
	for ; n < len(e.ready) && e.inFlight < e.limit; n++ {
		t := e.ready[n]
		t.waiting = false
		if !t.gone {
			e.launch(t)
		}
	}
	rest := copy(e.ready, e.ready[n:])
	clear(e.ready[rest:])
	e.ready = e.ready[:rest]
	if crowded := rest > 0; crowded != e.crowded {
		e.crowded = crowded
		if crowded {
			e.log.Warnf("%d checks are in flight, more are not possible: checks start late", e.inFlight)
		}
	}
}

// launch starts one check.
func (e *Engine) launch(t *task) {
	ctx, cancel := context.WithTimeout(context.Background(), patience(t.config()))
	t.inFlight, t.cancel = true, cancel
	part := t.vs.state.servers[t.server].checkers[t.checker].part
	prober := t.prober
	e.inFlight++
	e.checks.Add(1)
	go func() {
		defer e.checks.Done()
		defer cancel()
		f := finding{t, part, probe(ctx, prober, part)}
		select {
		case e.finished <- f:
		case <-e.stopped:
		}
	}()
}

// stages is how many times connect_timeout a check can take: connecting, the handshake, sending and the first answer.
const stages = 4

// patience is the longest that a check may take, whatever the server does: a server that keeps answering a little is
// given until its next turn would be.
func patience(c *config.Checker) time.Duration {
	if c.Kind == config.CheckHTTP || c.Kind == config.CheckSSL {
		// A slow page passes while something comes in each connect_timeout.
		return max(c.Timing.DelayLoop, httpget.DefaultOverall(c.Timing.ConnectTimeout))
	}
	return max(c.Timing.DelayLoop, stages*c.Timing.ConnectTimeout)
}

// probe makes a check. What goes wrong inside of it must not take all the others down.
func probe(ctx context.Context, p Prober, part int) (r Result) {
	defer func() {
		if fault := recover(); fault != nil {
			r = Result{Broken: fmt.Errorf("fault in the check: %v\n%s", fault, debug.Stack())}
		}
	}()
	return p.Probe(ctx, part)
}

// impossible is a check that cannot be made.
type impossible struct{ err error }

// Probe says why.
func (i impossible) Probe(context.Context, int) Result { return Result{Broken: i.err} }

// finish takes the result of a check.
func (e *Engine) finish(now time.Time, f finding) {
	t := f.task
	for t.forward != nil {
		t = t.forward
	}
	e.inFlight--
	t.inFlight, t.cancel = false, nil
	if t.gone {
		return
	}
	if f.result.Broken != nil {
		e.sayBroken(t, f.result.Broken)
	} else {
		t.broken = false
	}
	v := t.vs
	e.sayNotice(t, f)
	before := v.state.servers[t.server].checkers[t.checker].up
	pause, actions := v.state.checked(t.server, t.checker, f.result)
	e.perform(v, actions)
	if after := v.state.servers[t.server].checkers[t.checker]; after.up != before {
		v.servers[t.server] = struct{}{}
		e.touch(v)
	}
	e.schedule.set(t, now.Add(pauseOf(pause, t.config().Timing)))
}

// sayNotice says what is odd about a part of a check when it is another thing than before.
func (e *Engine) sayNotice(t *task, f finding) {
	n := f.result.Notice
	if n == t.notices[f.part] {
		return
	}
	if t.notices == nil {
		t.notices = map[int]string{}
	}
	t.notices[f.part] = n
	if n != "" {
		e.log.Infof("http_check for RS %s VS %s %s", t.vs.state.serverName(t.server), t.vs.name, n)
	}
}

// sayBroken says once that a check cannot be made, and once for all when descriptors are out.
func (e *Engine) sayBroken(t *task, err error) {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		if !e.exhaust {
			e.log.Errorf("no file descriptors are left, checks are put off: %v (%d in flight)", err, e.inFlight)
		}
		e.exhaust = true
		return
	}
	if !t.broken {
		e.log.Warnf("%s on service %s cannot be made, it counts as neither passed nor failed: %v",
			t.config().Kind, t.vs.state.serverName(t.server), err)
	}
	t.broken = true
}
