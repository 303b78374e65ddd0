package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// What may be set to run more of it by hand: CHAOS_SEEDS is a list such as
// 1,2,3; CHAOS_ROUNDS is the number of events of each; CHAOS_DIALECT is the
// name of one of the dialects.
const (
	chaosSeeds  = "1,2"
	chaosRounds = 6
)

// excluded is an address that is not in adverts, so that the two servers may
// disagree on it.
var excluded = netip.MustParseAddr("192.168.4.81")

// TestChaos does random things to two servers, and looks after each one
// whether the addresses are where the protocol says.
func TestChaos(t *testing.T) {
	t.Parallel()
	d, rounds, seeds := chaosPlan(t)
	for _, programs := range chaosPrograms() {
		for _, seed := range seeds {
			t.Run(fmt.Sprintf("%s-%s seed %d", programs[0].Name, programs[1].Name, seed), func(t *testing.T) {
				t.Parallel()
				c := newChaos(t, d, programs, seed)
				for round := range rounds {
					c.round = round
					c.event()
					c.settle()
				}
				c.end()
			})
		}
	}
}

// chaosPrograms are the pairs of programs for the first and second server.
func chaosPrograms() [][2]lab.Program {
	if ours.Path == peer.Path {
		return [][2]lab.Program{{ours, ours}}
	}
	return [][2]lab.Program{{ours, ours}, {ours, peer}}
}

func chaosPlan(t *testing.T) (d dialect, rounds int, seeds []uint64) {
	t.Helper()
	d, rounds = dialects[1], chaosRounds
	list := chaosSeeds
	if s := os.Getenv("CHAOS_SEEDS"); s != "" {
		list = s
	}
	for _, field := range strings.Split(list, ",") {
		seed, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			t.Fatalf("CHAOS_SEEDS: %v", err)
		}
		seeds = append(seeds, seed)
	}
	if s := os.Getenv("CHAOS_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("CHAOS_ROUNDS: %v", err)
		}
		rounds = n
	}
	if s := os.Getenv("CHAOS_DIALECT"); s != "" {
		i := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == s })
		if i < 0 {
			t.Fatalf("CHAOS_DIALECT: there is no %q", s)
		}
		d = dialects[i]
	}
	return d, rounds, seeds
}

// chaos is one run.
type chaos struct {
	*network
	random *rand.Rand
	seed   uint64
	round  int
	member [2]*member
	happed []string // the events so far
	since  time.Time
}

// member is a server with all that was done to it and not undone.
type member struct {
	*lab.Host
	program   lab.Program
	daemon    *lab.Daemon // nil after a clean stop
	priority  int
	noPreempt bool
	extra     bool // it is configured with the excluded address

	cut, down, bare bool // cable, interface, base address
}

// able says whether the server takes part in the election.
func (m *member) able() bool { return m.daemon != nil && !m.cut && !m.down && !m.bare }

func (c *chaos) config(m *member) string {
	extra := ""
	if m.noPreempt {
		extra += "nopreempt\n"
	}
	if m.extra {
		extra += "virtual_ipaddress_excluded {\n" + excluded.String() + "\n}\n"
	}
	return c.dialect.instance("VI_1", vrid, "BACKUP", m.priority, vip.String(), extra)
}

func newChaos(t *testing.T, d dialect, programs [2]lab.Program, seed uint64) *chaos {
	t.Helper()
	c := &chaos{network: newNetwork(t, d), random: rand.New(rand.NewPCG(seed, 0)), seed: seed}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d, events:\n%s", seed, strings.Join(c.happed, "\n"))
		}
	})
	for i, host := range c.web {
		c.member[i] = &member{Host: host, program: programs[i], priority: priorities[i][0]}
		c.check(c.run(c.member[i]))
	}
	c.since = time.Now()
	c.settle()
	return c
}

// priorities are what the servers may have. No two are equal, so that the
// winner is known.
var priorities = [2][]int{{150, 90, 210}, {100, 160, 220}}

// run starts a daemon, and waits until it has looked at what is there: until
// then an address that another one has left says nothing.
func (c *chaos) run(m *member) error {
	m.daemon = c.start(m.Host, m.program, c.config(m))
	return c.begun(m, 0)
}

// begun waits, from a line of the daemon's output on, until an instance was
// started anew and what was left on the interface is gone or taken over.
func (c *chaos) begun(m *member, mark int) error {
	ctx := c.context(time.Second)
	_, err := m.daemon.Lines.Wait(ctx, mark, "the first state", func(l lab.Line) bool {
		// Debian's program says "entering FAULT state" at its start.
		return strings.Contains(strings.ToLower(l.Text), "entering ")
	})
	if err != nil {
		return err
	}
	return lab.Until(ctx, "the end of what was left", func() error {
		has, err := m.Holds(vip)
		if err != nil || !has {
			return err
		}
		for _, line := range m.daemon.Lines.Since(mark) {
			if strings.Contains(line.Text, "Entering MASTER STATE") {
				return nil
			}
		}
		return errors.New("the address is there")
	})
}

