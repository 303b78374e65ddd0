package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

func addressOf(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// lastAdvert is when host sent its last advert.
func lastAdvert(lan *wire.LAN, host string) time.Time {
	var last time.Time
	for _, f := range lan.Frames() {
		if f.From == host && f.Datagram != nil {
			last = f.Time
		}
	}
	return last
}

// firstAdvert is how long after since host sent its first one.
func firstAdvert(lan *wire.LAN, host string, since time.Time) time.Duration {
	times, _ := adverts(lan, host, since)
	if len(times) == 0 {
		return -1
	}
	return times[0]
}

// announced counts gratuitous ARPs.
func announced(lan *wire.LAN, host string) int {
	n := 0
	for _, f := range lan.Frames() {
		if f.From == host && f.Address.IsValid() {
			n++
		}
	}
	return n
}

// A process that takes over from one that died as Master goes on as Master: nobody is notified again, the address
// stays, and the peer sees no gap that is worth an election.
func TestResumeAsMaster(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a, b := pair(t, lan)
		key := Key(instance(100, time.Second))
		a.host.Cut(true) // what the dying process still does is not seen
		report := a.states
		a.stop()
		resume := map[string]InstanceState{}
		for _, s := range report {
			s.LastAdvert = newClockPair().mono - int64(time.Second)
			resume[s.Key] = s
		}
		if resume[key].State != fsm.Master {
			t.Fatalf("last report of a: %v", resume)
		}
		a2 := newNode(t, lan, "a2", "192.168.4.100/24")
		begin := time.Now()
		a2.start(configOf(instance(100, time.Second)), resume)
		settle(10 * time.Millisecond)
		expectState(t, a2, fsm.Master)
		if !a2.has(vip) {
			t.Error("resumed without the address")
		}
		if got := firstAdvert(lan, "a2", begin); got != 0 {
			t.Errorf("first advert after %v, want at once", got)
		}
		if a2.script.all() != "" {
			t.Errorf("scripts ran again: %s", a2.script.all())
		}
		settle(5 * time.Second)
		expectState(t, b, fsm.Backup)
		a2.stop()
		b.stop()
	})
}

// A process that died around a reload is followed by one with another priority: it is the new one that is sent.
func TestResumeWithNewPriority(t *testing.T) {
	for _, row := range []struct{ base, effective, configured, want uint8 }{
		{100, 100, 101, 101},
		{100, 100, 50, 50},
		{100, 90, 100, 90}, // lowered by a tracker, of which nothing is known yet
		{100, 90, 101, 101},
	} {
		inBubble(t, func(t *testing.T) {
			lan := wire.NewLAN()
			a := newNode(t, lan, "a", "192.168.4.100/24")
			cfg := instance(row.configured, time.Second)
			cfg.TrackScripts = []config.Track{{Name: "chk", Weight: config.Weight{Value: -10}}}
			last := InstanceState{
				Key: Key(cfg), State: fsm.Master, Priority: row.effective, BasePriority: row.base,
				LastAdvert: newClockPair().mono - int64(time.Second),
			}
			c := configOf(cfg)
			c.Scripts = []config.TrackScript{script("chk")} // nobody runs it: it has no result
			a.start(c, map[string]InstanceState{last.Key: last})
			settle(10 * time.Millisecond)
			expectState(t, a, fsm.Master)
			states, err := a.engine.States()
			if err != nil || len(states) != 1 || states[0].Priority != row.want || states[0].BasePriority != row.configured {
				t.Errorf("%+v: %v, %v", row, states, err)
			}
			a.stop()
		})
	}
}

func TestNoResumeFromStaleReport(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		cfg := instance(100, time.Second)
		stale := InstanceState{Key: Key(cfg), State: fsm.Master, Priority: 100, LastAdvert: newClockPair().mono - int64(time.Minute)}
		a.kernel.addresses[addressOf(vip)] = true // left by the dead process
		a.start(configOf(cfg), map[string]InstanceState{stale.Key: stale})
		settle(time.Millisecond)
		expectState(t, a, fsm.Backup)
		if a.has(vip) {
			t.Error("a Backup left an address that a peer may hold")
		}
		a.stop()
	})
}

// A process that is stopped while it starts must still take off what a dead one has left.
func TestStopWhileStartingCleansUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newNode(t, wire.NewLAN(), "a", "192.168.4.100/24")
		a.kernel.addresses[addressOf(vip)] = true
		a.start(configOf(instance(100, time.Second)), nil)
		a.stop()
		if a.has(vip) {
			t.Error("the address of the dead process is still there")
		}
	})
}
