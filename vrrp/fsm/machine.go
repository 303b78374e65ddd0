package fsm

import (
	"net/netip"
	"time"
)

// Machine is one virtual router. It is a value that changes by Step alone; one goroutine uses it at a time.
type Machine struct {
	cfg      Config
	state    State
	backup   *backup // not nil in Backup only
	master   *master // not nil in Master only
	priority uint8   // effective
	source   netip.Addr
	faults   FaultSet
	startsAt time.Time // end of the startup delay
	bonds    bonds     // of its sync group

	peer           netip.Addr // the master that was heard last
	peerPriority   uint8
	peerInterval   time.Duration // what Master_Down_Interval is counted with
	lastTransition time.Time
	lastAdvert     time.Time

	actions []Action // of the step that runs
}

// New makes a machine in Init, where it waits for Startup.
func New(cfg Config) *Machine {
	return &Machine{cfg: cfg, priority: cfg.Priority, source: cfg.Source, peerInterval: cfg.AdvertInterval}
}

// Resume makes the machine of a process that takes over from one whose instance was Master. It goes on as Master: its
// first advert is due at once, its addresses are asserted again, and it enters no state, so that nobody is notified.
// A snapshot of any other state gives a machine in Init, as New does.
func Resume(cfg Config, s Snapshot, now time.Time) *Machine {
	m := New(cfg)
	if s.State != Master {
		return m
	}
	m.state = Master
	m.priority = s.Priority
	if m.priority == 0 {
		m.priority = cfg.Priority
	}
	m.peer, m.peerPriority = s.MasterAddress, s.MasterPriority
	m.startsAt = now
	m.lastTransition, m.lastAdvert = s.LastTransition, s.LastAdvert
	m.master = &master{advertAt: now, assert: true}
	if refresh := cfg.Announce.Refresh; refresh > 0 {
		m.master.refreshAt = now.Add(refresh)
	}
	if extra := cfg.Announce.Extra; extra > 0 {
		m.master.extraAt = now.Add(extra)
	}
	return m
}

// Step gives one event to the machine and returns what is to be done, in order. The slice is the caller's until the
// next Step.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	m.actions = m.actions[:0]
	switch ev := ev.(type) {
	case Startup:
		m.startup(now)
	case Shutdown:
		m.shutdown(now)
	case Tick:
		m.tick(now)
	case Advert:
		m.advert(now, ev)
	case FaultsChanged:
		m.faultsChanged(now, ev.Faults)
	case PriorityChanged:
		m.priorityChanged(ev.Priority)
	case SourceChanged:
		m.source = ev.Source
	case Verdict:
		m.verdict(now, ev.State)
	case MemberOutranked:
		m.memberOutranked(now)
	case Reconfigured:
		m.reconfigured(now, ev.Config)
	case DelayMoved:
		m.delayMoved(now, ev.To)
	}
	return m.actions
}

// Deadline is when the machine wants its next Tick; false when only another event can move it.
func (m *Machine) Deadline() (time.Time, bool) {
	switch {
	case m.backup != nil:
		return m.backup.downAt, true
	case m.master != nil:
		return m.master.deadline(), true
	}
	return time.Time{}, false
}

// Snapshot describes the machine as it is.
func (m *Machine) Snapshot() Snapshot {
	s := Snapshot{
		State: m.state, Wanted: m.state, Priority: m.priority,
		MasterAddress: m.peer, MasterPriority: m.peerPriority, MasterInterval: m.peerInterval,
		LastTransition: m.lastTransition, LastAdvert: m.lastAdvert, Faults: m.faults,
		MasterDown: m.masterDown(),
	}
	if m.backup != nil {
		s.MasterDownAt = m.backup.downAt
		if m.backup.wants {
			s.Wanted = Master
		}
	}
	return s
}

func (m *Machine) do(a Action) { m.actions = append(m.actions, a) }

func (m *Machine) owner() bool { return m.cfg.Priority == ownerPriority }

