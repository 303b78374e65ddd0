package ipvs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keepalived-go/ipvs"
)

// row is an entry and what ipvsadm saves of it, without the address of the service.
type row struct {
	entry ipvs.Entry
	lines string
}

const (
	vip4 = "192.0.2.1:80"
	vip6 = "[2001:db8::1]:80"
	rs4  = "198.51.100.1:8080"
	rs6  = "[2001:db8:1::1]:8080"
)

func one(s ipvs.Service, d ...ipvs.Destination) ipvs.Entry {
	return ipvs.Entry{Service: s, Destinations: d}
}

func mark(family int, number uint32) ipvs.Service {
	prefix := map[int]uint8{4: 32, 6: 128}[family]
	return ipvs.Service{Key: ipvs.Key{Family: family, Mark: number}, Scheduler: "rr", Prefix: prefix}
}

func tunnel(kind uint8, port, flags uint16) func(*ipvs.Destination) {
	return func(d *ipvs.Destination) {
		d.Method, d.Encapsulation = ipvs.Tunnel, ipvs.Encapsulation{Type: kind, Port: port, Flags: flags}
	}
}

func direct(d *ipvs.Destination) { d.Method = ipvs.Direct }

func protocol(number uint8) func(*ipvs.Service) { return func(s *ipvs.Service) { s.Protocol = number } }

func persistent(seconds uint32, prefix uint8) func(*ipvs.Service) {
	return func(s *ipvs.Service) { s.Timeout, s.Prefix = seconds, prefix }
}

// rows are each kind of service and destination that the kernel has.
func rows() []row {
	a4, a6 := "-A -t "+vip4, "-A -t "+vip6
	list := []row{
		{one(service(vip4)), a4 + " -s rr"},
		{one(service(vip6)), a6 + " -s rr"},
		{one(service(vip4, protocol(17))), "-A -u " + vip4 + " -s rr"},
		{one(service(vip6, protocol(17))), "-A -u " + vip6 + " -s rr"},
		{one(service(vip4, protocol(132))), "-A --sctp-service " + vip4 + " -s rr"},
		{one(mark(4, 7), server(rs4)), "-A -f 7 -s rr\n-a -f 7 -r " + rs4 + " -m -w 1"},
		{one(mark(6, 7), server(rs6)), "-A -f 7 -6 -s rr\n-a -f 7 -6 -r " + rs6 + " -m -w 1"},
		{one(mark(4, 2147483647)), "-A -f 2147483647 -s rr"},
		{one(service(vip4, protocol(17), func(s *ipvs.Service) { s.Flags = ipvs.OnePacket })), "-A -u " + vip4 + " -s rr -o"},
		{one(service(vip4, persistent(50, 32))), a4 + " -s rr -p 50"},
		{one(service(vip4, persistent(50, 24))), a4 + " -s rr -p 50 -M 255.255.255.0"},
		{one(service(vip4, persistent(50, 0))), a4 + " -s rr -p 50 -M 0.0.0.0"},
		{one(service(vip6, persistent(300, 128))), a6 + " -s rr -p 300"},
		{one(service(vip6, persistent(300, 64))), a6 + " -s rr -p 300 -M 64"},
		{one(service("192.0.2.1:0", persistent(9, 32))), "-A -t 192.0.2.1:0 -s rr -p 9"},
		{one(service("192.0.2.1:5060", protocol(17), persistent(60, 32), func(s *ipvs.Service) { s.Engine = "sip" })),
			"-A -u 192.0.2.1:5060 -s rr -p 60 --pe sip"},
		{one(service(vip4), server(rs4), server("198.51.100.2:80", func(d *ipvs.Destination) { d.Weight = 0 }), server("198.51.100.3:80", func(d *ipvs.Destination) { d.Weight = 65535 })),
			a4 + " -s rr\n-a -t " + vip4 + " -r " + rs4 + " -m -w 1\n-a -t " + vip4 + " -r 198.51.100.2:80 -m -w 0\n-a -t " + vip4 + " -r 198.51.100.3:80 -m -w 65535"},
		{one(service(vip4), server("198.51.100.1:80", direct)), a4 + " -s rr\n-a -t " + vip4 + " -r 198.51.100.1:80 -g -w 1"},
		{one(service(vip4), server("127.0.0.1:80")), a4 + " -s rr\n-a -t " + vip4 + " -r 127.0.0.1:80 -m -w 1"},
	}
	return append(list, tunnelRows()...)
}

func tunnelRows() []row {
	var list []row
	for _, r := range []struct {
		kind        uint8
		port, flags uint16
		words       string
	}{
		{0, 0, 0, " --tun-type ipip"},
		{1, 6080, 0, " --tun-type gue --tun-port 6080 --tun-nocsum"},
		{1, 6080, 1, " --tun-type gue --tun-port 6080 --tun-csum"},
		{1, 255, 2, " --tun-type gue --tun-port 255 --tun-remcsum"},
		{2, 0, 0, " --tun-type gre --tun-nocsum"},
		{2, 0, 1, " --tun-type gre --tun-csum"},
	} {
		for _, f := range []struct{ vip, server string }{
			{vip4, "198.51.100.1:80"}, {vip6, "[2001:db8:1::1]:80"}, {vip4, "[2001:db8:1::1]:80"}, {vip6, "198.51.100.1:80"},
		} {
			list = append(list, row{
				one(service(f.vip), server(f.server, tunnel(r.kind, r.port, r.flags))),
				fmt.Sprintf("-A -t %s -s rr\n-a -t %s -r %s -i -w 1%s", f.vip, f.vip, f.server, r.words),
			})
		}
	}
	return list
}

