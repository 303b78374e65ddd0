package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

const (
	sigJSON       = unix.Signal(36)
	sigStatsClear = unix.Signal(63)
)

// dumps are the files that a daemon writes on signals.
var dumps = []struct {
	signal unix.Signal
	name   string
}{
	{unix.SIGUSR1, "keepalived.data"}, {unix.SIGUSR1, "keepalived_parent.data"},
	{unix.SIGUSR2, "keepalived.stats"}, {sigJSON, "keepalived.json"},
}

// dump sends a signal and reads the file that follows.
func (n *network) dump(host *lab.Host, send func(unix.Signal) error, s unix.Signal, name string) string {
	n.t.Helper()
	w, err := host.Watch(lab.Dir + "/tmp")
	n.must(err)
	defer w.Close()
	n.must(send(s))
	n.must(w.Written(n.context(time.Second), name))
	content, err := host.Read(lab.Dir + "/tmp/" + name)
	n.must(err)
	return content
}

func signalTo(d *lab.Daemon) func(unix.Signal) error {
	return func(s unix.Signal) error { return d.Signal(s) }
}

// dumpConfig has one instance of each dialect, with much of what can be said
// of them. The first becomes Master last.
func dumpConfig(n *network) string {
	const global = `global_defs {
	router_id nodeA
	notification_email {
		admin@example.org
	}
	notification_email_from keepalived@example.org
	smtp_server 127.0.0.1 25
	smtp_helo_name a.example.org
	smtp_alert_vrrp false
	script_user root
	enable_script_security
	vrrp_notify_fifo %[1]s/tmp/events
	vrrp_notify_priority_changes
	vrrp_garp_master_refresh 60
	vrrp_garp_lower_prio_repeat 2
}
vrrp_script chk {
	script "/usr/bin/test -d %[1]s"
	interval 60
	timeout 5
	weight -5
	rise 2
	fall 3
}
track_file num {
	file %[1]s/tmp/num
	weight 2
	init_file 0
}
`
	const extra = `	nopreempt
	garp_master_delay 3
	notify_master "%[1]s/notify.sh master 'two words' it\'s"
	notify_backup %[1]s/notify.sh
	notify "%[1]s/notify.sh any"
	track_script {
		chk
	}
	track_file {
		num weight 3 reverse
	}
	track_interface {
		lo weight 4
	}
	virtual_ipaddress_excluded {
		10.1.1.1/32
		10.2.1.1/24 brd + scope link
	}
`
	_, err := n.web[0].Write("notify.sh", "#!/bin/sh\nexit 0\n", 0o755)
	n.must(err)
	return fmt.Sprintf(global, lab.Dir) +
		n.dialect.instance("VI_1", vrid, "BACKUP", high, vip.String()+"/24 dev eth0 label eth0:v", fmt.Sprintf(extra, lab.Dir)) +
		dialects[1].instance("VI_2", vrid+1, "MASTER", 255, "192.168.4.81", "preempt_delay 2\nsmtp_alert\n")
}

// Lines that only one of the versions has, and values that are another one in
// each run.
var (
	newer = regexp.MustCompile(`^ (Replace symlinks|Don't set supplementary|Use VRRPv2 checksum|SNMP (VS|RS) stats|DBus no interface|json_version|iproute )` +
		`|^   (Number of tracker faults|Flags of interface faults|Highest other priority|Last advert sent|Address owner ignores|VRRPv3 uses VRRPv2|Group = )`)
	older    = regexp.MustCompile(`^ libnftnl version|^   Number of interface and track script faults`)
	volatile = regexp.MustCompile(`^(   (Last transition|Read timeout|Master down timer|MAC|IPv6 address) =).*|^( *fd_in).*|^(   Flags:).*|^(   Password =).*`)
)

// stableLines are the lines of a dump without those that a pattern names, and
// without values that differ from run to run.
func stableLines(text string, without *regexp.Regexp) (lines []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if !without.MatchString(line) {
			lines = append(lines, volatile.ReplaceAllString(line, "$1$3$4$5"))
		}
	}
	return lines
}

// firstDifference is where two lists are not the same, "" when they are.
func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("line %d\n got %q\nwant %q", i+1, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
		}
	}
	return ""
}

