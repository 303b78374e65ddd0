package vrrp

import (
	"strings"
	"testing"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// TestSleepingMasterAnswersOnce has a Master sleep until a peer of lower priority has taken over and sent for long. It
// reads all of that before it speaks, and answers with one advert and one burst of announcements.
func TestSleepingMasterAnswersOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const interval = 100 * time.Millisecond
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		high, low := instance(150, interval), instance(100, interval)
		high.GARP.LowerPrioDelay = 0
		a.start(configOf(high), nil)
		settle(time.Second)
		b.start(configOf(low), nil)
		settle(10 * time.Second)
		expectState(t, a, fsm.Master)
		sleep(t, a, 5*time.Second)
		woke := time.Now()
		settle(time.Second)
		expectState(t, a, fsm.Master)
		expectState(t, b, fsm.Backup)
		times, _ := adverts(lan, "a", woke)
		if len(times) > 12 || len(times) < 10 || times[0] != 0 {
			t.Errorf("a sent at %v after it woke", times)
		}
		for i := 1; i < len(times); i++ {
			if times[i]-times[i-1] < interval {
				t.Errorf("a sent at %v after it woke: more than one advert in an interval", times)
				break
			}
		}
		if times, _ := adverts(lan, "b", woke); len(times) != 0 {
			t.Errorf("b went on sending at %v", times)
		}
		if n := len(strings.Fields(announcedAt(lan, "a", woke))); n != high.GARP.LowerPrioRepeat {
			t.Errorf("a announced %d times, want %d", n, high.GARP.LowerPrioRepeat)
		}
		a.stop()
		b.stop()
	})
}

// TestSleepingMasterExpires has timer_expired_backup: a Master that slept long enough for a peer of lower priority to
// take over leaves it the role, in the first moment and without a word.
func TestSleepingMasterExpires(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const interval = 100 * time.Millisecond
		lan := wire.NewLAN()
		a, b := newNode(t, lan, "a", "192.168.4.100/24"), newNode(t, lan, "b", "192.168.4.200/24")
		high, low := instance(150, interval), instance(100, interval)
		high.NoPreempt, high.TimerExpiredBackup, low.NoPreempt = true, 254, true
		a.start(configOf(high), nil)
		settle(time.Second)
		b.start(configOf(low), nil)
		settle(time.Second)
		expectState(t, a, fsm.Master)
		sleep(t, a, 5*time.Second)
		woke := time.Now()
		settle(time.Second)
		expectState(t, a, fsm.Backup)
		expectState(t, b, fsm.Master)
		if times, _ := adverts(lan, "a", woke); len(times) != 0 {
			t.Errorf("a sent at %v after it woke", times)
		}
		if a.has(vip) || a.lines.count("VRRP thread timer expired ") != 1 {
			t.Error("it kept the address, or did not say why it gave up")
		}
		a.stop()
		b.stop()
	})
}
