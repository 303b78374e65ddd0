package vrrp

import (
	"fmt"
	"strconv"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
)

// notification is one script to start, one mail to send, or one event to write.
type notification struct {
	script    config.Script
	label     string
	arguments []string

	subject, body string // of a mail
	event         string
	minor         bool // of what others send, which may be told once for many
}

// notifyEntered tells of a transition: the specific script, the generic one, a mail.
func (e *Engine) notifyEntered(r *router, a fsm.Entered) {
	switch a.State {
	case fsm.Master:
		e.notify(r, r.cfg.NotifyMaster, "notify_master", "MASTER", a.Priority)
	case fsm.Backup:
		e.notify(r, r.cfg.NotifyBackup, "notify_backup", "BACKUP", a.Priority)
	case fsm.FaultState:
		if a.Init && !r.faults.Has(fsm.FaultInterface) && !r.faults.Has(fsm.FaultTracker) && (r.group == nil || r.machine.Snapshot().Faults.Pending()) {
			return // at start upstream reports a fault only when something that is tracked, or the sync group, is the cause
		}
		e.notify(r, r.cfg.NotifyFault, "notify_fault", "FAULT", a.Priority)
		if e.opt.Config.Global.NoEmailFaults {
			return
		}
	}
	e.mailEntered(r, a.State)
}

// mailEntered mails about a state, unless the last mail did.
func (e *Engine) mailEntered(r *router, state fsm.State) {
	word, body := "FAULT", "VRRP Instance is no longer owning VRRP VIPs"
	switch state {
	case fsm.Master:
		word, body = "MASTER", "VRRP Instance is now owning VRRP VIPs"
	case fsm.Backup:
		word = "BACKUP"
	}
	e.mail(r, "Entering "+word+" state", body)
}

func (e *Engine) mail(r *router, what, body string) {
	if !r.cfg.SMTPAlert || r.mailed == what {
		return
	}
	r.mailed = what
	e.worker.note(r.key, r.cfg.Name, notification{
		subject: fmt.Sprintf("VRRP Instance %s - %s", r.cfg.Name, what), body: "=> " + body + " <=",
	})
}

// notifyStopped tells of the end of an instance. One that a reload took away is reported as deleted when
// notify_deleted asks for it, else as in Fault.
func (e *Engine) notifyStopped(r *router, priority uint8) {
	switch {
	case !r.removed:
		e.notify(r, r.cfg.NotifyStop, "notify_stop", "STOP", priority)
		e.mail(r, "Stopping", "VRRP Instance stopping")
	case r.cfg.NotifyDeleted.Use:
		e.notify(r, r.cfg.NotifyDeleted.Script, "notify_deleted", "DELETED", priority)
		e.mail(r, "Deleted", "VRRP Deleted at reload")
	default:
		e.notify(r, r.cfg.NotifyFault, "notify_fault", "FAULT", priority)
		e.mail(r, "Deleted", "VRRP Deleted at reload")
	}
}

func (e *Engine) notify(r *router, specific config.Script, keyword, state string, priority uint8) {
	e.event(r, state, priority)
	e.worker.note(r.key, r.cfg.Name, notification{script: specific, label: r.cfg.Name + " " + keyword})
	e.worker.note(r.key, r.cfg.Name, notification{script: r.cfg.Notify, label: r.cfg.Name + " notify",
		arguments: []string{"INSTANCE", r.cfg.Name, state, strconv.Itoa(int(priority))}})
}

// event writes a line about an instance for the programs that read vrrp_notify_fifo.
func (e *Engine) event(r *router, what string, priority uint8) {
	e.worker.note(r.key, r.cfg.Name, notification{event: eventLine(r, what, priority)})
}

func eventLine(r *router, what string, priority uint8) string {
	return fmt.Sprintf("INSTANCE %q %s %d", r.cfg.Name, what, priority)
}

// eventPriority is the event of an effective priority that has changed. Whoever is not Master counts as Backup for it.
func (e *Engine) eventPriority(r *router, priority uint8) {
	if !r.cfg.NotifyPriorityChanges {
		return
	}
	what := "BACKUP_PRIORITY"
	if r.machine.Snapshot().State == fsm.Master {
		what = "MASTER_PRIORITY"
	}
	e.event(r, what, priority)
}

// eventStates writes the states of all groups and instances, as a start would.
func (e *Engine) eventStates() {
	for _, g := range e.groups {
		e.eventGroup(g, stateWord(g.machine.State()))
	}
	for _, r := range e.order {
		s := r.machine.Snapshot()
		e.event(r, stateWord(s.State), s.Priority)
	}
}

// stateWord names a state as scripts and readers of events know it.
func stateWord(s fsm.State) string {
	switch s {
	case fsm.Master:
		return "MASTER"
	case fsm.Backup:
		return "BACKUP"
	}
	return "FAULT"
}
