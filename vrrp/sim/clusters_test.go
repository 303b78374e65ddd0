package sim

import (
	"flag"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
)

var seeds = flag.Int("seeds", 2400, "how many simulated clusters to run")

// TestClusters runs the seeds.
func TestClusters(t *testing.T) {
	var steps, masters, conflicts atomic.Int64
	t.Run("all", func(t *testing.T) {
		for seed := range *seeds {
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				o := runSeed(t, uint64(seed))
				steps.Add(int64(o.steps))
				masters.Add(int64(o.masters))
				conflicts.Add(int64(o.conflicts))
			})
		}
	})
	t.Logf("%d steps, %d times a router became Master, %d meetings of two", steps.Load(), masters.Load(), conflicts.Load())
}

func runSeed(t *testing.T, seed uint64) oracle {
	w := newWorld(seed)
	w.traced = testing.Verbose() && strings.Contains(flag.Lookup("test.run").Value.String(), "seed=")
	plan := populate(w)
	plan.disturb(w)
	w.run(start.Add(plan.lasts))
	part, masters := plan.settle(w)
	w.run(w.now.Add(plan.bound()))
	w.oracle.atRest(w, part, masters)
	if w.oracle.complaint != "" {
		t.Errorf("%s\nat %v, seed %d: %s\nalone: go test ./vrrp/sim -run 'TestClusters/all/seed=%d$' -v\n%s",
			w.oracle.complaint, w.now.Sub(start), seed, plan, seed, strings.Join(w.trace, "\n"))
	}
	return w.oracle
}

// plan is what a seed has decided.
type plan struct {
	version      int
	routers      int
	longest      time.Duration // advert interval, over all routers and reloads
	preemptDelay time.Duration
	startupDelay time.Duration
	lasts        time.Duration // the disturbance
	owners       int
	quietNetwork bool // only routers are disturbed, never the network
}

func (p plan) String() string { return fmt.Sprintf("%+v", struct{ plan }{p}.plan.fields()) }

func (p plan) fields() map[string]any {
	return map[string]any{"version": p.version, "routers": p.routers, "longest": p.longest, "preemptDelay": p.preemptDelay,
		"startupDelay": p.startupDelay, "lasts": p.lasts, "owners": p.owners, "quietNetwork": p.quietNetwork}
}

// bound is how long after the disturbance the world may take to come to rest: the end of a startup delay, a whole
// Active_Down_Interval, preempt_delay, another Active_Down_Interval to preempt, and two adverts to settle a conflict.
// Two owners wait for each other for a while more.
func (p plan) bound() time.Duration {
	down := 4*p.longest + time.Second
	return p.startupDelay + p.preemptDelay + 2*down + 2*p.longest + time.Duration(p.owners)*6*p.longest + time.Second
}

// populate puts routers into the world.
func populate(w *world) plan {
	r := w.rng
	p := plan{version: 2 + r.IntN(2), routers: 2 + r.IntN(6), quietNetwork: r.IntN(4) == 0}
	interval := []time.Duration{time.Second, 2 * time.Second}[r.IntN(2)]
	if p.version == 3 {
		interval = []time.Duration{100 * time.Millisecond, time.Second, 500 * time.Millisecond, 30 * time.Millisecond}[r.IntN(4)]
	}
	p.longest = interval
	mixed := p.version == 3 && r.IntN(4) == 0
	preempt := r.IntN(3) // 0: none, 1: all, 2: some
	if r.IntN(4) == 0 {
		p.preemptDelay = time.Duration(1+r.IntN(8)) * interval
	}
	if r.IntN(8) == 0 {
		p.startupDelay = time.Duration(1+r.IntN(5)) * interval
	}
	equal := r.IntN(4) == 0
	places := r.Perm(200)
	for i := range p.routers {
		cfg := fsm.Config{
			Version: p.version, Priority: uint8(1 + r.IntN(254)), AdvertInterval: interval, DownAdverts: 3,
			Preempt: preempt == 1 || (preempt == 2 && r.IntN(2) == 0), StartupDelay: p.startupDelay,
			LowerPrioNoAdvert: r.IntN(8) == 0, HigherPrioSendAdvert: r.IntN(8) == 0,
			Announce: fsm.AnnounceConfig{MasterRepeat: 1, MasterDelay: time.Duration(r.IntN(3)) * interval},
			Source:   netip.AddrFrom4([4]byte{10, 0, byte(places[i] % 3), byte(20 + places[i])}),
		}
		if cfg.Preempt {
			cfg.PreemptDelay = p.preemptDelay
		}
		if equal {
			cfg.Priority = uint8(100 + r.IntN(2))
		}
		if mixed {
			cfg.AdvertInterval = time.Duration(1+r.IntN(4)) * interval
			p.longest = max(p.longest, cfg.AdvertInterval)
		}
		if r.IntN(20) == 0 && p.owners < 2 {
			cfg.Priority, cfg.Preempt = 255, true
			p.owners++
		}
		addNode(w, cfg)
	}
	if p.quietNetwork {
		w.delay = calmDelay
	}
	p.lasts = time.Duration(20+r.IntN(40)) * p.longest
	return p
}

