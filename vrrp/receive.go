package vrrp

import (
	"strconv"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// receive reads a socket until it is empty and gives each advert to its instance, at the time the kernel took it.
//
// While there is much to read the engine looks again by itself after a pause, so that the adverts of many instances
// cost one awakening and not one each. Nothing is decided late by it: packets carry the kernel's time, and the engine
// reads before it acts on a deadline. When there was little, the socket is armed, and the next advert wakes the engine.
func (e *Engine) receive(s *sharedSocket) {
	s.drainAt = time.Time{}
	if s.users == 0 {
		return // it was closed after it had said that there is something to read
	}
	deliver := func(d wire.Datagram) { e.deliver(s, d) }
	if s.users >= manyUsers {
		// An error comes again from Receive, which arms the socket in any case.
		if count, err := s.socket.Poll(deliver); count > 0 && err == nil {
			s.drainAt = time.Now().Add(s.pause)
			return
		}
	}
	if err := s.socket.Receive(deliver); err != nil {
		e.log.Warnf("receiving on %s: %v", s.place(), err)
	}
}

// deliver checks one datagram and steps the machine that it is for.
func (e *Engine) deliver(s *sharedSocket, d wire.Datagram) {
	vrid, ok := packet.VRID(d.Bytes)
	if !ok {
		return // not long enough to belong to anybody
	}
	r := s.router(vrid, d.Bytes)
	if r == nil {
		e.unknownVRID(s, vrid)
		return
	}
	r.expect.Source = r.source
	r.expect.KnownMaster = r.machine.Snapshot().MasterAddress
	r.expect.Now = d.Time
	got, reason := r.expect.Check(d.Bytes)
	e.noteSequence(r, got, reason)
	if reason.Counted() {
		r.stats.AdvertRcvd++
	}
	if reason != packet.OK {
		r.stats.Dropped[reason]++
		if r.complained.first(reason) {
			e.log.Infof("(%s) %s", r.cfg.Name, got.Explain(reason))
		}
		if !reason.Processed() {
			return
		}
	}
	e.noteChecksum(r, got)
	if got.Priority == 0 {
		r.stats.PriorityZeroRcvd++
	}
	e.step(d.Time, r, fsm.Advert{Source: got.Source, Priority: got.Priority, Interval: got.Interval, Waited: max(time.Since(d.Time), 0)})
	if reason == packet.OK {
		r.complained = 0
	}
}

// unknownVRID logs a foreign virtual router once per socket, when log_unknown_vrids asks for it.
func (e *Engine) unknownVRID(s *sharedSocket, vrid uint8) {
	if !e.opt.Config.Global.LogUnknownVRIDs || s.foreign[vrid] {
		return
	}
	s.foreign[vrid] = true
	e.log.Infof("Unknown VRID(%d) received on interface(%s). ignoring...", vrid, s.place())
}

// complaints remembers which kinds of bad advert were logged since the last good one.
type complaints uint64

// first tells whether the reason was not logged yet, and remembers it.
func (c *complaints) first(reason packet.Reason) bool {
	bit := complaints(1) << reason
	if *c&bit != 0 {
		return false
	}
	*c |= bit
	return true
}

// reportLine logs what a machine reports, in the words that operators search for.
func (e *Engine) reportLine(r *router, a fsm.Report) {
	name := r.cfg.Name
	switch a.Kind {
	case fsm.ReportTimeout:
		e.detail("(%s) Receive advertisement timeout", name)
	case fsm.ReportLowerDiscarded:
		e.log.Infof("(%s) received lower priority (%d) advert from %s - discarding", name, a.Priority, a.Peer)
	case fsm.ReportHigherPriority:
		e.log.Infof("(%s) Master received advert from %s with higher priority %d, ours %d", name, a.Peer, a.Priority, a.Ours)
	case fsm.ReportSamePriorityAddress:
		e.log.Infof("(%s) Master received advert from %s with same priority %d but higher IP address than ours", name, a.Peer, a.Priority)
	case fsm.ReportLowerNewElection:
		r.stats.MasterConflicts++
		e.log.Infof("(%s) Received advert from %s with lower priority %d, ours %d, forcing new election", name, a.Peer, a.Priority, a.Ours)
		e.passSequence(r)
	case fsm.ReportSameAddress:
		if r.complained.first(packet.NumReasons) {
			e.log.Warnf("(%s) Received advert from %s with our own address and priority %d: is another instance using it, or is the network looping?", name, a.Peer, a.Priority)
		}
	case fsm.ReportPriorityZeroBackup:
		e.detail("(%s) Backup received priority 0 advertisement", name)
	case fsm.ReportPriorityZeroMaster:
		e.detail("(%s) Master received priority 0 message", name)
	case fsm.ReportMasterSet:
		e.detail("(%s) master set to %s", name, a.Peer)
	case fsm.ReportMasterChanged:
		e.detail("(%s) master changed from %s to %s", name, a.Old, a.Peer)
		r.complained = 0
	case fsm.ReportIntervalLearned:
		e.log.Infof("(%s) advertisement interval updated from %s to %s by master", name, milliseconds(a.OldInterval), milliseconds(a.Interval))
	case fsm.ReportIntervalMismatch:
		if r.complained.first(packet.NumReasons + 1) {
			e.log.Infof("(%s) advertisement interval mismatch ours = %d centi-sec rcv'd=%d centi-sec", name,
				r.cfg.AdvertInt/(10*time.Millisecond), a.Interval/(10*time.Millisecond))
		}
	default:
		e.reportRest(r, a)
	}
}

func (e *Engine) reportRest(r *router, a fsm.Report) {
	name := r.cfg.Name
	switch a.Kind {
	case fsm.ReportExpired:
		e.log.Infof("VRRP thread timer expired %.6f seconds ago", (a.Interval - r.cfg.AdvertInt).Seconds())
	case fsm.ReportPreemptDelayStarted:
		e.detail("(%s) start preempt delay (%v)", name, r.cfg.PreemptDelay)
	case fsm.ReportPreemptDelayOver:
		e.detail("(%s) preempt delay has passed", name)
	case fsm.ReportOwnerConflict:
		e.log.Warnf("(%s) %s also has priority 255: two routers own the addresses", name, a.Peer)
	case fsm.ReportPriorityChanged:
		e.log.Infof("(%s) Changing effective priority from %d to %d", name, a.Priority, a.Ours)
	}
}

// logEntering says which state is entered before anything that belongs to it is logged. An instance in Fault that only
// waits for a script has said nothing, and as upstream's says nothing when the script fails: the script's line does.
func (e *Engine) logEntering(r *router, before fsm.State, actions []fsm.Action) {
	for _, action := range actions {
		a, ok := action.(fsm.Entered)
		if !ok || a.Init && r.machine.Snapshot().Faults.Pending() || a.State == before {
			continue
		}
		init := ""
		if a.Init {
			init = " (init)"
		}
		e.log.Infof("(%s) Entering %s STATE%s", r.cfg.Name, a.State, init)
	}
}

// milliseconds writes an interval the way upstream does.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }
