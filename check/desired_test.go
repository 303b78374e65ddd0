package check

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"keepalived-go/config"
	"keepalived-go/ipvs"
)

// showEntries writes services down with everything that the kernel is told.
func showEntries(entries []ipvs.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		what := e.Addr.String()
		if e.Mark != 0 {
			what = fmt.Sprintf("mark %d", e.Mark)
		}
		fmt.Fprintf(&b, "%d/%d %s %s", e.Family, e.Protocol, what, e.Scheduler)
		if e.Flags != 0 {
			fmt.Fprintf(&b, " flags %#x", uint32(e.Flags))
		}
		if e.Timeout != 0 || e.Prefix != 32 {
			fmt.Fprintf(&b, " persistent %d/%d%s", e.Timeout, e.Prefix, e.Engine)
		}
		if e.Mask != 0 {
			fmt.Fprintf(&b, " mask %#x", e.Mask)
		}
		b.WriteString("\n")
		for _, d := range e.Destinations {
			fmt.Fprintf(&b, "  %s method %d weight %d", d.Addr, d.Method, d.Weight)
			if d.Upper != 0 || d.Lower != 0 {
				fmt.Fprintf(&b, " limits %d %d", d.Lower, d.Upper)
			}
			if d.Encapsulation != (ipvs.Encapsulation{}) {
				fmt.Fprintf(&b, " in %d:%d:%d", d.Encapsulation.Type, d.Encapsulation.Port, d.Encapsulation.Flags)
			}
			b.WriteString("\n")
		}
	}
	return strings.TrimSpace(b.String())
}

