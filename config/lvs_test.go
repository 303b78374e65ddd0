package config

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"keepalived-go/parser"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// withoutPlaces takes the positions off, which are not part of a comparison.
func withoutPlaces(c Config) Config {
	none := parser.Position{}
	for i := range c.Instances {
		c.Instances[i].Pos = none
	}
	for i := range c.VirtualServers {
		vs := &c.VirtualServers[i]
		vs.Pos = none
		for j := range vs.RealServers {
			rs := &vs.RealServers[j]
			rs.Pos = none
			for k := range rs.Checkers {
				rs.Checkers[k].Pos = none
			}
		}
	}
	for i := range c.VirtualServerGroups {
		c.VirtualServerGroups[i].Pos = none
	}
	for i := range c.BFD {
		c.BFD[i].Pos = none
	}
	return c
}

func TestServices(t *testing.T) {
	c, _ := decodeFile(t, "testdata/conf/good/lvs-services.conf")
	c = withoutPlaces(c)
	if len(c.VirtualServers) != 2 {
		t.Fatalf("%d virtual servers", len(c.VirtualServers))
	}
	dr := Forwarding{Method: DR}
	timing := Timing{ConnectTimeout: 5 * time.Second, DelayLoop: time.Minute, DelayBeforeRetry: Unset, Warmup: Unset, Retry: Unset}
	want := VirtualServer{
		Mark: 7, Family: 4, Scheduler: RR, Forward: dr,
		PersistenceTimeout: 6 * time.Minute, PersistenceGranularity: Granularity{Mask: netip.MustParseAddr("255.255.255.0")},
		Alpha: true, Omega: true, Quorum: 2, Hysteresis: 1,
		QuorumUp:   Script{Argv: []string{"/usr/local/bin/quorum", "up"}},
		QuorumDown: Script{Argv: []string{"/usr/local/bin/quorum", "down"}, User: "root", Group: "root"},
		Weight:     1, Timing: timing,
		Sorry: SorryServer{Addr: ap("10.0.0.9:0"), Inhibit: true, Forward: dr},
		RealServers: []RealServer{
			{Addr: ap("10.0.0.1:0"), Weight: 3, Forward: dr, Alpha: true, SMTPAlert: true, Timing: timing},
			{Addr: ap("10.0.0.2:0"), Weight: 1, Forward: dr, Alpha: true, InhibitOnFailure: true, SMTPAlert: true, Timing: timing},
		},
	}
	if got := c.VirtualServers[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("firewall mark:\n%+v\nwant\n%+v", got, want)
	}
}

// A setting comes from the checker, else from the real server, else from the virtual server, else it is the default of
// the kind of checker. It does not matter in which order the lines stand.
func TestInheritance(t *testing.T) {
	c, _ := decodeFile(t, "testdata/conf/good/lvs-services.conf")
	vs := c.VirtualServers[1]
	if vs.Flags != OnePacket|Flag2 || vs.Scheduler != SH || vs.Protocol != ProtocolUDP || !vs.SMTPAlert || vs.Weight != 10 {
		t.Errorf("virtual server %+v", vs)
	}
	first, second := vs.RealServers[0], vs.RealServers[1]
	if want := (Forwarding{Method: TUN, Tunnel: GUE, TunnelPort: 6080, Checksum: Checksum}); first.Forward != want || vs.Forward != want {
		t.Errorf("forwarding %+v of the first server, %+v of the service", first.Forward, vs.Forward)
	}
	if second.Forward != (Forwarding{Method: TUN, Tunnel: GRE}) {
		t.Errorf("forwarding %+v of the second server", second.Forward)
	}
	if first.Addr != ap("[2001:db8::1]:53") {
		t.Errorf("address %v: the port of the service is missing", first.Addr)
	}
	if first.SMTPAlert || !second.SMTPAlert || first.UpperThreshold != 100 || first.LowerThreshold != 10 || first.SNMPName != "dns1" || first.Weight != 10 {
		t.Errorf("first server %+v", first)
	}
	wantFirst := Timing{ConnectTimeout: 5 * time.Second, DelayLoop: time.Minute, DelayBeforeRetry: time.Minute, Retry: 4}
	wantSecond := Timing{ConnectTimeout: 5 * time.Second, DelayLoop: 2500 * time.Millisecond, DelayBeforeRetry: 250 * time.Millisecond}
	if got := first.Checkers[0]; got.Timing != wantFirst || got.Conn.Addr != first.Addr {
		t.Errorf("first check %+v", got)
	}
	if got := second.Checkers[0]; got.Timing != wantSecond {
		t.Errorf("second check %+v", got)
	}
}

