package fsm

import (
	"net/netip"
	"testing"
	"time"
)

// step is one event at a time after t0, with everything that must come of it. An empty state is not looked at.
type step struct {
	at       time.Duration
	event    Event
	want     []string
	state    State
	deadline time.Duration // after t0; 0: none
}

// scenario is a story of one machine. It begins in Init.
type scenario struct {
	name  string
	cfg   Config
	steps []step
}

func with(cfg Config, change func(*Config)) Config {
	change(&cfg)
	return cfg
}

const (
	sec   = time.Second
	milli = time.Millisecond
	// skew150 and skew100 are those of version 2.
	skew150 = 106 * sec / 256
	skew100 = 156 * sec / 256
	skew255 = sec / 256
)

var (
	initBackup = []string{"remove", "entered BACKUP 150 init"}
	timeout    = []string{"report timeout", "advert 150", "add", "announce master x5", "entered MASTER 150"}
)

// runScenarios steps each machine through its story.
func runScenarios(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			m := New(sc.cfg)
			for i, s := range sc.steps {
				now := t0.Add(s.at)
				actions := m.Step(now, s.event)
				t.Logf("step %d at %v: %T %+v", i, s.at, s.event, s.event)
				wantActions(t, actions, s.want...)
				wantState(t, m, s.state)
				want := time.Time{}
				if s.deadline != 0 {
					want = t0.Add(s.deadline)
				}
				wantDeadline(t, m, want)
				if t.Failed() {
					return
				}
			}
		})
	}
}

func v2Config() Config {
	return with(testConfig(2, true), func(c *Config) { c.AdvertInterval = sec; c.Announce.MasterDelay = 0 })
}

func owner() Config { return with(v2Config(), func(c *Config) { c.Priority = 255 }) }

var initOwner = []string{"remove"}

var becomeOwner = []string{"report timeout", "advert 255", "add", "announce master x5", "entered MASTER 255"}

func TestStartup(t *testing.T) {
	delayed := with(v2Config(), func(c *Config) { c.StartupDelay = 10 * sec })
	runScenarios(t, []scenario{
		{"a router of state MASTER waits as well", with(v2Config(), func(c *Config) { c.StartAsMaster = true }), []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{3*sec + skew150 - 1, Tick{}, nil, Backup, 3*sec + skew150},
			{3*sec + skew150, Tick{}, timeout, Master, 4*sec + skew150},
		}},
		{"the owner is Master after a microsecond", owner(), []step{
			{0, Startup{}, initOwner, Backup, time.Microsecond},
			{time.Microsecond, Tick{}, becomeOwner, Master, sec + time.Microsecond},
		}},
		{"startup delay: timers count from its end, adverts in it are not heard", delayed, []step{
			{0, Startup{}, initBackup, Backup, 13*sec + skew150},
			{5 * sec, advertOf(larger, 200), nil, Backup, 13*sec + skew150},
			{5 * sec, advertOf(larger, 0), nil, Backup, 13*sec + skew150},
			{10 * sec, advertOf(larger, 200), []string{"report master set"}, Backup, 13*sec + skew150},
			{12 * sec, advertOf(larger, 200), nil, Backup, 15*sec + skew150},
		}},
		{"startup delay holds for a fault that ends in it", delayed, []step{
			{0, FaultsChanged{Faults: 1}, nil, Init, 0},
			{0, Startup{}, []string{"remove", "entered FAULT 150 init"}, FaultState, 0},
			{2 * sec, FaultsChanged{}, []string{"entered BACKUP 150"}, Backup, 13*sec + skew150},
		}},
		{"startup delay holds for the owner", with(owner(), func(c *Config) { c.StartupDelay = 10 * sec }), []step{
			{0, Startup{}, initOwner, Backup, 10*sec + time.Microsecond},
			{10 * sec, Tick{}, nil, Backup, 10*sec + time.Microsecond},
		}},
		{"down_timer_adverts", with(v2Config(), func(c *Config) { c.DownAdverts = 7 }), []step{
			{0, Startup{}, initBackup, Backup, 7*sec + skew150},
			{1 * sec, advertOf(larger, 200), []string{"report master set"}, Backup, 8*sec + skew150},
		}},
		{"a machine that was stopped starts again", v2Config(), []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, Shutdown{}, []string{"stopped 150"}, Init, 0},
			{2 * sec, Shutdown{}, nil, Init, 0},
			{3 * sec, Startup{}, initBackup, Backup, 6*sec + skew150},
		}},
	})
}