// settle waits until the addresses are where they belong, then watches that
// they stay there, and that no two Masters have been there for too long.
func (c *chaos) settle() {
	c.t.Helper()
	longest := c.dialect.masterDown(1)
	var holder *member
	err := lab.Until(c.context(2*longest), "the addresses", func() (err error) {
		holder, err = c.placed()
		return err
	})
	c.check(err)
	c.check(c.followed(holder))
	c.check(c.yielded(holder))
	settled := time.Now()
	c.must(lab.Pass(c.t.Context(), longest+c.dialect.interval))
	again, err := c.placed()
	c.check(err)
	if again != holder {
		c.check(errors.New("the addresses have moved after a while"))
	}
	for _, m := range c.member {
		if m == holder {
			continue
		}
		for _, f := range c.adverts(0, m.Host, vrid) {
			if f.Time.After(settled) {
				c.check(fmt.Errorf("%s sends adverts, though it is not Master", m.Name))
			}
		}
	}
}

// check ends the run at an error, with what has led to it.
func (c *chaos) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("seed %d, round %d: %v", c.seed, c.round, err)
	}
}

// placed tells who holds the addresses, nil for nobody, and whether that is
// right.
func (c *chaos) placed() (holder *member, err error) {
	var has [2]bool
	able := 0
	for i, m := range c.member {
		if has[i], err = m.Holds(vip); err != nil {
			return nil, err
		}
		extra, err := m.Holds(excluded)
		if err != nil {
			return nil, err
		}
		if want := has[i] && m.extra; extra != want {
			return nil, fmt.Errorf("%s has the excluded address: %v, want %v", m.Name, extra, want)
		}
		switch {
		case has[i] && !m.able():
			return nil, fmt.Errorf("%s has the address and cannot be Master", m.Name)
		case has[i] && holder != nil:
			return nil, errors.New("both have the address")
		case has[i]:
			holder = m
		}
		if m.able() {
			able++
		}
	}
	if able > 0 && holder == nil {
		return nil, errors.New("nobody has the address")
	}
	if able == 2 {
		best := c.best()
		if best != holder && !best.noPreempt {
			return nil, fmt.Errorf("%s has the address, %s has the higher priority and preempts", holder.Name, best.Name)
		}
	}
	return holder, nil
}

func (c *chaos) best() *member {
	if c.member[0].priority > c.member[1].priority {
		return c.member[0]
	}
	return c.member[1]
}

// followed waits for the client's ARP table. The client asks only when it
// knows nothing: where it knows something, gratuitous ARP must tell it.
func (c *chaos) followed(holder *member) error {
	if holder == nil {
		return nil
	}
	want, err := holder.HardwareAddress()
	if err != nil {
		return err
	}
	ctx := c.context(c.dialect.interval)
	return lab.Until(ctx, "the client's ARP table to follow", func() error {
		got, err := c.client.Neighbour(vip)
		switch {
		case err != nil:
			return err
		case got == nil:
			conn, err := c.client.Dial(ctx, "udp", netip.AddrPortFrom(vip, 9).String())
			if err != nil {
				return err
			}
			_, err = conn.Write([]byte("who?"))
			return errors.Join(errors.New("it is empty"), err, conn.Close())
		case got.String() != want.String():
			return fmt.Errorf("it says %v, %s has %v", got, holder.Name, want)
		}
		return nil
	})
}

// yielded checks that the other server has stopped sending within an interval
// of the holder's first advert since the event. A machine that is busy gets
// some more.
func (c *chaos) yielded(holder *member) error {
	if holder == nil {
		return nil
	}
	var first time.Time
	var late time.Duration
	for _, f := range c.Frames.Since(0) {
		a, ok := f.Advert()
		switch {
		case !ok || f.Time.Before(c.since) || a.Priority == 0 || a.VRID != vrid || f.From == c.client.Name:
		case f.From == holder.Name && first.IsZero():
			first = f.Time
		case f.From != holder.Name && !first.IsZero():
			late = f.Time.Sub(first)
		}
	}
	const busy = time.Second
	if late > c.dialect.interval+busy {
		return fmt.Errorf("two Masters for %v", late)
	}
	return nil
}

// end puts everything right, and ends the daemons, which must leave nothing.
func (c *chaos) end() {
	c.since = time.Now()
	for _, m := range c.member {
		c.repair(m)
	}
	c.settle()
	for _, m := range c.member {
		c.stop(m.daemon)
		c.onlyHostAddresses(m.Host)
	}
}
