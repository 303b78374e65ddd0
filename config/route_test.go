package config

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"keepalived-go/parser"
)

func mustParse(t *testing.T, text string) *parser.Tree {
	t.Helper()
	src, diags := parser.ReadString("test.conf", text, parser.Options{ConfigID: "id"})
	tree, more := parser.Parse(src)
	if len(diags)+len(more) > 0 {
		t.Fatal(diags, more)
	}
	return tree
}

// The numbers of a route are those of the kernel's headers.
func TestRouteValues(t *testing.T) {
	c, diags := decodeOn(t, `static_routes {
	blackhole 198.51.100.0/24 via inet 192.0.2.1 dev eth0 src 192.0.2.10 table 0x1ff scope link tos AF11 metric 7 realms 3/5 onlink ttl-propagate enabled append mtu lock 1400 rtt 2.5s quickack 1 features ecn congctl lock bbr protocol static no_track encap ip id 9 dst 192.0.2.9 ttl 64 nexthop via 192.0.2.2 dev eth1 weight 256 encap mpls 16/0x20
	2001:db8::/32 from 2001:db8:1::/48 dev eth0 expires 60 pref low encap ila 1:2:3:ffff
}
`, routeHost())
	ip := netip.MustParseAddr
	first := Route{
		Family: 4, Type: 6, Dst: netip.MustParsePrefix("198.51.100.0/24"), Via: ip("192.0.2.1"), Src: ip("192.0.2.10"), Dev: "eth0",
		Table: 511, Protocol: 4, Scope: 253, TOS: 0x28, Metric: 7, Realms: 0x30005, OnLink: true, TTLPropagate: some(true),
		Encap:     Encap{Type: 2, ID: some(uint64(9)), Dst: ip("192.0.2.9"), TTL: some(uint8(64))},
		CongCtl:   "bbr",
		Placement: RouteAppend, NoTrack: true,
		Nexthops: []Nexthop{{Via: ip("192.0.2.2"), Dev: "eth1", Weight: 256, Encap: Encap{Type: 1, Labels: []uint32{16, 32}}}},
	}
	first.Metrics[2] = Metric{Value: 1400, Set: true, Lock: true}
	first.Metrics[4] = Metric{Value: 20000, Set: true}
	first.Metrics[15] = Metric{Value: 1, Set: true}
	first.Metrics[12] = Metric{Value: 1, Set: true}
	first.Metrics[16].Lock = true
	second := Route{
		Family: 6, Type: 1, Dst: netip.MustParsePrefix("2001:db8::/32"), From: netip.MustParsePrefix("2001:db8:1::/48"), Dev: "eth0",
		Table: 254, Protocol: 18, Expires: some(uint32(60)), Pref: some(uint8(3)), Encap: Encap{Type: 3, Locator: 0x000100020003ffff},
	}
	if len(c.StaticRoutes) != 2 || status(diags) != parser.StatusOK {
		t.Fatalf("%+v %v", c.StaticRoutes, diags)
	}
	for i, want := range []Route{first, second} {
		if !reflect.DeepEqual(c.StaticRoutes[i], want) {
			t.Errorf("%+v\nwant\n%+v", c.StaticRoutes[i], want)
		}
	}
}

func TestRuleValues(t *testing.T) {
	c, diags := decodeOn(t, `track_group TG {
	group {
		V
	}
}
static_rules {
	not from all to 192.0.2.0/24 iif eth0 oif eth1 tos 0x10 fwmark 0x10/255 tunnel-id 18446744073709551615 uidrange 5-10 ipproto tcp sport 80-90 dport 443-443 lookup 100 preference 010 realms 3/5 sup_pl 8 sup_group uplinks track_group TG
	goto 9 preference 5 no_track protocol 4 inet6
}
vrrp_instance V {
	interface eth0
	virtual_router_id 1
	virtual_ipaddress {
		192.0.2.1
	}
}
`, routeHost())
	want := []Rule{
		{
			Family: 4, Preference: 8, Action: 1, Table: 100, Not: true, From: netip.MustParsePrefix("0.0.0.0/0"), To: netip.MustParsePrefix("192.0.2.0/24"),
			IIF: "eth0", OIF: "eth1", TOS: 16, FWMark: some(uint32(16)), FWMask: some(uint32(255)), TunnelID: 1<<64 - 1,
			UIDs: some(Range[uint32]{5, 10}), IPProto: some(uint8(6)), SrcPorts: some(Range[uint16]{80, 90}), DstPorts: some(Range[uint16]{443, 443}),
			Realms: 0x30005, SuppressPrefixLength: some(uint32(8)), SuppressGroup: some(uint32(7)), Protocol: 18, TrackGroup: "TG",
		},
		{Family: 6, Preference: 5, Action: 2, Goto: 9, NoTrack: true, Protocol: 4},
	}
	if !reflect.DeepEqual(c.StaticRules, want) || status(diags) != parser.StatusOK {
		t.Errorf("%+v\nwant\n%+v\n%v", c.StaticRules, want, diags)
	}
}

// Rules without preference get one from a count that goes down, for each family and over all blocks.
func TestChosenPreferences(t *testing.T) {
	c, diags := decodeText(t, "static_rules {\ntable 1\nfrom ::/0 table 2\ntable 3\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_rules {\ntable 4\n}\n"+vip+"}\n")
	var got []uint32
	for _, r := range append(c.StaticRules, c.Instances[0].Rules...) {
		got = append(got, r.Preference)
	}
	if want := []uint32{16384, 16384, 16383, 16382}; !reflect.DeepEqual(got, want) || status(diags) != parser.StatusConfig {
		t.Errorf("%v, want %v; %v", got, want, diags)
	}
}

