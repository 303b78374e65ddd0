package vrrp

import (
	"errors"
	"fmt"
	"slices"

	"keepalived-go/netif/firewall"
)

// errDisturbed says that the rules were not ours alone.
var errDisturbed = errors.New("what drops packets to virtual addresses was changed by somebody else, putting it back")

// errLeftOver says that somebody could not be reached.
var errLeftOver = errors.New("packets to virtual addresses were dropped by what a daemon before this one has left in the firewall, which is removed")

// errNoFirewall says that the engine was given none.
var errNoFirewall = errors.New("there is no firewall")

// firewallJob is the key of what is to be done for all instances.
const firewallJob = "firewall"

// guarding says what a result about the firewall is of.
type guarding uint8

const (
	guardAsked guarding = iota + 1 // what one instance wants to be dropped
	guardTried                     // all that is to be dropped
	guardMore                      // what is not to be dropped any more, or is about links with a virtual MAC
	guardRead                      // it could not be read
)

// guards is what the kernel worker knows about the firewall. What is not under its lock belongs to its goroutine.
type guards struct {
	firewall Firewall
	settings firewall.Settings
	drops    map[string][]firewall.Drop // by key, what is in force
	vmacs    map[string][]firewall.VMAC
	used     bool             // something may be in the kernel
	keep     bool             // at the end, too
	behind   bool             // the last change has failed
	ending   map[string]guard // by key, what is to be in force in its place when there is nothing else to do

	pending  *firewall.Settings         // under the worker's lock
	inherits map[string][]firewall.Drop // under the worker's lock; nil: nothing
	refused  firewall.State             // under the worker's lock, what a probe is about
	failed   []firewall.Drop            // under the worker's lock, what is tried with it
	answered firewall.State             // under the worker's lock, what is not to be dropped
}

// guard is what one instance wants. A nil list is as before.
type guard struct {
	drops *[]firewall.Drop
	vmacs *[]firewall.VMAC
}

// guard makes list what is dropped for the instance. It is in force before its addresses come, and until they are gone.
func (w *kernelWorker) guard(key, name string, list []firewall.Drop) {
	w.stage(key, name, func(j *job) { j.guard, j.guards = list, true })
}

// divert makes list the links with a virtual MAC of the instance: what they report of multicast groups leaves by the
// links below them. It is in force before the addresses of the instance come.
func (w *kernelWorker) divert(key, name string, list []firewall.VMAC) {
	w.stage(key, name, func(j *job) { j.vmacs, j.diverts = list, true })
}

// inherit makes what a former process has left the beginning.
func (w *kernelWorker) inherit(former map[string][]firewall.Drop) {
	w.stage(firewallJob, firewallJob, func(j *job) { j.refresh, w.guards.inherits = true, former })
}

// clearGuards takes out what a daemon before this one has left of a state.
func (w *kernelWorker) clearGuards(state firewall.State) {
	w.stage(firewallJob, firewallJob, func(j *job) { j.clear, w.guards.answered = true, state })
}

// useFirewall takes the settings over, with what is in force.
func (w *kernelWorker) useFirewall(s firewall.Settings) {
	w.stage(firewallJob, firewallJob, func(j *job) { j.refresh, w.guards.pending = true, &s })
}

// reprobe looks whether there is a firewall for this state by now, tries what has failed, and tells the engine. An instance
// that comes back only to fail again would take the addresses from its peer each time.
func (w *kernelWorker) reprobe(state firewall.State, failed []firewall.Drop) {
	w.stage(firewallJob, firewallJob, func(j *job) { j.probe, w.guards.refused, w.guards.failed = true, state, failed })
}

// verify looks whether the firewall is as it was left.
func (w *kernelWorker) verify() {
	w.stage(firewallJob, firewallJob, func(j *job) { j.verify = true })
}

func (w *kernelWorker) probe(s firewall.Settings, state firewall.State) error {
	if w.guards.firewall == nil {
		return errNoFirewall
	}
	return w.guards.firewall.Probe(s, state)
}

// workFirewall does what is asked for all instances.
func (w *kernelWorker) workFirewall(j job) {
	if j.refresh {
		w.results <- result{key: j.key, name: j.name, err: w.refreshGuards(), guarded: guardTried}
	}
	if j.clear {
		if err := w.clearLeft(); err != nil {
			w.results <- result{key: j.key, name: j.name, err: err}
		}
	}
	if j.verify && w.guards.used && w.guards.firewall != nil {
		w.verifyGuards(j)
	}
	if j.probe {
		w.mu.Lock()
		state, failed := w.guards.refused, w.guards.failed
		w.mu.Unlock()
		probed := w.probe(w.guards.settings, state)
		r := result{key: j.key, name: j.name, err: probed, firewall: true}
		failed = slices.DeleteFunc(slices.Clone(failed), func(d firewall.Drop) bool {
			return firewall.Concerns(probed, firewall.State{Drops: []firewall.Drop{d}}) != nil
		})
		if len(failed) > 0 {
			r.lasting = errors.Join(w.applyGuards(firewall.State{Drops: failed}), w.applyGuards())
		}
		w.results <- r
	}
}

