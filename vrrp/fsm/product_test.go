package fsm

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The product of every state, every event, both versions, and preempt or nopreempt. Each combination must be met by
// exactly one row.

var becomeMaster = []string{"advert 150", "add", "announce master x5", "entered MASTER 150"}

// holdRole is what a Master does about a rival that must give in.
var holdRole = []string{"report lower, new election", "advert 150", "announce lower priority x4", "report lower priority received"}

// deadlineRule says where the deadline is after the step.
type deadlineRule int

const (
	none    deadlineRule = iota
	kept                 // as before the step
	down                 // a whole Master_Down_Interval after the step
	skewed               // Skew_Time after the step
	slot                 // one interval after the step: a schedule that begins again
	down120              // moved by the difference of the skews of 150 and 120
)

// events of the product. Every one is given half a second after the state was entered, but for the tick at the deadline.
var productEvents = map[string]Event{
	"startup":             Startup{},
	"shutdown":            Shutdown{},
	"early tick":          Tick{},
	"tick":                Tick{},
	"advert 0":            advertOf(larger, 0),
	"advert lower":        advertOf(larger, 149),
	"advert same, lower":  advertOf(smaller, 150),
	"advert same, ours":   advertOf(ours, 150),
	"advert same, higher": advertOf(farther, 150),
	"advert higher":       advertOf(smaller, 151),
	"advert 255":          advertOf(smaller, 255),
	"fault":               FaultsChanged{Faults: FaultSet(0).With(FaultInterface, true)},
	"other fault":         FaultsChanged{Faults: FaultSet(0).With(FaultTracker, true).With(FaultAddress, true)},
	"no fault":            FaultsChanged{},
	"same priority":       PriorityChanged{Priority: 150},
	"priority":            PriorityChanged{Priority: 120},
	"source":              SourceChanged{Source: larger},
	"verdict backup":      Verdict{State: Backup},
	"verdict master":      Verdict{State: Master},
	"member outranked":    MemberOutranked{},
	"same config":         Reconfigured{},
	"new priority":        Reconfigured{},
	"new interval":        Reconfigured{},
	"delay moved":         DelayMoved{To: t0.Add(time.Hour)},
}

type productRow struct {
	state    State
	events   []string
	versions []int  // nil: both
	preempt  []bool // nil: both
	next     State
	deadline deadlineRule
	actions  []string
}

var productTable = []productRow{
	// Init knows nothing but Startup. The fault of the second row came before it.
	{state: Init, events: []string{"startup"}, next: Backup, deadline: down, actions: []string{"remove", "entered BACKUP 150 init"}},
	{state: Init, events: []string{"shutdown", "early tick", "tick", "advert 0", "advert lower", "advert same, lower", "advert same, ours",
		"advert same, higher", "advert higher", "advert 255", "fault", "other fault", "no fault", "same priority", "source",
		"same config", "verdict backup", "verdict master", "member outranked", "delay moved"}, next: Init},
	{state: Init, events: []string{"priority", "new priority"}, next: Init, actions: []string{"report priority changed"}},
	{state: Init, events: []string{"new interval"}, next: Init},

	// Backup.
	{state: Backup, events: []string{"startup", "early tick", "no fault", "same priority", "source", "same config", "verdict backup",
		"member outranked", "delay moved"}, next: Backup, deadline: kept},
	{state: Backup, events: []string{"verdict master"}, next: Master, deadline: slot, actions: becomeMaster},
	{state: Backup, events: []string{"shutdown"}, next: Init, actions: []string{"stopped 150"}},
	{state: Backup, events: []string{"tick"}, next: Master, deadline: slot, actions: slices.Concat([]string{"report timeout"}, becomeMaster)},
	{state: Backup, events: []string{"advert 0"}, next: Backup, deadline: skewed, actions: []string{"report priority 0 in backup"}},
	{state: Backup, events: []string{"advert lower"}, preempt: []bool{true}, next: Backup, deadline: kept,
		actions: []string{"report master set", "report lower discarded"}},
	{state: Backup, events: []string{"advert lower"}, preempt: []bool{false}, next: Backup, deadline: down, actions: []string{"report master set"}},
	{state: Backup, events: []string{"advert same, lower", "advert same, ours", "advert same, higher", "advert higher", "advert 255"},
		next: Backup, deadline: down, actions: []string{"report master set"}},
	{state: Backup, events: []string{"fault", "other fault"}, next: FaultState, actions: []string{"entered FAULT 150"}},
	{state: Backup, events: []string{"priority", "new priority"}, next: Backup, deadline: down120, actions: []string{"report priority changed"}},
	{state: Backup, events: []string{"new interval"}, next: Backup, deadline: down},

	// Master.
	{state: Master, events: []string{"startup", "early tick", "no fault", "same priority", "source", "same config", "verdict master",
		"delay moved"}, next: Master, deadline: kept},
	{state: Master, events: []string{"verdict backup"}, next: Backup, deadline: down, actions: []string{"remove", "entered BACKUP 150"}},
	{state: Master, events: []string{"member outranked"}, next: Master, deadline: kept, actions: []string{"announce lower priority x4"}},
	{state: Master, events: []string{"shutdown"}, next: Init, actions: []string{"advert 0", "remove", "stopped 150"}},
	{state: Master, events: []string{"tick"}, next: Master, deadline: slot, actions: []string{"advert 150"}},
	{state: Master, events: []string{"advert 0"}, next: Master, deadline: slot, actions: []string{"report priority 0 in master", "advert 150"}},
	{state: Master, events: []string{"advert lower", "advert same, lower"}, next: Master, deadline: slot, actions: holdRole},
	{state: Master, events: []string{"advert same, ours"}, next: Master, deadline: kept, actions: []string{"report same address"}},
	{state: Master, events: []string{"advert same, higher"}, next: Backup, deadline: down,
		actions: []string{"report higher address", "remove", "entered BACKUP 150"}},
	{state: Master, events: []string{"advert higher", "advert 255"}, next: Backup, deadline: down,
		actions: []string{"report higher priority", "remove", "entered BACKUP 150"}},
	{state: Master, events: []string{"fault", "other fault"}, next: FaultState, actions: []string{"advert 0", "remove", "entered FAULT 150"}},
	{state: Master, events: []string{"priority"}, next: Master, deadline: kept, actions: []string{"report priority changed"}},
	{state: Master, events: []string{"new priority"}, next: Master, deadline: slot, actions: []string{"report priority changed", "advert 120"}},
	{state: Master, events: []string{"new interval"}, next: Master, deadline: slot, actions: []string{"advert 150"}},

	// Fault.
	{state: FaultState, events: []string{"startup", "early tick", "tick", "advert 0", "advert lower", "advert same, lower",
		"advert same, ours", "advert same, higher", "advert higher", "advert 255", "fault", "other fault", "same priority", "source",
		"same config", "new interval", "verdict backup", "verdict master", "member outranked", "delay moved"}, next: FaultState},
	{state: FaultState, events: []string{"shutdown"}, next: Init, actions: []string{"stopped 150"}},
	{state: FaultState, events: []string{"no fault"}, next: Backup, deadline: down, actions: []string{"entered BACKUP 150"}},
	{state: FaultState, events: []string{"priority", "new priority"}, next: FaultState, actions: []string{"report priority changed"}},
}

