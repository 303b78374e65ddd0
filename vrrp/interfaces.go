package vrrp

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// retryInterval is how soon a socket that could not be opened is tried again.
const retryInterval = time.Second

// ErrNoInterface says that a configuration names an interface that does not exist.
var ErrNoInterface = errors.New("interface does not exist")

// reportLinks keeps the newest state of the interfaces for the engine. Any goroutine may call it.
func (e *Engine) reportLinks(s netif.State, err error) {
	e.linkMu.Lock()
	if err != nil {
		e.linkErr = err
	} else {
		e.newLinks = &s
	}
	e.linkMu.Unlock()
	select {
	case e.linkC <- struct{}{}:
	default:
	}
}

// takeLinks fetches what reportLinks kept.
func (e *Engine) takeLinks() (changed bool, err error) {
	e.linkMu.Lock()
	defer e.linkMu.Unlock()
	if e.newLinks != nil {
		e.rawLinks, e.newLinks, changed = *e.newLinks, nil, true
	}
	e.links, e.linksAt = e.debounce.apply(time.Now(), e.rawLinks, e.linkDelays())
	err, e.linkErr = e.linkErr, nil
	return changed, err
}

// linkPatience bounds the wait for the first view of the interfaces, which the kernel gives in a millisecond.
const linkPatience = 5 * time.Second

// awaitLinks waits for the first view of the interfaces. It waits even when the engine is to stop at once: addresses
// that a dead process has left must go in any case, and for that the start must have been.
func (e *Engine) awaitLinks() error {
	deadline := time.NewTimer(linkPatience)
	defer deadline.Stop()
	for {
		select {
		case <-deadline.C:
			return fmt.Errorf("reading interfaces: no answer within %v", linkPatience)
		case <-e.linkC:
		}
		switch changed, err := e.takeLinks(); {
		case changed:
			return nil
		case err != nil:
			return fmt.Errorf("reading interfaces: %w", err)
		}
	}
}

// applyLinks looks at every instance again after the interfaces changed.
func (e *Engine) applyLinks(now time.Time) {
	before := e.links
	_, err := e.takeLinks()
	if err != nil {
		e.log.Warnf("watching interfaces: %v", err)
	}
	e.logLinks(before)
	e.promoteAgain()
	e.applyFaults(now)
}

// logLinks says which interfaces that somebody depends on have come up or gone down.
func (e *Engine) logLinks(before netif.State) {
	said := map[string]bool{}
	say := func(name string) {
		now := e.links.ByName[name].Ready()
		if now != before.ByName[name].Ready() && !said[name] {
			said[name] = true
			who := "Netlink"
			if e.links.ByName[name].Beat != netif.AnyBeat {
				who = "Linkbeat"
			}
			e.log.Infof("%s reports %s %s", who, name, upDown(now))
		}
	}
	for _, r := range e.order {
		say(r.cfg.Interface)
		for _, l := range r.links {
			say(l.Name)
		}
		for _, name := range r.places {
			say(name)
		}
		for i := range r.cfg.TrackInterfaces {
			say(r.cfg.TrackInterfaces[i].Name)
		}
	}
}

