package vrrp

import (
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

const vip = "192.168.4.80/32"

// pair starts two routers of priority 100 and 50 and lets the first one become Master.
func pair(t *testing.T, lan *wire.LAN) (*node, *node) {
	t.Helper()
	a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
	a.start(configOf(instance(100, time.Second)), nil)
	b.start(configOf(instance(50, time.Second)), nil)
	settle(5 * time.Second)
	expectState(t, a, fsm.Master)
	expectState(t, b, fsm.Backup)
	return a, b
}

func TestTakeoverAndReturn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		if !a.has(vip) || b.has(vip) {
			t.Fatalf("address: a %v, b %v", a.has(vip), b.has(vip))
		}
		last := lastAdvert(lan, "a")
		a.host.Cut(true)
		settle(5 * time.Second)
		expectState(t, b, fsm.Master)
		first := firstAdvert(lan, "b", last)
		// Master_Down_Interval of priority 50: three intervals and (256-50)/256 of one.
		if want := 3*time.Second + 206*time.Second/256; first != want {
			t.Errorf("b took over %v after the last advert, want %v", first, want)
		}
		if !b.has(vip) {
			t.Error("b has no address as Master")
		}
		a.host.Cut(false)
		settle(2 * time.Second)
		expectState(t, a, fsm.Master)
		expectState(t, b, fsm.Backup)
		if b.has(vip) {
			t.Error("b kept the address as Backup")
		}
		a.stop()
		b.stop()
	})
}

func TestCleanStopGivesUpAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		stopped := time.Now()
		a.stop()
		if a.has(vip) {
			t.Error("a kept the address after a clean stop")
		}
		if _, priorities := adverts(lan, "a", stopped); !slices.Equal(priorities, []uint8{0}) {
			t.Errorf("a sent priorities %v at the stop, want one 0", priorities)
		}
		settle(time.Second)
		if got, want := firstAdvert(lan, "b", stopped), 206*time.Second/256; got != want {
			t.Errorf("b took over after %v, want the skew %v", got, want)
		}
		if want := "/notify INSTANCE VI_1 BACKUP 100; /master; /notify INSTANCE VI_1 MASTER 100; /notify INSTANCE VI_1 STOP 100"; a.script.all() != want {
			t.Errorf("scripts of a: %s\nwant %s", a.script.all(), want)
		}
		b.stop()
	})
}

// A process that was not scheduled must read what waits before it draws conclusions from the time.
func TestSleeperReadsBeforeItActs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		before := time.Now()
		sleep(t, b, 5*time.Second)
		settle(time.Second)
		expectState(t, b, fsm.Backup)
		if times, _ := adverts(lan, "b", before); len(times) != 0 {
			t.Errorf("b sent %d adverts after it slept", len(times))
		}
		before = time.Now()
		sleep(t, a, 2500*time.Millisecond)
		settle(3 * time.Second)
		times, _ := adverts(lan, "a", before)
		// The advert that was due while it slept leaves late; the slots after it are skipped, the next one is kept.
		if len(times) > 4 || times[0] < 2500*time.Millisecond {
			t.Errorf("a slept 2.5 s of 5.5 s and sent at %v: missed slots were made up for", times)
		}
		expectState(t, a, fsm.Master)
		a.stop()
		b.stop()
	})
}

// sleep keeps the engine's goroutine busy.
func sleep(t *testing.T, n *node, d time.Duration) {
	t.Helper()
	if err := n.engine.do(func() { time.Sleep(d) }); err != nil {
		t.Fatal(err)
	}
}

func TestAdvertsDoNotWaitForTheKernel(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		release := a.kernel.hold()
		a.start(configOf(instance(255, time.Second)), nil)
		begin := time.Now()
		settle(10*time.Second + time.Millisecond)
		if times, _ := adverts(lan, "a", begin); len(times) != 11 {
			t.Errorf("%d adverts in 10 s while the kernel was stuck, want 11", len(times))
		}
		if announced(lan, "a") != 0 {
			t.Error("announced an address that is not there yet")
		}
		release()
		settle(time.Millisecond)
		if !a.has(vip) {
			t.Error("no address after the kernel answered")
		}
		if announced(lan, "a") == 0 {
			t.Error("nothing announced after the kernel answered")
		}
		a.stop()
	})
}

