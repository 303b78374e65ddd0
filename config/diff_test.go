package config

import (
	"fmt"
	"reflect"
	"testing"

	"keepalived-go/parser"
)

func instanceText(name, iface string, vrid int, lines string) string {
	return fmt.Sprintf("vrrp_instance %s {\ninterface %s\nvirtual_router_id %d\n%svirtual_ipaddress {\n192.0.2.%d\n}\n}\n", name, iface, vrid, lines, vrid)
}

func TestDiff(t *testing.T) {
	a, b := instanceText("A", "eth0", 1, ""), instanceText("B", "eth0", 2, "")
	for _, c := range []struct {
		name, before, after string
		want                string
	}{
		{"the same", a + b, a + b, ""},
		{"the order does not matter", a + b, b + a, ""},
		{"where it stands does not matter", a, "\n\n# a comment\n" + a, ""},
		{"one priority", a + b, a + instanceText("B", "eth0", 2, "priority 7\n"), "updated B"},
		{"a new name is an update", a, instanceText("Z", "eth0", 1, ""), "updated Z"},
		{"gone", a + b, a, "removed B"},
		{"new", a, a + b, "added B"},
		{"another interface", a, instanceText("A", "eth1", 1, ""), "removed A, added A"},
		{"another VRID", a, instanceText("A", "eth0", 3, ""), "removed A, added A"},
		{"another group", a, instanceText("A", "eth0", 1, "mcast_dst_ip 224.0.0.99\n"), "removed A, added A"},
		{"a VMAC", a, instanceText("A", "eth0", 1, "use_vmac\n"), "removed A, added A"},
		{"another unicast peer", instanceText("A", "eth0", 1, "unicast_peer {\n192.0.2.200\n}\n"), instanceText("A", "eth0", 1, "unicast_peer {\n192.0.2.201\n}\n"), "updated A"},
		{"another unicast source", instanceText("A", "eth0", 1, "unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.200\n}\n"),
			instanceText("A", "eth0", 1, "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.200\n}\n"), "removed A, added A"},
		{"a unicast twin", instanceText("A", "eth0", 1, "unicast_peer {\n192.0.2.200\n}\n"),
			instanceText("A", "eth0", 1, "unicast_peer {\n192.0.2.200\n}\n") + instanceText("B", "eth0", 1, "unicast_peer {\n192.0.2.201\n}\n"), "added B"},
		{"unicast", a, instanceText("A", "eth0", 1, "unicast_peer {\n192.0.2.200\n}\n"), "removed A, added A"},
		{"a global default", a, "global_defs {\nvrrp_garp_master_delay 1\n}\n" + a, "updated A"},
		{"a global default that it overrides", instanceText("A", "eth0", 1, "garp_master_delay 3\ngarp_lower_prio_delay 1\n"),
			"global_defs {\nvrrp_garp_master_delay 1\n}\n" + instanceText("A", "eth0", 1, "garp_master_delay 3\ngarp_lower_prio_delay 1\n"), ""},
	} {
		before, _ := decodeText(t, c.before)
		after, _ := decodeText(t, c.after)
		got := ""
		for _, ch := range Diff(before, after) {
			if got != "" {
				got += ", "
			}
			switch ch.Kind {
			case Added:
				got += "added " + ch.New.Name
			case Removed:
				got += "removed " + ch.Old.Name
			case Updated:
				got += "updated " + ch.New.Name
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A difference in any field is a change: the comparison must not know a list of fields.
func TestDiffSeesEveryField(t *testing.T) {
	c, _ := decodeText(t, instanceText("A", "eth0", 1, ""))
	fields := reflect.TypeOf(Instance{})
	for n := range fields.NumField() {
		f := fields.Field(n)
		other := c
		other.Instances = append([]Instance(nil), c.Instances...)
		v := reflect.ValueOf(&other.Instances[0]).Elem().Field(n)
		switch v.Kind() {
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Uint8:
			v.SetUint(v.Uint() + 1)
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Slice:
			v.Set(reflect.Append(v, reflect.Zero(f.Type.Elem())))
		default:
			continue
		}
		if len(Diff(c, other)) == 0 {
			t.Errorf("a change of %s is not seen", f.Name)
		}
	}
	other := c
	other.Instances = append([]Instance(nil), c.Instances...)
	other.Instances[0].Pos = parser.Position{Line: 99}
	if d := Diff(c, other); len(d) != 0 {
		t.Errorf("a position counts: %v", d)
	}
}
