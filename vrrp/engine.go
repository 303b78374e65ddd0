package vrrp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// stopPatience bounds how long a clean stop waits for the kernel worker.
const stopPatience = 3 * time.Second

// Engine runs the virtual routers of one configuration.
type Engine struct {
	opt Options
	log *logrus.Entry

	routers map[string]*router // by Key
	order   []*router          // in the order of the configuration
	groups  []*group           // in the order of the configuration
	sockets *socketPool
	queue   deadlines
	links   netif.State             // as instances are to see them
	virtual map[netip.Addr]struct{} // every virtual address of the configuration
	made    map[string]bool         // names of virtual links that this process or a former one has made
	worker  *kernelWorker
	scripts trackedScripts
	files   *trackedFiles

	processes *trackedProcesses
	changes   bool // something is to be reported
	clock     clockPair
	delayedTo time.Time // end of the startup delay, which is one for all instances
	slots     slots
	turn      uint64 // counts from 1; a turn ends when its adverts leave

	commands chan func()
	readable chan *sharedSocket
	results  chan result

	linkMu   sync.Mutex
	newLinks *netif.State
	linkErr  error
	linkC    chan struct{}

	stopRoutes  func()               // ends the watch of routes and rules, nil where there is none
	routeC      chan struct{}        // says that some may be missing
	policiesAt  time.Time            // when they were put back last
	policiesDue bool                 // they are to be put back when the pause is over
	promoting   map[string]promotion // what the kernel worker was asked for, by interface
	promoted    map[string]bool      // interfaces with promote_secondaries, and whether they had it before
	staticSeen  map[place]struct{}
	staticAt    time.Time // when static addresses were put back last
	staticLost  map[string]bool
	staticDue   bool // what is lost is to be tried again

	rawLinks netif.State // as the kernel has them
	debounce debounce
	linksAt  time.Time // when a change that is held back comes to be seen, zero when there is none

	outgoing []*sharedSocket // sockets with datagrams of this turn
	retryAt  time.Time       // when instances without a socket are tried again
	stopped  chan struct{}

	verifyAt    time.Time // when the firewall is looked at next, zero when nothing is dropped
	firewallErr error     // why there is no firewall, nil when there is one or nobody needs it
	lacking     error     // the same of the configuration that was checked last
	checked     bool      // lacking was found out
	reprobing   bool      // the kernel worker looks whether there is one by now
	guardFails  int       // how often in a row the firewall could not be made what is wanted
	unsettled   bool      // it may not be what is wanted
	guardSaid   string    // why, as it was said last
	ending      bool      // the machines are stopped
}

// New prepares an engine; nothing is opened or changed before Run.
func New(opt Options) (*Engine, error) {
	if opt.Network == nil || opt.Kernel == nil || opt.Links == nil || opt.Log == nil {
		return nil, errors.New("vrrp engine: network, kernel, links and log are required")
	}
	e := &Engine{
		opt:      opt,
		log:      opt.Log,
		routers:  map[string]*router{},
		commands: make(chan func()),
		readable: make(chan *sharedSocket, 64),
		results:  make(chan result, 64),
		linkC:    make(chan struct{}, 1),
		routeC:   make(chan struct{}, 1),
		stopped:  make(chan struct{}),
		files:    &trackedFiles{},
		turn:     1,

		staticSeen: map[place]struct{}{}, promoted: map[string]bool{}, made: map[string]bool{},

		processes: &trackedProcesses{},
	}
	e.sockets = newSocketPool(opt.Network, e.readable)
	e.worker = newKernelWorker(opt, e.results)
	maps.Copy(e.promoted, formerPromotions(e.worker.promoted))
	e.clock = newClockPair()
	return e, nil
}

// Run starts the virtual routers and returns after a clean stop, when ctx has ended.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.stopped)
	stopLinks, err := e.opt.Links.Watch(e.reportLinks)
	if err != nil {
		return fmt.Errorf("watching interfaces: %w", err)
	}
	defer stopLinks()
	if err := e.awaitLinks(); err != nil {
		return err
	}
	if err := CheckInterfaces(e.opt.Config, e.links); err != nil {
		return err
	}
	e.makeLinks(e.opt.Config)
	e.firewallErr = e.probeFirewall(e.opt.Config)
	workerDone := make(chan struct{})
	go func() { defer close(workerDone); e.worker.run() }()
	e.start(e.opt.Config)
	e.loop(ctx)
	return e.stop(workerDone)
}

// start brings every instance of a configuration to life.
func (e *Engine) start(cfg config.Config) {
	now := time.Now()
	e.delayedTo = now.Add(cfg.Global.StartupDelay)
	e.collectVirtual(cfg)
	e.logDelays()
	if len(e.opt.Resume) == 0 {
		e.initFiles(cfg)
	}
	e.trackFiles(cfg)
	e.trackProcesses(cfg)
	e.trackScripts(cfg, false)
	e.inheritGuards(cfg)
	e.clearGuards(cfg)
	e.watchRoutes(cfg)
	e.promote(cfg)
	e.setStatic(config.Config{}, cfg)
	for i := range cfg.Instances {
		e.addRouter(now, cfg.Instances[i])
	}
	e.regroup(now, cfg)
	e.startGroups(now)
	for _, r := range e.order {
		e.startRouter(now, r)
	}
	e.reassertAll(now)
	e.flush()
}

