package check

import (
	"slices"

	"keepalived-go/ipvs"
)

// tableView is what the kernel is to have and what it has, as far as it is ours.
type tableView struct {
	parts map[string]part       // what each virtual server wants, by its key
	users map[ipvs.Key][]string // whose parts have a key; several when groups share a mark
	have  ipvs.Table            // services that are ours as the kernel has them
}

// part is the wish of one virtual server.
type part struct {
	position int // the first one in the configuration decides how a shared service works
	entries  []ipvs.Entry
}

func newTableView() tableView {
	return tableView{parts: map[string]part{}, users: map[ipvs.Key][]string{}, have: ipvs.Table{}}
}

// replace takes the new wish of a virtual server and adds the services that it touches.
func (v *tableView) replace(key string, position int, entries []ipvs.Entry, touched map[ipvs.Key]struct{}) {
	for _, e := range v.parts[key].entries {
		touched[e.Key] = struct{}{}
		users := slices.DeleteFunc(v.users[e.Key], func(u string) bool { return u == key })
		if len(users) == 0 {
			delete(v.users, e.Key)
		} else {
			v.users[e.Key] = users
		}
	}
	if len(entries) == 0 {
		delete(v.parts, key)
		return
	}
	v.parts[key] = part{position, entries}
	for _, e := range entries {
		touched[e.Key] = struct{}{}
		if users := v.users[e.Key]; !slices.Contains(users, key) {
			v.users[e.Key] = append(users, key)
		}
	}
}

// own makes services ours that the kernel may have from a predecessor, so that they go when nobody wants them.
func (v *tableView) own(keys []ipvs.Key) {
	for _, k := range keys {
		if _, ok := v.have[k]; !ok {
			v.have[k] = ipvs.Entry{Service: ipvs.Service{Key: k}}
		}
	}
}

// see takes what the kernel has. Services of others are none of our business.
func (v *tableView) see(kernel ipvs.Table) {
	have := ipvs.Table{}
	for k, e := range kernel {
		_, wanted := v.users[k]
		_, ours := v.have[k]
		if wanted || ours {
			have[k] = e
		}
	}
	v.have = have
}

// wants collects the wishes for the services in keys.
func (v *tableView) wants(keys map[ipvs.Key]struct{}) ipvs.Table {
	wanted := make(ipvs.Table, len(keys))
	byUser := map[string]struct{}{}
	for k := range keys {
		for _, u := range v.users[k] {
			byUser[u] = struct{}{}
		}
	}
	users := make([]string, 0, len(byUser))
	for u := range byUser {
		users = append(users, u)
	}
	slices.SortFunc(users, func(a, b string) int { return v.parts[a].position - v.parts[b].position })
	for _, u := range users {
		for _, e := range v.parts[u].entries {
			if _, ok := keys[e.Key]; !ok {
				continue
			}
			if first, shared := wanted[e.Key]; shared {
				e = unite(first, e)
			}
			wanted[e.Key] = e
		}
	}
	return wanted
}

// unite adds to a service the servers that another virtual server has for it.
func unite(first, second ipvs.Entry) ipvs.Entry {
	out := first
	out.Destinations = slices.Clone(first.Destinations)
	for _, d := range second.Destinations {
		if !slices.ContainsFunc(first.Destinations, func(f ipvs.Destination) bool { return f.Addr == d.Addr }) {
			out.Destinations = append(out.Destinations, d)
		}
	}
	return out
}

// has is the part of what the kernel has that is about keys.
func (v *tableView) has(keys map[ipvs.Key]struct{}) ipvs.Table {
	t := make(ipvs.Table, len(keys))
	for k := range keys {
		if e, ok := v.have[k]; ok {
			t[k] = e
		}
	}
	return t
}

// all is every service that is wanted or ours.
func (v *tableView) all() map[ipvs.Key]struct{} {
	keys := make(map[ipvs.Key]struct{}, len(v.users))
	for k := range v.users {
		keys[k] = struct{}{}
	}
	for k := range v.have {
		keys[k] = struct{}{}
	}
	return keys
}

// done notes that the kernel has one service as it is wanted.
func (v *tableView) done(k ipvs.Key, wanted ipvs.Table) {
	if e, ok := wanted[k]; ok {
		v.have[k] = e
	} else {
		delete(v.have, k)
	}
}
