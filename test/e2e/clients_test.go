package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// clientRows has a row for each one of testdata/clients.tsv.
var clientRows = map[string]contractRow{
	"names of processes: comm and the last part of argv[0] are keepalived":  {tests: []string{"TestNamesForClients", "TestLauncher"}},
	"pgrep -o keepalived and the first in the order of ps take the signals": {tests: []string{"TestNamesForClients"}},
	"cmdline of the process in the vrrp pid file has the path of -f":        {tests: []string{"TestClientCommands", "TestLauncher"}},
	"launcher returns when the pid files are there, with status 0":          {tests: []string{"TestClientCommands", "TestLauncher"}},
	"TERM to all processes at once":                                         {tests: []string{"TestStopAll", "TestStopWhileStarting"}},
	"signal 36 by number writes the JSON":                                   {tests: []string{"TestDumpsForClients", "TestDumpToChild"}},
	"--signum prints a bare number":                                         {runs: slices.Concat(printed(36, "--signum=JSON", "--signum JSON"), printed(10, "--signum=DATA"), printed(12, "--signum=STATS"))},
	"version in the first line of stderr, --enable-json in the text":        {tests: []string{"TestVersionForClients"}},
	"bundled -nld": {lives: []daemonLife{{words: "-nld", there: []string{parentPID, vrrpPID}, says: []string{"Entering MASTER STATE"}}}},
	"-l -t -f F":   {runs: append(complained(5, "no_such_keyword", "-l -t -f {bad}"), commandRun{words: "-l -t -f {good}"}, commandRun{words: "--config-test -f {good}"})},
	"checker pid file newer than the configuration after a start": {tests: []string{"inside.TestChildrenKilled"}},
	"emailfrom missing in the output of -t":                       {runs: complained(5, "emailfrom missing", "-l -t -f {mail}")},
	"State = FAULT only for instances in Fault":                   {tests: []string{"TestDumpsForClients"}},
	"VRRP Topology, State within six lines":                       {tests: []string{"TestDumpsForClients"}},
	"grammar of keepalived.stats":                                 {tests: []string{"TestDumpsForClients"}},
	"grammar of keepalived.data":                                  {tests: []string{"TestDumpsForClients"}},
	"types of keepalived.json":                                    {tests: []string{"TestDumpsForClients"}},
	"CLOSE_WRITE under the final name":                            {tests: []string{"TestDumpsForClients", "TestDumps"}},
	"lines of the FIFO by VyOS's expression":                      {tests: []string{"TestFIFO", "TestEventLinesForClients"}},
	"arguments of notify scripts":                                 {tests: []string{"TestNotify"}},
	"second instance with pid files of its own":                   {tests: []string{"TestSecondInstanceForClients"}},
	"rm -f of the pid file before a start":                        {tests: []string{"TestStalePidFile", "TestClientCommands"}},
	"command line of neutron":                                     {tests: []string{"TestClientCommands"}},
	"command line of Octavia":                                     {tests: []string{"TestClientCommands"}},
	"command line of VyOS":                                        {lives: []daemonLife{{words: "--use-file " + lab.Dir + "/keepalived.conf --pid /run/keepalived.pid --dont-fork --snmp", there: []string{parentPID, vrrpPID}}}},
	"command line of OpenShift":                                   {lives: []daemonLife{{words: "--dont-fork --vrrp --log-detail --log-console", there: []string{parentPID, vrrpPID}, says: []string{"Entering MASTER STATE"}}}},
	"address with /32 in ip addr, pid files of both":              {tests: []string{"TestLauncher", "TestAddressForClients"}},
	"syslog idents begin with Keepalived":                         {tests: []string{"TestSyslog"}},
}

// TestClientContract has something to show for every duty towards programs
// around keepalived.
func TestClientContract(t *testing.T) {
	t.Parallel()
	keys := slices.DeleteFunc(rowsOf(t, "clients.tsv", 1), func(key string) bool { return key == "duty" })
	complete(t, keys, clientRows)
	show(t, clientRows)
}

// faulty has an instance that is Master and one in Fault.
const faulty = quick + "vrrp_instance VI_2 {\nstate BACKUP\ninterface eth0\ntrack_interface {\nlo2\n}\nvirtual_router_id 52\npriority 100\nvirtual_ipaddress {\n192.168.4.82/24\n}\n}\n"

// each runs a test with both programs, side by side.
func each(t *testing.T, test func(t *testing.T, n *network, p lab.Program)) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			test(t, newNetwork(t, dialects[1]), p)
		})
	}
}

