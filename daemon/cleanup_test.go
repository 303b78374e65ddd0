package daemon

import (
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

func TestLeftOver(t *testing.T) {
	address := func(dev, prefix string) netif.Address {
		return netif.Address{Dev: dev, Prefix: netip.MustParsePrefix(prefix)}
	}
	known := map[string]vrrp.InstanceState{
		"one": {Name: "VI_1", Addresses: []netif.Address{address("eth0", "192.0.2.1/24"), address("eth1", "192.0.2.2/24")}},
		"two": {Name: "VI_2", Addresses: []netif.Address{address("eth0", "192.0.2.3/24")}},
	}
	instance := func(addresses, excluded []config.Address) config.Instance {
		return config.Instance{Interface: "eth0", Addresses: addresses, ExcludedAddresses: excluded}
	}
	first := config.Address{Prefix: netip.MustParsePrefix("192.0.2.1/24")}
	second := config.Address{Prefix: netip.MustParsePrefix("192.0.2.2/24"), Dev: "eth1"}
	third := config.Address{Prefix: netip.MustParsePrefix("192.0.2.3/24")}
	for name, row := range map[string]struct {
		instances []config.Instance
		want      map[string]int // addresses by key
	}{
		"nothing has changed": {[]config.Instance{instance([]config.Address{first, second}, nil), instance([]config.Address{third}, nil)}, map[string]int{}},
		"an instance is gone": {[]config.Instance{instance([]config.Address{first, second}, nil)}, map[string]int{"two": 1}},
		"an address is gone":  {[]config.Instance{instance([]config.Address{first}, []config.Address{third})}, map[string]int{"one": 1}},
		"an address has moved to another interface": {
			[]config.Instance{instance([]config.Address{first, {Prefix: second.Prefix}, third}, nil)}, map[string]int{"one": 1},
		},
		"an address has moved to another instance": {[]config.Instance{instance([]config.Address{first, second, third}, nil)}, map[string]int{}},
		"everything is gone":                       {nil, map[string]int{"one": 2, "two": 1}},
	} {
		got := map[string]int{}
		for key, s := range leftOver(known, config.Config{Instances: row.instances}) {
			got[key] = len(s.Addresses)
		}
		if !maps.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
	if len(known["one"].Addresses) != 2 || !slices.ContainsFunc(known["one"].Addresses, func(a netif.Address) bool { return a.Dev == "eth1" }) {
		t.Error("what is known was changed")
	}
}

func TestUnanswered(t *testing.T) {
	for _, row := range []struct {
		name              string
		applying, current bool // the reload was sent to be applied, is the pending one
		inForce           bool
	}{
		{"not judged", false, true, false},
		{"told to apply", true, true, true},
		{"long over", true, false, false},
	} {
		p := &parent{log: newLog(Options{NoSyslog: true}, roleParent), options: Options{CheckOnly: true}}
		r := &pendingReload{applying: row.applying}
		r.next.config.Global.ScriptUser.User = "new"
		if row.current {
			p.reload = r
		}
		p.unanswered(r)
		if got := p.current.config.Global.ScriptUser.User == "new"; got != row.inForce || p.reload != nil {
			t.Errorf("%s: in force %v, want %v; pending %v", row.name, got, row.inForce, p.reload)
		}
	}
}

// TestAddFormer gives the former settings to those whose links have a parent that was changed.
func TestAddFormer(t *testing.T) {
	on := func(parents ...string) (s vrrp.InstanceState) {
		for _, p := range parents {
			s.Links = append(s.Links, netif.VirtualLink{Name: "on " + p, Parent: p})
		}
		return s
	}
	states := map[string]vrrp.InstanceState{"a": on(), "b": on("eth0", "eth1"), "c": on("eth0"), "d": on("eth1")}
	all := &netif.RPFilter{All: 1}
	before := netif.ARPMode{Ignore: 2}
	for range 2 { // what is known may have it from a former death
		addFormer(states, netif.Former{Parents: map[string]netif.ARPMode{"eth0": before, "eth9": {}}, RPFilter: all})
		for key, want := range map[string]map[string]netif.ARPMode{"a": nil, "b": {"eth0": before}, "c": {"eth0": before}, "d": nil} {
			if s := states[key]; !maps.Equal(s.Parents, want) || (s.RPFilter == all) != (key == "b") {
				t.Errorf("%s has %v, %v", key, s.Parents, s.RPFilter)
			}
		}
	}
	addFormer(states, netif.Former{})
	if s := states["b"]; s.Parents != nil || s.RPFilter != nil {
		t.Errorf("what was put back is still there: %+v", s)
	}
}

func TestWithUnreported(t *testing.T) {
	one, two := config.Instance{Name: "one", Interface: "eth0", VRID: 1, DownAdverts: 3, AdvertInt: time.Second}, config.Instance{Name: "two", Interface: "eth0", VRID: 2}
	two.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("192.0.2.2/32"), Dev: "eth0"}}
	reported := vrrp.InstanceState{Key: vrrp.Key(one), Name: "one", State: fsm.Master, LastAdvert: 7}
	all := withUnreported(map[string]vrrp.InstanceState{reported.Key: reported}, config.Config{Instances: []config.Instance{one, two}})
	if got := all[reported.Key]; got.State != fsm.Master || got.LastAdvert != 7 {
		t.Errorf("what was reported became %+v", got)
	}
	if got := all[vrrp.Key(two)]; len(all) != 2 || got.State == fsm.Master || len(got.Addresses) != 1 {
		t.Errorf("what was not reported became %+v of %d", got, len(all))
	}
}
