package vrrp

import (
	"net/netip"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// defaultHopLimit is what Linux gives to unicast datagrams over IPv6 when nobody says otherwise.
const defaultHopLimit = 64

// configureNetwork takes over what the configuration says about family, destinations and senders.
func (r *router) configureNetwork() {
	cfg := &r.cfg
	r.oldChecksum = r.oldChecksum && cfg.OldUnicastChecksum == ""
	r.saidChecksum = false
	if cfg.OldUnicastChecksum == "yes" || r.oldChecksum {
		r.message.ChecksumGroup = cfg.ChecksumGroup
	}
	r.expect = packet.Expect{
		Message: r.message, IPv6: cfg.Family == 6, Group: cfg.MulticastGroup, SkipKnownMaster: cfg.SkipCheckAdvAddr,
		Unicast: cfg.Unicast(), OldGroup: cfg.ChecksumGroup,
	}
	r.destinations, r.hopLimit = []netip.Addr{cfg.MulticastGroup}, packet.TTL
	if !cfg.Unicast() {
		return
	}
	r.destinations, r.hopLimit = r.destinations[:0], uint8(cfg.UnicastTTL)
	if r.hopLimit == 0 && cfg.Family == 6 {
		r.hopLimit = defaultHopLimit
	}
	for _, p := range cfg.UnicastPeers {
		r.destinations = append(r.destinations, p.Addr)
		if cfg.PeersOnly {
			r.expect.Peers = append(r.expect.Peers, packet.Peer{Address: p.Addr, MinTTL: p.MinTTL, MaxTTL: p.MaxTTL})
		}
	}
}

// socketKey is what the instance must share with others to use one socket with them. It is of no use without an address
// that unicast could come to.
func (r *router) socketKey() (wire.Key, bool) {
	key := wire.Key{Interface: r.link.Name, Index: r.link.Index, AH: r.message.AH != nil}
	if r.cfg.Unicast() {
		key.Local = r.source
		return key, r.source.IsValid()
	}
	key.Group = r.cfg.MulticastGroup
	return key, true
}

// appendAdverts puts an advert for each destination into this turn's batch, and tells whether the socket had none before.
// A peer that is this router itself gets none.
func (r *router) appendAdverts(s *sharedSocket, m *packet.Message, source netip.Addr) (first bool) {
	for _, to := range r.destinations {
		if to == source {
			continue
		}
		datagram := s.buffer()
		if r.cfg.Family == 6 {
			datagram = packet.AppendIPv6(datagram, m, source, to, r.hopLimit)
		} else {
			datagram = packet.AppendIPv4(datagram, m, source, to, r.ipID, r.hopLimit)
		}
		if s.add(datagram) {
			first = true
		}
	}
	return first
}

// noteChecksum counts adverts whose checksum is right in a form that we do not send, and says so once. When it is that
// of releases before 1.3.7, which understand no other, the answers have it from now on.
func (e *Engine) noteChecksum(r *router, got packet.Received) {
	if got.OtherChecksum {
		r.stats.OtherChecksum++
	}
	if got.OldChecksum && r.cfg.OldUnicastChecksum == "" && !r.oldChecksum && !r.cfg.V3ChecksumAsV2 {
		r.oldChecksum, e.changes = true, true
		r.configureNetwork()
		e.log.Infof("(%s) Setting unicast VRRPv3 checksum to old version", r.cfg.Name)
		return
	}
	if !got.OtherChecksum || r.saidChecksum {
		return
	}
	r.saidChecksum = true
	e.log.Infof("(%s) %s sends another form of the VRRPv3 checksum than this router, it is accepted", r.cfg.Name, got.Source)
}

// faultNoSource tells whether the instance has nothing to send from: the interface has no primary address, or not the
// configured one that is to be tracked (track_src_ip).
func (e *Engine) faultNoSource(r *router) bool {
	if !r.source.IsValid() {
		return true
	}
	if !r.cfg.TrackSource {
		return false
	}
	if r.cfg.Interface != "" {
		from := r.base
		if r.cfg.Own.IPVLAN {
			from = r.link
		}
		return !hasAddress(from.Addresses, r.source)
	}
	for _, link := range e.links.ByIndex {
		if hasAddress(link.Addresses, r.source) {
			return false
		}
	}
	return true
}

func hasAddress(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

// sayHeld tells why an instance stays in Fault whatever happens.
func (e *Engine) sayHeld(cfg config.Instance) {
	if len(cfg.Unsupported) > 0 {
		e.log.Warnf("(%s) held in FAULT state: cannot act on %s yet", cfg.Name, joinWords(cfg.Unsupported))
	}
	if cfg.LacksPeers() {
		e.log.Infof("(%s) Cannot use unicast without any peers - going to fault state", cfg.Name)
	}
}

// renewSource announces the source address of a unicast instance that comes back from Fault: the peers may have lost
// its link-layer address meanwhile, and a Master that has to ask for it first is heard too late.
func (e *Engine) renewSource(r *router, before, after fsm.State) {
	if before != fsm.FaultState || after != fsm.Backup || !r.cfg.Unicast() || !r.source.IsValid() {
		return
	}
	link := r.link
	if link.Index == 0 || link.NoARP || link.Loopback || !hasAddress(link.Addresses, r.source) {
		return
	}
	kind := "ARP"
	if r.source.Is6() {
		kind = "NA"
	}
	e.detail("%s: sending gratuitous %s for %s", r.cfg.Name, kind, r.source)
	e.worker.announce(r.key, r.cfg.Name, announcement{
		index: link.Index, device: link.Name, hardware: link.HardwareAddr, addresses: []netip.Addr{r.source}, repeat: 1,
	})
}
