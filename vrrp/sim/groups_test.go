package sim

import (
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keepalived-go/vrrp/fsm"
)

// host is a process with one router on each of several networks, all in one sync group.
type host struct {
	world   *world
	members []*node // one for each network
	group   *fsm.Group
}

func (h *host) running() bool { return h.members[0].machine != nil }

func (h *host) stalled() bool { return h.members[0].stalled() }

func (h *host) machines() []*fsm.Machine {
	all := make([]*fsm.Machine, 0, len(h.members))
	for _, n := range h.members {
		all = append(all, n.machine)
	}
	return all
}

// boot starts the process afresh.
func (h *host) boot() {
	for _, n := range h.members {
		n.machine = fsm.New(n.cfg)
		n.seen = view{holds: n.seen.holds}
		n.inbox = nil
		n.machine.Step(h.world.now, n.faults())
	}
	h.group = fsm.NewGroup(h.machines()...)
	h.done(h.world.now, fsm.Startup{}, nil, h.before(), h.group.Start(h.world.now))
	for _, n := range h.members {
		n.step(h.world.now, fsm.Startup{})
		n.seen.booted = true
	}
}

func (n *node) faults() fsm.FaultsChanged {
	return fsm.FaultsChanged{Faults: fsm.FaultSet(0).With(fsm.FaultInterface, !n.linkUp)}
}

// resume starts a process that takes over from one whose group was Master a moment ago.
func (h *host) resume() {
	for _, n := range h.members {
		n.machine = fsm.Resume(n.cfg, n.last, h.world.now)
		n.seen = view{holds: n.seen.holds, booted: true, masterSince: h.world.now}
		n.inbox = nil
	}
	h.group = fsm.ResumeGroup(h.machines()...)
	for _, n := range h.members {
		n.step(h.world.now, fsm.Tick{})
	}
}

func (h *host) crash() {
	for _, n := range h.members {
		n.crash()
	}
}

// resumable tells whether the process that crashed was Master of all, and could go on.
func (h *host) resumable() bool {
	return !slices.ContainsFunc(h.members, func(n *node) bool { return n.last.State != fsm.Master || !n.linkUp })
}

func (h *host) before() []fsm.Snapshot {
	var all []fsm.Snapshot
	for _, n := range h.members {
		all = append(all, n.machine.Snapshot())
	}
	return all
}

// step gives one event to one member, and has the oracle look at all.
func (h *host) step(at time.Time, n *node, ev fsm.Event) {
	before := h.before()
	h.done(at, ev, n, before, h.group.Step(at, slices.Index(h.members, n), ev))
	if _, ends := ev.(fsm.Shutdown); !ends && n.seen.booted {
		h.together(ev)
	}
}

func (h *host) done(at time.Time, ev fsm.Event, first *node, before []fsm.Snapshot, outcomes []fsm.Outcome) {
	for _, o := range outcomes {
		if o.Member == fsm.GroupItself {
			h.world.note("group of %s: %T%+v", h.members[0], o.Actions, o.Actions)
			continue
		}
		n, cause := h.members[o.Member], ev
		if n != first {
			cause = fsm.Verdict{State: o.After}
		}
		n.act(at, cause, before[o.Member], o.Actions)
		before[o.Member] = n.machine.Snapshot()
	}
}

// together: the members of a group are in one state, and that is the group's.
func (h *host) together(ev fsm.Event) {
	for _, n := range h.members {
		if n.seen.booted && n.state() != h.group.State() {
			h.world.oracle.fail("%s is %s and its group %s after %T", n, n.state(), h.group.State(), ev)
		}
	}
}

// groupPlan is what a seed has decided of hosts with groups.
type groupPlan struct {
	plan
	hosts    []*host
	networks int
}

