package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/vrrp"
)

// Limits on starting a child again.
const (
	crashWindow  = 10 * time.Second // deaths within it count
	crashLimit   = 8                // so many starts at once are allowed in the window
	crashBackoff = time.Second      // then each start waits
	// stopPause is how long the parent waits after a child that was told to stop, but not by us: who sends SIGTERM to a
	// child mostly sends it to every process of the daemon, and ours may be on its way.
	stopPause = 100 * time.Millisecond
)

// supervised is a child that runs, with what it last said.
type supervised struct {
	*spawned
	ready     bool
	permanent *message // its last words when it cannot run at all
	outgoing  outbox
}

func (s *supervised) pid() int { return s.process.Pid }

func (s *supervised) send(m message) { s.outgoing.put(m) }

// startChild starts the VRRP child with the running configuration and what its predecessor reported last.
func (p *parent) startChild() error {
	if p.childPID == nil {
		var err error
		if p.childPID, err = claimPIDFileSoon(p.options.VRRPPIDFile); err != nil {
			return fmt.Errorf("starting the VRRP child: %w", err)
		}
	}
	child, err := p.launchChild(roleVRRP, p.known)
	if err != nil {
		return fmt.Errorf("starting the VRRP child: %w", err)
	}
	p.child = child
	p.log.Infof("Starting VRRP child process, pid=%d", child.pid())
	return p.childPID.write(child.pid())
}

// startAnotherChild starts a child that the daemon cannot do without, while it runs.
func (p *parent) startAnotherChild() {
	if p.child != nil || p.stopping {
		return
	}
	if err := p.startChild(); err != nil {
		p.log.Error(err)
		p.giveUp(exitFatal)
	}
}

// launchChild starts a process in a role and hands configuration and states to it.
func (p *parent) launchChild(r role, states map[string]vrrp.InstanceState) (*supervised, error) {
	text, err := sealedText(p.current.text)
	if err != nil {
		return nil, err
	}
	defer func() { _ = text.Close() }()
	resume, err := sealedJSON("keepalived.states", states)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resume.Close() }()
	s, err := spawn(r, false)
	if err != nil {
		return nil, err
	}
	child := &supervised{spawned: s}
	files := []*os.File{text, resume, p.beats.file, p.childPID.file} // the child shares the lock of its pid file
	if err := sendMessage(s.conn, message{Kind: kindStart, files: files}); err != nil {
		p.log.Warnf("handing the configuration over: %v", err) // it has died; its end is reported below
	}
	child.outgoing.init(s.conn)
	go p.watch(child)
	return child, nil
}

// watch turns what comes from a child into work of the loop.
func (p *parent) watch(child *supervised) {
	buffer := make([]byte, maxPacket)
	for {
		m, err := receiveMessage(child.conn, buffer)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.log.Errorf("listening to process %d, killing it: %v", child.pid(), err)
				_ = child.process.Kill() // nobody would ever hear of it again
			}
			break
		}
		p.work <- func() { p.heard(child, m) }
	}
	state, err := child.process.Wait()
	p.work <- func() { p.childEnded(child, state, err) }
}

// heard handles a message of a child.
func (p *parent) heard(child *supervised, m message) {
	defer closeFiles(m.files)
	switch m.Kind {
	case kindReady:
		child.ready = true
		if p.resumeTimer != nil {
			p.resumeTimer.Stop()
		}
		p.ready()
	case kindReport:
		if err := p.reported(m); err != nil {
			p.log.Errorf("reading the report of process %d: %v", child.pid(), err)
		}
	case kindReload:
		p.startReload()
	case kindAnswer:
		p.answered(m)
	case kindFailed:
		child.permanent = &m
	}
}

// reported remembers how the instances are.
func (p *parent) reported(m message) error {
	if len(m.files) != 1 {
		return fmt.Errorf("it came with %d files", len(m.files))
	}
	var states []vrrp.InstanceState
	if err := loadJSON(m.files[0], &states); err != nil {
		return err
	}
	p.known = make(map[string]vrrp.InstanceState, len(states))
	for _, s := range states {
		p.known[s.Key] = s
	}
	return nil
}

