package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// switchFile is what the tracked script of these tests looks for.
const switchFile = lab.Dir + "/tmp/switch"

// numberFile is what is tracked for the number in it.
const numberFile = lab.Dir + "/tmp/number"

// trackStory are the lines that tell what a tracker has changed.
var trackStory = regexp.MustCompile("(VRRP_Script\\(|Script `|\\(VI_1\\):? ([Ee]ntering|Changing)|Netlink reports dum0|Quorum |\\(VI_1\\): tracked).*")

func storyOf(output string) []string { return trackStory.FindAllString(output, -1) }

// step is something that is done to a host, and what the log says then.
type step struct {
	do   string // a line of shell; "" for none
	says string // a part of a line
}

// trackScript is a vrrp_script that succeeds while switchFile is there.
const trackScript = "global_defs {\nscript_user root\nenable_script_security\n}\n" +
	"vrrp_script chk {\nscript \"/usr/bin/test -e " + switchFile + "\"\ninterval 1\n%s}\n"

const (
	toMaster = "(VI_1) Entering MASTER STATE"
	toBackup = "(VI_1) Entering BACKUP STATE\n" // not the one of the start, which has more to say
	toFault  = "(VI_1) Entering FAULT STATE"
	turnOn   = "touch " + switchFile
	turnOff  = "rm " + switchFile

	background = "sleep 4321 > /dev/null 2>&1 & echo $! > " + lab.Dir + "/tmp/pid"
	endOne     = "kill $(cat " + lab.Dir + "/tmp/pid)"
)

