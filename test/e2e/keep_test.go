package e2e

import (
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestAddressesKept runs the first server with -V. It leaves its address at the
// end and says no goodbye; while it runs, the address is on the Master alone.
func TestAddressesKept(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web1, web2 := n.web[0], n.web[1]
			first := n.start(web1, p, d.config("BACKUP", low), "-V")
			n.holder(web1, d.masterDown(low))
			second := n.start(web2, ours, d.config("BACKUP", high))
			n.holder(web2, d.masterDown(high))
			n.stop(second)
			n.holder(web1, d.masterDown(low))
			mark := n.Frames.Len()
			n.must(first.Signal(unix.SIGTERM))
			_, _, err := first.Wait(n.context(d.interval))
			n.must(err)
			n.holder(web1, 0)
			for _, f := range n.adverts(mark, web1, vrid) {
				if a, _ := f.Advert(); farewell(a) {
					t.Error("it said goodbye")
				}
			}
			n.start(web2, ours, d.config("BACKUP", high))
			n.holds(web2, d.masterDown(high))
			// What it has left goes at the next start, since a peer is Master.
			n.start(web1, p, d.config("BACKUP", low), "-V")
			n.holder(web2, d.masterDown(high))
		})
	}
}
