package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// member is the nth instance of a node.
func member(n int, priority uint8) config.Instance {
	in := instance(priority, time.Second)
	in.Name, in.VRID = fmt.Sprintf("VI_%d", n), uint8(50+n)
	in.Addresses = addresses(fmt.Sprintf("192.168.4.%d/32", 79+n))
	in.NotifyMaster = config.Script{}
	return in
}

// grouped puts the instances into one group, but for those that are said to be loose.
func grouped(instances []config.Instance, loose ...string) config.Config {
	g := config.SyncGroup{
		Name: "G", Notify: config.Script{Argv: []string{"/group"}}, NotifyMaster: config.Script{Argv: []string{"/gmaster"}},
		NotifyBackup: config.Script{Argv: []string{"/gbackup"}}, NotifyFault: config.Script{Argv: []string{"/gfault"}},
		NotifyStop: config.Script{Argv: []string{"/gstop"}},
	}
	cfg := config.Config{}
	for _, in := range instances {
		in.SyncGroup = ""
		if !slices.Contains(loose, in.Name) {
			in.SyncGroup = g.Name
			g.Members = append(g.Members, in.Name)
		}
		cfg.Instances = append(cfg.Instances, in)
	}
	if len(g.Members) > 0 {
		cfg.SyncGroups = append(cfg.SyncGroups, g)
	}
	return cfg
}

// told takes what the scripts were told since the last look, in short: "1 MASTER, G MASTER gmaster".
func (s *fakeScripts) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, call := range s.calls {
		words := strings.Fields(call)
		switch {
		case len(words) == 5:
			out = append(out, strings.TrimPrefix(words[2], "VI_")+" "+words[3])
		default:
			out = append(out, strings.TrimPrefix(call, "/"))
		}
	}
	s.calls = nil
	return strings.Join(out, ", ")
}

func (n *node) expectTold(t *testing.T, when, want string) {
	t.Helper()
	if got := n.script.told(); got != want {
		t.Errorf("%s: scripts were told\n %s\nwant\n %s", when, got, want)
	}
}

// expectStates compares the states of all instances and of the groups: "MASTER MASTER G MASTER 0".
func (n *node) expectStates(t *testing.T, when, want string) {
	t.Helper()
	v, err := n.engine.View(false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range v.Instances {
		got = append(got, in.Machine.State.String())
	}
	for _, g := range v.Groups {
		got = append(got, fmt.Sprintf("%s %s %d", g.Name, g.State, g.Faulty))
	}
	if s := strings.Join(got, " "); s != want {
		t.Errorf("%s: states\n %s\nwant\n %s\nlog:\n%s", when, s, want, strings.Join(n.lines.lines, "\n"))
	}
}

// TestGroupTells takes a group through its states: who is told what, in which order.
func TestGroupTells(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		cfg := grouped([]config.Instance{member(1, 100), member(2, 50)})
		cfg.SyncGroups[0].SMTPAlert = config.Optional[bool]{Value: true, Set: true}
		n.start(cfg, nil)
		settle(time.Second)
		n.expectTold(t, "start", "gbackup, G BACKUP, 1 BACKUP, 2 BACKUP")
		settle(5 * time.Second)
		n.expectStates(t, "Master", "MASTER MASTER G MASTER 0")
		n.expectTold(t, "Master", "2 MASTER, 1 MASTER, gmaster, G MASTER")
		n.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(time.Second)
		n.expectStates(t, "Fault", "FAULT FAULT G FAULT 2")
		n.expectTold(t, "Fault", "1 FAULT, 2 FAULT, gfault, G FAULT")
		n.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Second)
		n.expectTold(t, "recovered", "2 BACKUP, 1 BACKUP, gbackup, G BACKUP")
		n.stop()
		n.expectTold(t, "stop", "1 STOP, 2 STOP, gstop, G STOP")
		want := []string{"Entering BACKUP state", "Entering MASTER state", "Entering FAULT state", "Entering BACKUP state", "Stopping"}
		for i := range want {
			want[i] = "VRRP Group G - " + want[i]
		}
		if !slices.Equal(n.mails.subjects, want) {
			t.Errorf("mails %q, want %q", n.mails.subjects, want)
		}
		for _, line := range []string{"MASTER", "FAULT", "BACKUP"} {
			if got := n.lines.count("VRRP_Group(G) Syncing instances to " + line + " state"); got != 1 {
				t.Errorf("syncing to %s was said %d times", line, got)
			}
		}
	})
}