// TestTrackStory takes one instance through what its trackers can do to it. Both programs say the same.
func TestTrackStory(t *testing.T) {
	t.Parallel()
	tracksScript := func(script, line string) string {
		return fmt.Sprintf(trackScript, script) + "%s" + "track_script {\n" + line + "\n}\n"
	}
	tracksFile := func(file, line string) string {
		return "track_file f {\nfile " + numberFile + "\n" + file + "}\n%strack_file {\n" + line + "\n}\n"
	}
	tracksProcess := func(process, line string) string {
		return "vrrp_track_process p {\nprocess sleep 4321\n" + process + "}\n%strack_process {\n" + line + "\n}\n"
	}
	tracksInterface := func(line string) string { return "%strack_interface {\n" + line + "\n}\n" }
	changed := func(from, to int) string {
		return fmt.Sprintf("(VI_1) Changing effective priority from %d to %d", from, to)
	}
	for name, row := range map[string]struct {
		config string // what is global, then %s, then lines of the instance
		steps  []step
		newer  bool // Debian's version does something else
	}{
		"script with a negative weight": {tracksScript("weight -20\n", "chk"), []step{
			{"", toMaster}, {turnOff, changed(100, 80)}, {turnOn, changed(80, 100)}}, false},
		"script with a positive weight": {tracksScript("", "chk weight 20"), []step{
			{"", toMaster}, {turnOff, changed(120, 100)}, {turnOn, changed(100, 120)}}, false},
		"script with a reversed weight": {tracksScript("weight 20 reverse\n", "chk"), []step{
			{"", toMaster}, {turnOff, changed(80, 100)}, {turnOn, changed(100, 80)}}, false},
		"script without a weight": {tracksScript("", "chk"), []step{
			{"", toMaster}, {turnOff, toFault}, {turnOn, toBackup}, {"", toMaster}}, false},
		"script that fails at first": {tracksScript("", "chk"), []step{
			{turnOff, ""}, {"", "VRRP_Script(chk) failed"}, {turnOn, toBackup}, {"", toMaster}}, false},
		// Debian's version forgets init_fail and takes one success for enough.
		"script with init_fail": {tracksScript("init_fail\nrise 2\n", "chk"), []step{
			{"", "(VI_1): entering FAULT state due to script chk"}, {"", "VRRP_Script(chk) succeeded"}, {"", toMaster}}, true},
		"script with fall": {tracksScript("fall 3\nweight -20\n", "chk"), []step{
			{"", toMaster}, {turnOff, changed(100, 80)}}, false},
		"script for an owner": {tracksScript("", "chk\n}\npriority 255\ntrack_file {"), []step{
			{"", toMaster}, {turnOff, toFault}, {turnOn, toBackup}, {"", toMaster}}, false},
		"file with a weight": {tracksFile("weight 2\n", "f"), []step{
			{"echo 5 > " + numberFile, ""}, {"", toMaster}, {"echo -7 > " + numberFile, changed(110, 86)}, {"rm " + numberFile, changed(86, 100)},
			{"echo 0x10 > " + numberFile + ".new; mv " + numberFile + ".new " + numberFile, changed(100, 132)}, {"echo none > " + numberFile, changed(132, 100)}}, false},
		"file without a weight": {tracksFile("weight 0\n", "f"), []step{
			{"", toMaster}, {"echo 5 > " + numberFile, toFault}, {"echo 0 > " + numberFile, toBackup}, {"", toMaster}}, false},
		"file with a reversed weight": {tracksFile("", "f weight 3 reverse"), []step{
			{"", toMaster}, {"echo 5 > " + numberFile, changed(100, 85)}}, false},
		"file that asks for too much": {tracksFile("", "f"), []step{
			{"", toMaster}, {"echo -254 > " + numberFile, toFault}, {"echo 0 > " + numberFile, toBackup}}, false},
		"file that is made at the start": {tracksFile("init_file 7\n", "f"), []step{{"", toMaster}, {"echo 9 > " + numberFile, changed(107, 109)}}, false},
		// In namespaces the kernel reports no processes, and Debian's program then knows none.
		"process without a weight": {tracksProcess("", "p"), []step{
			{"", "(VI_1) entering FAULT state (tracked process p quorum not achieved)"}, {background, "Quorum gained for tracked process p"},
			{"", toMaster}, {endOne, "Quorum lost for tracked process p"}, {"", toFault}, {background, toBackup}}, true},
		"process with a weight": {tracksProcess("quorum 2\nquorum_max 2\n", "p weight 40"), []step{
			{background, ""}, {"", toMaster}, {background, changed(100, 140)}, {background, changed(140, 100)}, {endOne, changed(100, 140)}}, true},
		"process with delays": {tracksProcess("weight -40\nterminate_delay 0.3\nfork_delay 0.1\n", "p"), []step{
			{background, ""}, {"", toMaster}, {endOne, changed(100, 60)}, {background, changed(60, 100)}}, true},
		"interface without a weight": {tracksInterface("dum0"), []step{
			{"", toMaster}, {"ip link set dum0x down", toFault}, {"ip link set dum0x up", toBackup}, {"", toMaster}}, false},
		"interface with a weight": {tracksInterface("dum0 weight -30"), []step{
			{"", toMaster}, {"ip link set dum0x down", changed(100, 70)}, {"ip link set dum0x up", changed(70, 100)}}, false},
		"interface with delays": {"interface_up_down_delays {\ndum0 0.5 0.5\n}\n" + tracksInterface("dum0 weight -30"), []step{
			{"", toMaster}, {"ip link set dum0x down; sleep 0.1; ip link set dum0x up; sleep 0.6; ip link set dum0x down", changed(100, 70)},
			{"ip link set dum0x up", changed(70, 100)}}, false},
		"interface with a reversed weight": {tracksInterface("dum0 weight 30 reverse"), []step{
			{"", toMaster}, {"ip link set dum0x down", changed(70, 100)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			var told [2][]string
			for i, p := range []lab.Program{ours, peer} {
				if row.newer && p.Name == "debian" {
					continue
				}
				host := n.web[i]
				n.must(host.AddInterface("dum0"))
				n.shell(host, turnOn)
				steps := row.steps
				if steps[0].do != "" && steps[0].says == "" { // before the start
					n.shell(host, steps[0].do)
					steps = steps[1:]
				}
				global, lines, _ := strings.Cut(row.config, "%s")
				d := n.start(host, p, global+n.dialect.instance("VI_1", vrid+i, "BACKUP", high, fmt.Sprintf("192.168.4.%d", 80+i), lines))
				n.follow(d, host, steps)
				told[i] = storyOf(d.Output())
				n.stop(d)
			}
			if !row.newer && !slices.Equal(told[0], told[1]) {
				t.Errorf("%s says\n%s\n%s says\n%s", ours.Name, strings.Join(told[0], "\n"), peer.Name, strings.Join(told[1], "\n"))
			}
		})
	}
}

// follow takes steps, and waits after each until a new line says what is expected.
func (n *network) follow(d *lab.Daemon, host *lab.Host, steps []step) {
	n.t.Helper()
	seen := map[string]int{}
	for _, s := range steps {
		if s.do != "" {
			n.shell(host, s.do)
		}
		seen[s.says]++
		n.must(lab.Until(n.context(n.dialect.masterDown(1)+time.Second), fmt.Sprintf("%s to say %q", d.Program.Name, s.says), func() error {
			if got := strings.Count(d.Output(), s.says); got < seen[s.says] {
				return fmt.Errorf("%d times, want %d", got, seen[s.says])
			}
			return nil
		}))
	}
}

// shell runs a line of shell on a host.
func (n *network) shell(host *lab.Host, line string) {
	n.t.Helper()
	status, output, err := host.Run(n.context(time.Second), "/bin/sh", []string{"-c", line}, nil)
	n.must(err)
	if status != 0 {
		n.t.Fatalf("%s: %s", line, output)
	}
}

// TestTrackScriptMovesAddress has the address move to the other server when the script of the first one fails, and
// back when it succeeds again.
func TestTrackScriptMovesAddress(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"weight": "chk weight -60", "fault": "chk"} {
		for role, programs := range roles() {
			t.Run(name+" "+role, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, dialects[1])
				n.shell(n.web[0], turnOn)
				n.start(n.web[0], programs[0], fmt.Sprintf(trackScript, "")+
					n.dialect.instance("VI_1", vrid, "BACKUP", high, vip.String(), "track_script {\n"+line+"\n}\n"))
				n.start(n.web[1], programs[1], n.dialect.config("BACKUP", low))
				n.holder(n.web[0], n.dialect.masterDown(low))
				n.shell(n.web[0], turnOff)
				n.holder(n.web[1], n.dialect.masterDown(low))
				n.shell(n.web[0], turnOn)
				n.holder(n.web[0], n.dialect.masterDown(high))
			})
		}
	}
}

