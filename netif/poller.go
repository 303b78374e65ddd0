package netif

import (
	"maps"
	"sync"
	"time"
)

// beatInterval is how often drivers are asked.
const beatInterval = time.Second

// Poller stands between a Monitor and whoever looks at its view. For interfaces whose driver tells the kernel nothing
// about the link it asks the driver itself, and puts the answer in the place of what the kernel says.
type Poller struct {
	report func(State, error)
	found  func(name string, wanted, way Beat) // a way to ask was chosen that is not the wanted one

	mu     sync.Mutex
	raw    State // of the monitor
	beats  map[string]Beat
	known  map[string]answer
	prober *prober
	quit   chan struct{} // nil: nobody asks
	done   chan struct{}
}

// answer is what a driver has said last.
type answer struct {
	index int
	way   Beat
	up    bool
}

// NewPoller returns a Poller that polls nothing. report is called with the whole view, by one goroutine at a time.
// found is told when another way to ask than the wanted one is used; it may be nil.
func NewPoller(report func(State, error), found func(name string, wanted, way Beat)) *Poller {
	return &Poller{report: report, found: found, known: map[string]answer{}}
}

// Take is what the Monitor reports to.
func (p *Poller) Take(s State, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.report(s, err)
		return
	}
	p.raw = s
	p.ask(false)
	p.report(p.view(), nil)
}

// Poll sets the interfaces that are polled, by name. The socket is opened in the network namespace of the calling
// thread.
func (p *Poller) Poll(beats map[string]Beat) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if maps.Equal(beats, p.beats) {
		return nil
	}
	if p.prober == nil && len(beats) > 0 {
		prober, err := openProber()
		if err != nil {
			return err
		}
		p.prober, p.quit, p.done = prober, make(chan struct{}), make(chan struct{})
		go p.run(p.quit, p.done)
	}
	p.beats = maps.Clone(beats)
	clear(p.known)
	if p.raw.ByIndex != nil {
		p.ask(true)
		p.report(p.view(), nil)
	}
	return nil
}

// Close ends the polling.
func (p *Poller) Close() error {
	p.mu.Lock()
	quit, done := p.quit, p.done
	p.quit = nil
	p.mu.Unlock()
	if quit == nil {
		return nil
	}
	close(quit)
	<-done
	return p.prober.close()
}

func (p *Poller) run(quit, done chan struct{}) {
	defer close(done)
	ticker := time.NewTicker(beatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return
		case <-ticker.C:
			p.beat()
		}
	}
}

func (p *Poller) beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.raw.ByIndex != nil && p.ask(true) {
		p.report(p.view(), nil)
	}
}

// ask asks the drivers, all of them or those that were not asked yet, and tells whether an answer is another one. The
// caller has the lock.
func (p *Poller) ask(all bool) (changed bool) {
	for name, wanted := range p.beats {
		link, exists := p.raw.ByName[name]
		before, known := p.known[name]
		if !exists || !link.polls() {
			delete(p.known, name)
			continue
		}
		known = known && before.index == link.Index
		if known && !all {
			continue
		}
		now := answer{index: link.Index, way: wanted}
		if known {
			now.way = before.way
		}
		now.up, now.way = p.prober.up(name, now.way, known)
		if !known && wanted != AnyBeat && now.way != wanted && p.found != nil {
			p.found(name, wanted, now.way)
		}
		changed = changed || now != before
		p.known[name] = now
	}
	return changed
}

// polls tells whether a link may be polled: the kernel itself knows those of the others.
func (l Link) polls() bool { return l.Kind != "macvlan" && l.Kind != "ipvlan" && !l.Loopback }

// view is the state with the answers of the drivers in it. The caller has the lock.
func (p *Poller) view() State {
	if len(p.known) == 0 {
		return p.raw
	}
	s := State{ByIndex: maps.Clone(p.raw.ByIndex), ByName: maps.Clone(p.raw.ByName)}
	for name, a := range p.known {
		link := s.ByName[name]
		link.Up, link.Running, link.Beat = a.up, a.up, a.way
		s.ByName[name], s.ByIndex[link.Index] = link, link
	}
	return s
}
