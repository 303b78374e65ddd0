package sim

import (
	"fmt"
	"net/netip"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
)

// node is one host with one virtual router on it.
type node struct {
	world   *world
	index   int
	address netip.Addr
	cfg     fsm.Config
	machine *fsm.Machine // nil: the process does not run
	host    *host        // with other routers in one sync group, nil without
	message packet.Message
	id      uint16

	linkUp       bool
	stalledUntil time.Time // the process gets no processor before that
	inbox        []arrival // what came in during the stall
	last         fsm.Snapshot
	ticket       int // the tick that is planned; older ones are void

	seen view
}

type arrival struct {
	at       time.Time
	datagram []byte
	spoilt   bool
}

func (n *node) String() string { return fmt.Sprintf("r%d(%d)", n.index, n.cfg.Priority) }

func (n *node) state() fsm.State {
	if n.machine == nil {
		return fsm.Init
	}
	return n.machine.Snapshot().State
}

// boot starts the process afresh.
func (n *node) boot() {
	n.machine = fsm.New(n.cfg)
	n.seen = view{holds: n.seen.holds, deafUntil: n.world.now.Add(n.cfg.StartupDelay)}
	n.inbox = nil
	if !n.linkUp {
		n.step(n.world.now, fsm.FaultsChanged{Faults: 1})
	}
	n.step(n.world.now, fsm.Startup{})
	n.seen.booted = true
}

// resume starts a process that takes over from one that was Master a moment ago.
func (n *node) resume(s fsm.Snapshot) {
	n.machine = fsm.Resume(n.cfg, s, n.world.now)
	n.seen = view{holds: n.seen.holds, booted: true, masterSince: n.world.now}
	n.inbox = nil
	n.step(n.world.now, fsm.Tick{})
}

// crash ends the process without a word. The addresses stay on the interface.
func (n *node) crash() {
	n.last = n.machine.Snapshot()
	n.machine = nil
	n.ticket++
}

// arrive is one datagram at the host's interface.
func (n *node) arrive(datagram []byte, spoilt bool) {
	if n.machine == nil || !n.linkUp {
		return
	}
	if n.stalled() {
		n.inbox = append(n.inbox, arrival{n.world.now, datagram, spoilt})
		return
	}
	n.receive(n.world.now, datagram, spoilt)
}

func (n *node) stalled() bool { return n.world.now.Before(n.stalledUntil) }

// wake ends a stall: what waits in the socket comes before what is due.
func (n *node) wake() {
	inbox := n.inbox
	n.inbox = nil
	for _, a := range inbox {
		if n.machine != nil {
			n.receive(a.at, a.datagram, a.spoilt)
		}
	}
	if n.machine != nil {
		n.plan()
	}
}

// receive checks a datagram and gives the advert to the machine.
func (n *node) receive(at time.Time, datagram []byte, spoilt bool) {
	if vrid, ok := packet.VRID(datagram); !ok || vrid != n.message.VRID {
		if !spoilt {
			n.world.oracle.fail("%s: a whole advert has VRID %d %v", n, vrid, ok)
		}
		return
	}
	expect := packet.Expect{Message: n.message, Source: n.address, Group: group}
	got, reason := expect.Check(datagram)
	if spoilt != (reason != packet.OK) && (spoilt || reason != packet.Interval) {
		n.world.oracle.fail("%s: advert spoilt=%v gives %s", n, spoilt, reason)
	}
	if reason == packet.OK {
		n.step(at, fsm.Advert{Source: got.Source, Priority: got.Priority, Interval: got.Interval})
	}
}

// step gives the machine one event, does what it asks for, and has the oracle look.
func (n *node) step(at time.Time, ev fsm.Event) {
	if n.host != nil {
		n.host.step(at, n, ev)
		return
	}
	before := n.machine.Snapshot()
	n.act(at, ev, before, n.machine.Step(at, ev))
}

// act does what the machine asks for after an event.
func (n *node) act(at time.Time, ev fsm.Event, before fsm.Snapshot, actions []fsm.Action) {
	if n.world.traced && len(actions) > 0 {
		n.world.note("%s %T%+v -> %v %T%+v", n, ev, ev, n.state(), actions, actions)
	}
	for _, action := range actions {
		switch a := action.(type) {
		case fsm.SendAdvert:
			n.advertise(a.Priority)
		case fsm.AddAddresses:
			n.seen.holds = true
		case fsm.RemoveAddresses:
			n.seen.holds = false
		}
	}
	n.world.oracle.stepped(n, at, ev, before, actions)
	n.plan()
}

func (n *node) advertise(priority uint8) {
	m := n.message
	m.Priority = priority
	n.id++
	n.world.send(n, packet.AppendIPv4(nil, &m, n.address, group, n.id, packet.TTL))
}

// plan has the machine ticked at its deadline.
func (n *node) plan() {
	n.ticket++
	deadline, ok := n.machine.Deadline()
	if !ok {
		return
	}
	if deadline.Before(n.stalledUntil) {
		deadline = n.stalledUntil
	}
	if deadline.Before(n.world.now) {
		deadline = n.world.now
	}
	ticket := n.ticket
	n.world.at(deadline, func() {
		switch {
		case ticket != n.ticket || n.machine == nil:
		case n.stalled():
			n.plan()
		default:
			n.step(n.world.now, fsm.Tick{})
		}
	})
}

// event gives an event of the host to a process that runs.
func (n *node) event(ev fsm.Event) {
	if n.machine != nil {
		n.step(n.world.now, ev)
	}
}

// link takes the interface down or up, which the process learns at once.
func (n *node) link(up bool) {
	n.linkUp = up
	n.world.note("%s link %v", n, up)
	n.event(fsm.FaultsChanged{Faults: fsm.FaultSet(0).With(fsm.FaultInterface, !up)})
}

// reconfigure changes the configuration file and reloads it.
func (n *node) reconfigure(change func(*fsm.Config)) {
	change(&n.cfg)
	n.message.Interval = n.cfg.AdvertInterval
	n.event(fsm.Reconfigured{Config: n.cfg})
}
