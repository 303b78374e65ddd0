package lvs

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

var pin = flag.Bool("pin", false, "write down the tables that the peer makes of the configurations in testdata/parity")

// patience bounds how long a configuration, or a step of a test, may take.
const patience = 2 * time.Minute

// askAgain is how long a table that is not as it should be is believed.
const askAgain = 2 * time.Second

// pairs is how many configurations are tried at a time.
const pairs = 6

// reference is a network with real servers, of which some answer, and pairs of
// directors: one for each program.
type reference struct {
	*lab.Lab
	free chan [2]*lab.Host
}

// The real servers: those up to 20 answer on port 80, the others refuse.
const (
	serverNet4, serverNet6 = "10.2.0.%d/16", "fd02::%d/64"
	firstServer, lastUp    = 11, 17
	firstDown, lastServer  = 21, 22
)

// TestParity compares the table that we make of each configuration of
// testdata/parity with the one that the peer makes, and with the one that is
// written down beside the configuration.
func TestParity(t *testing.T) {
	files, err := filepath.Glob("testdata/parity/*.conf")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	r := newReference(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".conf"), func(t *testing.T) {
			t.Parallel()
			directors := <-r.free
			defer func() { r.free <- directors }()
			compare(t, directors, file)
		})
	}
}

func newReference(t *testing.T) *reference {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	r := &reference{Lab: l, free: make(chan [2]*lab.Host, pairs)}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := r.addServers(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range pairs {
		var pair [2]*lab.Host
		for j, name := range []string{"ours", "peer"} {
			if pair[j], err = r.addDirector(ctx, fmt.Sprintf("%s%d", name, i), 100+10*i+j); err != nil {
				t.Fatal(err)
			}
		}
		r.free <- pair
	}
	return r
}

func (r *reference) addDirector(ctx context.Context, name string, number int) (*lab.Host, error) {
	host, err := r.AddHost(name, netip.MustParsePrefix(fmt.Sprintf(serverNet4, number)))
	if err != nil {
		return nil, err
	}
	if err := host.IP(ctx, "address add "+serverNet6+" dev eth0 nodad", number); err != nil {
		return nil, err
	}
	// The address that is where ha_suspend looks for it.
	return host, host.IP(ctx, "address add 10.3.0.1/32 dev eth0")
}

func (r *reference) addServers(ctx context.Context) error {
	host, err := r.AddHost("servers", netip.MustParsePrefix(fmt.Sprintf(serverNet4, 1)))
	if err != nil {
		return err
	}
	for n := firstServer; n <= lastServer; n++ {
		for _, network := range []string{serverNet4, serverNet6} {
			prefix := netip.MustParsePrefix(fmt.Sprintf(network, n))
			if err := host.IP(ctx, "address add %v dev eth0 nodad", prefix); err != nil {
				return err
			}
			if n > lastUp {
				continue
			}
			listener, err := host.Listen("tcp", netip.AddrPortFrom(prefix.Addr(), 80).String())
			if err != nil {
				return err
			}
			go answer(listener)
		}
	}
	return nil
}

// answer takes connections as long as the listener lives.
func answer(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		conn.Close()
	}
}

// compare runs both programs with one configuration until their tables are
// what they should be, and stops them.
func compare(t *testing.T, directors [2]*lab.Host, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var daemons [2]*lab.Daemon
	defer func() { giveBack(t, directors, daemons) }()
	for i, program := range []lab.Program{ours, peer} {
		if daemons[i], err = directors[i].Keepalived(program, string(text)); err != nil {
			t.Fatal(err)
		}
	}
	pinned := strings.TrimSuffix(file, ".conf") + ".table"
	if *pin {
		pinTable(ctx, t, directors[1], pinned)
	}
	content, err := os.ReadFile(pinned)
	if err != nil {
		t.Fatal(err)
	}
	want := splitLines(string(content))
	for i, director := range directors {
		if err := awaitWhole(ctx, director, want); err != nil {
			t.Fatalf("%s: %v", daemons[i].Program.Name, err)
		}
	}
	compareDumps(ctx, t, directors, daemons)
	stopBoth(ctx, t, directors, daemons)
}

// stopBoth stops both daemons, which must leave nothing.
func stopBoth(ctx context.Context, t *testing.T, directors [2]*lab.Host, daemons [2]*lab.Daemon) {
	for _, d := range daemons {
		if err := d.Signal(unix.SIGTERM); err != nil {
			t.Errorf("%s: %v", d.Program.Name, err)
		}
	}
	for i, d := range daemons {
		if status, _, err := d.Wait(ctx); err != nil || status != 0 {
			t.Errorf("%s ended with status %d, %v", d.Program.Name, status, err)
		}
		left, err := wholeTable(ctx, directors[i])
		if err != nil || len(left) > 0 {
			t.Errorf("%s left, %v:\n%s", d.Program.Name, err, strings.Join(left, "\n"))
		}
	}
}

// giveBack leaves directors as they were, also after a failure.
func giveBack(t *testing.T, directors [2]*lab.Host, daemons [2]*lab.Daemon) {
	if !t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i, d := range daemons {
		if d == nil {
			continue
		}
		_ = d.KillAll(ctx) // it may have ended
		if _, err := directors[i].Ipvsadm(ctx, sourceRoot, "-C"); err != nil {
			t.Log(err)
		}
		t.Logf("--- output of %s:\n%s", d.Program.Name, d.Output())
	}
}

// pinTable writes the table of a host down when it has been the same for
// longer than any check of the configurations takes.
func pinTable(ctx context.Context, t *testing.T, host *lab.Host, file string) {
	if err := lab.Pass(ctx, 15*time.Second); err != nil {
		t.Fatal(err)
	}
	table, err := wholeTable(ctx, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Join(append(table, ""), "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func splitLines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

// awaitWhole waits until the host has the table that wholeTable gives. It asks
// ipvsadm when the kernel shows another table than before, for ipvsadm takes
// its time in a machine in software, and now and then in any case: the kernel
// lists its services in parts, of all namespaces, so that a list may have a
// service twice, or not at all, when others come and go meanwhile.
func awaitWhole(ctx context.Context, host *lab.Host, want []string) error {
	seen, last, asked := "never seen", error(nil), time.Time{}
	return lab.Until(ctx, "the table of "+host.Name, func() error {
		now, err := os.ReadFile(host.Path("/proc/1/net/ip_vs"))
		if err != nil || string(now) == seen && time.Since(asked) < askAgain {
			return cmp.Or(err, last)
		}
		got, err := wholeTable(ctx, host)
		if err != nil {
			return err
		}
		seen, last, asked = string(now), nil, time.Now()
		if !slices.Equal(got, want) {
			last = fmt.Errorf("it is\n%s\nand should be\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return last
	})
}

// wholeTable is the table as ipvsadm saves it, with the thresholds, which it
// does not save.
func wholeTable(ctx context.Context, host *lab.Host) ([]string, error) {
	lines, err := host.Table(ctx, sourceRoot)
	if err != nil {
		return nil, err
	}
	output, err := host.Ipvsadm(ctx, sourceRoot, "-L", "-n", "--thresholds")
	if err != nil {
		return nil, err
	}
	var service string
	for _, line := range splitLines(output) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case fields[0] != "->":
			service = fields[0] + " " + fields[1]
		case len(fields) < 4:
		case fields[2] != "0" || fields[3] != "0":
			lines = append(lines, fmt.Sprintf("thresholds %s %s %s %s", service, fields[1], fields[2], fields[3]))
		}
	}
	return lines, nil
}
