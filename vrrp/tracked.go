package vrrp

import (
	"time"

	"keepalived-go/config"
	"keepalived-go/track"
	"keepalived-go/vrrp/fsm"
)

// trackedBy are the lists of tracked objects of an instance, or of a group.
type trackedBy struct{ interfaces, scripts []config.Track }

// influence is what the objects of some lists add to the priority of an instance, and how many demand Fault.
func (e *Engine) influence(by trackedBy) track.Influence {
	var in track.Influence
	for i := range by.interfaces {
		t := &by.interfaces[i]
		condition := track.Down
		if e.links.ByName[t.Name].Ready() {
			condition = track.Up
		}
		in.Weigh(weightOf(t), condition)
	}
	for i := range by.scripts {
		t := &by.scripts[i]
		in.Weigh(weightOf(t), e.scripts.condition(t.Name))
	}
	return in
}

func weightOf(t *config.Track) track.Weight {
	return track.Weight{Value: t.Weight.Value, Reverse: t.Weight.Reverse}
}

// observeTracked derives what r's trackers mean to it. A fault of an interface is one of observe's.
func (e *Engine) observeTracked(r *router) {
	in := e.influence(trackedBy{scripts: r.cfg.TrackScripts})
	r.faults = r.faults.With(fsm.FaultTracker, in.Faults > 0)
	r.tracked = in.Plus(e.influence(trackedBy{interfaces: r.cfg.TrackInterfaces}))
	r.tracked.Faults = in.Faults
	r.resumed = r.resumed && in.Unknown > 0
	r.faults = r.faults.With(fsm.FaultPending, in.Pending > 0 && !r.resumed)
}

// applyTracked tells the machines what a tracker has changed.
func (e *Engine) applyTracked(now time.Time) {
	for _, r := range e.order {
		faults := r.faults
		e.observeTracked(r)
		e.stepTracked(now, r, faults)
	}
}

// stepTracked tells the machine of r its priority, and its faults if they are others than before.
func (e *Engine) stepTracked(now time.Time, r *router, before fsm.FaultSet) {
	e.stepPriority(now, r)
	if r.faults != before {
		e.step(now, r, fsm.FaultsChanged{Faults: r.faults})
	}
}

// stepPriority tells the machine of r its effective priority. One that has gone on as Master keeps the one that it had
// until it is known again how its scripts are.
func (e *Engine) stepPriority(now time.Time, r *router) {
	p := r.tracked.Priority(r.cfg.Priority)
	if r.cfg.Priority == ownerPriority || r.resumed || p == r.machine.Snapshot().Priority {
		return
	}
	e.step(now, r, fsm.PriorityChanged{Priority: p})
}

// ownerPriority is that of the router that owns the addresses (RFC 9568 section 5.2.4). No tracker changes it.
const ownerPriority = 255

// logTrackFaults says which objects hold an instance in Fault at its start.
func (e *Engine) logTrackFaults(r *router) {
	for i := range r.cfg.TrackInterfaces {
		t := &r.cfg.TrackInterfaces[i]
		if e.influence(trackedBy{interfaces: r.cfg.TrackInterfaces[i : i+1]}).Faults > 0 {
			e.log.Infof("(%s): entering FAULT state (interface %s down)", r.cfg.Name, t.Name)
		}
	}
	for i := range r.cfg.TrackScripts {
		t := &r.cfg.TrackScripts[i]
		if e.influence(trackedBy{scripts: r.cfg.TrackScripts[i : i+1]}).Faults > 0 {
			e.log.Infof("(%s): entering FAULT state due to script %s", r.cfg.Name, t.Name)
		}
	}
}
