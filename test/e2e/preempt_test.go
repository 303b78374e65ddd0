package e2e

import (
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestPreemption starts the second server while the first is Master, and
// looks who is Master in the end.
func TestPreemption(t *testing.T) {
	t.Parallel()
	d := dialects[1]
	for name, c := range map[string]struct {
		priority int
		extra    string
		takes    bool
		// least is how long the second one must wait at least.
		least time.Duration
	}{
		"higher priority":         {high, "", true, 0},
		"higher, nopreempt":       {high, "nopreempt\n", false, 0},
		"higher, preempt_delay 1": {high, "preempt_delay 1\n", true, time.Second},
		"equal priority":          {low, "", false, 0},
		"lower priority":          {low - 1, "", false, 0},
		"owner":                   {255, "", true, 0},
	} {
		for role, programs := range roles() {
			t.Run(name+" "+role, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, d)
				web1, web2 := n.web[0], n.web[1]
				n.start(web1, programs[0], d.config("BACKUP", low))
				n.holder(web1, d.masterDown(low))
				mark, began := n.Frames.Len(), time.Now()
				second := n.start(web2, programs[1], d.instance("VI_1", vrid, "BACKUP", c.priority, vip.String(), c.extra))
				if !c.takes {
					_, err := second.WaitLine(n.context(d.interval), 0, "Entering BACKUP STATE")
					n.must(err)
					n.must(lab.Pass(t.Context(), 2*d.masterDown(low)))
					if sent := n.adverts(mark, web2, vrid); len(sent) > 0 {
						t.Errorf("it sent %d adverts, want none", len(sent))
					}
					n.holder(web1, 0)
					return
				}
				first := n.advert(mark, web2, c.least+d.masterDown(c.priority), "an advert", lives)
				if waited := first.Time.Sub(began); waited < c.least {
					t.Errorf("it took over after %v, want at least %v", waited, c.least)
				}
				n.holder(web2, d.interval)
			})
		}
	}
}

// TestEqualPriorityByAddress makes two servers of one priority Masters at the
// same time: the one with the higher address stays (RFC 9568 section 6.4.3).
func TestEqualPriorityByAddress(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		for role, programs := range roles() {
			t.Run(d.name+" "+role, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, d)
				web1, web2 := n.web[0], n.web[1]
				n.start(web1, programs[0], d.config("BACKUP", low))
				n.holder(web1, d.masterDown(low))
				n.must(web2.Isolate())
				n.start(web2, programs[1], d.config("BACKUP", low))
				n.holds(web2, d.masterDown(low))
				n.must(web2.Rejoin())
				n.holder(web2, d.interval)
			})
		}
	}
}
