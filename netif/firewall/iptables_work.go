package firewall

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// errNoSets says that a step failed that needs ipsets.
var errNoSets = errors.New("ipsets do not work here")

// sets are the ipsets of the kernel.
type sets interface {
	// create makes a set without members, unless it is there.
	create(ipset) error
	// members are those of a set; there tells whether it exists.
	members(ipset) (list []member, there bool, err error)
	add(name string, m member) error
	// remove removes a member that may not be there.
	remove(name string, m member) error
	// flush removes all members.
	flush(name string) error
	// destroy takes a set away that no rule goes by any more, if it is there.
	destroy(ipset) error
}

// work is one change of what a part has of rules and sets.
type work struct {
	rules *listing
	sets  sets
	part  part
	have  plan // what the kernel may have
}

func newWork(c commands, s sets, p part, have plan) *work {
	return &work{newListing(c, p.ipv6()), s, p, have}
}

// learn finds out what a former process has left. Where one of its sets is, the rules may be that go by it; and it may have
// done without sets.
func (w *work) learn(s Settings, state State) error {
	if s.Sets != (Sets{}) {
		if err := w.learnSets(planBySet(s, w.part, State{})); err != nil {
			return err
		}
	}
	former, there := planByAddress(s.Chains, w.part, state), plan{}
	for _, g := range former.groups {
		shows, err := w.rules.shows(g)
		if err != nil {
			return err
		}
		if shows {
			there.groups = append(there.groups, g)
		}
	}
	if w.part.vmacs() && s.Chains.Out != "" {
		for _, v := range state.VMACs {
			if !v.of(w.rules.ipv6) {
				continue
			}
			groups, err := w.rulesOf(s.Chains.Out, v.Name)
			if err != nil {
				return err
			}
			there.groups = append(there.groups, groups...)
		}
	}
	w.have = w.have.with(&there)
	return nil
}

// rulesOf are the rules that may be there for a link with a virtual MAC, whatever the address of its base was.
func (w *work) rulesOf(chain, link string) (groups []group, err error) {
	form := regexp.MustCompile(`^(-s \S+ )?-o ` + regexp.QuoteMeta(link) + ` -p (igmp|ipv6-icmp -m icmp6 --icmpv6-type (131|136|143)) -j DROP$`)
	rules, err := w.rules.of(chain)
	if err != nil && !errors.Is(err, errNoChain) {
		return nil, err
	}
	for _, words := range rules {
		if form.MatchString(words) {
			groups = append(groups, group{{ipv6: w.rules.ipv6, chain: chain, words: words, first: true}})
		}
	}
	return groups, nil
}

func (w *work) learnSets(former plan) error {
	found := false
	for _, set := range former.sets {
		list, there, err := w.sets.members(set)
		if err != nil {
			return fmt.Errorf("%w: reading %s: %w", errNoSets, set.name, err)
		}
		w.have.sets = slices.DeleteFunc(slices.Clone(w.have.sets), func(h ipset) bool { return h.name == set.name })
		if !there {
			continue
		}
		if slices.ContainsFunc(list, member.everything) {
			if err := w.sets.flush(set.name); err != nil {
				return fmt.Errorf("emptying ipset %s: %w", set.name, err)
			}
			list = nil
		}
		set.members = list
		w.have.sets, found = append(w.have.sets, set), true
	}
	if found {
		w.have = w.have.with(&plan{groups: former.groups})
	}
	return nil
}

// reach makes the kernel have what is wanted. Groups that it should have already are looked at unless they are known to
// be there. What is new is there before what is old goes; rules change at once.
func (w *work) reach(want *plan, known bool) error {
	for _, set := range want.sets {
		if err := w.fill(set); err != nil {
			return err
		}
	}
	if err := w.changeRules(want, known); err != nil {
		return err
	}
	var errs []error
	for _, set := range w.have.sets {
		errs = append(errs, w.empty(set, want.set(set.name)))
	}
	return errors.Join(errs...)
}

func (w *work) changeRules(want *plan, known bool) error {
	groups := want.groups
	if known {
		groups = want.minus(&w.have)
	}
	var changes []step
	for _, g := range groups {
		more, err := w.rules.ensure(g)
		if err != nil {
			return err
		}
		changes = append(changes, more...)
	}
	for _, g := range w.have.minus(want) {
		more, err := w.rules.drop(g)
		if err != nil {
			return err
		}
		changes = append(changes, more...)
	}
	return w.rules.make(changes)
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
			return fmt.Errorf("%w: adding %v to %s: %w", errNoSets, m, set.name, err)
		}
	}
	return nil
}

// empty removes what is not wanted any more from a set, or the set, where want is nil.
func (w *work) empty(set ipset, want *ipset) error {
	if want == nil {
		if err := w.sets.destroy(set); err != nil {
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
		list, there, err := w.sets.members(set)
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

// release takes away what a dead process may have left of a state. The process may have had to do without sets. When
// nothing is left in the sets of the part, they go, with their rules.
func (w *work) release(s Settings, left State) error {
	byAddress := s
	byAddress.Sets = Sets{}
	if err := errors.Join(w.learn(byAddress, left), w.reach(&plan{}, true)); err != nil || s.Sets == (Sets{}) {
		return err
	}
	w.rules, w.have = newListing(w.rules.commands, w.rules.ipv6), plan{}
	if _, err := w.releaseMembers(s, left); err != nil {
		return err
	}
	return w.releaseSets()
}

// releaseMembers takes what is of a state out of the sets, and tells whether there was anything.
func (w *work) releaseMembers(s Settings, left State) (had bool, err error) {
	if w.learnSets(planBySet(s, w.part, State{})) != nil {
		return false, nil // a process that cannot read sets has had none
	}
	leaving := planBySet(s, w.part, left)
	for i := range w.have.sets {
		set := &w.have.sets[i]
		rest := slices.DeleteFunc(slices.Clone(set.members), func(m member) bool {
			return leaving.set(set.name).has(m) || w.part.vmacs() && slices.ContainsFunc(left.VMACs, func(v VMAC) bool { return v.Name == m.link })
		})
		had = had || len(rest) < len(set.members)
		if err := w.empty(*set, &ipset{members: rest}); err != nil {
			return had, err
		}
		set.members = rest
	}
	return had, nil
}

// releaseSets removes the sets of the part with their rules, when there is nothing in them.
func (w *work) releaseSets() error {
	if used, err := w.used(); err != nil || used || len(w.have.sets) == 0 {
		return err
	}
	if err := w.changeRules(&plan{}, true); err != nil {
		return err
	}
	if used, err := w.used(); err != nil || used { // the successor of that process has come between
		return errors.Join(err, w.changeRules(&plan{groups: w.have.groups}, false))
	}
	return w.reach(&plan{}, true)
}

// used tells whether the kernel has members in one of the sets.
func (w *work) used() (bool, error) {
	for _, set := range w.have.sets {
		if list, _, err := w.sets.members(set); err != nil || len(list) > 0 {
			return len(list) > 0, err
		}
	}
	return false, nil
}
