package firewall

import (
	"errors"
	"fmt"
	"slices"
)

// step is one step of a commit.
type step struct {
	chainRule
	removes bool
}

// String is a line for iptables-restore.
func (s step) String() string {
	command := "-A " + s.chain
	switch {
	case s.removes:
		command = "-D " + s.chain
	case s.first:
		command = "-I " + s.chain + " 1"
	}
	return command + " " + s.words
}

// commands are iptables and ip6tables, for their filter tables. There is no question for a single rule: iptables -C of
// several versions finds a rule that goes by another set.
type commands interface {
	// list are the rules of a chain in their order, in the words of rules.
	list(ipv6 bool, chain string) ([]string, error)
	// commit makes all changes at once, or none.
	commit(ipv6 bool, changes []step) error
}

// listing is what chains of a family have, read once.
type listing struct {
	commands
	ipv6   bool
	chains map[string]chainRules
}

// chainRules are the rules of a chain, or why they cannot be read.
type chainRules struct {
	words []string
	err   error
}

func newListing(c commands, ipv6 bool) *listing { return &listing{c, ipv6, map[string]chainRules{}} }

// of is what a chain has.
func (l *listing) of(chain string) ([]string, error) {
	read, ok := l.chains[chain]
	if !ok {
		read.words, read.err = l.list(l.ipv6, chain)
		switch {
		case errors.Is(read.err, errNoChain):
			read.err = fmt.Errorf("%s has no chain %s, make it with `%[1]s -N %[2]s`, and send packets there from INPUT or OUTPUT: %[3]w", tool(l.ipv6), chain, read.err)
		case read.err != nil:
			read.err = fmt.Errorf("reading chain %s of %s: %w", chain, tool(l.ipv6), read.err)
		}
		l.chains[chain] = read
	}
	return read.words, read.err
}

// shows tells whether a rule of a group is there. Without a chain there is none.
func (l *listing) shows(g group) (bool, error) {
	for _, r := range g {
		rules, err := l.of(r.chain)
		if err != nil && !errors.Is(err, errNoChain) {
			return false, err
		}
		if slices.Contains(rules, r.words) {
			return true, nil
		}
	}
	return false, nil
}

// stands tells whether the rules of a group are there in their order.
func (l *listing) stands(g group) (bool, error) {
	last := -1
	for _, r := range g {
		rules, err := l.of(r.chain)
		if err != nil {
			return false, err
		}
		at := slices.Index(rules, r.words)
		if at <= last {
			return false, nil
		}
		last = at
	}
	return true, nil
}

// ensure are the changes that make the rules of a group be there. Unless they are, in their order, all come anew, and
// what was there of them goes.
func (l *listing) ensure(g group) ([]step, error) {
	stands, err := l.stands(g)
	if err != nil || stands {
		return nil, err
	}
	changes, err := l.drop(g)
	for _, r := range g {
		changes = append(changes, step{r, false})
	}
	return changes, err
}

// drop are the changes that take the rules of a group away, once each.
func (l *listing) drop(g group) ([]step, error) {
	var changes []step
	for _, r := range g {
		rules, err := l.of(r.chain)
		if errors.Is(err, errNoChain) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(rules, r.words) {
			changes = append(changes, step{r, true})
		}
	}
	return changes, nil
}

// make commits changes. Rules that cannot be found again are taken back, because they would come again and again.
func (l *listing) make(changes []step) error {
	if len(changes) == 0 {
		return nil
	}
	if err := l.commit(l.ipv6, changes); err != nil {
		return err
	}
	clear(l.chains)
	var odd []step
	for _, c := range changes {
		if c.removes {
			continue
		}
		rules, err := l.of(c.chain)
		if err != nil {
			return err
		}
		if !slices.Contains(rules, c.words) {
			odd = append(odd, step{c.chainRule, true})
		}
	}
	if len(odd) == 0 {
		return nil
	}
	return errors.Join(fmt.Errorf("%s lists `%s` in other words", tool(l.ipv6), odd[0].words), l.commit(l.ipv6, odd))
}
