package vrrp

import (
	"net/netip"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/track"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
)

// router is one vrrp_instance that runs. Only the engine's goroutine touches it.
type router struct {
	key       string
	cfg       config.Instance
	addresses []netif.Address // of cfg, as the kernel takes them; never changed
	places    []string        // interfaces that must be ready for what it puts there
	extra     []netif.Address // those of them that garp_extra_if is for
	machine   *fsm.Machine
	group     *group     // nil: none
	member    int        // place in it
	tracks    trackLists // its own and the group's

	link   netif.Link // as last seen; Index 0 when it is missing
	source netip.Addr // primary address, invalid when there is none
	faults fsm.FaultSet

	base      netif.Link          // the configured interface; link is that of the adverts
	links     []netif.VirtualLink // that it brings along, its own one first
	diverted  []firewall.VMAC     // of links, what the kernel worker was told
	linksDue  bool                // the kernel worker was asked for them
	linksNext time.Time           // when it may be asked again; zero: at once
	linksSaid string              // what was wrong with them when they were asked for last

	socket *sharedSocket

	tracked track.Influence // of everything that it tracks
	resumed bool            // it went on as Master, and scripts have had no result since

	message packet.Message
	expect  packet.Expect
	ipID    uint16

	destinations []netip.Addr // of adverts: the group, or the peers
	hopLimit     uint8        // of adverts
	oldChecksum  bool         // a peer sends the checksum of old releases, and gets it
	saidChecksum bool         // that a peer sends another checksum was logged
	saidSkew     bool         // that the clocks are about to be too far apart was logged
	room         int          // bytes that it asks for on its socket
	twin         *router      // another one on the same socket with the same VRID and other peers

	deadline  time.Time // zero: not in the heap
	heapIndex int

	stats      Stats
	complained complaints
	spoke      once // the priority of its last advert
	repaired   once // the last announcement against a rival
	lastSent   time.Time
	lastSource netip.Addr // of the last advert
	slot       int        // in Beats
	removed    bool       // by a reload
	resuming   bool       // is to go on as Master from a former process
	mailed     string     // what the last alert mail said

	seen       map[place]struct{} // addresses that the interfaces have had since it became Master
	refused    map[place]string   // addresses that the kernel did not take
	reasserted time.Time          // when addresses were put back last
	dropped    []firewall.Drop    // what the kernel worker was told to drop for it
	inherits   bool               // or what a former process has dropped
	guardErr   error              // why it could not be dropped, nil when it could
	retried    bool               // the kernel worker looks whether it can be by now
}

// Stats are the counters of one instance, as upstream's keepalived.stats has them.
type Stats struct {
	AdvertRcvd, AdvertSent       uint64
	BecomeMaster, ReleaseMaster  uint64
	PriorityZeroRcvd             uint64
	PriorityZeroSent             uint64
	Dropped                      [packet.NumReasons]uint64 // by reason
	MasterConflicts, SendFailure uint64
	OtherChecksum                uint64 // adverts accepted whose checksum has a form that we do not send
}

// newRouter makes a router in Init. resume is nil for a fresh one.
func (e *Engine) newRouter(cfg config.Instance, resume *InstanceState, now time.Time) *router {
	r := &router{key: Key(cfg), slot: e.slots.take(), seen: map[place]struct{}{}}
	r.oldChecksum = resume != nil && resume.OldChecksum
	r.configure(cfg)
	r.resumeSequence(e.opt.Resume[r.key].Sequence)
	// What another instance of a former process has left in the slot is nothing of this one.
	e.opt.Beats.set(r.slot, 0)
	e.opt.Beats.setSequence(r.slot, r.sequence())
	e.gatherTracks(r)
	mc := machineConfig(cfg, r.source)
	mc.StartupDelay = max(e.delayedTo.Sub(now), 0) // a reload adds it to a host that is up, and may be long since
	if resume != nil {
		r.machine = fsm.Resume(mc, resume.snapshot(cfg, now, e.clock), now)
	} else {
		r.machine = fsm.New(mc)
	}
	return r
}

// configure takes over what a (new) configuration says, all but the machine's part.
func (r *router) configure(cfg config.Instance) {
	r.cfg, r.addresses = cfg, kernelAddresses(cfg)
	r.places = r.trackedPlaces()
	r.extra = extraAddresses(cfg, r.addresses)
	former := r.message
	r.message = packet.Message{
		Version:      cfg.Version,
		VRID:         cfg.VRID,
		Interval:     cfg.AdvertInt,
		Addresses:    advertised(cfg),
		ChecksumAsV2: cfg.V3ChecksumAsV2,
	}
	r.configureAuth(former)
	r.configureNetwork()
	r.faults = r.faults.With(fsm.FaultUnsupported, cfg.Held())
}

func advertised(cfg config.Instance) []netip.Addr {
	addrs := make([]netip.Addr, 0, len(cfg.Addresses))
	for _, a := range cfg.Addresses {
		addrs = append(addrs, a.Prefix.Addr())
	}
	return addrs
}

