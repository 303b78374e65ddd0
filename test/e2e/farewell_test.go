package e2e

import (
	"testing"

	"keepalived-go/test/lab"
)

// TestFarewellWithoutAddress takes the base address of a Master away. It goes
// to Fault, and says so with priority 0 from the address that it had, so that
// its peer need not wait for Master_Down_Interval.
func TestFarewellWithoutAddress(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web1, web2 := n.web[0], n.web[1]
			n.start(web1, p, d.config("BACKUP", high))
			n.start(web2, ours, d.config("BACKUP", low))
			n.holder(web1, d.masterDown(high))
			mark := n.Frames.Len()
			n.must(web1.RemoveAddress(web1.Address))
			f := n.advert(mark, web1, d.interval, "a farewell", farewell)
			if a, _ := f.Advert(); a.Source != web1.Address.Addr() {
				t.Errorf("the farewell came from %v, want %v", a.Source, web1.Address)
			}
			n.holder(web2, d.masterDown(low))
		})
	}
}
