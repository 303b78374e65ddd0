package ipvs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/ipvs"
	"keepalived-go/test/lab"
)

// TestMissing shows what a kernel without ip_vs gives, and that a later attempt with it goes well.
func TestMissing(t *testing.T) {
	isolate(t)
	unload(t)
	const modprobe = "/proc/sys/kernel/modprobe" // what the kernel loads modules with by itself
	own := content(t, modprobe)
	write(t, modprobe, "/bin/false")
	t.Cleanup(func() { write(t, modprobe, own) })
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir()) // no modprobe there
	if k, err := ipvs.Open(); !errors.Is(err, ipvs.ErrMissing) {
		t.Errorf("opened %v, %v; want ErrMissing", k, err)
	}
	t.Setenv("PATH", path) // now Open can load it, and the kernel cannot
	k, err := ipvs.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	write(t, modprobe, own)
	if got := read(t, k); len(got) != 0 {
		t.Errorf("a new table has %v", got)
	}
	bring(t, k, table(one(service(vip4), server(rs4))), ipvs.Rules{})
	if err := k.Flush(); err != nil {
		t.Error(err)
	}
	if got := saved(t); len(got) != 0 {
		t.Errorf("an emptied table has %q", got)
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// unload takes ip_vs out of the kernel, once the namespaces of former tests are gone.
func unload(t *testing.T) {
	t.Helper()
	script := `n=0; while [ -e /proc/net/ip_vs ]; do for m in $(sed -n 's/^\(ip_vs[a-z_]*\) .*/\1/p' /proc/modules); do rmmod $m 2>/dev/null; done
		n=$((n+1)); [ $n -gt 600 ] && exit 1; sleep 0.1; done`
	run(t, "/bin/sh", "-c", script)
}

// TestForeignHand shows that a table that another program has changed becomes what is wanted again, and that what belongs
// to the other program stays.
func TestForeignHand(t *testing.T) {
	k := open(t)
	want := table(one(service(vip4), server(rs4), server("198.51.100.2:8080")), one(service(vip6), server(rs6)))
	bring(t, k, want, ipvs.Rules{})
	good := saved(t)
	for _, line := range []string{
		"-A -t 192.0.2.9:80 -s wlc", "-a -t 192.0.2.9:80 -r 198.51.100.9:80 -m", "-E -t " + vip4 + " -s wrr -p 50",
		"-a -t " + vip4 + " -r 198.51.100.7:8080 -g", "-d -t " + vip4 + " -r " + rs4,
		"-e -t " + vip4 + " -r 198.51.100.2:8080 -m -w 9 -x 5", "-D -t " + vip6,
	} {
		ipvsadm(t, line)
	}
	bring(t, k, want, ipvs.Rules{})
	foreign := []string{"-A -t 192.0.2.9:80 -s wlc", "-a -t 192.0.2.9:80 -r 198.51.100.9:80 -m -w 1"}
	expected := slices.Concat(good, foreign)
	slices.Sort(expected)
	if got := saved(t); !slices.Equal(got, expected) {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(expected, "\n"))
	}
	owned := map[ipvs.Key]bool{}
	for key := range want {
		owned[key] = true
	}
	bring(t, k, nil, ipvs.Rules{Owned: owned})
	if got := saved(t); !slices.Equal(got, foreign) {
		t.Errorf("the table is %q, want what belongs to the other program", got)
	}
}

