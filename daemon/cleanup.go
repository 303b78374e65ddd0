package daemon

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/daemon/early"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// leftovers are what a clean-up process takes away. The last one of a daemon leaves nothing for another process.
type leftovers struct {
	States map[string]vrrp.InstanceState
	Last   bool
}

// runCleanup takes the addresses off that its parent names, and ends.
func runCleanup(o Options, h heritage) int {
	early.HandOver()
	log := newLog(o, roleCleanup)
	defer log.Close()
	s, err := receiveStart(h.conn)
	if err != nil {
		log.Errorf("waiting for what to clean up: %v", err)
		return exitFatal
	}
	log.rename(s.instance)
	kernel, err := netif.Open()
	if err != nil {
		log.Error(err)
		return exitFatal
	}
	defer func() { _ = kernel.Close() }()
	code := exitOK
	var left leftovers
	if err := loadJSON(s.legacy, &left); err != nil {
		log.Errorf("loading what to clean up: %v", err)
		return exitFatal
	}
	states := left.States
	virtual, err := netif.OpenVirtualLinks()
	if err != nil {
		log.Error(err)
		return exitFatal
	}
	defer func() { _ = virtual.Close() }()
	links := adoptAll(virtual, states)
	for _, s := range states {
		log.Infof("(%s) removing the VIPs that a dead process has left", s.Name)
		if err := removePolicy(kernel, s); err != nil {
			log.Errorf("(%s) %v", s.Name, err)
			code = exitFatal
		}
		for _, a := range s.Addresses {
			if err := kernel.DeleteAddress(a); err != nil && !errors.Is(err, unix.ENODEV) {
				log.Errorf("(%s) removing address: %v", s.Name, err)
				code = exitFatal
			}
		}
	}
	if len(links) > 0 {
		if err := virtual.RemoveAll(links); err != nil {
			log.Errorf("removing interfaces: %v", err)
			code = exitFatal
		}
	}
	// This may take a while, and comes when no address is left.
	if err := removeGuards(states, left.Last); err != nil {
		log.Errorf("removing firewall drop rules: %v", err)
		code = exitFatal
	}
	return code
}

// adoptAll takes the links of all instances over, and with them the former settings of their parents.
func adoptAll(virtual *netif.VirtualLinks, states map[string]vrrp.InstanceState) (all []netif.VirtualLink) {
	for _, s := range states {
		if s.RPFilter != nil {
			virtual.AdoptRPFilter(s.RPFilter)
		}
		for _, l := range s.Links {
			all = append(all, l)
			if before, ok := s.Parents[l.Parent]; ok {
				virtual.Adopt(l, before)
			}
		}
	}
	return all
}

// removePolicy takes rules and routes out of the kernel.
func removePolicy(kernel *netif.Handle, s vrrp.InstanceState) error {
	var errs []error
	for _, r := range s.Rules {
		errs = append(errs, kernel.DeleteRule(vrrp.KernelRule(r)))
	}
	for _, r := range s.Routes {
		errs = append(errs, kernel.DeleteRoute(vrrp.KernelRoute(r)))
	}
	return errors.Join(errs...)
}

// removeGuards takes out of the firewall what was there for addresses and links that are nobody's any more.
func removeGuards(states map[string]vrrp.InstanceState, last bool) error {
	left := map[firewall.Settings]firewall.State{}
	for _, s := range states {
		if guard := s.Guard.State(); !guard.Empty() {
			left[s.Guard.Settings] = firewall.Merge(left[s.Guard.Settings], guard)
		}
	}
	var errs []error
	for settings, state := range left {
		errs = append(errs, firewall.Release(settings, state, last))
	}
	return errors.Join(errs...)
}

// takeOverdue removes from known the instances whose time to resume is over at now, and returns them with the time until
// the next one is; 0 when none is left. A Master's time counts from its last advert. Others count from the death of
// the process, because it may have become Master without a chance to report it. Times are on CLOCK_MONOTONIC, in
// nanoseconds.
func takeOverdue(known map[string]vrrp.InstanceState, died, now int64) (overdue map[string]vrrp.InstanceState, next time.Duration) {
	overdue = map[string]vrrp.InstanceState{}
	for key, s := range known {
		since := died
		if s.State == fsm.Master {
			since = s.LastAdvert
		}
		left := s.MasterDown - time.Duration(now-since)
		if left <= 0 {
			overdue[key] = s
			delete(known, key)
		} else if next == 0 || left < next {
			next = left
		}
	}
	return overdue, next
}

