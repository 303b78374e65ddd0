package vrrp

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/notify"
	"keepalived-go/track"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// fakeTracked runs scripts in mind: each takes a time and exits with a status.
type fakeTracked struct {
	mu     sync.Mutex
	status map[string]int // by the command's first word
	takes  time.Duration  // negative: for ever, whatever signal it is sent
	runs   int
	live   int
}

func (f *fakeTracked) set(command string, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status[command] = status
}

func (f *fakeTracked) take(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.takes = d
}

func (f *fakeTracked) Run(script config.Script, _ string, timeout time.Duration, until <-chan struct{}, done func(notify.Result)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs++
	f.live++
	r := notify.Result{ExitCode: f.status[script.Argv[0]]}
	end := f.takes
	if end < 0 { // SIGKILL comes two seconds after the timeout
		r, end = notify.Result{ExitCode: -1, Signal: 9, TimedOut: true}, timeout+2*time.Second
	}
	go func() {
		select {
		case <-until:
			r = notify.Result{ExitCode: -1, Signal: 15}
		case <-time.After(end):
		}
		f.mu.Lock()
		f.live--
		f.mu.Unlock()
		done(r)
	}()
}

func newTracked() *fakeTracked {
	return &fakeTracked{status: map[string]int{}, takes: 10 * time.Millisecond}
}

// script is a vrrp_script as config resolves one with the defaults; its command is its name.
func script(name string) config.TrackScript {
	return config.TrackScript{Name: name, Script: config.Script{Argv: []string{name}}, Interval: time.Second, Rise: 1, Fall: 1}
}

// tracking is a configuration of one instance that tracks one script.
func tracking(s config.TrackScript, weight config.Weight) config.Config {
	in := instance(100, time.Second)
	in.TrackScripts = []config.Track{{Name: s.Name, Weight: weight}}
	cfg := configOf(in)
	cfg.Scripts = []config.TrackScript{s}
	return cfg
}

// trackingNode is a router whose script exits with a status.
func trackingNode(t *testing.T, status int) *node {
	n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
	n.tracks = newTracked()
	n.tracks.set("chk", status)
	return n
}

func (n *node) priority() uint8 {
	n.t.Helper()
	states, err := n.engine.States()
	if err != nil {
		n.t.Fatal(err)
	}
	return states[0].Priority
}

func (n *node) expectLines(lines ...string) {
	n.t.Helper()
	for _, l := range lines {
		if n.lines.count(l) == 0 {
			n.t.Errorf("nothing says %q; log:\n%s", l, strings.Join(n.lines.lines, "\n"))
		}
	}
}

// A weight changes the priority with the first result, and again with each change.
func TestScriptWeight(t *testing.T) {
	for name, row := range map[string]struct {
		weight   config.Weight
		good, no uint8 // priority while the script succeeds, and while it fails
	}{
		"positive":         {config.Weight{Value: 20}, 120, 100},
		"negative":         {config.Weight{Value: -20}, 100, 80},
		"positive reverse": {config.Weight{Value: 20, Reverse: true}, 80, 100},
		"negative reverse": {config.Weight{Value: -20, Reverse: true}, 100, 120},
		"too much":         {config.Weight{Value: 200}, 254, 100},
		"too little":       {config.Weight{Value: -200}, 100, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := trackingNode(t, 0)
				n.start(tracking(script("chk"), row.weight), nil)
				settle(time.Millisecond)
				expectState(t, n, fsm.Backup) // nobody waits for a weight
				if p := n.priority(); p != 100 {
					t.Errorf("priority %d before the first result", p)
				}
				settle(100 * time.Millisecond)
				if p := n.priority(); p != row.good {
					t.Errorf("priority %d while it succeeds, want %d", p, row.good)
				}
				n.expectLines("VRRP_Script(chk) succeeded")
				n.tracks.set("chk", 3)
				settle(time.Second)
				if p := n.priority(); p != row.no {
					t.Errorf("priority %d while it fails, want %d", p, row.no)
				}
				n.expectLines("Script `chk` now returning 3", "VRRP_Script(chk) failed (exited with status 3)", "(VI_1) Changing effective priority from")
				n.stop()
			})
		})
	}
}

