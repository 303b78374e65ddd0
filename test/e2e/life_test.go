package e2e

import (
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestLife follows two servers through everything that happens to them in
// the tutorial and in operation, in both roles and both dialects.
func TestLife(t *testing.T) {
	t.Parallel()
	for role, programs := range roles() {
		for _, d := range dialects {
			t.Run(role+" "+d.name, func(t *testing.T) {
				t.Parallel()
				life(newNetwork(t, d), programs)
			})
		}
	}
}

const high, low = 100, 50

func life(n *network, programs [2]lab.Program) {
	d, web1, web2 := n.dialect, n.web[0], n.web[1]
	n.serve()
	began := time.Now()
	first := n.start(web1, programs[0], d.config("MASTER", high))
	n.holder(web1, d.masterDown(high))
	n.startBehind(web2, programs[1], d.config("BACKUP", low))
	// The client shall have an ARP entry that announcements can change.
	n.page(web1, d.interval)
	n.neighbour(web1, d.interval)

	n.t.Log("the Master's cable is cut, and mended")
	mark := n.Frames.Len()
	n.must(web1.Cut())
	n.takeover(mark, web1, web2, lives, d.masterDown(low))
	n.holder(web2, d.interval)
	n.neighbour(web2, d.interval)
	n.page(web2, d.interval)
	mark = n.Frames.Len()
	n.must(web1.Mend())
	n.advert(mark, web1, d.masterDown(high), "an advert", lives)
	n.holder(web1, d.interval)
	n.neighbour(web1, d.interval)
	n.page(web1, d.interval)

	n.t.Log("the switch drops the Master's frames, and forwards them again")
	mark = n.Frames.Len()
	n.must(web1.Isolate())
	n.advert(mark, web2, d.masterDown(low), "an advert", lives)
	n.holds(web2, d.interval)
	rejoined := time.Now()
	n.must(web1.Rejoin())
	n.holder(web1, d.interval)
	if took := time.Since(rejoined); took > d.interval+time.Second {
		n.t.Errorf("two Masters for %v after the network is whole again, want no more than %v", took, d.interval)
	}

	n.t.Log("the Master is stopped, and started again")
	mark = n.Frames.Len()
	n.stop(first)
	n.onlyHostAddresses(web1)
	n.takeover(mark, web1, web2, farewell, d.skew(low))
	n.holder(web2, d.interval)
	n.page(web2, d.interval)
	restarted := time.Now()
	first = n.start(web1, programs[0], d.config("MASTER", high))
	n.holder(web1, d.masterDown(high))
	n.page(web1, d.interval)

	n.t.Log("the Master is killed with all its processes, and started again")
	mark = n.Frames.Len()
	if both := n.together(restarted); both > d.interval {
		n.t.Errorf("both servers had the address for %v after a restart, want at most %v", both, d.interval)
	}
	n.must(first.KillAll(n.context(time.Second)))
	n.takeover(mark, web1, web2, lives, d.masterDown(low))
	n.holds(web2, d.interval)
	n.neighbour(web2, d.interval)
	again := time.Now()
	first = n.start(web1, programs[0], d.config("MASTER", high))
	n.holder(web1, d.masterDown(high))
	if took := time.Since(again); took > d.masterDown(high)+time.Second {
		n.t.Errorf("address on one host only after %v, want at most %v", took, d.masterDown(high)+time.Second)
	}
	n.page(web1, d.interval)
	for _, daemon := range []*lab.Daemon{first, n.daemons[1]} {
		n.stop(daemon)
	}
	n.onlyHostAddresses(web1)
	n.onlyHostAddresses(web2)
	n.t.Logf("a life of %.0f s", time.Since(began).Seconds())
}
