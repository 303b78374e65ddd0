package fsm

import "time"

// Numbers of the protocol.
const (
	ownerPriority   = 255 // the router that owns the addresses (RFC 9568 section 5.2.4)
	reducedPriority = 254 // what an owner goes down to when another one insists

	// ownerDelay is how soon after its start an owner becomes Master. It is upstream's way to pass through Backup.
	ownerDelay = time.Microsecond
)

// skew is Skew_Time: (256 - priority) / 256 of a second in version 2 (RFC 3768 section 6.1), of the master's interval
// in version 3 (RFC 9568 section 6.1). It multiplies first, so that no part of a short interval is lost.
func (m *Machine) skew() time.Duration {
	interval := time.Second
	if m.cfg.Version == 3 {
		interval = m.peerInterval
	}
	priority := m.priority
	if m.owner() {
		priority = ownerPriority
	}
	return time.Duration(256-int(priority)) * interval / 256
}

// masterDown is Active_Down_Interval: down_timer_adverts (3 by the RFC) times the master's interval, and the skew.
func (m *Machine) masterDown() time.Duration {
	return time.Duration(m.cfg.DownAdverts)*m.peerInterval + m.skew()
}

// expired tells whether a Master has been silent for so long that a router of the priority in timer_expired_backup has
// taken over.
func (m *Machine) expired(now time.Time) bool {
	if m.cfg.ExpiresAt == 0 {
		return false
	}
	unit := time.Second
	if m.cfg.Version == 3 {
		unit = m.cfg.AdvertInterval
	}
	patience := 3*m.cfg.AdvertInterval + time.Duration(256-int(m.cfg.ExpiresAt))*unit/256
	return now.Sub(m.lastAdvert) >= patience
}

// counted is the moment from which timers run: now, or the end of the startup delay.
func (m *Machine) counted(now time.Time) time.Time {
	if now.Before(m.startsAt) {
		return m.startsAt
	}
	return now
}

// earliest is the first of the moments that is set; the zero time is not.
func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// due tells whether the deadline is set and has come.
func due(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }
