package fsm

import "time"

// Group is a vrrp_sync_group: machines that change state together. It stands above its members; every event of a member
// goes through it. Like them it is pure, and one goroutine uses it at a time.
//
// The rules are upstream's:
//
//   - A member with a fault takes all others to Fault. They stay there until the last fault of any member is gone.
//   - A member that gives way to a better master takes all others to Backup.
//   - A member becomes Master when every other one is Master or wants to be. Until then it waits, and looks again after a
//     whole Master_Down_Interval. A group prefers Backup.
//   - The one that began goes first, then the others in their order, then the group itself.
//
// A member that joins a group whose others are Master changes nothing for them: it becomes Master when its time has come,
// and takes them to Backup when it hears a master that it must follow. (Upstream takes all to Backup at once, and there
// is no Master for seconds.)
type Group struct {
	members []*Machine
	state   State // Init before Start
	unsaid  bool  // the first state is Fault, which is said after the members, and only when something has failed

	outcomes []Outcome
	actions  []Action // of outcomes, in one piece
}

// Outcome is what one step means to one member, or to the group itself.
type Outcome struct {
	Member        int // place among the members, GroupItself for the group
	Before, After State
	Actions       []Action
}

// GroupItself stands in Outcome for no member.
const GroupItself = -1

// NewGroup makes a group that waits for Start.
func NewGroup(members ...*Machine) *Group {
	g := &Group{}
	g.take(members)
	return g
}

// ResumeGroup makes the group of a process that takes over from one whose group was Master: nothing is entered, and
// nobody notified. It needs members that all come from Resume as Masters.
func ResumeGroup(members ...*Machine) *Group {
	g := NewGroup(members...)
	g.state = Master
	g.bind()
	return g
}

// State is the group's state, Init before Start and as long as nothing has failed and some member waits for a script.
func (g *Group) State() State {
	if t := g.count(); g.state == FaultState && t.faulty == 0 && t.pending > 0 {
		return Init
	}
	return g.state
}

// Faulty counts the members that have a fault of their own, and those that wait for a script.
func (g *Group) Faulty() (faulty, waiting int) {
	t := g.count()
	return t.faulty, t.pending
}

// Start gives the group its first state. It comes after the first faults of the members are known and before their
// Startup, so that the group is reported before them; only Fault is reported after them. A group whose members all own
// their addresses begins unseen, as they do. Members that run already, as after a reload, are taken along. A second Start
// does nothing.
func (g *Group) Start(now time.Time) []Outcome {
	g.begin()
	if g.state != Init || len(g.members) == 0 {
		return nil
	}
	g.state = g.wanted()
	g.unsaid = g.state == FaultState
	if g.state == Master || g.state == Backup && g.count().owners < len(g.members) {
		g.itself(GroupEntered{State: g.state, Init: true})
	}
	g.align(now)
	g.sayFault()
	g.bind()
	return g.outcomes
}

// Step gives an event to one member and does to the others what follows from it. The outcomes are the caller's until
// the next call.
func (g *Group) Step(now time.Time, member int, ev Event) []Outcome {
	g.begin()
	if faults, ok := ev.(FaultsChanged); ok {
		// The others' faults stay reasons for this member, whatever happens to its own.
		ev = FaultsChanged{Faults: g.count().held(g.members[member], faults.Faults)}
	}
	g.give(now, member, ev)
	switch ev.(type) {
	case Startup, Shutdown: // the end of one member is no reason for the others: all are told to end
	default:
		g.settle(now)
	}
	g.sayFault()
	if g.outranked(member) {
		g.others(now, member, MemberOutranked{})
	}
	g.bind()
	return g.outcomes
}

// SetMembers gives the group the members that a reload leaves it. A machine that is no member any more has to be given
// to Release, and then its own faults.
func (g *Group) SetMembers(now time.Time, members ...*Machine) []Outcome {
	g.begin()
	g.take(members)
	g.settle(now)
	g.bind()
	return g.outcomes
}

// Release makes the machine one of no group.
func Release(m *Machine) { m.bonds = bonds{} }

func (g *Group) take(members []*Machine) {
	g.members = append([]*Machine(nil), members...)
	g.bind()
}

func (g *Group) begin() { g.outcomes, g.actions = g.outcomes[:0], g.actions[:0] }