// TestNamesForClients finds the daemon as pgrep, ps and pidof do.
func TestNamesForClients(t *testing.T) {
	each(t, func(t *testing.T, n *network, p lab.Program) {
		web := n.web[0]
		daemon := n.start(web, p, quick)
		n.holds(web, time.Second)
		table, err := web.Processes()
		n.must(err)
		if len(table) != 2 {
			t.Errorf("the processes are %v", table)
		}
		for _, e := range table {
			arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", e.Pid))
			n.must(err)
			first, _, _ := strings.Cut(string(arguments), "\x00")
			if e.Name != "keepalived" || filepath.Base(first) != "keepalived" {
				t.Errorf("process %d has the name %q and is run as %q", e.Pid, e.Name, first)
			}
		}
		oldest := slices.MinFunc(table, func(a, b lab.Entry) int { return a.Inside - b.Inside })
		if oldest.Pid != daemon.Pid() || strconv.Itoa(oldest.Inside)+"\n" != n.content(parentPID) {
			t.Errorf("the first process is %v, want the parent, %d", oldest, daemon.Pid())
		}
		n.stop(daemon)
	})
}

// TestVersionForClients reads the version as exporters and roles do.
func TestVersionForClients(t *testing.T) {
	each(t, func(t *testing.T, n *network, p lab.Program) {
		line := regexp.MustCompile(`^Keepalived v(\d+\.\d+\.\d+) \(\d\d/\d\d,\d{4}\)`)
		for _, option := range []string{"-v", "--version"} {
			status, _, err := n.web[0].Run(n.context(0), "/bin/sh", []string{"-c", separated, "sh", p.Path, option}, p.Env)
			n.must(err)
			said := n.content(lab.Dir + "/stderr")
			if status != 0 || n.content(lab.Dir+"/stdout") != "" || !line.MatchString(said) || !strings.Contains(said, "--enable-json") {
				t.Errorf("%s: status %d, %q", option, status, said)
			}
		}
	})
}

// TestClientCommands starts daemons in the background as others do, and looks
// for them in the same way.
func TestClientCommands(t *testing.T) {
	const folder = lab.Dir + "/4711"
	for name, words := range map[string]string{
		"neutron":            "-P -f " + folder + "/keepalived.conf -p " + folder + ".pid.keepalived -r " + folder + ".pid.keepalived-vrrp -D",
		"Octavia":            "--log-facility=1 -f " + folder + "/keepalived.conf -p " + folder + ".pid.keepalived",
		"after rm -f":        "-f " + folder + "/keepalived.conf -p " + folder + ".pid.keepalived",
		"with three numbers": "-D -d -S 0 --use-file " + folder + "/keepalived.conf --pid " + folder + ".pid.keepalived --vrrp_pid " + folder + ".pid.keepalived-vrrp --checkers_pid " + folder + ".check",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, n *network, p lab.Program) {
				web := n.web[0]
				n.must(os.Mkdir(web.Path(folder), 0o755))
				n.must(os.WriteFile(web.Path(folder+"/keepalived.conf"), []byte(quick), 0o644))
				start := append([]string{"-c", "rm -f " + folder + ".pid.keepalived; exec \"$@\"", "sh", p.Path}, strings.Fields(words)...)
				launcher, err := web.Start("/bin/sh", start, p.Env)
				n.must(err)
				if status, _, err := launcher.Wait(n.context(time.Second)); err != nil || status != 0 {
					t.Fatalf("the launcher ended with status %d, %v:\n%s", status, err, launcher.Output())
				}
				files := []string{folder + ".pid.keepalived", vrrpPID}
				if strings.Contains(words, "-vrrp") {
					files[1] = folder + ".pid.keepalived-vrrp"
				}
				n.holds(web, time.Second)
				for _, file := range files {
					arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", n.processOf(web, file)))
					if err != nil || !strings.Contains(string(arguments), folder+"/keepalived.conf") {
						t.Errorf("%s: the process has %q, %v", file, arguments, err)
					}
				}
				n.must(unix.Kill(n.processOf(web, files[0]), unix.SIGTERM))
				n.must(nobody(n.context(time.Second), web))
				for _, file := range files {
					if _, err := os.Lstat(web.Path(file)); !errors.Is(err, os.ErrNotExist) {
						t.Errorf("%s is left: %v", file, err)
					}
				}
			})
		})
	}
}

