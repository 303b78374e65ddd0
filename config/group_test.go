package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// groupMember is a vrrp_instance with a VRID of its own.
func groupMember(name string, id int, lines string) string {
	return fmt.Sprintf("vrrp_instance %s {\ninterface eth0\nvirtual_router_id %d\n%svirtual_ipaddress {\n192.0.2.%d\n}\n}\n", name, id, lines, id)
}

func TestSyncGroups(t *testing.T) {
	both := groupMember("A", 1, "") + groupMember("B", 2, "")
	group := func(name, members, lines string) string {
		return "vrrp_sync_group " + name + " {\ngroup {\n" + members + "\n}\n" + lines + "}\n"
	}
	for _, row := range []struct {
		name, text string
		want       map[string][]string // members
		status     parser.Status
		says       string
	}{
		{"two members", both + group("G", "A\nB", ""), map[string][]string{"G": {"A", "B"}}, parser.StatusOK, ""},
		{"the group comes first", group("G", "A\nB", "") + both, map[string][]string{"G": {"A", "B"}}, parser.StatusOK, ""},
		{"members in one line", both + "vrrp_sync_group G {\ngroup { A B }\n}\n", map[string][]string{"G": {"A", "B"}}, parser.StatusOK, ""},
		{"the order is the group's", both + group("G", "B\nA", ""), map[string][]string{"G": {"B", "A"}}, parser.StatusOK, ""},
		{"an unknown member", both + group("G", "A\nB\nC", ""), map[string][]string{"G": {"A", "B"}}, parser.StatusConfig, "there is no vrrp_instance C"},
		{"a member twice", both + group("G", "A\nA\nB", ""), map[string][]string{"G": {"A", "B"}}, parser.StatusConfig, "A is in sync group G already"},
		{"a member of two groups", both + group("G", "A\nB", "") + group("H", "B\nA", ""), map[string][]string{"G": {"A", "B"}},
			parser.StatusConfig, "A is in sync group G already, group H does not get it"},
		{"one member", both + group("G", "A", ""), map[string][]string{"G": {"A"}}, parser.StatusConfig, "one member only"},
		{"no member that is there", both + group("G", "C", ""), map[string][]string{}, parser.StatusConfig, "no member exists"},
		{"no members", both + "vrrp_sync_group G {\n}\n", map[string][]string{}, parser.StatusConfig, "has no members"},
		{"no name", both + "vrrp_sync_group {\n}\n", map[string][]string{}, parser.StatusConfig, "needs one name"},
	} {
		c, diags := decodeText(t, row.text)
		got, in := map[string][]string{}, map[string]string{}
		for _, g := range c.SyncGroups {
			got[g.Name] = g.Members
			for _, m := range g.Members {
				in[m] = g.Name
			}
		}
		if !reflect.DeepEqual(got, row.want) || status(diags) != row.status || !says(diags, row.says) {
			t.Errorf("%s: %v, status %d, %v", row.name, got, status(diags), diags)
		}
		for _, i := range c.Instances {
			if i.SyncGroup != in[i.Name] || len(i.Unsupported) > 0 {
				t.Errorf("%s: %s is in %q, unsupported %q", row.name, i.Name, i.SyncGroup, i.Unsupported)
			}
		}
	}
}

// TestSyncGroupSettings: what a group says of its members.
func TestSyncGroupSettings(t *testing.T) {
	const yes, no = "notify_priority_changes true\n", "notify_priority_changes false\n"
	for _, row := range []struct {
		global, group, member string
		priorities, weighing  bool
		says                  string
	}{
		{"", "", "", false, false, ""},
		{"vrrp_notify_priority_changes true\n", "", "", true, false, ""},
		{"vrrp_notify_priority_changes true\n", no, "", false, false, ""},
		{"", yes, "", true, false, ""},
		{"", yes, no, false, false, ""},
		{"", no, yes, true, false, ""},
		{"", "sync_group_tracking_weight\n", "", false, true, ""},
		{"", "global_tracking\n", "", false, true, "global_tracking"},
	} {
		text := "global_defs {\n" + row.global + "}\n" + groupMember("A", 1, row.member) + groupMember("B", 2, "") +
			"vrrp_sync_group G {\ngroup {\nA\nB\n}\n" + row.group + "}\n"
		c, diags := decodeText(t, text)
		if c.Instances[0].NotifyPriorityChanges != row.priorities || c.SyncGroups[0].TrackingWeight != row.weighing || !says(diags, row.says) {
			t.Errorf("%+v: %v, %v, %v", row, c.Instances[0].NotifyPriorityChanges, c.SyncGroups[0].TrackingWeight, diags)
		}
	}
}

// TestGroupTrackers: every member tracks what its group tracks, and the group's line counts.
func TestGroupTrackers(t *testing.T) {
	const scripts = "vrrp_script S {\nscript /bin/true\n}\nvrrp_script T {\nscript /bin/true\n}\n"
	track := func(lines ...string) string { return "track_script {\n" + strings.Join(lines, "\n") + "\n}\n" }
	weighing := "sync_group_tracking_weight\n"
	weight := func(name string, value int) Track { return Track{Name: name, Weight: Weight{Value: value}} }
	for _, row := range []struct {
		name, group, member string
		want                []Track // of A
		held                bool
	}{
		{"nothing", "", "", nil, false},
		{"its own", weighing, track("S weight 5"), []Track{weight("S", 5)}, false},
		{"the group's", track("S weight 5"), "", []Track{weight("S", 5)}, false},
		{"both", weighing + track("T weight 7"), track("S weight 5"), []Track{weight("S", 5), weight("T", 7)}, false},
		{"the same", weighing + track("S weight 7"), track("S weight 5"), []Track{weight("S", 7)}, false},
		{"the group's means Fault", track("S"), "", []Track{weight("S", 0)}, true},
	} {
		c, diags := decodeText(t, scripts+groupMember("A", 1, row.member)+groupMember("B", 2, "")+groupMember("C", 3, "")+
			"vrrp_sync_group G {\ngroup {\nA\nB\n}\n"+row.group+"}\n")
		if got := c.Tracked(&c.Instances[0]).Scripts; !slices.Equal(got, row.want) {
			t.Errorf("%s: %+v, want %+v (%v)", row.name, got, row.want, diags)
		}
		if got := c.Tracked(&c.Instances[2]).Scripts; len(got) != 0 {
			t.Errorf("%s: one of no group tracks %+v", row.name, got)
		}
		if held := len(c.Instances[1].Unsupported) > 0; held != row.held {
			t.Errorf("%s: the other member is held: %v", row.name, held)
		}
	}
}
