package fsm

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// groupStep is one event of a member, and what it means to all.
type groupStep struct {
	at     time.Duration // since t0
	member byte          // 'A' and on
	event  Event
	want   string // "A: entered BACKUP 150; group: syncing BACKUP"
	state  State  // of the group afterwards
}

// down150 is Master_Down_Interval of the tables' router.
const down150 = 3*interval + 106*3906250*time.Nanosecond

var (
	linkDown = FaultsChanged{Faults: FaultSet(0).With(FaultInterface, true)}
	linkUp   = FaultsChanged{}
)

// outcomeWords writes outcomes as the tables do.
func outcomeWords(outcomes []Outcome) string {
	var out []string
	for _, o := range outcomes {
		who := "group"
		if o.Member != GroupItself {
			who = string(rune('A' + o.Member))
		}
		if len(o.Actions) > 0 {
			out = append(out, who+": "+strings.Join(allWords(o.Actions), ", "))
		}
	}
	return strings.Join(out, "; ")
}

// groupOf starts a group whose members have these configurations, and returns what starting it means.
func groupOf(first []FaultSet, configs ...Config) (*Group, string) {
	var members []*Machine
	for i, cfg := range configs {
		m := New(cfg)
		if i < len(first) {
			m.Step(t0, FaultsChanged{Faults: first[i]})
		}
		members = append(members, m)
	}
	g := NewGroup(members...)
	said := []string{outcomeWords(g.Start(t0))}
	for i := range members {
		said = append(said, outcomeWords(g.Step(t0, i, Startup{})))
	}
	said = slices.DeleteFunc(said, func(s string) bool { return s == "" })
	return g, strings.Join(said, "; ")
}

func runGroup(t *testing.T, g *Group, steps []groupStep) {
	t.Helper()
	for i, s := range steps {
		got := outcomeWords(g.Step(t0.Add(s.at), int(s.member-'A'), s.event))
		if got != s.want {
			t.Errorf("step %d\n got %s\nwant %s", i, got, s.want)
		}
		if g.State() != s.state {
			t.Errorf("step %d: the group is %s, want %s", i, g.State(), s.state)
		}
	}
}

const (
	lead     = "advert 150, add, announce master x5, entered MASTER 150"
	timedOut = "report timeout"
	bothLead = "B: " + timedOut + ", " + lead + "; group: syncing MASTER; A: " + lead + "; group: entered MASTER"
	resigned = "advert 0, remove, entered FAULT 150"
	stepped  = "report higher priority, remove, entered BACKUP 150"
)

// toMaster has both members of a group become Master at down150+1.
var toMaster = []groupStep{
	{down150, 'A', Tick{}, "A: " + timedOut, Backup},
	{down150 + 1, 'B', Tick{}, bothLead, Master},
}

func TestGroupStart(t *testing.T) {
	cfg := testConfig(2, true)
	down := FaultSet(0).With(FaultInterface, true)
	own := with(cfg, func(c *Config) { c.Priority = 255 })
	for _, row := range []struct {
		name    string
		first   []FaultSet
		configs []Config
		want    string
		state   State
		faulty  int
	}{
		{"the group first, then its members", nil, []Config{cfg, cfg},
			"group: entered BACKUP init; A: remove, entered BACKUP 150 init; B: remove, entered BACKUP 150 init", Backup, 0},
		{"a fault of the last one", []FaultSet{0, down}, []Config{cfg, cfg},
			"A: remove, entered FAULT 150 init; B: remove, entered FAULT 150 init; group: entered FAULT init", FaultState, 1},
		{"a fault of the first one", []FaultSet{down}, []Config{cfg, cfg},
			"A: remove, entered FAULT 150 init; B: remove, entered FAULT 150 init; group: entered FAULT init", FaultState, 1},
		{"one member", nil, []Config{cfg}, "group: entered BACKUP init; A: remove, entered BACKUP 150 init", Backup, 0},
		{"owners pass through Backup unseen", nil, []Config{own, own}, "A: remove; B: remove", Backup, 0},
		{"an owner among others waits", nil, []Config{own, cfg},
			"group: entered BACKUP init; A: remove, entered BACKUP 255 init; B: remove, entered BACKUP 150 init", Backup, 0},
		{"owners with a fault", []FaultSet{down}, []Config{own, own},
			"A: remove, entered FAULT 255 init; B: remove, entered FAULT 255 init; group: entered FAULT init", FaultState, 1},
		{"no members", nil, nil, "", Init, 0},
	} {
		g, got := groupOf(row.first, row.configs...)
		if faulty, _ := g.Faulty(); got != row.want || g.State() != row.state || faulty != row.faulty {
			t.Errorf("%s: %s, %d faulty\n got %s\nwant %s", row.name, g.State(), faulty, got, row.want)
		}
		if again := g.Start(t0); len(again) != 0 {
			t.Errorf("%s: a second start gives %s", row.name, outcomeWords(again))
		}
	}
}

