package vrrp

import (
	"errors"
	"fmt"
	"slices"

	"keepalived-go/netif"
)

// links asks for virtual links to be there, and for others to be gone.
func (w *kernelWorker) links(key, name string, set, remove []netif.VirtualLink) {
	w.forget(key, remove)
	w.stage(key, name, func(j *job) {
		named := func(l netif.VirtualLink) func(netif.VirtualLink) bool {
			return func(o netif.VirtualLink) bool { return o.Name == l.Name }
		}
		for _, l := range set {
			j.unlink = slices.DeleteFunc(j.unlink, named(l))
			j.link = append(slices.DeleteFunc(j.link, named(l)), l)
		}
		for _, l := range remove {
			j.link = slices.DeleteFunc(j.link, named(l))
			j.unlink = append(slices.DeleteFunc(j.unlink, named(l)), l)
		}
	})
}

// keep notes that an instance wants links, whether or not they are there.
func (w *kernelWorker) keep(key string, links []netif.VirtualLink) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range links {
		w.keeper[l.Name] = key
	}
}

// forget notes that an instance wants links no more.
func (w *kernelWorker) forget(key string, links []netif.VirtualLink) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range links {
		if w.keeper[l.Name] == key {
			delete(w.keeper, l.Name)
		}
	}
}

// kept tells whether another instance wants a link by now.
func (w *kernelWorker) kept(key string, l netif.VirtualLink) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	keeper, ok := w.keeper[l.Name]
	return ok && keeper != key
}

// workLinks removes and makes the links of a job, and tells the engine how making them has ended.
func (w *kernelWorker) workLinks(j job) {
	// A reload may have given a link to another instance.
	gone := slices.DeleteFunc(slices.Clone(j.unlink), func(l netif.VirtualLink) bool { return w.kept(j.key, l) })
	if len(gone) > 0 {
		if err := w.virtual.RemoveAll(gone); err != nil {
			w.fail(j, fmt.Errorf("removing interfaces: %w", err))
		}
	}
	if len(j.link) == 0 {
		return
	}
	r := result{key: j.key, name: j.name, links: true}
	for _, l := range j.link {
		created, err := w.virtual.Set(l)
		r.err = errors.Join(r.err, err)
		if created {
			r.created = append(r.created, l)
		}
	}
	w.results <- r
}
