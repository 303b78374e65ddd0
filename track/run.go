package track

import (
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/notify"
)

// killDelay is how long after its timeout a script that has not ended is killed. The Runner of notify does it.
const killDelay = 2 * time.Second

// Phase is what is going on with a script.
type Phase int32

// The phases.
const (
	Idle      Phase = iota
	Busy            // it runs
	Ending          // it has timed out and was asked to end
	Enforcing       // it did not end then
)

// String is upstream's word for the phase.
func (p Phase) String() string {
	return [...]string{"idle", "running", "requested termination", "forcing termination"}[p]
}

// Job is a script that is to be run at an interval.
type Job struct {
	Interval time.Duration // from the begin of a run to that of the next, positive
	Timeout  time.Duration // of a run, positive
	// Start starts one run and returns at once. done is to be called once, when it has ended. The run is to be ended
	// with its process group after Timeout, or when until is closed.
	Start func(timeout time.Duration, until <-chan struct{}, done func(notify.Result))
	// Report receives the outcome of each run, at its timeout at the latest, from a goroutine of the Runs.
	Report func(Outcome)
	// Skipped hears of a turn that was left out because the last run had not ended yet. Where that has timed out before
	// the turn, Report receives another timeout.
	Skipped func(Phase)
}

// Runs runs one script, one run at a time, from New until Close.
type Runs struct {
	job   Job
	until chan struct{}
	phase atomic.Int32
}

// Run begins with the first run at once.
func Run(job Job) *Runs {
	r := &Runs{job: job, until: make(chan struct{})}
	go r.loop()
	return r
}

// Close ends the runs. The one that is on its way is ended, and nothing is reported of it.
func (r *Runs) Close() { close(r.until) }

// Phase is what is going on.
func (r *Runs) Phase() Phase { return Phase(r.phase.Load()) }

func (r *Runs) loop() {
	next, due := time.Now(), time.Time{} // of the next turn, and when the run that is on its way times out
	turn, limit := time.NewTimer(0), time.NewTimer(time.Hour)
	defer turn.Stop()
	defer limit.Stop()
	limit.Stop()
	done := make(chan notify.Result, 1)
	for {
		select {
		case <-r.until:
			return
		case <-turn.C:
			at := next
			next = following(next, r.job.Interval, time.Now())
			turn.Reset(time.Until(next))
			if p := r.Phase(); p != Idle {
				r.skip(p, at.After(due))
				continue
			}
			due = at.Add(r.job.Timeout)
			r.phase.Store(int32(Busy))
			limit.Reset(r.job.Timeout)
			r.job.Start(r.job.Timeout, r.until, func(result notify.Result) { done <- result })
		case <-limit.C:
			r.expire(limit)
		case result := <-done:
			limit.Stop()
			r.end(result)
		}
	}
}

// skip leaves a turn out. A script that nobody can end does not run any more, and fails at each turn like one that times
// out. The turn of the timeout itself is past nothing yet, and within its timeout a run has not failed.
func (r *Runs) skip(p Phase, late bool) {
	r.job.Skipped(p)
	if late && p != Busy {
		r.job.Report(Outcome{Kind: TimedOut})
	}
}

// expire reports a run that takes too long. It is not waited for: who ignores the request to end would decide when its
// failure counts.
func (r *Runs) expire(limit *time.Timer) {
	switch r.Phase() {
	case Busy:
		r.phase.Store(int32(Ending))
		limit.Reset(killDelay)
		r.job.Report(Outcome{Kind: TimedOut})
	case Ending:
		r.phase.Store(int32(Enforcing))
	case Idle, Enforcing:
	}
}

// end takes note of the end of a run, and reports it unless its timeout was.
func (r *Runs) end(result notify.Result) {
	was := r.Phase()
	r.phase.Store(int32(Idle))
	if o, ok := outcomeOf(result); ok && was == Busy {
		r.job.Report(o)
	}
}

// outcomeOf is how a run has ended. ok is false when it says nothing about the script, but that this host is too busy
// to start one.
func outcomeOf(r notify.Result) (o Outcome, ok bool) {
	switch {
	case errors.Is(r.Err, notify.ErrBusy), errors.Is(r.Err, notify.ErrStopped), errors.Is(r.Err, unix.EAGAIN), errors.Is(r.Err, unix.ENOMEM):
		return Outcome{}, false
	case r.Err != nil:
		return Outcome{Kind: Refused, Err: r.Err}, true
	case r.TimedOut:
		return Outcome{Kind: TimedOut}, true
	case r.Signal != 0:
		return Outcome{Kind: Signaled, Code: r.Signal}, true
	}
	return Outcome{Kind: Exited, Code: r.ExitCode}, true
}

// following is the next turn of the schedule after now; turns that were missed are left out.
func following(turn time.Time, interval time.Duration, now time.Time) time.Time {
	late := max(now.Sub(turn), 0)
	return turn.Add((late/interval + 1) * interval)
}