// populateGroups puts hosts into the world. A host has the same rank on every network: two that are each better than the
// other one on some network would never come to rest, nor do upstream's.
func populateGroups(w *world) *groupPlan {
	r := w.rng
	p := &groupPlan{plan: plan{version: 2 + r.IntN(2), routers: 2 + r.IntN(3), longest: time.Second, quietNetwork: r.IntN(4) == 0}, networks: 1 + r.IntN(3)}
	preempt, equal := r.IntN(3), r.IntN(4) == 0
	for i := range p.routers {
		cfg := fsm.Config{Version: p.version, Priority: uint8(1 + r.IntN(254)), AdvertInterval: time.Second, DownAdverts: 3,
			Preempt: preempt == 1 || preempt == 2 && r.IntN(2) == 0, Announce: fsm.AnnounceConfig{MasterRepeat: 1, LowerPrioRepeat: 1}}
		if equal {
			cfg.Priority = 100
		}
		h := &host{world: w}
		for network := range p.networks {
			cfg.Source = netip.AddrFrom4([4]byte{10, 0, byte(network), byte(20 + i)})
			addNode(w, cfg)
			n := w.nodes[len(w.nodes)-1]
			n.host = h
			h.members = append(h.members, n)
		}
		p.hosts = append(p.hosts, h)
	}
	p.wire(w, func(a, b *host) bool { return true })
	w.delay = calmDelay
	p.lasts = time.Duration(20+r.IntN(40)) * time.Second
	return p
}

// network is the part of the world that a router is on.
func (p *groupPlan) network(n *node) int { return slices.Index(n.host.members, n) }

// wire connects the hosts that are to hear each other, network by network.
func (p *groupPlan) wire(w *world, hears func(a, b *host) bool) {
	for i, from := range w.nodes {
		for j, to := range w.nodes {
			w.cut[i][j] = p.network(from) != p.network(to) || !hears(from.host, to.host)
		}
	}
}

func (p *groupPlan) any(w *world) *host { return p.hosts[w.rng.IntN(len(p.hosts))] }

func (p *groupPlan) disturbGroups(w *world) {
	for _, h := range p.hosts {
		w.during(w.upTo(2*p.longest), func() {
			if !h.running() {
				h.boot()
			}
		})
	}
	kinds := []func(*world){p.crashHost, p.stopHost, p.priorityHost, p.linkHost, p.linkHost, p.reloadHost,
		p.loseAll, p.cutOne, p.partitionHosts, p.healAll, p.stallHost}
	if p.quietNetwork {
		kinds = kinds[:6]
	}
	for range 2 + w.rng.IntN(12) {
		kind := kinds[w.rng.IntN(len(kinds))]
		w.during(w.upTo(p.lasts), func() { kind(w) })
	}
}

func (p *groupPlan) crashHost(w *world) {
	h := p.any(w)
	if !h.running() {
		return
	}
	h.crash()
	w.note("%s crashed", h.members[0])
	w.during(w.upTo(6*p.longest), func() {
		switch {
		case h.running():
		case h.resumable() && w.now.Sub(h.members[0].last.LastAdvert) < 2*p.longest:
			w.note("%s resumes", h.members[0])
			h.resume()
		default:
			h.boot()
		}
	})
}

func (p *groupPlan) stopHost(w *world) {
	h := p.any(w)
	if !h.running() || h.stalled() {
		return
	}
	for _, n := range h.members {
		n.step(w.now, fsm.Shutdown{})
	}
	for _, n := range h.members {
		n.machine = nil
		n.ticket++
	}
	w.note("%s stopped", h.members[0])
	w.during(w.upTo(8*p.longest), func() {
		if !h.running() {
			h.boot()
		}
	})
}

// linkHost takes one interface of a host down, for a while or for good.
func (p *groupPlan) linkHost(w *world) {
	h := p.any(w)
	n := h.members[w.rng.IntN(len(h.members))]
	if h.stalled() {
		return
	}
	n.link(false)
	if w.rng.IntN(4) > 0 {
		w.during(w.upTo(8*p.longest), func() {
			if !h.stalled() {
				n.link(true)
			}
		})
	}
}

func (p *groupPlan) priorityHost(w *world) {
	h, priority := p.any(w), uint8(1+w.rng.IntN(254))
	if !h.stalled() {
		for _, n := range h.members {
			n.event(fsm.PriorityChanged{Priority: priority})
		}
	}
}

func (p *groupPlan) reloadHost(w *world) {
	h, kind, priority := p.any(w), w.rng.IntN(3), uint8(1+w.rng.IntN(254))
	if h.stalled() {
		return
	}
	for _, n := range h.members {
		n.reconfigure(func(c *fsm.Config) {
			switch kind {
			case 1:
				c.Priority = priority
			case 2:
				c.Preempt = !c.Preempt
			}
		})
	}
}