// schedulers are services with every scheduler and every set of its flags that ipvsadm has words for, and what it saves.
func schedulers() (ipvs.Table, string) {
	names := map[string][]string{"sh": {"sh-fallback", "sh-port"}, "mh": {"mh-fallback", "mh-port"}}
	t := ipvs.Table{}
	var lines strings.Builder
	for _, scheduler := range strings.Fields("rr wrr lc wlc fo ovf lblc lblcr dh sh mh sed nq") {
		flags, ok := names[scheduler]
		if !ok {
			flags = []string{"flag-1", "flag-2", "flag-3"}
		}
		for bits := range ipvs.Flags(1 << len(flags)) {
			var words []string
			for i, word := range flags {
				if bits&(1<<i) != 0 {
					words = append(words, word)
				}
			}
			address := fmt.Sprintf("192.0.2.1:%d", 1000+len(t))
			fmt.Fprintf(&lines, "-A -t %s -s %s", address, scheduler)
			if words != nil {
				fmt.Fprintf(&lines, " -b %s", strings.Join(words, ","))
			}
			fmt.Fprintln(&lines)
			e := one(service(address, func(s *ipvs.Service) { s.Scheduler, s.Flags = scheduler, bits*ipvs.Sched1 }))
			t[e.Key] = e
		}
	}
	return t, lines.String()
}

// TestSchedulers shows every scheduler with each set of its flags, to ipvsadm and from it.
func TestSchedulers(t *testing.T) {
	k := open(t)
	want, lines := schedulers()
	bring(t, k, want, ipvs.Rules{})
	if got := saved(t); !slices.Equal(got, sorted(lines)) {
		t.Errorf("ipvsadm saves\n%s\nwant\n%s", strings.Join(got, "\n"), lines)
	}
	restore(t, lines)
	if rest := ipvs.Plan(read(t, k), want, ipvs.Rules{}); len(rest) > 0 {
		t.Errorf("left to do: %v", rest)
	}
	// A flag for which ipvsadm has no word.
	odd := one(service(vip4, func(s *ipvs.Service) { s.Scheduler, s.Flags = "mh", ipvs.Sched1|ipvs.Sched3|ipvs.OnePacket }))
	bring(t, k, table(odd), ipvs.Rules{})
	if got := read(t, k)[odd.Key]; got.Service != odd.Service {
		t.Errorf("read %+v, want flags %d", got.Flags, odd.Flags)
	}
}

// TestThresholds shows thresholds, which ipvsadm lists and does not save.
func TestThresholds(t *testing.T) {
	k := open(t)
	for _, limits := range [][2]uint32{{20, 10}, {20, 0}, {0, 0}, {65535, 65535}} {
		e := one(service(vip4), server(rs4, func(d *ipvs.Destination) { d.Upper, d.Lower = limits[0], limits[1] }))
		bring(t, k, table(e), ipvs.Rules{})
		lines := sorted(ipvsadm(t, "-Ln --thresholds"))
		want := []string{rs4, fmt.Sprint(limits[0]), fmt.Sprint(limits[1])}
		if !slices.ContainsFunc(lines, func(line string) bool {
			f := strings.Fields(line)
			return len(f) > 4 && slices.Equal(f[1:4], want)
		}) {
			t.Errorf("no %v in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

// restore makes the table what the lines say, by ipvsadm.
func restore(t *testing.T, lines string) {
	t.Helper()
	run(t, "/bin/sh", "-c", "ipvsadm -C; ipvsadm -R <<END\n"+lines+"\nEND")
}

// TestRoundTrip shows for each kind of service and destination that ipvsadm sees what was meant and that it is read as it
// was written. From one row to the next the table is brought, not built anew, so the rows are also edits; then each row
// is written by ipvsadm and read.
func TestRoundTrip(t *testing.T) {
	k := open(t)
	owned := map[ipvs.Key]bool{}
	for _, r := range rows() {
		bring(t, k, table(r.entry), ipvs.Rules{Owned: owned})
		owned[r.entry.Key] = true
		if got, want := saved(t), sorted(r.lines); !slices.Equal(got, want) {
			t.Errorf("ipvsadm saves\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if e := read(t, k)[r.entry.Key]; e.Service != r.entry.Service || !slices.Equal(e.Destinations, r.entry.Destinations) && len(e.Destinations) < 2 {
			t.Errorf("after\n%s\nwas read %v", r.lines, e.Destinations)
		}
	}
	for _, r := range rows() {
		restore(t, r.lines)
		if rest := ipvs.Plan(read(t, k), table(r.entry), ipvs.Rules{}); len(rest) > 0 {
			t.Errorf("after\n%s\nwas left to do: %v", r.lines, rest)
		}
	}
}