// TestSecondInstanceForClients runs two daemons side by side.
func TestSecondInstanceForClients(t *testing.T) {
	each(t, func(t *testing.T, n *network, p lab.Program) {
		web := n.web[0]
		first := n.start(web, p, quick)
		n.holds(web, time.Second)
		path, err := web.Write("second.conf", strings.ReplaceAll(strings.ReplaceAll(quick, "51", "52"), "4.80", "4.82"), 0o644)
		n.must(err)
		second, err := web.Start(p.Path, []string{"-n", "-l", "-f", path, "-p", "/run/2.pid", "-r", "/run/2v.pid", "-c", "/run/2c.pid"}, p.Env)
		n.must(err)
		_, err = second.WaitLine(n.context(2*time.Second), 0, "(VI_1) Entering MASTER STATE")
		n.must(err)
		if pid := n.processOf(web, "/run/2.pid"); pid != second.Pid() {
			t.Errorf("the pid file names %d, want %d", pid, second.Pid())
		}
		n.must(second.Signal(unix.SIGTERM))
		status, _, err := second.Wait(n.context(time.Second))
		if err != nil || status != 0 {
			t.Errorf("status %d, %v", status, err)
		}
		mark := n.Frames.Len()
		n.advert(mark, web, time.Second, "an advert of the first daemon", lives)
		n.stop(first)
		n.nothingLeft(web)
	})
}

// TestAddressForClients looks for the address as a script with ip does.
func TestAddressForClients(t *testing.T) {
	each(t, func(t *testing.T, n *network, p lab.Program) {
		daemon := n.start(n.web[0], p, quick)
		n.holds(n.web[0], time.Second)
		if all, err := n.web[0].List(); err != nil || !slices.ContainsFunc(all, func(a netip.Prefix) bool { return a.String() == vip.String()+"/32" }) {
			t.Errorf("the addresses are %v, %v", all, err)
		}
		n.stop(daemon)
	})
}

// TestEventLinesForClients reads the FIFO with VyOS's expression.
func TestEventLinesForClients(t *testing.T) {
	each(t, func(t *testing.T, n *network, p lab.Program) {
		web := n.web[0]
		_, err := web.Write("reader.sh", fifoReader, 0o755)
		n.must(err)
		global := "global_defs {\nscript_user root\nvrrp_notify_fifo " + lab.Dir + "/tmp/fifo\nvrrp_notify_fifo_script \"" + lab.Dir + "/reader.sh vyos\"\n}\n"
		daemon := n.start(web, p, global+quick)
		line := regexp.MustCompile(`^(?P<type>\w+) "(?P<name>[\w-]+)" (?P<state>\w+) (?P<priority>\d+)$`)
		n.must(lab.Until(n.context(2*time.Second), "the line about Master", func() error {
			text := n.content(lab.Dir + "/read.vyos")
			if !strings.Contains(text, "INSTANCE \"VI_1\" MASTER") || !strings.HasSuffix(text, "\n") {
				return fmt.Errorf("there is %q", text)
			}
			return nil
		}))
		for i, text := range strings.Split(strings.TrimSpace(n.content(lab.Dir+"/read.vyos")), "\n") {
			if i > 0 && !line.MatchString(text) {
				t.Errorf("the line %q", text)
			}
		}
		n.stop(daemon)
	})
}

// TestDumpsForClients reads the dumps as exporters do.
func TestDumpsForClients(t *testing.T) {
	each(t, func(t *testing.T, n *network, p lab.Program) {
		web := n.web[0]
		n.must(web.AddInterface("lo2"))
		daemon := n.start(web, p, faulty)
		n.holds(web, time.Second)
		_, output, err := web.Run(n.context(0), "/bin/ip", []string{"link", "set", "lo2", "down"}, nil)
		if err != nil || output != "" {
			t.Fatalf("%v, %s", err, output)
		}
		var data string
		n.must(lab.Until(n.context(2*time.Second), "one instance in Fault", func() error {
			data = n.dump(web, signalTo(daemon), unix.SIGUSR1, "keepalived.data")
			if strings.Count(data, "State = FAULT") != 1 || !strings.Contains(data, "State = MASTER") {
				return errors.New("it is not so")
			}
			return nil
		}))
		stats := n.dump(web, signalTo(daemon), unix.SIGUSR2, "keepalived.stats")
		document := n.dump(web, signalTo(daemon), sigJSON, "keepalived.json")
		for what, err := range map[string]error{
			"keepalived.data": checkData(data), "keepalived.stats": checkStats(stats), "keepalived.json": checkJSON(document),
		} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		n.stop(daemon)
	})
}

// checkStats reads statistics as three exporters do: a line that has not the
// form of its depth spoils everything.
func checkStats(text string) error {
	forms := []*regexp.Regexp{
		regexp.MustCompile(`^VRRP Instance: (VI_1|VI_2)$`),
		regexp.MustCompile(`^  [A-Z][A-Za-z ]+:$`),
		regexp.MustCompile(`^  (Became|Released) master: \d+$`),
		regexp.MustCompile(`^    [A-Z][A-Za-z0-9 ]+: \d+$`),
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !slices.ContainsFunc(forms, func(r *regexp.Regexp) bool { return r.MatchString(line) }) {
			return fmt.Errorf("the line %q", line)
		}
	}
	for _, key := range []string{
		"VRRP Instance: VI_", "  Advertisements:", "    Received:", "    Sent:", "  Packet Errors:", "    Length:", "    TTL:", "    Advertisement Interval:",
		"    Address List:", "  Authentication Errors:", "    Invalid Type:", "    Type Mismatch:", "    Failure:", "  Priority Zero:", "  Became master:", "  Released master:",
	} {
		if strings.Count(text, key) < 2 {
			return fmt.Errorf("there is not %q for each instance", key)
		}
	}
	return nil
}

