package netif

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// sequences is how many random sequences of changes the monitor is put through, stepsEach how many changes one has at
// most.
const (
	sequences = 1000
	stepsEach = 12
)

// disturber changes links and addresses at random. It knows nothing of what there is: what cannot be done is left out.
type disturber struct {
	random *rand.Rand
	kernel *netlink.Handle
	done   []string // what was done in this sequence
	count  int
}

// names of links; a pair is born with two of them, and any of them may be given to any other link.
var names = []string{"a0", "a1", "b0", "b1", "c0", "c1"}

func (d *disturber) name() string { return names[d.random.IntN(len(names))] }

// link is some link that may be changed, if there is one of that name.
func (d *disturber) link() netlink.Link {
	l, err := d.kernel.LinkByName(d.name())
	if err != nil {
		return nil
	}
	return l
}

func (d *disturber) address() *netlink.Addr {
	n := byte(d.random.IntN(4))
	if d.random.IntN(3) == 0 {
		ip := net.IP{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n}
		return &netlink.Addr{IPNet: &net.IPNet{IP: ip, Mask: net.CIDRMask(64, 128)}, Flags: unix.IFA_F_NODAD}
	}
	return &netlink.Addr{IPNet: &net.IPNet{IP: net.IP{10, 0, 0, n}, Mask: net.CIDRMask(24, 32)}}
}

// step makes one change. Births and deaths are few: the kernel takes its time over them.
func (d *disturber) step() {
	kind, l := d.random.IntN(40), d.link()
	var err error
	what := "nothing"
	switch {
	case kind < 3:
		attrs := netlink.NewLinkAttrs()
		attrs.Name = d.name()
		pair := &netlink.Veth{LinkAttrs: attrs, PeerName: d.name()}
		what, err = fmt.Sprintf("add %s and %s", attrs.Name, pair.PeerName), d.kernel.LinkAdd(pair)
	case l == nil:
	case kind == 3:
		what, err = "delete "+l.Attrs().Name, d.kernel.LinkDel(l)
	case kind < 8:
		to := d.name()
		what, err = fmt.Sprintf("name %s %s", l.Attrs().Name, to), d.kernel.LinkSetName(l, to)
	case kind < 14:
		what, err = "up "+l.Attrs().Name, d.kernel.LinkSetUp(l)
	case kind < 20:
		what, err = "down "+l.Attrs().Name, d.kernel.LinkSetDown(l)
	case kind < 31:
		a := d.address()
		what, err = fmt.Sprintf("add %s to %s", a.IPNet, l.Attrs().Name), d.kernel.AddrAdd(l, a)
	default:
		a := d.address()
		what, err = fmt.Sprintf("take %s off %s", a.IPNet, l.Attrs().Name), d.kernel.AddrDel(l, a)
	}
	if err == nil {
		d.done = append(d.done, what)
		d.count++
	}
}

// TestMonitorConverges changes links and addresses at random, sequence after sequence. After each one the view of the
// monitor comes to be what a fresh reading gives, with or without notifications that were lost.
func TestMonitorConverges(t *testing.T) {
	for _, row := range []struct {
		name  string
		small bool // the socket has hardly any room
	}{{"room", false}, {"no room", true}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			enterNamespace(t)
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			kernel, err := netlink.NewHandle(unix.NETLINK_ROUTE)
			if err != nil {
				t.Fatal(err)
			}
			defer kernel.Close()
			d := &disturber{random: rand.New(rand.NewPCG(seed, 0)), kernel: kernel}
			m, states := follow(t)
			seen := &view{states: states}
			if row.small {
				shrink(t, m)
			}
			began := time.Now()
			for n := range sequences / 2 {
				d.done = d.done[:0]
				for range 1 + d.random.IntN(stepsEach) {
					d.step()
				}
				if s := seen.settles(t); s != "" {
					t.Fatalf("sequence %d: the view is not what there is\n%s\nafter %q", n, s, d.done)
				}
			}
			t.Logf("%d changes in %v", d.count, time.Since(began).Round(time.Millisecond))
			if row.small && dropped(t, m) == 0 {
				t.Error("nothing was lost: the test does not test")
			}
		})
	}
}

// follow starts a monitor, which puts the newest view into the channel.
func follow(t *testing.T) (*Monitor, <-chan State) {
	t.Helper()
	newest := make(chan State, 1)
	m, err := Watch(func(s State, err error) {
		if err != nil {
			t.Errorf("reported error: %v", err)
			return
		}
		select {
		case <-newest:
		default:
		}
		newest <- s
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, newest
}

// shrink leaves the monitor's socket room for one notification.
func shrink(t *testing.T, m *Monitor) {
	t.Helper()
	var err error
	if e := m.raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
}

// view is what the monitor has told last.
type view struct {
	states <-chan State
	last   State
}

// settles waits until the view is what a fresh reading gives. It returns both where that does not come.
func (v *view) settles(t *testing.T) string {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond) // what was read may have been a moment that the monitor did not see
	defer again.Stop()
	for {
		now, err := Read()
		if err != nil {
			t.Fatal(err)
		}
		if now.Equal(v.last) {
			return ""
		}
		select {
		case v.last = <-v.states:
		case <-again.C:
		case <-deadline.C:
			return fmt.Sprintf("view: %+v\nkernel: %+v", v.last.ByIndex, now.ByIndex)
		}
	}
}
