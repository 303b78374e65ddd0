package sim

import (
	"fmt"
	"time"

	"keepalived-go/vrrp/fsm"
)

// oracle holds the world to the protocol's promises.
type oracle struct {
	complaint string
	steps     int
	masters   int // how often a router became Master
	conflicts int // how often two Masters met
}

// view is what the oracle has seen of one router.
type view struct {
	holds       bool // the addresses are on the interface
	booted      bool
	deafUntil   time.Time // end of the startup delay
	masterSince time.Time
	slot        time.Time // of the last advert as Master
	heard       time.Time // last advert that a Backup must wait for
	heardEvery  time.Duration
	gaveUp      bool // priority 0 was heard since
	moved       bool // something else than adverts has moved the deadline
}

func (o *oracle) fail(format string, arguments ...any) {
	if o.complaint == "" {
		o.complaint = fmt.Sprintf(format, arguments...)
	}
}

// stepped looks at one router after one step.
func (o *oracle) stepped(n *node, at time.Time, ev fsm.Event, before fsm.Snapshot, actions []fsm.Action) {
	o.steps++
	now := n.machine.Snapshot()
	if n.seen.holds != (now.State == fsm.Master) && (n.seen.booted || now.State != fsm.Init) {
		o.fail("%s is %s and its addresses are on: %v", n, now.State, n.seen.holds)
	}
	o.transition(n, before.State, now.State, actions)
	o.adverts(n, at, ev, before, now, actions)
	if a, ok := ev.(fsm.Advert); ok && before.State == fsm.Backup && !at.Before(n.seen.deafUntil) {
		n.seen.listen(at, a, before.Priority)
	}
	switch {
	case before.State != fsm.Master && now.State == fsm.Master:
		o.masters++
		n.seen.masterSince = at
		o.takeover(n, at)
	case before.State != fsm.Backup && now.State == fsm.Backup:
		n.seen.heard, n.seen.gaveUp, n.seen.moved = at, false, now.Priority == 255
		n.seen.heardEvery = shortest(n, ev)
	}
	if _, ok := ev.(fsm.Reconfigured); ok {
		n.seen.moved = true
	}
	o.rivals(n)
}

// listen remembers an advert that has a Backup wait.
func (v *view) listen(at time.Time, a fsm.Advert, ours uint8) {
	switch {
	case a.Priority == 0:
		v.gaveUp = true
	case a.Priority >= ours:
		v.heard, v.gaveUp, v.heardEvery = at, false, a.Interval
	default:
		// A router that does not preempt may have accepted it, and its interval with it.
		v.heardEvery = min(v.heardEvery, a.Interval)
	}
}

func shortest(n *node, ev fsm.Event) time.Duration {
	if a, ok := ev.(fsm.Advert); ok {
		return min(a.Interval, n.cfg.AdvertInterval)
	}
	return n.cfg.AdvertInterval
}

// takeover: nobody becomes Master who was told within Active_Down_Interval that there is a better one.
func (o *oracle) takeover(n *node, at time.Time) {
	v := &n.seen
	if v.gaveUp || v.moved || v.heard.IsZero() {
		return
	}
	if quiet := at.Sub(v.heard); quiet < time.Duration(n.cfg.DownAdverts)*v.heardEvery {
		o.fail("%s took over %v after a better master's advert", n, quiet)
	}
}

// transition: what a change of state does, and in which order.
func (o *oracle) transition(n *node, before, now fsm.State, actions []fsm.Action) {
	var sent, added, removed, entered, stopped int // places, from 1
	for i, action := range actions {
		switch a := action.(type) {
		case fsm.SendAdvert:
			if sent == 0 {
				sent = i + 1
			}
		case fsm.AddAddresses:
			added = i + 1
		case fsm.RemoveAddresses:
			removed = i + 1
		case fsm.Entered:
			entered = i + 1
			if a.State != now {
				o.fail("%s is %s and said that it entered %s", n, now, a.State)
			}
		case fsm.Stopped:
			stopped = i + 1
		}
	}
	switch {
	case before == now && entered != 0:
		o.fail("%s stays %s and says that it entered it", n, now)
	case before != fsm.Master && now == fsm.Master && (sent == 0 || sent > added || added > entered):
		o.fail("%s became Master: advert %d, addresses %d, notify %d", n, sent, added, entered)
	case before == fsm.Master && now != fsm.Master && (removed == 0 || removed > entered+stopped):
		o.fail("%s left Master: addresses off %d, notify %d", n, removed, entered+stopped)
	case before == fsm.Master && (now == fsm.FaultState || now == fsm.Init) && (sent == 0 || sent > removed):
		o.fail("%s left Master for %s without giving up first", n, now)
	case before == fsm.Backup && now != fsm.Master && sent != 0:
		o.fail("%s advertised as a Backup", n)
	}
}

