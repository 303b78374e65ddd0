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

// pendingReload is a new configuration on its way: read, checked by the child, then applied.
type pendingReload struct {
	next       configuration
	generation int
	applying   bool
	again      bool // another reload was asked for meanwhile
}

// startReload reads the files anew. The running configuration stays in force unless everybody agrees to the new one.
// The reading is no work of the loop: a child that dies meanwhile is started again at once.
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
	p.generation++
	r := &pendingReload{generation: p.generation}
	p.reload = r
	go func() {
		next, err := readConfiguration(p.options)
		p.work <- func() { p.wasRead(r, next, err) }
	}()
}

// wasRead goes on with a configuration that the parent has read.
func (p *parent) wasRead(r *pendingReload, next configuration, err error) {
	if p.reload != r {
		return
	}
	if err == nil {
		p.logDiagnostics(next)
		err = next.refusal()
	}
	if err != nil {
		p.failReload(r, err)
		return
	}
	r.next = next
	if p.child == nil {
		p.finishReload()
		return
	}
	text, err := sealedText(next.text)
	if err != nil {
		p.failReload(r, err)
		return
	}
	p.child.send(message{Kind: kindCheck, Generation: r.generation, files: []*os.File{text}}) // the outbox closes it
	p.after(answerPatience, func() { p.unanswered(r) })
}

// answered is the child's verdict on the first or the second phase.
func (p *parent) answered(m message) {
	r := p.reload
	switch {
	case r == nil || m.Generation != r.generation || p.child == nil:
	case m.Error != "":
		p.failReload(r, errors.New(m.Error))
	case r.applying:
		p.finishReload()
	default:
		r.applying = true
		p.child.send(message{Kind: kindApply, Generation: r.generation})
	}
}

// unanswered ends the wait for a child. Once it was told to apply the configuration it will, however late, unless it
// dies: then its successor does.
func (p *parent) unanswered(r *pendingReload) {
	switch {
	case p.reload != r:
	case r.applying:
		p.log.Warnf("the VRRP child has not applied the configuration within %v", answerPatience)
		p.finishReload()
	default:
		p.failReload(r, errors.New("the VRRP child does not answer"))
	}
}

// finishReload makes the new configuration the one that a respawned child gets.
func (p *parent) finishReload() {
	r := p.reload
	p.reload = nil
	p.current = r.next
	p.applyUmask()
	p.log.Info("Reload complete")
	notifySystemd("READY=1")
	if p.wantsVRRP(r.next.config) {
		p.startAnotherChild()
	}
	if r.again {
		p.startReload()
	}
}

// failReload gives a pending reload up; r is ignored when it is no longer the pending one.
func (p *parent) failReload(r *pendingReload, err error) {
	if r == nil || p.reload != r {
		return
	}
	p.reload = nil
	if p.stopping {
		return // whoever waits for the reload hears of the stop
	}
	p.log.Errorf("Reload failed, the running configuration stays in force: %v", err)
	notifySystemd("READY=1")
	if r.again {
		p.startReload()
	}
}

// monotonicField is what the service manager wants beside RELOADING, to tell reloads apart.
func monotonicField() string {
	return fmt.Sprintf("MONOTONIC_USEC=%d", monotonicNow()/int64(time.Microsecond))
}

// monotonicNow is CLOCK_MONOTONIC in nanoseconds, which means the same in every process of this host.
func monotonicNow() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0 // the kernel has had this clock since ever
	}
	return ts.Nano()
}
