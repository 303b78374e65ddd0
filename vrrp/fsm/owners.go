package fsm

import "time"

// rival follows another router that also claims to own the addresses. The one with the lower address gives in at
// once. The other one waits for that: two more adverts of ours, then a bit more than the longer interval. A rival
// that still insists then is given in to, because two masters are worse than the wrong one.
type rival struct {
	adverts   int       // adverts still to be sent before the patience runs
	slot      time.Time // from when on the next one counts
	interval  time.Duration
	patientTo time.Time // zero: the patience does not run
}

// ownerAdverts is how many adverts a rival owner is shown.
const ownerAdverts = 2

// advertSent counts an advert, one in each slot of the schedule that was there when the rival was met. Each advert of
// the rival is answered at once and begins a new schedule: beside one that sends at least as often as we do, none would
// ever be due. But not every answer counts, or a rival whose adverts were read together would have no time to give in.
func (r *rival) advertSent(now time.Time, interval time.Duration) {
	if r.adverts == 0 || now.Before(r.slot) {
		return
	}
	r.slot = nextSlot(r.slot, interval, now)
	if r.adverts--; r.adverts == 0 {
		r.patientTo = now.Add(max(r.interval, interval) * 12 / 10)
	}
}

// meetOwner is for two routers that both have priority 255. It returns who wins, as compare does.
func (m *Machine) meetOwner(now time.Time, a Advert, order int) int {
	r := &m.master.rival
	if order > 0 {
		m.do(Report{Kind: ReportOwnerConflict, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
		return order
	}
	if !r.patientTo.IsZero() && now.Before(r.patientTo) {
		m.setPriority(reducedPriority)
		return 1
	}
	r.interval = a.Interval
	if r.adverts == 0 {
		m.do(Report{Kind: ReportOwnerConflict, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
		r.adverts, r.slot, r.patientTo = ownerAdverts, m.master.advertAt, time.Time{}
	}
	return order
}
