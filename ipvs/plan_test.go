package ipvs_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keepalived-go/ipvs"
	"keepalived-go/ipvs/ipvstest"
)

func key(address string) ipvs.Key {
	a := netip.MustParseAddrPort(address)
	family := 4
	if a.Addr().Is6() {
		family = 6
	}
	return ipvs.Key{Family: family, Protocol: 6, Addr: a}
}

// entry is a service of the scheduler wrr with servers such as "10.0.0.1:80=3".
func entry(address string, servers ...string) ipvs.Entry {
	k := key(address)
	e := ipvs.Entry{Service: ipvs.Service{Key: k, Scheduler: "wrr", Prefix: 32}}
	for _, s := range servers {
		address, weight, _ := strings.Cut(s, "=")
		d := ipvs.Destination{Addr: netip.MustParseAddrPort(address), Weight: 1}
		if weight != "" {
			d.Weight = uint32(weight[0] - '0')
		}
		e.Destinations = append(e.Destinations, d)
	}
	return e
}

func table(entries ...ipvs.Entry) ipvs.Table {
	t := ipvs.Table{}
	for _, e := range entries {
		t[e.Key] = e
	}
	return t
}

func words(operations []ipvs.Operation) string {
	var lines []string
	for _, o := range operations {
		lines = append(lines, o.String())
	}
	return strings.Join(lines, "\n")
}

func with[T any](v T, change func(*T)) T {
	change(&v)
	return v
}