// Without a weight an instance waits for the first result and says nothing, then is up or in Fault.
func TestScriptFault(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := trackingNode(t, 0)
		n.start(tracking(script("chk"), config.Weight{}), nil)
		settle(time.Millisecond)
		expectState(t, n, fsm.FaultState)
		if n.lines.count("STATE") > 0 || n.script.all() != "" {
			t.Errorf("an instance that waits has said so: %q, %q", n.lines.lines, n.script.all())
		}
		if v, err := n.engine.View(false); err != nil || v.Instances[0].Tracked.Pending != 1 || v.Instances[0].Tracked.Faults != 0 || v.Scripts[0].Phase != track.Busy {
			t.Errorf("%+v, %v", v.Instances[0].Tracked, err)
		}
		settle(100 * time.Millisecond)
		expectState(t, n, fsm.Backup)
		n.expectLines("VRRP_Script(chk) succeeded", "(VI_1) Entering BACKUP STATE")
		settle(5 * time.Second)
		expectState(t, n, fsm.Master)
		n.tracks.set("chk", 1)
		settle(time.Second)
		expectState(t, n, fsm.FaultState)
		if n.has(vip) {
			t.Error("the address is still there")
		}
		n.tracks.set("chk", 0)
		settle(time.Second)
		expectState(t, n, fsm.Backup)
		n.stop()
		if n.lines.count("Changing effective priority") != 0 {
			t.Error("the priority has changed")
		}
	})
}

// What waits for a script that fails then goes to Fault, and says so.
func TestScriptFailsFirst(t *testing.T) {
	for name, fail := range map[string]bool{"fresh": false, "init_fail": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := trackingNode(t, 1)
				s := script("chk")
				s.InitFail = fail
				n.start(tracking(s, config.Weight{}), nil)
				settle(100 * time.Millisecond)
				expectState(t, n, fsm.FaultState)
				if fail {
					n.expectLines("(VI_1): entering FAULT state due to script chk")
				} else {
					n.expectLines("VRRP_Script(chk) failed (exited with status 1)")
					if got := n.script.all(); got != "/notify INSTANCE VI_1 FAULT 100" {
						t.Errorf("notified %q", got)
					}
				}
				n.tracks.set("chk", 0)
				settle(time.Second)
				expectState(t, n, fsm.Backup)
				n.stop()
			})
		})
	}
}

// A script that does not end is a failure at its timeout, whether it heeds the request to end or not, and no advert is
// late by it.
func TestScriptHangs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		n := newNode(t, lan, "a", "192.168.4.100/24")
		n.tracks = newTracked()
		s := script("chk")
		s.Interval, s.Timeout = 2*time.Second, 500*time.Millisecond
		n.start(tracking(s, config.Weight{Value: -20}), nil)
		settle(8500 * time.Millisecond) // runs begin at 0, 2, 4, 6, 8
		expectState(t, n, fsm.Master)
		n.tracks.take(-1)
		since := time.Now()
		settle(1900 * time.Millisecond)
		if n.lines.count("timed_out") != 0 {
			t.Error("a run has timed out before its timeout")
		}
		settle(200 * time.Millisecond) // 10.6
		if n.lines.count("VRRP_Script(chk) timed_out") != 1 || n.priority() != 80 {
			t.Errorf("priority %d; log:\n%s", n.priority(), strings.Join(n.lines.lines, "\n"))
		}
		settle(1500 * time.Millisecond) // 12.1: it is killed at 12.5
		n.expectLines("Track script chk is being timed out, expect idle - skipping run")
		if times, _ := adverts(lan, "a", since); len(times) < 3 {
			t.Errorf("adverts at %v", times)
		}
		n.stop()
		settle(time.Second)
		if n.tracks.live != 0 {
			t.Errorf("%d scripts have outlived the engine", n.tracks.live)
		}
	})
}