// childEnded decides what follows the end of a child.
func (p *parent) childEnded(child *supervised, state *os.ProcessState, err error) {
	_ = child.conn.Close()
	child.outgoing.close()
	logCrash(p.log.Entry, fmt.Sprintf("process %d", child.pid()), child.crash)
	_ = child.crash.Close()
	if p.cleanups[child] {
		delete(p.cleanups, child)
		return
	}
	p.child = nil
	p.diedAt = monotonicNow()
	p.beats.refresh(p.known)
	interrupted := p.reload // its answer will not come
	clean := err == nil && state.ExitCode() == exitOK
	if !clean && child.permanent == nil {
		p.known = withUnreported(p.known, p.current.config)
	}
	switch {
	case p.stopping && clean:
	case p.stopping:
		p.log.Warnf("VRRP child process(%d) did not stop cleanly: %v", child.pid(), state)
		p.cleanUpAll()
	case child.permanent != nil:
		p.permanentFailure(child)
	case p.options.NoRespawn:
		p.log.Errorf("VRRP child process(%d) died: Exiting", child.pid())
		p.giveUp(exitFatal)
	case hungUp(state):
		// It was asked for a reload before it could listen, which ends a process. The request is not lost.
		p.log.Infof("VRRP child process(%d) was asked to reload while it started: starting it again", child.pid())
		p.startAnotherChild()
		p.startReload()
	case clean:
		p.respawnTimer = p.after(stopPause, func() {
			p.log.Warnf("VRRP child process(%d) died: Respawning", child.pid())
			p.startAnotherChild()
		})
	default:
		p.log.Warnf("VRRP child process(%d) died: Respawning", child.pid())
		p.log.Debugf("VRRP child process(%d): %v", child.pid(), state)
		p.respawn()
	}
	if interrupted != nil && interrupted.next.text == nil {
		return // it is still being read, and will be shown to the next child
	}
	p.failReload(interrupted, errors.New("the VRRP child has ended"))
}

// hungUp tells whether a process was ended by SIGHUP.
func hungUp(state *os.ProcessState) bool {
	if state == nil {
		return false
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == unix.SIGHUP
}

// permanentFailure ends the daemon because its child has said that it cannot run.
func (p *parent) permanentFailure(child *supervised) {
	word := "FATAL"
	if child.permanent.Code == exitConfig {
		word = "CONFIG"
	}
	p.log.Errorf("pid %d exited with permanent error %s. Terminating", child.pid(), word)
	if child.permanent.Error != "" {
		p.complain(errors.New(child.permanent.Error))
	}
	p.giveUp(child.permanent.Code)
}

// respawn starts the child again: at once, unless it dies over and over.
func (p *parent) respawn() {
	if p.resumeTimer != nil {
		p.resumeTimer.Stop()
	}
	p.cleanUp(leftOver(p.known, p.current.config))
	p.deaths = recent(p.deaths, time.Now())
	if len(p.deaths) <= crashLimit {
		p.startAnotherChild()
	} else {
		p.log.Errorf("the VRRP child has died %d times within %v, the next start waits %v", len(p.deaths), crashWindow, crashBackoff)
		p.respawnTimer = p.after(crashBackoff, p.startAnotherChild)
	}
	p.watchResume()
}

// recent adds a death to those that still count.
func recent(deaths []time.Time, now time.Time) []time.Time {
	kept := deaths[:0]
	for _, at := range deaths {
		if now.Sub(at) < crashWindow {
			kept = append(kept, at)
		}
	}
	return append(kept, now)
}

// giveUp ends the daemon because no child can run.
func (p *parent) giveUp(code int) {
	p.exitCode = code
	p.stopping = true
	notifySystemd("STOPPING=1")
	p.cleanUpAll()
}
