package lvs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// farm is a client, a director and real servers. The client's network is
// 10.9.0.0/24, that of the servers is 10.2.0.0/16; the director is in both.
type farm struct {
	*lab.Lab
	t        *testing.T
	client   *lab.Host
	director *lab.Host
	servers  []*lab.Host
	daemons  []*lab.Daemon
	open     map[*lab.Host]net.Listener
}

// service4 and service6 are the addresses that clients use.
const service4, service6 = "10.9.0.100", "fd09::100"

// newFarm makes a farm with servers 10.2.0.11, 10.2.0.12 and so on.
func newFarm(t *testing.T, servers int) *farm {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	f := &farm{Lab: l, t: t, open: map[*lab.Host]net.Listener{}}
	t.Cleanup(f.finish)
	f.client = f.add("client", "10.9.0.2/24", "fd09::2/64")
	f.director = f.add("director", "10.2.0.1/16", "fd02::1/64", "10.9.0.1/24", "fd09::1/64", service4+"/24", service6+"/64")
	ctx := f.patience()
	for name, value := range map[string]string{
		"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1",
		"net/ipv4/conf/all/send_redirects": "0", "net/ipv4/conf/eth0/send_redirects": "0",
	} {
		f.must(f.director.Sysctl(ctx, name, value))
	}
	for i := range servers {
		n := 11 + i
		server := f.add(fmt.Sprintf("server%d", n), fmt.Sprintf("10.2.0.%d/16", n), fmt.Sprintf("fd02::%d/64", n))
		f.servers = append(f.servers, server)
		f.listen(server)
	}
	return f
}

func (f *farm) finish() {
	if f.t.Failed() {
		for _, d := range f.daemons {
			f.t.Logf("--- output of %s, process %d:\n%s", d.Program.Name, d.Pid(), d.Output())
		}
	}
	for _, listener := range f.open {
		listener.Close()
	}
	f.Close()
}

func (f *farm) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// patience bounds one step. A machine in software is slow.
func (f *farm) patience() context.Context {
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	f.t.Cleanup(cancel)
	return ctx
}

func (f *farm) add(name, address string, more ...string) *lab.Host {
	f.t.Helper()
	host, err := f.AddHost(name, netip.MustParsePrefix(address))
	f.must(err)
	for _, a := range more {
		if f.must(host.IP(f.patience(), "address add %s dev eth0 nodad", a)); f.t.Failed() {
			break
		}
	}
	return host
}

// listen has a server answer on port 80 with its name, and echo what comes
// then.
func (f *farm) listen(server *lab.Host) {
	f.t.Helper()
	listener, err := server.Listen("tcp", ":80")
	f.must(err)
	f.open[server] = listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := fmt.Fprintln(conn, server.Name); err == nil {
					_, _ = io.Copy(conn, conn) // until the client has gone
				}
			}()
		}
	}()
}

// deafen ends the service of a server until it listens again: connections are
// refused.
func (f *farm) deafen(server int) { f.must(f.open[f.servers[server]].Close()) }

// through routes what servers say to clients through the director, as NAT
// needs it. All are on one switch, so that the director would tell servers of a
// shorter way.
func (f *farm) through() {
	for _, server := range f.servers {
		for _, device := range []string{"all", "eth0"} {
			f.must(server.Sysctl(f.patience(), "net/ipv6/conf/"+device+"/accept_redirects", "0"))
		}
		f.must(server.IP(f.patience(), "route add default via 10.2.0.1"))
		f.must(server.IP(f.patience(), "-6 route add default via fd02::1"))
	}
}

// direct lets servers answer clients by themselves, from addresses on device.
func (f *farm) direct(device string, addresses ...string) {
	for i, server := range f.servers {
		for _, command := range []string{
			fmt.Sprintf("address add 10.9.0.%d/24 dev eth0", 11+i), fmt.Sprintf("address add fd09::%d/64 dev eth0 nodad", 11+i),
		} {
			f.must(server.IP(f.patience(), "%s", command))
		}
		f.must(server.CarryQuietly(f.patience(), netip.MustParseAddr("10.9.9.9"))) // for its settings
		for _, a := range addresses {
			f.must(server.IP(f.patience(), "address add %s dev %s", a, device))
		}
	}
}

func (f *farm) start(config string, args ...string) *lab.Daemon {
	f.t.Helper()
	d, err := f.director.Keepalived(ours, config, args...)
	f.must(err)
	f.daemons = append(f.daemons, d)
	return d
}

// stop ends a daemon in its own way.
func (f *farm) stop(d *lab.Daemon) {
	f.t.Helper()
	if status, _, err := d.Stop(f.patience()); err != nil || status != 0 {
		f.t.Fatalf("status %d, %v", status, err)
	}
}

// await waits for the director's whole table.
func (f *farm) await(want ...string) {
	f.t.Helper()
	f.must(awaitWhole(f.patience(), f.director, slices.Sorted(slices.Values(want))))
}

