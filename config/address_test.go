package config

import (
	"net/netip"
	"testing"

	"keepalived-go/netif"
	"keepalived-go/parser"
)

func TestAddressLines(t *testing.T) {
	const ok, bad = parser.StatusOK, parser.StatusConfig
	prefix := netip.MustParsePrefix
	v4 := func(change func(*Address)) *Address {
		a := Address{Prefix: prefix("192.0.2.1/24"), Dev: "eth0", PreferredLife: netif.Forever}
		if change != nil {
			change(&a)
		}
		return &a
	}
	v6 := func(change func(*Address)) *Address {
		a := Address{Prefix: prefix("2001:db8::1/64"), Dev: "eth0", PreferredLife: netif.Forever, NoDAD: true}
		if change != nil {
			change(&a)
		}
		return &a
	}
	for _, c := range []struct {
		line   string
		want   *Address // nil: dropped
		status parser.Status
	}{
		{"192.0.2.1/24", v4(nil), ok},
		{"192.0.2.1", v4(func(a *Address) { a.Prefix = prefix("192.0.2.1/32") }), ok},
		{"192.0.2.1/33", v4(func(a *Address) { a.Prefix = prefix("192.0.2.1/32") }), bad},
		{"192.0.2.1/x", v4(func(a *Address) { a.Prefix = prefix("192.0.2.1/32") }), bad},
		{"192.0.2.300", nil, bad},
		{"fe80::1%eth0", nil, bad},
		{"192.0.2.1/24 dev eth1", v4(func(a *Address) { a.Dev = "eth1" }), ok},
		{"192.0.2.1/24 dev gone", nil, bad},
		{"192.0.2.1/24 dev eth0 dev eth1", nil, bad},
		{"192.0.2.1/24 dev", nil, bad},
		{"192.0.2.1/24 scope link", v4(func(a *Address) { a.Scope = 253 }), ok},
		{"192.0.2.1/24 scope 0x10", v4(func(a *Address) { a.Scope = 16 }), ok},
		{"192.0.2.1/24 scope far", v4(nil), bad},
		{"192.0.2.1/24 brd +", v4(func(a *Address) { a.Broadcast = netip.MustParseAddr("192.0.2.255") }), ok},
		{"192.0.2.1/24 broadcast -", v4(func(a *Address) { a.Broadcast = netip.MustParseAddr("192.0.2.0") }), ok},
		{"192.0.2.1/24 brd 192.0.2.7", v4(func(a *Address) { a.Broadcast = netip.MustParseAddr("192.0.2.7") }), ok},
		{"192.0.2.1/24 brd x", nil, bad},
		{"192.0.2.1/31 brd +", v4(func(a *Address) { a.Prefix = prefix("192.0.2.1/31") }), bad},
		{"192.0.2.1/24 label eth0:1", v4(func(a *Address) { a.Label = "eth0:1" }), ok},
		{"192.0.2.1/24 label a23456789012345", v4(func(a *Address) { a.Label = "a23456789012345" }), ok},
		{"192.0.2.1/24 label a234567890123456", nil, bad},
		{"192.0.2.1 peer 192.0.2.9", v4(func(a *Address) { a.Prefix, a.Peer = prefix("192.0.2.1/32"), prefix("192.0.2.9/32") }), ok},
		{"192.0.2.1/24 peer 192.0.2.9", v4(func(a *Address) { a.Prefix, a.Peer = prefix("192.0.2.1/32"), prefix("192.0.2.9/32") }), bad},
		{"192.0.2.1/24 peer 192.0.2.9/32", v4(nil), bad},
		{"192.0.2.1/24 peer 2001:db8::9", v4(nil), bad},
		{"192.0.2.1 peer 192.0.2.9 peer 192.0.2.8", v4(func(a *Address) { a.Prefix, a.Peer = prefix("192.0.2.1/32"), prefix("192.0.2.9/32") }), bad},
		{"192.0.2.1 peer 192.0.2.9 brd 192.0.2.7", v4(func(a *Address) { a.Prefix, a.Peer = prefix("192.0.2.1/32"), prefix("192.0.2.9/32") }), bad},
		{"192.0.2.1/24 preferred_lft 5", v4(func(a *Address) { a.PreferredLife = 5 }), ok},
		{"192.0.2.1/24 preferred_lft forever", v4(nil), ok},
		{"192.0.2.1/24 preferred_lft x", v4(nil), bad},
		{"192.0.2.1/24 home mngtmpaddr noprefixroute autojoin no_track", v4(func(a *Address) {
			a.HomeAddress, a.MngTmpAddr, a.NoPrefixRoute, a.AutoJoin, a.NoTrack = true, true, true, true, true
		}), ok},
		{"192.0.2.1/24 nodad", v4(nil), bad},
		{"192.0.2.1/24 track_group g", v4(nil), bad},
		{"192.0.2.1/24 use_vmac", v4(func(a *Address) { a.UseVMAC, a.Link = true, "vrrp.1" }), ok},
		{"2001:db8::1/64", v6(nil), ok},
		{"2001:db8::1", v6(func(a *Address) { a.Prefix, a.PreferredLife = prefix("2001:db8::1/128"), 0 }), ok},
		{"2001:db8::1 preferred_lft forever", v6(func(a *Address) { a.Prefix = prefix("2001:db8::1/128") }), ok},
		{"2001:db8::1/64 -nodad", v6(func(a *Address) { a.NoDAD = false }), ok},
		{"2001:db8::1/64 brd +", nil, bad},
		{"2001:db8::1/64 scope link label x", v6(nil), bad},
	} {
		env := Env{Interface: func(n string) (Interface, bool) { return Interface{MTU: 1500}, n != "gone" && n != "vrrp.1" }}
		text := "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.200\n}\nvirtual_ipaddress_excluded {\n" + c.line + "\n}\n}\n"
		got, diags := decodeOn(t, text, env)
		if s := status(diags); s != c.status {
			t.Errorf("%s: status %d, want %d: %v", c.line, s, c.status, diags)
		}
		list := got.Instances[0].ExcludedAddresses
		switch {
		case c.want == nil && len(list) > 0:
			t.Errorf("%s: %+v is not dropped", c.line, list[0])
		case c.want != nil && (len(list) != 1 || list[0] != *c.want):
			t.Errorf("%s: %+v, want %+v", c.line, list, *c.want)
		}
	}
}

