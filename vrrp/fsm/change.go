package fsm

import "time"

// priorityChanged takes over a new effective priority. An owner's does not change.
func (m *Machine) priorityChanged(p uint8) {
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

// delayMoved moves the end of the startup delay, and with it what is counted from there. One that is put into the past
// ends now.
func (m *Machine) delayMoved(now, to time.Time) {
	if !now.Before(m.startsAt) {
		return
	}
	old := m.startsAt
	m.startsAt = to
	if m.backup != nil {
		m.backup.downAt = m.counted(now).Add(m.backup.downAt.Sub(old))
	}
}

// reconfigured takes over the configuration of a reload. The state is kept, and so are its deadlines where nothing
// that they depend on has changed; upstream starts them again with every reload.
func (m *Machine) reconfigured(now time.Time, cfg Config) {
	old, before := m.cfg, m.masterDown()
	m.cfg = cfg
	if cfg.Source.IsValid() {
		m.source = cfg.Source
	}
	if cfg.Priority != old.Priority {
		m.setPriority(rebased(m.priority, old.Priority, cfg.Priority))
	}
	switch {
	case m.backup != nil:
		m.reconfiguredBackup(now, old, before)
	case m.master != nil:
		m.reconfiguredMaster(now, old)
	default:
		m.peerInterval = cfg.AdvertInterval
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

// reconfiguredBackup keeps an interval that was learned from a master: that master still sends with it. Another version
// has other masters, and version 2 would never learn better. A router that has become the owner of the addresses takes
// over as it would at its start.
func (m *Machine) reconfiguredBackup(now time.Time, old Config, before time.Duration) {
	otherVersion := m.cfg.Version != old.Version
	learned := m.cfg.Version == 3 && m.peer.IsValid()
	forgets := otherVersion || m.cfg.AdvertInterval != old.AdvertInterval && !learned
	if forgets {
		m.peerInterval = m.cfg.AdvertInterval
	}
	switch {
	case m.owner() && old.Priority != ownerPriority:
		m.backup.downAt = m.counted(now).Add(ownerDelay)
	case forgets || m.cfg.DownAdverts != old.DownAdverts:
		m.backup.downAt = m.counted(now).Add(m.masterDown())
	default:
		m.moveDown(before)
	}
	if m.cfg.PreemptDelay != old.PreemptDelay {
		m.backup.preemptAt, m.backup.preempted = time.Time{}, false
	}
}

// reconfiguredMaster sends an advert at once when the next one would look different.
func (m *Machine) reconfiguredMaster(now time.Time, old Config) {
	m.peerInterval = m.cfg.AdvertInterval
	if m.cfg.AdvertInterval != old.AdvertInterval || m.cfg.Priority != old.Priority || m.cfg.Version != old.Version {
		m.sendNow(now)
	}
	if m.cfg.Announce.Refresh != old.Announce.Refresh {
		m.master.refreshAt = time.Time{}
		if m.cfg.Announce.Refresh > 0 {
			m.master.refreshAt = now.Add(m.cfg.Announce.Refresh)
		}
	}
	if m.cfg.Announce.Extra != old.Announce.Extra {
		m.master.extraAt = time.Time{}
		if m.cfg.Announce.Extra > 0 {
			m.master.extraAt = now.Add(m.cfg.Announce.Extra)
		}
	}
}
