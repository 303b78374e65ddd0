package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestGroupMail has a mail server take the alerts of a group: both programs send the same ones.
func TestGroupMail(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	n.mailServer(n.client)
	config := fmt.Sprintf("global_defs {\nrouter_id lb1\nnotification_email {\nops@sink.example\n}\nsmtp_server %v\n}\n", n.client.Address.Addr()) +
		n.dialect.pair("MASTER", 200, 50, "smtp_alert\n")
	count := 0
	mails := func(p lab.Program) []string {
		daemon := n.start(n.web[0], p, config)
		n.letters(count + 2)
		n.stop(daemon)
		all, err := n.client.Letters()
		n.must(err)
		var said []string
		for _, m := range all[count : count+2] { // Debian's may lose that of its stop
			said = append(said, m.Header.Get("Subject")+": "+m.Body)
		}
		count = len(all)
		return said
	}
	debian := mails(peer)
	if got := mails(ours); !slices.Equal(got, debian) || len(got) != 2 {
		t.Errorf("mails %q, Debian's are %q", got, debian)
	}
}

// groupDump are the lines of a dump about the states of instances and all lines about groups.
func groupDump(text string) []string {
	var lines []string
	groups := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "------<") {
			groups = line == "------< VRRP Sync groups >------"
		}
		if groups || strings.HasPrefix(line, "   State = ") || strings.HasPrefix(line, "   Wantstate = ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestGroupDump compares what the dumps of both programs say of a group as Master, and with a fault of one member.
func TestGroupDump(t *testing.T) {
	t.Parallel()
	said := map[string][2][]string{}
	for _, p := range []lab.Program{ours, peer} {
		n := newNetwork(t, dialects[1])
		web := n.web[0]
		n.nowhere(web)
		daemon := n.start(web, p, n.reader(web)+groupOf(groupScripts+"smtp_alert\n", n.dialect.instance("VI_1", vrid, "BACKUP", 200, vip.String(), ""),
			aside(n.dialect.instance("VI_2", otherVRID, "BACKUP", 50, other.String(), ""))))
		want := events("G BACKUP", "1 BACKUP 200", "2 BACKUP 50", "2 MASTER 50", "1 MASTER 200", "G MASTER")
		n.read(web, want)
		var dumps [2][]string
		dumps[0] = groupDump(n.dump(web, signalTo(daemon), unix.SIGUSR1, "keepalived.data"))
		n.must(web.IP(n.context(0), "link set eth9x down"))
		n.read(web, want+events("2 FAULT 50", "1 FAULT 200", "G FAULT"))
		dumps[1] = groupDump(n.dump(web, signalTo(daemon), unix.SIGUSR1, "keepalived.data"))
		said[p.Name] = dumps
	}
	for i, what := range []string{"Master", "Fault"} {
		got, want := said[ours.Name][i], said[peer.Name][i]
		if !slices.Equal(got, want) || len(got) < 10 {
			t.Errorf("%s\n%s\nDebian's\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// undisturbed checks that since the marks no address has left the server, that it has said no farewell, and that the other one
// has sent nothing.
func (n *network) undisturbed(frames, addresses int) {
	n.t.Helper()
	for _, id := range []uint8{vrid, otherVRID} {
		if taken := n.adverts(frames, n.web[1], id); len(taken) > 0 {
			n.t.Errorf("the peer became Master of %d: %d adverts", id, len(taken))
		}
		for _, f := range n.adverts(frames, n.web[0], id) {
			if a, _ := f.Advert(); a.Priority == 0 {
				n.t.Errorf("a farewell for %d", id)
			}
		}
	}
	for _, c := range n.web[0].Addresses.Since(addresses) {
		if !c.Present && (c.Address == vip || c.Address == other) {
			n.t.Errorf("%v left at %v", c.Address, c.Time)
		}
	}
}

// TestGroupReload changes the members of our group while it is Master. (Debian's goes to Backup when a member comes.)
func TestGroupReload(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	d := n.dialect
	web1, web2 := n.web[0], n.web[1]
	one := d.instance("VI_1", vrid, "BACKUP", high, vip.String(), "")
	two := d.instance("VI_2", otherVRID, "BACKUP", high, other.String(), "")
	three := d.instance("VI_3", vrid+2, "BACKUP", high, "192.168.4.82", "")
	scripts := "global_defs {\nscript_user root\n}\n"
	_, err := web1.Write("notify.sh", notifyScript, 0o755)
	n.must(err)
	daemon := n.start(web1, ours, scripts+groupOf(groupScripts, one, two))
	n.bothOn(web1)
	n.startBehind(web2, peer, d.pair("BACKUP", low, low, ""))
	n.notified(web1, "any GROUP G MASTER 0", 1)
	frames, addresses := n.Frames.Len(), web1.Addresses.Len()
	for _, step := range []struct{ config, line string }{
		{groupOf(groupScripts, one, two, three), "(VI_3) Entering MASTER STATE"},
		{groupOf(groupScripts, one, two) + three, "Reload complete"},
		{one + two + three, "Reload complete"},
		{groupOf(groupScripts, one, two), "Reload complete"},
	} {
		mark := daemon.Lines.Len()
		n.must(daemon.Reconfigure(scripts + step.config))
		_, err := daemon.WaitLine(n.context(d.masterDown(high)), mark, step.line)
		n.must(err)
	}
	n.must(second(n, n.Frames.Len()))
	n.undisturbed(frames, addresses)
	// The group that comes anew is told its state.
	n.wrote(web1, "backup\nany GROUP G BACKUP 0\nmaster with words\nany GROUP G MASTER 0\nmaster with words\nany GROUP G MASTER 0\n")
}

// wrote waits until the scripts have written just these lines, in any order.
func (n *network) wrote(host *lab.Host, want string) {
	n.t.Helper()
	n.must(lab.Until(n.context(n.dialect.masterDown(high)), "the scripts' lines", func() error {
		content, err := host.Read(lab.Dir + "/notified")
		if err == nil && !slices.Equal(sortedLines(content), sortedLines(want)) {
			err = fmt.Errorf("there is\n%swant\n%s", content, want)
		}
		return err
	}))
}

// TestGroupChildKilled kills our VRRP process while its group is Master: the next one goes on with the whole group. It is
// not parallel to others, as TestFamilyChildKilled.
func TestGroupChildKilled(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	d := n.dialect
	web1, web2 := n.web[0], n.web[1]
	_, err := web1.Write("notify.sh", notifyScript, 0o755)
	n.must(err)
	daemon := n.start(web1, ours, "global_defs {\nscript_user root\n}\n"+d.pair("MASTER", high, high, groupScripts))
	n.bothOn(web1)
	n.startBehind(web2, peer, d.pair("BACKUP", low, low, ""))
	n.notified(web1, "any GROUP G MASTER 0", 1)
	frames, addresses, child := n.Frames.Len(), web1.Addresses.Len(), 0
	for range 3 {
		child, err = daemon.VRRPChild(n.context(d.interval), child)
		n.must(err)
		mark := n.Frames.Len()
		n.must(unix.Kill(child, unix.SIGKILL))
		_, err = daemon.VRRPChild(n.context(d.interval), child)
		n.must(err)
		for _, id := range []uint8{vrid, otherVRID} {
			n.advert(mark, web1, d.interval, "an advert after the crash", func(a lab.Advert) bool { return a.VRID == id && a.Priority > 0 })
		}
	}
	n.must(second(n, n.Frames.Len()))
	n.undisturbed(frames, addresses)
	n.wrote(web1, "backup\nany GROUP G BACKUP 0\nmaster with words\nany GROUP G MASTER 0\n")
}

// TestGroupTracks has a group track a script that looks for a file: nobody is told before its first result, and all
// members follow it.
func TestGroupTracks(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			_, err := web.Write("fine", "", 0o644)
			n.must(err)
			check := "vrrp_script chk {\nscript \"/usr/bin/test -e " + lab.Dir + "/fine\"\ninterval 1\n}\n"
			daemon := n.start(web, p, n.reader(web)+check+n.dialect.pair("MASTER", 200, 50, "track_script {\nchk\n}\n"))
			want := events("2 BACKUP 50", "1 BACKUP 200", "G BACKUP", "2 MASTER 50", "1 MASTER 200", "G MASTER")
			n.read(web, want)
			dump := n.dump(web, signalTo(daemon), unix.SIGUSR1, "keepalived.data")
			if list := "   Tracking instances :\n     VI_1, weight 0\n     VI_2, weight 0\n"; !strings.Contains(dump, list) {
				t.Errorf("the dump has no\n%s in\n%s", list, dump)
			}
			n.must(os.Remove(web.Path(lab.Dir + "/fine")))
			want += events("1 FAULT 200", "2 FAULT 50", "G FAULT")
			n.read(web, want)
			_, err = web.Write("fine", "", 0o644)
			n.must(err)
			n.read(web, want+events("2 BACKUP 50", "1 BACKUP 200", "G BACKUP", "2 MASTER 50", "1 MASTER 200", "G MASTER"))
		})
	}
}
