package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// hogs is how many busy loops compete with the daemons.
const hogs = 16

// TestScheduleUnderLoad keeps the processors busy: no server takes over, and
// adverts of ours stay on their schedule instead of drifting from it.
func TestScheduleUnderLoad(t *testing.T) {
	d := dialects[1]
	n := newNetwork(t, d)
	n.start(n.web[0], ours, d.config("MASTER", high))
	n.holder(n.web[0], d.masterDown(high))
	n.startBehind(n.web[1], peer, d.config("BACKUP", low))
	for range hogs {
		_, err := n.client.Start("/bin/sh", []string{"-c", "while :; do :; done"}, nil)
		n.must(err)
	}
	mark := n.Frames.Len()
	n.must(lab.Pass(t.Context(), 4*time.Second))
	sent := n.adverts(mark, n.web[0], vrid)
	if taken := n.adverts(mark, n.web[1], vrid); len(taken) > 0 {
		t.Errorf("the backup sent %d adverts under load, want none", len(taken))
	}
	if len(sent) < 20 {
		t.Fatalf("%d adverts under load, want about 40", len(sent))
	}
	off := offSchedule(sent, d.interval)
	t.Logf("%d adverts, up to %.1f ms off the schedule of the first", len(sent), ms(off))
	if !checksItself() && off > d.interval/4 {
		t.Errorf("adverts are %v off their schedule, want at most %v", off, d.interval/4)
	}
}

// window is how many adverts in a row may all be late for reasons of the
// machine's.
const window = 10

// offSchedule is the largest distance from the schedule that the first advert
// sets, where of each window of adverts only the nearest counts: single
// adverts may be late, and slots may be missed, without any drift.
func offSchedule(sent []lab.Frame, interval time.Duration) time.Duration {
	var worst time.Duration
	for from := 0; from+window <= len(sent); from++ {
		nearest := interval
		for _, f := range sent[from : from+window] {
			off := (f.Time.Sub(sent[0].Time)+interval/2)%interval - interval/2
			nearest = min(nearest, off.Abs())
		}
		worst = max(worst, nearest)
	}
	return worst
}

// TestReloadDisturbsNoOther changes the priority of one instance of three.
func TestReloadDisturbsNoOther(t *testing.T) {
	t.Parallel()
	for role, programs := range roles() {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			first := n.start(n.web[0], programs[0], three(d, high, high))
			for id := range uint8(3) {
				n.advert(0, n.web[0], d.masterDown(high), "an advert", func(a lab.Advert) bool { return a.VRID == vrid+id && a.Priority == high })
			}
			n.settled(first)
			second := n.start(n.web[1], programs[1], three(d, low, low))
			for i := range 3 {
				_, err := second.WaitLine(n.context(d.interval), 0, fmt.Sprintf("(VI_%d) Entering BACKUP STATE", i+1))
				n.must(err)
			}
			changes := n.web[0].Addresses.Len()
			before, logged, peerLogged := n.Frames.Len(), first.Lines.Len(), second.Lines.Len()
			const changed = 90
			n.must(first.Reconfigure(three(d, high, changed)))
			n.advert(before, n.web[0], d.interval, "the new priority", func(a lab.Advert) bool { return a.VRID == vrid+1 && a.Priority == changed })
			mark := n.Frames.Len()
			n.must(twentyMore(n, mark))

			for id := range uint8(3) {
				gap := widest(n.adverts(before, n.web[0], vrid+id))
				if limit := d.interval + 100*time.Millisecond; gap > limit {
					t.Errorf("virtual router %d was silent for %v, want at most %v", vrid+id, gap, limit)
				}
				if taken := n.adverts(before, n.web[1], vrid+id); len(taken) > 0 {
					t.Errorf("the backup of virtual router %d sent %d adverts", vrid+id, len(taken))
				}
			}
			for _, c := range n.web[0].Addresses.Since(changes) {
				// The kernel's own IPv6 address may become usable meanwhile.
				if c.Address.Is4() {
					t.Errorf("an address changed: %v", c)
				}
			}
			for _, line := range append(first.Lines.Since(logged), second.Lines.Since(peerLogged)...) {
				if strings.Contains(line.Text, "Entering") && strings.Contains(line.Text, "STATE") {
					t.Errorf("a state changed: %s", line.Text)
				}
			}
		})
	}
}

// settled waits until a daemon of the first server has said that it is
// Master three times, and the kernel that the addresses are there.
func (n *network) settled(d *lab.Daemon) {
	n.t.Helper()
	for i := range 3 {
		ctx := n.context(n.dialect.masterDown(high))
		_, err := d.WaitLine(ctx, 0, fmt.Sprintf("(VI_%d) Entering MASTER STATE", i+1))
		n.must(err)
		address := fmt.Sprintf("192.168.4.%d", 80+i)
		_, err = n.web[0].Addresses.Wait(ctx, 0, address, func(c lab.AddressChange) bool { return c.Address.String() == address })
		n.must(err)
	}
}

// three is a configuration of three instances of which the second has a
// priority of its own.
func three(d dialect, priority, middle int) string {
	var all string
	for i, p := range []int{priority, middle, priority} {
		all += d.instance(fmt.Sprintf("VI_%d", i+1), vrid+i, "BACKUP", p, fmt.Sprintf("192.168.4.%d", 80+i), "")
	}
	return all
}

// twentyMore waits for 20 more adverts of any kind.
func twentyMore(n *network, mark int) error {
	adverts := 0
	_, err := n.Frames.Wait(n.context(20*n.dialect.interval), mark, "20 adverts", func(f lab.Frame) bool {
		if _, ok := f.Advert(); ok {
			adverts++
		}
		return adverts == 20
	})
	return err
}

func widest(sent []lab.Frame) time.Duration {
	var gap time.Duration
	for i := 1; i < len(sent); i++ {
		gap = max(gap, sent[i].Time.Sub(sent[i-1].Time))
	}
	return gap
}
