package vrrp

import (
	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// announcedFor are the addresses that are announced for a cause.
func announcedFor(r *router, cause fsm.AnnounceCause) []netif.Address {
	if cause == fsm.AnnounceExtra {
		return r.extra
	}
	return r.addresses
}

// extraAddresses are those of garp_extra_if: the first address of each interface that switches learn from nothing else,
// because the adverts leave through another one.
func extraAddresses(cfg config.Instance, addresses []netif.Address) (out []netif.Address) {
	done := map[string]bool{}
	for i, a := range addresses {
		if !done[a.Dev] && cfg.Extra(i) {
			done[a.Dev] = true
			out = append(out, a)
		}
	}
	return out
}
