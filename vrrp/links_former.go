package vrrp

import (
	"slices"

	"keepalived-go/netif"
)

// formerLinks are VMACs that a dead process has left under other names where r is to have new ones, which they keep from
// being up. A macvlan with the virtual MAC address may be somebody else's. So only those are taken for left that are made
// like ours, under a name that is ours, and that no instance wants.
func (e *Engine) formerLinks(r *router, wanted []netif.VirtualLink) (list []netif.VirtualLink) {
	for _, l := range wanted {
		for _, have := range e.links.Twins(l) {
			if !have.Private() || !e.madeName(r, have.Name) || e.wantsLink(have.Name) {
				continue
			}
			e.log.Infof("(%s) removing VMAC interface %s, an earlier one with the MAC address of %s", r.cfg.Name, have.Name, l.Name)
			old := l
			old.Name = have.Name
			list = append(list, old)
		}
	}
	return list
}

// madeName tells whether a link of a name may have been made for r, by this process or a former one.
func (e *Engine) madeName(r *router, name string) bool {
	return e.made[name] || e.opt.Config.Global.GeneratesName(name, r.cfg.VRID)
}

// wantsLink tells whether any instance is to have a link of a name, or one on it.
func (e *Engine) wantsLink(name string) bool {
	for i := range e.opt.Config.Instances {
		in := &e.opt.Config.Instances[i]
		wants := func(l netif.VirtualLink) bool { return l.Name == name || l.Parent == name }
		if in.Interface == name || !in.Held() && slices.ContainsFunc(kernelLinks(in), wants) {
			return true
		}
	}
	return false
}
