package firewall

import (
	"errors"
	"fmt"
)

// ipTables is the engine of iptables. Its parts do not depend on each other: where one cannot be had, the others are.
type ipTables struct {
	commands commands
	sets     sets
	say      func(string)

	pieces   [len(parts)]piece
	settings Settings
	state    State // what is wanted
}

// parts are those of chains.
var parts = [...]part{dropIPv4, dropIPv6, vmacIPv4, vmacIPv6}

// piece is what the kernel has of one part.
type piece struct {
	used  bool // there may be something of have
	known bool // the kernel has what have says, nothing else of ours
	have  plan
	lacks Sets   // that the host cannot have
	said  string // what was said of it last
}

func newIPTables(say func(string), start Start) *ipTables {
	return &ipTables{commands: programs{start}, sets: kernelSets{}, say: say}
}

// probe tells whether there are chains for what the state needs. Whether it gets in time what others hold is for apply.
func (t *ipTables) probe(s Settings, state State) error {
	var errs [2]error
	c := &impatient{commands: t.commands}
	for i, p := range []part{dropIPv4, dropIPv6} {
		listed := newListing(c, p.ipv6())
		for _, g := range planByAddress(s.Chains, p, state).groups {
			_, err := listed.of(g[0].chain)
			if failed := (*commandError)(nil); errors.As(err, &failed) && failed.waited() {
				err = nil
			}
			if errs[i] = err; err != nil {
				break
			}
		}
	}
	return problem(errs[0], errs[1])
}

// apply makes chains and sets what is wanted. Errors are of what is dropped; what links with a virtual MAC need is said,
// and tried again when it is looked whether everything is intact.
func (t *ipTables) apply(s Settings, state State) error {
	t.settings, t.state = s, state
	var errs [len(parts)]error
	c := &impatient{commands: t.commands}
	for i := range parts {
		errs[i] = t.applyPiece(c, i)
		if parts[i].vmacs() {
			t.sayOnce(i, errs[i])
		}
	}
	return problem(errs[0], errs[1])
}

func (t *ipTables) sayOnce(i int, err error) {
	text := ""
	if err != nil {
		text = fmt.Sprintf("reports of multicast groups may leave by links with a virtual MAC: %v", err)
	}
	if p := &t.pieces[i]; p.said != text {
		if p.said = text; text != "" {
			t.say(text)
		}
	}
}

// applyPiece brings one part to what is wanted. Parts that were needed once stay, empty, until remove.
func (t *ipTables) applyPiece(c commands, i int) error {
	p, s := &t.pieces[i], t.settings
	if s.Sets == p.lacks {
		s.Sets = Sets{}
	}
	w := newWork(c, t.sets, parts[i], p.have)
	var want plan
	needed := t.state.parts()&parts[i] != 0
	if p.used || needed {
		want = newPlan(s, parts[i], t.state)
	}
	var err error
	if !p.known {
		err = w.learn(s, t.state)
	}
	if err == nil {
		err = w.reach(&want, p.known)
	}
	p.used = p.used || needed
	if err == nil {
		p.known, p.have = true, want
		return nil
	}
	wasKnown := p.known
	p.known, p.have = false, w.have.with(&want)
	switch {
	case errors.Is(err, errNoSets) && s.Sets != (Sets{}):
		if !needed && !p.used {
			return nil // there is none of a former process, either
		}
		p.lacks = s.Sets
		t.say(fmt.Sprintf("vrrp_ipsets: there are rules for each address instead: %v", err))
		return t.applyPiece(c, i)
	case wasKnown: // somebody has changed something: it is looked at anew
		return t.applyPiece(c, i)
	}
	return err
}

// intact tells whether the kernel still has the rules and the members that apply has made. What apply could not make of
// links with a virtual MAC is tried again.
func (t *ipTables) intact() (bool, error) {
	intact := true
	c := &impatient{commands: t.commands}
	for i := range parts {
		p := &t.pieces[i]
		switch {
		case p.used && p.known:
			whole, err := newWork(c, t.sets, parts[i], p.have).whole()
			if err != nil {
				return false, err
			}
			p.known, intact = whole, intact && whole
		case p.used && parts[i].vmacs():
			t.sayOnce(i, t.applyPiece(c, i))
		case p.used:
			intact = false // a change has failed
		}
	}
	return intact, nil
}

// remove takes rules and sets away, as much as it can.
func (t *ipTables) remove() error {
	var errs []error
	c := &impatient{commands: t.commands}
	for i := range parts {
		p := &t.pieces[i]
		if len(p.have.groups)+len(p.have.sets) == 0 {
			*p = piece{}
			continue
		}
		p.known = false
		if err := newWork(c, t.sets, parts[i], p.have).reach(&plan{}, true); err != nil {
			errs = append(errs, fmt.Errorf("removing rules of %s: %w", tool(parts[i].ipv6()), err))
			continue
		}
		*p = piece{}
	}
	return errors.Join(errs...)
}

// releaseTries is how often chains are cleaned that others hold. Each try waits for them.
const releaseTries = 3

// releaseChains takes what a dead process has left of a state out of chains and sets. Sets that have nothing else go,
// with their rules.
func releaseChains(s Settings, left State, start Start) error {
	var err error
	for range releaseTries {
		c := &impatient{commands: programs{start}}
		if err = releaseParts(c, kernelSets{}, s, left); c.err == nil {
			break
		}
	}
	return err
}

func releaseParts(c *impatient, kernel sets, s Settings, left State) error {
	var errs []error
	for _, p := range parts {
		if left.parts()&p == 0 {
			continue
		}
		if err := newWork(c, kernel, p, plan{}).release(s, left); err != nil {
			errs = append(errs, fmt.Errorf("cleaning chains of %s: %w", tool(p.ipv6()), err))
		}
	}
	return errors.Join(errs...)
}

// clear takes what a former process has left of a state out of the sets. What has nothing else goes, too.
func (t *ipTables) clear(s Settings, left State) (had bool, err error) {
	if s.Sets == (Sets{}) {
		return false, nil
	}
	var errs []error
	c := &impatient{commands: t.commands}
	for _, p := range parts {
		if left.parts()&p == 0 {
			continue
		}
		w := newWork(c, t.sets, p, plan{})
		found, err := w.releaseMembers(s, left)
		if found && err == nil {
			err = w.releaseSets()
		}
		had, errs = had || found, append(errs, err)
	}
	return had, errors.Join(errs...)
}