// settle brings the members to the state that the group should be in.
func (g *Group) settle(now time.Time) {
	if g.state == Init {
		return
	}
	if state := g.wanted(); state != g.state {
		g.state, g.unsaid = state, false
		g.itself(GroupSyncing{State: state})
		g.align(now)
		g.itself(GroupEntered{State: state})
		return
	}
	g.align(now)
}

// sayFault reports a group that began in Fault, as soon as every member is there too. One that waits for scripts says
// nothing until one has failed.
func (g *Group) sayFault() {
	if !g.unsaid || g.count().faulty == 0 {
		return
	}
	for _, m := range g.members {
		if m.state == Init {
			return
		}
	}
	g.unsaid = false
	g.itself(GroupEntered{State: g.state, Init: true})
}

// tally counts members.
type tally struct {
	faulty  int // with faults of their own
	pending int // without, but waiting for a script
	masters int
	leading int // masters, and those that want to be
	follow  int // Backups of a master that they have heard
	owners  int // of their addresses
}

func (g *Group) count() (t tally) {
	for _, m := range g.members {
		switch own := m.faults.Own(); {
		case own.Pending():
			t.pending++
		case own != 0:
			t.faulty++
		}
		if m.master != nil {
			t.masters++
		}
		if m.leads() {
			t.leading++
		}
		if m.backup != nil && m.backup.follows {
			t.follow++
		}
		if m.owner() {
			t.owners++
		}
	}
	return t
}

// wanted is the state that follows from those of the members.
func (g *Group) wanted() State {
	switch t := g.count(); {
	case t.faulty+t.pending > 0:
		return FaultState
	case t.masters > 0 && t.follow == 0:
		return Master
	}
	return Backup
}

// align takes each member that does not follow to the group's state. A Backup that does not want to be Master is left
// where it is.
func (g *Group) align(now time.Time) {
	t := g.count()
	for i, m := range g.members {
		if faults := t.held(m, m.faults.Own()); faults != m.faults {
			g.give(now, i, FaultsChanged{Faults: faults})
		}
		if (g.state == Backup && m.master != nil) || (g.state == Master && m.backup != nil && m.backup.wants) {
			g.give(now, i, Verdict{State: g.state})
		}
	}
}

// bind tells every member what it may do by itself until the next step: become Master when all others are ready for it.
func (g *Group) bind() {
	t := g.count()
	for _, m := range g.members {
		others := t.leading
		if m.leads() {
			others--
		}
		m.bonds = bonds{held: g.state != Master && others < len(g.members)-1, mixed: t.owners < len(g.members)}
	}
}

// held adds what the other members of m mean for it to its own faults.
func (t tally) held(m *Machine, own FaultSet) FaultSet {
	switch was := m.faults.Own(); {
	case was.Pending():
		t.pending--
	case was != 0:
		t.faulty--
	}
	return own.With(FaultGroup, t.faulty > 0).With(FaultGroupPending, t.pending > 0)
}

func (g *Group) others(now time.Time, member int, ev Event) {
	for i := range g.members {
		if i != member {
			g.give(now, i, ev)
		}
	}
}

// outranked tells whether the member has just outranked a rival.
func (g *Group) outranked(member int) bool {
	for _, o := range g.outcomes {
		if o.Member != member {
			continue
		}
		for _, a := range o.Actions {
			if r, ok := a.(Report); ok && r.Kind == ReportLowerPriorityRx {
				return true
			}
		}
	}
	return false
}

// give steps one member and keeps what it wants done.
func (g *Group) give(now time.Time, member int, ev Event) {
	m := g.members[member]
	before := m.state
	actions := m.Step(now, ev)
	if len(actions) == 0 && m.state == before && len(g.outcomes) > 0 {
		return
	}
	g.outcomes = append(g.outcomes, Outcome{Member: member, Before: before, After: m.state, Actions: g.keep(actions)})
}

func (g *Group) itself(a Action) {
	g.outcomes = append(g.outcomes, Outcome{Member: GroupItself, Before: g.state, After: g.state, Actions: g.keep([]Action{a})})
}

// keep copies the actions of a member: its next step overwrites them.
func (g *Group) keep(actions []Action) []Action {
	from := len(g.actions)
	g.actions = append(g.actions, actions...)
	return g.actions[from:len(g.actions):len(g.actions)]
}
