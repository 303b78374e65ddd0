package fsm

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// The world of the tables: a router of priority 150 at 10.0.0.5, interval 2 s, that met no other one.
var (
	t0      = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ours    = netip.MustParseAddr("10.0.0.5")
	smaller = netip.MustParseAddr("10.0.0.4")
	larger  = netip.MustParseAddr("10.0.0.6")
	// farther is larger than ours as a number, and smaller as text and in the host's byte order.
	farther = netip.MustParseAddr("10.0.0.10")
)

const interval = 2 * time.Second

func testConfig(version int, preempt bool) Config {
	return Config{
		Version: version, Priority: 150, AdvertInterval: interval, Preempt: preempt, DownAdverts: 3, Source: ours,
		Announce: AnnounceConfig{MasterRepeat: 5, MasterDelay: 5 * time.Second, RefreshRepeat: 1,
			LowerPrioRepeat: 4, LowerPrioDelay: 5 * time.Second},
	}
}

// skewOf is Skew_Time in exact numbers, written down apart from the machine's own arithmetic.
func skewOf(version int, priority int, interval time.Duration) time.Duration {
	if version == 2 {
		return time.Duration(256-priority) * 3906250 // ns: 1 s / 256
	}
	return time.Duration(256-priority) * interval / 256
}

func downOf(version int, priority int, interval time.Duration) time.Duration {
	return 3*interval + skewOf(version, priority, interval)
}

// words writes an action as the tables do.
func words(a Action) string {
	switch a := a.(type) {
	case SendAdvert:
		return fmt.Sprintf("advert %d", a.Priority)
	case AddAddresses:
		return "add"
	case RemoveAddresses:
		return "remove"
	case Announce:
		return fmt.Sprintf("announce %s x%d", a.Cause, a.Repeat)
	case Entered:
		if a.Init {
			return fmt.Sprintf("entered %s %d init", a.State, a.Priority)
		}
		return fmt.Sprintf("entered %s %d", a.State, a.Priority)
	case Stopped:
		return fmt.Sprintf("stopped %d", a.Priority)
	case GroupSyncing:
		return "syncing " + a.State.String()
	case GroupEntered:
		if a.Init {
			return "entered " + a.State.String() + " init"
		}
		return "entered " + a.State.String()
	case Report:
		return "report " + a.Kind.String()
	}
	return fmt.Sprintf("unknown %T", a)
}

func allWords(actions []Action) []string {
	out := []string{}
	for _, a := range actions {
		out = append(out, words(a))
	}
	return out
}

// wantActions fails when the actions are not exactly those, in that order.
func wantActions(t *testing.T, got []Action, want ...string) {
	t.Helper()
	if words := allWords(got); !slices.Equal(words, want) {
		t.Errorf("actions\n got %q\nwant %q", words, want)
	}
}

func wantState(t *testing.T, m *Machine, want State) {
	t.Helper()
	if got := m.Snapshot().State; got != want {
		t.Errorf("state %s, want %s", got, want)
	}
}

// wantDeadline fails when the deadline is not exactly at want; the zero time is none.
func wantDeadline(t *testing.T, m *Machine, want time.Time) {
	t.Helper()
	got, ok := m.Deadline()
	if ok == want.IsZero() || !got.Equal(want) {
		t.Errorf("deadline %v %v, want %v (%v off)", got, ok, want, got.Sub(want))
	}
}

// started is a machine in Backup since t0.
func started(cfg Config) *Machine {
	m := New(cfg)
	m.Step(t0, Startup{})
	return m
}

// mastered is a machine that became Master at the time that is returned, its own Master_Down_Interval after t0.
func mastered(t *testing.T, cfg Config) (*Machine, time.Time) {
	t.Helper()
	m := started(cfg)
	at, ok := m.Deadline()
	if !ok {
		t.Fatal("a Backup without deadline")
	}
	m.Step(at, Tick{})
	wantState(t, m, Master)
	return m, at
}

func faulty(cfg Config) *Machine {
	m := New(cfg)
	m.Step(t0, FaultsChanged{Faults: FaultSet(0).With(FaultInterface, true)})
	m.Step(t0, Startup{})
	return m
}

func advertOf(source netip.Addr, priority uint8) Advert {
	return Advert{Source: source, Priority: priority, Interval: interval}
}
