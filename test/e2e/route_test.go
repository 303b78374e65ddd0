package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// virtualRoutes use what routes of both families can have, as far as the kernel of most machines takes it.
const virtualRoutes = `
10.1.0.0/24 via 192.168.4.5 dev eth0
10.2.0.0/24 via 192.168.4.5 metric 50
src 192.168.4.100 to 10.3.0.0/24 via 192.168.4.5 dev eth0
10.4.0.0/24 dev eth0 scope link
10.5.0.0/24 via 192.168.4.5 table 100
default via 192.168.4.5 table 101
blackhole 10.6.0.0/24
unreachable 10.7.0.0/24
prohibit 10.8.0.0/24 table 102
throw 10.9.0.0/24 table 102
10.10.0.0/24 via 192.168.4.5 dev eth0 mtu 1400 advmss 1300
10.11.0.0/24 via 192.168.4.5 dev eth0 mtu lock 1300 window 20000
10.12.0.0/24 via 192.168.4.5 dev eth0 initcwnd 20 initrwnd 30 cwnd 10
10.13.0.0/24 via 192.168.4.5 dev eth0 rtt 100ms rttvar 50ms rto_min 200ms
10.14.0.0/24 via 192.168.4.5 dev eth0 tos 0x10
10.15.0.0/24 via 172.16.9.9 dev eth0 onlink
10.16.0.0/24 nexthop via 192.168.4.5 dev eth0 weight 2 nexthop via 192.168.4.200 dev eth0 weight 1
10.17.0.0/24 via 192.168.4.5 dev eth0 congctl cubic
10.18.0.0/24 via 192.168.4.5 dev eth0 quickack 1 features ecn
10.19.0.0/24 via 192.168.4.5 dev eth0 no_track
10.20.0.0/24 via 192.168.4.5 dev eth0 reordering 5 hoplimit 33 ssthresh 7
fd10::/64 via fd00::5 dev eth0
fd11::/64 dev eth0 metric 77
fd12::/64 via fd00::5 dev eth0 mtu 1300 pref high
blackhole fd13::/64
default via fd00::5 dev eth0 table 100
`

const virtualRules = `
from 10.1.0.0/24 table 100
to 10.2.0.0/24 table 100 priority 1001
from 10.3.0.0/24 to 10.4.0.0/24 table 101 priority 1002
iif eth0 table 100 priority 1003
oif eth0 table 100 priority 1004
fwmark 5 table 100 priority 1005
fwmark 6/0xff table 100 priority 1006
from 10.5.0.0/24 blackhole priority 1007
from 10.6.0.0/24 unreachable priority 1008
from 10.7.0.0/24 prohibit priority 1009
from 10.8.0.0/24 table 100 tos 0x10 priority 1010
from 10.9.0.0/24 goto 32766 priority 1011
not from 10.10.0.0/24 table 100 priority 1012
uidrange 100-200 table 100 priority 1013
ipproto tcp sport 10-20 dport 80-90 table 100 priority 1014
from 10.11.0.0/24 table 100 suppress_prefixlength 8 priority 1015
from fd10::/64 table 100 priority 1016
from 10.12.0.0/24 table 100 no_track priority 1017
`

// routed is the configuration of a server with routes and rules, and static ones beside them.
func (n *network) routed(routes, rules string) string {
	return "static_ipaddress {\n10.99.0.1/24 dev eth0\n}\nstatic_routes {\n10.98.0.0/24 via 192.168.4.5 dev eth0\n}\n" +
		"static_rules {\nfrom 10.97.0.0/24 table 97 priority 900\n}\n" +
		n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "virtual_routes {"+routes+"}\nvirtual_rules {"+rules+"}\n")
}

// policyOf is what the kernel of a host has of routes and rules that keepalived may have made. A family that is the
// kernel's own business (link-local and multicast routes) comes and goes by itself and is left out.
func (n *network) policyOf(host *lab.Host) []string {
	n.t.Helper()
	var all []string
	for _, command := range []string{
		"-4 route show table all proto 18", "-6 route show table all proto 18", "-4 rule show", "-6 rule show", "-4 addr show dev eth0 scope global",
	} {
		for line := range strings.Lines(n.ip(host, command)) {
			words := strings.Fields(line)
			if line = strings.Join(words, " "); strings.Contains(command, "addr") && words[0] != "inet" || strings.Contains(line, "valid_lft") {
				continue
			}
			all = append(all, strings.Fields(command)[0]+" "+line)
		}
	}
	slices.Sort(all)
	return all
}

// settles waits until the kernel has the routes and rules that are wanted.
func (n *network) settles(host *lab.Host, what string, want func([]string) error) {
	n.t.Helper()
	n.must(lab.Until(n.context(n.dialect.masterDown(low)+time.Second), what, func() error { return want(n.policyOf(host)) }))
}