// What a fault says, and where.
func TestRouteFaults(t *testing.T) {
	for _, c := range []struct{ block, line, want string }{
		{"static_routes", "198.51.100.0/24 dev eth0 merric 5", `1:26: warning: static_routes: "merric" is no option of a route, the line is ignored; did you mean "metric"?`},
		{"static_routes", "unreachabel 198.51.100.0/24", `1:1: warning: static_routes: "unreachabel" is no destination, the line is ignored; did you mean "unreachable"?`},
		{"static_routes", "to unreachable 198.51.100.0/24", "write unreachable without to"},
		{"static_routes", "198.51.100.0/24 dev eth0 table mian", `1:32: warning: static_routes: table: there is no routing table "mian", the line is ignored; did you mean "main"?`},
		{"static_routes", "198.51.100.0/24 dev eth0 scope lnik", `did you mean "link"?`},
		{"static_routes", "198.51.100.0/24 dev eth0 protocol staitc", `did you mean "static"?`},
		{"static_routes", "198.51.100.0/24 dev eth0 protocol static", "1:35: warning: static_routes: a route that is tracked has protocol 18, the one that is given is ignored; write no_track too"},
		{"static_routes", "198.51.100.0/24 dev eth0 encap mlps 16", `did you mean "mpls"?`},
		{"static_routes", "2001:db8::/32 dev eth0 pref hihg", `did you mean "high"?`},
		{"static_routes", "198.51.100.0/24 nexthop via 192.0.2.1 wieght 5", `did you mean "weight"?`},
		{"static_routes", "198.51.100.0/24 dev eth0 track_group TQ", "1:38: warning: track_group TQ not found"},
		{"static_routes", "198.51.100.0/24 dev eth0 metric 5x", `1:33: warning: static_routes: metric: "5x" is not a number, the line is ignored`},
		{"static_routes", "198.51.100.0/24 dev eth0 hoplimit 256", `"256" is outside of the range 0 to 255`},
		{"static_routes", "198.51.100.0/24 via 2001:db8::1", "1:21: warning: static_routes: 2001:db8::1 is of IPv6, and what stands before it of IPv4, the line is ignored"},
		{"static_routes", "198.51.100.0/24 dev eth0 table -1", "table: number -1 does not fit, it is read as 4294967295"},
		{"static_rules", "tabel 100 preference 5", `1:1: warning: static_rules: unknown option "tabel", the line is ignored; did you mean "table"?`},
		{"static_rules", "table 100 preference 5 ip_proto tcp", `did you mean "ipproto"?`},
		{"static_rules", "table 100 preference 5 sport 80", "write 80-80"},
		{"static_rules", "table 100 preference 5 ipproto tpc", `did you mean "TCP"?`},
		{"static_rules", "table 100 preference 5 suppress_ifgroup uplink", `did you mean "uplinks"?`},
		{"static_rules", "goto 5 preference 10", "1:6: warning: static_rules: goto 5 does not lead behind preference 10, the line is ignored"},
		{"static_rules", "blackhole preference 5 realms 5", "1:24: warning: static_rules: realms needs a table, the line is ignored"},
	} {
		_, _, diags := tryIPLine(t, c.block, c.line)
		found := false
		for _, d := range diags {
			found = found || strings.Contains(strings.Replace(d.String(), "test.conf:7:", "1:", 1), c.want)
		}
		if !found {
			t.Errorf("%s: %v, want %q", c.line, diags, c.want)
		}
	}
}

func TestDiffRoutesAndRules(t *testing.T) {
	read := func(text string) ([]Route, []Rule) {
		c, _ := decodeText(t, text)
		return c.StaticRoutes, c.StaticRules
	}
	a, x := read("static_routes {\n192.0.2.0/24 dev eth0\n198.51.100.0/24 dev eth0 metric 5\n}\nstatic_rules {\ntable 1 preference 1\n}\n")
	b, y := read("static_routes {\n198.51.100.0/24 dev eth0 metric 6\n192.0.2.0/24 oif eth0\n192.0.2.0/24 dev eth0\n}\nstatic_rules {\nlookup 1 order 1\nnop priority 2\n}\n")
	removed, added := DiffRoutes(a, b)
	if len(removed) != 1 || removed[0].Metric != 5 || len(added) != 1 || added[0].Metric != 6 {
		t.Errorf("routes: removed %v, added %v", removed, added)
	}
	gone, come := DiffRules(x, y)
	if len(gone) != 0 || len(come) != 1 || come[0].Action != RuleNop {
		t.Errorf("rules: removed %v, added %v", gone, come)
	}
	if gone, come := DiffRules(y, y); len(gone)+len(come) != 0 {
		t.Errorf("the same rules differ: %v %v", gone, come)
	}
}

// A group that is removed because it has no members is not left behind in what named it.
func TestRemovedTrackGroup(t *testing.T) {
	c, diags := decodeText(t, "track_group TG {\ngroup {\nnosuch\n}\n}\nstatic_ipaddress {\n192.0.2.9 dev eth0 track_group TG\n}\nstatic_routes {\n192.0.2.0/24 dev eth0 track_group TG\n}\nstatic_rules {\niif eth0 table 1 preference 1 track_group TG\n}\n")
	if c.StaticAddresses[0].TrackGroup != "" || c.StaticRoutes[0].TrackGroup != "" || c.StaticRules[0].TrackGroup != "" || !says(diags, "TG has no members") {
		t.Errorf("%+v %+v %+v %v", c.StaticAddresses, c.StaticRoutes, c.StaticRules, diags)
	}
}
