package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// frrStyle is a way to speak VRRP with FRR.
type frrStyle struct {
	name string
	ours style
}

var frrStyles = []frrStyle{
	{"v2", style{"", unauthenticated, [2]string{}, fourVIPs, nil, false}},
	{"v3", style{"", fast, [2]string{}, fourVIPs, nil, false}},
	{"v3 with a VMAC", style{"", fast, both("use_vmac\n"), fourVIPs, nil, false}},
	{"IPv6", style{"", fast, [2]string{}, sixVIPs, nil, false}},
}

// config is the one of FRR.
func (s frrStyle) config(priority int) string {
	text := fmt.Sprintf("interface eth0\n vrrp %d version %d\n vrrp %d priority %d\n vrrp %d advertisement-interval %d\n", vrid, s.ours.dialect.version,
		vrid, priority, vrid, s.ours.dialect.interval.Milliseconds())
	for _, a := range s.ours.addresses() {
		family := "ip"
		if a.Is6() {
			family = "ipv6"
		}
		text += fmt.Sprintf(" vrrp %d %s %s\n", vrid, family, a)
	}
	return text
}

// frrHost makes the interface on which FRR has the addresses.
func (n *network) frrHost(s frrStyle, host *lab.Host) {
	n.t.Helper()
	ctx := n.context(time.Second)
	n.must(host.IP(ctx, "link add vrrp-%d link eth0 type macvlan mode bridge", vrid))
	n.must(host.IP(ctx, "link set vrrp-%d address %s", vrid, s.ours.virtualMAC()))
	n.must(host.Sysctl(ctx, fmt.Sprintf("net/ipv6/conf/vrrp-%d/addr_gen_mode", vrid), "1"))
	for _, a := range s.ours.addresses() {
		if a.Is6() {
			n.must(host.IP(ctx, "addr add %s/64 dev vrrp-%d nodad", a, vrid))
		} else {
			n.must(host.IP(ctx, "addr add %s/24 dev vrrp-%d", a, vrid))
		}
	}
	n.must(host.IP(ctx, "link set vrrp-%d up", vrid))
}

func (n *network) frr(s frrStyle, host *lab.Host, priority int) *lab.Router {
	n.t.Helper()
	r, err := host.FRR(n.context(5*time.Second), sourceRoot, s.config(priority))
	n.must(err)
	n.t.Cleanup(func() {
		if n.t.Failed() {
			n.t.Logf("--- output of FRR:\n%s", r.Output())
		}
	})
	return r
}

// alone waits until one server has sent two adverts in a row with none of the other between them.
func (n *network) alone(host *lab.Host, span time.Duration) {
	n.t.Helper()
	row := 0
	_, err := n.Frames.Wait(n.context(span), n.Frames.Len(), host.Name+" to send alone", func(f lab.Frame) bool {
		a, ok := f.Advert()
		if !ok || !lives(a) {
			return false
		}
		if row++; f.From != host.Name {
			row = 0
		}
		return row == 3
	})
	n.must(err)
}

// faultless checks that our statistics know of no error, and that nothing was said about one.
func (n *network) faultless(host *lab.Host, d *lab.Daemon) {
	n.t.Helper()
	stats := n.dump(host, signalTo(d), unix.SIGUSR2, "keepalived.stats")
	_, errors, _ := strings.Cut(stats, "Packet Errors:")
	errors, _, _ = strings.Cut(errors, "Priority Zero:")
	for line := range strings.Lines(errors) {
		if label, count, found := strings.Cut(strings.TrimSpace(line), ": "); found && count != "0" {
			n.t.Errorf("%s is counted %s times", label, count)
		}
	}
	if counterOf(stats, "Length") != 0 {
		n.t.Errorf("the statistics are\n%s", stats)
	}
	n.quiet()
}

// TestFRR has FRR's router as the peer, in both roles: the Master is stopped, comes back, is killed and comes back.
func TestFRR(t *testing.T) {
	t.Parallel()
	for _, s := range frrStyles {
		t.Run("FRR as Backup, "+s.name, func(t *testing.T) {
			t.Parallel()
			frrBackup(newDualNetwork(t, s.ours.dialect), s)
		})
		t.Run("FRR as Master, "+s.name, func(t *testing.T) {
			t.Parallel()
			frrMaster(newDualNetwork(t, s.ours.dialect), s)
		})
	}
}

// frrTime is a time as FRR counts it, in hundredths of a second.
func frrTime(d time.Duration) time.Duration { return d.Truncate(10 * time.Millisecond) }

// believes waits until the client sends to one server what is for the addresses: FRR has the virtual MAC address, ours
// has it with a VMAC.
func (s frrStyle) believes(n *network, host *lab.Host, frr bool) {
	n.t.Helper()
	n.greet(s.ours)
	if frr || s.ours.extra[0] != "" {
		n.virtualNeighbours(s.ours, s.ours.dialect.interval)
		return
	}
	n.neighbours(s.ours, host, s.ours.dialect.interval)
}

