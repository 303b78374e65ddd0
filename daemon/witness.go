package daemon

import (
	"errors"
	"io"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/daemon/early"
)

// A daemon in the background that dies of a fault of its own is heard by its children, which log its last words. While it
// has none, because there is nothing to do yet or because a child waits for its next start, a witness is there for
// that alone.

// witnessPatience is how long a witness waits for a log daemon. Nobody waits for it.
const witnessPatience = 10 * time.Second

// runWitness waits for the end of the parent.
func runWitness(o Options, h heritage) int {
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, sigJSON, sigStatsClear, sigThreadDump)
	early.HandOver()
	log := newLog(o, roleWitness)
	defer log.Close()
	settle(roleWitness)
	buffer := make([]byte, maxPacket)
	for {
		m, err := receiveMessage(h.conn, buffer)
		switch {
		case errors.Is(err, io.EOF):
			logCrash(log.Entry, "parent", h.parentCrash) // nothing where it has only sent us away
			log.flush(witnessPatience)
			return exitOK
		case err != nil:
			log.Errorf("listening to the parent: %v", err)
			return exitFatal
		}
		log.rename(m.Instance)
	}
}

// keepWitness has a witness there as long as nobody else would log the last words of this process.
func (p *parent) keepWitness() {
	switch alone := p.background && p.launcher == nil && len(p.children())+len(p.cleanups) == 0; {
	case alone && p.witness == nil && !p.stopping:
		p.callWitness()
	case !alone:
		p.dismissWitness()
	}
}

// callWitness starts a witness. One that has ended by itself is replaced after a while.
func (p *parent) callWitness() {
	if p.witness != nil {
		return
	}
	w, err := spawn(roleWitness, false)
	if err != nil {
		p.log.Warnf("starting a witness: %v", err)
		return
	}
	gone := make(chan struct{})
	p.witness, p.witnessGone = w, gone
	_ = sendMessage(w.conn, message{Kind: kindStart, Instance: p.instanceName()}) // its end is seen below
	go func() {
		_, _ = w.process.Wait()
		close(gone)
		p.after(crashBackoff, func() {
			if p.witness == w {
				p.dismissWitness()
			}
		})
	}()
}

// dismissWitness sends the witness away.
func (p *parent) dismissWitness() {
	if p.witness != nil {
		_, _ = p.witness.conn.Close(), p.witness.crash.Close()
		p.witness = nil
	}
}

// endWitness sends the witness away and waits until it has gone: nothing is to be left of the daemon.
func (p *parent) endWitness() {
	if p.witness == nil {
		return
	}
	p.dismissWitness()
	select {
	case <-p.witnessGone:
	case <-time.After(flushPatience):
	}
}

// watchLauncher hears when the process that waits for the start has ended before that.
func (p *parent) watchLauncher() {
	launcher := p.launcher
	go func() {
		_, _ = receiveMessage(launcher, make([]byte, 1)) // it never says anything
		p.work <- func() {
			if p.launcher == launcher {
				_ = launcher.Close()
				p.launcher = nil
			}
		}
	}()
}
