package daemon

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How long children may take to judge and to apply a configuration. Each of them reads it as the parent did: on a slow
// machine a large one has its time.
const (
	answerPatience = 10 * time.Second
	answerFactor   = 10 // times what the parent took
)

// pendingReload is a new configuration on its way: read, checked by every child, then applied by every child.
type pendingReload struct {
	next       configuration
	generation int
	waiting    map[*supervised]bool // children that have not answered
	patience   time.Duration
	applying   bool
	again      bool // another reload was asked for meanwhile
	askers     []*asker
	said       []string // the diagnostics, for the askers
}

// waitFor tells children something and waits for their answers.
func (r *pendingReload) waitFor(children []*supervised) {
	r.waiting = make(map[*supervised]bool, len(children))
	for _, c := range children {
		r.waiting[c] = true
	}
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
	p.leaveAppointment()
	check := p.current.config.Global.ReloadCheckConfig
	if check != "" && p.options.Detail > 0 {
		p.log.Info("validate conf before Reload")
	}
	p.log.Info("Reloading ...")
	notifySystemd("RELOADING=1\n" + monotonicField())
	p.generation++
	r := &pendingReload{generation: p.generation, askers: p.asking}
	p.reload, p.asking = r, nil
	p.readingBegins()
	go func() {
		start := time.Now()
		next, err := validated(p.options, check)
		if err == nil && len(next.config.VirtualServers) > 0 && p.wantsChecker(next.config) {
			// A child that starts with it could only end, and the daemon with it.
			err = checkIPVS(next.config.Global.NetNamespaceIPVS)
		}
		r.patience = answerPatience + answerFactor*time.Since(start)
		p.work <- func() { p.wasRead(r, next, err) }
	}()
}

// wasRead goes on with a configuration that the parent has read.
func (p *parent) wasRead(r *pendingReload, next configuration, err error) {
	p.readingEnds(next.config.Global)
	if p.reload != r {
		return
	}
	p.saveText(next)
	p.logDiagnostics(next)
	if err == nil {
		r.note(next)
		if missing := p.missingPrivileges(next.config); missing != "" {
			p.log.Error(missing)
			r.said = append(r.said, missing)
		}
		err = next.refusal()
	}
	if err == nil {
		err = p.unchangeable(next.config.Global)
	}
	if err != nil {
		p.failReload(r, err)
		return
	}
	r.next = next
	for _, a := range r.askers {
		a.expect(r.patience)
	}
	r.waitFor(p.children())
	if err := p.showText(next, r.generation, p.children()); err != nil {
		p.failReload(r, err)
		return
	}
	p.after(r.patience, func() { p.unanswered(r) })
	p.goOn(r)
}

// showText asks children whether a configuration can work.
func (p *parent) showText(c configuration, generation int, children []*supervised) error {
	for _, child := range children {
		text, err := p.textFile(c)
		if err != nil {
			return err
		}
		child.send(message{Kind: kindCheck, Generation: generation, files: []*os.File{text}}) // the outbox closes it
	}
	return nil
}

// answered is a child's verdict on the first or the second phase.
func (p *parent) answered(child *supervised, m message) {
	r := p.reload
	switch {
	case r == nil || m.Generation != r.generation || !r.waiting[child]:
	case m.Error != "":
		p.failReload(r, errors.New(m.Error))
	default:
		delete(r.waiting, child)
		p.goOn(r)
	}
}

// goOn enters the next phase of a reload when every child has answered.
func (p *parent) goOn(r *pendingReload) {
	switch {
	case len(r.waiting) > 0:
	case r.applying:
		p.finishReload()
	default:
		r.applying = true
		r.waitFor(p.children())
		for child := range r.waiting {
			child.send(message{Kind: kindApply, Generation: r.generation})
		}
		if len(r.waiting) == 0 {
			p.finishReload()
		}
	}
}

// join has a child take part in the reload that it was started in the midst of.
func (p *parent) join(child *supervised) {
	r := p.reload
	if r == nil || r.next.text == nil {
		return // it will be asked with the others
	}
	r.waiting[child] = true
	if err := p.showText(r.next, r.generation, []*supervised{child}); err != nil {
		p.failReload(r, err)
		return
	}
	if r.applying {
		child.send(message{Kind: kindApply, Generation: r.generation})
	}
}

// interrupted gives a reload up when a child has died that takes part in it. Files that are still being read will be
// shown to the next child.
func (p *parent) interrupted(child *supervised) {
	if r := p.reload; r != nil && r.next.text != nil {
		p.failReload(r, fmt.Errorf("the %s child has ended", child.post.title))
	}
}

// unanswered ends the wait for children. Once one was told to apply the configuration it will, however late, unless it
// dies: then its successor does.
func (p *parent) unanswered(r *pendingReload) {
	if p.reload != r {
		return
	}
	var titles []string
	for child := range r.waiting {
		titles = append(titles, child.post.title)
	}
	slices.Sort(titles)
	who := strings.Join(titles, " and the ")
	if !r.applying {
		p.failReload(r, fmt.Errorf("the %s child does not answer", who))
		return
	}
	late := fmt.Sprintf("the %s child has not applied the configuration within %v", who, r.patience.Round(time.Second))
	p.log.Warn(late)
	r.said = append(r.said, late)
	p.finishReload()
}

// finishReload makes the new configuration the one that a respawned child gets.
func (p *parent) finishReload() {
	r := p.reload
	p.reload, p.reloadFailure = nil, nil
	p.current = r.next
	p.applyName()
	p.applyUmask()
	p.log.Info("Reload complete")
	notifySystemd("READY=1")
	p.showStatus()
	p.fillWanted()
	p.makeAppointment(p.current.config.Global)
	if p.stopping { // a child that cannot be started ends the daemon
		r.tell(errStopping)
	}
	r.tell(nil)
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
	p.log.Error(reloadFailed, err)
	p.reloadFailure = err
	if r.applying {
		p.takeBack()
	}
	notifySystemd("READY=1")
	p.makeAppointment(p.current.config.Global)
	p.showStatus()
	r.tell(err)
	if r.again {
		p.startReload()
	}
}

// takeBack has the children return to the running configuration, some of which have left it. A child that was started
// meanwhile has nothing to do.
func (p *parent) takeBack() {
	p.generation++ // nobody waits for these answers
	if err := p.showText(p.current, p.generation, p.children()); err != nil {
		p.log.Errorf("taking the reload back: %v", err)
		return
	}
	for _, child := range p.children() {
		child.send(message{Kind: kindApply, Generation: p.generation})
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
