package firewall

import (
	"errors"
	"fmt"
	"slices"
)

// errNoSets says that a step failed that needs ipsets.
var errNoSets = errors.New("ipsets do not work here")

// work is one change of chains and sets.
type work struct {
	rules *listing
	sets  sets
	have  plan // what the kernel may have
}

// learn finds out what a former process has left. Where one of its sets is, the rules may be that go by it; and it may have
// had to do without sets.
func (w *work) learn(s Settings, state State) error {
	if s.Sets == (Sets{}) {
		return nil
	}
	for _, one := range []part{dropIPv4, dropIPv6, vmacIPv4, vmacIPv6} {
		former := planBySet(s, one, State{})
		found := false
		for _, set := range former.sets {
			list, there, err := w.sets.members(set.name)
			if err != nil {
				return fmt.Errorf("%w: reading %s: %w", errNoSets, set.name, err)
			}
			w.have.sets = slices.DeleteFunc(slices.Clone(w.have.sets), func(h ipset) bool { return h.name == set.name })
			if there {
				set.members = list
				w.have.sets, found = append(w.have.sets, set), true
			}
		}
		if found {
			w.have = w.have.with(&plan{groups: former.groups})
		}
	}
	former := w.shown(planByAddress(s.Chains, state))
	w.have = w.have.with(&former)
	return nil
}

// shown is what of a plan without sets the host lists.
func (w *work) shown(pl plan) plan {
	pl.groups = slices.DeleteFunc(pl.groups, func(g group) bool { return !w.rules.shows(g) })
	return pl
}

// reach makes the kernel have what is wanted. Groups that it should have already are looked at unless they are known to
// be there.
func (w *work) reach(want *plan, known bool) error {
	for _, set := range want.sets {
		if err := w.fill(set); err != nil {
			return err
		}
	}
	groups := want.groups
	if known {
		groups = want.minus(&w.have)
	}
	for _, g := range groups {
		if err := w.rules.ensure(g); err != nil {
			return err
		}
	}
	for _, g := range w.have.minus(want) {
		if err := w.rules.drop(g); err != nil {
			return err
		}
	}
	for _, set := range w.have.sets {
		if err := w.empty(set, want.set(set.name)); err != nil {
			return err
		}
	}
	return nil
}

// fill makes a set, and adds what it lacks.
func (w *work) fill(set ipset) error {
	have := w.have.set(set.name)
	if have == nil {
		if err := w.sets.create(set); err != nil {
			return fmt.Errorf("%w: making %s: %w", errNoSets, set.name, err)
		}
		have = &ipset{}
	}
	for _, m := range without(set.members, have.members) {
		if err := w.sets.add(set.name, m); err != nil {
			return fmt.Errorf("adding %v to ipset %s: %w", m, set.name, err)
		}
	}
	return nil
}

// empty removes what is not wanted any more from a set, or the set, where want is nil.
func (w *work) empty(set ipset, want *ipset) error {
	if want == nil {
		if err := w.sets.destroy(set.name); err != nil {
			return fmt.Errorf("removing ipset %s: %w", set.name, err)
		}
		return nil
	}
	for _, m := range without(set.members, want.members) {
		if err := w.sets.remove(set.name, m); err != nil {
			return fmt.Errorf("removing %v from ipset %s: %w", m, set.name, err)
		}
	}
	return nil
}

// whole tells whether the kernel has everything.
func (w *work) whole() (bool, error) {
	for _, set := range w.have.sets {
		list, there, err := w.sets.members(set.name)
		if err != nil || !there || len(without(set.members, list))+len(without(list, set.members)) > 0 {
			return false, err
		}
	}
	for _, g := range w.have.groups {
		if stands, err := w.rules.stands(g); err != nil || !stands {
			return false, err
		}
	}
	return true, nil
}

// releaseAll takes away what a dead process may have left of a state. The process may have had to do without sets.
func (w *work) releaseAll(s Settings, left State) error {
	w.have = w.shown(planByAddress(s.Chains, left))
	return errors.Join(w.reach(&plan{}, true), w.release(s, left))
}

// release takes the members of a state out of the sets. When nothing is left in them, they go.
func (w *work) release(s Settings, left State) error {
	if s.Sets == (Sets{}) {
		return nil
	}
	w.have = plan{}
	if w.learn(s, State{}) != nil {
		return nil // without ipsets nothing is left in them
	}
	leaving := planBySet(s, allParts, left)
	for i := range w.have.sets {
		set := &w.have.sets[i]
		rest := without(set.members, leaving.set(set.name).members)
		if err := w.empty(*set, &ipset{members: rest}); err != nil {
			return err
		}
		set.members = rest
	}
	if used, err := w.used(); err != nil || used || len(w.have.sets) == 0 {
		return err
	}
	for _, g := range w.have.groups {
		if err := w.rules.drop(g); err != nil {
			return err
		}
	}
	used, err := w.used()
	if err != nil || !used {
		return errors.Join(err, w.reach(&plan{}, true))
	}
	w.rules = newListing(w.rules.commands) // the successor of that process has come between
	for _, g := range w.have.groups {
		if err := w.rules.ensure(g); err != nil {
			return err
		}
	}
	return nil
}

// used tells whether the kernel has members in one of the sets.
func (w *work) used() (bool, error) {
	for _, set := range w.have.sets {
		if list, _, err := w.sets.members(set.name); err != nil || len(list) > 0 {
			return len(list) > 0, err
		}
	}
	return false, nil
}