// TestGroupMailSettings: a group has its own smtp_alert, else the one of VRRP, else the global one.
func TestGroupMailSettings(t *testing.T) {
	on, off := config.Optional[bool]{Value: true, Set: true}, config.Optional[bool]{Set: true}
	for _, row := range []struct {
		name             string
		group, vrrp, all config.Optional[bool]
		noFaults         bool
		want             int
	}{
		{"nothing", config.Optional[bool]{}, config.Optional[bool]{}, config.Optional[bool]{}, false, 0},
		{"its own", on, off, off, false, 2},
		{"its own says no", off, on, on, false, 0},
		{"that of VRRP", config.Optional[bool]{}, on, off, false, 2},
		{"the global one", config.Optional[bool]{}, config.Optional[bool]{}, on, false, 2},
		{"not of faults", on, off, off, true, 1},
	} {
		inBubble(t, func(t *testing.T) {
			n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
			cfg := grouped([]config.Instance{member(1, 100)})
			cfg.SyncGroups[0].SMTPAlert, cfg.Global.SMTPAlertVRRP, cfg.Global.SMTPAlert = row.group, row.vrrp, row.all
			cfg.Global.NoEmailFaults = row.noFaults
			n.start(cfg, nil)
			settle(time.Second)
			n.links.report(linkState(false, "192.168.4.100/24"), nil)
			settle(time.Second)
			if got := len(n.mails.subjects); got != row.want {
				t.Errorf("%s: mails %q, want %d", row.name, n.mails.subjects, row.want)
			}
			n.stop()
		})
	}
}

// TestGroupWaitsForAll cuts one member off from the network of its peer: the group goes nowhere.
func TestGroupWaitsForAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		a.start(configOf(member(1, 200)), nil)
		b.start(grouped([]config.Instance{member(1, 100), member(2, 100)}), nil)
		settle(time.Minute)
		b.expectStates(t, "one hears a master", "BACKUP BACKUP G BACKUP 0")
		if a.has("192.168.4.81/32") || b.has("192.168.4.81/32") {
			t.Error("the second address is held")
		}
		a.stop()
		settle(5 * time.Second)
		b.expectStates(t, "nobody hears one", "MASTER MASTER G MASTER 0")
		b.stop()
	})
}

// TestGroupToldLast holds the kernel up: the group is told of after its members all the same.
func TestGroupToldLast(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		n.start(grouped([]config.Instance{member(1, 100), member(2, 100)}), nil)
		settle(time.Second)
		n.script.told()
		release := n.kernel.hold()
		settle(5 * time.Second) // Master
		n.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(time.Second)
		n.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Second)
		release()
		settle(time.Second)
		told := n.script.told()
		if last := "gbackup, G BACKUP"; !strings.HasSuffix(told, last) || strings.Index(told, "G MASTER") < strings.LastIndex(told, "2 MASTER") ||
			strings.Index(told, "G FAULT") < strings.LastIndex(told, "1 FAULT") {
			t.Errorf("told %s", told)
		}
		n.stop()
	})
}

// farewells counts the adverts of priority 0 since.
func farewells(lan *wire.LAN, host string, since time.Time) map[uint8]int {
	count := map[uint8]int{}
	for _, f := range lan.Frames() {
		if f.From != host || f.Datagram == nil || f.Time.Before(since) || f.Datagram[22] != 0 {
			continue
		}
		if id, ok := packet.VRID(f.Datagram); ok {
			count[id]++
		}
	}
	return count
}