func (e *Engine) loop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		sleep := e.untilNext()
		due := time.Now().Add(sleep)
		timer.Reset(sleep)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			e.woke(due)
		case s := <-e.readable:
			e.woke(due)
			e.receive(s)
		case command := <-e.commands:
			e.woke(due)
			command()
		case <-e.linkC:
			e.woke(due)
			e.applyLinks(time.Now())
			e.reassertPolicies(time.Now())
		case <-e.routeC:
			e.woke(due)
			e.reassertPolicies(time.Now())
		case r := <-e.results:
			e.woke(due)
			e.applyResult(r)
		}
		e.expire()
		e.flush()
	}
}

// woke tells by how much the engine has slept too long.
func (e *Engine) woke(due time.Time) {
	if late := time.Since(due); late > 0 && e.opt.Late != nil {
		e.opt.Late(late)
	}
}

// untilNext is how long the engine may sleep.
func (e *Engine) untilNext() time.Duration {
	next := time.Hour
	now := time.Now()
	if at, ok := e.queue.next(); ok {
		next = min(next, at.Sub(now))
	}
	if !e.retryAt.IsZero() {
		next = min(next, e.retryAt.Sub(now))
	}
	if !e.linksAt.IsZero() {
		next = min(next, e.linksAt.Sub(now))
	}
	if !e.verifyAt.IsZero() {
		next = min(next, e.verifyAt.Sub(now))
	}
	if at, ok := e.sockets.nextDrain(); ok {
		next = min(next, at.Sub(now))
	}
	return max(next, 0)
}

// expire ticks every machine whose deadline has come. Before a Backup takes over, and before a Master that was not
// scheduled for more than an interval says that it still is one, the engine reads what waits on the socket:
// a process that slept is not a peer that died.
func (e *Engine) expire() {
	now := time.Now()
	if !e.retryAt.IsZero() && !now.Before(e.retryAt) {
		e.retryAt = time.Time{}
		if e.staticDue {
			e.retryStatic()
		}
		e.retryFirewall()
		e.applyFaults(now)
	}
	if !e.linksAt.IsZero() && !now.Before(e.linksAt) {
		e.applyLinks(now)
	}
	e.verifyFirewall(now)
	for _, s := range e.sockets.drains(now) {
		e.receive(s)
	}
	for {
		r, ok := e.queue.due(now)
		if !ok {
			return
		}
		if s := e.unread(now, r); s != nil && e.mustLookFirst(r, now) {
			s.lookedAt = now
			e.receive(s)
			continue // the deadline may have moved
		}
		e.step(now, r, fsm.Tick{})
		if !r.deadline.IsZero() && !r.deadline.After(now) {
			// A machine that does not move its deadline would spin the engine.
			e.queue.set(r, now.Add(time.Millisecond))
		}
	}
}

func (e *Engine) mustLookFirst(r *router, now time.Time) bool {
	switch r.machine.Snapshot().State {
	case fsm.Backup:
		return true
	case fsm.Master:
		return now.Sub(r.deadline) > r.cfg.AdvertInt
	}
	return false
}

// flush sends the adverts of this turn, then lets the kernel worker begin with what the turn asked of it.
func (e *Engine) flush() {
	for _, s := range e.outgoing {
		if err := s.send(); err != nil {
			e.sendFailed(s, err)
		}
	}
	e.outgoing = e.outgoing[:0]
	e.turn++
	e.worker.release()
	if e.changes && e.opt.Report != nil {
		e.opt.Report(e.states())
	}
	e.changes = false
}

// do runs f on the engine's goroutine and waits for it.
func (e *Engine) do(f func()) error {
	done := make(chan struct{})
	select {
	case e.commands <- func() { f(); close(done) }:
		<-done
		return nil
	case <-e.stopped:
		return errors.New("vrrp engine has stopped")
	}
}

// stop ends every machine (priority 0, addresses off, notify_stop) and waits for the kernel worker, in bounded time.
// When the addresses are to stay, the machines are left as they are: no peer is to be asked to take the addresses.
func (e *Engine) stop(workerDone <-chan struct{}) error {
	e.ending = true
	now := time.Now()
	e.scripts.close()
	e.files.close()
	e.processes.close()
	for _, r := range e.order {
		if !e.opt.KeepAddresses {
			e.step(now, r, fsm.Shutdown{})
		}
	}
	e.dropAllLinks()
	e.stopGroups()
	if e.stopRoutes != nil {
		e.stopRoutes()
	}
	if !e.opt.KeepAddresses {
		e.setStatic(e.opt.Config, config.Config{})
	}
	e.promote(config.Config{}) // after the last address is off
	e.flush()
	e.worker.close()
	deadline := time.NewTimer(stopPatience)
	defer deadline.Stop()
	var err error
wait:
	for {
		select {
		case <-workerDone:
			break wait
		case r := <-e.results:
			e.applyResult(r)
		case <-deadline.C:
			err = fmt.Errorf("addresses were not off within %v", stopPatience)
			break wait
		}
	}
	e.sockets.closeAll()
	return err
}
