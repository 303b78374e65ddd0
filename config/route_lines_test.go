package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"keepalived-go/parser"
)

// routeHost is a host with some interfaces, a VRF and the names of iproute2.
func routeHost() Env {
	links := map[string]Interface{"eth0": {MTU: 1500}, "eth1": {MTU: 1500}, "lo": {Loopback: true}, "red": {VRF: true}}
	return Env{
		HostName:  "host",
		Interface: func(name string) (Interface, bool) { i, ok := links[name]; return i, ok },
		Files: fstest.MapFS{
			"etc/iproute2/rt_dsfield": {Data: []byte("0x00 default\n0x28 AF11 # assured\n")},
			"etc/iproute2/rt_realms":  {Data: []byte("0\tcosmos\n")},
			"etc/iproute2/group":      {Data: []byte("0\tdefault\n7\tuplinks\n")},
			"etc/iproute2/rt_protos":  {Data: []byte("4 static\n18 keepalived\n")},
			"etc/protocols":           {Data: []byte("tcp 6 TCP # transmission control\nipv6-icmp 58 IPv6-ICMP\n")},
		},
	}
}

// ipTrial is a row of testdata: a line, the exit statuses of -t with it and what Dump writes of it, "-" for nothing.
type ipTrial struct{ status, debian, line, kept string }

const ipTrialHead = "status\tstatus of 2.2.7\tline\twhat is kept of it\n"

func readIPTrials(t *testing.T, path string) []ipTrial {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []ipTrial
	for _, l := range strings.Split(strings.TrimSpace(strings.TrimPrefix(string(data), ipTrialHead)), "\n") {
		f := append(strings.Split(l, "\t"), "")
		rows = append(rows, ipTrial{f[0], f[1], f[2], f[3]})
	}
	return rows
}

// tryIPLine reads a line in a block of static or virtual routes or rules.
func tryIPLine(t *testing.T, block, line string) (status, kept string, diags []parser.Diagnostic) {
	t.Helper()
	before, after := "track_group TG {\ngroup {\nV\n}\n}\n", ""
	text := block + " {\n" + line + "\n}\n"
	if strings.HasPrefix(block, "static_") {
		before += text
	} else {
		after = text
	}
	c, diags := decodeOn(t, before+"vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.1\n}\n"+after+"}\n", routeHost())
	var texts []string
	for _, r := range append(c.StaticRoutes, allRoutes(c)...) {
		texts = append(texts, r.String())
	}
	for _, r := range append(c.StaticRules, allRules(c)...) {
		texts = append(texts, r.String())
	}
	if len(texts) == 0 {
		texts = []string{"-"}
	}
	var s parser.Status
	for _, d := range diags {
		if s = max(s, d.Status); d.Status == parser.StatusMissing {
			s = d.Status
			break
		}
	}
	return fmt.Sprint(int(s)), strings.Join(texts, " "), diags
}

func allRoutes(c Config) (out []Route) {
	for _, i := range c.Instances {
		out = append(out, i.Routes...)
	}
	return out
}

func allRules(c Config) (out []Rule) {
	for _, i := range c.Instances {
		out = append(out, i.Rules...)
	}
	return out
}

// different are the lines on which -t says something else than that of version 2.2.7, with the reason.
var different = map[string]string{
	"198.51.100.0/24 dev eth0 rtt 100ms":    "version 2.4.3 reports times that are out of range",
	"198.51.100.0/24 dev eth0 rtt 121s":     "version 2.4.3 reports times that are out of range",
	"198.51.100.0/24 dev eth0 rto_min 5":    "version 2.4.3 reports times that are out of range",
	"198.51.100.0/24 via 192.0.2.1":         "version 2.4.3 tracks routes without interface",
	"inet 198.51.100.0/24 dev eth0":         "the word after inet is read",
	"inet6 2001:db8:1::/64 dev eth0":        "the word after inet6 is read",
	"inet table 100 preference 5":           "the word after inet is read",
	"inet6 table 100 preference 5":          "the word after inet6 is read",
	"198.51.100.0/24 dev eth0 vrf red":      "the host that was asked has no VRF",
	"inet6 from all table 100 preference 5": "the word after inet6 is read",
}