// refreshGuards takes over other settings, and what a former process has left.
func (w *kernelWorker) refreshGuards() error {
	g := &w.guards
	w.mu.Lock()
	pending, inherits := g.pending, g.inherits
	g.pending, g.inherits = nil, nil
	w.mu.Unlock()
	if pending != nil {
		g.settings = *pending
	}
	if inherits != nil {
		g.drops, g.used = inherits, true
	}
	return w.applyGuards()
}

// verifyGuards looks whether the kernel has what is wanted, and puts it back where it has not.
func (w *kernelWorker) verifyGuards(j job) {
	intact, err := w.guards.firewall.Intact()
	if err != nil {
		w.results <- result{key: j.key, name: j.name, err: err, guarded: guardRead}
		return
	}
	if !intact {
		ours := w.guards.behind
		if err = w.applyGuards(); err == nil && !ours {
			w.results <- result{key: j.key, name: j.name, err: errDisturbed}
		}
	}
	w.results <- result{key: j.key, name: j.name, err: err, guarded: guardTried}
}

// clearLeft has packets pass that a daemon before this one has left dropped.
func (w *kernelWorker) clearLeft() error {
	g := &w.guards
	w.mu.Lock()
	state := g.answered
	g.answered = firewall.State{}
	w.mu.Unlock()
	if g.firewall == nil {
		return nil
	}
	had, err := g.firewall.Clear(g.settings, state)
	if had {
		err = errors.Join(errLeftOver, err)
	}
	return err
}

// guardFirst puts into force what a job wants, beside what was in force before. It tells whether addresses may come.
func (w *kernelWorker) guardFirst(j job) bool {
	g := &w.guards
	if !j.guards && !j.diverts {
		return true
	}
	if j.guards {
		setOrDelete(g.drops, j.key, union(g.drops[j.key], j.guard))
	}
	if j.diverts {
		setOrDelete(g.vmacs, j.key, union(g.vmacs[j.key], j.vmacs))
	}
	err := w.applyGuards()
	if err == nil {
		return true
	}
	if !j.guards || firewall.Concerns(err, firewall.State{Drops: j.guard}) == nil || len(j.guard) == 0 {
		w.results <- result{key: j.key, name: j.name, err: err, guarded: guardMore}
		return true
	}
	w.results <- result{key: j.key, name: j.name, err: err, guarded: guardAsked}
	return false
}

// guardLast notes what a job does not want any more. It stays in force until there is nothing else to do: addresses of
// other instances do not wait for it, and another job may be about to ask for the same.
func (w *kernelWorker) guardLast(j job) {
	g := &w.guards
	after := g.ending[j.key]
	if j.guards && !slices.Equal(g.drops[j.key], j.guard) {
		after.drops = &j.guard
	} else if j.guards {
		after.drops = nil
	}
	if j.diverts && !slices.Equal(g.vmacs[j.key], j.vmacs) {
		after.vmacs = &j.vmacs
	} else if j.diverts {
		after.vmacs = nil
	}
	setOrDeleteOne(g.ending, j.key, after)
}

// endGuards takes out of force what nobody wants any more.
func (w *kernelWorker) endGuards() {
	g := &w.guards
	for key, after := range g.ending {
		if after.drops != nil {
			setOrDelete(g.drops, key, *after.drops)
		}
		if after.vmacs != nil {
			setOrDelete(g.vmacs, key, *after.vmacs)
		}
	}
	clear(g.ending)
	if err := w.applyGuards(); err != nil {
		w.results <- result{key: firewallJob, name: firewallJob, err: err, guarded: guardMore}
	}
}

// union is what is in one of two lists, in the order of the second one where that has everything.
func union[T comparable](before, after []T) []T {
	all := slices.Clone(after)
	for _, d := range before {
		if !slices.Contains(after, d) {
			all = append(all, d)
		}
	}
	return all
}

func setOrDelete[T any](m map[string][]T, key string, list []T) {
	if len(list) == 0 {
		delete(m, key)
	} else {
		m[key] = list
	}
}

func setOrDeleteOne(m map[string]guard, key string, one guard) {
	if one == (guard{}) {
		delete(m, key)
	} else {
		m[key] = one
	}
}

// applyGuards brings the firewall to what all instances want, and to more.
func (w *kernelWorker) applyGuards(more ...firewall.State) error {
	g := &w.guards
	if len(g.drops) == 0 && len(g.vmacs) == 0 && !g.used {
		return nil
	}
	if g.firewall == nil {
		return errNoFirewall
	}
	states := more
	for _, list := range g.drops {
		states = append(states, firewall.State{Drops: list})
	}
	for _, list := range g.vmacs {
		states = append(states, firewall.State{VMACs: list})
	}
	g.used = true
	err := g.firewall.Apply(g.settings, firewall.Merge(states...))
	g.behind = err != nil
	return err
}

// removeGuards ends the firewall.
func (w *kernelWorker) removeGuards() {
	g := &w.guards
	if !g.used || g.keep || g.firewall == nil {
		return
	}
	if err := g.firewall.Remove(); err != nil {
		w.results <- result{key: firewallJob, name: firewallJob, err: fmt.Errorf("at the end: %w", err)}
	}
}
