package vrrp

import (
	"errors"
	"net/netip"
	"syscall"
	"time"

	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// step gives one event to a machine, does what it asks for, and moves its deadline.
func (e *Engine) step(now time.Time, r *router, ev fsm.Event) {
	if r.group != nil {
		e.perform(now, r.group, r.group.machine.Step(now, r.member, ev))
		return
	}
	before := r.machine.Snapshot().State
	actions := r.machine.Step(now, ev)
	e.act(now, r, before, r.machine.Snapshot().State, actions)
}

// act does what a machine asks for and moves its deadline.
func (e *Engine) act(now time.Time, r *router, before, after fsm.State, actions []fsm.Action) {
	r.restartSequence(before, after)
	said := false
	for _, action := range actions {
		if _, report := action.(fsm.Report); !report && !said {
			e.logEntering(r, before, actions) // after the reason for it, before what it brings
			said = true
		}
		e.do1(now, r, action)
	}
	if after != before {
		e.changed(r, before, after)
	}
	at, ok := r.machine.Deadline()
	if !ok {
		at = time.Time{}
	}
	e.queue.set(r, at)
}

// do1 carries out one action.
func (e *Engine) do1(now time.Time, r *router, action fsm.Action) {
	switch a := action.(type) {
	case fsm.SendAdvert:
		e.sendAdvert(now, r, a.Priority)
	case fsm.AddAddresses:
		e.guard(r)
		e.detail("(%s) setting VIPs.", r.cfg.Name)
		e.worker.want(r.key, r.cfg.Name, r.addresses, nil)
		e.setPolicy(r)
	case fsm.RemoveAddresses:
		e.clearPolicy(r)
		e.detail("(%s) removing VIPs.", r.cfg.Name)
		e.worker.want(r.key, r.cfg.Name, nil, r.addresses)
		e.unguard(r)
	case fsm.Announce:
		if a.Cause == fsm.AnnounceLowerPriority && r.repaired.again(e.turn, 0) {
			return
		}
		e.announce(r, announcedFor(r, a.Cause), a.Repeat)
	case fsm.Entered:
		e.notifyEntered(r, a)
	case fsm.Stopped:
		e.notifyStopped(r, a.Priority)
	case fsm.Report:
		e.reportLine(r, a)
		if a.Kind == fsm.ReportPriorityChanged {
			e.eventPriority(r, a.Ours)
		}
		if a.Kind == fsm.ReportLowerPriorityRx {
			e.worker.note(r.key, r.cfg.Name, notification{event: eventLine(r, "MASTER_RX_LOWER_PRI", r.machine.Snapshot().Priority), minor: true})
			e.worker.note(r.key, r.cfg.Name, notification{
				script: r.cfg.NotifyMasterRxLowerPri, label: r.cfg.Name + " notify_master_rx_lower_pri", minor: true})
		}
	}
}

// changed counts a transition and lets the outside know.
func (e *Engine) changed(r *router, before, after fsm.State) {
	if after == fsm.Master {
		r.stats.BecomeMaster++
	}
	if before == fsm.Master {
		r.stats.ReleaseMaster++
	}
	r.complained = 0
	clear(r.seen)
	r.refused = nil
	e.renewSource(r, before, after)
	e.changes = true
}

// sendAdvert puts one advert into this turn's batch. A farewell because the interface has lost its address comes from
// the one that it had, as upstream's does.
func (e *Engine) sendAdvert(now time.Time, r *router, priority uint8) {
	s, source := r.socket, r.source
	if !source.IsValid() && priority == 0 {
		source = r.lastSource
	}
	if s == nil || !source.IsValid() {
		return
	}
	if r.spoke.again(e.turn, priority) {
		return // it leaves with this turn already: many adverts of a rival that were read together get one answer
	}
	e.nextSequence(r)
	m := r.message
	m.Priority = priority
	r.nextIdentification()
	if r.appendAdverts(s, &m, source) {
		e.outgoing = append(e.outgoing, s)
	}
	r.stats.AdvertSent++
	if priority == 0 {
		r.stats.PriorityZeroSent++
		e.detail("(%s) sent 0 priority", r.cfg.Name)
	}
	r.lastSent, r.lastSource = now, source
	e.opt.Beats.set(r.slot, e.clock.monotonic(now))
}

// nextIdentification numbers the next advert. 0 is left out: the kernel puts a number of its own in its place, and an
// authentication header that has signed the 0 is wrong then.
func (r *router) nextIdentification() {
	if r.ipID++; r.ipID == 0 {
		r.ipID = 1
	}
}

// once remembers what was done last, and in which turn of the engine.
type once struct {
	turn  uint64
	value uint8
}

// again tells whether the same was done in the same turn, and remembers it.
func (o *once) again(turn uint64, value uint8) bool {
	now := once{turn, value}
	same := *o == now
	*o = now
	return same
}

// sendFailed counts a failure and logs the first one of a row. The machines go on: the interface's state, not this
// error, says whether an instance is in Fault.
func (e *Engine) sendFailed(s *sharedSocket, err error) {
	for r := range s.all() {
		r.stats.SendFailure++
	}
	if !s.failing && !errors.Is(err, syscall.ENETDOWN) {
		e.log.Warnf("sending adverts on %s: %v", s.place(), err)
	}
	s.failing = true
}

// announcements is upstream's name for what tells where an address is.
func announcements(a netip.Addr) string {
	if a.Is6() {
		return "Unsolicited Neighbour Adverts"
	}
	return "gratuitous ARPs"
}

// announce asks the kernel worker for announcements after it has set the addresses.
func (e *Engine) announce(r *router, addresses []netif.Address, repeat int) {
	byDev := map[string]*announcement{}
	var order []*announcement
	for _, a := range addresses {
		b, ok := byDev[a.Dev]
		if !ok {
			link, exists := e.links.ByName[a.Dev]
			if !exists || link.NoARP || link.Loopback {
				continue
			}
			b = &announcement{index: link.Index, hardware: link.HardwareAddr, device: a.Dev, pace: paceDevice(e.links, link), repeat: repeat}
			byDev[a.Dev] = b
			order = append(order, b)
		}
		b.addresses = append(b.addresses, a.Prefix.Addr())
		e.detail("(%s) Sending/queueing %s on %s for %s", r.cfg.Name, announcements(a.Prefix.Addr()), a.Dev, a.Prefix.Addr())
	}
	for _, b := range order {
		e.worker.announce(r.key, r.cfg.Name, *b)
	}
}

// applyResult takes what the kernel worker could not do.
func (e *Engine) applyResult(r result) {
	switch {
	case r.links:
		e.linksDone(r)
	case r.static:
		e.applyStatic(r.lost)
	case r.firewall:
		e.applyFirewall(r)
	case r.guarded != 0:
		e.applyGuarded(r)
	case r.refused != nil:
		e.applyRefused(time.Now(), r)
	case r.promoted != nil:
		e.applyPromotions(r)
	case r.err != nil:
		e.log.Errorf("(%s) %v", r.name, r.err)
	}
}

// detail logs a line that upstream prints with -D only.
func (e *Engine) detail(format string, arguments ...any) {
	if e.opt.Detail {
		e.log.Infof(format, arguments...)
	}
}
