package e2e

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// paceRow is a configuration of announcements with what comes of it.
type paceRow struct {
	name, globals, group, instance string
	addresses, excluded            string
	want                           string        // last bytes of the addresses in order
	gap                            time.Duration // between two of them, at least
	ours                           bool          // Debian's program does something else
}

var paceRows = []paceRow{
	{name: "an interface", globals: "vrrp_garp_interval 0.1", instance: "garp_master_repeat 1",
		addresses: "192.168.4.80\n192.168.4.81\n192.168.4.82", want: "80 81 82", gap: 100 * time.Millisecond},
	// Debian's program announces what has waited once, however often it was to be.
	{name: "an interface, repeatedly", globals: "vrrp_garp_interval 0.05", instance: "garp_master_repeat 3", ours: true,
		addresses: "192.168.4.80\n192.168.4.81\n192.168.4.82", want: "80 81 82 80 81 82 80 81 82", gap: 50 * time.Millisecond},
	{name: "a group, with a link above its interface", globals: "vrrp_garp_interval 9", group: "garp_interval 0.15\ninterfaces {\neth0\n}",
		instance: "garp_master_repeat 1", addresses: "192.168.4.80\n192.168.4.90 dev mv0\n192.168.4.91 dev mv0",
		want: "80 90 91", gap: 150 * time.Millisecond},
	{name: "neighbour advertisements", globals: "vrrp_gna_interval 0.1", instance: "garp_master_repeat 1",
		addresses: "fe80::80\nfd00::81\nfd00::82", want: "128 129 130", gap: 100 * time.Millisecond},
	{name: "a group without an interval for the family", globals: "vrrp_gna_interval 9", group: "garp_interval 9\ninterface eth0",
		instance: "garp_master_repeat 2", addresses: "192.168.4.80", excluded: "fd00::81\nfd00::82", want: "129 130 129 130"},
	{name: "other interfaces", instance: "garp_master_repeat 1\ngarp_extra_if all 1",
		addresses: "192.168.4.80\n192.168.4.90 dev mv0\n192.168.4.91 dev mv0", want: "80 90 91 90 90"},
}

func (r paceRow) config(d dialect) string {
	text := "global_defs {\n" + r.globals + "\n}\n"
	if r.group != "" {
		text += "garp_group {\n" + r.group + "\n}\n"
	}
	extra := "garp_master_delay 0\n" + r.instance + "\n"
	if r.excluded != "" {
		extra += "virtual_ipaddress_excluded {\n" + r.excluded + "\n}\n"
	}
	return text + d.instance("VI_1", vrid, "MASTER", 255, r.addresses, extra)
}

// TestPaces compares what is announced, in which order, and for ours how far apart.
func TestPaces(t *testing.T) {
	t.Parallel()
	for _, row := range paceRows {
		for _, p := range []lab.Program{ours, peer} {
			if row.ours && (p.Name == peer.Name || checksItself()) {
				continue
			}
			t.Run(row.name+", "+p.Name, func(t *testing.T) {
				t.Parallel()
				n := newPaceNetwork(t)
				daemon := n.start(n.web[0], p, row.config(n.dialect))
				want := len(strings.Fields(row.want))
				var said []lab.Frame
				_, err := n.Frames.Wait(n.context(time.Duration(want)*time.Second), 0, row.want, func(f lab.Frame) bool {
					if a, ok := ownAnnouncement(f); ok && (a.Is6() || row.excluded == "") {
						said = append(said, f)
					}
					return len(said) == want
				})
				n.must(err)
				var got []string
				for i, f := range said {
					a, _ := ownAnnouncement(f)
					got = append(got, fmt.Sprint(a.AsSlice()[len(a.AsSlice())-1]))
					if p.Name == ours.Name && i > 0 && f.Time.Sub(said[i-1].Time) < row.gap-time.Millisecond {
						t.Errorf("announced at %v and %v, which is less than %v apart", said[i-1].Time, f.Time, row.gap)
					}
				}
				if text := strings.Join(got, " "); text != row.want {
					t.Errorf("announced %s, want %s", text, row.want)
				}
				n.stop(daemon)
			})
		}
	}
}

// newPaceNetwork has a link mv0 above eth0 on the first server.
func newPaceNetwork(t *testing.T) *network {
	n := newDualNetwork(t, fast)
	n.must(n.web[0].IP(n.context(time.Second), "link add link eth0 name mv0 type macvlan mode bridge"))
	n.must(n.web[0].Sysctl(n.context(time.Second), "net/ipv6/conf/mv0/addr_gen_mode", "1"))
	n.must(n.web[0].IP(n.context(time.Second), "link set mv0 up"))
	return n
}

// ownAnnouncement is the virtual address that a frame of the first server announces.
func ownAnnouncement(f lab.Frame) (netip.Addr, bool) {
	if f.From != "web1" {
		return netip.Addr{}, false
	}
	if a, ok := f.ARP(); ok && a.Gratuitous() {
		return a.SenderAddr, true
	}
	a, ok := f.Neighbour()
	return a.Target, ok && !a.Solicited && a.Override && a.Target != netip.MustParseAddr(linkLocals[0])
}

// TestPaceEnds stops a Master with announcements in the queue: it announces no address that has gone.
func TestPaceEnds(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newPaceNetwork(t)
			row := paceRow{globals: "vrrp_garp_interval 0.05", instance: "garp_master_repeat 100", addresses: "192.168.4.80\n192.168.4.81"}
			daemon := n.start(n.web[0], p, row.config(n.dialect))
			count := 0
			_, err := n.Frames.Wait(n.context(time.Second), 0, "the third announcement", func(f lab.Frame) bool {
				if _, ok := ownAnnouncement(f); ok {
					count++
				}
				return count == 3
			})
			n.must(err)
			mark := n.Frames.Len()
			n.stop(daemon)
			n.advert(mark, n.web[0], n.dialect.interval, "a farewell", farewell)
			for _, gone := range n.web[0].Addresses.Since(0) {
				for _, f := range n.Frames.Since(mark) {
					if a, ok := ownAnnouncement(f); ok && a == gone.Address && !gone.Present && f.Time.After(gone.Time) {
						t.Errorf("announced %v %v after it has gone", a, f.Time.Sub(gone.Time))
					}
				}
			}
		})
	}
}
