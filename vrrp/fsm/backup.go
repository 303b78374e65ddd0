package fsm

import "time"

// backup is the state of a router that listens.
type backup struct {
	downAt    time.Time // when the master is believed to be gone
	preemptAt time.Time // when preempt_delay runs out; zero: no lower master was heard yet
	preempted bool      // the end of preempt_delay was reported
	wants     bool      // no master was heard in time, but the sync group has it wait
	follows   bool      // a master was accepted, and has not given up
}

func (m *Machine) enterBackup(now time.Time) {
	m.backup = &backup{downAt: m.counted(now).Add(m.masterDown())}
	m.state, m.lastTransition = Backup, now
}

func (m *Machine) backupTick(now time.Time) {
	if !due(m.backup.downAt, now) {
		return
	}
	m.do(Report{Kind: ReportTimeout, Ours: m.priority})
	if m.bonds.held {
		m.wait(now)
		return
	}
	m.exit(now, resign)
	m.enterMaster(now)
}

func (m *Machine) backupAdvert(now time.Time, a Advert) {
	m.restoreOwner(a)
	switch {
	case a.Priority == 0:
		m.do(Report{Kind: ReportPriorityZeroBackup, Peer: a.Source, Ours: m.priority})
		m.backup.downAt, m.backup.follows = now.Add(m.skew()), false
	case !m.cfg.Preempt || a.Priority >= m.priority || m.preemptDelayed(now):
		m.meet(a)
		m.follow(now, a)
	default:
		m.reportPreemption(a)
		m.meet(a)
		m.do(Report{Kind: ReportLowerDiscarded, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
	}
}

// meet notes who is master.
func (m *Machine) meet(a Advert) {
	if m.peer != a.Source {
		kind := ReportMasterChanged
		if !m.peer.IsValid() {
			kind = ReportMasterSet
		}
		m.do(Report{Kind: kind, Peer: a.Source, Priority: a.Priority, Ours: m.priority, Old: m.peer})
	}
	m.peer = a.Source
}

// follow accepts a master: its interval counts, and Master_Down_Interval begins again.
func (m *Machine) follow(now time.Time, a Advert) {
	m.learn(a)
	m.peerPriority = a.Priority
	m.lastAdvert = now
	m.backup.downAt = now.Add(m.masterDown())
	m.backup.follows, m.backup.wants = true, false
	switch {
	case m.cfg.PreemptDelay == 0:
	case a.Priority >= m.priority:
		m.backup.preemptAt = time.Time{}
	case m.backup.preemptAt.IsZero():
		m.backup.preemptAt = now.Add(m.cfg.PreemptDelay)
		m.backup.preempted = false
		m.do(Report{Kind: ReportPreemptDelayStarted, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
	}
}

// learn adopts the interval of a version 3 master (RFC 9568 section 6.4.2). An interval of zero is no interval.
func (m *Machine) learn(a Advert) {
	if m.cfg.Version != 3 || a.Interval <= 0 || a.Interval == m.peerInterval {
		return
	}
	m.do(Report{Kind: ReportIntervalLearned, Peer: a.Source, Priority: a.Priority, Ours: m.priority,
		Interval: a.Interval, OldInterval: m.peerInterval})
	m.peerInterval = a.Interval
}

// preemptDelayed tells whether preempt_delay still has a lower master accepted.
func (m *Machine) preemptDelayed(now time.Time) bool {
	if m.cfg.PreemptDelay == 0 {
		return false
	}
	return m.backup.preemptAt.IsZero() || now.Before(m.backup.preemptAt)
}

func (m *Machine) reportPreemption(a Advert) {
	if m.cfg.PreemptDelay == 0 || m.backup.preempted {
		return
	}
	m.backup.preempted = true
	m.do(Report{Kind: ReportPreemptDelayOver, Peer: a.Source, Priority: a.Priority, Ours: m.priority})
}

// restoreOwner gives an owner that had gone down to 254 its priority back when its rival no longer claims 255.
func (m *Machine) restoreOwner(a Advert) {
	if m.owner() && m.priority == reducedPriority && (a.Source != m.peer || a.Priority != ownerPriority) {
		m.setPriority(ownerPriority)
	}
}

func (m *Machine) setPriority(p uint8) {
	if p != m.priority {
		m.do(Report{Kind: ReportPriorityChanged, Priority: m.priority, Ours: p})
		m.priority = p
	}
}