// A reload leaves a script alone that is the same, and one that is new changes nothing before its first result.
func TestScriptReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := trackingNode(t, 1)
		n.tracks.set("other", 1)
		cfg := tracking(script("chk"), config.Weight{Value: -20})
		n.start(cfg, nil)
		settle(5*time.Second + 500*time.Millisecond)
		expectState(t, n, fsm.Master)
		runs := n.tracks.runs
		again := tracking(script("chk"), config.Weight{Value: -20})
		again.Scripts[0].Fall = 3
		again.Scripts = append(again.Scripts, script("other"))
		again.Instances[0].TrackScripts = append(again.Instances[0].TrackScripts, config.Track{Name: "other"})
		if err := n.engine.Reload(again); err != nil {
			t.Fatal(err)
		}
		settle(time.Millisecond)
		if n.tracks.runs != runs+1 {
			t.Errorf("%d scripts were started by the reload, want 1", n.tracks.runs-runs)
		}
		n.expectLines("VRRP_Script(chk) considered unsuccessful on reload")
		expectState(t, n, fsm.Master)
		if p := n.priority(); p != 80 {
			t.Errorf("priority %d", p)
		}
		settle(100 * time.Millisecond)
		expectState(t, n, fsm.FaultState)
		if err := n.engine.Reload(configOf(instance(100, time.Second))); err != nil {
			t.Fatal(err)
		}
		settle(time.Millisecond)
		if p := n.priority(); p != 100 || n.tracks.live != 0 {
			t.Errorf("priority %d, %d scripts without anybody who tracks them", p, n.tracks.live)
		}
		runs = n.tracks.runs
		settle(10 * time.Second)
		expectState(t, n, fsm.Master)
		if n.tracks.runs != runs {
			t.Error("a script that is gone is run")
		}
		n.stop()
	})
}

// withLink adds a second interface to what the links are.
func withLink(s netif.State, name string, up bool) netif.State {
	out := netif.State{ByIndex: map[int]netif.Link{}, ByName: map[string]netif.Link{}}
	l := netif.Link{Index: 9, Name: name, Up: true, Running: up}
	for _, other := range s.ByName {
		out.ByIndex[other.Index], out.ByName[other.Name] = other, other
	}
	out.ByIndex[l.Index], out.ByName[l.Name] = l, l
	return out
}

// A tracked interface counts as a script does, with or without a weight, and its own interface may be left out of it.
func TestTrackInterface(t *testing.T) {
	type seen struct {
		state    fsm.State
		priority uint8
	}
	for name, row := range map[string]struct {
		weight   config.Weight
		up, down seen
	}{
		"no weight": {config.Weight{}, seen{fsm.Master, 100}, seen{fsm.FaultState, 100}},
		"reverse":   {config.Weight{Reverse: true}, seen{fsm.FaultState, 100}, seen{fsm.Master, 100}},
		"positive":  {config.Weight{Value: 30}, seen{fsm.Master, 130}, seen{fsm.Master, 100}},
		"negative":  {config.Weight{Value: -30, Reverse: true}, seen{fsm.Master, 100}, seen{fsm.Master, 130}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
				in := instance(100, time.Second)
				in.TrackInterfaces = []config.Track{{Name: "eth1", Weight: row.weight}}
				in.DontTrackPrimary = true
				base := n.links.state
				n.links.state = withLink(base, "eth1", true)
				n.start(configOf(in), nil)
				expect := func(what string, want seen) {
					t.Helper()
					settle(5 * time.Second)
					if got := (seen{n.state(), n.priority()}); !reflect.DeepEqual(got, want) {
						t.Errorf("%s: %v, want %v; log:\n%s", what, got, want, strings.Join(n.lines.lines, "\n"))
					}
				}
				expect("up", row.up)
				n.links.report(withLink(base, "eth1", false), nil)
				expect("down", row.down)
				n.expectLines("Netlink reports eth1 down")
				n.links.report(base, nil)
				expect("missing", row.down)
				n.links.report(withLink(base, "eth1", true), nil)
				expect("up again", row.up)
				n.stop()
			})
		})
	}
}