func TestFaults(t *testing.T) {
	runScenarios(t, []scenario{
		{"only the last reason that goes ends the fault", v2Config(), []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, FaultsChanged{Faults: 1}, []string{"entered FAULT 150"}, FaultState, 0},
			{2 * sec, FaultsChanged{Faults: 3}, nil, FaultState, 0},
			{3 * sec, FaultsChanged{Faults: 2}, nil, FaultState, 0},
			{4 * sec, FaultsChanged{}, []string{"entered BACKUP 150"}, Backup, 7*sec + skew150},
		}},
		{"upstream: the owner comes back through Backup", owner(), []step{
			{0, Startup{}, initOwner, Backup, time.Microsecond},
			{time.Microsecond, Tick{}, becomeOwner, Master, sec + time.Microsecond},
			{500 * milli, FaultsChanged{Faults: 1}, []string{"advert 0", "remove", "entered FAULT 255"}, FaultState, 0},
			{1 * sec, FaultsChanged{}, []string{"entered BACKUP 255"}, Backup, 4*sec + skew255},
			{4*sec + skew255, Tick{}, becomeOwner, Master, 5*sec + skew255},
		}},
	})
}

func TestLearnInterval(t *testing.T) {
	v3 := with(testConfig(3, true), func(c *Config) { c.AdvertInterval = sec; c.Priority = 100; c.Announce = AnnounceConfig{} })
	slow := Advert{Source: larger, Priority: 120, Interval: 400 * milli}
	none := Advert{Source: larger, Priority: 120}
	init100 := []string{"remove", "entered BACKUP 100 init"}
	runScenarios(t, []scenario{
		{"version 3 adopts the master's interval, sends with its own", v3, []step{
			{0, Startup{}, init100, Backup, 3*sec + 156*sec/256},
			{1 * sec, slow, []string{"report interval mismatch", "report master set", "report interval learned"}, Backup, 2200*milli + 156*400*milli/256},
			{2 * sec, slow, []string{"report interval mismatch"}, Backup, 3200*milli + 156*400*milli/256},
			{2100 * milli, advertOf2(larger, 0, 400*milli), []string{"report interval mismatch", "report priority 0 in backup"},
				Backup, 2100*milli + 156*400*milli/256},
			{2400 * milli, Tick{}, []string{"report timeout", "advert 100", "add", "entered MASTER 100"}, Master, 3400 * milli},
			{2500 * milli, slow, []string{"report interval mismatch", "report higher priority", "remove", "report interval learned", "entered BACKUP 100"},
				Backup, 3700*milli + 156*400*milli/256},
			// A fault forgets it.
			{3 * sec, FaultsChanged{Faults: 1}, []string{"entered FAULT 100"}, FaultState, 0},
			{4 * sec, FaultsChanged{}, []string{"entered BACKUP 100"}, Backup, 7*sec + 156*sec/256},
		}},
		{"an interval of zero is no interval", v3, []step{
			{0, Startup{}, init100, Backup, 3*sec + 156*sec/256},
			{1 * sec, none, []string{"report interval mismatch", "report master set"}, Backup, 4*sec + 156*sec/256},
		}},
		{"an advert that is discarded teaches nothing", v3, []step{
			{0, Startup{}, init100, Backup, 3*sec + 156*sec/256},
			{1 * sec, advertOf2(larger, 99, 400*milli), []string{"report interval mismatch", "report master set", "report lower discarded"},
				Backup, 3*sec + 156*sec/256},
		}},
		{"version 2 adopts nothing", with(v3, func(c *Config) { c.Version = 2 }), []step{
			{0, Startup{}, init100, Backup, 3*sec + skew100},
			{1 * sec, slow, []string{"report master set"}, Backup, 4*sec + skew100},
		}},
		{"the skew of a short interval is exact", with(v3, func(c *Config) { c.AdvertInterval = 10 * milli; c.Priority = 254 }), []step{
			{0, Startup{}, []string{"remove", "entered BACKUP 254 init"}, Backup, 30*milli + 78125*time.Nanosecond},
		}},
		{"the longest interval", with(v3, func(c *Config) { c.AdvertInterval = 40950 * milli; c.Priority = 1 }), []step{
			{0, Startup{}, []string{"remove", "entered BACKUP 1 init"}, Backup, 122850*milli + 255*40950*milli/256},
		}},
	})
}

