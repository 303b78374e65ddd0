package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// serverKeys stands for those of the checkers.
func serverKeys(c Config) []string {
	keys := make([]string, len(c.VirtualServers))
	for i := range c.VirtualServers {
		keys[i] = fmt.Sprintf("%s %d", c.VirtualServers[i].Name(), i)
	}
	return keys
}

// changeLines are changes in the form of a difference.
func changeLines(list []ObjectChange) (lines []string) {
	signs := map[ChangeKind]string{Added: "+", Removed: "-", Updated: "~"}
	for _, o := range list {
		lines = append(lines, strings.TrimSpace(signs[o.Kind]+" "+o.Block+" "+o.Name))
		for _, s := range o.Settings {
			lines = append(lines, fmt.Sprintf("  %s %s|%s|%s", signs[s.Kind], s.Keyword, s.Old, s.New))
		}
	}
	return lines
}

const compareBase = `child_wait_time 6
global_defs {
	router_id a
}
vrrp_instance VI_1 {
	interface eth0
	virtual_router_id 51
	priority 100
	authentication {
		auth_type PASS
		auth_pass secret
	}
	virtual_ipaddress {
		10.0.0.1
		10.0.0.2
	}
	notify "/bin/true one 'two words'"
}
vrrp_instance VI_2 {
	interface eth0
	virtual_router_id 52
	virtual_ipaddress {
		10.0.0.9
	}
}
virtual_server 10.1.0.1 80 {
	lvs_sched rr
	lvs_method DR
	protocol TCP
	real_server 10.2.0.1 80 {
		weight 1
		TCP_CHECK {
			connect_timeout 3
		}
		TCP_CHECK {
			connect_port 81
		}
	}
	real_server 10.2.0.2 80 {
		TCP_CHECK {
		}
	}
}
`

func TestCompare(t *testing.T) {
	before, _ := decodeText(t, compareBase)
	for _, row := range []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"a comment", "priority 100", "priority 100 # as ever", nil},
		{"a default that is written", "lvs_sched rr", "lvs_sched rr\n\tdelay_loop 60", nil},
		{"a number", "priority 100", "priority 90", []string{"~ vrrp_instance VI_1", "  ~ priority|100|90"}},
		{"an address", "10.0.0.2", "10.0.0.3", []string{
			"~ vrrp_instance VI_1", "  - virtual_ipaddress 10.0.0.2/32|dev eth0|", "  + virtual_ipaddress 10.0.0.3/32||dev eth0"}},
		{"a password", "secret", "public", []string{"~ vrrp_instance VI_1", "  ~ authentication auth_pass|********|********"}},
		{"a script", "one", "1", []string{"~ vrrp_instance VI_1", "  ~ notify|'/bin/true' 'one' 'two words'|'/bin/true' '1' 'two words'"}},
		{"a name", "VI_2", "VI_B", []string{"~ vrrp_instance VI_B", "  ~ vrrp_instance|VI_2|VI_B"}},
		{"another virtual router", "virtual_router_id 52", "virtual_router_id 53", []string{"- vrrp_instance VI_2", "+ vrrp_instance VI_2"}},
		{"a global setting", "router_id a", "router_id b", []string{"~ global_defs", "  ~ router_id|a|b"}},
		{"outside", "child_wait_time 6", "child_wait_time 7", []string{"~ outside of any block", "  ~ child_wait_time|6|7"}},
		{"a server", "10.2.0.2 80", "10.2.0.3 80", []string{
			"~ virtual_server 10.1.0.1 80", "  - real_server 10.2.0.2 80||", "  + real_server 10.2.0.3 80||"}},
		{"a weight", "weight 1", "weight 2", []string{"~ virtual_server 10.1.0.1 80", "  ~ real_server 10.2.0.1 80 weight|1|2"}},
		{"the second check", "connect_port 81", "connect_port 82", []string{
			"~ virtual_server 10.1.0.1 80", "  ~ real_server 10.2.0.1 80 TCP_CHECK connect_port|81|82"}},
	} {
		text := compareBase
		if row.old != "" {
			if strings.Count(text, row.old) != 1 {
				t.Fatalf("%s: there is not one %q", row.name, row.old)
			}
			text = strings.Replace(text, row.old, row.new, 1)
		}
		after, _ := decodeText(t, text)
		if got := changeLines(Compare(before, after, serverKeys)); !slices.Equal(got, row.want) {
			t.Errorf("%s:\n got %q\nwant %q", row.name, got, row.want)
		}
	}
}

// TestCompareAgrees has what is said of instances agree with what a reload
// does.
func TestCompareAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var configs [2]Config
		for i := range configs {
			for id := range 4 {
				if rapid.Bool().Draw(t, "there") {
					in := Instance{Name: fmt.Sprintf("VI_%d", id), Interface: "eth0", VRID: uint8(id + 1), Family: 4, Version: 2}
					in.Priority = rapid.Uint8Range(1, 3).Draw(t, "priority")
					configs[i].Instances = append(configs[i].Instances, in)
				}
			}
		}
		want := map[string]ChangeKind{}
		for _, c := range Diff(configs[0], configs[1]) {
			want[c.Old.Name+c.New.Name] = c.Kind
		}
		said := 0
		for _, o := range Compare(configs[0], configs[1], serverKeys) {
			name := o.Name
			if o.Kind == Updated {
				name += name
			}
			if kind, ok := want[name]; o.Block != "vrrp_instance" || !ok || kind != o.Kind {
				t.Fatalf("%+v is not what a reload does: %v", o, want)
			}
			said++
		}
		if said != len(want) {
			t.Fatalf("%d changes are said of %v", said, want)
		}
	})
}