func TestIPLines(t *testing.T) {
	for _, kind := range []string{"route", "rule"} {
		path := "testdata/" + kind + "_lines.tsv"
		out := ipTrialHead
		for _, r := range readIPTrials(t, path) {
			status, kept, diags := tryIPLine(t, "static_"+kind+"s", r.line)
			out += status + "\t" + r.debian + "\t" + r.line + "\t" + kept + "\n"
			if *rewrite {
				continue
			}
			if status != r.status || kept != r.kept {
				t.Errorf("%s: status %s and %q, want %s and %q; %v", r.line, status, kept, r.status, r.kept, diags)
			}
			if (status != r.debian) != (different[r.line] != "") {
				t.Errorf("%s: status %s, and %s of version 2.2.7: %q", r.line, status, r.debian, different[r.line])
			}
			checkIPDiagnostics(t, r.line, diags)
			if !strings.Contains(r.line, "track_group") {
				if s, k, _ := tryIPLine(t, "virtual_"+kind+"s", r.line); s != status || k != kept {
					t.Errorf("%s in an instance: status %s and %q", r.line, s, k)
				}
			}
			if kept != "-" {
				if _, again, _ := tryIPLine(t, "static_"+kind+"s", kept); again != kept {
					t.Errorf("%s is written as %q and read as %q", r.line, kept, again)
				}
			}
		}
		if *rewrite {
			if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// checkIPDiagnostics holds that a fault stands at a word of the line.
func checkIPDiagnostics(t *testing.T, text string, diags []parser.Diagnostic) {
	t.Helper()
	for _, d := range diags {
		if d.Severity < parser.Warning || d.Severity == parser.Error {
			continue
		}
		column := int(d.Pos.Column) - 1
		if d.Pos.Line != 7 || column < 0 || column >= len(text) || column > 0 && text[column-1] != ' ' {
			t.Errorf("%s: %v does not stand at a word", text, d)
		}
	}
}

// Every option of the table has a line that is taken and one that is not.
func TestIPLinesCoverEveryOption(t *testing.T) {
	for _, kind := range []string{"route", "rule"} {
		good, bad := map[string]bool{}, map[string]bool{}
		for _, r := range readIPTrials(t, "testdata/"+kind+"_lines.tsv") {
			for _, w := range strings.Fields(r.line) {
				if r.status == "0" {
					good[w] = true
				} else {
					bad[w] = true
				}
			}
		}
		k := language().root.byName["static_"+kind+"s"]
		for name, o := range language().options(k) {
			flag := o.Arg.Kind == Flag
			never := slices.Contains([]string{"as", "gw", "or"}, name) // upstream reports them whatever follows
			if strings.HasPrefix(name, "<") {
				continue
			}
			if !good[name] && !never || !bad[name] && !flag {
				t.Errorf("%s of a %s: taken %v, refused %v", name, kind, good[name], bad[name])
			}
		}
	}
}

// What the table lists is read, and nothing else.
func TestIPOptionsAreThoseOfTheTable(t *testing.T) {
	read := map[string]map[string]bool{"route": {}, "rule": {"type": true, "track_group": true}}
	for n := range (&routeReader{}).optionNames() {
		if _, isType := routeTypes[n]; !isType {
			read["route"][n] = true
		}
	}
	for _, n := range []string{"to", "track_group", "ip", "ip6", "mpls", "ila", "weight", "<DESTINATION>"} {
		read["route"][n] = true
	}
	for n := range ruleWords {
		read["rule"][n] = true
	}
	for n := range ruleActionWords {
		read["rule"][n] = true
	}
	for kind, names := range read {
		rows := language().options(language().root.byName["static_"+kind+"s"])
		for n := range names {
			if rows[n] == nil {
				t.Errorf("%s of a %s is read, and is not in the table", n, kind)
			}
		}
		for n := range rows {
			if !names[n] {
				t.Errorf("%s of a %s is in the table, and is not read", n, kind)
			}
		}
	}
}
