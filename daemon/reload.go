package daemon

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// answerPatience is how long a child may take to judge and to apply a configuration.
const answerPatience = 10 * time.Second

// pendingReload is a new configuration on its way: checked by the child, then applied.
type pendingReload struct {
	next       configuration
	generation int
	applying   bool
	again      bool // another reload was asked for meanwhile
}

// startReload reads the files anew. The running configuration stays in force unless everybody agrees to the new one.
func (p *parent) startReload() {
	if p.stopping {
		return
	}
	if p.reload != nil {
		p.reload.again = true
		return
	}
	p.log.Info("Reloading ...")
	notifySystemd("RELOADING=1\n" + monotonicField())
	next, err := readConfiguration(p.options)
	if err != nil {
		p.reloadFailed(err)
		return
	}
	p.logDiagnostics(next)
	if err := next.refusal(); err != nil {
		p.reloadFailed(err)
		return
	}
	p.generation++
	p.reload = &pendingReload{next: next, generation: p.generation}
	if p.child == nil {
		p.finishReload()
		return
	}
	text, err := sealedText(next.text)
	if err != nil {
		p.failReload(err)
		return
	}
	p.child.send(message{Kind: kindCheck, Generation: p.generation, files: []*os.File{text}}) // the outbox closes it
	p.awaitAnswer()
}

func (p *parent) awaitAnswer() {
	p.after(answerPatience, func() { p.failReload(errors.New("the VRRP child does not answer")) })
}

// answered is the child's verdict on the first or the second phase.
func (p *parent) answered(m message) {
	if p.reload == nil || m.Generation != p.reload.generation {
		return
	}
	p.timer, p.due = nil, nil
	switch {
	case m.Error != "":
		p.failReload(errors.New(m.Error))
	case p.reload.applying:
		p.finishReload()
	default:
		p.reload.applying = true
		p.child.send(message{Kind: kindApply, Generation: p.reload.generation})
		p.awaitAnswer()
	}
}

// finishReload makes the new configuration the one that a respawned child gets.
func (p *parent) finishReload() {
	next, again := p.reload.next, p.reload.again
	p.reload = nil
	p.current = next
	p.log.Info("Reload complete")
	notifySystemd("READY=1")
	if p.child == nil && p.wantsVRRP(next.config) {
		p.startChild()
	}
	if again {
		p.startReload()
	}
}

// failReload gives a pending reload up.
func (p *parent) failReload(err error) {
	if p.reload == nil {
		return
	}
	again := p.reload.again
	p.reload = nil
	p.timer, p.due = nil, nil
	p.reloadFailed(err)
	if again {
		p.startReload()
	}
}

func (p *parent) reloadFailed(err error) {
	p.log.Errorf("Reload failed, the running configuration stays in force: %v", err)
	notifySystemd("READY=1")
}

// monotonicField is what the service manager wants beside RELOADING, to tell reloads apart.
func monotonicField() string {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return ""
	}
	return fmt.Sprintf("MONOTONIC_USEC=%d", ts.Nano()/int64(time.Microsecond))
}
