package fsm

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The normative rows of RFC 9568 section 6.4, each with a row that it is for and one that it is not for. A row with a
// difference says what upstream does instead.

type rfcRow struct {
	section    string
	requires   string
	difference string
	positive   func() (*Machine, []Action)
	yes        []string // actions that must be among the positive row's, in this order
	yesState   State
	yesAt      time.Duration // deadline after t0 (0: not looked at)
	negative   func() (*Machine, []Action)
	no         []string // actions that must not be among the negative row's
	noState    State
}

// story steps a machine through events, half a second after t0 each, and returns what came of the last one.
func story(cfg Config, events ...Event) func() (*Machine, []Action) {
	return func() (*Machine, []Action) {
		m := New(cfg)
		m.Step(t0, Startup{})
		var last []Action
		for _, ev := range events {
			now := t0.Add(500 * milli)
			if _, isTick := ev.(Tick); isTick {
				now, _ = m.Deadline()
			}
			last = m.Step(now, ev)
		}
		return m, last
	}
}

// atStart is a machine with what Startup gave.
func atStart(cfg Config) func() (*Machine, []Action) {
	return func() (*Machine, []Action) {
		m := New(cfg)
		return m, m.Step(t0, Startup{})
	}
}

var rfcTable = []rfcRow{
	{section: "6.4.1", requires: "at Startup an owner advertises, announces its addresses, sets the Adver_Timer and becomes Active",
		difference: "through a Backup of one microsecond",
		positive:   story(owner(), Tick{}), yes: []string{"advert 255", "announce master x5"}, yesState: Master, yesAt: sec + time.Microsecond,
		negative: atStart(v2Config()), no: []string{"advert 150", "add", "announce master x5"}, noState: Backup},
	{section: "6.4.1", requires: "at Startup any other router sets the Active_Down_Timer to Active_Down_Interval and becomes Backup",
		positive: atStart(v2Config()), yes: []string{"entered BACKUP 150 init"}, yesState: Backup, yesAt: 3*sec + skew150,
		negative: atStart(owner()), no: []string{"entered BACKUP 255 init"}, noState: Backup},
	{section: "6.4.2", requires: "a Backup stops the timer and goes to Initialize on Shutdown, without an advert",
		positive: story(v2Config(), Shutdown{}), yes: []string{"stopped 150"}, yesState: Init,
		negative: story(v2Config(), Shutdown{}), no: []string{"advert 0", "advert 150"}, noState: Init},
	{section: "6.4.2", requires: "when the Active_Down_Timer fires it advertises, announces, sets the Adver_Timer and becomes Active",
		positive: story(v2Config(), Tick{}), yes: []string{"advert 150", "announce master x5"}, yesState: Master, yesAt: 4*sec + skew150,
		negative: story(v2Config(), SourceChanged{Source: ours}), no: []string{"advert 150", "add"}, noState: Backup},
	{section: "6.4.2", requires: "priority 0 sets the Active_Down_Timer to Skew_Time",
		positive: story(v2Config(), advertOf(larger, 0)), yesState: Backup, yesAt: 500*milli + skew150,
		negative: story(v2Config(), advertOf(larger, 1)), no: []string{"report priority 0 in backup"}, noState: Backup},
	{section: "6.4.2", requires: "an advert of the same or a higher priority sets the timer to Active_Down_Interval",
		positive: story(v2Config(), advertOf(smaller, 150)), yesState: Backup, yesAt: 3500*milli + skew150,
		negative: story(v2Config(), advertOf(smaller, 149), Tick{}), no: []string{"remove"}, noState: Master},
	{section: "6.4.2", requires: "without preemption an advert of a lower priority counts as well",
		positive: story(with(v2Config(), func(c *Config) { c.Preempt = false }), advertOf(smaller, 1)), yesState: Backup, yesAt: 3500*milli + skew150,
		negative: story(with(v2Config(), func(c *Config) { c.Preempt = false }), advertOf(smaller, 1)), no: []string{"report lower discarded"}, noState: Backup},
	{section: "6.4.2", requires: "with preemption an advert of a lower priority is discarded",
		positive: story(v2Config(), advertOf(larger, 149)), yes: []string{"report lower discarded"}, yesState: Backup, yesAt: 3*sec + skew150,
		negative: story(v2Config(), advertOf(larger, 150)), no: []string{"report lower discarded"}, noState: Backup},
	{section: "6.4.2", requires: "Active_Adver_Interval, Skew_Time and Active_Down_Interval follow the interval in the advert",
		positive: story(testConfig(3, true), Advert{Source: larger, Priority: 200, Interval: sec}), yes: []string{"report interval learned"},
		yesState: Backup, yesAt: 3500*milli + skew150,
		negative: story(testConfig(2, true), Advert{Source: larger, Priority: 200, Interval: sec}), no: []string{"report interval learned"}, noState: Backup},
	{section: "6.4.3", requires: "an Active router sends priority 0 and goes to Initialize on Shutdown",
		positive: story(v2Config(), Tick{}, Shutdown{}), yes: []string{"advert 0", "remove", "stopped 150"}, yesState: Init,
		negative: story(v2Config(), Tick{}, Shutdown{}), no: []string{"advert 150"}, noState: Init},
	{section: "6.4.3", requires: "when the Adver_Timer fires it advertises and sets the timer to Advertisement_Interval",
		positive: story(v2Config(), Tick{}, Tick{}), yes: []string{"advert 150"}, yesState: Master, yesAt: 5*sec + skew150,
		negative: story(v2Config(), Tick{}, SourceChanged{Source: ours}), no: []string{"advert 150"}, noState: Master},
	{section: "6.4.3", requires: "priority 0 has it advertise at once and set the timer anew",
		positive: story(v2Config(), Tick{}, advertOf(larger, 0)), yes: []string{"advert 150"}, yesState: Master, yesAt: 1500 * milli,
		negative: story(v2Config(), Tick{}, advertOf(larger, 0)), no: []string{"remove"}, noState: Master},
	{section: "6.4.3", requires: "a higher priority makes it Backup with a new Active_Down_Timer",
		positive: story(v2Config(), Tick{}, advertOf(smaller, 151)), yes: []string{"remove", "entered BACKUP 150"}, yesState: Backup, yesAt: 3500*milli + skew150,
		negative: story(v2Config(), Tick{}, advertOf(larger, 149)), no: []string{"remove", "entered BACKUP 150"}, noState: Master},
	{section: "6.4.3", requires: "the same priority from a greater address makes it Backup",
		positive: story(v2Config(), Tick{}, advertOf(larger, 150)), yes: []string{"remove"}, yesState: Backup,
		negative: story(v2Config(), Tick{}, advertOf(smaller, 150)), no: []string{"remove"}, noState: Master},
	{section: "6.4.3", requires: "addresses compare as unsigned numbers in network order",
		positive: story(v2Config(), Tick{}, advertOf(farther, 150)), yes: []string{"remove"}, yesState: Backup,
		negative: story(with(v2Config(), func(c *Config) { c.Source = farther }), Tick{}, advertOf(larger, 150)), no: []string{"remove"}, noState: Master},
	{section: "6.4.3", requires: "any other advert is discarded, and answered with one at once",
		difference: "unless lower_prio_no_advert is set",
		positive:   story(v2Config(), Tick{}, advertOf(larger, 1)), yes: []string{"advert 150"}, yesState: Master, yesAt: 1500 * milli,
		negative: story(with(v2Config(), func(c *Config) { c.LowerPrioNoAdvert = true }), Tick{}, advertOf(larger, 1)), no: []string{"advert 150"}, noState: Master},
	{section: "6.4.3", requires: "stepping down, it takes Active_Adver_Interval from the advert",
		positive: story(testConfig(3, true), Tick{}, Advert{Source: larger, Priority: 200, Interval: sec}), yes: []string{"report interval learned"},
		yesState: Backup, yesAt: 3500*milli + skew150,
		negative: story(testConfig(3, true), Tick{}, Advert{Source: larger, Priority: 1, Interval: sec}), no: []string{"report interval learned"}, noState: Master},
}

func TestRFC9568(t *testing.T) {
	for _, row := range rfcTable {
		t.Run(row.section+" "+row.requires, func(t *testing.T) {
			m, actions := row.positive()
			got := allWords(actions)
			rest := got
			for _, want := range row.yes {
				i := slices.Index(rest, want)
				if i < 0 {
					t.Fatalf("%q is not among %q in its place", want, got)
				}
				rest = rest[i+1:]
			}
			wantState(t, m, row.yesState)
			if row.yesAt != 0 {
				wantDeadline(t, m, t0.Add(row.yesAt))
			}
			m, actions = row.negative()
			for _, no := range row.no {
				if slices.Contains(allWords(actions), no) {
					t.Errorf("negative row: %q is among %q", no, strings.Join(allWords(actions), ", "))
				}
			}
			wantState(t, m, row.noState)
		})
	}
}
