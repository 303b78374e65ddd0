package vrrp

import (
	"iter"
	"slices"

	"keepalived-go/config"
	"keepalived-go/vrrp/packet"
)

// Instances on one socket have different VRIDs, or, with unicast, different peers: then they are twins, and a packet is
// for the one that has its sender as a peer.

// router finds the one that a datagram with a VRID is for, nil when there is none.
func (s *sharedSocket) router(vrid uint8, datagram []byte) *router {
	first := s.routers[vrid]
	if first == nil || first.twin == nil {
		return first
	}
	source := packet.Source(datagram)
	for r := first; r != nil; r = r.twin {
		if slices.Contains(r.destinations, source) {
			return r
		}
	}
	return nil
}

// insert adds a router, unless it could not be told from another one.
func (s *sharedSocket) insert(r *router) bool {
	last := &s.routers[r.cfg.VRID]
	for ; *last != nil; last = &(*last).twin {
		if !apart(&(*last).cfg, &r.cfg) {
			return false
		}
	}
	*last = r
	s.users++
	return true
}

// apart tells whether two instances of one VRID have no peer in common.
func apart(a, b *config.Instance) bool {
	return a.Unicast() && b.Unicast() && !slices.ContainsFunc(a.UnicastPeers, func(p config.UnicastPeer) bool {
		return slices.ContainsFunc(b.UnicastPeers, func(o config.UnicastPeer) bool { return o.Addr == p.Addr })
	})
}

// remove takes a router off that may be there.
func (s *sharedSocket) remove(r *router) {
	for at := &s.routers[r.cfg.VRID]; *at != nil; at = &(*at).twin {
		if *at == r {
			*at, r.twin = r.twin, nil
			return
		}
	}
}

// all are the routers that use the socket.
func (s *sharedSocket) all() iter.Seq[*router] {
	return func(yield func(*router) bool) {
		for _, r := range s.routers {
			for ; r != nil; r = r.twin {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// place is where the socket is, in words.
func (s *sharedSocket) place() string {
	if s.key.Interface == "" {
		return s.key.Local.String()
	}
	return s.key.Interface
}

// sayOpened logs a new socket as upstream does.
func (e *Engine) sayOpened(s *sharedSocket) {
	family, kind, address := "IPv4", "mult", s.key.Group
	if s.key.IPv6() {
		family = "IPv6"
	}
	if s.key.Local.IsValid() {
		kind, address = ", un", s.key.Local
	}
	protocol := packet.Protocol
	if s.key.AH {
		protocol = packet.ProtocolAH
	}
	in, out := descriptors(s.socket)
	e.detail("VRRP sockpool: [ifindex(%3d), family(%s), proto(%d), fd(%d,%d) %sicast, address(%s)]",
		s.key.Index, family, protocol, in, out, kind, address)
}