func TestPlan(t *testing.T) {
	const vs = "10.0.0.100:80"
	const service = " virtual service TCP 10.0.0.100:80"
	tunnel := func(e ipvs.Encapsulation) func(*ipvs.Entry) {
		return func(x *ipvs.Entry) { x.Destinations[0].Method, x.Destinations[0].Encapsulation = ipvs.Tunnel, e }
	}
	for _, row := range []struct {
		name       string
		have, want ipvs.Table
		rules      ipvs.Rules
		plan       string
	}{
		{"nothing", nil, nil, ipvs.Rules{}, ""},
		{"the same", table(entry(vs, "10.0.0.1:80")), table(entry(vs, "10.0.0.1:80")), ipvs.Rules{}, ""},
		{"the same in another order", table(entry(vs, "10.0.0.1:80", "10.0.0.2:80")), table(entry(vs, "10.0.0.2:80", "10.0.0.1:80")), ipvs.Rules{}, ""},
		{"new", nil, table(entry(vs, "10.0.0.2:80", "10.0.0.1:80")), ipvs.Rules{},
			"adding" + service + "\nadding server 10.0.0.2:80 to" + service + "\nadding server 10.0.0.1:80 to" + service},
		{"somebody else's", table(entry(vs, "10.0.0.1:80")), nil, ipvs.Rules{}, ""},
		{"ours, not wanted", table(entry(vs, "10.0.0.1:80")), nil, ipvs.Rules{Owned: map[ipvs.Key]bool{key(vs): true}}, "deleting" + service},
		{"marked as not ours", table(entry(vs)), nil, ipvs.Rules{Owned: map[ipvs.Key]bool{key(vs): false}}, ""},
		{"ours, gone already", nil, nil, ipvs.Rules{Owned: map[ipvs.Key]bool{key(vs): true}}, ""},
		{"ours and wanted", table(entry(vs)), table(entry(vs)), ipvs.Rules{Owned: map[ipvs.Key]bool{key(vs): true}}, ""},
		{"a weight", table(entry(vs, "10.0.0.1:80=1")), table(entry(vs, "10.0.0.1:80=3")), ipvs.Rules{}, "changing server 10.0.0.1:80 of" + service},
		{"a scheduler", table(entry(vs, "10.0.0.1:80")), table(with(entry(vs, "10.0.0.1:80"), func(e *ipvs.Entry) { e.Scheduler = "lc" })), ipvs.Rules{}, "changing" + service},
		{"a server that somebody added", table(entry(vs, "10.0.0.9:80", "10.0.0.1:80", "10.0.0.8:80")), table(entry(vs, "10.0.0.1:80")), ipvs.Rules{},
			"deleting server 10.0.0.8:80 from" + service + "\ndeleting server 10.0.0.9:80 from" + service},
		{"another server", table(entry(vs, "10.0.0.1:80")), table(entry(vs, "10.0.0.2:80")), ipvs.Rules{},
			"adding server 10.0.0.2:80 to" + service + "\ndeleting server 10.0.0.1:80 from" + service},
		{"a sorry server", table(entry(vs, "10.0.0.1:80")), table(entry(vs, "10.0.0.2:80")), ipvs.Rules{DeleteFirst: map[ipvs.Key]bool{key(vs): true}},
			"deleting server 10.0.0.1:80 from" + service + "\nadding server 10.0.0.2:80 to" + service},
		{"no persistence", table(entry(vs)), table(with(entry(vs), func(e *ipvs.Entry) { e.Prefix = 24 })), ipvs.Rules{}, ""},
		{"a hole in the granularity", table(with(entry(vs), func(e *ipvs.Entry) { e.Timeout = 9 })), table(with(entry(vs), func(e *ipvs.Entry) { e.Timeout = 9; e.SetMask(0xff00ff00) })), ipvs.Rules{}, "changing" + service},
		{"no persistence, and a hole", table(entry(vs)), table(with(entry(vs), func(e *ipvs.Entry) { e.SetMask(0xff00ff00) })), ipvs.Rules{}, ""},
		{"granularity", table(with(entry(vs), func(e *ipvs.Entry) { e.Timeout = 9 })), table(with(entry(vs), func(e *ipvs.Entry) { e.Timeout, e.Prefix = 9, 24 })), ipvs.Rules{}, "changing" + service},
		{"an address of the kernel's own", table(with(entry(vs, "10.0.0.1:80"), func(e *ipvs.Entry) { e.Destinations[0].Method = ipvs.Local })),
			table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{Type: 2}))), ipvs.Rules{}, ""},
		{"a method", table(entry(vs, "10.0.0.1:80")), table(with(entry(vs, "10.0.0.1:80"), func(e *ipvs.Entry) { e.Destinations[0].Method = ipvs.Direct })), ipvs.Rules{}, "changing server 10.0.0.1:80 of" + service},
		{"a tunnel's type", table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{}))), table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{Type: 2}))), ipvs.Rules{}, "changing server 10.0.0.1:80 of" + service},
		{"the port of GUE", table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{Type: 1, Port: 1}))), table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{Type: 1, Port: 2}))), ipvs.Rules{}, "changing server 10.0.0.1:80 of" + service},
		{"a port without GUE", table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{Port: 1}))), table(with(entry(vs, "10.0.0.1:80"), tunnel(ipvs.Encapsulation{}))), ipvs.Rules{}, ""},
		{"a tunnel that is none", table(with(entry(vs, "10.0.0.1:80"), func(e *ipvs.Entry) { e.Destinations[0].Encapsulation.Type = 2 })), table(entry(vs, "10.0.0.1:80")), ipvs.Rules{}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := words(ipvs.Plan(row.have, row.want, row.rules)); got != row.plan {
				t.Errorf("the plan is\n%s\nwant\n%s", got, row.plan)
			}
		})
	}
}

// TestPlanOrder shows the order of services: deletions last, each destination behind its service.
func TestPlanOrder(t *testing.T) {
	mark := ipvs.Entry{Service: ipvs.Service{Key: ipvs.Key{Family: 4, Mark: 7}}}
	want := table(entry("[2001:db8::1]:80"), mark, entry("10.0.0.101:80"), entry("10.0.0.100:81"), entry("10.0.0.100:80", "10.0.0.1:80"))
	const expected = `adding virtual service TCP 10.0.0.100:80
adding server 10.0.0.1:80 to virtual service TCP 10.0.0.100:80
adding virtual service TCP 10.0.0.100:81
adding virtual service TCP 10.0.0.101:80
adding virtual service TCP [2001:db8::1]:80
adding virtual service FWM 7
deleting virtual service TCP 10.0.0.1:1`
	old := key("10.0.0.1:1")
	if got := words(ipvs.Plan(table(entry("10.0.0.1:1")), want, ipvs.Rules{Owned: map[ipvs.Key]bool{old: true}})); got != expected {
		t.Errorf("the plan is\n%s\nwant\n%s", got, expected)
	}
}