// TestDumps has both programs in the same state write everything that they
// can: line by line and key by key it is the same, but for what the versions
// do not have in common.
func TestDumps(t *testing.T) {
	t.Parallel()
	got := map[string]map[string]string{}
	for _, p := range []lab.Program{ours, peer} {
		n := newNetwork(t, dialects[0])
		web := n.web[0]
		daemon := n.start(web, p, dumpConfig(n))
		n.holds(web, n.dialect.masterDown(high))
		n.must(lab.Until(n.context(time.Second), "both to be Master with all addresses", func() error {
			content := n.dump(web, signalTo(daemon), sigJSON, "keepalived.json")
			if strings.Count(content, `"state":2,`) != 2 || strings.Count(content, ` set"`) != 4 {
				return fmt.Errorf("there is %s", content)
			}
			return nil
		}))
		files := map[string]string{}
		for _, d := range dumps {
			files[d.name] = n.dump(web, signalTo(daemon), d.signal, d.name)
			if info, err := os.Lstat(web.Path(lab.Dir + "/tmp/" + d.name)); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: %s has mode %v, %v", p.Name, d.name, info.Mode(), err)
			}
		}
		got[p.Name] = files
		n.stop(daemon)
	}
	if checksItself() {
		return
	}
	mine, theirs := got[ours.Name], got[peer.Name]
	for _, name := range []string{"keepalived.data", "keepalived_parent.data"} {
		if d := firstDifference(stableLines(mine[name], newer), stableLines(theirs[name], older)); d != "" {
			t.Errorf("%s, %s", name, d)
		}
	}
	compareStats(t, mine["keepalived.stats"], theirs["keepalived.stats"])
	compareJSON(t, mine["keepalived.json"], theirs["keepalived.json"])
}

// compareStats compares the labels; how many adverts there were depends on
// when it was asked.
func compareStats(t *testing.T, mine, theirs string) {
	t.Helper()
	extension := regexp.MustCompile(`(?m)^  Authentication Extension Errors:\n(    .*\n)*`)
	number := regexp.MustCompile(`(?m)^(    (Sent|Received)): [0-9]+$`)
	split := func(text string) []string {
		return strings.Split(number.ReplaceAllString(extension.ReplaceAllString(text, ""), "$1"), "\n")
	}
	if d := firstDifference(split(mine), split(theirs)); d != "" {
		t.Errorf("keepalived.stats, %s", d)
	}
	if strings.Count(mine, "Invalid HMAC: 0\n") != strings.Count(mine, "VRRP Instance: ") {
		t.Errorf("keepalived.stats does not count adverts with an HMAC:\n%s", mine)
	}
}

// compareJSON compares keys, their order and their values.
func compareJSON(t *testing.T, mine, theirs string) {
	t.Helper()
	for _, key := range []string{`"last_transition":[0-9]+\.[0-9]{6}`, `"advert_sent":[0-9]+`, `"auth_data":"[^"]*"`} {
		pattern := regexp.MustCompile(key)
		if len(pattern.FindAllString(mine, -1)) != len(pattern.FindAllString(theirs, -1)) {
			t.Errorf("JSON has not as many %s:\n%s\n%s", key, mine, theirs)
		}
		name, _, _ := strings.Cut(key, ":")
		mine, theirs = pattern.ReplaceAllString(mine, name), pattern.ReplaceAllString(theirs, name)
	}
	mine = regexp.MustCompile(`"auth_ext_[a-z_]*":0,`).ReplaceAllString(mine, "")
	if mine != strings.TrimSpace(theirs) {
		t.Errorf("JSON is\n%s\nwant\n%s", mine, theirs)
	}
}

// TestDumpToChild has the VRRP process asked itself, as some monitors do, and
// the counters cleared.
func TestDumpToChild(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			daemon := n.start(web, p, n.dialect.config("MASTER", high))
			n.holds(web, n.dialect.masterDown(high))
			child, err := daemon.VRRPChild(n.context(time.Second), 0)
			n.must(err)
			toChild := func(s unix.Signal) error { return unix.Kill(child, s) }
			for _, d := range dumps {
				if d.name != "keepalived_parent.data" {
					n.dump(web, toChild, d.signal, d.name)
				}
			}
			if first := n.dump(web, signalTo(daemon), sigStatsClear, "keepalived.stats"); !strings.Contains(first, "Became master: 1\n") {
				t.Errorf("what is cleared is not shown before:\n%s", first)
			}
			if second := n.dump(web, toChild, unix.SIGUSR2, "keepalived.stats"); !strings.Contains(second, "Became master: 0\n") {
				t.Errorf("it is not cleared:\n%s", second)
			}
			n.stop(daemon)
		})
	}
}