func advertOf2(source netip.Addr, priority uint8, interval time.Duration) Advert {
	return Advert{Source: source, Priority: priority, Interval: interval}
}

func TestPreemptDelay(t *testing.T) {
	cfg := with(v2Config(), func(c *Config) { c.PreemptDelay = 5 * sec })
	lower, higher := advertOf(larger, 100), advertOf(larger, 200)
	runScenarios(t, []scenario{
		{"it begins with the first lower advert, then adverts are discarded", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report preempt delay started"}, Backup, 4*sec + skew150},
			{2 * sec, lower, nil, Backup, 5*sec + skew150},
			{6*sec - 1, lower, nil, Backup, 9*sec + skew150 - 1},
			{6 * sec, lower, []string{"report preempt delay over", "report lower discarded"}, Backup, 9*sec + skew150 - 1},
			{7 * sec, lower, []string{"report lower discarded"}, Backup, 9*sec + skew150 - 1},
			{9*sec + skew150, Tick{}, timeout, Master, 10*sec + skew150},
		}},
		{"a higher advert cancels it", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report preempt delay started"}, Backup, 4*sec + skew150},
			{2 * sec, higher, nil, Backup, 5*sec + skew150},
			{4 * sec, lower, []string{"report preempt delay started"}, Backup, 7*sec + skew150},
			{8 * sec, lower, nil, Backup, 11*sec + skew150},
		}},
		{"an equal advert cancels it", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report preempt delay started"}, Backup, 4*sec + skew150},
			{2 * sec, advertOf(larger, 150), nil, Backup, 5*sec + skew150},
			{6 * sec, lower, []string{"report preempt delay started"}, Backup, 9*sec + skew150},
		}},
		{"it does not hold back from a dead master", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report preempt delay started"}, Backup, 4*sec + skew150},
			{1500 * milli, advertOf(larger, 0), []string{"report priority 0 in backup"}, Backup, 1500*milli + skew150},
			{2 * sec, Tick{}, timeout, Master, 3 * sec},
		}},
		{"it begins anew in a new Backup", cfg, []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, lower, []string{"report master set", "report preempt delay started"}, Backup, 4*sec + skew150},
			{3 * sec, FaultsChanged{Faults: 1}, []string{"entered FAULT 150"}, FaultState, 0},
			{4 * sec, FaultsChanged{}, []string{"entered BACKUP 150"}, Backup, 7*sec + skew150},
			{5 * sec, lower, []string{"report preempt delay started"}, Backup, 8*sec + skew150},
			{9 * sec, lower, nil, Backup, 12*sec + skew150},
		}},
	})
}