func addNode(w *world, cfg fsm.Config) {
	n := &node{world: w, index: len(w.nodes), address: cfg.Source, cfg: cfg, linkUp: true}
	n.message = packet.Message{Version: cfg.Version, VRID: 51, Interval: cfg.AdvertInterval,
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}}
	w.nodes = append(w.nodes, n)
	for i := range w.cut {
		w.cut[i] = append(w.cut[i], false)
	}
	w.cut = append(w.cut, make([]bool, len(w.nodes)))
}

// disturb plans what happens, at random moments. Every router starts within two intervals.
func (p *plan) disturb(w *world) {
	for _, n := range w.nodes {
		w.during(w.upTo(2*p.longest), func() {
			if n.machine == nil {
				n.boot()
			}
		})
	}
	kinds := []func(*world){
		p.crash, p.crash, p.stop, p.priority, p.linkDown, p.reload,
		p.spurious, p.linkFlap,
		// of the network:
		p.lose, p.cutOneWay, p.partition, p.heal, p.stall,
	}
	if p.quietNetwork {
		kinds = kinds[:8]
	}
	for range 2 + w.rng.IntN(12) {
		kind := kinds[w.rng.IntN(len(kinds))]
		w.during(w.upTo(p.lasts), func() { kind(w) })
	}
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

func (w *world) any() *node { return w.nodes[w.rng.IntN(len(w.nodes))] }

// crash kills a process. It comes back after a moment as what it was, or later afresh, or not before the end.
func (p *plan) crash(w *world) {
	n := w.any()
	if n.machine == nil {
		return
	}
	n.crash()
	w.note("%s crashed as %s", n, n.last.State)
	switch w.rng.IntN(3) {
	case 0:
		pause := w.upTo(2 * n.cfg.AdvertInterval)
		w.during(pause, func() {
			switch {
			case n.machine != nil:
			case n.last.State == fsm.Master && n.linkUp:
				w.note("%s resumes", n)
				n.resume(n.last)
			default:
				n.boot()
			}
		})
	case 1:
		w.during(w.upTo(10*p.longest), func() {
			if n.machine == nil {
				w.note("%s restarts", n)
				n.boot()
			}
		})
	}
}

// stop ends a process in order, and starts it again later.
func (p *plan) stop(w *world) {
	n := w.any()
	if n.machine == nil || n.stalled() {
		return
	}
	w.note("%s stops", n)
	n.step(w.now, fsm.Shutdown{})
	n.machine = nil
	n.ticket++
	w.during(w.upTo(8*p.longest), func() {
		if n.machine == nil {
			n.boot()
		}
	})
}

// priority has a tracker change what a router is worth.
func (p *plan) priority(w *world) {
	n := w.any()
	if !n.stalled() {
		n.event(fsm.PriorityChanged{Priority: uint8(1 + w.rng.IntN(254))})
	}
}

func (p *plan) linkDown(w *world) {
	n := w.any()
	if n.stalled() {
		return
	}
	n.link(false)
	if w.rng.IntN(4) > 0 {
		w.during(w.upTo(8*p.longest), func() { n.link(true) })
	}
}

// linkFlap takes a link down and up within one moment.
func (p *plan) linkFlap(w *world) {
	n := w.any()
	if !n.stalled() && n.linkUp {
		n.link(false)
		n.link(true)
	}
}

// reload changes nothing, the base priority, or preempt.
func (p *plan) reload(w *world) {
	n := w.any()
	if n.stalled() {
		return
	}
	kind, priority := w.rng.IntN(3), uint8(1+w.rng.IntN(254))
	n.reconfigure(func(c *fsm.Config) {
		switch {
		case kind == 1 && c.Priority != 255:
			c.Priority = priority
		case kind == 2 && c.Priority != 255:
			c.Preempt, c.PreemptDelay = !c.Preempt, 0
		}
	})
}

// spurious ticks everybody for nothing.
func (p *plan) spurious(w *world) {
	for _, n := range w.nodes {
		if n.machine != nil && !n.stalled() {
			if deadline, ok := n.machine.Deadline(); !ok || w.now.Before(deadline) {
				n.step(w.now, fsm.Tick{})
			}
		}
	}
}

func (p *plan) lose(w *world) {
	w.disturb()
	w.loss, w.duplicate, w.spoil = w.rng.Float64()*0.7, w.rng.Float64()*0.3, w.rng.Float64()*0.2
	w.delay = calmDelay + w.upTo(p.longest*3/2)
	w.note("loss %.2f, delay up to %v", w.loss, w.delay)
}

func (p *plan) cutOneWay(w *world) {
	w.disturb()
	a, b := w.any(), w.any()
	w.cut[a.index][b.index] = true
	w.note("cut from %s to %s", a, b)
}

func (p *plan) partition(w *world) {
	w.disturb()
	part := w.parts()
	for i := range w.cut {
		for j := range w.cut[i] {
			w.cut[i][j] = w.cut[i][j] || part[i] != part[j]
		}
	}
	w.note("parts %v", part)
}

func (p *plan) heal(w *world) {
	for i := range w.cut {
		clear(w.cut[i])
	}
	w.loss, w.delay = 0, calmDelay
	w.note("healed")
}

// stall keeps a process from running, mostly long enough for the others to believe it dead.
func (p *plan) stall(w *world) {
	n := w.any()
	if n.machine == nil || n.stalled() {
		return
	}
	w.disturb()
	n.stalledUntil = w.now.Add(w.upTo(6 * p.longest))
	w.note("%s stalls until %v", n, n.stalledUntil.Sub(start))
	n.plan()
	w.at(n.stalledUntil, n.wake)
}

func (w *world) parts() []int {
	part := make([]int, len(w.nodes))
	if w.rng.IntN(3) == 0 {
		for i := range part {
			part[i] = w.rng.IntN(2)
		}
	}
	return part
}

// settle ends the disturbance. What was planned beyond its end does not happen any more, but for the ticks.
func (p *plan) settle(w *world) (part []int, masters []*node) {
	part = w.parts()
	// Adverts that are late must not reach into the calm, nor stalls.
	latest := w.now.Add(w.delay)
	for _, n := range w.nodes {
		if n.stalledUntil.After(latest) {
			latest = n.stalledUntil
		}
	}
	w.delay = calmDelay
	w.run(latest.Add(time.Millisecond))
	w.over = true
	w.mend(part)
	for _, n := range w.nodes {
		if n.state() == fsm.Master {
			masters = append(masters, n)
		}
	}
	return part, masters
}

// TestSeedIsAWorld runs seeds twice: the same seed gives the same world, another one another.
func TestSeedIsAWorld(t *testing.T) {
	diary := func(seed uint64) string {
		w := newWorld(seed)
		w.traced = true
		p := populate(w)
		p.disturb(w)
		w.run(start.Add(p.lasts))
		return strings.Join(w.trace, "\n")
	}
	for seed := range uint64(20) {
		first := diary(seed)
		if first == "" || first != diary(seed) {
			t.Errorf("seed %d gives two different worlds, or an empty one", seed)
		}
		if first == diary(seed+100) {
			t.Errorf("seeds %d and %d give the same world", seed, seed+100)
		}
	}
}
