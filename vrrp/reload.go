package vrrp

import (
	"fmt"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
)

// Check tells whether a new configuration can be applied here and now; nothing is changed. It may be called from
// any goroutine.
func (e *Engine) Check(cfg config.Config) error {
	var err error
	lacks := e.probeFirewall(cfg)
	if stopped := e.do(func() {
		err = CheckInterfaces(cfg, e.links)
		e.lacking, e.checked = lacks, true
	}); stopped != nil {
		return stopped
	}
	if err != nil {
		return fmt.Errorf("checking the new configuration: %w", err)
	}
	return nil
}

// Reload applies the difference between the running configuration and cfg. An instance that is the same in both
// sees nothing of it. It may be called from any goroutine.
func (e *Engine) Reload(cfg config.Config) error {
	return e.do(func() { e.reload(time.Now(), cfg) })
}

func (e *Engine) reload(now time.Time, cfg config.Config) {
	changes := config.Diff(e.opt.Config, cfg)
	former, before := e.opt.Config, e.opt.Config.Global
	e.opt.Config = cfg
	if e.checked {
		e.firewallErr, e.lacking, e.checked = e.lacking, nil, false // before an instance that needs it can become Master
	}
	e.watchRoutes(cfg)
	e.promote(cfg)
	e.setStatic(former, cfg)
	e.opt.Resume = nil
	e.collectVirtual(cfg)
	e.logDelays()
	e.moveDelay(now, cfg.Global.StartupDelay-before.StartupDelay)
	e.repace(changes, cfg)
	e.trackFiles(cfg)
	e.trackProcesses(cfg)
	e.trackScripts(cfg, true)
	for _, c := range changes {
		if c.Kind == config.Removed {
			if r := e.routers[Key(c.Old)]; r != nil {
				e.removeRouter(now, r)
			}
		}
	}
	e.reloadFirewall(before, cfg.Global)
	e.regroup(now, cfg)
	var added []*router
	for _, c := range changes {
		switch c.Kind {
		case config.Updated:
			if r := e.routers[Key(c.New)]; r != nil {
				e.updateRouter(now, r, c.New)
			}
		case config.Added:
			added = append(added, e.addRouter(now, c.New))
		}
	}
	e.reorder(cfg)
	e.regroup(now, cfg)
	e.startGroups(now)
	for _, r := range added {
		e.startRouter(now, r)
	}
	for _, r := range e.order {
		e.gatherTracks(r)
	}
	e.applyFaults(now) // what is tracked may have changed where the instances have not
	if cfg.Global.FIFOWriteVRRPStatesOnReload {
		e.eventStates()
	}
	e.changes = true
}

// moveDelay moves the end of a startup delay that still runs. One that is over does not begin again: the host is up.
func (e *Engine) moveDelay(now time.Time, by time.Duration) {
	if by == 0 || !now.Before(e.delayedTo) {
		return
	}
	e.delayedTo = e.delayedTo.Add(by)
	for _, r := range e.order {
		e.step(now, r, fsm.DelayMoved{To: e.delayedTo})
	}
}

// repace gives the queues of announcements their new paces. What is not wanted any more leaves them before: a queue may
// go on at once.
func (e *Engine) repace(changes []config.Change, cfg config.Config) {
	for _, c := range changes {
		switch c.Kind {
		case config.Removed:
			e.worker.pacer.keep(Key(c.Old), nil)
		case config.Updated:
			e.worker.pacer.keep(Key(c.New), kernelAddresses(c.New))
		}
	}
	e.worker.pacer.configure(pacesOf(cfg))
}

// updateRouter gives a running instance its new configuration.
func (e *Engine) updateRouter(now time.Time, r *router, cfg config.Instance) {
	old, faults, links := r.cfg, r.faults, r.links
	r.configure(cfg)
	e.gatherTracks(r)
	e.replaceLinks(r, links)
	e.observe(r)
	e.step(now, r, fsm.Reconfigured{Config: machineConfig(cfg, r.source)})
	e.stepPriority(now, r)
	if r.faults != faults || cfg.Unsupported != nil || old.Unsupported != nil {
		e.step(now, r, fsm.FaultsChanged{Faults: r.faults})
	}
	e.updateAddresses(r, old)
	e.updatePolicy(r, old)
}

// updateAddresses moves a Master from the old addresses to the new ones, and announces those that were added.
func (e *Engine) updateAddresses(r *router, old config.Instance) {
	before, after := kernelAddresses(old), r.addresses
	gone, added := without(before, after), without(after, before)
	e.updateGuard(r)
	master := r.machine.Snapshot().State == fsm.Master
	switch {
	case sameAddresses(before, after):
	case master:
		e.worker.want(r.key, r.cfg.Name, after, gone)
		e.announce(r, added, r.cfg.GARP.MasterRepeat)
	default:
		e.worker.want(r.key, r.cfg.Name, nil, append(gone, added...))
	}
}

// reorder puts the routers into the order of the configuration.
func (e *Engine) reorder(cfg config.Config) {
	order := make([]*router, 0, len(cfg.Instances))
	for i := range cfg.Instances {
		if r := e.routers[Key(cfg.Instances[i])]; r != nil {
			order = append(order, r)
		}
	}
	e.order = order
}