// TestGroupReload changes the members of a group that is Master.
func TestGroupReload(t *testing.T) {
	two := []config.Instance{member(1, 100), member(2, 100)}
	three := append(slices.Clone(two), member(3, 100))
	unable := member(3, 100)
	unable.Unsupported = []string{"use_vmac"}
	moved := func() config.Config {
		cfg := grouped(three, "VI_3")
		second := cfg.SyncGroups[0]
		second.Name, second.Members = "H", []string{"VI_3"}
		cfg.Instances[2].SyncGroup = "H"
		cfg.SyncGroups = append(cfg.SyncGroups, second)
		return cfg
	}
	for _, row := range []struct {
		name          string
		before, after config.Config
		at, later     string // states at once and after a while
		told          string
		gone          map[uint8]int // farewells
	}{
		{"nothing", grouped(two), grouped(two), "MASTER MASTER G MASTER 0", "MASTER MASTER G MASTER 0", "", nil},
		{"a member comes", grouped(two), grouped(three), "MASTER MASTER BACKUP G MASTER 0", "MASTER MASTER MASTER G MASTER 0",
			"3 BACKUP, 3 MASTER", nil},
		{"a member that runs comes", grouped(three, "VI_3"), grouped(three), "MASTER MASTER MASTER G MASTER 0",
			"MASTER MASTER MASTER G MASTER 0", "", nil},
		{"a member goes", grouped(three), grouped(two), "MASTER MASTER G MASTER 0", "MASTER MASTER G MASTER 0", "3 FAULT", map[uint8]int{53: 1}},
		{"a member leaves the group", grouped(three), grouped(three, "VI_3"), "MASTER MASTER MASTER G MASTER 0",
			"MASTER MASTER MASTER G MASTER 0", "", nil},
		{"a member moves to a new group", grouped(three), moved(), "MASTER MASTER MASTER G MASTER 0 H MASTER 0",
			"MASTER MASTER MASTER G MASTER 0 H MASTER 0", "gmaster, H MASTER", nil},
		{"a member moves to a group that is there", moved(), grouped(three), "MASTER MASTER MASTER G MASTER 0",
			"MASTER MASTER MASTER G MASTER 0", "", nil},
		{"the group goes", grouped(two), configOf(two...), "MASTER MASTER", "MASTER MASTER", "", nil},
		{"a group comes", configOf(two...), grouped(two), "MASTER MASTER G MASTER 0", "MASTER MASTER G MASTER 0", "gmaster, G MASTER", nil},
		{"a group comes with a new member", configOf(two...), grouped(three), "MASTER MASTER BACKUP G MASTER 0",
			"MASTER MASTER MASTER G MASTER 0", "gmaster, G MASTER, 3 BACKUP, 3 MASTER", nil},
		{"a member comes that cannot run", grouped(two), grouped(append(slices.Clone(two), unable)), "FAULT FAULT FAULT G FAULT 1",
			"FAULT FAULT FAULT G FAULT 1", "1 FAULT, 2 FAULT, gfault, G FAULT, 3 FAULT", map[uint8]int{51: 1, 52: 1}},
		{"the member that cannot run goes", grouped(append(slices.Clone(two), unable)), grouped(two), "BACKUP BACKUP G BACKUP 0",
			"MASTER MASTER G MASTER 0", "3 FAULT, 1 BACKUP, 2 BACKUP, gbackup, G BACKUP, 2 MASTER, 1 MASTER, gmaster, G MASTER", nil},
		{"the member that cannot run leaves the group", grouped(append(slices.Clone(two), unable)),
			grouped(append(slices.Clone(two), unable), "VI_3"), "BACKUP BACKUP FAULT G BACKUP 0", "MASTER MASTER FAULT G MASTER 0",
			"1 BACKUP, 2 BACKUP, gbackup, G BACKUP, 2 MASTER, 1 MASTER, gmaster, G MASTER", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				n := newNode(t, lan, "a", "192.168.4.100/24")
				n.start(row.before, nil)
				settle(20 * time.Second)
				n.script.told()
				begin := time.Now()
				if err := n.engine.Reload(row.after); err != nil {
					t.Fatal(err)
				}
				settle(time.Millisecond)
				n.expectStates(t, "at once", row.at)
				settle(20 * time.Second)
				n.expectStates(t, "later", row.later)
				told := n.script.told()
				// Members whose timers end together begin in any order.
				if got := strings.Replace(told, "1 MASTER, 2 MASTER", "2 MASTER, 1 MASTER", 1); got != row.told {
					t.Errorf("told\n %s\nwant\n %s", got, row.told)
				}
				if gone := farewells(lan, "a", begin); len(gone)+len(row.gone) > 0 && fmt.Sprint(gone) != fmt.Sprint(row.gone) {
					t.Errorf("farewells of %v, want %v", gone, row.gone)
				}
				n.stop()
			})
		})
	}
}