func TestKernelEndsAtTheNewestState(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		release := b.kernel.hold()
		a.host.Cut(true)
		settle(5 * time.Second) // b is Master, its kernel is stuck
		a.host.Cut(false)
		settle(2 * time.Second) // b is Backup again
		expectState(t, b, fsm.Backup)
		release()
		settle(time.Second)
		if b.has(vip) {
			t.Error("b kept the address of a state it has left")
		}
		if n := announced(lan, "b"); n != 0 {
			t.Errorf("b announced %d times for a state it has left", n)
		}
		a.stop()
		b.stop()
	})
}

func TestReloadDisturbsOnlyWhatChanged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		one, two := instance(100, time.Second), instance(100, time.Second)
		two.Name, two.VRID, two.Addresses = "VI_2", 52, []config.Address{{Prefix: addressOf("192.168.4.81/32"), Dev: "eth0"}}
		a.start(configOf(one, two), nil)
		settle(6 * time.Second)
		calls, lines := a.kernel.count(), len(a.lines.all())
		if err := a.engine.Reload(configOf(one, two)); err != nil {
			t.Fatal(err)
		}
		settle(time.Millisecond)
		if a.kernel.count() != calls || len(a.lines.all()) != lines {
			t.Errorf("a reload without a change: %d kernel calls, log %v", a.kernel.count()-calls, a.lines.all()[lines:])
		}
		two.Priority = 90
		begin := time.Now()
		if err := a.engine.Reload(configOf(one, two)); err != nil {
			t.Fatal(err)
		}
		settle(3*time.Second + time.Millisecond)
		if a.kernel.count() != calls {
			t.Errorf("a changed priority wrote to the kernel: %v", a.kernel.calls[calls:])
		}
		times, priorities := adverts(lan, "a", begin)
		if len(times) < 6 || !slices.Contains(priorities, 90) || !slices.Contains(priorities, 100) {
			t.Errorf("adverts after the reload: %v %v", times, priorities)
		}
		a.stop()
	})
}

// TestStartupDelayOverReload has a reload add an instance: it waits for what is left of the delay, not for a whole one.
func TestStartupDelayOverReload(t *testing.T) {
	for name, row := range map[string]struct{ reload, delay, still, over time.Duration }{
		"long after it": {100 * time.Second, 60 * time.Second, 102 * time.Second, 104 * time.Second},
		"while it runs": {10 * time.Second, 60 * time.Second, 62 * time.Second, 64 * time.Second},
		"made longer":   {10 * time.Second, 80 * time.Second, 82 * time.Second, 84 * time.Second},
		"made shorter":  {10 * time.Second, 20 * time.Second, 22 * time.Second, 24 * time.Second},
		"too late":      {10 * time.Second, 5 * time.Second, 12 * time.Second, 14 * time.Second},
		"taken away":    {10 * time.Second, 0, 12 * time.Second, 14 * time.Second},
		"longer, late":  {100 * time.Second, 200 * time.Second, 102 * time.Second, 104 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				begin := time.Now()
				n := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
				cfg := configOf(member(1, 150))
				cfg.Global.StartupDelay = 60 * time.Second
				n.start(cfg, nil)
				settle(row.reload)
				cfg.Instances = append(cfg.Instances, member(2, 150))
				cfg.Global.StartupDelay = row.delay
				if err := n.engine.Reload(cfg); err != nil {
					t.Fatal(err)
				}
				settle(row.still - time.Since(begin))
				first := "BACKUP"
				if row.reload > 60*time.Second {
					first = "MASTER"
				}
				n.expectStates(t, "a second before its end", first+" BACKUP")
				settle(row.over - time.Since(begin))
				n.expectStates(t, "at its end", "MASTER MASTER")
				n.stop()
			})
		})
	}
}

func TestReloadMovesAddresses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		cfg := instance(255, time.Second)
		a.start(configOf(cfg), nil)
		settle(8 * time.Second)
		cfg.Addresses = []config.Address{{Prefix: addressOf("192.168.4.90/32"), Dev: "eth0"}}
		if err := a.engine.Reload(configOf(cfg)); err != nil {
			t.Fatal(err)
		}
		settle(time.Millisecond)
		if a.has(vip) || !a.has("192.168.4.90/32") {
			t.Error("the addresses did not follow the reload")
		}
		if err := a.engine.Reload(configOf()); err != nil {
			t.Fatal(err)
		}
		settle(time.Millisecond)
		if a.has("192.168.4.90/32") {
			t.Error("a removed instance left its address")
		}
		a.stop()
	})
}

