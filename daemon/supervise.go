package daemon

import (
	"errors"
	"os"
	"time"

	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// Limits on starting a child again.
const (
	crashWindow  = 10 * time.Second // deaths within it count
	crashLimit   = 8                // so many starts at once are allowed in the window
	crashBackoff = time.Second      // then each start waits
)

// supervised is a child that runs, with what it last said.
type supervised struct {
	*spawned
	ready    bool
	states   map[string]vrrp.InstanceState
	partial  []vrrp.InstanceState
	outgoing outbox
}

// childEvent is something from a child: a message, or its end.
type childEvent struct {
	child *supervised
	m     message
	exit  *os.ProcessState // not nil at the end
	err   error
}

func (s *supervised) pid() int { return s.process.Pid }

func (s *supervised) send(m message) { s.outgoing.put(m) }

// startChild starts the VRRP child with the running configuration and what its predecessor reported last.
func (p *parent) startChild() {
	p.beats.refresh(p.known)
	child, err := p.launchChild(roleVRRP, p.known)
	if err != nil {
		p.log.Errorf("starting the VRRP child: %v", err)
		p.giveUp(exitFatal)
		return
	}
	p.child = child
	p.log.Infof("Starting VRRP child process, pid=%d", child.pid())
	if err := p.childPID.write(child.pid()); err != nil {
		p.log.Error(err)
	}
}

// launchChild starts a process in a role and hands configuration and states to it.
func (p *parent) launchChild(r role, states map[string]vrrp.InstanceState) (*supervised, error) {
	text, err := sealedText(p.current.text)
	if err != nil {
		return nil, err
	}
	defer func() { _ = text.Close() }()
	resume, err := sealedStates(states)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resume.Close() }()
	s, err := spawn(r, false)
	if err != nil {
		return nil, err
	}
	child := &supervised{spawned: s, states: states}
	if err := sendMessage(s.conn, message{Kind: kindStart, files: []*os.File{text, resume, p.beats.file}}); err != nil {
		p.log.Warnf("handing the configuration over: %v", err) // it has died; its end is reported below
	}
	child.outgoing.init(s.conn)
	go p.watch(child)
	return child, nil
}

// watch turns what comes from a child into events.
func (p *parent) watch(child *supervised) {
	buffer := make([]byte, maxPacket)
	for {
		m, err := receiveMessage(child.conn, buffer)
		if err != nil {
			break
		}
		p.events <- childEvent{child: child, m: m}
	}
	state, err := child.process.Wait()
	p.events <- childEvent{child: child, exit: state, err: err}
}

func (p *parent) event(e childEvent) {
	if e.exit != nil || e.err != nil {
		p.childEnded(e)
		return
	}
	switch e.m.Kind {
	case kindReady:
		e.child.ready = true
		if !p.announced {
			p.announced = true
			p.ready()
		}
	case kindReport:
		e.child.partial = append(e.child.partial, e.m.States...)
		if e.m.More {
			return
		}
		p.known = map[string]vrrp.InstanceState{}
		for _, s := range e.child.partial {
			p.known[s.Key] = s
		}
		e.child.partial = nil
	case kindReload:
		p.startReload()
	case kindAnswer:
		p.answered(e.m)
	}
}

// childEnded decides what follows the end of a child.
func (p *parent) childEnded(e childEvent) {
	_ = e.child.conn.Close()
	e.child.outgoing.close()
	if e.child == p.cleanup {
		p.cleanup = nil
		return
	}
	if e.child != p.child {
		return
	}
	p.child = nil
	p.failReload(errors.New("the VRRP child has ended"))
	if p.stopping {
		p.timer, p.due = nil, nil
		if e.exit == nil || e.exit.ExitCode() != exitOK {
			p.startCleanup()
		}
		return
	}
	switch code := exitCode(e.exit); {
	case code == exitConfig:
		p.log.Errorf("pid %d exited with permanent error CONFIG. Terminating", e.child.pid())
		p.giveUp(exitConfig)
	case code == exitFatal:
		p.log.Errorf("pid %d exited with permanent error FATAL. Terminating", e.child.pid())
		p.giveUp(exitFatal)
	case p.options.NoRespawn:
		p.log.Errorf("VRRP child process(%d) died: %v. Exiting", e.child.pid(), e.exit)
		p.giveUp(exitFatal)
	default:
		p.log.Warnf("VRRP child process(%d) died: Respawning", e.child.pid())
		p.respawn()
	}
}

func exitCode(s *os.ProcessState) int {
	if s == nil {
		return -1
	}
	return s.ExitCode()
}

// respawn starts the child again: at once, unless it dies over and over.
func (p *parent) respawn() {
	now := time.Now()
	recent := p.deaths[:0]
	for _, at := range p.deaths {
		if now.Sub(at) < crashWindow {
			recent = append(recent, at)
		}
	}
	p.deaths = append(recent, now)
	if len(p.deaths) <= crashLimit {
		p.startChild()
		return
	}
	p.log.Errorf("the VRRP child has died %d times within %v, the next start waits %v", len(p.deaths), crashWindow, crashBackoff)
	p.startCleanup()
	p.after(crashBackoff, p.startChild)
}

// giveUp ends the daemon because no child can run.
func (p *parent) giveUp(code int) {
	p.exitCode = code
	p.stopping = true
	notifySystemd("STOPPING=1")
	p.startCleanup()
}

// startCleanup takes the addresses off that a dead child has left: nobody answers for them any more, and a peer will
// take them.
func (p *parent) startCleanup() {
	left := map[string]vrrp.InstanceState{}
	for key, s := range p.known {
		if s.State == fsm.Master {
			left[key] = s
		}
	}
	p.known = nil
	if len(left) == 0 || p.options.KeepVRRP {
		return
	}
	child, err := p.launchChild(roleCleanup, left)
	if err != nil {
		p.log.Errorf("taking the addresses of the dead VRRP child off: %v", err)
		return
	}
	p.cleanup = child
}
