package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"keepalived-go/netif"
	"keepalived-go/vrrp/wire"
)

// pacer sends announcements that are to keep a distance in time, each lane at its own pace. It has a goroutine of its
// own, so that neither an advert nor the addresses of another instance wait for it. What an instance does not want any
// more leaves the queue at once.
type pacer struct {
	network wire.Network
	failed  func(key, name string, err error)

	sending sync.Mutex // held while an announcement is on its way; taken before mu
	mu      sync.Mutex
	paces   paces
	lanes   map[laneKey]*lane
	waiting map[pendingKey]*pending // all that is in the queues
	wake    chan struct{}           // something was queued
	quit    chan struct{}
}

// laneKey names a queue. Both families have their own.
type laneKey struct {
	pace string
	v6   bool
}

// lane is what waits for its turn at one pace.
type lane struct {
	interval time.Duration
	next     time.Time // when the next one may be sent
	queue    []*pending
}

// pendingKey is what makes an address in a queue the same.
type pendingKey struct {
	key     string // of the instance
	device  string
	address netip.Addr
}

// pending is an address with announcements that are still to be sent.
type pending struct {
	pendingKey
	name     string // of the instance
	pace     string // the interface whose pace it keeps
	index    int
	hardware [6]byte
	left     int
}

func newPacer(network wire.Network, failed func(key, name string, err error)) *pacer {
	return &pacer{network: network, failed: failed, lanes: map[laneKey]*lane{},
		waiting: map[pendingKey]*pending{}, wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// configure takes over other paces. What waits goes on at the new ones.
func (p *pacer) configure(paces paces) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paces = paces
	old := p.lanes
	p.lanes = map[laneKey]*lane{}
	for key, l := range old {
		for _, q := range l.queue {
			p.lane(q.pace, key.v6).queue = append(p.lane(q.pace, key.v6).queue, q)
		}
		if l := p.lanes[key]; l != nil {
			l.next = old[key].next
		}
	}
	p.ring()
}

// lane is the queue for announcements at an interface's pace. The caller has the lock.
func (p *pacer) lane(pace string, v6 bool) *lane {
	of := p.paces.of(pace)
	key := laneKey{of.name, v6}
	l, ok := p.lanes[key]
	if !ok {
		l = &lane{interval: of.interval(v6)}
		p.lanes[key] = l
	}
	return l
}

// take queues those of the addresses that have a pace, and returns the others, which may be sent at once.
func (p *pacer) take(key, name string, a announcement, addresses []netip.Addr) (others []netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range addresses {
		if p.paces.of(a.pace).interval(address.Is6()) == 0 {
			others = append(others, address)
			continue
		}
		at := pendingKey{key, a.device, address}
		q := p.waiting[at]
		if q == nil {
			q = &pending{pendingKey: at, name: name, pace: a.pace}
			p.waiting[at] = q
			l := p.lane(a.pace, address.Is6())
			l.queue = append(l.queue, q)
		}
		q.left, q.index, q.hardware = max(q.left, a.repeat), a.index, a.hardware
	}
	p.ring()
	return others
}

// keep forgets what waits for an instance, except for the addresses that it still wants.
func (p *pacer) keep(key string, want []netif.Address) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return
	}
	wanted := make(map[pendingKey]bool, len(want))
	for _, a := range want {
		wanted[pendingKey{key, a.Dev, a.Prefix.Addr()}] = true
	}
	p.forget(func(q *pending) bool { return q.key == key && !wanted[q.pendingKey] })
}

// forget takes out of the queues what is not to be sent any more. The caller has the lock.
func (p *pacer) forget(unwanted func(*pending) bool) {
	for _, l := range p.lanes {
		l.queue = slices.DeleteFunc(l.queue, func(q *pending) bool {
			if !unwanted(q) {
				return false
			}
			delete(p.waiting, q.pendingKey)
			return true
		})
	}
}

// settle waits for the announcement that is on its way. What was forgotten before is not sent after it.
func (p *pacer) settle() {
	p.sending.Lock()
	p.sending.Unlock() //lint:ignore SA2001 to have had it is the point
}

// ring wakes the sender.
func (p *pacer) ring() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *pacer) close() { close(p.quit) }

// run sends until close.
func (p *pacer) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(p.sendDue())
		select {
		case <-p.quit:
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// sendDue sends what is due and returns how long nothing more is.
func (p *pacer) sendDue() time.Duration {
	for {
		select {
		case <-p.quit:
			return 0
		default:
		}
		if sleep := p.sendOne(); sleep > 0 {
			return sleep
		}
	}
}

// sendOne sends one announcement, or tells how long none is due. The pace is counted from when it was sent, as
// upstream's is: a late one pulls no other one after it.
func (p *pacer) sendOne() time.Duration {
	p.sending.Lock()
	defer p.sending.Unlock()
	l, q, sleep := p.due(time.Now())
	if l == nil {
		return sleep
	}
	err := p.network.Announce(q.index, q.hardware, []netip.Addr{q.address})
	p.mu.Lock()
	l.next = time.Now().Add(l.interval)
	if err != nil { // its interface is down or gone
		p.forget(func(other *pending) bool { return other.pendingKey == q.pendingKey })
	}
	p.mu.Unlock()
	if err != nil {
		p.failed(q.key, q.name, fmt.Errorf("announcing %s on %s: %w", q.address, q.device, err))
	}
	return 0
}

// due takes one announcement of the address that waits longest in the lane whose turn it is; the address is the last
// one then. Without a lane nothing is due for a while.
func (p *pacer) due(now time.Time) (*lane, pending, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var l *lane
	for _, other := range p.lanes {
		if len(other.queue) > 0 && (l == nil || other.next.Before(l.next)) {
			l = other
		}
	}
	if l == nil {
		return nil, pending{}, time.Hour
	}
	if wait := l.next.Sub(now); wait > 0 {
		return nil, pending{}, wait
	}
	q := l.queue[0]
	l.queue = l.queue[1:]
	if q.left--; q.left > 0 {
		l.queue = append(l.queue, q)
	} else {
		delete(p.waiting, q.pendingKey)
	}
	return l, *q, 0
}
