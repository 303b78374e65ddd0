package fsm

import (
	"net/netip"
	"testing"
	"time"
)

func reload(cfg Config, change func(*Config)) Reconfigured {
	return Reconfigured{Config: with(cfg, change)}
}

func TestReload(t *testing.T) {
	cfg := v2Config()
	v3 := with(cfg, func(c *Config) { c.Version = 3 })
	own := func(c *Config) { c.Priority = 255 }
	delayed := with(cfg, func(c *Config) { c.StartupDelay = 10 * sec })
	lower := advertOf(larger, 100)
	begin := []step{
		{0, Startup{}, initBackup, Backup, 3*sec + skew150},
		{4 * sec, Tick{}, timeout, Master, 5 * sec},
	}
	runScenarios(t, []scenario{
		{"version 3 keeps the interval of a master that was heard", v3, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, advertOf(larger, 200), []string{"report interval mismatch", "report master set", "report interval learned"}, Backup, 7*sec + 2*skew150},
			{2 * sec, reload(v3, func(c *Config) { c.AdvertInterval = 100 * milli }), nil, Backup, 7*sec + 2*skew150},
		}},
		{"version 2 forgets the interval of a version 3 master", v3, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, advertOf(larger, 200), []string{"report interval mismatch", "report master set", "report interval learned"}, Backup, 7*sec + 2*skew150},
			{2 * sec, Reconfigured{Config: cfg}, nil, Backup, 5*sec + skew150},
			{3 * sec, advertOf(larger, 200), nil, Backup, 6*sec + skew150},
		}},
		{"version 3 learns the interval anew", v3, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, advertOf(larger, 200), []string{"report interval mismatch", "report master set", "report interval learned"}, Backup, 7*sec + 2*skew150},
			{2 * sec, Reconfigured{Config: cfg}, nil, Backup, 5*sec + skew150},
			{3 * sec, Reconfigured{Config: v3}, nil, Backup, 6*sec + skew150},
			{4 * sec, advertOf(larger, 200), []string{"report interval mismatch", "report interval learned"}, Backup, 10*sec + 2*skew150},
		}},
		{"another priority moves the deadline by the skew alone", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, reload(cfg, func(c *Config) { c.Priority = 100 }), []string{"report priority changed"}, Backup, 3*sec + skew100},
		}},
		{"trackers keep their part of the priority", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{0, PriorityChanged{Priority: 140}, []string{"report priority changed"}, Backup, 3*sec + 116*sec/256},
			{1 * sec, reload(cfg, func(c *Config) { c.Priority = 160 }), []string{"report priority changed"}, Backup, 3*sec + skew150},
			{2 * sec, reload(cfg, func(c *Config) { c.Priority = 3 }), []string{"report priority changed"}, Backup, 3*sec + 255*sec/256},
		}},
		{"a router that becomes the owner takes over", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, reload(cfg, own), []string{"report priority changed"}, Backup, 1*sec + time.Microsecond},
		}},
		{"a router that was the owner waits", with(cfg, own), []step{
			{0, Startup{}, initOwner, Backup, time.Microsecond},
			{1 * sec, Tick{}, becomeOwner, Master, 2 * sec},
			{1500 * milli, Reconfigured{Config: cfg}, []string{"report priority changed", "advert 150"}, Master, 2500 * milli},
		}},
		{"down_timer_adverts counts from the reload", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{2 * sec, reload(cfg, func(c *Config) { c.DownAdverts = 5 }), nil, Backup, 7*sec + skew150},
		}},
		{"the startup delay is not shortened", delayed, []step{
			{0, Startup{}, initBackup, Backup, 13*sec + skew150},
			{2 * sec, reload(cfg, func(c *Config) { c.DownAdverts = 5 }), nil, Backup, 15*sec + skew150},
		}},
		{"a longer startup delay", delayed, []step{
			{0, Startup{}, initBackup, Backup, 13*sec + skew150},
			{2 * sec, DelayMoved{To: t0.Add(20 * sec)}, nil, Backup, 23*sec + skew150},
			{19 * sec, advertOf(larger, 200), nil, Backup, 23*sec + skew150},
			{20 * sec, advertOf(larger, 200), []string{"report master set"}, Backup, 23*sec + skew150},
		}},
		{"a startup delay that is over by its new length", delayed, []step{
			{0, Startup{}, initBackup, Backup, 13*sec + skew150},
			{6 * sec, DelayMoved{To: t0.Add(5 * sec)}, nil, Backup, 9*sec + skew150},
			{6 * sec, advertOf(larger, 200), []string{"report master set"}, Backup, 9*sec + skew150},
		}},
		{"a startup delay that is over stays so", delayed, []step{
			{0, Startup{}, initBackup, Backup, 13*sec + skew150},
			{10 * sec, DelayMoved{To: t0.Add(20 * sec)}, nil, Backup, 13*sec + skew150},
		}},
		{"a shorter startup delay of an owner", with(delayed, own), []step{
			{0, Startup{}, initOwner, Backup, 10*sec + time.Microsecond},
			{2 * sec, DelayMoved{To: t0.Add(5 * sec)}, nil, Backup, 5*sec + time.Microsecond},
		}},
		{"a startup delay that moves while in Fault counts afterwards", delayed, []step{
			{0, FaultsChanged{Faults: 1}, nil, Init, 0},
			{0, Startup{}, []string{"remove", "entered FAULT 150 init"}, FaultState, 0},
			{1 * sec, DelayMoved{To: t0.Add(5 * sec)}, nil, FaultState, 0},
			{2 * sec, FaultsChanged{}, []string{"entered BACKUP 150"}, Backup, 8*sec + skew150},
		}},
		{"preempt becomes nopreempt", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report lower discarded"}, Backup, 3*sec + skew150},
			{1 * sec, reload(cfg, func(c *Config) { c.Preempt = false }), nil, Backup, 3*sec + skew150},
			{2 * sec, lower, nil, Backup, 5*sec + skew150},
		}},
		{"nopreempt becomes preempt", with(cfg, func(c *Config) { c.Preempt = false }), []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set"}, Backup, 4*sec + skew150},
			{1 * sec, Reconfigured{Config: cfg}, nil, Backup, 4*sec + skew150},
			{2 * sec, lower, []string{"report lower discarded"}, Backup, 4*sec + skew150},
		}},
		{"another preempt_delay begins anew", with(cfg, func(c *Config) { c.PreemptDelay = 5 * sec }), []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report preempt delay started"}, Backup, 4*sec + skew150},
			{2 * sec, reload(cfg, func(c *Config) { c.PreemptDelay = 6 * sec }), nil, Backup, 4*sec + skew150},
			{3 * sec, lower, []string{"report preempt delay started"}, Backup, 6*sec + skew150},
		}},
		{"an option of Master changes nothing on the wire", cfg, append(begin[:2:2],
			step{4500 * milli, reload(cfg, func(c *Config) { c.LowerPrioNoAdvert, c.DownAdverts = true, 9 }), nil, Master, 5 * sec},
			step{4600 * milli, lower, []string{"report lower, new election", "announce lower priority x4", "report lower priority received"}, Master, 5 * sec})},
		{"garp_master_refresh on and off", cfg, append(begin[:2:2],
			step{4500 * milli, reload(cfg, func(c *Config) { c.Announce.Refresh = 100 * milli }), nil, Master, 4600 * milli},
			step{4600 * milli, Tick{}, []string{"announce refresh x1"}, Master, 4700 * milli},
			step{4650 * milli, Reconfigured{Config: cfg}, nil, Master, 5 * sec})},
		{"the source of the new configuration counts", cfg, append(begin[:2:2],
			step{4500 * milli, reload(cfg, func(c *Config) { c.Source = farther }), nil, Master, 5 * sec},
			step{4600 * milli, advertOf(larger, 150), holdRole, Master, 5600 * milli})},
		{"a configuration without a source keeps the one that is known", cfg, append(begin[:2:2],
			step{4500 * milli, reload(cfg, func(c *Config) { c.Source = netip.Addr{} }), nil, Master, 5 * sec},
			step{4600 * milli, advertOf(smaller, 150), holdRole, Master, 5600 * milli})},
		{"another interval while in Fault counts afterwards", cfg, []step{
			{0, FaultsChanged{Faults: 1}, nil, Init, 0},
			{0, Startup{}, []string{"remove", "entered FAULT 150 init"}, FaultState, 0},
			{1 * sec, reload(cfg, func(c *Config) { c.AdvertInterval = 2 * sec }), nil, FaultState, 0},
			{2 * sec, FaultsChanged{}, []string{"entered BACKUP 150"}, Backup, 8*sec + skew150},
		}},
	})
}

