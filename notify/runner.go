package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// Reasons for which a script is not started.
var (
	ErrBusy    = errors.New("too many scripts wait to be started")
	ErrStopped = errors.New("the daemon stops")
)

// Runner starts scripts. It forks from one thread of its own, on which no signal is blocked and nothing is set that
// a script should not inherit.
type Runner struct {
	queue     chan request
	thread    int
	failed    atomic.Uint64
	killDelay time.Duration

	limits limits

	mu       sync.Mutex
	awaited  sync.WaitGroup // one for each request that Stop waits for
	stopping bool
	groups   groups
}

// request is a script that waits to be started, or runs.
type request struct {
	call    func() // to be called in the place of a command; nil: none
	command Command
	timeout time.Duration
	done    func(Result)
	awaited bool
}

// Thread is the number of the thread that scripts are forked from. They inherit how it is scheduled.
func (r *Runner) Thread() int { return r.thread }

// NewRunner returns a Runner. Stop ends it.
func NewRunner() *Runner {
	r := &Runner{queue: make(chan request, queueLength), killDelay: killDelay}
	started := make(chan struct{})
	go r.fork(started)
	<-started
	return r
}

// Run starts a script and returns at once. Scripts are started in the order of the calls, and none waits for the end
// of another. done is called once, from a goroutine of the Runner; nil is allowed. A timeout of 0 is none: after it
// the script's process group is sent SIGTERM, and SIGKILL two seconds later.
func (r *Runner) Run(c Command, timeout time.Duration, done func(Result)) {
	if done == nil {
		done = func(Result) {}
	}
	q := request{command: c, timeout: timeout, done: done, awaited: c.Await}
	if err := r.enqueue(q); err != nil {
		r.failed.Add(1)
		go done(Result{Command: c, Err: err, ExitCode: -1})
	}
}

// Do calls a function that starts a process, on the thread that scripts are started from: the process inherits what they
// do. It returns what the function does. While the Runner cannot take it, the function is called at once, with the limits
// of scripts alone.
func (r *Runner) Do(start func() error) error {
	done := make(chan error, 1)
	limited := func() error { return r.limits.asBefore(start) }
	if r.enqueue(request{call: func() { done <- limited() }}) != nil {
		return limited()
	}
	return <-done
}

func (r *Runner) enqueue(q request) error {
	if len(q.command.Argv) == 0 && q.call == nil {
		return errors.New("the command is empty")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return ErrStopped
	}
	select {
	case r.queue <- q:
	default:
		return ErrBusy
	}
	if q.awaited {
		r.awaited.Add(1)
	}
	return nil
}

// Failures counts the scripts that could not be started or ended otherwise than with status 0.
func (r *Runner) Failures() uint64 { return r.failed.Load() }

// Stop refuses new scripts, and waits until those that were asked for have been started and those with Await have
// ended, or ctx has. Scripts whose Until is closed are then killed with all that they have started; what else still runs
// goes on without us.
func (r *Runner) Stop(ctx context.Context) {
	started := make(chan struct{})
	r.mu.Lock()
	if r.stopping {
		close(started)
	} else {
		r.stopping = true
		go func() {
			// An empty request marks the end of the queue: fork answers it when all before it were started.
			r.queue <- request{done: func(Result) { close(started) }}
			close(r.queue)
		}()
	}
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() { <-started; r.awaited.Wait(); r.groups.await(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	r.groups.killAll()
}

// fork is the thread that scripts are started from.
func (r *Runner) fork(started chan struct{}) {
	runtime.LockOSThread() // never unlocked: nothing else may run on this thread
	if unix.Gettid() == os.Getpid() {
		// The first thread stands for the process in ps and chrt, and is set as the others are. While it is locked
		// here, another one takes over.
		go r.fork(started)
		<-started
		runtime.UnlockOSThread()
		return
	}
	r.thread = unix.Gettid()
	close(started)
	var none unix.Sigset_t
	// A script that inherits blocked signals could not be ended; the thread may have inherited some at our own start.
	maskErr := unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
	for q := range r.queue {
		if q.call != nil {
			q.call()
			continue
		}
		if len(q.command.Argv) == 0 {
			q.done(Result{})
			continue
		}
		begin := time.Now()
		p, err := (*os.Process)(nil), maskErr
		if err == nil {
			err = r.limits.asBefore(func() (err error) { p, err = startScript(q.command); return err })
		}
		if err != nil {
			go r.finish(q, Result{Command: q.command, Err: err, ExitCode: -1})
			continue
		}
		go r.wait(q, p, begin)
	}
}

// startScript forks. The environment and the standard streams are the daemon's.
func startScript(c Command) (*os.Process, error) {
	if closed(c.Until) {
		return nil, fmt.Errorf("starting %s: %w", c.Label, ErrStopped)
	}
	path, err := exec.LookPath(c.Argv[0])
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Label, err)
	}
	if c.Secure {
		if err := Inspect(path, c.UID, c.GID); err != nil {
			return nil, fmt.Errorf("starting %s: %w", c.Label, err)
		}
	}
	if !c.KeepLink {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, fmt.Errorf("starting %s: %w", c.Label, err)
		}
	}
	sys := &syscall.SysProcAttr{Setpgid: true}
	if c.Until != nil {
		sys.Pdeathsig = syscall.SIGTERM // of the thread that forks, which lives as long as the process
	}
	p, err := startAs(c, path, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: sys,
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Label, err)
	}
	return p, nil
}

// wait reaps one script, and ends its process group after its timeout.
func (r *Runner) wait(q request, p *os.Process, begin time.Time) {
	var timedOut atomic.Bool
	var term *time.Timer
	if q.timeout > 0 {
		term = time.AfterFunc(q.timeout, func() {
			timedOut.Store(true)
			r.endGroup(p.Pid)
		})
	}
	ended := make(chan struct{})
	if q.command.Until != nil {
		r.groups.bind(p.Pid, q.command.Until, ended)
		go func() {
			select {
			case <-q.command.Until:
				r.endGroup(p.Pid)
			case <-ended:
			}
		}()
	}
	state, err := p.Wait()
	close(ended)
	r.groups.release(p.Pid)
	if term != nil {
		term.Stop()
	}
	result := Result{Command: q.command, Err: err, TimedOut: timedOut.Load(), Took: time.Since(begin), ExitCode: -1}
	if state != nil {
		result.ExitCode = state.ExitCode()
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			result.Signal = int(status.Signal())
		}
	}
	r.finish(q, result)
}

// endGroup asks a process group to end, and makes it. The second signal is sent even when the script itself has
// ended: what it started may ignore the first one. A group's number is not given to another while a member lives;
// an empty group gives ESRCH.
func (r *Runner) endGroup(group int) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	r.groups.ask(group)
	time.AfterFunc(r.killDelay, func() { r.groups.kill(group) })
}

func (r *Runner) finish(q request, result Result) {
	if result.Failed() {
		r.failed.Add(1)
	}
	q.done(result)
	if q.awaited {
		r.awaited.Done()
	}
}
