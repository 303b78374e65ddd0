package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

var vip = netip.MustParseAddr("192.168.4.80")

const vrid = 51

// dialect is a way to speak VRRP.
type dialect struct {
	name     string
	version  uint8
	interval time.Duration
	lines    string
}

var dialects = []dialect{
	{"v2 PASS", 2, time.Second, "version 2\nadvert_int 1\nauthentication {\nauth_type PASS\nauth_pass 1111\n}\n"},
	{"v3", 3, 100 * time.Millisecond, "version 3\nadvert_int 0.1\n"},
}

// instance is a vrrp_instance block.
func (d dialect) instance(name string, id int, state string, priority int, addresses, extra string) string {
	return fmt.Sprintf("vrrp_instance %s {\nstate %s\ninterface eth0\nvirtual_router_id %d\npriority %d\n%s%svirtual_ipaddress {\n%s\n}\n}\n",
		name, state, id, priority, d.lines, extra, addresses)
}

func (d dialect) config(state string, priority int) string {
	return d.instance("VI_1", vrid, state, priority, vip.String(), "")
}

// skew and masterDown are those of RFC 3768 section 6.1 and RFC 9568 section 6.1.
func (d dialect) skew(priority int) time.Duration {
	return time.Duration(256-priority) * d.interval / 256
}

func (d dialect) masterDown(priority int) time.Duration { return 3*d.interval + d.skew(priority) }

// patience is how long something may take that should take span: the machine
// that runs the tests may be busy.
func patience(span time.Duration) time.Duration { return 3*span + 5*time.Second }

// network is the tutorial's: a client and two web servers.
type network struct {
	*lab.Lab
	t       *testing.T
	client  *lab.Host
	web     [2]*lab.Host
	daemons []*lab.Daemon
	dialect dialect
}

func newNetwork(t *testing.T, d dialect) *network {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	n := &network{Lab: l, t: t, dialect: d}
	t.Cleanup(n.finish)
	add := func(name, address string) *lab.Host {
		host, err := l.AddHost(name, netip.MustParsePrefix(address))
		if err != nil {
			t.Fatal(err)
		}
		return host
	}
	n.client = add("client", "192.168.4.5/24")
	n.web = [2]*lab.Host{add("web1", "192.168.4.100/24"), add("web2", "192.168.4.200/24")}
	return n
}

// finish shows what the programs said when the test has failed.
func (n *network) finish() {
	if n.t.Failed() {
		for _, d := range n.daemons {
			n.t.Logf("--- output of %s, process %d:\n%s", d.Program.Name, d.Pid(), d.Output())
		}
		n.t.Logf("--- frames:\n%s", n.story())
	}
	n.Close()
}

// story is the last part of what was on the wire and of the addresses, for
// a person to read.
func (n *network) story() string {
	var lines []string
	add := func(at time.Time, format string, args ...any) {
		lines = append(lines, at.Format("15:04:05.000000 ")+fmt.Sprintf(format, args...))
	}
	for _, f := range n.Frames.Since(0) {
		if a, ok := f.Advert(); ok {
			add(f.Time, "%s advert of %d, priority %d", f.From, a.VRID, a.Priority)
		} else if a, ok := f.ARP(); ok {
			add(f.Time, "%s ARP %v for %v", f.From, a.SenderAddr, a.TargetAddr)
		}
	}
	for _, host := range n.web {
		for _, c := range host.Addresses.Since(0) {
			add(c.Time, "%s has %v: %v", host.Name, c.Address, c.Present)
		}
	}
	slices.Sort(lines)
	const most = 150
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

func (n *network) context(span time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(n.t.Context(), patience(span))
	n.t.Cleanup(cancel)
	return ctx
}

func (n *network) start(host *lab.Host, p lab.Program, config string, args ...string) *lab.Daemon {
	n.t.Helper()
	d, err := host.Keepalived(p, config, args...)
	if err != nil {
		n.t.Fatal(err)
	}
	n.daemons = append(n.daemons, d)
	return d
}

// startBehind starts a Backup where there is a Master already: of two that start at the same time, the one with the
// shorter Master_Down_Interval need not be the first.
func (n *network) startBehind(host *lab.Host, p lab.Program, config string) *lab.Daemon {
	n.t.Helper()
	d := n.start(host, p, config)
	n.says(d, "(VI_1) Entering BACKUP STATE (init)", n.dialect.masterDown(low))
	return d
}

// must ends the test at an error that leaves no sense in going on.
func (n *network) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// advert waits for an advert of a host from a mark in n.Frames on.
func (n *network) advert(mark int, from *lab.Host, span time.Duration, what string, match func(lab.Advert) bool) lab.Frame {
	n.t.Helper()
	f, err := n.Frames.Wait(n.context(span), mark, what+" from "+from.Name, func(f lab.Frame) bool {
		a, ok := f.Advert()
		return ok && f.From == from.Name && match(a)
	})
	n.must(err)
	return f
}

// lives matches every advert that is not a farewell.
func lives(a lab.Advert) bool { return a.Priority > 0 && a.VRID == vrid }

func farewell(a lab.Advert) bool { return a.Priority == 0 && a.VRID == vrid }

// adverts are the adverts of a host for one virtual router since a mark.
func (n *network) adverts(mark int, from *lab.Host, id uint8) []lab.Frame {
	var found []lab.Frame
	for _, f := range n.Frames.Since(mark) {
		if a, ok := f.Advert(); ok && f.From == from.Name && a.VRID == id {
			found = append(found, f)
		}
	}
	return found
}

// holder waits until one of the servers has the address and the other not.
func (n *network) holder(want *lab.Host, span time.Duration) {
	n.t.Helper()
	err := lab.Until(n.context(span), "the address on "+want.Name+" alone", func() error {
		for _, host := range n.web {
			has, err := host.Holds(vip)
			if err != nil {
				return err
			}
			if has != (host == want) {
				return fmt.Errorf("%s has the address: %v", host.Name, has)
			}
		}
		return nil
	})
	n.must(err)
}

// holds waits until a server has the address, whatever the other has.
func (n *network) holds(host *lab.Host, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), "the address on "+host.Name, func() error {
		has, err := host.Holds(vip)
		if err == nil && !has {
			err = errors.New("it is not there")
		}
		return err
	}))
}

