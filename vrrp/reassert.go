package vrrp

import (
	"maps"
	"net/netip"
	"time"

	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// reassertPause bounds how often an address is put back, where somebody takes it off again and again.
const reassertPause = time.Second

// held is what the interfaces have by the newest view.
type held map[place]struct{}

func heldAddresses(links netif.State) held {
	h := held{}
	for name, link := range links.ByName {
		for _, p := range link.Addresses {
			h[addressPlace(p.Addr(), name)] = struct{}{}
		}
	}
	return h
}

// addressPlace leaves the length of the network out: of an address with a peer, the kernel tells the peer's.
func addressPlace(a netip.Addr, dev string) place {
	return place{netip.PrefixFrom(a, a.BitLen()), dev}
}

// reassertAll looks at every instance. A start and a reload end with it: what an instance takes over from another one,
// or from a dead process, is there already, and the kernel reports no change.
func (e *Engine) reassertAll(now time.Time) {
	h := heldAddresses(e.links)
	for _, r := range e.order {
		e.reassert(now, r, h)
	}
	e.reassertStatic(now, h)
	if e.policiesDue {
		e.reassertPolicies(now)
	}
}

// reassert puts the addresses of a Master back that were there and are not any more: a network manager that was started
// anew takes off what it does not know. Upstream goes to Backup then, and back to Master after the skew; a router
// without a peer would only lose time by it, and so would the clients.
//
// Only what was seen, or what the kernel has refused, can be missed, so that an address which the kernel worker has yet to
// put on is not. What was refused is tried again also where it may be taken away by others: nobody has. Its interface may
// have come since.
func (e *Engine) reassert(now time.Time, r *router, h held) {
	if r.machine.Snapshot().State != fsm.Master {
		clear(r.seen)
		r.refused = nil
		return
	}
	missing := ""
	var refused []netif.Address
	back := make([]netif.Address, 0, len(r.addresses))
	for i, a := range r.addresses {
		at := addressPlace(a.Prefix.Addr(), a.Dev)
		_, there := h[at]
		_, was := r.seen[at]
		_, not := r.refused[placeOf(a)]
		linked := e.links.ByName[a.Dev].Index != 0
		switch {
		case there:
			r.seen[at] = struct{}{}
			delete(r.refused, placeOf(a))
		case not && linked:
			refused = append(refused, a)
		case was && linked && r.noTrack(i):
			continue // it comes back when the instance becomes Master again
		case was && linked:
			missing = a.Prefix.String() + " on " + a.Dev
		}
		back = append(back, a)
	}
	if missing == "" && len(refused) == 0 || !e.mayReassert(now, r) {
		return
	}
	if missing == "" {
		e.worker.restore(r.key, r.cfg.Name, refused)
		return
	}
	e.log.Warnf("(%s) %s was removed by somebody else, putting it back", r.cfg.Name, missing)
	e.worker.want(r.key, r.cfg.Name, back, nil)
	e.announce(r, back, 1)
}

// mayReassert tells whether the pause since addresses were put back last is over. If not, it will be asked again then.
func (e *Engine) mayReassert(now time.Time, r *router) bool {
	if next := r.reasserted.Add(reassertPause); now.Before(next) {
		if e.retryAt.IsZero() || next.Before(e.retryAt) {
			e.retryAt = next
		}
		return false
	}
	r.reasserted = now
	return true
}

// applyRefused takes which addresses of an instance the kernel has not taken. Those that it has taken since are announced,
// the others are tried again after a pause.
func (e *Engine) applyRefused(now time.Time, result result) {
	r := e.routers[result.key]
	if r == nil || r.machine.Snapshot().State != fsm.Master || e.ending {
		return
	}
	var taken []netif.Address
	for _, a := range r.addresses {
		_, was := r.refused[placeOf(a)]
		if _, is := result.refused[placeOf(a)]; was && !is {
			taken = append(taken, a)
			e.log.Infof("(%s) %s is on %s now", r.cfg.Name, a.Prefix, a.Dev)
		}
	}
	e.announce(r, taken, r.cfg.GARP.MasterRepeat)
	if r.refused = maps.Clone(result.refused); len(r.refused) > 0 {
		r.reasserted = now
		e.reassert(now, r, heldAddresses(e.links))
	}
}

// noTrack tells whether the address of r with this place in its list may be taken away by others.
func (r *router) noTrack(i int) bool {
	if n := len(r.cfg.Addresses); i >= n {
		return r.cfg.ExcludedAddresses[i-n].NoTrack
	}
	return r.cfg.Addresses[i].NoTrack
}