func drawKey(t *rapid.T) ipvs.Key {
	if rapid.Bool().Draw(t, "marked") {
		return ipvs.Key{Family: rapid.SampledFrom([]int{4, 6}).Draw(t, "family"), Mark: rapid.Uint32Range(1, 3).Draw(t, "mark")}
	}
	address := rapid.SampledFrom([]string{"10.0.0.100:80", "10.0.0.100:81", "10.0.0.101:80", "[2001:db8::100]:80"}).Draw(t, "address")
	return with(key(address), func(k *ipvs.Key) { k.Protocol = rapid.SampledFrom([]uint8{6, 17, 132}).Draw(t, "protocol") })
}

func drawDestination(t *rapid.T) ipvs.Destination {
	address := fmt.Sprintf("10.0.0.%d:80", rapid.IntRange(1, 6).Draw(t, "address"))
	return ipvs.Destination{
		Addr:   netip.MustParseAddrPort(address),
		Weight: rapid.Uint32Range(0, 2).Draw(t, "weight"),
		Method: ipvs.Method(rapid.IntRange(0, 3).Draw(t, "method")),
		Encapsulation: ipvs.Encapsulation{
			Type: rapid.Uint8Range(0, 2).Draw(t, "type"), Port: rapid.Uint16Range(0, 1).Draw(t, "port"), Flags: rapid.Uint16Range(0, 2).Draw(t, "flags"),
		},
		Upper: rapid.Uint32Range(0, 1).Draw(t, "upper"),
	}
}

func drawEntry(t *rapid.T) ipvs.Entry {
	s := ipvs.Service{
		Key:       drawKey(t),
		Scheduler: rapid.SampledFrom([]string{"rr", "wlc"}).Draw(t, "scheduler"),
		Flags:     rapid.SampledFrom([]ipvs.Flags{0, ipvs.OnePacket, ipvs.Sched1 | ipvs.Sched3}).Draw(t, "flags"),
		Timeout:   rapid.Uint32Range(0, 1).Draw(t, "timeout"),
		Prefix:    rapid.SampledFrom([]uint8{24, 32}).Draw(t, "prefix"),
	}
	list := rapid.SliceOfNDistinct(rapid.Custom(drawDestination), 0, 5, func(d ipvs.Destination) netip.AddrPort { return d.Addr }).Draw(t, "destinations")
	return ipvs.Entry{Service: s, Destinations: list}
}

func drawTable(t *rapid.T, label string) ipvs.Table {
	return table(rapid.SliceOfN(rapid.Custom(drawEntry), 0, 4).Draw(t, label)...)
}

// TestPlanLeads shows for tables that somebody else has changed that a plan leads to what is wanted, without an operation
// that fails, and that nothing is left to do then.
func TestPlanLeads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kernel ipvstest.Kernel
		owned := map[ipvs.Key]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "configurations") {
			kernel.Meddle(ipvs.Plan(nil, drawTable(t, "by hand"), ipvs.Rules{})...)
			want := drawTable(t, "want")
			rules := ipvs.Rules{Owned: maps.Clone(owned), DeleteFirst: map[ipvs.Key]bool{}}
			for k := range want {
				rules.DeleteFirst[k] = rapid.Bool().Draw(t, "delete first")
			}
			converge(t, &kernel, want, rules)
			owned = map[ipvs.Key]bool{}
			for k := range want {
				owned[k] = true
			}
		}
	})
}