// applyFaults computes each instance's faults, priority and source from the newest view, and tells the machines what
// changed.
func (e *Engine) applyFaults(now time.Time) {
	for _, r := range e.order {
		source, faults := r.source, r.faults
		e.observe(r)
		if r.source != source && r.source.IsValid() {
			e.step(now, r, fsm.SourceChanged{Source: r.source})
		}
		e.stepTracked(now, r, faults)
	}
	e.regard()
	e.reassertAll(now)
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// observe derives link, source, socket and fault set of r from the engine's view. It is level-triggered: the result
// depends on the view alone, not on how it came about.
func (e *Engine) observe(r *router) {
	name := cmp.Or(r.cfg.Interface, r.cfg.VRF)
	link, exists := e.links.ByName[name]
	if !exists {
		link = netif.Link{Name: name}
	}
	r.base, r.link = link, link
	r.source = e.sourceOf(r)
	own := e.observeLinks(r)
	links := e.observeTracked(r)
	anywhere := name == "" // unicast over whatever interface the route says
	down := !anywhere && (!exists || (!link.Ready() && !r.cfg.DontTrackPrimary)) || links.Faults > 0 || !own || !e.placesReady(r)
	e.observeStatic(r)
	r.faults = r.faults.With(fsm.FaultInterface, down).With(fsm.FaultAddress, e.faultNoSource(r))
	e.observeFirewall(r)
	if r.faults.Has(fsm.FaultUnsupported) {
		return // it never sends nor listens, so it needs no socket
	}
	e.observeSocket(r, anywhere || exists && r.link.Up)
}

// placesReady tells whether the interfaces of what r puts into the kernel are ready: an instance whose address is of no
// use leaves it to a peer.
func (e *Engine) placesReady(r *router) bool {
	return !slices.ContainsFunc(r.places, func(name string) bool { return !e.links.ByName[name].Ready() })
}

// trackedPlaces are the interfaces of the addresses, routes and rules of r that are not marked no_track. Its own interface
// and its virtual links have rules of their own, except that a route or a rule may name its own interface.
func (r *router) trackedPlaces() (names []string) {
	for i, a := range r.addresses {
		if a.Dev != r.cfg.Interface && !r.noTrack(i) {
			names = append(names, a.Dev)
		}
	}
	for i := range r.cfg.Routes {
		if route := &r.cfg.Routes[i]; !route.NoTrack {
			names = append(names, route.Dev)
		}
	}
	for i := range r.cfg.Rules {
		if rule := &r.cfg.Rules[i]; !rule.NoTrack {
			names = append(names, rule.IIF, rule.OIF)
		}
	}
	made := madeLinks(&r.cfg)
	return slices.DeleteFunc(names, func(name string) bool {
		return name == "" || slices.ContainsFunc(made, func(l config.VirtualLink) bool { return l.Name == name })
	})
}

func (e *Engine) observeSocket(r *router, usable bool) {
	if !usable {
		if r.socket != nil && (r.link.Index == 0 || r.socket.key.Index != r.link.Index) {
			e.detach(r)
		}
		return
	}
	hadFault := r.faults.Has(fsm.FaultPermission)
	err := e.attach(r)
	r.faults = r.faults.With(fsm.FaultPermission, err != nil)
	if err == nil {
		return
	}
	if !hadFault {
		e.log.Errorf("(%s) opening the VRRP socket on %s: %v", r.cfg.Name, r.cfg.Interface, err)
	}
	e.retryAt = time.Now().Add(retryInterval)
}

// isVirtual tells whether any instance here has addr as a virtual address, which is then no source of adverts.
func (e *Engine) isVirtual(addr netip.Addr) bool {
	_, ok := e.virtual[addr]
	return ok
}

// collectVirtual notes every virtual address of a configuration.
func (e *Engine) collectVirtual(cfg config.Config) {
	e.virtual = map[netip.Addr]struct{}{}
	for i := range cfg.Instances {
		for _, a := range kernelAddresses(cfg.Instances[i]) {
			e.virtual[a.Prefix.Addr()] = struct{}{}
		}
	}
}

// CheckInterfaces tells which interfaces of a configuration are missing.
func CheckInterfaces(cfg config.Config, links netif.State) error {
	if cfg.Global.DynamicInterfaces {
		return nil
	}
	var errs []error
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		if in.Interface == "" {
			continue // unicast over whatever interface the route says
		}
		if _, ok := links.ByName[in.Interface]; !ok {
			errs = append(errs, fmt.Errorf("%s: (%s) %w: %s", in.Pos, in.Name, ErrNoInterface, in.Interface))
		}
		made := madeLinks(in)
		for _, l := range made {
			if _, ok := links.ByName[l.Parent]; !ok && l.Parent != in.Interface {
				errs = append(errs, fmt.Errorf("%s: (%s) %w: %s of %s", in.Pos, in.Name, ErrNoInterface, l.Parent, l.Name))
			}
		}
		for _, a := range kernelAddresses(*in) {
			if slices.ContainsFunc(made, func(l config.VirtualLink) bool { return l.Name == a.Dev }) {
				continue
			}
			if _, ok := links.ByName[a.Dev]; !ok && a.Dev != in.Interface {
				errs = append(errs, fmt.Errorf("%s: (%s) %w: %s of virtual address %s", in.Pos, in.Name, ErrNoInterface, a.Dev, a.Prefix))
			}
		}
	}
	return errors.Join(errs...)
}
