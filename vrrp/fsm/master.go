package fsm

import "time"

// master is the state of a router that holds the addresses.
type master struct {
	advertAt time.Time // when the next advert is due
	assert   bool      // the first tick asserts the addresses (Resume)

	delayedAt time.Time // second burst of announcements
	refreshAt time.Time // next periodic burst
	extraAt   time.Time // next announcement on other interfaces
	lowerAt   time.Time // second burst after a rival of lower priority
	lowerSeen time.Time // when such a rival was heard last

	rival rival
}

func (s *master) deadline() time.Time {
	return earliest(s.advertAt, s.delayedAt, s.refreshAt, s.lowerAt, s.extraAt)
}

// enterMaster speaks first, so that the old master drops the addresses before ours are announced.
func (m *Machine) enterMaster(now time.Time) {
	if m.owner() {
		m.setPriority(ownerPriority)
	}
	m.peerInterval = m.cfg.AdvertInterval
	m.state, m.lastTransition = Master, now
	m.master = &master{advertAt: now.Add(m.cfg.AdvertInterval)}
	m.sendAdvert(now, m.priority)
	m.do(AddAddresses{})
	m.startAnnouncing(now)
	m.do(Entered{State: Master, Priority: m.priority})
}

func (m *Machine) startAnnouncing(now time.Time) {
	c := m.cfg.Announce
	m.announce(AnnounceMaster, c.MasterRepeat)
	if c.MasterDelay > 0 {
		m.master.delayedAt = now.Add(c.MasterDelay)
	}
	if c.Refresh > 0 {
		m.master.refreshAt = now.Add(c.MasterDelay + c.Refresh)
	}
	if c.Extra > 0 {
		m.master.extraAt = now.Add(c.MasterDelay + c.Extra)
	}
}

func (m *Machine) announce(cause AnnounceCause, repeat int) {
	if repeat > 0 {
		m.do(Announce{Cause: cause, Repeat: repeat})
	}
}

func (m *Machine) masterTick(now time.Time) {
	if m.expired(now) {
		m.expire(now)
		return
	}
	s := m.master
	if due(s.advertAt, now) {
		m.sendAdvert(now, m.priority)
		s.advertAt = nextSlot(s.advertAt, m.cfg.AdvertInterval, now)
		s.rival.advertSent(now, m.cfg.AdvertInterval)
	}
	if s.assert {
		s.assert = false
		m.do(AddAddresses{})
	}
	m.announceDue(now)
}

// expire gives the role to whoever has taken it meanwhile.
func (m *Machine) expire(now time.Time) {
	m.do(Report{Kind: ReportExpired, Interval: now.Sub(m.lastAdvert), Ours: m.priority})
	m.exit(now, yield)
	m.enterBackup(now)
	m.do(Entered{State: Backup, Priority: m.priority})
}

// announceDue announces again what is due.
func (m *Machine) announceDue(now time.Time) {
	s, c := m.master, m.cfg.Announce
	if due(s.delayedAt, now) {
		s.delayedAt = time.Time{}
		m.announce(AnnounceMasterDelayed, c.MasterRepeat)
	}
	if due(s.lowerAt, now) {
		// A rival that was heard after the burst was planned gets one of its own.
		s.lowerAt = time.Time{}
		if last := s.lowerSeen.Add(c.LowerPrioDelay); last.After(now) {
			s.lowerAt = last
		}
		m.announce(AnnounceLowerDelayed, c.LowerPrioRepeat)
	}
	if due(s.refreshAt, now) {
		s.refreshAt = nextSlot(s.refreshAt, c.Refresh, now)
		m.announce(AnnounceRefresh, c.RefreshRepeat)
	}
	if due(s.extraAt, now) {
		s.extraAt = nextSlot(s.extraAt, c.Extra, now)
		m.announce(AnnounceExtra, 1)
	}
}

// nextSlot is the first moment of the schedule after now: a late tick moves no later slot, and slots that were missed
// are left out.
func nextSlot(slot time.Time, interval time.Duration, now time.Time) time.Time {
	if interval <= 0 {
		return time.Time{}
	}
	late := now.Sub(slot)
	return slot.Add((late/interval + 1) * interval)
}

// masterAdvert settles who stays Master.
func (m *Machine) masterAdvert(now time.Time, a Advert) {
	if a.Priority == 0 {
		m.do(Report{Kind: ReportPriorityZeroMaster, Peer: a.Source, Ours: m.priority})
		m.sendNow(now.Add(a.Waited))
		return
	}
	order := m.compare(a)
	if order == 0 {
		m.do(Report{Kind: ReportSameAddress, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
		return
	}
	if order > 0 && m.cfg.HigherPrioSendAdvert {
		m.sendNow(now.Add(a.Waited))
	}
	if a.Priority == ownerPriority && m.priority == ownerPriority {
		order = m.meetOwner(now, a, order)
	}
	if order > 0 {
		m.stepDown(now, a)
	} else {
		m.outrank(now, a)
	}
}

// compare is positive when the advert's sender outranks us: by priority, then by the larger address.
func (m *Machine) compare(a Advert) int {
	if a.Priority != m.priority {
		return int(a.Priority) - int(m.priority)
	}
	return a.Source.Compare(m.source)
}

// sendNow sends an advert outside the schedule, which begins again with it (RFC 9568 section 6.4.3).
func (m *Machine) sendNow(now time.Time) {
	m.sendAdvert(now, m.priority)
	m.master.advertAt = now.Add(m.cfg.AdvertInterval)
	m.master.rival.advertSent(now, m.cfg.AdvertInterval)
}

// outrank holds the role against a rival that must give in, and repairs what it did to the neighbours' ARP tables.
func (m *Machine) outrank(now time.Time, a Advert) {
	m.do(Report{Kind: ReportLowerNewElection, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
	if !m.cfg.LowerPrioNoAdvert {
		m.sendNow(now.Add(a.Waited))
	}
	m.repair(now)
	m.do(Report{Kind: ReportLowerPriorityRx, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
}

// repair announces the addresses that a rival has announced.
func (m *Machine) repair(now time.Time) {
	c, s := m.cfg.Announce, m.master
	m.announce(AnnounceLowerPriority, c.LowerPrioRepeat)
	if c.LowerPrioRepeat > 0 && c.LowerPrioDelay > 0 {
		s.lowerSeen = now
		if s.lowerAt.IsZero() {
			s.lowerAt = now.Add(c.LowerPrioDelay)
		}
	}
}

// stepDown gives the role to a better master.
func (m *Machine) stepDown(now time.Time, a Advert) {
	kind := ReportHigherPriority
	if a.Priority == m.priority {
		kind = ReportSamePriorityAddress
	}
	m.do(Report{Kind: kind, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
	m.exit(now, yield)
	m.learn(a)
	m.peer, m.peerPriority, m.lastAdvert = a.Source, a.Priority, now
	m.enterBackup(now)
	m.backup.follows = true
	m.do(Entered{State: Backup, Priority: m.priority})
}