type productCase struct {
	state   State
	event   string
	version int
	preempt bool
}

func (c productCase) String() string {
	return fmt.Sprintf("%s/%s/v%d/preempt=%v", c.state, c.event, c.version, c.preempt)
}

func TestProduct(t *testing.T) {
	rows := map[productCase]productRow{}
	for _, row := range productTable {
		versions, preempts := row.versions, row.preempt
		if versions == nil {
			versions = []int{2, 3}
		}
		if preempts == nil {
			preempts = []bool{true, false}
		}
		for _, event := range row.events {
			for _, version := range versions {
				for _, preempt := range preempts {
					c := productCase{row.state, event, version, preempt}
					if _, twice := rows[c]; twice {
						t.Fatalf("%s is in the table twice", c)
					}
					rows[c] = row
				}
			}
		}
	}
	for _, state := range []State{Init, Backup, Master, FaultState} {
		for event := range productEvents {
			for _, version := range []int{2, 3} {
				for _, preempt := range []bool{true, false} {
					c := productCase{state, event, version, preempt}
					row, ok := rows[c]
					if !ok {
						t.Errorf("%s is not in the table", c)
						continue
					}
					delete(rows, c)
					t.Run(c.String(), func(t *testing.T) { runProduct(t, c, row) })
				}
			}
		}
	}
	for c := range rows {
		t.Errorf("%s is in the table and is no combination", c)
	}
}

func runProduct(t *testing.T, c productCase, row productRow) {
	cfg := testConfig(c.version, c.preempt)
	m, at := New(cfg), t0
	switch c.state {
	case Backup:
		m = started(cfg)
	case Master:
		m, at = mastered(t, cfg)
	case FaultState:
		m = faulty(cfg)
	}
	at = at.Add(500 * time.Millisecond)
	before, _ := m.Deadline()
	if c.event == "tick" && !before.IsZero() {
		at = before
	}
	event := productEvents[c.event]
	switch c.event {
	case "same config":
		event = Reconfigured{Config: cfg}
	case "new priority":
		cfg.Priority = 120
		event = Reconfigured{Config: cfg}
	case "new interval":
		cfg.AdvertInterval = 3 * time.Second
		event = Reconfigured{Config: cfg}
	}
	wantActions(t, m.Step(at, event), row.actions...)
	wantState(t, m, row.next)
	i, v := cfg.AdvertInterval, c.version
	wantDeadline(t, m, map[deadlineRule]time.Time{
		none: {}, kept: before, down: at.Add(downOf(v, 150, i)), skewed: at.Add(skewOf(v, 150, i)), slot: at.Add(i),
		down120: before.Add(skewOf(v, 120, i) - skewOf(v, 150, i)),
	}[row.deadline])
}