func TestMasterOptions(t *testing.T) {
	quiet := with(v2Config(), func(c *Config) { c.LowerPrioNoAdvert = true })
	polite := with(v2Config(), func(c *Config) { c.HigherPrioSendAdvert = true })
	begin := []step{
		{0, Startup{}, initBackup, Backup, 3*sec + skew150},
		{4 * sec, Tick{}, timeout, Master, 5 * sec},
	}
	runScenarios(t, []scenario{
		{"lower_prio_no_advert keeps the schedule", quiet, append(begin[:2:2], step{4500 * milli, advertOf(larger, 100),
			[]string{"report lower, new election", "announce lower priority x4", "report lower priority received"}, Master, 5 * sec})},
		{"higher_prio_send_advert speaks before it steps down", polite, append(begin[:2:2], step{4500 * milli, advertOf(larger, 200),
			[]string{"advert 150", "report higher priority", "remove", "entered BACKUP 150"}, Backup, 7500*milli + skew150})},
		{"higher_prio_send_advert with an equal priority", polite, append(begin[:2:2], step{4500 * milli, advertOf(larger, 150),
			[]string{"advert 150", "report higher address", "remove", "entered BACKUP 150"}, Backup, 7500*milli + skew150})},
		{"higher_prio_send_advert says nothing to its own address", polite, append(begin[:2:2],
			step{4500 * milli, advertOf(ours, 150), []string{"report same address"}, Master, 5 * sec})},
		{"the new source decides between equals", v2Config(), append(begin[:2:2],
			step{4400 * milli, SourceChanged{Source: farther}, nil, Master, 5 * sec},
			step{4500 * milli, advertOf(larger, 150), holdRole, Master, 5500 * milli})},
		{"the new priority decides", v2Config(), append(begin[:2:2],
			step{4400 * milli, PriorityChanged{Priority: 120}, []string{"report priority changed"}, Master, 5 * sec},
			step{4500 * milli, advertOf(smaller, 121), []string{"report higher priority", "remove", "entered BACKUP 120"}, Backup, 7500*milli + 136*sec/256})},
		{"owner_ignore_adverts", with(owner(), func(c *Config) { c.OwnerIgnoreAdverts = true }), []step{
			{0, Startup{}, initOwner, Backup, time.Microsecond},
			{0, advertOf(larger, 255), nil, Backup, time.Microsecond},
			{1 * sec, Tick{}, becomeOwner, Master, 2 * sec},
			{1500 * milli, advertOf(larger, 255), nil, Master, 2 * sec},
		}},
		{"owner_ignore_adverts is for owners", with(v2Config(), func(c *Config) { c.OwnerIgnoreAdverts = true }), append(begin[:2:2],
			step{4500 * milli, advertOf(larger, 200), []string{"report higher priority", "remove", "entered BACKUP 150"}, Backup, 7500*milli + skew150})},
		{"priorities are clamped to 1..254", v2Config(), []step{
			{0, Startup{}, initBackup, Backup, 3*sec + skew150},
			{1 * sec, PriorityChanged{Priority: 255}, []string{"report priority changed"}, Backup, 3*sec + 2*sec/256},
			{1 * sec, PriorityChanged{Priority: 0}, []string{"report priority changed"}, Backup, 3*sec + 255*sec/256},
		}},
		{"an owner's priority does not change", owner(), []step{
			{0, Startup{}, initOwner, Backup, time.Microsecond},
			{0, PriorityChanged{Priority: 100}, nil, Backup, time.Microsecond},
		}},
	})
}

// TestSchedule holds adverts to their slots, whatever the ticks do.
func TestSchedule(t *testing.T) {
	runScenarios(t, []scenario{{"late ticks", v2Config(), []step{
		{0, Startup{}, initBackup, Backup, 3*sec + skew150},
		{4 * sec, Tick{}, timeout, Master, 5 * sec},
		{5*sec + 300*milli, Tick{}, []string{"advert 150"}, Master, 6 * sec},
		{6*sec + 999*milli, Tick{}, []string{"advert 150"}, Master, 7 * sec},
		{7 * sec, Tick{}, []string{"advert 150"}, Master, 8 * sec},
		{7 * sec, Tick{}, nil, Master, 8 * sec},
		{11*sec + 200*milli, Tick{}, []string{"advert 150"}, Master, 12 * sec},
		{13 * sec, Tick{}, []string{"advert 150"}, Master, 14 * sec},
	}}})
}

