// Package vrrp drives virtual routers: it owns their machines, sockets and deadlines, and hands what they decide to
// the wire, to the kernel and to the scripts.
//
//	readers (wire) ──readable──┐
//	interfaces (netif) ─state──┤                    ┌─> sockets: adverts, at once, one batch per turn
//	caller ──Reload, Check─────┼──> engine goroutine┤
//	timer ──deadline───────────┤   every machine    └─> kernel worker: addresses, then announcements, then scripts
//	kernel worker ──results────┘                         (newest desired set per instance)
//
// One goroutine owns every machine, so that no lock stands between an advert and its sending, and the order of
// events is the order of their handling. Nothing on the path of an advert touches netlink, a file, syslog or a script.
package vrrp
