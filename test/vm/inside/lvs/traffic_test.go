package lvs

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// pool is a service with two servers, without checks.
func pool(serves, options string, servers ...string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "virtual_server %s {\n%s\n", serves, options)
	for _, server := range servers {
		address, weight, _ := strings.Cut(server, "=")
		fmt.Fprintf(&text, "    real_server %s {\n        weight %s\n    }\n", address, weight)
	}
	text.WriteString("}\n")
	return text.String()
}

// answers asks so many times and counts who answers.
func (f *farm) answers(address string, times int) map[string]int {
	f.t.Helper()
	counts := map[string]int{}
	for range times {
		counts[f.ask(address)]++
	}
	return counts
}

// expect asks as often as there are answers.
func (f *farm) expect(address string, want map[string]int) {
	f.t.Helper()
	times := 0
	for _, n := range want {
		times += n
	}
	if got := f.answers(address, times); !maps.Equal(got, want) {
		f.t.Errorf("%s: %v answered instead of %v", address, got, want)
	}
}

// awaitServices waits until the kernel has as many services and servers.
func (f *farm) awaitServices(services, servers int) {
	f.t.Helper()
	f.must(lab.Until(f.patience(), "the table", func() error {
		a, b, err := f.size()
		if err == nil && (a != services || b != servers) {
			err = fmt.Errorf("%d services and %d servers", a, b)
		}
		return err
	}))
}

// TestNAT reads through a director that rewrites addresses, in both families,
// by address, by mark and by a port that the servers do not have.
func TestNAT(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.through()
	const options = "lvs_sched wrr\n lvs_method NAT\n protocol TCP"
	d := f.start(pool("10.9.0.100 8080", options, "10.2.0.11 80=3", "10.2.0.12 80=1") +
		pool("fd09::100 80", options, "fd02::11 80=1", "fd02::12 80=2") +
		pool("fwmark 7", "lvs_sched rr\n lvs_method NAT", "10.2.0.11 80=1", "10.2.0.12 80=1") +
		pool("10.9.0.100 443", options+"\n persistence_timeout 100", "10.2.0.11 80=1", "10.2.0.12 80=1"))
	f.awaitServices(4, 8)
	f.expect("10.9.0.100:8080", map[string]int{"server11": 6, "server12": 2})
	f.expect("[fd09::100]:80", map[string]int{"server11": 2, "server12": 4})

	t.Log("everything to port 99 has a mark")
	f.nft("add table ip marks", "add chain ip marks in { type filter hook prerouting priority mangle; }",
		"add rule ip marks in tcp dport 99 meta mark set 7")
	f.expect("10.9.0.100:99", map[string]int{"server11": 3, "server12": 3})

	t.Log("a persistent client stays with its server")
	first := f.ask("10.9.0.100:443")
	f.expect("10.9.0.100:443", map[string]int{first: 5})
	f.stop(d)
	f.awaitServices(0, 0)
	if c, err := f.talk("tcp", "10.9.0.100:8080"); err == nil {
		t.Errorf("%s answers after the end", c.server)
	}
}

// nft runs commands of nft on the director.
func (f *farm) nft(commands ...string) {
	f.t.Helper()
	p := lab.Debian(sourceRoot, "usr/sbin/nft")
	for _, command := range commands {
		status, output, err := f.director.Run(f.patience(), p.Path, []string{command}, p.Env)
		if err != nil || status != 0 {
			f.t.Fatalf("nft %s: status %d, %v: %s", command, status, err, output)
		}
	}
}

// TestTunnel reads through a director that wraps packets (ipip), and servers
// that answer clients by themselves.
func TestTunnel(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.direct("lo", service4+"/32")
	for _, server := range f.servers {
		f.must(server.IP(f.patience(), "link add tunnel type ipip local %v", server.Address.Addr()))
		f.must(server.IP(f.patience(), "link set tunnel up"))
		for _, device := range []string{"all", "tunnel"} {
			f.must(server.Sysctl(f.patience(), "net/ipv4/conf/"+device+"/rp_filter", "0"))
		}
	}
	d := f.start(pool("10.9.0.100 80", "lvs_sched wrr\n lvs_method TUN\n protocol TCP", "10.2.0.11 80=1", "10.2.0.12 80=2"))
	f.awaitServices(1, 2)
	f.expect("10.9.0.100:80", map[string]int{"server11": 2, "server12": 4})
	f.stop(d)
}

// TestDirectIPv6 reads through a director that passes IPv6 packets on.
func TestDirectIPv6(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.direct("lo", service6+"/128")
	d := f.start(pool("fd09::100 80", "lvs_sched wrr\n lvs_method DR\n protocol TCP", "fd02::11 80=2", "fd02::12 80=1"))
	f.awaitServices(1, 2)
	f.expect("[fd09::100]:80", map[string]int{"server11": 4, "server12": 2})
	f.stop(d)
}

// TestDatagrams sends datagrams through the director, each from a new port and
// so to the next server.
func TestDatagrams(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.through()
	for _, server := range f.servers {
		f.echoDatagrams(server)
	}
	d := f.start(pool("10.9.0.100 53", "lvs_sched rr\n lvs_method NAT\n protocol UDP", "10.2.0.11 53=1", "10.2.0.12 53=1"))
	f.awaitServices(1, 2)
	counts := map[string]int{}
	for range 6 {
		f.must(lab.Until(f.patience(), "an answer", func() error {
			server, err := f.askDatagram("10.9.0.100:53")
			if err == nil {
				counts[server]++
			}
			return err
		}))
	}
	if !maps.Equal(counts, map[string]int{"server11": 3, "server12": 3}) {
		t.Errorf("%v", counts)
	}
	f.stop(d)
}

// TestSorryServer reads what the sorry server says while all servers are out.
func TestSorryServer(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 3)
	f.through()
	d := f.start(strings.Replace(twoServers, "    delay_loop 1\n", "    delay_loop 1\n    sorry_server 10.2.0.13 80\n", 1))
	f.await(wrrService, server11, server12)
	f.expect("10.9.0.100:80", map[string]int{"server11": 3, "server12": 2})
	f.deafen(0)
	f.deafen(1)
	const sorry = "-a -t 10.9.0.100:80 -r 10.2.0.13:80 -m -w 1"
	f.await(wrrService, sorry)
	f.expect("10.9.0.100:80", map[string]int{"server13": 3})
	f.listen(f.servers[1])
	f.await(wrrService, server12)
	f.expect("10.9.0.100:80", map[string]int{"server12": 3})
	f.stop(d)
	f.await()
}
