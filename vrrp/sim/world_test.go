package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

var (
	start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	group = netip.MustParseAddr("224.0.0.18")
)

// calmDelay is the longest delay of a datagram once the disturbance is over.
const calmDelay = 3 * time.Millisecond

// world is a network with routers on it, in simulated time.
type world struct {
	rng   *rand.Rand
	now   time.Time
	queue happenings
	order int
	nodes []*node

	cut       [][]bool // [from][to]
	loss      float64
	duplicate float64
	spoil     float64
	delay     time.Duration // longest

	// calmSince is since when every datagram arrives within calmDelay, and every router runs on time.
	calmSince time.Time
	calm      bool
	over      bool // nothing of the disturbance happens any more

	oracle oracle
	trace  []string
	traced bool
}

type happening struct {
	at    time.Time
	order int // events of one moment keep the order in which they were planned
	do    func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].order < h[j].order
	}
	return h[i].at.Before(h[j].at)
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func newWorld(seed uint64) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 0x5eed)), now: start, delay: calmDelay, calm: true, calmSince: start}
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// during plans a part of the disturbance, which does not happen once that is over.
func (w *world) during(d time.Duration, do func()) {
	w.after(d, func() {
		if !w.over {
			do()
		}
	})
}

func (w *world) at(t time.Time, do func()) {
	w.order++
	heap.Push(&w.queue, happening{t, w.order, do})
}

// run lets time pass until the end, or until the oracle has something to say.
func (w *world) run(end time.Time) {
	for len(w.queue) > 0 && !w.queue[0].at.After(end) && w.oracle.complaint == "" {
		h := heap.Pop(&w.queue).(happening)
		w.now = h.at
		h.do()
	}
	if w.oracle.complaint == "" {
		w.now = end
	}
}

// note writes one line into the world's diary, which is kept for a single seed under -v.
func (w *world) note(format string, arguments ...any) {
	if w.traced {
		w.trace = append(w.trace, fmt.Sprintf("%10.4f ", w.now.Sub(start).Seconds())+fmt.Sprintf(format, arguments...))
	}
}

// send carries a datagram from one router to all others.
func (w *world) send(from *node, datagram []byte) {
	if !from.linkUp {
		return
	}
	for _, to := range w.nodes {
		if to == from || w.cut[from.index][to.index] || w.chance(w.loss) {
			continue
		}
		w.carry(to, datagram)
		if w.chance(w.duplicate) {
			w.carry(to, datagram)
		}
	}
}

func (w *world) carry(to *node, datagram []byte) {
	b := append([]byte{}, datagram...)
	spoilt := w.chance(w.spoil)
	if spoilt {
		// Only behind the IP header, which the kernel checks.
		b[20+w.rng.IntN(len(b)-20)] ^= 1 << w.rng.IntN(8)
	}
	delay := time.Duration(w.rng.Int64N(int64(w.delay))) + time.Microsecond
	w.after(delay, func() { to.arrive(b, spoilt) })
}

func (w *world) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

// disturb says that the network is no longer what the protocol counts on.
func (w *world) disturb() { w.calm = false }

// mend ends every disturbance of the network. Routers of different parts hear nothing of each other.
func (w *world) mend(part []int) {
	w.loss, w.duplicate, w.spoil, w.delay = 0, 0, 0, calmDelay
	for i := range w.cut {
		for j := range w.cut[i] {
			w.cut[i][j] = part[i] != part[j]
		}
	}
	w.calm, w.calmSince = true, w.now
	w.note("mended: parts %v", part)
}

func (w *world) connected(a, b *node) bool {
	return !w.cut[a.index][b.index] && !w.cut[b.index][a.index] && a.linkUp && b.linkUp
}