// adverts: a Master's adverts keep their slots, carry its priority, and none is missing.
func (o *oracle) adverts(n *node, at time.Time, ev fsm.Event, before, now fsm.Snapshot, actions []fsm.Action) {
	v := &n.seen
	count := 0
	for _, action := range actions {
		a, ok := action.(fsm.SendAdvert)
		if !ok {
			continue
		}
		if count++; a.Priority == 0 {
			continue
		}
		if a.Priority != now.Priority {
			o.fail("%s has priority %d and advertised %d", n, now.Priority, a.Priority)
		}
		if _, tick := ev.(fsm.Tick); !tick || before.State != fsm.Master || v.slot.IsZero() {
			v.slot = at // entered, answered another router, or reloaded: a schedule begins
			continue
		}
		every := n.cfg.AdvertInterval
		slots := at.Sub(v.slot) / every
		if slots < 1 {
			o.fail("%s advertised %v after its last slot, interval %v", n, at.Sub(v.slot), every)
		}
		v.slot = v.slot.Add(slots * every)
		if at.After(v.slot) && at.After(n.stalledUntil) {
			o.fail("%s advertised %v after its slot", n, at.Sub(v.slot))
		}
	}
	if count > 1 {
		o.fail("%s sent %d adverts at once", n, count)
	}
	if now.State != fsm.Master {
		v.slot = time.Time{}
		return
	}
	if deadline, ok := n.machine.Deadline(); !ok || deadline.After(v.slot.Add(n.cfg.AdvertInterval)) {
		o.fail("%s will miss a slot: deadline %v after the last one, interval %v", n, deadline.Sub(v.slot), n.cfg.AdvertInterval)
	}
}

// rivals: in a calm network no two Masters hear each other for longer than it takes one of them to speak and the
// other one to answer. That is looked at when either of them steps, and both step once in an interval.
func (o *oracle) rivals(n *node) {
	w := n.world
	if !w.calm || n.state() != fsm.Master {
		return
	}
	for _, other := range w.nodes {
		if other == n || other.state() != fsm.Master || !w.connected(n, other) {
			continue
		}
		since := latest(w.calmSince, n.seen.masterSince, other.seen.masterSince)
		allowed := max(n.cfg.AdvertInterval, other.cfg.AdvertInterval) + 2*calmDelay
		if both := w.now.Sub(since); both > allowed {
			o.fail("%s and %s have both been Master for %v", n, other, both)
		}
		o.conflicts++
	}
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// atRest looks at the whole world at its end. masters are those that were Master when it was mended.
func (o *oracle) atRest(w *world, part []int, masters []*node) {
	for p := range w.nodes {
		var alive, held []*node
		for i, n := range w.nodes {
			if part[i] != p || n.machine == nil || n.state() == fsm.Init || n.state() == fsm.FaultState {
				continue
			}
			alive = append(alive, n)
			if n.state() == fsm.Master {
				held = append(held, n)
			}
		}
		switch {
		case len(alive) > 0 && len(held) != 1:
			o.fail("part %d has routers %v and Masters %v", p, alive, held)
		case len(alive) > 0:
			o.rightful(held[0], alive, masters)
		}
	}
}

// rightful: no router that preempts outranks the Master, and no Master gave way to one that does not outrank it.
func (o *oracle) rightful(master *node, alive, masters []*node) {
	for _, n := range alive {
		if n == master {
			continue
		}
		if n.cfg.Preempt && effective(n) > effective(master) {
			o.fail("%s is Master, and %s with priority %d preempts", master, n, effective(n))
		}
		for _, was := range masters {
			if was == n && n.seen.masterSince.Before(n.world.calmSince) && outranks(n, master) {
				o.fail("%s is Master, and %s was one that outranks it", master, n)
			}
		}
	}
}

func effective(n *node) uint8 { return n.machine.Snapshot().Priority }

func outranks(a, b *node) bool {
	if effective(a) != effective(b) {
		return effective(a) > effective(b)
	}
	return a.address.Compare(b.address) > 0
}
