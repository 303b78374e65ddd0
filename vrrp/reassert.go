package vrrp

import (
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
// Only what was seen can be missed, so that an address which the kernel worker has yet to put on is not.
func (e *Engine) reassert(now time.Time, r *router, h held) {
	if r.machine.Snapshot().State != fsm.Master {
		clear(r.seen)
		return
	}
	missing := ""
	back := make([]netif.Address, 0, len(r.addresses))
	for i, a := range r.addresses {
		at := addressPlace(a.Prefix.Addr(), a.Dev)
		_, there := h[at]
		_, was := r.seen[at]
		gone := !there && was && e.links.ByName[a.Dev].Index != 0
		switch {
		case there:
			r.seen[at] = struct{}{}
		case gone && r.noTrack(i):
			continue // it comes back when the instance becomes Master again
		case gone:
			missing = a.Prefix.String() + " on " + a.Dev
		}
		back = append(back, a)
	}
	if missing == "" {
		return
	}
	if next := r.reasserted.Add(reassertPause); now.Before(next) {
		if e.retryAt.IsZero() || next.Before(e.retryAt) {
			e.retryAt = next
		}
		return
	}
	r.reasserted = now
	e.log.Warnf("(%s) %s was removed by somebody else, putting it back", r.cfg.Name, missing)
	e.worker.want(r.key, r.cfg.Name, back, nil)
	e.announce(r, back, 1)
}

// noTrack tells whether the address of r with this place in its list may be taken away by others.
func (r *router) noTrack(i int) bool {
	if n := len(r.cfg.Addresses); i >= n {
		return r.cfg.ExcludedAddresses[i-n].NoTrack
	}
	return r.cfg.Addresses[i].NoTrack
}
