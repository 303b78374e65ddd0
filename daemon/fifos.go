package daemon

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/notify"
)

// eventPipes are the pipes that a child writes its events to: that of notify_fifo, and its own.
type eventPipes struct {
	log    *logrus.Entry
	runner *notify.Runner
	end    string // of a line

	mu    sync.Mutex
	pipes []*eventPipe
}

// eventPipe is one pipe, with the program that reads it.
type eventPipe struct {
	plan pipePlan
	fifo *notify.FIFO
	stop chan struct{} // closed to end the program
	over chan struct{} // closed when it has ended, or was never there
	full bool          // said that events are lost
}

// pipePlan is what the configuration says of a pipe, with the answers of the system.
type pipePlan struct {
	name   string // the keyword
	fifo   config.FIFO
	script config.Script
	owner  notify.Credentials
	runAs  notify.Credentials
	secure bool
	// keepLink is use_symlink_paths.
	keepLink bool
}

func (p pipePlan) same(q pipePlan) bool {
	return p.name == q.name && p.fifo == q.fifo && p.secure == q.secure && p.keepLink == q.keepLink && slices.Equal(p.script.Argv, q.script.Argv) &&
		p.owner.UID == q.owner.UID && p.owner.GID == q.owner.GID &&
		p.runAs.UID == q.runAs.UID && p.runAs.GID == q.runAs.GID && slices.Equal(p.runAs.Groups, q.runAs.Groups)
}

// use opens the pipes of a (new) configuration and closes those that are no more. One that is as it was keeps its
// reader and its program: a reload is none of their business.
func (e *eventPipes) use(g config.Global, own string, fifo config.FIFO, script config.Script) {
	var plans []pipePlan
	for _, p := range []pipePlan{{name: "notify_fifo", fifo: g.NotifyFIFO, script: g.NotifyFIFOScript}, {name: own, fifo: fifo, script: script}} {
		if p.fifo.Path == "" {
			continue
		}
		p.secure, p.keepLink = g.ScriptSecurity, g.UseSymlinkPaths
		if e.identify(&p, g) {
			plans = append(plans, p)
		}
	}
	e.mu.Lock()
	old := e.pipes
	e.mu.Unlock()
	var kept, gone []*eventPipe
	for _, p := range old {
		i := slices.IndexFunc(plans, p.plan.same)
		if i >= 0 && p.fifo.InPlace() {
			kept = append(kept, p)
			plans = slices.Delete(plans, i, i+1)
		} else {
			gone = append(gone, p)
		}
	}
	e.change(kept)
	closePipes(gone) // before the new ones are made, which may have the same paths
	for _, plan := range plans {
		if p := e.open(plan); p != nil {
			kept = append(kept, p)
		}
	}
	e.change(kept)
}

func (e *eventPipes) change(pipes []*eventPipe) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pipes = slices.Clone(pipes)
}

// identify looks up who owns the pipe and who runs the program.
func (e *eventPipes) identify(p *pipePlan, g config.Global) bool {
	owner := identify(accountOf(config.Script{User: p.fifo.User, Group: p.fifo.Group}, g))
	runAs := identify(accountOf(p.script, g))
	p.owner, p.runAs = owner.Credentials, runAs.Credentials
	if owner.err != nil {
		e.log.Warnf("%s: not used: %v", p.name, owner.err)
		return false
	}
	if runAs.err != nil {
		e.log.Warnf("%s_script: not run: %v", p.name, runAs.err)
		p.script = config.Script{}
	}
	return true
}

func (e *eventPipes) open(plan pipePlan) *eventPipe {
	fifo, err := notify.MakeFIFO(plan.fifo.Path, plan.owner.UID, plan.owner.GID)
	if err != nil {
		e.log.Warnf("%s: %v", plan.name, err)
		return nil
	}
	p := &eventPipe{plan: plan, fifo: fifo, stop: make(chan struct{}), over: make(chan struct{})}
	if plan.script.Set() {
		argv := append(slices.Clone(plan.script.Argv), plan.fifo.Path)
		e.runner.Run(notify.Command{
			Argv: argv, UID: plan.runAs.UID, GID: plan.runAs.GID, Groups: plan.runAs.Groups,
			Label: plan.name + "_script", Secure: plan.secure, KeepLink: plan.keepLink, Until: p.stop,
		}, 0, func(r notify.Result) { e.ended(p, r) })
	} else {
		close(p.over)
	}
	if err := fifo.Open(plan.owner.UID); err != nil {
		e.log.Warnf("%s: %v", plan.name, err)
		close(p.stop)
		return nil
	}
	return p
}

// ended says that a program has ended that nobody asked to.
func (e *eventPipes) ended(p *eventPipe, r notify.Result) {
	close(p.over)
	select {
	case <-p.stop:
		return
	default:
	}
	switch {
	case r.Err != nil:
		e.log.Warn(r.Err)
	case r.Signal != 0:
		e.log.Warnf("%s %s was ended by signal %d", r.Command.Label, r.Command.Argv[0], r.Signal)
	default:
		e.log.Infof("%s %s terminated with status %d", r.Command.Label, r.Command.Argv[0], r.ExitCode)
	}
}

// Bounds of the time that a program has for the last events before it is asked to end.
const (
	drainPatience = 100 * time.Millisecond // to read them
	endPatience   = 50 * time.Millisecond  // to end by itself, because nobody writes any more
	drainStep     = 2 * time.Millisecond
)

// closePipes takes pipes away. A program that reads one has a moment for what is in it.
func closePipes(pipes []*eventPipe) {
	var all sync.WaitGroup
	for _, p := range pipes {
		all.Go(func() {
			for until := time.Now().Add(drainPatience); p.reads() && p.fifo.Waiting() > 0 && time.Now().Before(until); {
				time.Sleep(drainStep)
			}
			p.fifo.Close()
			select {
			case <-p.over:
			case <-time.After(endPatience):
			}
			close(p.stop)
		})
	}
	all.Wait()
}

// reads tells whether the program runs.
func (p *eventPipe) reads() bool {
	select {
	case <-p.over:
		return false
	default:
		return true
	}
}

// Event writes one event to every pipe, and never waits.
func (e *eventPipes) Event(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	event := []byte(line + e.end)
	for _, p := range e.pipes {
		err := p.fifo.Write(event)
		switch {
		case err == nil:
			p.full = false
		case errors.Is(err, unix.EAGAIN):
			if !p.full { // once until there is room again
				e.log.Warnf("%s: nobody reads %s, events are lost", p.plan.name, p.plan.fifo.Path)
			}
			p.full = true
		default:
			e.log.Warnf("%s: %v", p.plan.name, err)
		}
	}
}

// close ends the programs and takes the pipes away that were made here.
func (e *eventPipes) close() {
	e.mu.Lock()
	pipes := e.pipes
	e.pipes = nil
	e.mu.Unlock()
	closePipes(pipes)
}