// neighbour waits until the client's ARP table has the server's address for
// the virtual one.
func (n *network) neighbour(want *lab.Host, span time.Duration) {
	n.t.Helper()
	mac, err := want.HardwareAddress()
	n.must(err)
	n.must(lab.Until(n.context(span), "the client's ARP table to follow", func() error {
		got, err := n.client.Neighbour(vip)
		if err != nil {
			return err
		}
		if got.String() != mac.String() {
			return fmt.Errorf("it says %v, %s has %v", got, want.Name, mac)
		}
		return nil
	}))
}

// page waits until the client reads the server's page at the virtual address.
func (n *network) page(want *lab.Host, span time.Duration) {
	n.t.Helper()
	ctx := n.context(span)
	n.must(lab.Until(ctx, "the page of "+want.Name, func() error {
		got, err := n.client.Get(ctx, vip.String())
		if err != nil {
			return err
		}
		if got != want.Address.Addr().String() {
			return fmt.Errorf("the client reads %q", got)
		}
		return nil
	}))
}

func (n *network) serve() {
	n.t.Helper()
	for _, host := range n.web {
		n.must(host.Serve(n.context(time.Second), sourceRoot, host.Address.Addr().String()))
	}
}

// takeover checks the time from the last advert of one server to the first of
// the other against what the protocol says, and returns the latter.
func (n *network) takeover(mark int, from, to *lab.Host, last func(lab.Advert) bool, want time.Duration) {
	n.t.Helper()
	first := n.advert(mark, to, want, "an advert", lives)
	var since time.Time
	for _, f := range n.adverts(0, from, vrid) {
		if a, _ := f.Advert(); last(a) && f.Time.Before(first.Time) {
			since = f.Time
		}
	}
	gap := first.Time.Sub(since)
	n.t.Logf("%s took over %.1f ms after the last advert, the protocol says %.1f ms", to.Name, ms(gap), ms(want))
	if gap < want-2*time.Millisecond || gap > want+want/2+500*time.Millisecond {
		n.t.Errorf("takeover after %v, want about %v", gap, want)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// together is the longest span, from a time on, in which both servers had the
// address.
func (n *network) together(from time.Time) time.Duration {
	type change struct {
		lab.AddressChange
		host int
	}
	var all []change
	for i, host := range n.web {
		for _, c := range host.Addresses.Since(0) {
			if c.Address == vip {
				all = append(all, change{c, i})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b change) int { return a.Time.Compare(b.Time) })
	var has [2]bool
	var longest time.Duration
	var since time.Time
	for _, c := range all {
		if has[0] && has[1] && !c.Present && since.After(from) {
			longest = max(longest, c.Time.Sub(since))
		}
		has[c.host] = c.Present
		since = c.Time
	}
	if has[0] && has[1] && since.After(from) {
		longest = max(longest, time.Since(since))
	}
	return longest
}

// stop ends a daemon in its own way.
func (n *network) stop(d *lab.Daemon) {
	n.t.Helper()
	status, took, err := d.Stop(n.context(time.Second))
	n.must(err)
	if status != 0 {
		n.t.Errorf("%s ended with status %d, want 0", d.Program.Name, status)
	}
	n.t.Logf("%s stopped in %.0f ms", d.Program.Name, ms(took))
}

// onlyHostAddresses checks that a server has no address left but its own.
func (n *network) onlyHostAddresses(host *lab.Host) {
	n.t.Helper()
	got, err := host.List()
	n.must(err)
	want := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), host.Address}
	if !slices.Equal(got, want) {
		n.t.Errorf("addresses of %s: %v, want %v", host.Name, got, want)
	}
}
