package track

import (
	"bytes"
	"time"
)

// ParamMatch is how the parameters of a process are compared.
type ParamMatch uint8

// The ways.
const (
	AnyParams     ParamMatch = iota // they are not looked at
	ExactParams                     // they are those, and no others
	PartialParams                   // they begin with those
	InitialParams                   // as before, and the last one may go on
)

// Process says which processes are counted, and how many of them there must be (keepalived.conf(5),
// vrrp_track_process).
type Process struct {
	Name        string
	Command     string   // path, or name of the process
	Params      []string // after the command
	FullCommand bool     // Command is compared with the command line, not with the name of the process
	Match       ParamMatch
	Quorum      int // least number of processes
	QuorumMax   int // largest number
	// ForkDelay and TerminateDelay are how long a quorum must be there, or gone, before it counts.
	ForkDelay, TerminateDelay time.Duration
}

// Counts tells whether a process is one of those, by its name (at most 15 octets) and its command line, whose words end
// with a zero each. A process without a command line belongs to the kernel, or has ended.
func (p *Process) Counts(name string, cmdline []byte) bool {
	word, params, _ := bytes.Cut(cmdline, []byte{0})
	if !p.FullCommand {
		return name == p.Command
	}
	return len(cmdline) > 0 && string(word) == p.Command && p.paramsMatch(params)
}

func (p *Process) paramsMatch(got []byte) bool {
	var want []byte
	for _, w := range p.Params {
		want = append(append(want, w...), 0)
	}
	switch p.Match {
	case ExactParams:
		return bytes.Equal(got, want)
	case PartialParams:
		return bytes.HasPrefix(got, want)
	case InitialParams:
		return len(want) == 0 || bytes.HasPrefix(got, want[:len(want)-1])
	}
	return true
}

// Quorum is whether there are enough and not too many processes, with its delays.
type Quorum struct {
	process *Process
	count   int
	have    bool
	since   time.Time // since when have is wrong, zero while it is right
}

// NewQuorum begins with a number of processes, which counts at once.
func NewQuorum(p *Process, count int) Quorum {
	q := Quorum{process: p, count: count}
	q.have = q.right()
	return q
}

func (q *Quorum) right() bool { return q.count >= q.process.Quorum && q.count <= q.process.QuorumMax }

// Count takes a new number of processes, or the same one to look at the time. It tells whether the quorum was gained or
// lost.
func (q *Quorum) Count(now time.Time, count int) (changed bool) {
	q.count = count
	if q.right() == q.have {
		q.since = time.Time{}
		return false
	}
	if q.since.IsZero() {
		q.since = now
	}
	if at, _ := q.Deadline(); now.Before(at) {
		return false
	}
	q.have, q.since = !q.have, time.Time{}
	return true
}

// Deadline is when the quorum is gained or lost if nothing happens until then; ok is false when nothing is to come.
func (q *Quorum) Deadline() (at time.Time, ok bool) {
	if q.since.IsZero() {
		return time.Time{}, false
	}
	if q.have {
		return q.since.Add(q.process.TerminateDelay), true
	}
	return q.since.Add(q.process.ForkDelay), true
}

// Processes is the number of processes, Have whether it is a quorum.
func (q *Quorum) Processes() int { return q.count }
func (q *Quorum) Have() bool     { return q.have }

// Status is the quorum for who looks at it from outside.
func (q *Quorum) Status() ProcessStatus {
	_, waits := q.Deadline()
	return ProcessStatus{
		Name: q.process.Name, Count: q.count, Have: q.have, Gaining: waits && !q.have, Losing: waits && q.have,
	}
}

// ProcessStatus is one moment of a tracked process. Gaining and Losing say that a delay runs.
type ProcessStatus struct {
	Name            string
	Count           int
	Have            bool
	Gaining, Losing bool
}