func sameLines(want []string) func([]string) error {
	return func(got []string) error {
		if !slices.Equal(got, want) {
			return fmt.Errorf("it has\n%s\nwant\n%s", strings.Join(without(got, want), "\n"), strings.Join(without(want, got), "\n"))
		}
		return nil
	}
}

// without lists what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// someLines wants so many lines at least that contain a text.
func someLines(text string, count int) func([]string) error {
	return func(got []string) error {
		if found := strings.Count(strings.Join(got, "\n"), text); found != count {
			return fmt.Errorf("%q %d times, want %d, in\n%s", text, found, count, strings.Join(got, "\n"))
		}
		return nil
	}
}

// dualStack gives a host the address of IPv6 that routes need.
func (n *network) dualStack(host *lab.Host) {
	n.t.Helper()
	n.must(host.IP(n.context(0), "address add fd00::100/64 dev eth0 nodad"))
}

// TestRoutes has both programs put the same routes and rules into the kernel as Master, take them out when they leave,
// and leave nothing at the end.
func TestRoutes(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	var master, fault [2][]string
	for i, p := range []lab.Program{ours, peer} {
		host := n.web[0]
		n.dualStackOnce(host, i)
		before := n.policyOf(host)
		daemon := n.start(host, p, n.routed(virtualRoutes, virtualRules))
		_, err := daemon.WaitLine(n.context(n.dialect.masterDown(high)), 0, "Entering MASTER STATE")
		n.must(err)
		n.settles(host, p.Name+" to have the last rule", someLines("1017: from 10.12.0.0/24", 1))
		n.settles(host, p.Name+" to have the address", someLines("192.168.4.80/32", 1))
		master[i] = n.policyOf(host)
		n.must(daemon.Reconfigure(strings.Replace(n.routed(virtualRoutes, virtualRules), "vrrp_instance VI_1 {", "vrrp_instance VI_1 {\ntrack_interface {\neth9\n}\n", 1)))
		n.settles(host, p.Name+" to leave Master", someLines("1017: from 10.12.0.0/24", 0))
		n.settles(host, p.Name+" to take the address off", someLines("192.168.4.80/32", 0))
		fault[i] = n.policyOf(host)
		n.stop(daemon)
		n.settles(host, "nothing of "+p.Name, sameLines(before))
	}
	if len(without(master[0], fault[0])) < 40 {
		t.Errorf("there are only\n%s", strings.Join(master[0], "\n"))
	}
	for what, both := range map[string][2][]string{"Master": master, "in Fault": fault} {
		if err := sameLines(both[1])(both[0]); err != nil {
			t.Errorf("%s, compared with %s: %v", what, peer.Name, err)
		}
	}
}

// dualStackOnce prepares the host for the first program.
func (n *network) dualStackOnce(host *lab.Host, turn int) {
	n.t.Helper()
	if turn > 0 {
		return
	}
	n.dualStack(host)
	n.must(host.AddInterface("eth9"))
	n.must(host.IP(n.context(0), "link set eth9 down"))
}