// machineConfig is what the machine needs to know of an instance.
func machineConfig(cfg config.Instance, source netip.Addr) fsm.Config {
	return fsm.Config{
		Version:              cfg.Version,
		Priority:             cfg.Priority,
		AdvertInterval:       cfg.AdvertInt,
		StartAsMaster:        cfg.StateMaster,
		Preempt:              !cfg.NoPreempt,
		ExpiresAt:            uint8(cfg.TimerExpiredBackup),
		PreemptDelay:         cfg.PreemptDelay,
		DownAdverts:          cfg.DownAdverts,
		LowerPrioNoAdvert:    cfg.LowerPrioNoAdvert,
		HigherPrioSendAdvert: cfg.HigherPrioSendAdvert,
		OwnerIgnoreAdverts:   cfg.OwnerIgnoreAdverts,
		Announce: fsm.AnnounceConfig{
			MasterRepeat:    cfg.GARP.MasterRepeat,
			MasterDelay:     cfg.GARP.MasterDelay,
			Refresh:         cfg.GARP.Refresh,
			RefreshRepeat:   cfg.GARP.RefreshRepeat,
			LowerPrioRepeat: cfg.GARP.LowerPrioRepeat,
			LowerPrioDelay:  cfg.GARP.LowerPrioDelay,
			Extra:           time.Duration(cfg.GARPExtraIf.Interval.Or(0)) * time.Second,
		},
		Source: source,
	}
}

// kernelAddresses are the addresses of an instance as the kernel takes them, advertised ones first.
func kernelAddresses(cfg config.Instance) []netif.Address {
	out := make([]netif.Address, 0, len(cfg.Addresses)+len(cfg.ExcludedAddresses))
	for _, list := range [][]config.Address{cfg.Addresses, cfg.ExcludedAddresses} {
		for _, a := range list {
			out = append(out, kernelAddress(a, a.Place(&cfg)))
		}
	}
	return out
}

func kernelAddress(a config.Address, dev string) netif.Address {
	return netif.Address{
		Prefix: a.Prefix, Peer: a.Peer, Dev: dev, Broadcast: a.Broadcast, Scope: a.Scope, Label: a.Label,
		HomeAddress: a.HomeAddress, MngTmpAddr: a.MngTmpAddr, NoPrefixRoute: a.NoPrefixRoute, AutoJoin: a.AutoJoin,
		NoDAD: a.NoDAD, PreferredLife: a.PreferredLife,
	}
}

// addRouter makes one instance, with its source and its faults. startRouter brings it to life.
func (e *Engine) addRouter(now time.Time, cfg config.Instance) *router {
	var resume *InstanceState
	if s, ok := e.opt.Resume[Key(cfg)]; ok && s.resumable(cfg, now, e.clock) {
		resume = &s
	}
	r := e.newRouter(cfg, resume, now)
	r.dropped = e.inherited(&r.cfg)
	r.inherits = len(r.dropped) > 0
	e.routers[r.key] = r
	e.order = append(e.order, r)
	r.resumed, r.resuming = resume != nil, resume != nil
	e.observe(r)
	e.step(now, r, fsm.SourceChanged{Source: r.source})
	e.stepPriority(now, r)
	e.sayHeld(cfg)
	switch {
	case r.resuming && r.faults != 0:
		e.startAfresh(now, r)
	case !r.resuming:
		e.step(now, r, fsm.FaultsChanged{Faults: r.faults})
	}
	return r
}

// startAfresh has an instance that was to go on as Master begin like any other. It is in Init: nobody is told yet.
func (e *Engine) startAfresh(now time.Time, r *router) {
	r.resumed, r.resuming = false, false
	r.machine = fsm.New(machineConfig(r.cfg, r.source))
	e.observe(r)
	if p := r.tracked.Priority(r.cfg.Priority); r.cfg.Priority != ownerPriority {
		r.machine.Step(now, fsm.PriorityChanged{Priority: p})
	}
	r.machine.Step(now, fsm.FaultsChanged{Faults: r.faults})
}

// startRouter begins the life of an instance.
func (e *Engine) startRouter(now time.Time, r *router) {
	if !r.resuming {
		e.logTrackFaults(r)
		e.step(now, r, fsm.Startup{})
		return
	}
	r.resuming = false
	e.log.Infof("(%s) Resuming as MASTER", r.cfg.Name)
	if r.socket != nil {
		e.receive(r.socket)
	}
	e.step(now, r, fsm.Tick{})
}

// removeRouter ends one instance that a reload took out of the configuration.
func (e *Engine) removeRouter(now time.Time, r *router) {
	r.removed = true
	e.step(now, r, fsm.Shutdown{})
	e.queue.set(r, time.Time{})
	delete(e.routers, r.key)
	e.opt.Beats.set(r.slot, 0)
	e.opt.Beats.setSequence(r.slot, 0)
	e.slots.give(r.slot)
	for i, other := range e.order {
		if other == r {
			e.order = append(e.order[:i], e.order[i+1:]...)
			break
		}
	}
	if s := r.socket; s != nil {
		e.detach(r)
	}
	e.dropLinks(r, r.links)
	r.links = nil
	e.divertLinks(r)
}