func frrBackup(n *network, s frrStyle) {
	d, web1, web2 := s.ours.dialect, n.web[0], n.web[1]
	n.frrHost(s, web2)
	master := n.start(web1, ours, s.ours.config(0, "MASTER", high))
	n.hasFirst(s.ours, web1, d.masterDown(high))
	router := n.frr(s, web2, low)
	n.alone(web1, d.masterDown(low))
	s.believes(n, web1, false)
	mark := n.Frames.Len()
	if taken := n.adverts(0, web2, vrid); len(taken) > 0 {
		n.t.Errorf("FRR has sent %d adverts", len(taken))
	}
	n.t.Log("the Master is stopped, and started again")
	n.stop(master)
	n.takeover(mark, web1, web2, farewell, frrTime(d.skew(low)))
	s.believes(n, web2, true)
	master = n.start(web1, ours, s.ours.config(0, "MASTER", high))
	n.alone(web1, 2*d.masterDown(high))
	n.hasFirst(s.ours, web1, d.interval)
	s.believes(n, web1, false)
	n.t.Log("the Master is killed, and started again")
	mark = n.Frames.Len()
	n.must(master.KillAll(n.context(time.Second)))
	n.takeover(mark, web1, web2, lives, frrTime(d.masterDown(low)))
	s.believes(n, web2, true)
	master = n.start(web1, ours, s.ours.config(0, "MASTER", high))
	n.alone(web1, 2*d.masterDown(high))
	n.faultless(web1, master)
	n.stop(master)
	n.must(router.Stop(n.context(time.Second)))
}

func frrMaster(n *network, s frrStyle) {
	d, web1, web2 := s.ours.dialect, n.web[0], n.web[1]
	n.frrHost(s, web1)
	router := n.frr(s, web1, high)
	n.advert(0, web1, d.masterDown(high), "an advert", lives)
	backup := n.start(web2, ours, s.ours.config(1, "BACKUP", low))
	n.says(backup, "(VI_1) Entering BACKUP STATE", d.masterDown(low))
	n.alone(web1, d.masterDown(low))
	n.nobodyOn(s.ours, web2, d.interval)
	s.believes(n, web1, true)
	mark := n.Frames.Len()
	n.t.Log("the Master is stopped, and started again")
	n.must(router.Stop(n.context(time.Second)))
	n.takeover(mark, web1, web2, farewell, d.skew(low))
	n.hasFirst(s.ours, web2, d.interval)
	n.alone(web2, d.masterDown(low))
	s.believes(n, web2, false)
	router = n.frr(s, web1, high)
	n.alone(web1, 2*d.masterDown(high))
	n.nobodyOn(s.ours, web2, d.interval)
	s.believes(n, web1, true)
	n.t.Log("the Master is killed, and started again")
	mark = n.Frames.Len()
	n.must(router.Kill(n.context(time.Second)))
	n.takeover(mark, web1, web2, lives, d.masterDown(low))
	n.hasFirst(s.ours, web2, d.interval)
	router = n.frr(s, web1, high)
	n.alone(web1, 2*d.masterDown(high))
	n.nobodyOn(s.ours, web2, d.interval)
	n.faultless(web2, backup)
	n.stop(backup)
	n.must(router.Stop(n.context(time.Second)))
}

// nobodyOn waits until a server has none of the addresses.
func (n *network) nobodyOn(s style, host *lab.Host, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), "the addresses to leave "+host.Name, func() error {
		for _, a := range s.addresses() {
			if has, err := host.Holds(a); err != nil || has {
				return errors.Join(fmt.Errorf("%s has %s", host.Name, a), err)
			}
		}
		return nil
	}))
}

// TestFRROtherChecksum has ours send the checksum of version 3 without the pseudo-header, which FRR has in its own: its
// adverts are accepted all the same, which is said once. (Later versions than Debian's have a setting for it.)
func TestFRROtherChecksum(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	s := frrStyle{ours: style{"", fast, both("v3_checksum_as_v2\n"), fourVIPs, nil, false}}
	n := newDualNetwork(t, s.ours.dialect)
	n.frrHost(s, n.web[0])
	n.frr(s, n.web[0], high)
	n.advert(0, n.web[0], s.ours.dialect.masterDown(high), "an advert", lives)
	backup := n.start(n.web[1], ours, s.ours.config(1, "BACKUP", low))
	n.says(backup, "192.168.4.100 sends another form of the VRRPv3 checksum than this router, it is accepted", s.ours.dialect.interval)
	n.must(twentyMore(n, n.Frames.Len()))
	if taken := n.adverts(0, n.web[1], vrid); len(taken) > 0 {
		t.Errorf("ours became Master beside it: %d adverts", len(taken))
	}
	if said := strings.Count(backup.Output(), "another form"); said != 1 {
		t.Errorf("said %d times", said)
	}
}