func TestCheckerDefaults(t *testing.T) {
	rows := []struct {
		kind  CheckKind
		body  string
		delay time.Duration // before a retry
		retry int64
	}{
		{CheckTCP, "", time.Second, 1},
		{CheckHTTP, "url {\npath /\n}", 3 * time.Second, 1},
		{CheckSSL, "url {\npath /\n}", 3 * time.Second, 1},
		{CheckSMTP, "", time.Second, 1},
		{CheckDNS, "", 7 * time.Second, 3},
		{CheckMisc, "misc_path /bin/true", time.Second, 0},
		{CheckUDP, "", time.Second, 1},
		{CheckPing, "", time.Second, 1},
	}
	for _, r := range rows {
		c, _ := decodeText(t, "virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.1 80 {\n"+r.kind.String()+
			" {\n"+r.body+"\n}\n}\ndelay_loop 7\nconnect_timeout 2\nalpha\n}\n")
		got := c.VirtualServers[0].RealServers[0].Checkers[0]
		want := Timing{ConnectTimeout: 2 * time.Second, DelayLoop: 7 * time.Second, Warmup: 7 * time.Second, DelayBeforeRetry: r.delay, Retry: r.retry}
		if r.kind == CheckMisc {
			want.ConnectTimeout = 0
		}
		if got.Kind != r.kind || got.Timing != want || !got.Alpha {
			t.Errorf("%v: %+v", r.kind, got)
		}
	}
}

func TestCheckers(t *testing.T) {
	c, _ := decodeFile(t, "testdata/conf/good/lvs-checkers.conf")
	c = withoutPlaces(c)
	rs := c.VirtualServers[0].RealServers
	first, second := rs[0].Checkers, rs[1].Checkers
	if len(first) != 5 || len(second) != 4 {
		t.Fatalf("%d and %d checkers", len(first), len(second))
	}
	ok := []StatusRange{{200, 299}}
	rows := []struct {
		got  Checker
		want CheckDetail
	}{
		{first[0], nil},
		{first[1], HTTPCheck{
			Version: HTTP11, VirtualHost: "www.example.org", FastRecovery: true,
			URLs: []URL{
				{Path: "/health", VirtualHost: "www.example.org", Digest: "9b3a0c85a887a256d6939da88aabd8cd", Status: []StatusRange{{200, 204}, {301, 301}}},
				{Path: "/a page", VirtualHost: "api.example.org", Status: ok, Regex: Regex{
					Pattern: `sta(te|tus): "ok"`, Options: 1<<3 | 1<<10, MinOffset: 10, MaxOffset: 2000, HasMax: true,
				}},
			},
		}},
		{first[2], HTTPCheck{
			SNI: true, TLSCompliant: true,
			URLs: []URL{{Path: "/", Status: ok, TLSCompliant: true}, {Path: "/plain", Status: ok}},
		}},
		{first[3], DNSCheck{Type: TypeAAAA, Name: "www.example.org"}},
		{first[4], SMTPCheck{HeloName: "mx.example.org"}},
		{second[0], MiscCheck{
			Script:  Script{Argv: []string{"/usr/local/bin/check", "10.0.0.2", "8080"}, User: "nobody", Group: "nogroup"},
			Timeout: 7 * time.Second, Dynamic: true,
		}},
		{second[1], UDPCheck{
			Payload: []byte{1, 2, 255}, RequireReply: true, Reply: []byte{0x80, 0, 0x0f}, ReplyIgnore: []byte{0x0f, 0, 0xf0},
			MinReply: 4, MaxReply: 255,
		}},
		{second[2], nil},
		{second[3], BFDCheck{Name: "gateway"}},
	}
	for _, r := range rows {
		if !reflect.DeepEqual(r.got.Detail, r.want) {
			t.Errorf("%v: %+v\nwant %+v", r.got.Kind, r.got.Detail, r.want)
		}
	}
	if first[2].Conn.Addr != ap("10.0.0.1:443") || first[2].Timing.Retry != 5 {
		t.Errorf("SSL_GET %+v", first[2])
	}
	if want := []FileCheck{{Name: "load", Weight: 2, Reverse: true}}; !reflect.DeepEqual(rs[1].TrackFiles, want) {
		t.Errorf("FILE_CHECK %+v", rs[1].TrackFiles)
	}
	if want := (SSL{Configured: true, Password: "secret", CA: "/etc/ssl/ca.pem", Certificate: "/etc/ssl/client.pem", Key: "/etc/ssl/client.key"}); c.SSL != want {
		t.Errorf("SSL %+v", c.SSL)
	}
}

