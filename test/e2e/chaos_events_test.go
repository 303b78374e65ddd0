package e2e

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// chaosEvent is something that can happen to a server. It is done where
// possible holds.
type chaosEvent struct {
	name     string
	possible func(*member) bool
	do       func(*chaos, *member) error
}

func runs(m *member) bool { return m.daemon != nil }

var chaosEvents = []chaosEvent{
	{"cable cut", func(m *member) bool { return !m.cut && !m.down }, func(_ *chaos, m *member) error { m.cut = true; return m.Cut() }},
	{"cable mended", func(m *member) bool { return m.cut }, func(_ *chaos, m *member) error { m.cut = false; return m.Mend() }},
	{"interface down", func(m *member) bool { return !m.down && !m.cut }, func(_ *chaos, m *member) error { m.down = true; return m.LinkDown() }},
	{"interface up", func(m *member) bool { return m.down }, func(_ *chaos, m *member) error { m.down = false; return m.LinkUp() }},
	{"base address removed", func(m *member) bool { return !m.bare }, func(_ *chaos, m *member) error { m.bare = true; return m.RemoveAddress(m.Address) }},
	{"base address put back", func(m *member) bool { return m.bare }, func(_ *chaos, m *member) error { m.bare = false; return m.AddAddress(m.Address) }},
	{"virtual address removed", runs, (*chaos).removeVirtual},
	{"child killed", runs, (*chaos).killChild},
	{"all killed and started", runs, (*chaos).killAll},
	{"stopped", runs, (*chaos).stopDaemon},
	{"started", func(m *member) bool { return m.daemon == nil }, (*chaos).run},
	{"reload", runs, (*chaos).reload},
	{"short sleep", runs, func(c *chaos, m *member) error { return c.sleep(m, c.dialect.interval*3/2) }},
	{"long sleep", runs, func(c *chaos, m *member) error { return c.sleep(m, 2*c.dialect.masterDown(1)) }},
	{"nonsense", runs, (*chaos).nonsense},
}

// event does one thing to one of the servers. What was broken is put right
// more often than not before the next thing is broken.
func (c *chaos) event() {
	m := c.member[c.random.IntN(2)]
	if c.random.IntN(2) == 0 {
		for _, other := range c.member {
			if !other.able() {
				m = other
			}
		}
	}
	possible := slices.DeleteFunc(slices.Clone(chaosEvents), func(e chaosEvent) bool { return !e.possible(m) })
	e := possible[c.random.IntN(len(possible))]
	c.happed = append(c.happed, fmt.Sprintf("%s %2d %s on %s", time.Now().Format("15:04:05.000000"), c.round, e.name, m.Name))
	if err := e.do(c, m); err != nil {
		c.check(fmt.Errorf("%s on %s: %w", e.name, m.Name, err))
	}
	c.since = time.Now()
}

// vrrpChild is the number of the process that speaks VRRP.
func (c *chaos) vrrpChild(m *member) (pid int, err error) {
	err = lab.Until(c.context(time.Second), "the VRRP process", func() error {
		tree, err := m.Tree(m.daemon.Pid())
		if err != nil {
			return err
		}
		for _, e := range tree {
			if e.Parent == m.daemon.Pid() {
				pid = e.Pid
				return nil
			}
		}
		return errors.New("there is none")
	})
	return pid, err
}

// removeVirtual takes the address off a Master, as a network manager does that
// does not know it. Ours puts it back. Debian's goes to Backup for a while.
func (c *chaos) removeVirtual(m *member) error {
	has, err := m.Holds(vip)
	if err != nil || !has {
		return err
	}
	return m.RemoveAddress(netip.PrefixFrom(vip, vip.BitLen()))
}

func (c *chaos) killChild(m *member) error {
	pid, err := c.vrrpChild(m)
	if err != nil {
		return err
	}
	mark := m.daemon.Lines.Len()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil || m.program.Path == ours.Path {
		return err
	}
	// Debian's next process does not know what the killed one was. It starts
	// as Backup, and its peer takes over meanwhile.
	return c.begun(m, mark)
}

func (c *chaos) killAll(m *member) error {
	if err := m.daemon.KillAll(c.context(time.Second)); err != nil {
		return err
	}
	if m.program.Path != ours.Path {
		// Debian's program takes any process that has the number in a pid file
		// for itself ("daemon is already running"), and does not start. In the
		// few numbers of a host that is likely to happen.
		for _, name := range []string{"/run/keepalived.pid", "/run/vrrp.pid"} {
			if err := os.Remove(m.Path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return c.run(m)
}

func (c *chaos) stopDaemon(m *member) error {
	c.stop(m.daemon)
	m.daemon = nil
	return nil
}

// reload changes one thing of the configuration.
func (c *chaos) reload(m *member) error {
	switch c.random.IntN(3) {
	case 0:
		m.extra = !m.extra
	case 1:
		m.noPreempt = !m.noPreempt
	case 2:
		choice := priorities[slices.Index(c.member[:], m)]
		m.priority = choice[c.random.IntN(len(choice))]
	}
	c.happed = append(c.happed, fmt.Sprintf("priority %d, nopreempt %v, excluded address %v", m.priority, m.noPreempt, m.extra))
	return m.daemon.Reconfigure(c.config(m))
}

// sleep has the VRRP process not run for a while.
func (c *chaos) sleep(m *member, span time.Duration) error {
	pid, err := c.vrrpChild(m)
	if err != nil {
		return err
	}
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return err
	}
	return errors.Join(lab.Pass(c.t.Context(), span), unix.Kill(pid, unix.SIGCONT))
}

// nonsense has the client send what nobody may take for an advert: adverts of
// a server with one bit turned over, which no checksum lets pass, cut off,
// with a time to live below 255, and noise.
func (c *chaos) nonsense(*member) error {
	group := netip.MustParseAddr("224.0.0.18")
	var real []byte
	for _, f := range c.Frames.Since(0) {
		if a, ok := f.Advert(); ok && f.From != c.client.Name {
			real = a.Packet
		}
	}
	for range 20 {
		payload, ttl := slices.Clone(real), 255
		switch kind := c.random.IntN(4); {
		case kind == 0 && len(real) > 0:
			payload[c.random.IntN(len(payload))] ^= 1 << c.random.IntN(8)
		case kind == 1 && len(real) > 0:
			payload = payload[:c.random.IntN(len(payload))]
		case kind == 2 && len(real) > 0:
			ttl = 1 + c.random.IntN(254)
		default:
			payload = make([]byte, c.random.IntN(1400))
			for i := range payload {
				payload[i] = byte(c.random.Uint32())
			}
		}
		if len(payload) == 0 {
			payload = []byte{0x31}
		}
		if err := c.client.SendIP(112, group, ttl, payload); err != nil {
			return err
		}
	}
	return nil
}

// repair undoes all that was done to a server.
func (c *chaos) repair(m *member) {
	for _, e := range chaosEvents {
		switch e.name {
		case "cable mended", "interface up", "base address put back", "started":
			if e.possible(m) {
				c.check(e.do(c, m))
			}
		}
	}
}