func converge(t *rapid.T, kernel *ipvstest.Kernel, want ipvs.Table, rules ipvs.Rules) {
	before, _ := kernel.Read()
	plan := ipvs.Plan(before, want, rules)
	if again := ipvs.Plan(before, want, rules); !slices.Equal(plan, again) {
		t.Fatalf("twice asked, two answers:\n%s\n---\n%s", words(plan), words(again))
	}
	if err := kernel.Apply(plan); err != nil {
		t.Fatalf("%v in\n%s", err, words(plan))
	}
	after, _ := kernel.Read()
	if rest := ipvs.Plan(after, want, rules); len(rest) > 0 {
		t.Fatalf("left to do:\n%s", words(rest))
	}
	for k, w := range want {
		equal(t, after[k], w)
	}
	for k, b := range before {
		a, there := after[k]
		if _, wanted := want[k]; wanted {
			continue
		}
		if there == rules.Owned[k] {
			t.Fatalf("%s: there is %v, owned is %v", k, there, rules.Owned[k])
		}
		if there && !slices.Equal(a.Destinations, b.Destinations) {
			t.Fatalf("%s was changed and is not ours", k)
		}
	}
}

// equal holds an entry against what is wanted, in words of its own.
func equal(t *rapid.T, got, want ipvs.Entry) {
	if got.Key != want.Key || got.Scheduler != want.Scheduler || got.Flags != want.Flags || got.Timeout != want.Timeout {
		t.Fatalf("the service is %v, want %v", got.Service, want.Service)
	}
	if want.Timeout > 0 && got.Prefix != want.Prefix {
		t.Fatalf("the granularity is %d, want %d", got.Prefix, want.Prefix)
	}
	weights := map[netip.AddrPort]uint32{}
	for _, d := range got.Destinations {
		weights[d.Addr] = d.Weight
	}
	if len(weights) != len(got.Destinations) || len(weights) != len(want.Destinations) {
		t.Fatalf("%s has %v, want %v", got.Key, got.Destinations, want.Destinations)
	}
	for _, d := range want.Destinations {
		if w, ok := weights[d.Addr]; !ok || w != d.Weight {
			t.Fatalf("%s has %v, want %v", got.Key, got.Destinations, want.Destinations)
		}
	}
}

// TestPlanKeepsServing shows that a service never has fewer destinations than before and after, unless it is told to
// delete first.
func TestPlanKeepsServing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, f := drawEntry(t), drawEntry(t)
		f.Key = e.Key
		count, least := len(e.Destinations), len(e.Destinations)
		for _, o := range ipvs.Plan(table(e), table(f), ipvs.Rules{}) {
			switch o.Verb {
			case ipvs.AddDestination:
				count++
			case ipvs.DeleteDestination:
				count--
			}
			least = min(least, count)
		}
		if least < min(len(e.Destinations), len(f.Destinations)) {
			t.Fatalf("from %d to %d destinations by way of %d", len(e.Destinations), len(f.Destinations), least)
		}
	})
}

func benchmarkPlan(b *testing.B, services, destinations int) {
	have, want := ipvs.Table{}, ipvs.Table{}
	for i := range services {
		e := entry(fmt.Sprintf("10.1.%d.%d:80", i/256, i%256))
		for j := range destinations {
			address := netip.AddrFrom4([4]byte{10, 2, byte(j >> 8), byte(j)})
			e.Destinations = append(e.Destinations, ipvs.Destination{Addr: netip.AddrPortFrom(address, 80), Weight: 1})
		}
		have[e.Key] = e
		e.Destinations = slices.Clone(e.Destinations)
		slices.Reverse(e.Destinations)
		e.Destinations[0].Weight = 2
		want[e.Key] = e
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(ipvs.Plan(have, want, ipvs.Rules{})); n != services {
			b.Fatalf("%d operations, want %d", n, services)
		}
	}
}

func BenchmarkPlan300x100(b *testing.B) { benchmarkPlan(b, 300, 100) }
func BenchmarkPlan1x40000(b *testing.B) { benchmarkPlan(b, 1, 40000) }
