package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
)

// madeLinks are the virtual links of a configuration, that of the instance itself first.
func madeLinks(cfg *config.Instance) []config.VirtualLink {
	var list []config.VirtualLink
	if cfg.Own.Name != "" {
		list = append(list, cfg.Own)
	}
	return append(list, cfg.AddressLinks...)
}

// kernelLinks are the virtual links of a configuration as the kernel takes them, without the address that adverts of IPv6
// need on theirs.
func kernelLinks(cfg *config.Instance) []netif.VirtualLink {
	var list []netif.VirtualLink
	for _, l := range madeLinks(cfg) {
		list = append(list, kernelLink(l))
	}
	return list
}

func kernelLink(l config.VirtualLink) netif.VirtualLink {
	out := netif.VirtualLink{Name: l.Name, Parent: l.Parent, IPVLAN: l.IPVLAN, MAC: l.MAC, Family: l.Family, IPv6: l.IPv6,
		Group: netif.Optional[uint32](l.Group), NotifyMsg: l.NotifyMsg}
	switch l.Mode {
	case "private":
		out.IPVLANFlags = netif.IPVLANPrivate
	case "vepa":
		out.IPVLANFlags = netif.IPVLANVEPA
	}
	if l.IPVLAN {
		out.MAC = [6]byte{}
	}
	if l.Address.IsValid() {
		out.Address = netif.Address{Prefix: l.Address, Dev: l.Name, NoDAD: true} // of IPv6: deprecated, as on a VMAC
	}
	return out
}

// onOwn tells whether adverts leave the interface of the instance's own.
func onOwn(cfg *config.Instance) bool { return cfg.Own.Name != "" && !cfg.VMACXmitBase }

// sourceOf finds the address that adverts are sent from: the configured one, else the primary one of the interface. On a
// VMAC without one, IPv6 has the address that follows from the MAC address of the parent.
func (e *Engine) sourceOf(r *router) netip.Addr {
	if r.cfg.MulticastSource.IsValid() {
		return r.cfg.MulticastSource
	}
	from := r.base
	if r.cfg.Own.IPVLAN {
		from = e.links.ByName[r.cfg.Own.Name]
	}
	if r.cfg.Family == 6 && onOwn(&r.cfg) && !r.cfg.Own.IPVLAN && r.base.Index != 0 {
		return e.linkLocalOf(r.base)
	}
	a, _ := from.Primary(r.cfg.Family, e.isVirtual)
	return a
}

// linkLocalOf is the address of IPv6 that a VMAC has of its parent.
func (e *Engine) linkLocalOf(parent netif.Link) netip.Addr {
	if a, ok := parent.Primary(6, e.isVirtual); ok {
		return a
	}
	return linkLocal(parent.HardwareAddr)
}

// linkLocal is the link-local address that follows from a MAC address (RFC 4291, appendix A).
func linkLocal(mac [6]byte) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff, 12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5]})
}

// linkLocalBits is the length of the network of a link-local address.
const linkLocalBits = 64

// wantedLinks are the virtual links of r as they are to be now. The VMAC of adverts of IPv6 has the address that they are
// sent from, and others for IPv6 that of their parent; it is deprecated, so that nothing else is sent from it.
func (e *Engine) wantedLinks(r *router) []netif.VirtualLink {
	list := kernelLinks(&r.cfg)
	for i := range list {
		l := &list[i]
		if l.IPVLAN {
			l.IPVLANFlags = e.ipvlanFlags(l.Parent)
		}
		own := l.Name == r.cfg.Own.Name
		parent := e.links.ByName[l.Parent]
		if l.IPVLAN || l.Family != 6 || own && r.cfg.VMACXmitBase || parent.Index == 0 {
			continue
		}
		source := r.source
		if !own {
			source = e.linkLocalOf(parent)
		}
		l.Address = netif.Address{Prefix: netip.PrefixFrom(source, linkLocalBits), Dev: l.Name, NoDAD: true}
	}
	return list
}

// ipvlanFlags are those of all ipvlans on an interface: the kernel has one set for them. As upstream, which makes the links
// in the order of the configuration, the last one says which.
func (e *Engine) ipvlanFlags(parent string) uint16 {
	for i := range slices.Backward(e.opt.Config.Instances) {
		in := &e.opt.Config.Instances[i]
		if own := &in.Own; own.IPVLAN && own.Parent == parent && !in.Held() {
			return kernelLink(*own).IPVLANFlags
		}
	}
	return netif.IPVLANBridge
}