func TestGroupSteps(t *testing.T) {
	cfg := testConfig(2, true)
	noPreempt := testConfig(2, false)
	own := with(cfg, func(c *Config) { c.Priority = 255 })
	two, three := []Config{cfg, cfg}, []Config{cfg, cfg, cfg}
	const heard = "report master set"
	for _, row := range []struct {
		name    string
		configs []Config
		steps   []groupStep
	}{
		{"Master when both want it", two, toMaster},
		{"the first one looks again after a whole interval", two, []groupStep{
			{down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{2*down150 - 1, 'A', Tick{}, "", Backup},
			{2 * down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{2*down150 + 1, 'B', Tick{}, bothLead, Master},
		}},
		{"one that has heard a master does not want any more", two, []groupStep{
			{down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{down150 + 1, 'A', advertOf(smaller, 200), "A: " + heard, Backup},
			{down150 + 2, 'B', Tick{}, "B: " + timedOut, Backup},
			{2*down150 + 1, 'A', Tick{}, "A: " + timedOut + ", " + lead + "; group: syncing MASTER; B: " + lead + "; group: entered MASTER", Master},
		}},
		{"a lower master is no reason not to want", two, []groupStep{
			{down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{down150 + 1, 'A', advertOf(smaller, 100), "A: report master set, report lower discarded", Backup},
			{down150 + 2, 'B', Tick{}, bothLead, Master},
		}},
		{"unless it does not preempt", []Config{noPreempt, cfg}, []groupStep{
			{down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{down150 + 1, 'A', advertOf(smaller, 100), "A: report master set", Backup},
			{down150 + 2, 'B', Tick{}, "B: " + timedOut, Backup},
		}},
		{"all three have to want it", three, []groupStep{
			{down150, 'C', Tick{}, "C: " + timedOut, Backup},
			{down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{down150, 'B', Tick{}, "B: " + timedOut + ", " + lead + "; group: syncing MASTER; A: " + lead + "; C: " + lead + "; group: entered MASTER", Master},
		}},
		{"a better master of one", two, append(slices.Clone(toMaster),
			groupStep{2 * down150, 'B', advertOf(smaller, 200),
				"B: report higher priority, remove, entered BACKUP 150; group: syncing BACKUP; A: remove, entered BACKUP 150; group: entered BACKUP", Backup},
			groupStep{2*down150 + 1, 'A', advertOf(smaller, 200), "A: " + heard, Backup},
		)},
		{"a fault of a Backup", two, []groupStep{
			{sec, 'A', linkDown, "A: entered FAULT 150; group: syncing FAULT; B: entered FAULT 150; group: entered FAULT", FaultState},
			{2 * sec, 'A', linkUp, "A: entered BACKUP 150; group: syncing BACKUP; B: entered BACKUP 150; group: entered BACKUP", Backup},
			{2*sec + down150, 'A', Tick{}, "A: " + timedOut, Backup},
			{2*sec + down150, 'B', Tick{}, bothLead, Master},
		}},
		{"a fault of a Master: all resign", two, append(slices.Clone(toMaster),
			groupStep{10 * sec, 'A', linkDown, "A: " + resigned + "; group: syncing FAULT; B: " + resigned + "; group: entered FAULT", FaultState},
			groupStep{11 * sec, 'B', linkDown, "", FaultState},
			groupStep{12 * sec, 'A', linkUp, "", FaultState},
			groupStep{13 * sec, 'A', linkDown, "", FaultState},
			groupStep{14 * sec, 'B', linkUp, "", FaultState},
			groupStep{15 * sec, 'A', linkUp, "A: entered BACKUP 150; group: syncing BACKUP; B: entered BACKUP 150; group: entered BACKUP", Backup},
		)},
		{"nothing moves a member that another one's fault holds", two, []groupStep{
			{sec, 'A', linkDown, "A: entered FAULT 150; group: syncing FAULT; B: entered FAULT 150; group: entered FAULT", FaultState},
			{2 * sec, 'B', advertOf(smaller, 0), "", FaultState},
			{down150, 'B', Tick{}, "", FaultState},
			{down150, 'B', linkUp, "", FaultState},
			{down150, 'B', PriorityChanged{Priority: 120}, "B: report priority changed", FaultState},
		}},
		{"a rival of one is repaired on all", two, append(slices.Clone(toMaster),
			groupStep{10 * sec, 'A', advertOf(smaller, 100),
				"A: report lower, new election, advert 150, announce lower priority x4, report lower priority received; B: announce lower priority x4", Master},
		)},
		{"farewells to one, then to the other", two, []groupStep{
			{sec, 'A', advertOf(smaller, 200), "A: " + heard, Backup},
			{sec, 'B', advertOf(smaller, 200), "B: " + heard, Backup},
			{2 * sec, 'A', advertOf(smaller, 0), "A: report priority 0 in backup", Backup},
			{2*sec + skew150, 'A', Tick{}, "A: " + timedOut, Backup},
			{3 * sec, 'B', advertOf(smaller, 0), "B: report priority 0 in backup", Backup},
			{3*sec + skew150, 'B', Tick{}, bothLead, Master},
		}},
		{"owners take over together", []Config{own, own}, []groupStep{
			{time.Microsecond, 'A', Tick{}, "A: report timeout, advert 255, add, announce master x5, entered MASTER 255; group: syncing MASTER; " +
				"B: advert 255, add, announce master x5, entered MASTER 255; group: entered MASTER", Master},
		}},
		{"the end of one is not the end of the others", two, append(slices.Clone(toMaster),
			groupStep{10 * sec, 'A', Shutdown{}, "A: advert 0, remove, stopped 150", Master},
			groupStep{10 * sec, 'B', Shutdown{}, "B: advert 0, remove, stopped 150", Master},
		)},
		{"a group of one", []Config{cfg}, []groupStep{
			{down150, 'A', Tick{}, "A: " + timedOut + ", " + lead + "; group: syncing MASTER; group: entered MASTER", Master},
			{2 * down150, 'A', advertOf(smaller, 200), "A: " + stepped + "; group: syncing BACKUP; group: entered BACKUP", Backup},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, _ := groupOf(nil, row.configs...)
			runGroup(t, g, row.steps)
		})
	}
}

// TestGroupWanted is what the outside sees of a member that its group holds.
func TestGroupWanted(t *testing.T) {
	g, _ := groupOf(nil, testConfig(2, true), testConfig(2, true))
	runGroup(t, g, toMaster[:1])
	for i, want := range []State{Master, Backup} {
		if s := g.members[i].Snapshot(); s.State != Backup || s.Wanted != want {
			t.Errorf("member %d is %s and wants %s, want %s", i, s.State, s.Wanted, want)
		}
	}
	wantDeadline(t, g.members[0], t0.Add(2*down150))
}

// regroup gives a group other members and says what that means.
func regroup(g *Group, at time.Duration, members ...*Machine) string {
	return outcomeWords(g.SetMembers(t0.Add(at), members...))
}

func TestGroupMembersChange(t *testing.T) {
	cfg := testConfig(2, true)
	master := func() *Machine { m, _ := mastered(t, cfg); return m }
	following := func() *Machine { m := started(cfg); m.Step(t0, advertOf(smaller, 200)); return m }
	whole := func() *Group {
		g, _ := groupOf(nil, cfg, cfg)
		runGroup(t, g, toMaster)
		return g
	}
	const at = 10 * sec
	for _, row := range []struct {
		name    string
		group   func() *Group
		members func(*Group) []*Machine
		want    string
		state   State
	}{
		{"the same members", whole, func(g *Group) []*Machine { return g.members }, "", Master},
		{"one goes", whole, func(g *Group) []*Machine { return g.members[1:] }, "", Master},
		{"all go", whole, func(g *Group) []*Machine { return nil }, "group: syncing BACKUP; group: entered BACKUP", Backup},
		{"a new one comes", whole, func(g *Group) []*Machine { return append(slices.Clone(g.members), New(cfg)) }, "", Master},
		{"a Backup comes that follows nobody", whole, func(g *Group) []*Machine { return append(slices.Clone(g.members), started(cfg)) }, "", Master},
		{"a Backup comes that follows a master", whole, func(g *Group) []*Machine { return append(slices.Clone(g.members), following()) },
			"group: syncing BACKUP; A: remove, entered BACKUP 150; B: remove, entered BACKUP 150; group: entered BACKUP", Backup},
		{"one with a fault comes", whole, func(g *Group) []*Machine { return append(slices.Clone(g.members), faulty(cfg)) },
			"group: syncing FAULT; A: " + resigned + "; B: " + resigned + "; group: entered FAULT", FaultState},
		{"a Master comes to Backups of nobody", func() *Group { g, _ := groupOf(nil, cfg, cfg); return g },
			func(g *Group) []*Machine { return append(slices.Clone(g.members), master()) }, "group: syncing MASTER; group: entered MASTER", Master},
		{"the one with the fault goes", func() *Group { g, _ := groupOf([]FaultSet{1}, cfg, cfg); return g },
			func(g *Group) []*Machine { return g.members[1:] },
			"group: syncing BACKUP; A: entered BACKUP 150; group: entered BACKUP", Backup},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := row.group()
			if got := regroup(g, at, row.members(g)...); got != row.want || g.State() != row.state {
				t.Errorf("%s\n got %s\nwant %s", g.State(), got, row.want)
			}
		})
	}
}

// A member that came later than its group became Master follows it when nobody is heard, and ends it when somebody is.
func TestGroupLateMember(t *testing.T) {
	cfg := testConfig(2, true)
	for _, row := range []struct {
		name string
		step groupStep
	}{
		{"nobody is heard", groupStep{10*sec + down150, 'C', Tick{}, "C: " + timedOut + ", " + lead, Master}},
		{"a better master is heard", groupStep{11 * sec, 'C', advertOf(smaller, 200), "C: report master set; group: syncing BACKUP; " +
			"A: remove, entered BACKUP 150; B: remove, entered BACKUP 150; group: entered BACKUP", Backup}},
		{"a lower master is heard", groupStep{11 * sec, 'C', advertOf(smaller, 100), "C: report master set, report lower discarded", Master}},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, _ := groupOf(nil, cfg, cfg)
			runGroup(t, g, toMaster)
			regroup(g, 10*sec, append(slices.Clone(g.members), New(cfg))...)
			runGroup(t, g, []groupStep{{10 * sec, 'C', Startup{}, "C: remove, entered BACKUP 150 init", Master}, row.step})
		})
	}
}

// TestGroupNew makes a group of machines that run already.
func TestGroupNew(t *testing.T) {
	cfg := testConfig(2, true)
	a, _ := mastered(t, cfg)
	b := started(cfg)
	b.Step(t0, advertOf(smaller, 200))
	c, _ := mastered(t, cfg)
	for _, row := range []struct {
		name    string
		members []*Machine
		want    string
		state   State
	}{
		{"Masters stay", []*Machine{a, c}, "group: entered MASTER init", Master},
		{"one follows another master", []*Machine{a, b}, "group: entered BACKUP init; A: remove, entered BACKUP 150", Backup},
	} {
		g := NewGroup(row.members...)
		if got := outcomeWords(g.Start(t0.Add(10 * sec))); got != row.want || g.State() != row.state {
			t.Errorf("%s: %s\n got %s\nwant %s", row.name, g.State(), got, row.want)
		}
	}
}

// A machine that has left its group is one of its own again.
func TestGroupRelease(t *testing.T) {
	cfg := testConfig(2, true)
	g, _ := groupOf([]FaultSet{1}, cfg, cfg)
	b := g.members[1]
	regroup(g, sec, g.members[0])
	Release(b)
	wantActions(t, b.Step(t0.Add(sec), FaultsChanged{}), "entered BACKUP 150")
	wantActions(t, b.Step(t0.Add(sec+down150), Tick{}), append([]string{timedOut}, becomeMaster...)...)
}

// TestGroupResume goes on as Master without a word.
func TestGroupResume(t *testing.T) {
	cfg := testConfig(2, true)
	s := Snapshot{State: Master, Priority: 150, LastAdvert: t0}
	g := ResumeGroup(Resume(cfg, s, t0), Resume(cfg, s, t0))
	if got := outcomeWords(g.Start(t0)); got != "" || g.State() != Master {
		t.Errorf("%s, start says %s", g.State(), got)
	}
	runGroup(t, g, []groupStep{
		{0, 'A', Tick{}, "A: advert 150, add", Master},
		{0, 'B', advertOf(smaller, 200), "B: " + stepped + "; group: syncing BACKUP; A: remove, entered BACKUP 150; group: entered BACKUP", Backup},
	})
}

// TestGroupPending starts a group one of whose members waits for a script: nobody is told before there is a result.
func TestGroupPending(t *testing.T) {
	cfg := testConfig(2, true)
	waits := FaultSet(0).With(FaultPending, true)
	failed := FaultsChanged{Faults: FaultSet(0).With(FaultTracker, true)}
	const silent = "A: remove, entered FAULT 150 init; B: remove, entered FAULT 150 init"
	const up = "A: entered BACKUP 150; group: syncing BACKUP; B: entered BACKUP 150; group: entered BACKUP"
	for _, row := range []struct {
		name  string
		first []FaultSet
		says  string // the start
		state State
		steps []groupStep
	}{
		{"it succeeds", []FaultSet{waits}, silent, Init, []groupStep{{sec, 'A', linkUp, up, Backup}}},
		{"it fails, then succeeds", []FaultSet{waits}, silent, Init, []groupStep{
			{sec, 'A', failed, "A: entered FAULT 150; B: entered FAULT 150; group: entered FAULT init", FaultState},
			{2 * sec, 'A', linkUp, up, Backup},
		}},
		{"another member fails meanwhile", []FaultSet{waits}, silent, Init, []groupStep{
			{sec, 'B', linkDown, "B: entered FAULT 150; A: entered FAULT 150; group: entered FAULT init", FaultState},
			{2 * sec, 'A', linkUp, "", FaultState},
		}},
		{"both wait", []FaultSet{waits, waits}, silent, Init, []groupStep{
			{sec, 'B', linkUp, "", Init},
			{2 * sec, 'A', linkUp, up, Backup},
		}},
		{"the other one has a fault", []FaultSet{waits, 1}, silent + "; group: entered FAULT init", FaultState, []groupStep{
			{sec, 'B', linkUp, "", Init},
			{2 * sec, 'A', linkUp, up, Backup},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, says := groupOf(row.first, cfg, cfg)
			if says != row.says || g.State() != row.state {
				t.Errorf("start: %s\n got %s\nwant %s", g.State(), says, row.says)
			}
			for _, m := range g.members {
				if told := !m.faults.Pending(); told != strings.Contains(says, "group") {
					t.Errorf("a member is told of: %v", told)
				}
			}
			runGroup(t, g, row.steps)
		})
	}
}