// ipvsadm is the hand of somebody else.
func (f *farm) ipvsadm(command string) string {
	f.t.Helper()
	output, err := f.director.Ipvsadm(f.patience(), sourceRoot, strings.Fields(command)...)
	f.must(err)
	return output
}

// conversation is a connection of the client that stays open.
type conversation struct {
	f    *farm
	conn net.Conn
	read *bufio.Reader
	// server is who answers.
	server string
}

// talk connects the client, and is what it reads first.
func (f *farm) talk(network, address string) (*conversation, error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), 10*time.Second)
	defer cancel()
	conn, err := f.client.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	f.t.Cleanup(func() { conn.Close() })
	c := &conversation{f: f, conn: conn, read: bufio.NewReader(conn)}
	if c.server, err = c.line(); err != nil {
		conn.Close()
	}
	return c, err
}

func (c *conversation) line() (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	line, err := c.read.ReadString('\n')
	return strings.TrimSpace(line), err
}

// goesOn requires that the connection works in both directions.
func (c *conversation) goesOn(when string) {
	c.f.t.Helper()
	if _, err := fmt.Fprintln(c.conn, when); err != nil {
		c.f.t.Errorf("%s: %v", when, err)
	}
	if got, err := c.line(); err != nil || got != when {
		c.f.t.Errorf("%s: the server said %q, %v", when, got, err)
	}
}

// ask connects once and says who answers. It tries again while nobody does.
func (f *farm) ask(address string) string {
	f.t.Helper()
	var c *conversation
	f.must(lab.Until(f.patience(), "an answer of "+address, func() (err error) {
		c, err = f.talk("tcp", address)
		return err
	}))
	c.conn.Close()
	return c.server
}

// awaitConns waits until the kernel has counted so many connections of a server
// in the director's table. It adds them up every two seconds.
func (f *farm) awaitConns(server string, want int) {
	f.t.Helper()
	f.must(lab.Until(f.patience(), "the count of connections of "+server, func() error {
		output, err := f.director.Ipvsadm(f.patience(), sourceRoot, "-L", "-n", "--stats", "--exact")
		if err != nil {
			return err
		}
		for _, line := range splitLines(output) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[1] == server && fields[2] == strconv.Itoa(want) {
				return nil
			}
		}
		return fmt.Errorf("it is not %d:\n%s", want, output)
	}))
}

// child waits until a pid file of the director has a running process other
// than the one given, and returns its number as this machine counts.
func (f *farm) child(file string, other int) int {
	f.t.Helper()
	var pid int
	f.must(lab.Until(f.patience(), "a process in "+file, func() error {
		content, err := f.director.Read(file)
		if err != nil {
			return err
		}
		inside, err := strconv.Atoi(strings.TrimSpace(content))
		if err != nil {
			return errors.New("no number in " + file)
		}
		if pid, err = f.director.Outside(inside); err == nil && pid == other {
			err = fmt.Errorf("process %d is still there", pid)
		}
		return err
	}))
	return pid
}

// watch looks at the director's table all the time until the function that it
// returns is called, which gives every table that it was, without counts of
// connections.
func (f *farm) watch() func() []string {
	stop, result := make(chan struct{}), make(chan []string)
	path := f.director.Path("/proc/1/net/ip_vs")
	go func() {
		var tables []string
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			content, err := os.ReadFile(path)
			table := withoutCounts(string(content))
			if err != nil {
				table = err.Error()
			}
			if len(tables) == 0 || tables[len(tables)-1] != table {
				tables = append(tables, table)
			}
			select {
			case <-stop:
				result <- tables
				return
			case <-tick.C:
			}
		}
	}()
	return func() []string { close(stop); return <-result }
}

// withoutCounts is the kernel's table without the connections of servers.
func withoutCounts(table string) string {
	lines := splitLines(table)
	for i, line := range lines {
		if fields := strings.Fields(line); len(fields) == 6 && fields[0] == "->" {
			lines[i] = strings.Join(fields[:4], " ")
		}
	}
	return strings.Join(lines, "\n")
}

// undisturbed requires that a watched table has not changed.
func (f *farm) undisturbed(tables []string) {
	f.t.Helper()
	if len(tables) != 1 {
		f.t.Errorf("the table has changed:\n%s", strings.Join(tables, "\n---\n"))
	}
}

// size counts the services and the servers of the director's table.
func (f *farm) size() (services, servers int, err error) {
	content, err := os.ReadFile(f.director.Path("/proc/1/net/ip_vs"))
	for _, line := range splitLines(string(content)) {
		switch fields := strings.Fields(line); fields[0] {
		case "->":
			servers++
		case "TCP", "UDP", "SCTP", "FWM":
			services++
		}
	}
	// The header has an arrow, too.
	return services, max(servers-1, 0), err
}