func TestGroups(t *testing.T) {
	c, _ := decodeFile(t, "testdata/conf/good/lvs-groups.conf")
	c = withoutPlaces(c)
	addr := netip.MustParseAddr
	one := func(first, last string, port uint16) AddressRange {
		return AddressRange{First: addr(first), Last: addr(last), Port: port}
	}
	want := []VirtualServerGroup{
		{
			Name: "web", HasIPv4: true,
			Ranges: []AddressRange{
				one("192.0.2.1", "192.0.2.1", 80), one("192.0.2.10", "192.0.2.20", 80),
				one("192.0.2.30", "192.0.2.40", 443), one("192.0.3.0", "192.0.3.255", 80),
			},
			Marks: []GroupMark{{Mark: 3}, {Mark: 4, Family: 4}},
		},
		{
			Name: "six", HasIPv6: true,
			Ranges: []AddressRange{one("2001:db8::10", "2001:db8::1f", 80), one("2001:db8:0:1::", "2001:db8:0:1::3", 80)},
		},
	}
	if !reflect.DeepEqual(c.VirtualServerGroups, want) {
		t.Errorf("%+v\nwant\n%+v", c.VirtualServerGroups, want)
	}
	vs := c.VirtualServers[0]
	if vs.Family != 4 || vs.Group != "web" || vs.Flags != Flag1|Flag2 {
		t.Errorf("%+v", vs)
	}
	hosts := vs.RealServers[0].Checkers
	if len(hosts) != 2 {
		t.Fatalf("%d checkers of two hosts", len(hosts))
	}
	for i, want := range []Connection{
		{Addr: ap("10.0.0.3:2525")},
		{Addr: ap("10.0.0.4:80"), Bind: addr("10.0.0.9")},
	} {
		if hosts[i].Conn != want || hosts[i].Timing.Retry != 2 {
			t.Errorf("host %d: %+v", i, hosts[i])
		}
	}
}

func TestSessions(t *testing.T) {
	c, _ := decodeFile(t, "testdata/conf/good/bfd-sessions.conf")
	c = withoutPlaces(c)
	want := []BFDInstance{
		{
			Name: "left", Neighbor: netip.MustParseAddr("192.0.2.1"), Source: netip.MustParseAddr("192.0.2.9"),
			MinRx: 50500 * time.Microsecond, MinTx: 40 * time.Millisecond, IdleTx: 2 * time.Second, Multiplier: 3,
			Passive: true, TTL: 255, MaxHops: 5, VRRP: true, Weight: Weight{Value: -20, Reverse: true},
		},
		{
			Name: "right", Neighbor: netip.MustParseAddr("2001:db8::1"),
			MinRx: 10 * time.Millisecond, MinTx: 10 * time.Millisecond, IdleTx: time.Second, Multiplier: 5,
			TTL: 30, Multihop: true, VRRP: true, Checker: true,
		},
	}
	if !reflect.DeepEqual(c.BFD, want) {
		t.Errorf("%+v\nwant\n%+v", c.BFD, want)
	}
}

// roundTrip writes the servers and sessions, reads them back and compares.
func roundTrip(t *testing.T, name string, before Config) {
	t.Helper()
	w := &dumper{}
	w.line("global_defs {\nenable_script_security\n}")
	w.trackers(before)
	w.sessions(before.BFD)
	w.servers(before)
	after, diags := decodeText(t, w.String())
	if s := status(diags); s != parser.StatusOK && s != parser.StatusConfig {
		t.Errorf("%s: status %d for\n%s", name, s, w.String())
	}
	before, after = withoutPlaces(before), withoutPlaces(after)
	for _, pair := range [][2]any{
		{before.VirtualServers, after.VirtualServers}, {before.VirtualServerGroups, after.VirtualServerGroups},
		{before.SSL, after.SSL}, {before.BFD, after.BFD},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s:\n%+v\nbecame\n%+v", name, pair[0], pair[1])
		}
	}
}

// What is written reads back as what was there, faults of the text being gone.
func TestServersRoundTrip(t *testing.T) {
	written := 0
	for _, f := range append(glob(t, "testdata/conf/*/lvs-*.conf"), glob(t, "testdata/conf/*/bfd-*.conf")...) {
		c, _ := decodeFile(t, f)
		roundTrip(t, f, c)
		written += len(c.VirtualServers) + len(c.BFD)
	}
	if written < 12 {
		t.Errorf("only %d virtual servers and sessions were compared", written)
	}
}