// TestTrackScriptHangs tracks a script that ignores the request to end and has started another one: it is reported at
// its timeout, ended with what it has started, and never outlives the daemon.
func TestTrackScriptHangs(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	host := n.web[0]
	path, err := host.Write("hang.sh", "#!/bin/sh\n[ -e "+switchFile+" ] && exit 0\ntrap '' TERM\nsleep 1234 &\nwhile :; do wait; done\n", 0o755)
	n.must(err)
	n.shell(host, turnOn)
	config := "global_defs {\nscript_user root\n}\nvrrp_script chk {\nscript " + path + "\ninterval 1\ntimeout 0.5\nweight -20\n}\n"
	d := n.start(host, ours, config+n.dialect.instance("VI_1", vrid, "BACKUP", high, vip.String(), "track_script {\nchk\n}\n"))
	n.holds(host, n.dialect.masterDown(high))
	n.shell(host, turnOff)
	n.follow(d, host, []step{{"", "VRRP_Script(chk) timed_out"}, {"", "Track script chk is being timed out, expect idle - skipping run"}})
	if checksItself() {
		return
	}
	var first []lab.Entry
	if first, err = host.Tree(d.Pid()); err != nil {
		t.Fatal(err)
	}
	n.must(lab.Until(n.context(5*time.Second), "the script to be killed", func() error {
		all, err := host.Processes()
		for _, e := range all {
			if e.Name == "sleep" && slices.ContainsFunc(first, func(f lab.Entry) bool { return f.Pid == e.Pid }) {
				return fmt.Errorf("process %d runs on", e.Pid)
			}
		}
		return err
	}))
	n.stop(d)
	n.must(lab.Until(n.context(time.Second), "nothing to be left", func() error {
		all, err := host.Processes()
		for _, e := range all {
			if e.Name == "sleep" || e.Name == "hang.sh" {
				return fmt.Errorf("%s, process %d, runs on", e.Name, e.Pid)
			}
		}
		return err
	}))
}

