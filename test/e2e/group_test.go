package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// other is the address of the group's second member.
var other = netip.MustParseAddr("192.168.4.81")

const otherVRID = vrid + 1

// groupScripts are all notify keywords of a group.
const groupScripts = `notify "` + lab.Dir + `/notify.sh any"
notify_master "` + lab.Dir + `/notify.sh master with words"
notify_backup "` + lab.Dir + `/notify.sh backup"
notify_fault "` + lab.Dir + `/notify.sh fault"
notify_stop "` + lab.Dir + `/notify.sh stop"
`

// aside has an instance run on the interface that leads nowhere.
func aside(instance string) string {
	return strings.Replace(instance, "interface eth0", "interface eth9", 1)
}

// groupOf is a group of instances with the names VI_1 and so on.
func groupOf(extra string, instances ...string) string {
	var members string
	for i := range instances {
		members += fmt.Sprintf("VI_%d\n", i+1)
	}
	return "vrrp_sync_group G {\ngroup {\n" + members + "}\n" + extra + "}\n" + strings.Join(instances, "")
}

// pair is a group of two instances. Where their priorities differ, the second one has the longer Master_Down_Interval and
// is the one that takes the group along.
func (d dialect) pair(state string, first, second int, extra string) string {
	return groupOf(extra, d.instance("VI_1", vrid, state, first, vip.String(), ""),
		d.instance("VI_2", otherVRID, state, second, other.String(), ""))
}

// nowhere gives a server an interface that leads nowhere.
func (n *network) nowhere(host *lab.Host) {
	n.t.Helper()
	n.must(host.AddInterface("eth9"))
	n.must(host.IP(n.context(0), "address add 10.9.9.1/24 dev eth9"))
}

// reader has a server's pipes read, and returns the configuration for that.
func (n *network) reader(host *lab.Host) string {
	n.t.Helper()
	_, err := host.Write("reader.sh", fifoReader, 0o755)
	n.must(err)
	_, err = host.Write("notify.sh", notifyScript, 0o755)
	n.must(err)
	global := "global_defs {\nscript_user root\n"
	for _, keyword := range []string{"notify_fifo", "vrrp_notify_fifo"} {
		global += fmt.Sprintf("%s %s/tmp/%s\n%s_script \"%s/reader.sh %s\"\n", keyword, lab.Dir, keyword, keyword, lab.Dir, keyword)
	}
	return global + "}\n"
}

// events are lines of the pipe: "G BACKUP" or "1 MASTER 100".
func events(lines ...string) string {
	var out strings.Builder
	for _, line := range lines {
		who, what, _ := strings.Cut(line, " ")
		if who == "G" {
			fmt.Fprintf(&out, "GROUP \"G\" %s 0\n", what)
		} else {
			fmt.Fprintf(&out, "INSTANCE \"VI_%s\" %s\n", who, what)
		}
	}
	return out.String()
}

// groupLines are the log lines about states, without time and (init).
func groupLines(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.Contains(text, "Entering ") || strings.Contains(text, "VRRP_Group") || strings.Contains(text, "timeout") {
			lines = append(lines, text)
		}
	}
	return lines
}

// said waits until the lines about states are those that are wanted: a line may come after the event in the pipe.
func (n *network) said(d *lab.Daemon, want []string) {
	n.t.Helper()
	n.must(lab.Until(n.context(0), "the lines of the log", func() error {
		if log := groupLines(d.Output()); !slices.Equal(log, want) {
			return fmt.Errorf("log\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(want, "\n"))
		}
		return nil
	}))
}

// TestGroupEvents takes one server through the states of its group: both programs write the same lines into the pipe in
// the same order, call the same scripts, and log the same.
func TestGroupEvents(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			daemon := n.start(web, p, n.reader(web)+n.dialect.pair("MASTER", 200, 50, groupScripts))
			want := events("G BACKUP", "1 BACKUP 200", "2 BACKUP 50", "2 MASTER 50", "1 MASTER 200", "G MASTER")
			n.read(web, want)
			n.must(web.Cut())
			want += events("1 FAULT 200", "2 FAULT 50", "G FAULT")
			n.read(web, want)
			n.must(web.Mend())
			want += events("2 BACKUP 50", "1 BACKUP 200", "G BACKUP", "2 MASTER 50", "1 MASTER 200", "G MASTER")
			n.read(web, want)
			n.said(daemon, groupLog)
			n.stop(daemon)
			if p.Name == ours.Name && !checksItself() {
				n.read(web, want+events("1 STOP 200", "2 STOP 50", "G STOP"))
			}
			n.wrote(web, groupNotified)
		})
	}
}

