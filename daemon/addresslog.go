package daemon

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/sirupsen/logrus"

	"keepalived-go/netif"
)

// addressLog says which addresses come and go, for -a. One goroutine has it.
type addressLog struct {
	log    *logrus.Entry
	before map[int]netif.Link
}

// watch begins, with every address that is there. It ends with the process.
func (a *addressLog) watch() {
	if _, err := netif.Watch(a.report); err != nil {
		a.log.Warnf("addresses are not watched: %v", err)
	}
}

// report compares the interfaces with those of the last call.
func (a *addressLog) report(state netif.State, err error) {
	if err != nil {
		return // whoever needs the interfaces says so
	}
	for _, index := range slices.Sorted(maps.Keys(a.before)) {
		a.say(a.before[index], state.ByIndex[index], "removed from")
	}
	for _, index := range slices.Sorted(maps.Keys(state.ByIndex)) {
		a.say(state.ByIndex[index], a.before[index], "added to")
	}
	a.before = state.ByIndex
}

// say names the addresses that one view of an interface has and the other one lacks.
func (a *addressLog) say(has, lacks netif.Link, what string) {
	other := map[netip.Prefix]bool{}
	for _, p := range lacks.Addresses {
		other[p] = true
	}
	for _, p := range has.Addresses {
		if !other[p] {
			a.log.Infof("Netlink reflector reports IP %s %s %s", p.Addr(), what, has.Name)
		}
	}
}
