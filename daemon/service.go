package daemon

import (
	"fmt"
	"slices"
	"strings"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// What the service manager is told beside readiness: one line about the instances, and that the daemon is alive.

// mostNames is how many instances of a state the status names; the others are counted.
const mostNames = 8

// statusLine says who is Master, Backup and in Fault. failed is why the last reload failed, nil when it did not.
func statusLine(known map[string]vrrp.InstanceState, failed error) string {
	names := map[fsm.State][]string{}
	for _, s := range known {
		names[s.State] = append(names[s.State], s.Name)
	}
	var parts []string
	for _, part := range []struct {
		title string
		state fsm.State
	}{{"Master", fsm.Master}, {"Backup", fsm.Backup}, {"Fault", fsm.FaultState}, {"starting", fsm.Init}} {
		if who := names[part.state]; len(who) > 0 {
			parts = append(parts, part.title+": "+someOf(who))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "no VRRP instance")
	}
	if failed != nil {
		parts = append(parts, "the last reload failed: "+failed.Error())
	}
	return strings.ReplaceAll(strings.Join(parts, "; "), "\n", " ")
}

// someOf lists the first names in their order.
func someOf(names []string) string {
	slices.Sort(names)
	if more := len(names) - mostNames; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), more)
	}
	return strings.Join(names, ", ")
}

// showStatus tells the service manager how the instances are, when that has changed.
func (p *parent) showStatus() {
	if line := statusLine(p.known, p.reloadFailure); p.announced && line != p.status {
		p.status = line
		notifySystemd("STATUS=" + line)
	}
}

// watchdog says that the daemon is alive as long as that is true: its loop runs and every child has answered lately. A
// child that starts, reloads or stops is left out, because these have limits of their own.
type watchdog struct {
	limit   time.Duration // without a sign for so long, the service manager ends the daemon
	silence bool          // a child does not answer, and it was logged
	ping    func()
}

// watchdogShare is how many signs of life there are within the limit.
const watchdogShare = 4

// startWatchdog has the loop give signs of life where the service manager asks for them. The request is taken out of the
// environment: children and scripts must not believe that they are asked.
func (p *parent) startWatchdog() {
	limit, err := sd.SdWatchdogEnabled(true)
	if err != nil {
		p.log.Warnf("watchdog of the service manager: %v", err)
	}
	if limit > 0 {
		p.guard = &watchdog{limit: limit, ping: func() { notifySystemd(sd.SdNotifyWatchdog) }}
		p.after(0, p.patrol)
	}
}

// patrol gives a sign of life if there is life, and asks the children for theirs.
func (p *parent) patrol() {
	w := p.guard
	var silent []string
	for _, child := range p.children() {
		if !child.ready || p.reload != nil || p.stopping {
			child.answeredAt = time.Time{}
			continue
		}
		if child.answeredAt.IsZero() {
			child.answeredAt = time.Now()
		}
		if time.Since(child.answeredAt) > w.limit/2 {
			silent = append(silent, fmt.Sprintf("%s process(%d)", child.post.title, child.pid()))
		}
		child.send(message{Kind: kindPing})
	}
	switch {
	case len(silent) == 0:
		w.silence = false
		w.ping()
	case !w.silence:
		w.silence = true
		p.log.Errorf("%s does not answer: no more signs of life to the watchdog, which ends the daemon", strings.Join(silent, " and "))
	}
	p.after(w.limit/watchdogShare, p.patrol)
}

// kindPing asks a child for a sign of its engine, kindPong is that.
const (
	kindPing messageKind = "ping"
	kindPong messageKind = "pong"
)

// pong answers the parent once the engine has answered us. However often the parent asks, one question is on its way.
func (c *child) pong() {
	if !c.asked.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer c.asked.Store(false)
		if c.awake() == nil {
			c.outbox.put(message{Kind: kindPong})
		}
	}()
}