var (
	groupMaster = []string{"(VI_1) Receive advertisement timeout", "(VI_2) Receive advertisement timeout", "(VI_2) Entering MASTER STATE",
		"VRRP_Group(G) Syncing instances to MASTER state", "(VI_1) Entering MASTER STATE"}
	groupLog = slices.Concat([]string{"(VI_1) Entering BACKUP STATE (init)", "(VI_2) Entering BACKUP STATE (init)"}, groupMaster,
		[]string{"(VI_1) Entering FAULT STATE", "VRRP_Group(G) Syncing instances to FAULT state", "(VI_2) Entering FAULT STATE",
			"(VI_2) Entering BACKUP STATE", "VRRP_Group(G) Syncing instances to BACKUP state", "(VI_1) Entering BACKUP STATE"}, groupMaster)
)

// groupNotified is what the scripts of a group write in TestGroupEvents.
const groupNotified = "any GROUP G BACKUP 0\nbackup\nany GROUP G MASTER 0\nmaster with words\nany GROUP G FAULT 0\nfault\n" +
	"any GROUP G BACKUP 0\nbackup\nany GROUP G MASTER 0\nmaster with words\nany GROUP G STOP 0\nstop\n"

// TestGroupFaultAtStart starts a server one of whose members has no carrier, and gives it that later.
func TestGroupFaultAtStart(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			n.nowhere(web)
			n.must(web.IP(n.context(0), "link set eth9x down"))
			n.start(web, p, n.reader(web)+groupOf("", n.dialect.instance("VI_1", vrid, "MASTER", 200, vip.String(), ""),
				aside(n.dialect.instance("VI_2", otherVRID, "MASTER", 50, other.String(), ""))))
			want := events("1 FAULT 200", "2 FAULT 50", "G FAULT")
			n.read(web, want)
			n.must(web.IP(n.context(0), "link set eth9x up"))
			n.read(web, want+events("2 BACKUP 50", "1 BACKUP 200", "G BACKUP", "2 MASTER 50", "1 MASTER 200", "G MASTER"))
		})
	}
}

// TestGroupFault takes the carrier from one member of a server: the other server, whose own member on that side hears
// nobody all the time, takes over on both sides, and gives back.
func TestGroupFault(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		for role, programs := range roles() {
			t.Run(d.name+" "+role, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, d)
				web1, web2 := n.web[0], n.web[1]
				config := func(priority int) string {
					return groupOf("", d.instance("VI_1", vrid, "BACKUP", priority, vip.String(), ""),
						aside(d.instance("VI_2", otherVRID, "BACKUP", priority, other.String(), "")))
				}
				n.nowhere(web1)
				n.nowhere(web2)
				n.start(web1, programs[0], config(high))
				n.holder(web1, d.masterDown(high))
				second := n.start(web2, programs[1], config(low))
				// Its second member wants to be Master and must wait for the first.
				_, err := second.WaitLine(n.context(d.masterDown(low)), 0, "(VI_2) Receive advertisement timeout")
				n.must(err)
				n.must(lab.Pass(t.Context(), d.masterDown(low)))
				n.holder(web1, 0)
				mark := n.Frames.Len()
				n.must(web1.IP(n.context(0), "link set eth9x down"))
				n.advert(mark, web1, d.interval, "a farewell", farewell)
				n.takeover(mark, web1, web2, farewell, d.skew(low))
				n.holder(web2, d.skew(low))
				n.must(web1.IP(n.context(0), "link set eth9x up"))
				n.holder(web1, d.masterDown(high))
			})
		}
	}
}