// A link that is down for less than its delay has not been down; one that stays down is, at the end of the delay.
func TestUpDownDelays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		cfg := configOf(instance(100, time.Second))
		cfg.UpDownDelays = []config.UpDownDelay{{Interface: "eth0", Down: time.Second, Up: 3 * time.Second}}
		n.start(cfg, nil)
		settle(5 * time.Second)
		expectState(t, n, fsm.Master)
		up, down := linkState(true, "192.168.4.100/24"), linkState(false, "192.168.4.100/24")
		n.links.report(down, nil)
		settle(900 * time.Millisecond)
		expectState(t, n, fsm.Master)
		n.links.report(up, nil)
		settle(5 * time.Second)
		if n.lines.count("Netlink reports") != 0 {
			t.Errorf("a short failure was seen: %q", n.lines.lines)
		}
		n.links.report(down, nil)
		settle(500 * time.Millisecond)
		n.links.report(linkState(false, "192.168.4.100/24", "192.168.4.101/24"), nil) // other news begin no new delay
		settle(400 * time.Millisecond)
		expectState(t, n, fsm.Master)
		settle(200 * time.Millisecond)
		expectState(t, n, fsm.FaultState)
		n.expectLines("Netlink reports eth0 down")
		n.links.report(up, nil)
		settle(2900 * time.Millisecond)
		expectState(t, n, fsm.FaultState)
		settle(200 * time.Millisecond)
		expectState(t, n, fsm.Backup)
		n.links.report(netif.State{}, nil)
		settle(time.Millisecond)
		expectState(t, n, fsm.FaultState) // what does not exist is not waited for
		n.stop()
	})
}

func TestLimitDelay(t *testing.T) {
	const second = time.Second
	for name, row := range map[string]struct {
		down, up time.Duration
		adverts  int
		wantDown time.Duration
		wantUp   time.Duration
	}{
		"short enough":      {second, 9 * second, 3, second, 9 * second},
		"too long":          {9 * second, second, 3, 2*second - second/256, second},
		"too long, both":    {9 * second, 9 * second, 3, 2*second - second/256, 2*second - second/256},
		"one advert":        {second, second, 1, 0, 0},
		"two adverts":       {second, second, 2, second - second/256, second - second/256},
		"no delay at all":   {0, 0, 3, 0, 0},
		"only up is longer": {0, 9 * second, 2, 0, 9 * second},
	} {
		got := limitDelay(config.UpDownDelay{Down: row.down, Up: row.up}, row.adverts, second)
		if got.Down != row.wantDown || got.Up != row.wantUp {
			t.Errorf("%s: %v %v, want %v %v", name, got.Down, got.Up, row.wantDown, row.wantUp)
		}
	}
}

// The first time that a link comes up is not held back.
func TestUpDelayAtStart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		n.links.state = linkState(false, "192.168.4.100/24")
		cfg := configOf(instance(100, time.Second))
		cfg.UpDownDelays = []config.UpDownDelay{{Interface: "eth0", Down: 5 * time.Second, Up: 5 * time.Second}}
		n.start(cfg, nil)
		settle(time.Second)
		expectState(t, n, fsm.FaultState)
		n.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Millisecond)
		expectState(t, n, fsm.Backup)
		n.expectLines("VI_1: interface eth0 debounce timer(s) not less that 2 * advert_int - resetting")
		n.stop()
	})
}