func TestAnnouncements(t *testing.T) {
	full := with(v2Config(), func(c *Config) {
		c.AdvertInterval = 100 * sec
		c.Announce = AnnounceConfig{MasterRepeat: 5, MasterDelay: 5 * sec, Refresh: 20 * sec, RefreshRepeat: 2, LowerPrioRepeat: 3, LowerPrioDelay: 4 * sec}
	})
	first := step{300*sec + skew150, Tick{}, timeout, Master, 305*sec + skew150}
	begin := []step{{0, Startup{}, initBackup, Backup, 300*sec + skew150}, first}
	m := func(d time.Duration) time.Duration { return 300*sec + skew150 + d }
	lower := []string{"report lower, new election", "advert 150", "announce lower priority x3", "report lower priority received"}
	runScenarios(t, []scenario{
		{"delayed, then refreshed from delay + refresh on", full, append(begin[:2:2],
			step{m(5 * sec), Tick{}, []string{"announce master delayed x5"}, Master, m(25 * sec)},
			step{m(25 * sec), Tick{}, []string{"announce refresh x2"}, Master, m(45 * sec)},
			step{m(47 * sec), Tick{}, []string{"announce refresh x2"}, Master, m(65 * sec)},
			step{m(99 * sec), Tick{}, []string{"announce refresh x2"}, Master, m(100 * sec)})},
		{"a rival: at once and again, also after a second one", full, append(begin[:2:2],
			step{m(5 * sec), Tick{}, []string{"announce master delayed x5"}, Master, m(25 * sec)},
			step{m(6 * sec), advertOf(larger, 100), lower, Master, m(10 * sec)},
			step{m(9 * sec), advertOf(larger, 100), lower, Master, m(10 * sec)},
			step{m(10 * sec), Tick{}, []string{"announce lower priority delayed x3"}, Master, m(13 * sec)},
			step{m(13 * sec), Tick{}, []string{"announce lower priority delayed x3"}, Master, m(25 * sec)})},
		{"leaving Master forgets what was planned", full, append(begin[:2:2],
			step{m(sec), advertOf(larger, 200), []string{"report higher priority", "remove", "entered BACKUP 150"}, Backup, m(301*sec + skew150)},
			step{m(30 * sec), Tick{}, nil, Backup, m(301*sec + skew150)})},
		{"other interfaces, from delay + interval on", with(full, func(c *Config) { c.Announce.Refresh, c.Announce.Extra = 0, 10*sec }), append(begin[:1:1],
			step{m(0), Tick{}, timeout, Master, m(5 * sec)},
			step{m(5 * sec), Tick{}, []string{"announce master delayed x5"}, Master, m(15 * sec)},
			step{m(15 * sec), Tick{}, []string{"announce extra x1"}, Master, m(25 * sec)},
			step{m(47 * sec), Tick{}, []string{"announce extra x1"}, Master, m(55 * sec)})},
		{"all off", with(full, func(c *Config) { c.Announce = AnnounceConfig{} }), append(begin[:1:1],
			step{m(0), Tick{}, []string{"report timeout", "advert 150", "add", "entered MASTER 150"}, Master, m(100 * sec)},
			step{m(sec), advertOf(larger, 100), []string{"report lower, new election", "advert 150", "report lower priority received"}, Master, m(101 * sec)})},
		{"no second burst for a rival", with(full, func(c *Config) { c.Announce.LowerPrioDelay = 0 }), append(begin[:2:2],
			step{m(5 * sec), Tick{}, []string{"announce master delayed x5"}, Master, m(25 * sec)},
			step{m(6 * sec), advertOf(larger, 100), lower, Master, m(25 * sec)})},
	})
}

