package vrrp

import (
	"fmt"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
)

// group is one vrrp_sync_group that runs. Only the engine's goroutine touches it.
type group struct {
	cfg     config.SyncGroup
	machine *fsm.Group
	routers []*router // its members, in the order of the configuration
	mailed  string    // what the last alert mail said
}

// GroupView is one moment of a sync group.
type GroupView struct {
	Name   string
	State  fsm.State
	Faulty int // members with a fault of their own
}

func (g *group) view() GroupView {
	return GroupView{Name: g.cfg.Name, State: g.machine.State(), Faulty: g.machine.Faulty()}
}

// regroup gives every group of the configuration the members that run. A group that was there keeps its state. New ones
// wait for startGroups.
func (e *Engine) regroup(now time.Time, cfg config.Config) {
	former := map[string]*group{}
	for _, g := range e.groups {
		former[g.cfg.Name] = g
	}
	left := e.leaveGroups()
	running := map[string]*router{}
	for i := range cfg.Instances {
		if r := e.routers[Key(cfg.Instances[i])]; r != nil {
			running[cfg.Instances[i].Name] = r
		}
	}
	e.groups = e.groups[:0:0]
	for _, c := range cfg.SyncGroups {
		g := former[c.Name]
		if g == nil {
			g = &group{}
		}
		g.cfg = c
		g.join(running)
		e.groups = append(e.groups, g)
	}
	for _, r := range left {
		if r.group == nil {
			fsm.Release(r.machine)
			e.step(now, r, fsm.FaultsChanged{Faults: r.faults})
		}
	}
	for _, g := range e.groups {
		e.assemble(now, g)
	}
}

// leaveGroups takes every instance out of its group, and returns those that were in one.
func (e *Engine) leaveGroups() []*router {
	var left []*router
	for _, r := range e.order {
		if r.group != nil {
			r.group = nil
			left = append(left, r)
		}
	}
	return left
}

// join makes those instances of the group that run its members.
func (g *group) join(running map[string]*router) {
	g.routers = nil
	for _, name := range g.cfg.Members {
		if r := running[name]; r != nil {
			r.group, r.member = g, len(g.routers)
			g.routers = append(g.routers, r)
		}
	}
}

// assemble gives a group's machine those of its members. A group goes on as Master from a former process together or
// not at all.
func (e *Engine) assemble(now time.Time, g *group) {
	resumed := 0
	for _, r := range g.routers {
		if r.resuming {
			resumed++
		}
	}
	whole := resumed == len(g.routers)
	machines := make([]*fsm.Machine, 0, len(g.routers))
	for _, r := range g.routers {
		if r.resuming && !whole {
			e.startAfresh(now, r)
		}
		machines = append(machines, r.machine)
	}
	switch {
	case g.machine != nil:
		e.perform(now, g, g.machine.SetMembers(now, machines...))
	case resumed > 0 && whole:
		g.machine = fsm.ResumeGroup(machines...)
	default:
		g.machine = fsm.NewGroup(machines...)
	}
}

// startGroups brings the groups that are new to life, before their members.
func (e *Engine) startGroups(now time.Time) {
	for _, g := range e.groups {
		e.perform(now, g, g.machine.Start(now))
	}
}

// stopGroups tells of the end of the groups, after their members.
func (e *Engine) stopGroups() {
	for _, g := range e.groups {
		if !e.opt.KeepAddresses {
			e.notifyGroup(g, g.cfg.NotifyStop, "notify_stop", "STOP")
			e.mailGroup(g, "Stopping", "stopping")
		}
	}
}

// unread is a socket that was not looked at yet at this moment and that can keep r from acting: its own, or that of
// another member of its group, which a Backup takes along. It is nil when there is none.
func (e *Engine) unread(now time.Time, r *router) *sharedSocket {
	if r.socket != nil && !r.socket.lookedAt.Equal(now) {
		return r.socket
	}
	if r.group == nil || r.machine.Snapshot().State != fsm.Backup {
		return nil
	}
	for _, m := range r.group.routers {
		if m.socket != nil && !m.socket.lookedAt.Equal(now) {
			return m.socket
		}
	}
	return nil
}

// perform does what a group's machine asks for.
func (e *Engine) perform(now time.Time, g *group, outcomes []fsm.Outcome) {
	for _, o := range outcomes {
		if o.Member != fsm.GroupItself {
			e.act(now, g.routers[o.Member], o.Before, o.After, o.Actions)
			continue
		}
		for _, action := range o.Actions {
			switch a := action.(type) {
			case fsm.GroupSyncing:
				e.log.Infof("VRRP_Group(%s) Syncing instances to %s state", g.cfg.Name, a.State)
			case fsm.GroupEntered:
				e.notifyGroupEntered(g, a.State)
			}
		}
	}
}

// notifyGroupEntered tells of a group's transition: the specific script, the generic one, a mail.
func (e *Engine) notifyGroupEntered(g *group, state fsm.State) {
	word := stateWord(state)
	switch state {
	case fsm.Master:
		e.notifyGroup(g, g.cfg.NotifyMaster, "notify_master", word)
	case fsm.Backup:
		e.notifyGroup(g, g.cfg.NotifyBackup, "notify_backup", word)
	default:
		e.notifyGroup(g, g.cfg.NotifyFault, "notify_fault", word)
		if e.opt.Config.Global.NoEmailFaults {
			return
		}
	}
	e.mailGroup(g, "Entering "+word+" state", "in "+word+" state")
}

func (e *Engine) notifyGroup(g *group, specific config.Script, keyword, state string) {
	e.eventGroup(g, state)
	e.noteGroup(g, notification{script: specific, label: g.cfg.Name + " " + keyword})
	e.noteGroup(g, notification{script: g.cfg.Notify, label: g.cfg.Name + " notify", arguments: []string{"GROUP", g.cfg.Name, state, "0"}})
}

// eventGroup writes a line about a group for the programs that read vrrp_notify_fifo.
func (e *Engine) eventGroup(g *group, what string) {
	e.noteGroup(g, notification{event: fmt.Sprintf(`GROUP "%s" %s 0`, g.cfg.Name, what)})
}

// mailGroup mails about a group, unless the last mail said the same.
func (e *Engine) mailGroup(g *group, what, are string) {
	global := &e.opt.Config.Global
	if !g.cfg.SMTPAlert.Or(global.SMTPAlertVRRP.Or(global.SMTPAlert.Or(false))) || g.mailed == what {
		return
	}
	g.mailed = what
	e.noteGroup(g, notification{
		subject: fmt.Sprintf("VRRP Group %s - %s", g.cfg.Name, what), body: "=> All VRRP group instances are now " + are + " <=",
	})
}

// noteGroup queues behind what the members' transitions have brought, in the order in which they came.
func (e *Engine) noteGroup(g *group, n notification) {
	e.worker.note("group "+g.cfg.Name, g.cfg.Name, n)
}
