package vrrp

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// policyOf are the routes and rules of an instance.
func policyOf(cfg *config.Instance) policy { return policy{cfg.Routes, cfg.Rules} }

// setPolicy puts the routes and rules of a new Master into the kernel.
func (e *Engine) setPolicy(r *router) {
	e.sayRoutes(r, "setting")
	e.sayRules(r, "setting")
	_, inherited := e.opt.Resume[r.key]
	e.worker.wantPolicy(r.key, r.cfg.Name, policyOf(&r.cfg), policy{}, inherited)
}

// clearPolicy takes them out. Those that are marked no_track go as well.
func (e *Engine) clearPolicy(r *router) {
	e.sayRules(r, "removing")
	e.sayRoutes(r, "removing")
	e.worker.wantPolicy(r.key, r.cfg.Name, policy{}, policyOf(&r.cfg), false)
}

func (e *Engine) sayRoutes(r *router, doing string) {
	if len(r.cfg.Routes) > 0 {
		e.detail("(%s) %s Virtual Routes", r.cfg.Name, doing)
	}
}

func (e *Engine) sayRules(r *router, doing string) {
	if len(r.cfg.Rules) > 0 {
		e.detail("(%s) %s Virtual Rules", r.cfg.Name, doing)
	}
}

// updatePolicy moves a Master from the old routes and rules to the new ones.
func (e *Engine) updatePolicy(r *router, old config.Instance) {
	before, after := policyOf(&old), policyOf(&r.cfg)
	gone := before.less(after)
	if r.machine.Snapshot().State != fsm.Master {
		e.worker.wantPolicy(r.key, r.cfg.Name, policy{}, gone, false)
		return
	}
	if added := after.less(before); !gone.empty() || !added.empty() {
		e.worker.wantPolicy(r.key, r.cfg.Name, after, gone, true)
	}
}

// watchRoutes begins or ends the watch of routes and rules, which is needed only where some are to be there.
func (e *Engine) watchRoutes(cfg config.Config) {
	needed := !staticPolicy(cfg).empty()
	for i := range cfg.Instances {
		needed = needed || !policyOf(&cfg.Instances[i]).empty()
	}
	if needed == (e.stopRoutes != nil) || e.opt.WatchRoutes == nil {
		return
	}
	if !needed {
		e.stopRoutes()
		e.stopRoutes = nil
		return
	}
	stop, err := e.opt.WatchRoutes(e.reportRoutes)
	if err != nil {
		e.log.Errorf("watching routes: %v: those that somebody else removes stay away", err)
		return
	}
	e.stopRoutes = stop
}

// reportRoutes tells the engine that routes or rules may be missing. Any goroutine may call it.
func (e *Engine) reportRoutes() {
	select {
	case e.routeC <- struct{}{}:
	default:
	}
}

// reassertPolicies puts routes and rules back that somebody has taken away, or that went with an interface. It may be
// called whenever that may be so; what is there already is left as it is. It comes at most once in reassertPause.
func (e *Engine) reassertPolicies(now time.Time) {
	if e.stopRoutes == nil {
		return
	}
	if next := e.policiesAt.Add(reassertPause); now.Before(next) {
		e.policiesDue = true
		if e.retryAt.IsZero() || next.Before(e.retryAt) {
			e.retryAt = next
		}
		return
	}
	e.policiesAt, e.policiesDue = now, false
	e.worker.putBack(staticKey, staticName, staticPolicy(e.opt.Config).tracked())
	for _, r := range e.order {
		if r.machine.Snapshot().State == fsm.Master {
			e.worker.putBack(r.key, r.cfg.Name, policyOf(&r.cfg).tracked())
		}
	}
}

// The job of the static objects, and how they are called in the log.
const (
	staticKey  = "static"
	staticName = "static"
)

// staticPolicy are the static routes and rules.
func staticPolicy(cfg config.Config) policy { return policy{cfg.StaticRoutes, cfg.StaticRules} }