// TestRoutesKept takes routes, rules and a static address of a Master away: they are put back, but for those that are not
// tracked. The death of the process changes nothing.
func TestRoutesKept(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	host := n.web[0]
	n.dualStack(host)
	before := n.policyOf(host)
	config := n.routed(virtualRoutes+"add 10.21.0.0/24 via 192.168.4.5 dev eth0\n", virtualRules)
	daemon := n.start(host, ours, config)
	n.settles(host, "the last rule", someLines("1017: from 10.12.0.0/24", 1))
	n.settles(host, "the last route", someLines("10.21.0.0/24", 1))
	whole := n.policyOf(host)
	for _, command := range []string{
		"route del 10.1.0.0/24", "route flush table 101", "-6 route del fd11::/64", "route del 10.21.0.0/24", "rule del priority 1005", "-6 rule del priority 1016",
		"route del 10.98.0.0/24", "rule del priority 900", "address del 10.99.0.1/24 dev eth0",
	} {
		n.ip(host, command)
	}
	n.settles(host, "what was removed to be back", sameLines(whole))
	n.must(host.IP(n.context(0), "route del 10.19.0.0/24"))
	n.must(host.IP(n.context(0), "route del 10.2.0.0/24"))
	n.settles(host, "all but what is not tracked to be back", sameLines(slices.DeleteFunc(slices.Clone(whole), func(s string) bool {
		return strings.Contains(s, " 10.19.0.0/24 ")
	})))

	child, err := daemon.VRRPChild(n.context(0), 0)
	n.must(err)
	said := daemon.Lines.Len()
	n.must(unix.Kill(child, unix.SIGKILL))
	_, err = daemon.WaitLine(n.context(time.Second), said, "Resuming as MASTER")
	n.must(err)
	n.settles(host, "all routes after a crash", sameLines(whole))
	for _, line := range daemon.Lines.Since(said) {
		if strings.Contains(line.Text, "adding") || strings.Contains(line.Text, "exists") {
			t.Errorf("it says %s", line.Text)
		}
	}

	// A reload changes one route; no other one is touched.
	mark := n.ip(host, "-4 route show table all proto 18")
	n.reload(daemon, strings.Replace(config, "10.2.0.0/24 via 192.168.4.5 metric 50", "10.22.0.0/24 via 192.168.4.5 metric 50", 1), "Reload complete")
	n.settles(host, "another route", someLines("10.22.0.0/24", 1))
	n.settles(host, "the former route to go", someLines("10.2.0.0/24 via", 0))
	if got := strings.Count(n.ip(host, "-4 route show table all proto 18"), "\n"); got != strings.Count(mark, "\n") {
		t.Errorf("%d routes, want %d", got, strings.Count(mark, "\n"))
	}

	// All processes die: a fresh start that is no Master takes what they have left off.
	n.must(daemon.KillAll(n.context(0)))
	n.start(n.web[1], ours, n.dialect.config("MASTER", high+50))
	_, err = n.daemons[1].WaitLine(n.context(n.dialect.masterDown(high)), 0, "Entering MASTER STATE")
	n.must(err)
	again := n.start(host, ours, strings.Replace(config, "10.2.0.0/24 via 192.168.4.5 metric 50", "10.22.0.0/24 via 192.168.4.5 metric 50", 1))
	n.settles(host, "no virtual rule", someLines("1017: from 10.12.0.0/24", 0))
	n.settles(host, "no virtual route", someLines("10.22.0.0/24", 0))
	n.stop(again)
	n.settles(host, "nothing to be left", sameLines(before))
}

// TestStaticTrackGroup has an instance in Fault while a static route that it depends on cannot be put where it belongs.
func TestStaticTrackGroup(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	host := n.web[0]
	n.must(host.AddInterface("eth9"))
	n.must(host.IP(n.context(0), "address add 10.99.1.1/24 dev eth9"))
	daemon := n.start(host, ours, "track_group T {\ngroup {\nVI_1\n}\n}\nstatic_routes {\n10.98.0.0/24 via 10.99.1.2 dev eth9 track_group T\n}\n"+
		n.dialect.config("MASTER", high))
	n.holds(host, n.dialect.masterDown(high))
	mark := daemon.Lines.Len()
	n.must(host.IP(n.context(0), "link set eth9 down"))
	_, err := daemon.WaitLine(n.context(2*time.Second), mark, "Entering FAULT STATE")
	n.must(err)
	n.must(host.IP(n.context(0), "link set eth9 up"))
	n.holds(host, n.dialect.masterDown(high)+2*time.Second)
	n.settles(host, "the static route", someLines("10.98.0.0/24", 1))
	n.stop(daemon)
}

// TestPromoteSecondaries has both programs set promote_secondaries of the interface; ours puts it back, after the death of
// its process, too.
func TestPromoteSecondaries(t *testing.T) {
	t.Parallel()
	const setting = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries"
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, slow) // the next process has three seconds to go on as Master
			host := n.web[0]
			is := func(want string) {
				t.Helper()
				n.must(lab.Until(n.context(0), "promote_secondaries "+want, func() error {
					status, got, err := host.Run(n.context(0), "cat", []string{setting}, nil)
					if err == nil && (status != 0 || strings.TrimSpace(got) != want) {
						err = fmt.Errorf("it is %s", got)
					}
					return err
				}))
			}
			is("0")
			daemon := n.start(host, p, n.dialect.instance("VI_1", vrid, "MASTER", high, vip.String(), "promote_secondaries\n"))
			is("1")
			n.holds(host, n.dialect.masterDown(high))
			if p.Name == ours.Name && !checksItself() {
				child, err := daemon.VRRPChild(n.context(0), 0)
				n.must(err)
				n.must(unix.Kill(child, unix.SIGKILL))
				_, err = daemon.WaitLine(n.context(0), 0, "Resuming as MASTER")
				n.must(err)
			}
			n.stop(daemon)
			is("0")
		})
	}
}

// TestStaticAlone has nothing but a static address: both programs keep a process for it.
func TestStaticAlone(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			host := n.web[0]
			before := n.policyOf(host)
			daemon := n.start(host, p, "static_ipaddress {\n10.99.0.1/24 dev eth0\n}\n")
			n.settles(host, "the address", someLines("10.99.0.1/24", 1))
			_, err := daemon.WaitLine(n.context(0), 0, "Startup complete")
			n.must(err)
			n.stop(daemon)
			n.settles(host, "nothing to be left", sameLines(before))
		})
	}
}