// TestOwners has two routers of priority 255.
func TestOwners(t *testing.T) {
	begin := []step{
		{0, Startup{}, initOwner, Backup, time.Microsecond},
		{1 * sec, Tick{}, becomeOwner, Master, 2 * sec},
	}
	hold := []string{"report owner conflict", "report lower, new election", "advert 255", "announce lower priority x4", "report lower priority received"}
	quiet := with(owner(), func(c *Config) { c.LowerPrioNoAdvert = true; c.Announce.LowerPrioRepeat = 0 })
	held := []string{"report owner conflict", "report lower, new election", "report lower priority received"}
	again, answer := hold[1:], advertOf(smaller, 255)
	late := answer
	late.Waited = 3 * sec
	givesIn := []string{"report priority changed", "report higher priority", "remove", "entered BACKUP 254"}
	runScenarios(t, []scenario{
		{"a rival as quick as we are is given in to", owner(), append(begin[:2:2],
			step{1500 * milli, answer, hold, Master, 2500 * milli},
			step{2500 * milli, answer, again, Master, 3500 * milli},
			step{3500 * milli, answer, again, Master, 4500 * milli}, // the second advert that counts
			step{4500 * milli, answer, givesIn, Backup, 7500*milli + skew255})},
		{"a rival that is quicker is shown two adverts of the schedule", owner(), append(begin[:2:2],
			step{1500 * milli, answer, hold, Master, 2500 * milli},
			step{1800 * milli, answer, again, Master, 2800 * milli},
			step{2100 * milli, answer, again, Master, 3100 * milli},
			step{2400 * milli, answer, again, Master, 3400 * milli},
			step{2700 * milli, answer, again, Master, 3700 * milli},
			step{3000 * milli, answer, again, Master, 4000 * milli},
			step{3300 * milli, answer, givesIn, Backup, 6300*milli + skew255})},
		{"adverts of a rival that are read together are one answer", owner(), append(begin[:2:2],
			step{1500 * milli, late, hold, Master, 5500 * milli},
			step{1600 * milli, late, again, Master, 5600 * milli},
			step{1700 * milli, late, again, Master, 5700 * milli},
			step{1800 * milli, late, again, Master, 5800 * milli})},
		{"the lower address gives in at once", owner(), append(begin[:2:2],
			step{1500 * milli, advertOf(larger, 255), []string{"report owner conflict", "report higher address", "remove", "entered BACKUP 255"},
				Backup, 4500*milli + skew255})},
		{"the higher address holds", owner(), append(begin[:2:2],
			step{1500 * milli, advertOf(smaller, 255), hold, Master, 2500 * milli})},
		{"a rival that insists is given in to", quiet, append(begin[:2:2],
			step{1500 * milli, advertOf(smaller, 255), held, Master, 2 * sec},
			step{2 * sec, Tick{}, []string{"advert 255"}, Master, 3 * sec},
			step{2500 * milli, advertOf(smaller, 255), held[1:], Master, 3 * sec},
			step{3 * sec, Tick{}, []string{"advert 255"}, Master, 4 * sec}, // patience: 1.2 times the rival's 2 s from here
			step{5399 * milli, advertOf(smaller, 255), []string{"report priority changed", "report higher priority", "remove", "entered BACKUP 254"},
				Backup, 8399*milli + skew255},
		)},
		{"a rival that is late with it begins anew", quiet, append(begin[:2:2],
			step{1500 * milli, advertOf(smaller, 255), held, Master, 2 * sec},
			step{2 * sec, Tick{}, []string{"advert 255"}, Master, 3 * sec},
			step{3 * sec, Tick{}, []string{"advert 255"}, Master, 4 * sec},
			step{5400 * milli, advertOf(smaller, 255), held, Master, 4 * sec})},
		{"254 ends when the rival is lower", quiet, append(begin[:2:2], gaveIn(
			step{7 * sec, advertOf(smaller, 254), []string{"report priority changed", "report lower discarded"}, Backup, 6500*milli + skew255})...)},
		{"254 ends when another one is master", quiet, append(begin[:2:2], gaveIn(
			step{6 * sec, advertOf(larger, 255), []string{"report priority changed", "report master changed"}, Backup, 9*sec + skew255})...)},
		{"254 lasts while the rival insists", quiet, append(begin[:2:2], gaveIn(
			step{6 * sec, advertOf(smaller, 255), nil, Backup, 9*sec + skew255})...)},
		{"254 ends when nobody is left", quiet, append(begin[:2:2], gaveIn(
			step{7 * sec, Tick{}, []string{"report timeout", "report priority changed", "advert 255", "add", "announce master x5", "entered MASTER 255"},
				Master, 8 * sec})...)},
	})
}

// gaveIn leads an owner that is Master to 254, and on by one step.
func gaveIn(last step) []step {
	held := []string{"report owner conflict", "report lower, new election", "report lower priority received"}
	return []step{
		{1500 * milli, advertOf(smaller, 255), held, Master, 2 * sec},
		{2 * sec, Tick{}, []string{"advert 255"}, Master, 3 * sec},
		{3 * sec, Tick{}, []string{"advert 255"}, Master, 4 * sec},
		{3500 * milli, advertOf(smaller, 255), []string{"report priority changed", "report higher priority", "remove", "entered BACKUP 254"},
			Backup, 6500*milli + skew255},
		last,
	}
}