// observeLinks derives the virtual links of r from the view, and asks for what is missing. It tells whether all are there
// and ready. The result depends on the view alone.
func (e *Engine) observeLinks(r *router) bool {
	if r.cfg.Own.Name == "" && len(r.cfg.AddressLinks) == 0 {
		r.links = nil
		e.divertLinks(r)
		return true
	}
	r.links = e.wantedLinks(r)
	if onOwn(&r.cfg) {
		r.link = e.links.ByName[r.cfg.Own.Name]
		r.link.Name = r.cfg.Own.Name
	}
	if r.cfg.Held() {
		r.links = nil
		e.divertLinks(r)
		return true
	}
	e.worker.keep(r.key, r.links)
	e.divertLinks(r)
	ready := true
	var missing []netif.VirtualLink
	for i, l := range r.links {
		own, fits := i == 0 && r.cfg.Own.Name != "", l.Fits(e.links)
		if e.links.ByName[l.Parent].Index != 0 && !(fits && l.InMode(e.links)) {
			missing = append(missing, l)
		}
		switch {
		case !fits:
			ready = false
		case own && r.cfg.DontTrackPrimary, !own && !e.tracksPlace(r, l.Name):
		case !e.links.ByName[l.Name].Ready():
			ready = false
		}
	}
	e.askLinks(r, missing)
	return ready
}

// askLinks asks for links that are missing or in another mode. After an answer it waits: the view is behind, and what
// does not fit in spite of having been made must not be made over and over.
func (e *Engine) askLinks(r *router, missing []netif.VirtualLink) {
	switch {
	case len(missing) == 0:
		r.linksNext = time.Time{}
	case r.linksDue || e.opt.VirtualLinks == nil:
	case time.Now().Before(r.linksNext):
		e.retryBy(r.linksNext)
	default:
		r.linksDue = true
		e.worker.links(r.key, r.cfg.Name, missing, e.formerLinks(r, missing))
	}
}

// retryBy has instances tried again at a time, if not before.
func (e *Engine) retryBy(at time.Time) {
	if e.retryAt.IsZero() || at.Before(e.retryAt) {
		e.retryAt = at
	}
}

// divertLinks has what the VMACs of r report of multicast groups leave by the interfaces below them: a switch must not
// take a Backup's report for the place of the virtual MAC address.
func (e *Engine) divertLinks(r *router) {
	var list []firewall.VMAC
	for _, l := range r.links {
		if l.IPVLAN || !l.Fits(e.links) {
			continue
		}
		v := vmacOf(l, e.links)
		v.BaseAddr, _ = e.links.ByName[l.Parent].Primary(6, e.isVirtual)
		v.IPv4 = v.IPv4 && !e.opt.Config.Global.DisableLocalIGMP
		list = append(list, v)
	}
	if !slices.Equal(list, r.diverted) {
		r.diverted = list
		e.verifyLater()
		e.worker.divert(r.key, r.cfg.Name, list)
	}
}

// vmacOf is a link with a virtual MAC as the firewall knows it, but for the address of its base.
func vmacOf(l netif.VirtualLink, links netif.State) firewall.VMAC {
	return firewall.VMAC{Name: l.Name, Index: links.ByName[l.Name].Index, Base: links.ByName[l.Parent].Index, IPv4: l.Family == 4, IPv6: l.Family == 6 || l.IPv6}
}

// tracksPlace tells whether r depends on an interface because of an address without no_track on it.
func (e *Engine) tracksPlace(r *router, name string) bool {
	tracked := func(a config.Address) bool { return a.Link == name && !a.NoTrack }
	return slices.ContainsFunc(r.cfg.Addresses, tracked) || slices.ContainsFunc(r.cfg.ExcludedAddresses, tracked)
}

// linksDone takes how making links has ended. The next view of the interfaces shows them.
func (e *Engine) linksDone(r result) {
	e.changes = true
	e.noteCreated(r)
	for _, o := range e.order {
		if o.key != r.key {
			continue
		}
		o.linksDue, o.linksNext = false, time.Now().Add(retryInterval)
		e.retryBy(o.linksNext) // the view may have come before the answer
		said := ""
		if r.err != nil {
			said = r.err.Error()
		}
		if said != "" && said != o.linksSaid {
			e.log.Errorf("(%s) %v", r.name, r.err)
		}
		o.linksSaid = said
	}
}

// noteCreated remembers and tells that links were made.
func (e *Engine) noteCreated(r result) {
	for _, l := range r.created {
		e.made[l.Name] = true
		kind := "VMAC"
		if l.IPVLAN {
			kind = "ipvlan"
		}
		e.detail("(%s): Success creating %s interface %s", r.name, kind, l.Name)
	}
}