// startup leaves Init. Addresses that a crash left on the interface go first: a peer may hold them by now.
func (m *Machine) startup(now time.Time) {
	if m.state != Init {
		return
	}
	m.startsAt = now.Add(m.cfg.StartupDelay)
	m.do(RemoveAddresses{})
	m.leaveInit(now)
}

func (m *Machine) leaveInit(now time.Time) {
	if m.faults != 0 {
		m.enterFault(now)
		m.do(Entered{State: FaultState, Priority: m.priority, Init: true})
		return
	}
	m.enterBackup(now)
	if m.owner() && !m.bonds.mixed {
		// An owner passes through Backup unseen (RFC 9568 section 6.4.1).
		m.backup.downAt, m.backup.wants = m.counted(now).Add(ownerDelay), true
		return
	}
	m.do(Entered{State: Backup, Priority: m.priority, Init: true})
}

// shutdown ends the machine's life; Startup begins another one.
func (m *Machine) shutdown(now time.Time) {
	if m.state == Init {
		return
	}
	m.exit(now, resign)
	m.state, m.lastTransition = Init, now
	m.do(Stopped{Priority: m.priority})
}

func (m *Machine) tick(now time.Time) {
	switch {
	case m.backup != nil:
		m.backupTick(now)
	case m.master != nil:
		m.masterTick(now)
	}
}

// advert drops what comes before the startup delay is over, as upstream does: no state is taken from it.
func (m *Machine) advert(now time.Time, a Advert) {
	if (m.backup == nil && m.master == nil) || now.Before(m.startsAt) {
		return
	}
	if m.cfg.OwnerIgnoreAdverts && m.priority == ownerPriority {
		return
	}
	if m.cfg.Version == 3 && a.Interval != m.cfg.AdvertInterval {
		m.do(Report{Kind: ReportIntervalMismatch, Peer: a.Source, Priority: a.Priority, Ours: m.priority,
			Interval: a.Interval, OldInterval: m.cfg.AdvertInterval})
	}
	if m.master != nil && m.expired(now.Add(a.Waited)) {
		m.expire(now)
	}
	if m.backup != nil {
		m.backupAdvert(now, a)
	} else {
		m.masterAdvert(now, a)
	}
}

// faultsChanged enters Fault with the first reason and leaves it with the last one. It leads to Backup with a whole
// Active_Down_Interval even for an owner: that is upstream's way, the RFC would have the owner go on as at its start.
func (m *Machine) faultsChanged(now time.Time, faults FaultSet) {
	pending := m.faults.Pending()
	m.faults = faults
	switch {
	case m.state == Init:
	case faults != 0 && m.state == FaultState && pending && !faults.Pending():
		m.enterFault(now)
		m.do(Entered{State: FaultState, Priority: m.priority}) // what was waited for has failed
	case faults != 0 && m.state != FaultState:
		m.exit(now, resign)
		m.enterFault(now)
		m.do(Entered{State: FaultState, Priority: m.priority})
	case faults == 0 && m.state == FaultState:
		m.peerInterval = m.cfg.AdvertInterval
		m.enterBackup(now)
		m.do(Entered{State: Backup, Priority: m.priority})
	}
}

// leaving says how a state is left.
type leaving bool

const (
	resign leaving = true  // of our own accord: the peers are told by priority 0
	yield  leaving = false // to a better master, which needs no telling
)

// exit undoes what the current state did. All deadlines of the state go with it.
func (m *Machine) exit(now time.Time, how leaving) {
	if m.master != nil {
		if how == resign {
			m.sendAdvert(now, 0)
		}
		m.do(RemoveAddresses{})
	}
	m.backup, m.master = nil, nil
}

func (m *Machine) enterFault(now time.Time) {
	m.state, m.lastTransition = FaultState, now
}

// sendAdvert asks for an advert.
func (m *Machine) sendAdvert(now time.Time, priority uint8) {
	m.do(SendAdvert{Priority: priority})
	m.lastAdvert = now
}