// TestRefusals shows that each operation that the kernel refuses is told in words, and keeps no other one back.
func TestRefusals(t *testing.T) {
	k := open(t)
	odd := service(vip4, func(s *ipvs.Service) { s.Scheduler = "xyz" })
	fine := service("192.0.2.2:80")
	engine := service("192.0.2.3:80", persistent(50, 32), func(s *ipvs.Service) { s.Engine = "xyz" })
	err := k.Apply([]ipvs.Operation{
		{Verb: ipvs.AddService, Service: odd},
		{Verb: ipvs.AddDestination, Service: odd, Destination: server(rs4)},
		{Verb: ipvs.AddService, Service: fine},
		{Verb: ipvs.AddService, Service: fine},
		{Verb: ipvs.AddDestination, Service: fine, Destination: server(rs4)},
		{Verb: ipvs.AddDestination, Service: fine, Destination: server(rs4)},
		{Verb: ipvs.EditDestination, Service: fine, Destination: server("198.51.100.9:80")},
		{Verb: ipvs.AddDestination, Service: fine, Destination: server(rs6)},
		{Verb: ipvs.DeleteDestination, Service: service("192.0.2.9:80"), Destination: server(rs4)},
		{Verb: ipvs.AddService, Service: engine},
		{Service: fine},
		{Verb: ipvs.EditDestination, Service: fine, Destination: server(rs4, func(d *ipvs.Destination) { d.Weight = 5 })},
	})
	var failed ipvs.OperationErrors
	if !errors.As(err, &failed) {
		t.Fatalf("the error is %v", err)
	}
	want := []string{
		`adding virtual service TCP 192.0.2.1:80: no such file or directory (the kernel has no scheduler "xyz": modprobe ip_vs_xyz)`,
		`adding virtual service TCP 192.0.2.2:80: file exists`,
		`adding server 198.51.100.1:8080 to virtual service TCP 192.0.2.2:80: file exists`,
		`changing server 198.51.100.9:80 of virtual service TCP 192.0.2.2:80: no such file or directory`,
		`adding server [2001:db8:1::1]:8080 to virtual service TCP 192.0.2.2:80: invalid argument (only a tunnel leads to a server of the other family, and none while the kernel's synchronization daemon runs)`,
		`deleting server 198.51.100.1:8080 from virtual service TCP 192.0.2.9:80: no such process`,
		`adding virtual service TCP 192.0.2.3:80: no such file or directory (the kernel has no scheduler "rr" or no persistence engine "xyz": modprobe ip_vs_rr ip_vs_pe_xyz)`,
		`operation 0: operation not supported`,
	}
	var got []string
	for _, f := range failed {
		got = append(got, f.Error())
	}
	if !slices.Equal(got, want) {
		t.Errorf("refused\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !errors.Is(err, unix.EEXIST) || !strings.HasSuffix(err.Error(), "; 7 more operations failed") {
		t.Errorf("the error is %q", err)
	}
	const table = "-A -t 192.0.2.2:80 -s rr\n-a -t 192.0.2.2:80 -r 198.51.100.1:8080 -m -w 5"
	if got := saved(t); !slices.Equal(got, sorted(table)) {
		t.Errorf("the table is %q", got)
	}
}

func TestTimeouts(t *testing.T) {
	k := open(t)
	if err := k.SetTimeouts(ipvs.Timeouts{TCP: 901 * time.Second, TCPFin: 121 * time.Second, UDP: 301 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if err := k.SetTimeouts(ipvs.Timeouts{UDP: 77 * time.Second}); err != nil {
		t.Fatal(err)
	}
	got, err := k.Timeouts()
	if want := (ipvs.Timeouts{TCP: 901 * time.Second, TCPFin: 121 * time.Second, UDP: 77 * time.Second}); got != want || err != nil {
		t.Errorf("the timeouts are %v, %v; want %v", got, err, want)
	}
	if got := ipvsadm(t, "-L --timeout"); strings.TrimSpace(got) != "Timeout (tcp tcpfin udp): 901 121 77" {
		t.Errorf("ipvsadm says %q", got)
	}
}

// TestKeepsConnections shows that what stays in the table keeps its connections and its counters, whatever is changed of
// it.
func TestKeepsConnections(t *testing.T) {
	k := open(t)
	run(t, "ip", "address", "add", "192.0.2.1/32", "dev", "lo")
	run(t, "ip", "address", "add", "192.0.2.2/32", "dev", "lo")
	const address = "192.0.2.2:80"
	bring(t, k, table(one(service(vip4), server(address))), ipvs.Rules{})
	echo := listen(t, address)
	client, err := (&net.Dialer{Timeout: time.Minute}).DialContext(t.Context(), "tcp", vip4)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	go echo()
	exchange(t, client)
	awaitCounted(t, k)
	for i, e := range []ipvs.Entry{
		one(service(vip4, func(s *ipvs.Service) { s.Scheduler = "wlc" }), server(address)),
		one(service(vip4, persistent(50, 24)), server(address)),
		one(service(vip4, persistent(50, 24), func(s *ipvs.Service) { s.Engine = "sip" }), server(address)),
		one(service(vip4, func(s *ipvs.Service) { s.Flags = ipvs.Sched1 }), server(address, func(d *ipvs.Destination) { d.Weight = 7 })),
		one(service(vip4), server(address, func(d *ipvs.Destination) { d.Upper = 9 }), server("198.51.100.9:80")),
		one(service(vip4), server(address, direct)),
		one(service(vip4), server(address, tunnel(2, 0, 1))),
		one(service(vip4), server(address, tunnel(1, 6080, 1))),
		one(service(vip4), server(address)),
	} {
		bring(t, k, table(e), ipvs.Rules{})
		exchange(t, client)
		if err := counted(k); err != nil {
			t.Errorf("after change %d: %v", i, err)
		}
	}
}

// awaitCounted waits until the kernel has counted a connection, which it does every two seconds.
func awaitCounted(t *testing.T, k *ipvs.Kernel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := lab.Until(ctx, "a connection in the counters", func() error { return counted(k) }); err != nil {
		t.Fatal(err)
	}
}

// counted says what is wrong with the statistics of one service that has one connection.
func counted(k *ipvs.Kernel) error {
	list, err := k.Statistics()
	if err != nil {
		return err
	}
	for _, d := range list[0].Destinations {
		s := list[0].Counters
		if d.Addr.String() == "192.0.2.2:80" && s.Connections == 1 && d.Connections == 1 && d.Active == 1 && d.PacketsIn >= 3 && d.BytesIn > 100 && s.BytesIn >= d.BytesIn {
			return nil
		}
	}
	return fmt.Errorf("the statistics are %+v, %+v", list[0].Counters, list[0].Destinations)
}

// listen returns a function that sends back what comes on the first connection to address.
func listen(t *testing.T, address string) func() {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			_, _ = io.Copy(c, c) // ends when the client leaves
		}
	}
}

func exchange(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := c.Write([]byte{'x'}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, b); err != nil || b[0] != 'x' {
		t.Fatalf("read %q, %v", b, err)
	}
}

// TestMany shows how many operations a change of a big table takes.
func TestMany(t *testing.T) {
	k := open(t)
	want := ipvs.Table{}
	for i := range 300 {
		e := one(service(fmt.Sprintf("10.1.%d.%d:80", i/256, i%256)))
		for j := range 100 {
			e.Destinations = append(e.Destinations, server(fmt.Sprintf("10.2.0.%d:80", j+1)))
		}
		want[e.Key] = e
	}
	plan := ipvs.Plan(read(t, k), want, ipvs.Rules{})
	begin := time.Now()
	if err := k.Apply(plan); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d operations took %v", len(plan), time.Since(begin))
	begin = time.Now()
	have := read(t, k)
	t.Logf("reading them took %v", time.Since(begin))
	if k.Writes() != 30300 {
		t.Errorf("%d writes, want 30300", k.Writes())
	}
	if err := k.Apply(ipvs.Plan(have, want, ipvs.Rules{})); err != nil || k.Writes() != 30300 {
		t.Errorf("nothing changed, and %d writes, %v", k.Writes()-30300, err)
	}
	one := want[service("10.1.0.7:80").Key]
	one.Destinations = slices.Clone(one.Destinations)
	one.Destinations[50].Weight = 3
	want[one.Key] = one
	bring(t, k, want, ipvs.Rules{})
	if k.Writes() != 30301 {
		t.Errorf("one weight changed, and %d writes", k.Writes()-30300)
	}
	oneByOne(t, k, want)
	owned := map[ipvs.Key]bool{}
	for key := range want {
		owned[key] = true
	}
	before := k.Writes()
	bring(t, k, nil, ipvs.Rules{Owned: owned})
	if got := saved(t); len(got) != 0 || k.Writes() != before+300 {
		t.Errorf("%d lines are left after %d writes, want none after 300", len(got), k.Writes()-before)
	}
}

// oneByOne measures what operations take that wait for each other.
func oneByOne(t *testing.T, k *ipvs.Kernel, want ipvs.Table) {
	t.Helper()
	e := want[service("10.1.0.9:80").Key]
	var operations []ipvs.Operation
	for _, d := range e.Destinations {
		operations = append(operations, ipvs.Operation{Verb: ipvs.EditDestination, Service: e.Service, Destination: d})
	}
	begin := time.Now()
	for range 20 {
		if err := k.Apply(operations); err != nil {
			t.Fatal(err)
		}
	}
	together := time.Since(begin)
	begin = time.Now()
	for range 20 {
		for i := range operations {
			if err := k.Apply(operations[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("2,000 changes took %v at once and %v one by one", together, time.Since(begin))
}