// TestGroupStatesOnReload: fifo_write_vrrp_states_on_reload has the groups first.
func TestGroupStatesOnReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		cfg := grouped([]config.Instance{member(1, 100), member(2, 100)})
		cfg.Global.FIFOWriteVRRPStatesOnReload = true
		n.start(cfg, nil)
		settle(10 * time.Second)
		n.events = nil
		if err := n.engine.Reload(cfg); err != nil {
			t.Fatal(err)
		}
		settle(10 * time.Millisecond) // the events of the end would join those of the reload
		n.stop()
		want := []string{`GROUP "G" MASTER 0`, `INSTANCE "VI_1" MASTER 100`, `INSTANCE "VI_2" MASTER 100`,
			`INSTANCE "VI_1" STOP 100`, `INSTANCE "VI_2" STOP 100`, `GROUP "G" STOP 0`}
		if !slices.Equal(n.events, want) {
			t.Errorf("events\n%s\nwant\n%s", strings.Join(n.events, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestGroupResumes starts a process after one that died: the group goes on as Master together or not at all.
func TestGroupResumes(t *testing.T) {
	for _, row := range []struct {
		name string
		age  [2]time.Duration // of the last adverts
		want string
		told string
	}{
		{"both are fresh", [2]time.Duration{time.Second, time.Second}, "MASTER MASTER G MASTER 0", ""},
		{"one is old", [2]time.Duration{time.Second, time.Minute}, "BACKUP BACKUP G BACKUP 0", "gbackup, G BACKUP, 1 BACKUP, 2 BACKUP"},
		{"both are old", [2]time.Duration{time.Minute, time.Minute}, "BACKUP BACKUP G BACKUP 0", "gbackup, G BACKUP, 1 BACKUP, 2 BACKUP"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
				members := []config.Instance{member(1, 100), member(2, 100)}
				resume := map[string]InstanceState{}
				for i, in := range members {
					s := InstanceState{Key: Key(in), State: fsm.Master, Priority: 100, BasePriority: 100,
						LastAdvert: newClockPair().mono - int64(row.age[i])}
					resume[s.Key] = s
					n.kernel.addresses[in.Addresses[0].Prefix] = true // left by the dead process
				}
				n.start(grouped(members), resume)
				settle(10 * time.Millisecond)
				n.expectStates(t, "start", row.want)
				n.expectTold(t, "start", row.told)
				for _, in := range members {
					if master := strings.HasPrefix(row.want, "MASTER"); n.has(in.Addresses[0].Prefix.String()) != master {
						t.Errorf("%s has its address: %v", in.Name, !master)
					}
				}
				n.stop()
			})
		})
	}
}

// A group that goes on as Master is an ordinary one: a better master of one member ends it.
func TestGroupResumedHearsMaster(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		b.start(configOf(member(2, 200)), nil)
		settle(10 * time.Second)
		members := []config.Instance{member(1, 100), member(2, 100)}
		resume := map[string]InstanceState{}
		for _, in := range members {
			resume[Key(in)] = InstanceState{Key: Key(in), State: fsm.Master, Priority: 100, BasePriority: 100, LastAdvert: newClockPair().mono}
		}
		a.start(grouped(members), resume)
		settle(2 * time.Second)
		a.expectStates(t, "after an advert", "BACKUP BACKUP G BACKUP 0")
		a.expectTold(t, "after an advert", "2 BACKUP, 1 BACKUP, gbackup, G BACKUP")
		a.stop()
		b.stop()
	})
}