// checkData reads the topology as exporters and ZStack do.
func checkData(text string) error {
	_, topology, found := strings.Cut(text, "------< VRRP Topology >------\n")
	if !found {
		return errors.New("no topology")
	}
	if head := strings.Join(strings.SplitN(topology, "\n", 8)[:6], "\n"); strings.Count(head, "State = ") != 1 {
		return fmt.Errorf("no State in the first six lines:\n%s", head)
	}
	key, item := regexp.MustCompile(`(?m)^   ([A-Z][^=\n]*) = (.*)$`), regexp.MustCompile(`(?m)^     192\.168\.4\.8[02](/\d+)? dev eth0( .*)?$`)
	instances := strings.Split(topology, " VRRP Instance = ")[1:]
	if len(instances) != 2 {
		return fmt.Errorf("%d instances", len(instances))
	}
	for _, instance := range instances {
		values := map[string]string{}
		for _, match := range key.FindAllStringSubmatch(instance, -1) {
			if _, there := values[match[1]]; !there { // what it tracks has the same names
				values[match[1]] = match[2]
			}
		}
		for _, number := range []string{"Gratuitous ARP delay", "Virtual Router ID", "Priority"} {
			if !regexp.MustCompile(`^\d+`).MatchString(values[number]) {
				return fmt.Errorf("%s is %q", number, values[number])
			}
		}
		if !slices.Contains([]string{"INIT", "BACKUP", "MASTER", "FAULT"}, values["State"]) || values["Interface"] != "eth0" || values["Wantstate"] == "" {
			return fmt.Errorf("State %q, Wantstate %q, Interface %q", values["State"], values["Wantstate"], values["Interface"])
		}
		if !strings.Contains(instance, "   Virtual IP (1):\n") || !item.MatchString(instance) {
			return fmt.Errorf("no address in\n%s", instance)
		}
	}
	return nil
}

// checkJSON checks the types on which readers rely, of an array on one line.
func checkJSON(text string) error {
	var document []struct {
		Data struct {
			Iname              *string
			IfpIfname          *string `json:"ifp_ifname"`
			Vrid, State        *int
			Wantstate, Accept  *int
			LastTransition     *float64 `json:"last_transition"`
			BasePriority       *int     `json:"base_priority"`
			EffectivePriority  *int     `json:"effective_priority"`
			Vipset, Nopreempt  *bool
			PromoteSecondaries *bool `json:"promote_secondaries"`
			SMTPAlert          *bool `json:"smtp_alert"`
			NotifyDeleted      *bool `json:"notify_deleted"`
			VIPs               []string
			AdverInt           *float64 `json:"adver_int"`
		}
		Stats map[string]int
	}
	if strings.Count(strings.TrimSuffix(text, "\n"), "\n") > 0 {
		return errors.New("it has several lines")
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	if len(document) != 2 {
		return fmt.Errorf("%d instances", len(document))
	}
	for _, i := range document {
		d := i.Data
		if d.Iname == nil || d.IfpIfname == nil || d.Vrid == nil || d.State == nil || d.Wantstate == nil || d.Accept == nil || d.LastTransition == nil || d.BasePriority == nil ||
			d.EffectivePriority == nil || d.Vipset == nil || d.Nopreempt == nil || d.PromoteSecondaries == nil || d.SMTPAlert == nil || d.NotifyDeleted == nil || d.AdverInt == nil || len(d.VIPs) != 1 {
			return fmt.Errorf("something is missing in %s", text)
		}
		if !regexp.MustCompile(`"last_transition":\d+\.\d+`).MatchString(text) {
			return errors.New("last_transition is no float")
		}
		for _, name := range []string{
			"advert_rcvd", "advert_sent", "become_master", "release_master", "packet_len_err", "advert_interval_err", "ip_ttl_err",
			"invalid_type_rcvd", "addr_list_err", "invalid_authtype", "authtype_mismatch", "auth_failure", "pri_zero_rcvd", "pri_zero_sent",
		} {
			if _, there := i.Stats[name]; !there {
				return fmt.Errorf("no %s", name)
			}
		}
	}
	return nil
}
