package vrrp

import (
	"net/netip"
	"slices"

	"keepalived-go/netif"
)

// announcement is one burst of gratuitous ARP and neighbour advertisements on one interface.
type announcement struct {
	index     int
	device    string
	pace      string // the interface whose pace it keeps
	hardware  [6]byte
	addresses []netip.Addr
	repeat    int
}

// announce adds a burst, sent after the addresses.
func (w *kernelWorker) announce(key, name string, a announcement) {
	w.stage(key, name, func(j *job) { j.announce = withBurst(j.announce, a) })
}

// withBurst adds a burst to those that wait. For the same addresses one is enough: whoever provokes them must not make
// them pile up before the addresses of others.
func withBurst(bursts []announcement, a announcement) []announcement {
	for i := range bursts {
		if b := &bursts[i]; b.device == a.device && slices.Equal(b.addresses, a.addresses) {
			a.repeat = max(a.repeat, b.repeat)
			*b = a
			return bursts
		}
	}
	return append(bursts, a)
}

// stillWanted are bursts of a former set of addresses, for those that are in the new one.
func stillWanted(bursts []announcement, want []netif.Address) []announcement {
	wanted := make(map[place]bool, len(want))
	for _, a := range want {
		wanted[addressPlace(a.Prefix.Addr(), a.Dev)] = true
	}
	var out []announcement
	for _, b := range bursts {
		b.addresses = slices.DeleteFunc(slices.Clone(b.addresses), func(a netip.Addr) bool { return !wanted[addressPlace(a, b.device)] })
		if len(b.addresses) > 0 {
			out = withBurst(out, b)
		}
	}
	return out
}