// bothOn waits until one of the servers has both addresses of the group and the other one none.
func (n *network) bothOn(want *lab.Host) {
	n.t.Helper()
	n.must(lab.Until(n.context(n.dialect.masterDown(low)), "both addresses on "+want.Name+" alone", func() error {
		for _, host := range n.web {
			for _, address := range []netip.Addr{vip, other} {
				if has, err := host.Holds(address); err != nil || has != (host == want) {
					return fmt.Errorf("%s has %v: %v, %v", host.Name, address, has, err)
				}
			}
		}
		return nil
	}))
}

// TestGroupPreemption starts a second server while the first one's group is Master.
func TestGroupPreemption(t *testing.T) {
	t.Parallel()
	d := dialects[1]
	for name, row := range map[string]struct {
		first, second int
		extra         string // of the second member
		takes         bool
	}{
		"both are higher":                   {high + 1, high + 1, "", true},
		"one is higher, one is lower":       {high + 1, low, "", false},
		"one does not preempt":              {high + 1, high + 1, "nopreempt\n", false},
		"both own their addresses":          {255, 255, "", true},
		"one owns its address, one is less": {255, low, "", false},
	} {
		for role, programs := range roles() {
			t.Run(name+" "+role, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, d)
				web1, web2 := n.web[0], n.web[1]
				n.start(web1, programs[0], d.pair("BACKUP", high, high, ""))
				n.bothOn(web1)
				mark := n.Frames.Len()
				second := n.start(web2, programs[1], groupOf("", d.instance("VI_1", vrid, "BACKUP", row.first, vip.String(), ""),
					d.instance("VI_2", otherVRID, "BACKUP", row.second, other.String(), row.extra)))
				if row.takes {
					n.bothOn(web2)
					return
				}
				_, err := second.WaitLine(n.context(d.masterDown(low)), 0, "(VI_1) Receive advertisement timeout")
				n.must(err)
				n.must(lab.Pass(t.Context(), 2*d.masterDown(low)))
				for _, id := range []uint8{vrid, otherVRID} {
					if sent := n.adverts(mark, web2, id); len(sent) > 0 {
						t.Errorf("it sent %d adverts for %d, want none", len(sent), id)
					}
				}
				n.bothOn(web1)
			})
		}
	}
}

// TestGroupSplit parts two servers until both are Master of all, and joins them again.
func TestGroupSplit(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		for role, programs := range roles() {
			t.Run(d.name+" "+role, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, d)
				web1, web2 := n.web[0], n.web[1]
				n.start(web1, programs[0], d.pair("BACKUP", high, high, ""))
				n.bothOn(web1)
				second := n.start(web2, programs[1], d.pair("BACKUP", low, low, ""))
				_, err := second.WaitLine(n.context(d.interval), 0, "(VI_2) Entering BACKUP STATE")
				n.must(err)
				n.must(web2.Isolate())
				n.holds(web2, d.masterDown(low))
				n.must(web2.Rejoin())
				n.bothOn(web1)
				_, err = second.WaitLine(n.context(d.interval), 0, "VRRP_Group(G) Syncing instances to BACKUP state")
				n.must(err)
			})
		}
	}
}

// TestGroupOwners starts a server that owns all addresses of its group: it passes through Backup unseen.
func TestGroupOwners(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			n.start(web, p, n.reader(web)+n.dialect.pair("MASTER", 255, 255, groupScripts))
			want := events("1 MASTER 255", "2 MASTER 255")
			if p.Name == ours.Name && !checksItself() {
				want += events("G MASTER") // Debian's says nothing of the group
			}
			n.read(web, want)
			n.must(web.Cut())
			n.read(web, want+events("1 FAULT 255", "2 FAULT 255", "G FAULT"))
		})
	}
}
