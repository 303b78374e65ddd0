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
	post       *post // for a clean-up process the one whose pid file it keeps locked
	ready      bool
	permanent  *message // its last words when it cannot run at all
	outgoing   outbox
	answeredAt time.Time // the last sign of life, for the watchdog; zero while none is due
}

func (s *supervised) pid() int { return s.process.Pid }

func (s *supervised) send(m message) { s.outgoing.put(m) }

// launchChild starts a process in a role and hands the configuration and a legacy to it.
func (p *parent) launchChild(place *post, r role, legacy any) (*supervised, error) {
	text, err := p.textFile(p.current)
	if err != nil {
		return nil, err
	}
	defer func() { _ = text.Close() }()
	left, err := sealedJSON("keepalived.legacy", legacy)
	if err != nil {
		return nil, err
	}
	defer func() { _ = left.Close() }()
	s, err := spawn(r, false)
	if err != nil {
		return nil, err
	}
	child := &supervised{spawned: s, post: place}
	if r == place.role { // before it has anything to say itself
		p.log.Infof("Starting %s child process, pid=%d", place.title, child.pid())
	}
	files := []*os.File{text, left, p.beats.file, place.pid.file} // the child shares the lock of its pid file
	if err := sendMessage(s.conn, message{Kind: kindStart, Instance: p.instanceName(), CoreLimit: p.coreLimit, files: files}); err != nil {
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
		if child.post != p.vrrp {
			p.unreported = nil // it has taken over, and what it does not want goes
		}
		if child.post == p.vrrp && p.resumeTimer != nil {
			p.resumeTimer.Stop()
		}
		if !p.stopping && p.allReady() {
			p.ready()
		}
	case kindReport:
		if err := p.reported(child.post, m); err != nil {
			p.log.Errorf("reading the report of process %d: %v", child.pid(), err)
		}
	case kindFormer:
		if err := p.heardFormer(m); err != nil {
			p.log.Errorf("reading what process %d is to change: %v", child.pid(), err)
		}
	case kindPong:
		child.answeredAt = time.Now()
	case kindReload:
		p.startReload()
	case kindAnswer:
		p.answered(child, m)
	case kindFailed:
		child.permanent = &m
	}
}

func (p *parent) reported(place *post, m message) error {
	if len(m.files) != 1 {
		return fmt.Errorf("it came with %d files", len(m.files))
	}
	return place.reported(m.files[0])
}

// instancesReported remembers how the instances are.
func (p *parent) instancesReported(report *os.File) error {
	var states []vrrp.InstanceState
	if err := loadJSON(report, &states); err != nil {
		return err
	}
	p.known = make(map[string]vrrp.InstanceState, len(states))
	for _, s := range states {
		p.known[s.Key] = s
	}
	p.showStatus()
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
	place := child.post
	place.child = nil
	clean := err == nil && state.ExitCode() == exitOK
	if place != p.vrrp && !clean {
		p.checkerDied()
	}
	if place == p.vrrp {
		p.diedAt = monotonicNow()
		p.beats.refresh(p.known)
		if !clean && child.permanent == nil {
			p.known = withUnreported(p.known, p.current.config)
		}
		addFormer(p.known, p.former)
	}
	p.replace(child, state, clean)
	p.interrupted(child)
}

// replace starts a successor of a child that has ended, where there should be one.
func (p *parent) replace(child *supervised, state *os.ProcessState, clean bool) {
	place := child.post
	said := fmt.Sprintf("%s child process(%d)", place.title, child.pid())
	switch {
	case p.stopping && clean:
	case p.stopping:
		p.log.Warnf("%s did not stop cleanly: %v", said, state)
		if place == p.vrrp {
			p.cleanUpAll()
		}
	case child.permanent != nil:
		p.permanentFailure(child)
	case p.options.NoRespawn:
		p.log.Errorf("%s died: Exiting", said)
		p.giveUp(exitFatal)
	case hungUp(state):
		// It was asked for a reload before it could listen, which ends a process. The request is not lost.
		p.log.Infof("%s was asked to reload while it started: starting it again", said)
		p.fillAgain(place)
		p.startReload()
	case clean:
		place.respawnTimer = p.after(stopPause, func() {
			if p.stopping {
				return // ours came just in time
			}
			p.log.Warnf("%s died: Respawning", said)
			p.fillAgain(place)
		})
	default:
		p.log.Warnf("%s died: Respawning", said)
		p.log.Debugf("%s: %v", said, state)
		p.respawn(place)
	}
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

// respawn starts a child again: at once, unless it dies over and over.
func (p *parent) respawn(place *post) {
	if place == p.vrrp {
		if p.resumeTimer != nil {
			p.resumeTimer.Stop()
		}
		p.cleanUp(leftovers{leftOver(p.known, p.current.config), false})
	}
	place.deaths = recent(place.deaths, time.Now())
	if len(place.deaths) <= crashLimit {
		p.fillAgain(place)
	} else {
		p.log.Errorf("the %s child has died %d times within %v, the next start waits %v", place.title, len(place.deaths), crashWindow, crashBackoff)
		place.respawnTimer = p.after(crashBackoff, func() { p.fillAgain(place) })
	}
	if place == p.vrrp {
		p.watchResume()
	}
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

// giveUp ends the daemon because a child cannot run.
func (p *parent) giveUp(code int) {
	if p.stopping {
		return
	}
	p.exitCode = code
	p.stopChildren()
}
