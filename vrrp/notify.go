package vrrp

import (
	"fmt"
	"strconv"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
)

// notification is one script to start, or one mail to send.
type notification struct {
	script    config.Script
	label     string
	arguments []string

	subject, body string // of a mail
}

// notifyEntered tells of a transition: the specific script, the generic one, a mail.
func (e *Engine) notifyEntered(r *router, a fsm.Entered) {
	switch a.State {
	case fsm.Master:
		e.notify(r, r.cfg.NotifyMaster, "notify_master", "MASTER", a.Priority)
	case fsm.Backup:
		e.notify(r, r.cfg.NotifyBackup, "notify_backup", "BACKUP", a.Priority)
	case fsm.FaultState:
		if a.Init && !r.faults.Has(fsm.FaultInterface) {
			return // at start upstream reports a fault only when an interface is the cause
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
	e.worker.note(r.key, r.cfg.Name, notification{script: specific, label: r.cfg.Name + " " + keyword})
	e.worker.note(r.key, r.cfg.Name, notification{script: r.cfg.Notify, label: r.cfg.Name + " notify",
		arguments: []string{"INSTANCE", r.cfg.Name, state, strconv.Itoa(int(priority))}})
}
