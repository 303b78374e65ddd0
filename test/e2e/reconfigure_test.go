package e2e

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// reconfigured starts a daemon with a configuration and waits until it is
// Master. It returns marks in the frames and in its output.
func (n *network) reconfigured(host *lab.Host, config string) (d *lab.Daemon, frames, lines int) {
	n.t.Helper()
	d = n.start(host, ours, config)
	n.holds(host, n.dialect.masterDown(high))
	n.must(second(n, n.Frames.Len()))
	return d, n.Frames.Len(), d.Lines.Len()
}

// reload gives a daemon another file and waits for its verdict.
func (n *network) reload(d *lab.Daemon, config, verdict string) {
	n.t.Helper()
	mark := d.Lines.Len()
	n.must(d.Reconfigure(config))
	_, err := d.WaitLine(n.context(time.Second), mark, verdict)
	n.must(err)
}

// steady checks that an instance has sent on all the time since a mark: no peer
// would have taken over, whatever else the machine had to do.
func (n *network) steady(mark int, host *lab.Host, id uint8) {
	n.t.Helper()
	n.must(twentyMore(n, n.Frames.Len()))
	if gap, limit := widest(n.adverts(mark, host, id)), n.dialect.masterDown(high); gap > limit {
		n.t.Errorf("router %d is silent for %v, want at most %v", id, gap, limit)
	}
}

// TestReloadRefusals keeps what runs when the new file is broken, or cannot
// work here. Every fault is said, with its place, and the failure once.
func TestReloadRefusals(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	d := dialects[1]
	other := d.config("MASTER", high-1)
	second := func(from, to string) string {
		return strings.ReplaceAll(strings.ReplaceAll(d.instance("VI_2", vrid+1, "BACKUP", low, "192.168.4.81", ""), "VI_1", "VI_2"), from, to)
	}
	for name, row := range map[string]struct {
		config string
		says   []string
	}{
		"a brace too few":            {strings.TrimSuffix(other, "}\n"), []string{"keepalived.conf:"}},
		"a brace too many":           {other + "}\n", []string{"keepalived.conf:12:"}},
		"an open quote":              {other + "vrrp_script s {\nscript \"/bin/true\n}\n", []string{"keepalived.conf:13:"}},
		"a NUL":                      {other + "a\x00b\n", []string{"keepalived.conf:12:"}},
		"a missing include":          {other + "include " + lab.Dir + "/none.conf\n", []string{"none.conf"}},
		"a missing interface":        {other + second("eth0", "eth9"), []string{"eth9"}},
		"a missing parameter":        {strings.Replace(other, "priority 99", "priority", 1), []string{"keepalived.conf:"}},
		"an address on no interface": {strings.Replace(other, vip.String(), vip.String()+" dev eth9", 1), []string{"eth9"}},
		"two faults":                 {"include " + lab.Dir + "/one.conf\n" + other + "include " + lab.Dir + "/two.conf\n", []string{"one.conf", "two.conf"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, d)
			web := n.web[0]
			daemon, mark, lines := n.reconfigured(web, d.config("MASTER", high))
			changes := web.Addresses.Len()
			n.reload(daemon, row.config, "Reload failed")
			n.steady(mark, web, vrid)
			for _, f := range n.adverts(mark, web, vrid) {
				if a, _ := f.Advert(); a.Priority != high {
					t.Fatalf("priority %d is sent, want %d as before", a.Priority, high)
				}
			}
			for _, c := range web.Addresses.Since(changes) {
				if c.Address.Is4() {
					t.Errorf("address %v has changed: there %v", c.Address, c.Present)
				}
			}
			var said []string
			for _, l := range daemon.Lines.Since(lines) {
				said = append(said, l.Text)
			}
			for _, word := range row.says {
				if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, word) }) {
					t.Errorf("no line has %q:\n%s", word, strings.Join(said, "\n"))
				}
			}
			if failures := strings.Count(strings.Join(said, "\n"), "Reload failed"); failures != 1 {
				t.Errorf("the failure is reported %d times", failures)
			}
			n.reload(daemon, other, "Reload complete")
			n.advert(n.Frames.Len(), web, d.interval, "the new priority", func(a lab.Advert) bool { return a.Priority == high-1 })
			n.stop(daemon)
			n.nothingLeft(web)
		})
	}
}

