package check

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestHeapGivesTasksInTheirOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var s schedule
	begin := time.Now()
	tasks := make([]*task, 200)
	for i := range tasks {
		tasks[i] = &task{}
		s.set(tasks[i], begin.Add(time.Duration(random.IntN(1000))*time.Second))
	}
	out := map[*task]bool{}
	for range 300 {
		k := tasks[random.IntN(len(tasks))]
		if random.IntN(4) == 0 {
			s.set(k, time.Time{})
			out[k] = true
		} else {
			s.set(k, begin.Add(time.Duration(random.IntN(1000))*time.Second))
			delete(out, k)
		}
	}
	last, n := begin, 0
	for {
		at, ok := s.next()
		if !ok {
			break
		}
		if _, early := s.take(at.Add(-1)); early {
			t.Fatal("took a task before its time")
		}
		k, _ := s.take(at)
		if at.Before(last) || out[k] || !k.due.IsZero() {
			t.Fatalf("task at %v after %v, taken out: %v", at, last, out[k])
		}
		last = at
		n++
	}
	if n+len(out) != len(tasks) {
		t.Errorf("%d tasks came and %d were taken out of %d", n, len(out), len(tasks))
	}
}

func TestFirstChecksAreSpread(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	now := time.Now()
	if got := first(now, 0, random).Sub(now); got != time.Second {
		t.Errorf("without warmup after %v, want 1 s", got)
	}
	low, high := time.Hour, time.Duration(0)
	for range 1000 {
		d := first(now, 4*time.Second, random).Sub(now)
		low, high = min(low, d), max(high, d)
	}
	if low < time.Second || low > 1100*time.Millisecond || high > 5*time.Second || high < 4900*time.Millisecond {
		t.Errorf("from %v to %v, want 1 s to 5 s", low, high)
	}
}

// Checks come each delay_loop; a failure is tried again after delay_before_retry while the server is up.
func TestTimesOfChecks(t *testing.T) {
	text := "virtual_server 10.1.0.100 80 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n real_server 10.1.0.11 80 {\n" +
		" TCP_CHECK {\n delay_loop 10\n warmup 0\n retry 2\n delay_before_retry 3\n connect_timeout 2\n }\n }\n}\n"
	inBubble(t, func(t *testing.T, n *node) {
		n.net.times = map[addrPort][]time.Time{}
		begin := time.Now()
		n.start(text)
		wait(15 * time.Second)
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(31 * time.Second)
		expectTimes(t, "refused", n.net.asked("10.1.0.11:80", begin), 1, 11, 21, 24, 27, 37)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80:")
		n.net.set("10.1.0.11:80", errBlackHole) // an answer that does not come takes two seconds more
		wait(26 * time.Second)                  // until 72
		expectTimes(t, "black hole", n.net.asked("10.1.0.11:80", begin)[6:], 47, 59, 71)
		n.stop()
	})
}

// A check costs a goroutine while it is in flight, and no more of them are than may be. The others wait their turn.
func TestChecksInFlightAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.net.times = map[addrPort][]time.Time{}
		begin := time.Now()
		for i := range 5 {
			n.net.set(fmt.Sprintf("10.1.0.%d:80", 11+i), errBlackHole)
		}
		n.start(vsWith("", "", "", "", "", ""), func(o *Options) { o.MaxInFlight = 2 })
		wait(3900 * time.Millisecond)
		var times []int
		for i := range 5 {
			for _, at := range n.net.asked(fmt.Sprintf("10.1.0.%d:80", 11+i), begin) {
				times = append(times, int(at/time.Second))
			}
		}
		counts := map[int]int{}
		for _, at := range times {
			counts[at]++
		}
		if counts[1] != 2 || counts[2] != 2 || counts[3] != 2 {
			t.Errorf("checks by second: %v, want 2 in each", counts)
		}
		if got := n.lines.take(); strings.Count(got, "checks start late") != 1 {
			t.Errorf("lines:\n%s", got)
		}
		n.stop()
	})
}

// A check that cannot be made changes nothing, and is said once until it can.
func TestChecksThatCannotBeMade(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.start(vsWith("", "", ""))
		wait(1500 * time.Millisecond)
		n.lines.take()
		n.net.set("10.1.0.11:80", syscall.EADDRNOTAVAIL)
		n.net.set("10.1.0.12:80", syscall.EMFILE)
		wait(10 * time.Second)
		got := strings.Split(sorted(n.lines.take()), "\n")
		if len(got) != 2 || !strings.HasPrefix(got[1], "no file descriptors are left, checks are put off: ") || got[0] != "TCP_CHECK on service "+
			"[10.1.0.11]:tcp:80 cannot be made, it counts as neither passed nor failed: connecting: dial: cannot assign requested address" {
			t.Errorf("lines: %q", got)
		}
		n.net.set("10.1.0.11:80", nil)
		wait(2 * time.Second)
		n.net.set("10.1.0.11:80", syscall.EADDRNOTAVAIL)
		wait(2 * time.Second)
		if got := n.lines.take(); strings.Count(got, "cannot be made") != 1 {
			t.Errorf("lines:\n%s", got)
		}
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1")
		n.stop()
	})
}