// leftOver is what a dead child may have left on interfaces that its successor does not know of: it died around a
// reload, with another configuration than the one in force.
func leftOver(known map[string]vrrp.InstanceState, cfg config.Config) map[string]vrrp.InstanceState {
	type place struct {
		dev    string
		prefix netip.Prefix
	}
	configured, links := map[place]bool{}, map[string]bool{}
	var routes []config.Route
	var rules []config.Rule
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		for _, a := range slices.Concat(in.Addresses, in.ExcludedAddresses) {
			configured[place{a.Place(in), a.Prefix}] = true
		}
		links[in.Own.Name] = true
		routes, rules = append(routes, in.Routes...), append(rules, in.Rules...)
		for _, l := range in.AddressLinks {
			links[l.Name] = true
		}
	}
	left := map[string]vrrp.InstanceState{}
	for key, s := range known {
		s.Addresses = slices.DeleteFunc(slices.Clone(s.Addresses), func(a netif.Address) bool { return configured[place{a.Dev, a.Prefix}] })
		s.Links = slices.DeleteFunc(slices.Clone(s.Links), func(l netif.VirtualLink) bool { return links[l.Name] })
		s.Guard.Drops = slices.DeleteFunc(slices.Clone(s.Guard.Drops), func(d firewall.Drop) bool {
			return !slices.ContainsFunc(s.Addresses, func(a netif.Address) bool { return a.Prefix.Addr() == d.Addr })
		})
		s.Guard.VMACs = slices.DeleteFunc(slices.Clone(s.Guard.VMACs), func(v firewall.VMAC) bool {
			return !slices.ContainsFunc(s.Links, func(l netif.VirtualLink) bool { return l.Name == v.Name })
		})
		s.Routes, _ = config.DiffRoutes(s.Routes, routes)
		s.Rules, _ = config.DiffRules(s.Rules, rules)
		if len(s.Addresses)+len(s.Links)+len(s.Routes)+len(s.Rules) > 0 {
			left[key] = s
		}
	}
	return left
}

// withUnreported adds the instances of a configuration that a dead child never spoke of: it may have been killed between
// putting an address on and saying so.
func withUnreported(known map[string]vrrp.InstanceState, cfg config.Config) map[string]vrrp.InstanceState {
	all := map[string]vrrp.InstanceState{}
	for i := range cfg.Instances {
		s := vrrp.Unreported(cfg.Instances[i])
		s.Guard = vrrp.GuardOf(cfg.Global, &cfg.Instances[i], netif.State{})
		all[s.Key] = s
	}
	maps.Copy(all, known)
	return all
}

// cleanupPatience bounds the life of a clean-up process.
const cleanupPatience = 15 * time.Second

// cleanUp takes addresses off that a dead child has left: nobody answers for them any more, and a peer will take them.
func (p *parent) cleanUp(left leftovers) {
	if len(left.States) == 0 {
		return
	}
	child, err := p.launchChild(p.vrrp, roleCleanup, left)
	if err != nil {
		p.log.Errorf("taking the addresses of the dead VRRP child off: %v", err)
		return
	}
	p.cleanups[child] = true
	p.after(cleanupPatience, func() {
		if p.cleanups[child] {
			p.log.Errorf("the clean-up process(%d) does not end, killing it", child.pid())
			_ = child.process.Kill()
		}
	})
}

// cleanUpAll takes every address off: no child will start any more. It is the end, at which the addresses may stay.
func (p *parent) cleanUpAll() {
	left := p.known
	p.known = nil
	if !p.options.KeepVRRP {
		p.cleanUp(leftovers{left, true})
	}
}

// watchResume takes the addresses of every instance off whose successor has not resumed in time: by then a peer is
// Master. A child that starts later starts it as Backup.
func (p *parent) watchResume() {
	if p.stopping || p.vrrp.child != nil && p.vrrp.child.ready {
		return
	}
	overdue, next := takeOverdue(p.known, p.diedAt, monotonicNow())
	p.cleanUp(leftovers{overdue, false})
	if next > 0 {
		p.resumeTimer = p.after(next, p.watchResume)
	}
}
