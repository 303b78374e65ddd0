package fsm

import "time"

// bonds are what a sync group has told a machine that is its member. The zero value is that of a router without group.
type bonds struct {
	held  bool // it may not become Master by itself
	mixed bool // not every member owns its addresses, so an owner waits at its start like everybody
}

// wait is for a Backup whose group holds it. It wants to be Master until it hears of one, and looks again after a whole
// Master_Down_Interval.
func (m *Machine) wait(now time.Time) {
	m.backup.wants, m.backup.follows = true, false
	m.backup.downAt = m.counted(now).Add(m.masterDown())
}

// verdict takes a member to the state of its group. Fault is no verdict: it is one more reason in the set of faults.
func (m *Machine) verdict(now time.Time, state State) {
	switch {
	case state == Backup && m.master != nil:
		m.exit(now, yield)
		m.enterBackup(now)
		m.do(Entered{State: Backup, Priority: m.priority})
	case state == Master && m.backup != nil:
		m.exit(now, resign)
		m.enterMaster(now)
	}
}

func (m *Machine) memberOutranked(now time.Time) {
	if m.master != nil {
		m.repair(now)
	}
}

// leads tells whether the member is Master or waits for its group to let it be.
func (m *Machine) leads() bool { return m.master != nil || m.backup != nil && m.backup.wants }