// TestTrackEvents compares what the programs write about priorities while trackers change them, in every state.
func TestTrackEvents(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	global := "global_defs {\nscript_user root\nvrrp_notify_priority_changes true\nvrrp_notify_fifo " + lab.Dir + "/tmp/fifo\nvrrp_notify_fifo_script \"" + lab.Dir + "/reader.sh all\"\n}\n" +
		"vrrp_script chk {\nscript \"/usr/bin/test -e " + switchFile + "\"\ninterval 1\nweight 20\n}\n" +
		"track_file f {\nfile " + numberFile + "\nweight 0\n}\n"
	const lines = "track_script {\nchk\n}\ntrack_file {\nf\n}\ntrack_interface {\ndum0 weight 10\n}\n"
	var told [2]string
	for i, p := range []lab.Program{ours, peer} {
		host := n.web[i]
		_, err := host.Write("reader.sh", fifoReader, 0o755)
		n.must(err)
		n.must(host.AddInterface("dum0"))
		n.shell(host, turnOn)
		d := n.start(host, p, global+n.dialect.instance("VI_1", vrid+i, "BACKUP", high, fmt.Sprintf("192.168.4.%d", 80+i), lines))
		n.follow(d, host, []step{
			{"", "Changing effective priority from 110 to 130"}, {"", toMaster}, {turnOff, "Changing effective priority from 130 to 110"},
			{"echo 1 > " + numberFile, toFault}, {turnOn, "VRRP_Script(chk) succeeded\n"}, {"", "Changing effective priority from 110 to 130"},
			{"echo 0 > " + numberFile, toBackup}, {"", toMaster},
		})
		n.must(lab.Until(n.context(time.Second), "the last event", func() error {
			content, err := host.Read(lab.Dir + "/read.all")
			if err == nil && strings.Count(content, "MASTER 130\n") < 2 {
				err = fmt.Errorf("there is\n%s", content)
			}
			told[i] = content
			return err
		}))
		n.stop(d)
	}
	if told[0] != told[1] {
		t.Errorf("%s writes\n%s\n%s writes\n%s", ours.Name, told[0], peer.Name, told[1])
	}
}

// TestTrackReload reloads while a script fails and while it succeeds: both programs keep what they know.
func TestTrackReload(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	var told [2][]string
	for i, p := range []lab.Program{ours, peer} {
		host := n.web[i]
		n.shell(host, turnOn)
		config := func(script string) string {
			return fmt.Sprintf(trackScript, script) +
				n.dialect.instance("VI_1", vrid+i, "BACKUP", high, fmt.Sprintf("192.168.4.%d", 80+i), "track_script {\nchk weight -20\n}\n")
		}
		d := n.start(host, p, config(""))
		n.follow(d, host, []step{{"", "VRRP_Script(chk) succeeded"}, {"", toMaster}})
		n.must(d.Reconfigure(config("fall 2\n")))
		n.follow(d, host, []step{
			{"", "VRRP_Script(chk) considered successful on reload"}, {turnOff, "VRRP_Script(chk) failed (exited with status 1)"},
			{"", "Changing effective priority from 100 to 80"},
		})
		n.must(d.Reconfigure(config("fall 1\n")))
		n.follow(d, host, []step{
			{"", "VRRP_Script(chk) considered unsuccessful on reload"}, {turnOn, "Changing effective priority from 80 to 100"},
		})
		for _, line := range storyOf(d.Output()) {
			if strings.HasPrefix(line, "VRRP_Script") || strings.HasPrefix(line, "Script") {
				told[i] = append(told[i], line)
			}
		}
		n.stop(d)
	}
	if !slices.Equal(told[0], told[1]) {
		t.Errorf("%s says\n%s\n%s says\n%s", ours.Name, strings.Join(told[0], "\n"), peer.Name, strings.Join(told[1], "\n"))
	}
}