// dropLinks lets links go that r does not want any more, after its addresses.
func (e *Engine) dropLinks(r *router, links []netif.VirtualLink) {
	if len(links) > 0 && e.opt.VirtualLinks != nil {
		e.worker.links(r.key, r.cfg.Name, nil, links)
	}
}

// dropAllLinks lets the links of all instances go, when the addresses of every one are off: links go slowly, and a peer is
// to have the addresses.
func (e *Engine) dropAllLinks() {
	if e.opt.VirtualLinks == nil || e.opt.KeepAddresses {
		return
	}
	var all []netif.VirtualLink
	for _, r := range e.order {
		all = append(all, r.links...)
		e.worker.forget(r.key, r.links)
	}
	if len(all) > 0 {
		e.worker.links("", "all instances", nil, all)
	}
}

// replaceLinks lets those of the former links go that a new configuration does not have.
func (e *Engine) replaceLinks(r *router, before []netif.VirtualLink) {
	after := map[string]bool{}
	for _, l := range madeLinks(&r.cfg) {
		after[l.Name] = !r.cfg.Held()
	}
	gone := slices.DeleteFunc(slices.Clone(before), func(l netif.VirtualLink) bool { return after[l.Name] })
	e.dropLinks(r, gone)
	r.links, r.linksDue, r.linksNext, r.linksSaid = nil, false, time.Time{}, ""
}

// linkStartPatience bounds how long a start waits until the view shows the links that were made.
const linkStartPatience = time.Second

// makeLinks makes the virtual links before the first instance runs, when nothing is delayed by it. Links that a former
// process has left are taken over as they are.
func (e *Engine) makeLinks(cfg config.Config) {
	if e.opt.VirtualLinks == nil {
		return
	}
	saved := map[string]netif.ARPMode{}
	for _, s := range e.opt.Resume {
		for name, before := range s.Parents {
			saved[name] = before
		}
		if s.RPFilter != nil {
			e.opt.VirtualLinks.AdoptRPFilter(s.RPFilter)
		}
		for _, l := range s.Links {
			e.made[l.Name] = true
		}
	}
	e.collectVirtual(cfg)
	var made []netif.VirtualLink
	for i := range cfg.Instances {
		r := &router{cfg: cfg.Instances[i]}
		if r.cfg.Held() {
			continue
		}
		r.base = e.links.ByName[r.cfg.Interface]
		r.source = e.sourceOf(r)
		for _, l := range e.wantedLinks(r) {
			if e.makeLink(r, l, saved) {
				made = append(made, l)
			}
		}
	}
	e.awaitMade(made)
}

// makeLink makes one link, and tells whether it will come to be seen.
func (e *Engine) makeLink(r *router, l netif.VirtualLink, saved map[string]netif.ARPMode) bool {
	if before, ok := saved[l.Parent]; ok {
		e.opt.VirtualLinks.Adopt(l, before)
		if l.Fits(e.links) {
			return false
		}
	}
	if e.links.ByName[l.Parent].Index == 0 {
		return false
	}
	if former := e.formerLinks(r, []netif.VirtualLink{l}); len(former) > 0 {
		if err := e.opt.VirtualLinks.RemoveAll(former); err != nil {
			e.log.Errorf("(%s) removing interfaces: %v", r.cfg.Name, err)
		}
	}
	created, err := e.opt.VirtualLinks.Set(l)
	if err != nil {
		return false // it is tried again, and said then
	}
	if created {
		e.noteCreated(result{name: r.cfg.Name, created: []netif.VirtualLink{l}})
	}
	return true
}

// awaitMade waits for a view that has the links, so that no instance begins in Fault for want of its own. What does not
// come in time is seen later.
func (e *Engine) awaitMade(made []netif.VirtualLink) {
	deadline := time.NewTimer(linkStartPatience)
	defer deadline.Stop()
	seen := func(l netif.VirtualLink) bool {
		return l.Fits(e.links) && (e.links.ByName[l.Name].Ready() || !e.links.ByName[l.Parent].Ready())
	}
	for slices.ContainsFunc(made, func(l netif.VirtualLink) bool { return !seen(l) }) {
		select {
		case <-deadline.C:
			return
		case <-e.linkC:
		}
		if _, err := e.takeLinks(); err != nil {
			e.log.Warnf("watching interfaces: %v", err)
		}
	}
}
