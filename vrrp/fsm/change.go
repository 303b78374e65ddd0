package fsm

import "time"

// priorityChanged takes over a new effective priority. An owner's does not change.
func (m *Machine) priorityChanged(_ time.Time, p uint8) {
	if m.owner() {
		return
	}
	p = min(max(p, 1), reducedPriority)
	before := m.masterDown()
	m.setPriority(p)
	m.moveDown(before)
}

// moveDown moves Backup's deadline by what Master_Down_Interval has changed.
func (m *Machine) moveDown(before time.Duration) {
	if m.backup != nil {
		m.backup.downAt = m.backup.downAt.Add(m.masterDown() - before)
	}
}

// reconfigured takes over the configuration of a reload. The state is kept. An advert is sent at once when a Master's
// would now look different.
func (m *Machine) reconfigured(now time.Time, cfg Config) {
	old, before := m.cfg, m.masterDown()
	m.cfg = cfg
	if cfg.Source.IsValid() {
		m.source = cfg.Source
	}
	learned := cfg.Version == 3 && m.backup != nil && m.peer.IsValid()
	if cfg.AdvertInterval != old.AdvertInterval && !learned {
		m.peerInterval = cfg.AdvertInterval
	}
	if cfg.Priority != old.Priority {
		m.setPriority(rebased(m.priority, old.Priority, cfg.Priority))
	}
	m.moveDown(before)
	if m.backup != nil && cfg.PreemptDelay != old.PreemptDelay {
		m.backup.preemptAt, m.backup.preempted = time.Time{}, false
	}
	if m.master != nil {
		m.reconfiguredMaster(now, old)
	}
}

// rebased keeps what trackers add to or take from a base priority that changes.
func rebased(effective, oldBase, newBase uint8) uint8 {
	if oldBase == ownerPriority || newBase == ownerPriority {
		return newBase
	}
	p := int(effective) - int(oldBase) + int(newBase)
	return uint8(min(max(p, 1), reducedPriority))
}

func (m *Machine) reconfiguredMaster(now time.Time, old Config) {
	if m.cfg.AdvertInterval != old.AdvertInterval || m.cfg.Priority != old.Priority || m.cfg.Version != old.Version {
		m.sendNow(now)
	}
	if m.cfg.Announce.Refresh != old.Announce.Refresh {
		m.master.refreshAt = time.Time{}
		if m.cfg.Announce.Refresh > 0 {
			m.master.refreshAt = now.Add(m.cfg.Announce.Refresh)
		}
	}
}