// TestDumpPlaces has the files where the keywords say, in the place of links
// that lead elsewhere, with a mode of the umask; what cannot be written is
// said, and disturbs nothing.
func TestDumpPlaces(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	folder := lab.Dir + "/tmp/"
	n.must(os.Mkdir(web.Path(folder+"state"), 0o755))
	n.must(os.WriteFile(web.Path(folder+"theirs"), []byte("theirs"), 0o644))
	n.must(os.Symlink(folder+"theirs", web.Path(folder+"my.in.json")))
	config := func(global string) string { return global + n.dialect.config("MASTER", high) }
	daemon := n.start(web, ours, config("instance in\nglobal_defs {\njson_version 2\numask 0133\ndata_use_instance\nstate_dump_file "+folder+"state/\nstats_dump_file s.txt\njson_dump_file "+folder+"my.json\n}\n"))
	n.holds(web, n.dialect.masterDown(high))
	var document struct {
		VRRP []struct{ Data struct{ Iname string } }
	}
	content := n.dump(web, signalTo(daemon), sigJSON, "my.in.json")
	if err := json.Unmarshal([]byte(content), &document); err != nil || len(document.VRRP) != 1 || document.VRRP[0].Data.Iname != "VI_1" {
		t.Errorf("version 2 is %s, %v", content, err)
	}
	if theirs, err := web.Read(folder + "theirs"); err != nil || theirs != "theirs" {
		t.Errorf("the file behind the link holds %q, %v", theirs, err)
	}
	if info, err := os.Lstat(web.Path(folder + "my.in.json")); err != nil || info.Mode() != 0o644 {
		t.Errorf("it is %v, %v", info, err)
	}
	n.dump(web, signalTo(daemon), unix.SIGUSR2, "s.in.txt")
	n.must(daemon.Signal(unix.SIGUSR1))
	for _, name := range []string{"keepalived.in.data", "keepalived_parent.in.data"} {
		n.must(lab.Until(n.context(time.Second), name, func() error {
			_, err := os.Stat(web.Path(folder + "state/" + name))
			return err
		}))
	}
	mark := daemon.Lines.Len()
	n.must(daemon.Reconfigure(config("instance in\nglobal_defs {\numask 0177\nstate_dump_file " + folder + "later.data\njson_dump_file /none/x.json\n}\n")))
	_, err := daemon.WaitLine(n.context(time.Second), mark, "Reload complete")
	n.must(err)
	n.must(daemon.Signal(sigJSON))
	_, err = daemon.WaitLine(n.context(time.Second), mark, "writing /none/x.json")
	n.must(err)
	n.must(daemon.Signal(unix.SIGUSR1))
	for _, name := range []string{"later.data", "later_parent.data"} { // a reload reaches every process
		n.must(lab.Until(n.context(time.Second), name, func() error {
			info, err := os.Stat(web.Path(folder + name))
			if err == nil && info.Mode() != 0o600 {
				err = fmt.Errorf("it is %v", info.Mode())
			}
			return err
		}))
	}
	n.stop(daemon)
}

// TestDumpDetail has the configuration logged at the start, each process its
// own.
func TestDumpDetail(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			daemon := n.start(n.web[0], p, n.dialect.config("MASTER", high), "-d")
			for _, line := range []string{"------< Global definitions >------", "------< VRRP Topology >------", "Virtual Router ID = 51"} {
				_, err := daemon.WaitLine(n.context(time.Second), 0, line)
				n.must(err)
			}
			n.stop(daemon)
		})
	}
}

// TestDumpFlood has every dump asked for as fast as can be while readers look:
// whatever is read is whole, and the last request is answered.
func TestDumpFlood(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, n.dialect.config("MASTER", high))
	n.holds(web, n.dialect.masterDown(high))
	path := web.Path(lab.Dir + "/tmp/keepalived.json")
	n.dump(web, signalTo(daemon), sigJSON, "keepalived.json")
	for range 200 {
		n.must(daemon.Signal(sigJSON))
		content, err := os.ReadFile(path)
		if err != nil || !checksItself() && !json.Valid(content) {
			t.Fatalf("a reader has seen %q, %v", content, err)
		}
	}
	n.dump(web, signalTo(daemon), unix.SIGUSR1, "keepalived.data")
	if left, err := os.ReadDir(web.Path(lab.Dir + "/tmp")); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }) {
		t.Errorf("it left %v, %v", left, err)
	}
	n.stop(daemon)
}