// TestGroupReadsForAllBeforeItActs has a process sleep until one member's time has come, while another member, which
// wanted to be Master, has an advert waiting in its own socket.
func TestGroupReadsForAllBeforeItActs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b, c := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24"), newNode(t, lan, "c", "192.168.4.201/24")
		elsewhere := func(priority uint8) config.Instance { // on a socket of its own
			in := member(2, priority)
			in.MulticastGroup = netip.MustParseAddr("224.0.0.19")
			return in
		}
		b.start(configOf(member(1, 200)), nil)
		a.start(grouped([]config.Instance{member(1, 100), elsewhere(100)}), nil)
		settle(11 * time.Second) // the second member's time came a moment ago, and comes again in three seconds
		a.expectStates(t, "before", "BACKUP BACKUP G BACKUP 0")
		b.host.Cut(true)
		c.start(configOf(elsewhere(255)), nil)
		begin := time.Now()
		sleep(t, a, 3300*time.Millisecond)
		settle(time.Millisecond)
		a.expectStates(t, "after", "BACKUP BACKUP G BACKUP 0")
		if sent, _ := adverts(lan, "a", begin); len(sent) > 0 {
			t.Errorf("it sent adverts after %v", sent)
		}
		a.stop()
		b.stop()
		c.stop()
	})
}

// TestGroupTracks has a group track a script: it means the same to every member.
func TestGroupTracks(t *testing.T) {
	configOf := func(weight int) config.Config {
		cfg := grouped([]config.Instance{member(1, 100), member(2, 50)})
		cfg.Scripts = []config.TrackScript{script("chk")}
		cfg.SyncGroups[0].TrackScripts = []config.Track{{Name: "chk", Weight: config.Weight{Value: weight}}}
		return cfg
	}
	t.Run("Fault", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			n := trackingNode(t, 0)
			n.start(configOf(0), nil)
			settle(time.Millisecond)
			n.expectTold(t, "before the first result", "")
			n.expectStates(t, "before the first result", "FAULT FAULT G INIT 0")
			if n.lines.count("STATE") > 0 {
				t.Errorf("states were logged: %q", n.lines.lines)
			}
			settle(500 * time.Millisecond)
			n.expectTold(t, "success", "2 BACKUP, 1 BACKUP, gbackup, G BACKUP")
			settle(5 * time.Second)
			n.expectStates(t, "Master", "MASTER MASTER G MASTER 0")
			n.script.told()
			n.tracks.set("chk", 1)
			settle(time.Second)
			n.expectStates(t, "failure", "FAULT FAULT G FAULT 2")
			n.expectTold(t, "failure", "1 FAULT, 2 FAULT, gfault, G FAULT")
			// A reload that has the group track nothing ends it.
			cfg := configOf(0)
			cfg.SyncGroups[0].TrackScripts = nil
			if err := n.engine.Reload(cfg); err != nil {
				t.Fatal(err)
			}
			settle(time.Second)
			n.expectTold(t, "nothing tracked", "2 BACKUP, 1 BACKUP, gbackup, G BACKUP")
			n.stop()
		})
	})
	t.Run("first failure", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			n := trackingNode(t, 1)
			n.start(configOf(0), nil)
			settle(500 * time.Millisecond)
			n.expectStates(t, "failure", "FAULT FAULT G FAULT 2")
			n.expectTold(t, "failure", "1 FAULT, 2 FAULT, gfault, G FAULT")
			n.stop()
		})
	})
	t.Run("weight", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			n := trackingNode(t, 0)
			n.start(configOf(-20), nil)
			settle(10 * time.Second)
			n.tracks.set("chk", 1)
			settle(2 * time.Second)
			n.expectStates(t, "failure", "MASTER MASTER G MASTER 0")
			states, err := n.engine.States()
			if err != nil || states[0].Priority != 80 || states[1].Priority != 30 {
				t.Errorf("priorities of %v, %v", states, err)
			}
			n.stop()
		})
	})
}
