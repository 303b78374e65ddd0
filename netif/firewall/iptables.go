package firewall

import (
	"errors"
	"fmt"
	"sync"
)

// commands are iptables and ip6tables, for their filter tables.
type commands interface {
	// list are the rules of a chain in their order, in the words of rules.
	list(ipv6 bool, chain string) ([]string, error)
	add(chainRule) error
	// remove removes the first rule that is like this one, if there is one.
	remove(chainRule) error
}

// sets are the ipsets of the kernel.
type sets interface {
	// create makes a set without members, unless it is there.
	create(ipset) error
	// members are those of a set; there tells whether it exists.
	members(name string) (list []member, there bool, err error)
	add(name string, m member) error
	// remove removes a member that may not be there.
	remove(name string, m member) error
	// destroy takes a set away that no rule goes by any more, if it is there.
	destroy(name string) error
}

// ipTables is the engine of iptables.
type ipTables struct {
	open func() (commands, error)
	sets sets
	say  func(string)

	mu      sync.Mutex // for what a probe needs, too
	command commands   // nil before the first use

	noSets bool // the host cannot have them
	used   bool // there may be something of have
	known  bool // the kernel has what have says, nothing else of ours
	parts  part
	have   plan
}

func newIPTables(say func(string)) *ipTables {
	return &ipTables{open: openCommands, sets: kernelSets{}, say: say}
}

// commands opens the commands once.
func (t *ipTables) commands() (commands, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.command != nil {
		return t.command, nil
	}
	c, err := t.open()
	if err == nil {
		t.command = c
	}
	return c, err
}

// probe tells whether there are chains for what the state needs.
func (t *ipTables) probe(s Settings, state State) error {
	c, err := t.commands()
	if err != nil {
		return err
	}
	listed := newListing(c)
	for _, g := range planByAddress(s.Chains, state).groups {
		for _, r := range g {
			if _, err := listed.of(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply makes chains and sets what is wanted: what is new is there before what is old goes.
func (t *ipTables) apply(s Settings, state State) error {
	c, err := t.commands()
	if err != nil {
		return err
	}
	if t.noSets {
		s.Sets = Sets{}
	}
	parts := t.parts | state.parts()
	want := newPlan(s, parts, state)
	w := t.work(c)
	if !t.known {
		err = w.learn(s, state)
	}
	if err == nil {
		err = w.reach(&want, t.known)
	}
	t.used = true
	if err == nil {
		t.known, t.parts, t.have = true, parts, want
		return nil
	}
	wasKnown := t.known
	t.known, t.have = false, w.have.with(&want)
	if errors.Is(err, errNoSets) && !t.noSets {
		t.noSets = true
		t.say(fmt.Sprintf("each virtual address gets rules of its own: %v", err))
		return t.apply(s, state)
	}
	if wasKnown { // somebody has changed something: it is looked at anew
		return t.apply(s, state)
	}
	return err
}

func (t *ipTables) work(c commands) *work { return &work{newListing(c), t.sets, t.have} }

// intact tells whether the kernel still has the rules and the members that apply has made.
func (t *ipTables) intact() (bool, error) {
	if !t.known {
		return true, nil // nothing was promised
	}
	c, err := t.commands()
	if err != nil {
		return false, err
	}
	whole, err := t.work(c).whole()
	t.known = whole || err != nil
	return whole, err
}

// remove takes rules and sets away.
func (t *ipTables) remove() error {
	if !t.used {
		return nil
	}
	c, err := t.commands()
	if err != nil {
		return err
	}
	t.known = false
	if err := t.work(c).reach(&plan{}, true); err != nil {
		return fmt.Errorf("removing rules of iptables: %w", err)
	}
	t.used, t.parts, t.have = false, 0, plan{}
	return nil
}

// releaseChains takes what a dead process has left of a state out of chains and sets. Sets that have nothing else go,
// with their rules.
func releaseChains(s Settings, left State) error {
	c, err := openCommands()
	if err != nil {
		return err
	}
	w := &work{newListing(c), kernelSets{}, plan{}}
	if err := w.releaseAll(s, left); err != nil {
		return fmt.Errorf("cleaning the chains of iptables: %w", err)
	}
	return nil
}