// TestReloadWarnings applies a file with faulty values, as upstream does, and
// says what is wrong.
func TestReloadWarnings(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	daemon, _, lines := n.reconfigured(web, d.config("MASTER", high))
	n.reload(daemon, strings.Replace(d.config("MASTER", high-1), "priority", "garp_master_repeat many\nno_such_word\npriority", 1), "Reload complete")
	n.advert(n.Frames.Len(), web, d.interval, "the new priority", func(a lab.Advert) bool { return a.Priority == high-1 })
	for _, word := range []string{"many", "no_such_word"} {
		_, err := daemon.WaitLine(n.context(time.Second), lines, word)
		n.must(err)
	}
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestReloadDifferences changes one instance while another one runs beside it
// and notices nothing.
func TestReloadDifferences(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	const id = 60
	address := netip.MustParseAddr("192.168.4.90")
	n := newNetwork(t, d)
	web := n.web[0]
	kept := d.config("MASTER", high)
	changing := func(priority int, addresses, extra string) string {
		return kept + d.instance("VI_2", id, "MASTER", priority, addresses, extra)
	}
	of := func(match func(lab.Advert) bool) func(lab.Advert) bool {
		return func(a lab.Advert) bool { return a.VRID == id && match(a) }
	}
	there := func(want bool, all ...netip.Addr) {
		t.Helper()
		for _, a := range all {
			n.must(lab.Until(n.context(d.masterDown(high)), fmt.Sprintf("%v: %v", a, want), func() error {
				has, err := web.Holds(a)
				if err == nil && has != want {
					err = errors.New("it is not so")
				}
				return err
			}))
		}
	}
	daemon, mark, lines := n.reconfigured(web, kept)
	changes := web.Addresses.Len()
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)

	n.reload(daemon, changing(high, address.String(), ""), "Reload complete")
	there(true, address)

	at := n.Frames.Len()
	n.reload(daemon, changing(high+20, address.String(), ""), "Reload complete")
	n.advert(at, web, d.interval, "the new priority", of(func(a lab.Advert) bool { return a.Priority == high+20 }))

	more := netip.MustParseAddr("192.168.4.91")
	at = n.Frames.Len()
	n.reload(daemon, changing(high, address.String()+"\n"+more.String(), ""), "Reload complete")
	there(true, address, more)
	n.advert(at, web, d.interval, "two addresses", of(func(a lab.Advert) bool { return len(a.Addresses) == 2 }))
	n.reload(daemon, changing(high, more.String(), ""), "Reload complete")
	there(false, address)
	there(true, more)

	slow := kept + strings.Replace(d.instance("VI_2", id, "MASTER", high, more.String(), ""), "advert_int 0.1", "advert_int 0.3", 1)
	n.reload(daemon, slow, "Reload complete")
	at = n.Frames.Len()
	n.must(twentyMore(n, at))
	sent := n.adverts(at, web, id)
	for i := 2; i < len(sent); i++ { // the first one may have been due at the old interval
		if gap := sent[i].Time.Sub(sent[i-1].Time); gap < 250*time.Millisecond || gap > 450*time.Millisecond {
			t.Errorf("%v between two adverts, want 300 ms", gap)
		}
	}
	if len(sent) < 3 {
		t.Errorf("%d adverts among twenty of a faster instance", len(sent))
	}

	at = n.Frames.Len()
	n.reload(daemon, kept, "Reload complete")
	n.advert(at, web, d.interval, "priority 0", of(func(a lab.Advert) bool { return a.Priority == 0 }))
	there(false, address, more)

	n.steady(mark, web, vrid)
	for _, f := range n.adverts(mark, web, vrid) {
		if a, _ := f.Advert(); a.Priority != high || len(a.Addresses) != 1 {
			t.Errorf("the other instance sends priority %d, %d addresses", a.Priority, len(a.Addresses))
		}
	}
	for _, c := range web.Addresses.Since(changes) {
		if c.Address == vip {
			t.Errorf("the address of the other instance has changed: there %v", c.Present)
		}
	}
	for _, l := range daemon.Lines.Since(lines) {
		if strings.Contains(l.Text, "(VI_1)") {
			t.Errorf("the other instance has something to say: %s", l.Text)
		}
	}
	if now, err := daemon.VRRPChild(n.context(time.Second), 0); err != nil || now != child {
		t.Errorf("process %d has become %d, %v", child, now, err)
	}
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestReloadUnchanged reloads a file that is the same: nothing is written to
// the kernel, and nothing sent but the adverts that were due.
func TestReloadUnchanged(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	config := d.instance("VI_1", vrid, "MASTER", high, vip.String(), "garp_master_delay 0\n")
	daemon, _, _ := n.reconfigured(web, config)
	n.must(twentyMore(n, n.Frames.Len()))
	mark, changes := n.Frames.Len(), web.Addresses.Len()
	for range 5 {
		n.reload(daemon, config, "Reload complete")
	}
	n.steady(mark, web, vrid)
	for _, f := range n.Frames.Since(mark) {
		if a, ok := f.ARP(); ok && f.From == web.Name {
			t.Errorf("an ARP frame for %v was sent", a.SenderAddr)
		}
	}
	sent := n.adverts(mark, web, vrid)
	// One that was late is close to the next one, which keeps its time; but there are no more than there are slots.
	if slots := int(sent[len(sent)-1].Time.Sub(sent[0].Time)/d.interval) + 2; len(sent) > slots {
		t.Errorf("%d adverts in %d slots", len(sent), slots)
	}
	for _, c := range web.Addresses.Since(changes) {
		if c.Address.Is4() {
			t.Errorf("address %v: there %v", c.Address, c.Present)
		}
	}
	n.stop(daemon)
}

// TestFirstInstance adds an instance to a daemon that has nothing to run, and
// refuses one that cannot run without ending what there is.
func TestFirstInstance(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	daemon := n.start(web, ours, "global_defs {\n}\n")
	_, err := daemon.WaitLine(n.context(time.Second), 0, "Startup complete")
	n.must(err)
	n.reload(daemon, strings.ReplaceAll(d.config("MASTER", high), "eth0", "eth9"), "Reload failed")
	n.reload(daemon, d.config("MASTER", high), "Reload complete")
	n.holds(web, d.masterDown(high))
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestReloadAndCrash reloads at the moment at which the child dies. Either
// file may be in force afterwards, but one child runs, and the next reload is
// taken.
func TestReloadAndCrash(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	d := dialects[1]
	n := newNetwork(t, d)
	web := n.web[0]
	daemon, _, _ := n.reconfigured(web, d.config("MASTER", high))
	child := 0
	var err error
	for i := range 6 { // fewer than start a pause between two children
		child, err = daemon.VRRPChild(n.context(time.Second), child)
		n.must(err)
		said := daemon.Lines.Len()
		n.must(daemon.Reconfigure(d.config("MASTER", high+1+i)))
		if i%2 == 1 {
			_, err = daemon.WaitLine(n.context(time.Second), said, "Reload")
			n.must(err)
		}
		n.must(unix.Kill(child, unix.SIGKILL))
	}
	_, err = daemon.VRRPChild(n.context(time.Second), child)
	n.must(err)
	mark := n.Frames.Len()
	n.must(daemon.Reconfigure(d.config("MASTER", high+50)))
	n.advert(mark, web, d.masterDown(high), "the newest priority", func(a lab.Advert) bool { return a.Priority == high+50 })
	tree, err := web.Tree(daemon.Pid())
	n.must(err)
	if len(tree) != 2 {
		t.Errorf("%d processes, want 2: %v", len(tree), tree)
	}
	n.stop(daemon)
	n.nothingLeft(web)
}

// TestReloadWithAllProcesses reloads a daemon that has every process, of which one has nothing to do: it is not refused,
// whether the kernel has ip_vs or not.
func TestReloadWithAllProcesses(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, quick, "--all")
	n.holds(web, time.Second)
	_, err := daemon.WaitLine(n.context(time.Second), 0, "Startup complete")
	n.must(err)
	n.roles(web, daemon.Pid(), "", "checker", "vrrp")
	for _, priority := range []uint8{200, 201} {
		mark, said := n.Frames.Len(), daemon.Lines.Len()
		n.must(daemon.Reconfigure(strings.Replace(quick, "priority 255", fmt.Sprint("priority ", priority), 1)))
		_, err = daemon.WaitLine(n.context(time.Second), said, "Reload complete")
		n.must(err)
		n.advert(mark, web, time.Second, "an advert of the new priority", func(a lab.Advert) bool { return a.Priority == priority })
	}
	n.roles(web, daemon.Pid(), "", "checker", "vrrp")
	if strings.Contains(daemon.Output(), "Respawning") {
		t.Errorf("a process has died:\n%s", daemon.Output())
	}
	n.stop(daemon)
}