func (p *groupPlan) loseAll(w *world) {
	w.disturb()
	w.loss, w.duplicate, w.spoil = w.rng.Float64()*0.7, w.rng.Float64()*0.3, w.rng.Float64()*0.2
	w.delay = calmDelay + w.upTo(p.longest)
}

// cutOne keeps one router from hearing another one, on one network and in one direction.
func (p *groupPlan) cutOne(w *world) {
	w.disturb()
	a, b := w.any(), w.any()
	w.cut[a.index][b.index] = true
}

func (p *groupPlan) partitionHosts(w *world) {
	w.disturb()
	side := map[*host]int{}
	for _, h := range p.hosts {
		side[h] = w.rng.IntN(2)
	}
	p.wire(w, func(a, b *host) bool { return side[a] == side[b] })
}

func (p *groupPlan) healAll(w *world) {
	p.wire(w, func(a, b *host) bool { return true })
	w.loss, w.delay = 0, calmDelay
}

func (p *groupPlan) stallHost(w *world) {
	h := p.any(w)
	if !h.running() || h.stalled() {
		return
	}
	w.disturb()
	until := w.now.Add(w.upTo(6 * p.longest))
	for _, n := range h.members {
		n.stalledUntil = until
		n.plan()
	}
	// What waits in the sockets of all members comes before what is due on any of them.
	w.at(until, func() {
		for _, n := range h.members {
			n.wake()
		}
	})
}

// settleGroups ends the disturbance.
func (p *groupPlan) settleGroups(w *world) {
	latest := w.now.Add(w.delay)
	for _, n := range w.nodes {
		if n.stalledUntil.After(latest) {
			latest = n.stalledUntil
		}
	}
	w.delay = calmDelay
	w.run(latest.Add(time.Millisecond))
	w.over = true
	part := make([]int, len(w.nodes))
	for i, n := range w.nodes {
		part[i] = p.network(n)
	}
	w.mend(part)
}

// atRest: of the hosts that can be, one is Master of all networks, and none that preempts outranks it.
func (p *groupPlan) atRest(w *world) {
	var alive, masters []*host
	for _, h := range p.hosts {
		if !h.running() || h.group.State() == fsm.FaultState {
			continue
		}
		alive = append(alive, h)
		if h.group.State() == fsm.Master {
			masters = append(masters, h)
		}
	}
	if len(alive) == 0 {
		return
	}
	if len(masters) != 1 {
		w.oracle.fail("of %d hosts %d are Master", len(alive), len(masters))
		return
	}
	master := masters[0].members[0]
	for _, h := range alive {
		if n := h.members[0]; n != master && n.cfg.Preempt && effective(n) > effective(master) {
			w.oracle.fail("%s is Master, and %s preempts", master, n)
		}
	}
}

// TestGroupClusters runs hosts with sync groups: the members of each are never in different states, and the world comes
// to rest with one Master of all networks.
func TestGroupClusters(t *testing.T) {
	var steps, masters atomic.Int64
	t.Run("all", func(t *testing.T) {
		for seed := range *seeds / 4 {
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(uint64(seed) + 1<<32)
				w.traced = testing.Verbose() && strings.Contains(flag.Lookup("test.run").Value.String(), "seed=")
				p := populateGroups(w)
				p.disturbGroups(w)
				w.run(start.Add(p.lasts))
				p.settleGroups(w)
				w.run(w.now.Add(3*(4*p.longest+time.Second) + 4*p.longest))
				p.atRest(w)
				if w.oracle.complaint != "" {
					t.Errorf("%s\nat %v: %d networks, %s\n%s", w.oracle.complaint, w.now.Sub(start), p.networks, p.plan, strings.Join(w.trace, "\n"))
				}
				steps.Add(int64(w.oracle.steps))
				masters.Add(int64(w.oracle.masters))
			})
		}
	})
	if masters.Load() == 0 {
		t.Error("nobody ever became Master")
	}
	t.Logf("%d steps, %d times a router became Master", steps.Load(), masters.Load())
}
