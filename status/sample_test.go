package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/check"
	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/parser"
	"keepalived-go/track"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// The files of testdata/status are what upstream 2.4.3 has written; each
// configuration is what it was given.
const samples = "../testdata/status/"

func sample(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(samples + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// decoded is the configuration of a sample, on a host that has everything.
func decoded(t *testing.T, name string) config.Config {
	t.Helper()
	text, _, err := parser.ReadFile(samples+name, parser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := parser.Parse(text)
	cfg, diagnostics := config.Decode(tree, config.Env{
		HostName:  "host",
		Interface: func(string) (config.Interface, bool) { return config.Interface{MTU: 1500}, true },
		User:      func(name string) (config.Account, bool) { return config.Account{Name: name}, true },
		Group:     func(string) (uint32, bool) { return 0, true },
		Script:    func(string, uint32, uint32) config.ScriptState { return config.ScriptState{} },
		Resolve:   func(string) bool { return true },
		CPUs:      2,
	})
	for _, d := range diagnostics {
		if d.Severity == parser.Error {
			t.Fatal(d)
		}
	}
	return cfg
}

var testHost = Host{Umask: 0o177, Identify: func(config.Script) (Account, bool) { return Account{}, true }}

// moment is a time as a sample has it.
func moment(text string) time.Time {
	var seconds, microseconds int64
	if _, err := fmt.Sscanf(text, "%d.%d", &seconds, &microseconds); err != nil {
		panic(err)
	}
	return time.Unix(seconds, microseconds*1000).UTC()
}

// sampleView is the moment of testdata/status/vrrp.data.
func sampleView(t *testing.T) vrrp.View {
	v := vrrp.View{Config: decoded(t, "vrrp.conf")}
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, p := range list {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	mac := func(text string) (a [6]byte) {
		if _, err := fmt.Sscanf(text, "%02x:%02x:%02x:%02x:%02x:%02x", &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]); err != nil {
			t.Fatal(err)
		}
		return a
	}
	ethernet := netif.Link{MTU: 1500, Up: true, Running: true, Broadcast: true, Multicast: true, Hardware: 1, BroadcastAddr: mac("ff:ff:ff:ff:ff:ff")}
	eth0, dum1, dum0 := ethernet, ethernet, ethernet
	eth0.Index, eth0.Name, eth0.HardwareAddr = 2, "eth0", mac("be:fe:cc:5e:f2:de")
	eth0.Addresses = prefixes("10.99.0.1/24", "10.99.0.100/24", "10.99.0.101/32", "fe80::bcfe:ccff:fe5e:f2de/64", "fe80::99:100/64", "fd99::100/64")
	dum1.Index, dum1.Name, dum1.HardwareAddr, dum1.Addresses = 3, "dum1", mac("32:00:61:85:ff:4e"), prefixes("fe80::3000:61ff:fe85:ff4e/64")
	dum0.Index, dum0.Name, dum0.HardwareAddr, dum0.Addresses = 4, "dum0", mac("7a:a0:f4:48:98:c7"), prefixes("fe80::78a0:f4ff:fe48:98c7/64")
	lo := netif.Link{
		Index: 1, Name: "lo", MTU: 65536, Up: true, Running: true, Loopback: true, Hardware: 772, Addresses: prefixes("127.0.0.1/8", "::1/128"),
	}
	v.Links = netif.State{ByIndex: map[int]netif.Link{}, ByName: map[string]netif.Link{}}
	for _, l := range []netif.Link{lo, eth0, dum1, dum0} {
		v.Links.ByIndex[l.Index], v.Links.ByName[l.Name] = l, l
	}
	four := vrrp.InstanceView{
		Config: v.Config.Instances[0], Source: netip.MustParseAddr("10.99.0.1"), Index: 2, In: 16, Out: 17,
		Machine: fsm.Snapshot{
			State: fsm.Master, Wanted: fsm.Master, Priority: 150, MasterInterval: time.Second,
			LastTransition: moment("1795397361.590676"), MasterDown: 783167 * time.Microsecond,
		},
		Deadline: moment("1795397370.629390"), LastSent: moment("1795397369.629320"),
		Stats: vrrp.Stats{AdvertRcvd: 3, AdvertSent: 9, BecomeMaster: 1},
	}
	six := vrrp.InstanceView{
		Config: v.Config.Instances[1], Source: netip.MustParseAddr("fe80::bcfe:ccff:fe5e:f2de"), Index: 2, In: 18, Out: 19,
		Machine: fsm.Snapshot{
			State: fsm.Master, Wanted: fsm.Master, Priority: 150, MasterInterval: time.Second / 2,
			LastTransition: moment("1795397361.602679"), MasterDown: 318103 * time.Microsecond,
		},
		Deadline: moment("1795397370.608813"), LastSent: moment("1795397370.108744"),
		Stats: vrrp.Stats{AdvertRcvd: 7, AdvertSent: 18, BecomeMaster: 1},
	}
	v.Instances = []vrrp.InstanceView{four, six}
	for i := range v.Instances {
		v.Instances[i].Config.Unsupported = nil // what is shown is an engine that can do all of it
	}
	up := track.NewScript(1, 1, track.Fresh)
	up.Apply(track.Outcome{Kind: track.Exited})
	v.Scripts = []vrrp.ScriptView{{Config: v.Config.Scripts[0], State: up}}
	v.Groups = []vrrp.GroupView{{Name: "G1", State: fsm.Master}}
	v.Sockets = []vrrp.SocketView{
		{Interface: "eth0", Group: netip.MustParseAddr("224.0.0.18"), In: 16, Out: 17, Instances: []string{"VI_4"}, VRIDs: []uint8{51}},
		{Interface: "eth0", Group: netip.MustParseAddr("ff02::12"), In: 18, Out: 19, Instances: []string{"VI_6"}, VRIDs: []uint8{52}},
	}
	return v
}

// difference is what the lines of two texts do not have in common, except
// those that match one of the patterns.
func difference(got, want string, known ...string) []string {
	pattern := regexp.MustCompile("^(" + strings.Join(known, "|") + ")$")
	split := func(text string) (lines []string) {
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\n"); len(known) == 0 || !pattern.MatchString(line) {
				lines = append(lines, line)
			}
		}
		return lines
	}
	a, b := split(got), split(want)
	var out []string
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return append(out, "missing "+b[i])
		case i >= len(b):
			return append(out, "beyond "+a[i])
		case a[i] != b[i]:
			return append(out, fmt.Sprintf("line %d\n got %q\nwant %q", i+1, a[i], b[i]))
		}
	}
	return out
}