func TestWantedTable(t *testing.T) {
	const rs = "real_server 10.0.0.11 80 {\n}\n"
	vs := func(head, lines string) string {
		return "virtual_server " + head + " {\n" + strings.ReplaceAll(lines, ";", "\n") + "\n}\n"
	}
	group := func(lines string) string {
		return "virtual_server_group G {\n" + strings.ReplaceAll(lines, ";", "\n") + "\n}\n"
	}
	cases := []struct{ name, text, want string }{
		{"NAT, its own port, thresholds", vs("10.0.0.1 80", "lvs_sched wlc; lvs_method NAT; protocol TCP; real_server 10.0.0.11 8080 {; weight 7; uthreshold 90; lthreshold 20; }"),
			"4/6 10.0.0.1:80 wlc\n  10.0.0.11:8080 method 0 weight 7 limits 20 90"},
		{"DR has the port of the service", vs("10.0.0.1 80", "lvs_sched wrr; lvs_method DR; protocol SCTP; "+rs),
			"4/132 10.0.0.1:80 wrr\n  10.0.0.11:80 method 3 weight 1"},
		{"TUN over GUE", vs("10.0.0.1 53", "lvs_sched sh; sh-port; sh-fallback; lvs_method TUN type gue port 6080 remcsum; protocol UDP; ops; real_server 10.0.0.11 53 {; }"),
			"4/17 10.0.0.1:53 sh flags 0x1c\n  10.0.0.11:53 method 2 weight 1 in 1:6080:2"},
		{"TUN over GRE to another family", vs("10.0.0.1 53", "lvs_sched mh; flag-3; lvs_method TUN type gre csum; protocol TCP; real_server fd00::11 53 {; }"),
			"4/6 10.0.0.1:53 mh flags 0x20\n  [fd00::11]:53 method 2 weight 1 in 2:0:1"},
		{"persistence with a mask and an engine", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol UDP; persistence_timeout 50; persistence_granularity 255.255.240.0; persistence_engine sip; "+rs),
			"4/17 10.0.0.1:80 rr persistent 50/20sip\n  10.0.0.11:80 method 0 weight 1"},
		{"persistence with a mask that has holes", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol UDP; persistence_timeout 50; persistence_granularity 255.0.255.0; "+rs),
			"4/17 10.0.0.1:80 rr persistent 50/8 mask 0xff00ff00\n  10.0.0.11:80 method 0 weight 1"},
		{"persistence with a number for a mask", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol UDP; persistence_timeout 50; persistence_granularity 24; "+rs),
			"4/17 10.0.0.1:80 rr persistent 50/0 mask 0x18\n  10.0.0.11:80 method 0 weight 1"},
		{"every port", vs("10.0.0.1", "lvs_sched rr; lvs_method DR; protocol TCP; real_server 10.0.0.11 {; }"),
			"4/6 10.0.0.1:0 rr persistent 360/32\n  10.0.0.11:0 method 3 weight 1"},
		{"IPv6", vs("fd00::1 80", "lvs_sched rr; lvs_method DR; protocol TCP; persistence_timeout 9; persistence_granularity 64; real_server fd00::11 80 {; }"),
			"6/6 [fd00::1]:80 rr persistent 9/64\n  [fd00::11]:80 method 3 weight 1"},
		{"IPv6 with persistence of each address", vs("fd00::1 80", "lvs_sched rr; lvs_method DR; protocol TCP; persistence_timeout 9; real_server fd00::11 80 {; }"),
			"6/6 [fd00::1]:80 rr persistent 9/128\n  [fd00::11]:80 method 3 weight 1"},
		{"IPv6 without persistence", vs("fd00::1 80", "lvs_sched rr; lvs_method DR; protocol TCP; real_server fd00::11 80 {; }"),
			"6/6 [fd00::1]:80 rr persistent 0/128\n  [fd00::11]:80 method 3 weight 1"},
		{"firewall mark", vs("fwmark 7", "lvs_sched rr; lvs_method DR; real_server 10.0.0.11 {; }"),
			"4/0 mark 7 rr\n  10.0.0.11:0 method 3 weight 1"},
		{"firewall mark of IPv6", vs("fwmark 7", "lvs_sched rr; lvs_method NAT; real_server fd00::11 80 {; }"),
			"6/0 mark 7 rr persistent 0/128\n  [fd00::11]:80 method 0 weight 1"},
		{"a group of addresses, ranges and marks", group("10.0.0.1 80; 10.0.1.254-255 81; fwmark 9") +
			vs("group G", "lvs_sched rr; lvs_method DR; protocol TCP; real_server 10.0.0.11 80 {; }; real_server 10.0.0.11 81 {; }"),
			`4/6 10.0.0.1:80 rr
  10.0.0.11:80 method 3 weight 1
4/6 10.0.1.254:81 rr
  10.0.0.11:81 method 3 weight 1
4/6 10.0.1.255:81 rr
  10.0.0.11:81 method 3 weight 1
4/0 mark 9 rr
  10.0.0.11:0 method 3 weight 1`},
		{"a group behind NAT", group("10.0.0.1 80; 10.0.0.2 443") +
			vs("group G", "lvs_sched rr; lvs_method NAT; protocol TCP; real_server 10.0.0.11 8080 {; }"),
			`4/6 10.0.0.1:80 rr
  10.0.0.11:8080 method 0 weight 1
4/6 10.0.0.2:443 rr
  10.0.0.11:8080 method 0 weight 1`},
		{"a group of both families", group("10.0.0.1 80; fd00::1 80; fwmark 3 inet; fwmark 4 inet6") +
			vs("group G", "lvs_sched rr; lvs_method TUN; protocol TCP; real_server 10.0.0.11 80 {; }"),
			`4/6 10.0.0.1:80 rr
  10.0.0.11:80 method 2 weight 1
6/6 [fd00::1]:80 rr persistent 0/128
  10.0.0.11:80 method 2 weight 1
4/0 mark 3 rr
  10.0.0.11:0 method 2 weight 1
6/0 mark 4 rr persistent 0/128
  10.0.0.11:0 method 2 weight 1`},
		{"a range of IPv6", group("fd00::fffe-ffff 80") + vs("group G", "lvs_sched rr; lvs_method DR; protocol TCP; real_server fd00::11 80 {; }"),
			"6/6 [fd00::fffe]:80 rr persistent 0/128\n  [fd00::11]:80 method 3 weight 1\n6/6 [fd00::ffff]:80 rr persistent 0/128\n  [fd00::11]:80 method 3 weight 1"},
		{"a sorry server of its own method that serves", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol TCP; alpha; sorry_server 10.0.0.99 8080; sorry_server_lvs_method DR; real_server 10.0.0.11 80 {; TCP_CHECK {; }; }"),
			"4/6 10.0.0.1:80 rr\n  10.0.0.99:80 method 3 weight 1"},
		{"a sorry server that inhibits and waits", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol TCP; sorry_server 10.0.0.99 8080; sorry_server_inhibit; "+rs),
			"4/6 10.0.0.1:80 rr\n  10.0.0.11:80 method 0 weight 1\n  10.0.0.99:8080 method 0 weight 0"},
		{"a sorry server that is a real server and waits", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol TCP; sorry_server 10.0.0.11 80; sorry_server_inhibit; inhibit_on_failure; "+rs),
			"4/6 10.0.0.1:80 rr\n  10.0.0.11:80 method 0 weight 1"},
		{"a sorry server that is a real server and serves", vs("10.0.0.1 80", "lvs_sched rr; lvs_method NAT; protocol TCP; alpha; sorry_server 10.0.0.11 80; inhibit_on_failure; sorry_server_inhibit; real_server 10.0.0.11 80 {; weight 5; TCP_CHECK {; }; }"),
			"4/6 10.0.0.1:80 rr\n  10.0.0.11:80 method 0 weight 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := decode(t, c.text)
			vs := &cfg.VirtualServers[0]
			var group *config.VirtualServerGroup
			if vs.Group != "" {
				group = &cfg.VirtualServerGroups[0]
			}
			s := newService(vs, "name", rules{}, everyKind)
			s.start()
			if got := showEntries(s.want(servesOf(vs, group))); got != c.want {
				t.Errorf("%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestIdentities(t *testing.T) {
	address := config.VirtualServer{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Protocol: config.ProtocolTCP, Family: 4}
	udp := address
	udp.Protocol = config.ProtocolUDP
	mark := config.VirtualServer{Mark: 7, Family: 4}
	mark6 := config.VirtualServer{Mark: 7, Family: 6}
	g, h := config.VirtualServer{Group: "g"}, config.VirtualServer{Group: "h"}
	got := identify([]config.VirtualServer{address, udp, g, mark, h, mark6, g, address})
	want := []identity{
		{"tcp/10.0.0.1:80", "[10.0.0.1]:tcp:80"}, {"udp/10.0.0.1:80", "[10.0.0.1]:udp:80"}, {"group/0/g", "[g]:0"},
		{"mark/4/7", "FWM 7"}, {"group/0/h", "[h]:0"}, {"mark/6/7", "FWM 7"}, {"group/1/g", "[g]:1"},
		{"tcp/10.0.0.1:80/1", "[10.0.0.1]:tcp:80"},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// Thousands of services of a group share what is the same in all of them.
func TestServicesOfAGroupShareTheirServers(t *testing.T) {
	cfg := decode(t, "virtual_server_group G {\n 10.1.0.0-255 80\n 10.1.1.0-255 80\n}\nvirtual_server group G {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n real_server 10.0.0.11 80 {\n }\n}\n")
	s := newService(&cfg.VirtualServers[0], "name", rules{}, everyKind)
	s.start()
	entries := s.want(servesOf(&cfg.VirtualServers[0], &cfg.VirtualServerGroups[0]))
	if len(entries) != 512 || &entries[0].Destinations[0] != &entries[511].Destinations[0] {
		t.Errorf("%d services, that do not share their servers", len(entries))
	}
}
