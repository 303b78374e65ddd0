package e2e

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestReloadAddress adds an address, and takes it off again, while the
// instance stays Master and silent for no longer than usual.
func TestReloadAddress(t *testing.T) {
	t.Parallel()
	extra := netip.MustParseAddr("192.168.4.90")
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web := n.web[0]
			without := d.config("MASTER", high)
			with := d.instance("VI_1", vrid, "MASTER", high, vip.String(), "virtual_ipaddress_excluded {\n"+extra.String()+"\n}\n")
			daemon := n.start(web, p, without)
			n.holds(web, d.masterDown(high))
			mark, changes := n.Frames.Len(), web.Addresses.Len()
			for _, step := range []struct {
				config string
				want   bool
			}{{with, true}, {without, false}} {
				n.must(daemon.Reconfigure(step.config))
				n.must(lab.Until(n.context(time.Second), "the reload", func() error {
					has, err := web.Holds(extra)
					if err == nil && has != step.want {
						err = fmt.Errorf("the address is there: %v", has)
					}
					return err
				}))
			}
			n.must(second(n, n.Frames.Len()))
			for _, c := range web.Addresses.Since(changes) {
				if c.Address == vip && !c.Present {
					t.Error("the other address was taken off")
				}
			}
			if gap, limit := widest(n.adverts(mark, web, vrid)), d.interval+100*time.Millisecond; gap > limit {
				t.Errorf("silent for %v, want at most %v", gap, limit)
			}
		})
	}
}

// TestReloadOfBrokenFile sends SIGHUP after the file was damaged: what runs
// goes on. (Debian's program ends.)
func TestReloadOfBrokenFile(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	d := dialects[1]
	for name, broken := range map[string]string{
		"brace missing": d.config("MASTER", high-1) + "vrrp_instance VI_2 {\n",
		"include":       "include /nowhere/at/all.conf\n" + d.config("MASTER", high-1),
		"NUL":           d.config("MASTER", high-1) + "\x00\n",
		"empty":         "# nothing yet\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, d)
			web := n.web[0]
			daemon := n.start(web, ours, d.config("MASTER", high))
			n.holds(web, d.masterDown(high))
			mark, said := n.Frames.Len(), daemon.Lines.Len()
			n.must(daemon.Reconfigure(broken))
			_, err := daemon.WaitLine(n.context(time.Second), said, "eload")
			n.must(err)
			n.must(twentyMore(n, n.Frames.Len()))
			for _, f := range n.adverts(mark, web, vrid) {
				if a, _ := f.Advert(); a.Priority != high {
					t.Errorf("priority %d, want %d as before", a.Priority, high)
				}
			}
			if gap, limit := widest(n.adverts(mark, web, vrid)), d.interval+100*time.Millisecond; gap > limit {
				t.Errorf("silent for %v, want at most %v", gap, limit)
			}
			// A good file is taken afterwards.
			n.must(daemon.Reconfigure(d.config("MASTER", high-1)))
			n.advert(n.Frames.Len(), web, d.interval, "the new priority", func(a lab.Advert) bool { return a.Priority == high-1 })
		})
	}
}

// TestInterfaceAddressLate starts on an interface without an address, which
// comes later and goes again.
func TestInterfaceAddressLate(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web := n.web[0]
			n.must(web.RemoveAddress(web.Address))
			n.start(web, p, d.config("MASTER", high))
			n.must(lab.Pass(t.Context(), 2*d.masterDown(high)))
			if has, err := web.Holds(vip); err != nil || has {
				t.Errorf("it became Master without an address: %v, %v", has, err)
			}
			n.must(web.AddAddress(web.Address))
			n.holds(web, d.masterDown(high))
			n.must(web.RemoveAddress(web.Address))
			n.must(lab.Until(n.context(d.interval), "the address to go", func() error {
				has, err := web.Holds(vip)
				if err == nil && has {
					err = errors.New("it is there")
				}
				return err
			}))
		})
	}
}