// buildLines are of the library that upstream was built with, and of where its
// build has found iproute2.
const buildLines = " libnftnl version .*| iproute usr directory .*"

// rareLines are of interfaces that were looked at for forwarding.
const rareLines = "   Not IPv6 forwarding. Last checked .*"

func TestSampleVRRP(t *testing.T) {
	inUTC(t)
	got := string(VRRPData(sampleView(t), testHost))
	for _, d := range difference(got, sample(t, "vrrp.data"), buildLines, rareLines) {
		t.Error(d)
	}
}

// inUTC has local times in the zone of the samples.
func inUTC(t *testing.T) {
	before := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = before })
}

func TestSampleStats(t *testing.T) {
	for _, d := range difference(string(Stats(sampleView(t))), sample(t, "vrrp.stats")) {
		t.Error(d)
	}
}

func TestSampleParent(t *testing.T) {
	got := string(ParentData(decoded(t, "vrrp.conf"), testHost))
	for _, d := range difference(got, sample(t, "parent.data"), buildLines) {
		t.Error(d)
	}
}

func TestSampleJSON(t *testing.T) {
	v := sampleView(t)
	got, err := JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(sample(t, "vrrp.json"))
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	v.Config.Global.JSONVersion = 2
	two, err := JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(two) != `{"vrrp":`+want+`}` {
		t.Errorf("version 2 is %s", two)
	}
	v.Processes = []vrrp.ProcessView{{
		Config: config.TrackProcess{Name: "p", Command: []string{"/bin/p", "a b"}, Quorum: 1, QuorumMax: config.Unlimited, Weight: config.Weight{Value: 5, Reverse: true}},
		Status: track.ProcessStatus{Name: "p", Count: 3, Have: true, Losing: true},
	}}
	if two, err = JSON(v); err != nil || !json.Valid(two) {
		t.Fatalf("%s, %v", two, err)
	}
	const process = `,"track_process":[{"process":"p","parameters":"a b","param_match":"none","min_processes":1,"current_processes":3,"have_quorum":true,"weight":-5,` +
		`"terminate_delay":0,"fork_delay":0,"fork_delay_timer_running":false,"terminate_delay_timer_running":true,"full_command":false}]}`
	if !bytes.HasSuffix(two, []byte(process)) {
		t.Errorf("version 2 ends with %s", two[max(0, len(two)-len(process)-20):])
	}
	v.Instances = nil
	if nothing, err := JSON(v); nothing != nil || err != nil {
		t.Errorf("without instances: %s, %v", nothing, err)
	}
}

// TestSampleCheck shows the directors of testdata/status/check.data.
func TestSampleCheck(t *testing.T) {
	cfg := decoded(t, "check.conf")
	v := check.View{Config: cfg}
	up := check.CheckerView{Enabled: true, Up: true, Ran: true, Failed: -1}
	for i := range cfg.VirtualServers {
		vs := &cfg.VirtualServers[i]
		s := check.ServiceView{Config: vs, Name: vs.Name(), Quorum: true}
		if i == 0 {
			s.SorryName = "[10.1.0.13]:tcp:80"
		}
		for j := range vs.RealServers {
			rs := &vs.RealServers[j]
			s.Servers = append(s.Servers, check.ServerView{
				Name: fmt.Sprintf("[%s]:%s:%d", rs.Addr.Addr(), strings.ToLower(vs.Protocol.String()), rs.Addr.Port()),
				Up:   true, Set: true, Weight: int64(rs.Weight), Kernel: int(rs.Weight), Checkers: slices.Repeat([]check.CheckerView{up}, len(rs.Checkers)),
			})
		}
		v.Services = append(v.Services, s)
	}
	got := string(CheckData(v, testHost))
	// What was before is of no use to anybody; scripts of MISC_CHECK are not run yet.
	for _, d := range difference(got, sample(t, "check.data"), buildLines, "   previous effective_weight = .*", "   Last (ran|status) = .*") {
		t.Error(d)
	}
}