func TestResume(t *testing.T) {
	cfg := with(v2Config(), func(c *Config) { c.Announce.Refresh = 30 * sec; c.StartupDelay = 60 * sec })
	snapshot := Snapshot{State: Master, Wanted: Master, Priority: 140, MasterPriority: 7, MasterAddress: larger, LastAdvert: t0.Add(-sec), LastTransition: t0.Add(-time.Hour)}
	at := func(d time.Duration) time.Time { return t0.Add(d) }

	m := Resume(cfg, snapshot, t0)
	wantState(t, m, Master)
	wantDeadline(t, m, t0)
	wantActions(t, m.Step(t0, Tick{}), "advert 140", "add")
	wantDeadline(t, m, at(sec))
	wantActions(t, m.Step(at(sec), Tick{}), "advert 140")
	if got := m.Snapshot(); !got.LastTransition.Equal(snapshot.LastTransition) || got.MasterAddress != larger || got.MasterPriority != 7 {
		t.Errorf("the snapshot was not kept: %+v", got)
	}
	wantActions(t, m.Step(at(30*sec), Tick{}), "advert 140", "announce refresh x1")
	wantActions(t, m.Step(at(31*sec), Shutdown{}), "advert 0", "remove", "stopped 140")

	// A better master that took over in between wins, and no address is left.
	m = Resume(cfg, snapshot, t0)
	wantActions(t, m.Step(t0, advertOf(larger, 200)), "report higher priority", "remove", "entered BACKUP 140")

	// Startup is not for a machine that runs.
	m = Resume(cfg, snapshot, t0)
	wantActions(t, m.Step(t0, Startup{}))

	// Nothing but a Master is resumed.
	for _, state := range []State{Init, Backup, FaultState} {
		snapshot.State = state
		m = Resume(cfg, snapshot, t0)
		wantState(t, m, Init)
		wantDeadline(t, m, time.Time{})
	}
	m = Resume(cfg, Snapshot{State: Master}, t0)
	wantActions(t, m.Step(t0, Tick{}), "advert 150", "add")
}

