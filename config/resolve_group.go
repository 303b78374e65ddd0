package config

import (
	"slices"
)

// resolveTrackGroups takes members off the track groups that do not exist, and groups without any.
func (d *decoder) resolveTrackGroups() {
	kept := d.config.TrackGroups[:0]
	for n, g := range d.config.TrackGroups {
		pos := d.trackGroupPlaces[n]
		g.Members = slices.DeleteFunc(g.Members, func(m string) bool {
			if _, ok := d.instances[m]; ok {
				return false
			}
			d.warn(pos, "track_group %s: there is no vrrp_instance %s", g.Name, m)
			return true
		})
		if len(g.Members) == 0 {
			d.warn(pos, "track_group %s has no members, it is removed", g.Name)
			continue
		}
		kept = append(kept, g)
	}
	d.config.TrackGroups = kept
	d.forgetTrackGroups()
}

// forgetTrackGroups takes the names of groups that were removed off what is tracked for them.
func (d *decoder) forgetTrackGroups() {
	c := &d.config
	kept := map[string]bool{}
	for _, g := range c.TrackGroups {
		kept[g.Name] = true
	}
	keep := func(name *string) {
		if !kept[*name] {
			*name = ""
		}
	}
	for i := range c.StaticAddresses {
		keep(&c.StaticAddresses[i].TrackGroup)
	}
	for i := range c.StaticRoutes {
		keep(&c.StaticRoutes[i].TrackGroup)
	}
	for i := range c.StaticRules {
		keep(&c.StaticRules[i].TrackGroup)
	}
}

// resolveGroups looks the members of the sync groups up and drops groups without any.
func (d *decoder) resolveGroups() {
	for _, g := range d.rawGroups {
		if g.Members == nil {
			d.warn(g.pos, "sync group %s has no members, it is removed", g.Name)
			continue
		}
		g.Members = slices.DeleteFunc(g.Members, func(name string) bool { return !d.joinGroup(g, name) })
		if len(g.Members) == 0 {
			d.warn(g.pos, "sync group %s: no member exists, it is removed", g.Name)
			continue
		}
		if len(g.Members) == 1 {
			d.warn(g.pos, "sync group %s has one member only, which is probably not what is meant", g.Name)
		}
		d.config.SyncGroups = append(d.config.SyncGroups, *g.SyncGroup)
	}
}

// joinGroup makes an instance a member of a group.
func (d *decoder) joinGroup(g rawGroup, name string) bool {
	n, ok := d.instances[name]
	if !ok {
		d.report(g.pos, warning, statusConfig, hint(d, name, d.instances), "sync group %s: there is no vrrp_instance %s, it is ignored", g.Name, name)
		return false
	}
	i := d.raw[n]
	if i.SyncGroup != "" {
		d.warn(g.pos, "vrrp_instance %s is in sync group %s already, group %s does not get it", name, i.SyncGroup, g.Name)
		return false
	}
	i.SyncGroup, i.sync = g.Name, g.SyncGroup
	return true
}
