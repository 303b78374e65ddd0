package vrrp

import (
	"time"

	"keepalived-go/config"
	"keepalived-go/track"
	"keepalived-go/vrrp/fsm"
)

// trackLists are the lists of tracked objects of an instance, or of a group.
type trackLists struct{ interfaces, scripts, files, processes []config.Track }

// instanceTracks and groupTracks are the lists of an instance and of a group.
func instanceTracks(c *config.Instance) trackLists {
	return trackLists{interfaces: c.TrackInterfaces, scripts: c.TrackScripts, files: c.TrackFiles, processes: c.TrackProcesses}
}

func groupTracks(g *config.SyncGroup) trackLists {
	return trackLists{interfaces: g.TrackInterfaces, scripts: g.TrackScripts, files: g.TrackFiles, processes: g.TrackProcesses}
}

// used are the names that some instance or group has in one of its lists.
func used(cfg config.Config, list func(trackLists) []config.Track) map[string]bool {
	names := map[string]bool{}
	for i := range cfg.Instances {
		for _, t := range list(instanceTracks(&cfg.Instances[i])) {
			names[t.Name] = true
		}
	}
	for i := range cfg.SyncGroups {
		for _, t := range list(groupTracks(&cfg.SyncGroups[i])) {
			names[t.Name] = true
		}
	}
	return names
}

// influence is what the objects of some lists add to the priority of an instance, and how many demand Fault. links is
// the part of it that comes of interfaces, whose faults are of a kind of their own.
func (e *Engine) influence(by trackLists) (all, links track.Influence) {
	for i := range by.interfaces {
		t := &by.interfaces[i]
		condition := track.Down
		if e.links.ByName[t.Name].Ready() {
			condition = track.Up
		}
		links.Weigh(weightOf(t), condition)
	}
	for i := range by.scripts {
		t := &by.scripts[i]
		all.Weigh(weightOf(t), e.scripts.condition(t.Name))
	}
	for i := range by.files {
		t := &by.files[i]
		all.WeighStatus(weightOf(t), e.files.status[t.Name])
	}
	for i := range by.processes {
		t := &by.processes[i]
		all.Weigh(weightOf(t), e.processes.condition(t.Name))
	}
	return all.Plus(links), links
}

func weightOf(t *config.Track) track.Weight {
	return track.Weight{Value: t.Weight.Value, Reverse: t.Weight.Reverse}
}

// observeTracked derives what r's trackers mean to it. The fault of an interface is one of observe's.
func (e *Engine) observeTracked(r *router) (links track.Influence) {
	r.tracked, links = e.influence(instanceTracks(&r.cfg))
	r.tracked.Faults -= links.Faults
	r.resumed = r.resumed && r.tracked.Unknown > 0
	r.faults = r.faults.With(fsm.FaultTracker, r.tracked.Faults > 0).With(fsm.FaultPending, r.tracked.Pending > 0 && !r.resumed)
	return links
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
	each := func(list []config.Track, lists func([]config.Track) trackLists, format string) {
		for i := range list {
			if all, _ := e.influence(lists(list[i : i+1])); all.Faults > 0 {
				e.log.Infof("(%s): entering FAULT state "+format, r.cfg.Name, list[i].Name)
			}
		}
	}
	each(r.cfg.TrackInterfaces, func(l []config.Track) trackLists { return trackLists{interfaces: l} }, "(interface %s down)")
	for i := range r.cfg.TrackFiles {
		t := &r.cfg.TrackFiles[i]
		if all, _ := e.influence(trackLists{files: r.cfg.TrackFiles[i : i+1]}); all.Faults > 0 {
			e.log.Infof("(%s): entering FAULT state (tracked file %s has status %d)", r.cfg.Name, t.Name, track.FileFault)
		}
	}
	for i := range r.cfg.TrackProcesses {
		if all, _ := e.influence(trackLists{processes: r.cfg.TrackProcesses[i : i+1]}); all.Faults > 0 {
			e.log.Infof("(%s) entering FAULT state (tracked process %s quorum not achieved)", r.cfg.Name, r.cfg.TrackProcesses[i].Name)
		}
	}
	each(r.cfg.TrackScripts, func(l []config.Track) trackLists { return trackLists{scripts: l} }, "due to script %s")
}