func TestSnapshot(t *testing.T) {
	m := started(v2Config())
	m.Step(t0.Add(sec), advertOf(larger, 200))
	m.Step(t0.Add(sec), FaultsChanged{Faults: 0})
	want := Snapshot{State: Backup, Wanted: Backup, Priority: 150, MasterAddress: larger, MasterPriority: 200, MasterInterval: sec, MasterDown: 3*sec + skew150,
		LastTransition: t0, LastAdvert: t0.Add(sec), MasterDownAt: t0.Add(4*sec + skew150)}
	if got := m.Snapshot(); got != want {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	m.Step(t0.Add(2*sec), FaultsChanged{Faults: 5})
	got := m.Snapshot()
	if got.State != FaultState || got.Faults != 5 || !got.MasterDownAt.IsZero() || !got.LastTransition.Equal(t0.Add(2*sec)) {
		t.Errorf("in Fault: %+v", got)
	}
	m, at := mastered(t, v2Config())
	got = m.Snapshot()
	if got.State != Master || !got.LastAdvert.Equal(at) || !got.LastTransition.Equal(at) || !got.MasterDownAt.IsZero() {
		t.Errorf("in Master: %+v", got)
	}
}

func TestReportsCarryTheirFacts(t *testing.T) {
	m, at := mastered(t, testConfig(3, true))
	got := m.Step(at, Advert{Source: larger, Priority: 200, Interval: 500 * milli})
	want := []Action{
		Report{Kind: ReportIntervalMismatch, Peer: larger, Priority: 200, Ours: 150, Interval: 500 * milli, OldInterval: interval},
		Report{Kind: ReportHigherPriority, Peer: larger, Priority: 200, Ours: 150},
		RemoveAddresses{},
		Report{Kind: ReportIntervalLearned, Peer: larger, Priority: 200, Ours: 150, Interval: 500 * milli, OldInterval: interval},
		Entered{State: Backup, Priority: 150},
	}
	wantSame(t, got, want)
	got = m.Step(at, Advert{Source: farther, Priority: 210, Interval: 500 * milli})
	wantSame(t, got[1:], []Action{Report{Kind: ReportMasterChanged, Peer: farther, Priority: 210, Ours: 150, Old: larger}})
	got = m.Step(at, PriorityChanged{Priority: 90})
	wantSame(t, got, []Action{Report{Kind: ReportPriorityChanged, Priority: 150, Ours: 90}})
}

func wantSame(t *testing.T, got, want []Action) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d actions %v, want %d", len(got), got, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("action %d\n got %T %+v\nwant %T %+v", i, got[i], got[i], want[i], want[i])
		}
	}
}

func TestFaultSet(t *testing.T) {
	s := FaultSet(0).With(FaultTracker, true).With(FaultInterface, true).With(FaultTracker, false)
	if s.Has(FaultTracker) || !s.Has(FaultInterface) || s != 1 {
		t.Errorf("set %b", s)
	}
}
