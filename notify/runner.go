package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// queueLength is how many scripts may wait to be started; starting one takes about a millisecond.
const queueLength = 1024

// killDelay is how long a script that has timed out may take to end after SIGTERM.
const killDelay = 2 * time.Second

// ErrBusy says that so many scripts wait to be started that another one was refused.
var ErrBusy = errors.New("too many scripts wait to be started")

// Runner starts scripts. It forks from one thread of its own, on which no signal is blocked and nothing is set that
// a script should not inherit.
type Runner struct {
	queue chan start

	mu      sync.Mutex
	running map[int]*os.Process
	pending int
	idle    chan struct{} // closed when nothing runs, made anew when something starts
	stopped bool
}

// start is one request.
type start struct {
	command Command
	timeout time.Duration
	done    func(Result)
}

// NewRunner returns a Runner. Stop ends it.
func NewRunner() *Runner {
	r := &Runner{queue: make(chan start, queueLength), running: map[int]*os.Process{}, idle: make(chan struct{})}
	close(r.idle)
	go r.fork()
	return r
}

// Run starts a script and returns at once. Scripts are started in the order of the calls, none waits for the end of
// another. done is called once from a goroutine of the Runner; nil is allowed. A timeout of 0 is none: after it the
// script's process group is sent SIGTERM, and SIGKILL two seconds later.
func (r *Runner) Run(c Command, timeout time.Duration, done func(Result)) {
	if done == nil {
		done = func(Result) {}
	}
	if len(c.Argv) == 0 {
		go done(Result{Command: c, Err: errors.New("the command is empty")})
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		go done(Result{Command: c, Err: os.ErrClosed})
		return
	}
	select {
	case r.queue <- start{c, timeout, done}:
		if r.pending == 0 {
			r.idle = make(chan struct{})
		}
		r.pending++
	default:
		go done(Result{Command: c, Err: ErrBusy})
	}
}

// Stop refuses new scripts and waits until those that were asked for have ended, or ctx has. What still runs then goes
// on without us: a stop script may take longer than our own end.
func (r *Runner) Stop(ctx context.Context) {
	r.mu.Lock()
	if !r.stopped {
		r.stopped = true
		close(r.queue)
	}
	idle := r.idle
	r.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// fork is the thread that scripts are started from.
func (r *Runner) fork() {
	runtime.LockOSThread()
	var none unix.Sigset_t
	// A script that inherits blocked signals could not be ended; the thread may have inherited some at our own start.
	maskErr := unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
	for s := range r.queue {
		if maskErr != nil {
			r.finish(s, Result{Command: s.command, Err: fmt.Errorf("clearing the signal mask: %w", maskErr)}, 0)
			continue
		}
		begin := time.Now()
		p, err := startScript(s.command)
		if err != nil {
			r.finish(s, Result{Command: s.command, Err: err}, 0)
			continue
		}
		r.mu.Lock()
		r.running[p.Pid] = p
		r.mu.Unlock()
		go r.wait(s, p, begin)
	}
}

func startScript(c Command) (*os.Process, error) {
	sys := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		sys.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	p, err := os.StartProcess(c.Argv[0], c.Argv, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: sys,
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Label, err)
	}
	return p, nil
}

// wait reaps one script and ends its process group after its timeout.
func (r *Runner) wait(s start, p *os.Process, begin time.Time) {
	var timedOut atomic.Bool
	var timers []*time.Timer
	if s.timeout > 0 {
		end := func(sig syscall.Signal) func() {
			return func() {
				timedOut.Store(true)
				_ = syscall.Kill(-p.Pid, sig) // it may have ended by itself just now
			}
		}
		timers = append(timers, time.AfterFunc(s.timeout, end(syscall.SIGTERM)), time.AfterFunc(s.timeout+killDelay, end(syscall.SIGKILL)))
	}
	state, err := p.Wait()
	for _, t := range timers {
		t.Stop()
	}
	result := Result{Command: s.command, Err: err, TimedOut: timedOut.Load(), Took: time.Since(begin), ExitCode: -1}
	if state != nil {
		result.ExitCode = state.ExitCode()
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			result.Signal = int(status.Signal())
		}
	}
	r.finish(s, result, p.Pid)
}

func (r *Runner) finish(s start, result Result, pid int) {
	s.done(result)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, pid)
	if r.pending--; r.pending == 0 {
		close(r.idle)
	}
}
