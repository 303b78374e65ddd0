package track

import "fmt"

// Start says in which way a script came to be tracked.
type Start uint8

// The ways; a script that has had a result is Settled.
const (
	Settled Start = iota
	Fresh         // at the start of the daemon: who depends on it waits for its first result
	Failed        // init_fail: it is down until it has succeeded often enough
	Added         // by a reload: it changes nothing before its first result
)

// Script is the state of a tracked script. It counts as upstream does: Result goes from 0 to rise+fall-1, and the
// script is up from rise on.
type Script struct {
	rise, fall int
	result     int
	start      Start
	status     int // exit status of the last run that exited
}

// NewScript is the state of a script without a result. rise and fall are at least 1.
func NewScript(rise, fall int, start Start) Script {
	s := Script{rise: rise, fall: fall, start: start}
	if start == Fresh || start == Added {
		s.result = rise - 1 // one success is enough
	}
	return s
}

// OutcomeKind says how a run has ended.
type OutcomeKind uint8

// The kinds.
const (
	Exited   OutcomeKind = iota // Code is the status
	Signaled                    // Code is the signal
	TimedOut
	Refused // it could not be started; Err says why
)

// Outcome is one run of a script.
type Outcome struct {
	Kind OutcomeKind
	Code int
	Err  error
}

// Succeeded tells whether the run counts as a success.
func (o Outcome) Succeeded() bool { return o.Kind == Exited && o.Code == 0 }

// String is the outcome in upstream's words.
func (o Outcome) String() string {
	switch {
	case o.Succeeded():
		return "succeeded"
	case o.Kind == Exited:
		return fmt.Sprintf("failed (exited with status %d)", o.Code)
	case o.Kind == Signaled:
		return fmt.Sprintf("failed (due to signal %d)", o.Code)
	case o.Kind == TimedOut:
		return "timed_out"
	}
	return fmt.Sprintf("failed (%v)", o.Err)
}

// Verdict is what an outcome has changed.
type Verdict struct {
	NewStatus bool // the exit status is another one than that of the last run that exited
	Decided   bool // the script has come up or gone down, or has its first result
}

// Apply takes the outcome of a run.
func (s *Script) Apply(o Outcome) Verdict {
	var v Verdict
	if o.Kind == Exited {
		v.NewStatus = o.Code != s.status
		s.status = o.Code
	}
	if o.Succeeded() {
		v.Decided = s.succeed()
	} else {
		v.Decided = s.fail()
	}
	s.start = Settled
	return v
}

func (s *Script) succeed() (decided bool) {
	if s.result < s.rise-1 {
		s.result++
		return false
	}
	decided = s.result < s.rise
	s.result = s.rise + s.fall - 1
	return decided
}

func (s *Script) fail() (decided bool) {
	if s.result > s.rise {
		s.result--
		return false
	}
	decided = s.result == s.rise || s.start == Fresh || s.start == Added
	s.result = 0
	return decided
}

// Condition is how the script is now.
func (s *Script) Condition() Condition {
	switch {
	case s.start == Fresh:
		return Unknown
	case s.start == Added:
		return Waived
	case s.result >= s.rise:
		return Up
	}
	return Down
}

// Result is the counter, Start how far the script has come, for who looks at it from outside.
func (s *Script) Result() int  { return s.result }
func (s *Script) Start() Start { return s.start }

// Good tells whether the counter says that the script is up.
func (s *Script) Good() bool { return s.result >= s.rise }

// Reloaded is the state of the same script with other counts, as a reload makes it: up stays up and down stays down.
func (s *Script) Reloaded(rise, fall int) Script {
	n := NewScript(rise, fall, s.start)
	n.status = s.status
	switch most := rise + fall - 1; {
	case s.start == Fresh || s.start == Added:
	case s.result == s.rise+s.fall-1:
		n.result = most
	case s.result >= s.rise:
		n.result = min(rise+s.result-s.rise, most)
	case s.result > 0:
		n.result = max(rise-(s.rise-s.result), 0)
	}
	return n
}
