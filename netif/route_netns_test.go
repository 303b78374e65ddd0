package netif

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// wayOut makes the interface that the routes of the tests lead through.
func wayOut(t *testing.T) *Handle {
	t.Helper()
	enterNamespace(t)
	ip(t, "link add way0 type veth peer name way1")
	ip(t, "link set way1 up")
	ip(t, "link set way0 up")
	ip(t, "addr add 192.0.2.1/24 dev way0")
	ip(t, "addr add 2001:db8::1/64 dev way0 nodad")
	return open(t)
}

func lines(b []byte) string { return strings.TrimSpace(string(b)) }

// TestRoutes adds each route as ip(8) does it, and through a Handle, and compares what ip(8) says of the two.
func TestRoutes(t *testing.T) {
	four, six := prefix("198.51.100.0/24"), prefix("2001:db8:1::/48")
	via4, via6 := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")
	base := Route{Family: 4, Type: unix.RTN_UNICAST, Dst: four, Table: 100, Protocol: 18, Via: via4}
	base6 := Route{Family: 6, Type: unix.RTN_UNICAST, Dst: six, Table: 100, Protocol: 18, Via: via6}
	for _, tt := range []struct {
		name   string
		ip     string
		from   Route
		change func(*Route)
	}{
		{"gateway", "198.51.100.0/24 via 192.0.2.7", base, func(*Route) {}},
		{"default", "default via 192.0.2.7", base, func(r *Route) { r.Dst = prefix("0.0.0.0/0") }},
		{"interface", "198.51.100.0/24 dev way0 scope link", base, func(r *Route) { r.Via, r.Dev, r.Scope = netip.Addr{}, "way0", unix.RT_SCOPE_LINK }},
		{"blackhole", "blackhole 198.51.100.0/24", base, func(r *Route) { r.Via, r.Type = netip.Addr{}, unix.RTN_BLACKHOLE }},
		{"source, metric and tos", "198.51.100.0/24 via 192.0.2.7 src 192.0.2.1 metric 7 tos 0x10", base,
			func(r *Route) { r.Src, r.Metric, r.TOS = netip.MustParseAddr("192.0.2.1"), 7, 0x10 }},
		{"onlink", "198.51.100.0/24 via 203.0.113.9 dev way0 onlink", base,
			func(r *Route) { r.Via, r.Dev, r.OnLink = netip.MustParseAddr("203.0.113.9"), "way0", true }},
		{"metrics", "198.51.100.0/24 via 192.0.2.7 mtu lock 1400 advmss 1300 initcwnd 20", base, func(r *Route) {
			r.Metrics[unix.RTAX_MTU] = Metric{Value: 1400, Set: true, Lock: true}
			r.Metrics[unix.RTAX_ADVMSS] = Metric{Value: 1300, Set: true}
			r.Metrics[unix.RTAX_INITCWND] = Metric{Value: 20, Set: true}
		}},
		{"gateway of the other family", "198.51.100.0/24 via inet6 2001:db8::7 dev way0", base, func(r *Route) { r.Via, r.Dev = via6, "way0" }},
		{"nexthops", "198.51.100.0/24 nexthop via 192.0.2.7 weight 3 nexthop via 192.0.2.8 dev way0", base, func(r *Route) {
			r.Via, r.Nexthops = netip.Addr{}, []Nexthop{{Via: via4, Weight: 3}, {Via: netip.MustParseAddr("192.0.2.8"), Dev: "way0"}}
		}},
		{"tunnel", "198.51.100.0/24 encap ip id 5 dst 192.0.2.9 ttl 64 tos 0x10 dev way0 scope link", base, func(r *Route) {
			r.Via, r.Dev, r.Scope = netip.Addr{}, "way0", unix.RT_SCOPE_LINK
			r.Encap = Encap{Type: 2, ID: Optional[uint64]{5, true}, Dst: netip.MustParseAddr("192.0.2.9"), TTL: Optional[uint8]{64, true}, TOS: Optional[uint8]{16, true}}
		}},
		{"realms", "198.51.100.0/24 via 192.0.2.7 realms 3/4", base, func(r *Route) { r.Realms = 3<<16 | 4 }},
		{"IPv6", "2001:db8:1::/48 via 2001:db8::7 metric 5 pref high", base6, func(r *Route) { r.Metric, r.Pref = 5, Optional[uint8]{1, true} }},
		{"IPv6 unreachable", "unreachable 2001:db8:1::/48", base6, func(r *Route) { r.Via, r.Type = netip.Addr{}, unix.RTN_UNREACHABLE }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := wayOut(t)
			r := tt.from
			tt.change(&r)
			show := map[int]string{4: "-4", 6: "-6"}[r.Family] + " -d route show table 100"
			ip(t, map[int]string{4: "-4", 6: "-6"}[r.Family]+" route add table 100 proto 18 "+tt.ip)
			want := lines(ip(t, show))
			if err := h.DeleteRoute(r); err != nil {
				t.Fatal(err)
			}
			if got := lines(ip(t, show)); got != "" {
				t.Fatalf("after DeleteRoute: %s", got)
			}
			for range 2 {
				if err := h.AddRoute(r); err != nil {
					t.Fatal(err)
				}
				if got := lines(ip(t, show)); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
			}
			for range 2 {
				if err := h.DeleteRoute(r); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestRouteErrors(t *testing.T) {
	h := wayOut(t)
	r := Route{Family: 4, Type: unix.RTN_UNICAST, Dst: prefix("198.51.100.0/24"), Table: 100, Via: netip.MustParseAddr("192.0.2.7"), Placement: Add}
	if err := h.AddRoute(r); err != nil {
		t.Fatal(err)
	}
	if err := h.AddRoute(r); !errors.Is(err, unix.EEXIST) || !strings.Contains(err.Error(), "198.51.100.0/24") {
		t.Errorf("a second one with add: %v", err)
	}
	r.Dev = "none0"
	if err := h.AddRoute(r); !errors.Is(err, unix.ENODEV) {
		t.Errorf("without its interface: %v", err)
	}
	if err := h.DeleteRoute(r); err != nil {
		t.Errorf("deleting without its interface: %v", err)
	}
}

func TestRules(t *testing.T) {
	base := Rule{Family: 4, Preference: 50, Action: 1, Table: 100, Protocol: 18}
	for _, tt := range []struct {
		name   string
		ip     string
		change func(*Rule)
	}{
		{"table", "from 198.51.100.0/24 table 100", func(r *Rule) { r.From = prefix("198.51.100.0/24") }},
		{"not to", "not to 198.51.100.0/24 table 1000", func(r *Rule) { r.To, r.Not, r.Table = prefix("198.51.100.0/24"), true, 1000 }},
		{"interfaces and mark", "iif way0 oif way1 fwmark 0x5/0xff table 100", func(r *Rule) {
			r.IIF, r.OIF, r.FWMark, r.FWMask = "way0", "way1", Optional[uint32]{5, true}, Optional[uint32]{255, true}
		}},
		{"ports", "ipproto udp sport 1-2 dport 3-4 uidrange 5-6 table 100", func(r *Rule) {
			r.IPProto, r.UIDs = Optional[uint8]{17, true}, Optional[[2]uint32]{[2]uint32{5, 6}, true}
			r.SrcPorts, r.DstPorts = Optional[[2]uint16]{[2]uint16{1, 2}, true}, Optional[[2]uint16]{[2]uint16{3, 4}, true}
		}},
		{"suppress", "table 100 suppress_prefixlength 0", func(r *Rule) { r.SuppressPrefixLength.Set = true }},
		{"goto", "goto 60", func(r *Rule) { r.Action, r.Goto = 2, 60 }},
		{"prohibit", "prohibit from 198.51.100.1", func(r *Rule) { r.Action, r.From = 8, prefix("198.51.100.1/32") }},
		{"IPv6", "from 2001:db8::/32 table 100", func(r *Rule) { r.Family, r.From = 6, prefix("2001:db8::/32") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := wayOut(t)
			r := base
			tt.change(&r)
			family := map[int]string{4: "-4", 6: "-6"}[r.Family]
			before := lines(ip(t, family+" -d rule show"))
			ip(t, family+" rule add "+tt.ip+" preference 50 protocol 18")
			want := lines(ip(t, family+" -d rule show"))
			for range 2 {
				if err := h.DeleteRule(r); err != nil {
					t.Fatal(err)
				}
			}
			if got := lines(ip(t, family+" -d rule show")); got != before {
				t.Fatalf("after DeleteRule: %s", got)
			}
			for range 2 {
				if err := h.AddRule(r); err != nil {
					t.Fatal(err)
				}
			}
			if got := lines(ip(t, family+" -d rule show")); got != want {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
		})
	}
}