func TestLinkDownIsFault(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		a.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(time.Millisecond)
		expectState(t, a, fsm.FaultState)
		if a.has(vip) {
			t.Error("address kept in Fault")
		}
		settle(4 * time.Second)
		expectState(t, b, fsm.Master)
		a.links.report(linkState(true), nil) // up, but the address is not there yet
		settle(time.Millisecond)
		expectState(t, a, fsm.FaultState)
		a.links.report(linkState(true, "192.168.4.100/24"), nil)
		settle(time.Millisecond)
		expectState(t, a, fsm.Backup)
		settle(5 * time.Second)
		expectState(t, a, fsm.Master)
		a.stop()
		b.stop()
	})
}

func TestUnsupportedIsHeldInFault(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		cfg := instance(255, time.Second)
		cfg.Unsupported = []string{"use_vmac"}
		a.start(configOf(cfg), nil)
		settle(10 * time.Second)
		expectState(t, a, fsm.FaultState)
		if times, _ := adverts(lan, "a", time.Time{}); len(times) != 0 {
			t.Error("an instance that cannot be run sent adverts")
		}
		if a.lines.count("cannot act on use_vmac") != 1 {
			t.Error("nothing said about the keyword")
		}
		a.stop()
	})
}

func TestRemovedInstanceIsReported(t *testing.T) {
	for _, row := range []struct {
		name    string
		deleted config.NotifyDeleted
		want    string
	}{
		{"as in Fault", config.NotifyDeleted{}, "/fault; /notify INSTANCE VI_1 FAULT 255"},
		{"as deleted", config.NotifyDeleted{Use: true, Script: config.Script{Argv: []string{"/deleted"}}}, "/deleted; /notify INSTANCE VI_1 DELETED 255"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
				cfg := instance(255, time.Second)
				cfg.NotifyFault, cfg.NotifyStop, cfg.NotifyDeleted = config.Script{Argv: []string{"/fault"}}, config.Script{Argv: []string{"/stop"}}, row.deleted
				a.start(configOf(cfg), nil)
				settle(time.Second)
				before := len(a.script.all())
				if err := a.engine.Reload(configOf()); err != nil {
					t.Fatal(err)
				}
				settle(time.Millisecond)
				if got := strings.TrimPrefix(a.script.all()[before:], "; "); got != row.want {
					t.Errorf("scripts: %s\nwant %s", got, row.want)
				}
				a.stop()
			})
		})
	}
}

func TestLinkChangeIsSaidOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		one, two := instance(100, time.Second), instance(100, time.Second)
		two.Name, two.VRID, two.Addresses = "VI_2", 52, []config.Address{{Prefix: addressOf("192.168.4.81/32"), Dev: "eth0"}}
		a.start(configOf(one, two), nil)
		settle(time.Second)
		a.links.report(linkState(false, "192.168.4.100/24"), nil)
		settle(time.Millisecond)
		if n := a.lines.count("Netlink reports eth0 down"); n != 1 {
			t.Errorf("said %d times", n)
		}
		a.stop()
	})
}

// Between two Masters of one priority the higher address stays.
func TestEqualPriorityByAddress(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		a.host.Cut(true)
		a.start(configOf(instance(100, time.Second)), nil)
		b.start(configOf(instance(100, time.Second)), nil)
		settle(5 * time.Second)
		expectState(t, a, fsm.Master)
		expectState(t, b, fsm.Master)
		a.host.Cut(false)
		settle(2 * time.Second)
		expectState(t, a, fsm.Backup)
		expectState(t, b, fsm.Master)
		a.stop()
		b.stop()
	})
}

// What authentication puts into the packet: nothing but with a type, as upstream.
func TestPasswordNeedsItsType(t *testing.T) {
	for _, row := range []struct {
		version int
		kind    config.AuthType
		want    string
	}{
		{2, config.AuthPass, "1111\x00\x00\x00\x00"},
		{2, config.AuthNone, "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{3, config.AuthPass, "\x00\x00\x00\x00\x00\x00\x00\x00"},
	} {
		cfg := instance(100, time.Second)
		cfg.Version, cfg.AuthType, cfg.AuthPass = row.version, row.kind, "1111"
		var r router
		r.configure(cfg)
		if got := string(r.message.AuthData[:]); got != row.want {
			t.Errorf("version %d type %d: %q", row.version, row.kind, got)
		}
	}
}