// staticAddresses are the static addresses as the kernel takes them.
func staticAddresses(cfg config.Config) []netif.Address {
	out := make([]netif.Address, 0, len(cfg.StaticAddresses))
	for _, a := range cfg.StaticAddresses {
		out = append(out, kernelAddress(a, a.Dev))
	}
	return out
}

// setStatic moves the static objects from one configuration to another one. Those of a former process are taken over.
func (e *Engine) setStatic(before, after config.Config) {
	clear(e.staticSeen)
	old, addresses := staticAddresses(before), staticAddresses(after)
	if !sameAddresses(old, addresses) {
		e.worker.want(staticKey, staticName, addresses, without(old, addresses))
	}
	was, is := staticPolicy(before), staticPolicy(after)
	if gone, added := was.less(is), is.less(was); !gone.empty() || !added.empty() {
		e.worker.wantPolicy(staticKey, staticName, is, gone, true)
	}
}

// reassertStatic puts static addresses back that were there and are not any more, at most once in reassertPause.
func (e *Engine) reassertStatic(now time.Time, h held) {
	addresses, missing := staticAddresses(e.opt.Config), netip.Prefix{}
	for i, a := range addresses {
		at := addressPlace(a.Prefix.Addr(), a.Dev)
		if _, there := h[at]; there {
			e.staticSeen[at] = struct{}{}
		} else if _, was := e.staticSeen[at]; was && !e.opt.Config.StaticAddresses[i].NoTrack && e.links.ByName[a.Dev].Index != 0 {
			missing = a.Prefix
		}
	}
	if !missing.IsValid() {
		return
	}
	if next := e.staticAt.Add(reassertPause); now.Before(next) {
		if e.retryAt.IsZero() || next.Before(e.retryAt) {
			e.retryAt = next
		}
		return
	}
	e.staticAt = now
	e.log.Infof("Restoring deleted static address %s", missing)
	e.worker.want(staticKey, staticName, addresses, nil)
}

// applyStatic takes which static objects are not where they belong, and tries them again.
func (e *Engine) applyStatic(lost map[string]bool) {
	before := e.staticLost
	e.staticLost = lost
	if e.ending {
		return
	}
	if len(lost) > 0 {
		e.staticDue = true
		if next := time.Now().Add(reassertPause); e.retryAt.IsZero() || next.Before(e.retryAt) {
			e.retryAt = next
		}
	}
	if !maps.Equal(before, lost) {
		e.applyFaults(time.Now())
	}
}

// retryStatic tries again what could not be put where it belongs.
func (e *Engine) retryStatic() {
	e.staticDue = false
	e.worker.want(staticKey, staticName, staticAddresses(e.opt.Config), nil)
	e.worker.putBack(staticKey, staticName, staticPolicy(e.opt.Config).tracked())
}

// observeStatic derives whether a static object is lost that r depends on (track_group).
func (e *Engine) observeStatic(r *router) {
	lost := len(e.staticLost) > 0 && slices.ContainsFunc(e.opt.Config.TrackGroups, func(g config.TrackGroup) bool {
		return slices.Contains(g.Members, r.cfg.Name) && e.groupLost(g.Name)
	})
	r.faults = r.faults.With(fsm.FaultStatic, lost)
}

// groupLost tells whether a static object of a track_group is lost.
func (e *Engine) groupLost(name string) bool {
	c := &e.opt.Config
	for _, a := range c.StaticAddresses {
		if a.TrackGroup == name && e.staticLost[placeOf(kernelAddress(a, a.Dev)).text()] {
			return true
		}
	}
	for _, r := range c.StaticRoutes {
		if r.TrackGroup == name && e.staticLost[routeKey(r)] {
			return true
		}
	}
	return slices.ContainsFunc(c.StaticRules, func(r config.Rule) bool { return r.TrackGroup == name && e.staticLost[ruleKey(r)] })
}