func TestStaticAddresses(t *testing.T) {
	env := Env{Interface: func(n string) (Interface, bool) { return Interface{MTU: 1500}, n != "eth0" }}
	c, diags := decodeOn(t, "static_ipaddress {\n192.0.2.1/24\n}\n", env)
	if len(c.StaticAddresses) != 0 || status(diags) != parser.StatusFatal {
		t.Errorf("without an interface: %+v %v", c.StaticAddresses, diags)
	}
	c, diags = decodeOn(t, "global_defs {\ndefault_interface eth7\n}\nstatic_ipaddress {\n192.0.2.1/24\n192.0.2.2 dev eth8\n192.0.2.3 track_group no\n}\n", env)
	if len(c.StaticAddresses) != 3 || c.StaticAddresses[0].Dev != "eth7" || c.StaticAddresses[1].Dev != "eth8" || !says(diags, "track_group no not found") {
		t.Errorf("%+v %v", c.StaticAddresses, diags)
	}
}

// Blocks that need an interface report a missing one with a status of its own.
func TestBlocksOfInterfaces(t *testing.T) {
	env := Env{Interface: func(n string) (Interface, bool) { return Interface{VMAC: n == "vmac"}, n != "gone" }}
	for text, want := range map[string]parser.Status{
		"interface_up_down_delays {\neth0 1 2\n}":                           parser.StatusOK,
		"interface_up_down_delays {\neth0\n}":                               parser.StatusOK,
		"interface_up_down_delays {\neth0 256\n}":                           parser.StatusConfig,
		"interface_up_down_delays {\ngone 1\n}":                             parser.StatusFatal,
		"linkbeat_interfaces {\neth0 MII\neth1\n}":                          parser.StatusOK,
		"linkbeat_interfaces {\neth0 mii\n}":                                parser.StatusConfig,
		"linkbeat_interfaces {\ngone\n}":                                    parser.StatusFatal,
		"garp_group {\ngarp_interval 1\ninterface eth0\n}":                  parser.StatusOK,
		"garp_group {\ninterface eth0\n}":                                   parser.StatusConfig,
		"garp_group {\ngarp_interval 1\ninterface gone\n}":                  parser.StatusConfig,
		"garp_group {\ngarp_interval 1\ninterface vmac\n}":                  parser.StatusConfig,
		"garp_group {\ngarp_interval 1\ninterfaces {\neth0 eth1 eth0\n}\n}": parser.StatusConfig,
	} {
		if _, diags := decodeOn(t, text+"\n", env); status(diags) != want {
			t.Errorf("%s: %v, want status %d", text, diags, want)
		}
	}
}
