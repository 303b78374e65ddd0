package firewall

import (
	"errors"
	"fmt"
	"slices"
)

// errNoChain says that a chain does not exist.
var errNoChain = errors.New("no such chain")

// listing is what chains have, read once for many rules.
type listing struct {
	commands
	chains map[listed]*chainList
}

type listed struct {
	ipv6  bool
	chain string
}

// chainList are the rules of a chain in their order, with how often each is there. iptables -C is not asked for a rule: that
// of several versions finds one by another set.
type chainList struct {
	rules []string
	count map[string]int
}

func newListing(c commands) *listing { return &listing{c, map[listed]*chainList{}} }

// of is what the chain of a rule has.
func (l *listing) of(r chainRule) (*chainList, error) {
	key := listed{r.ipv6, r.chain}
	if c, ok := l.chains[key]; ok {
		return c, nil
	}
	list, err := l.list(r.ipv6, r.chain)
	if err != nil {
		return nil, explainChain(err, key)
	}
	c := &chainList{list, make(map[string]int, len(list))}
	for _, words := range list {
		c.count[words]++
	}
	l.chains[key] = c
	return c, nil
}

// explainChain adds to an error what somebody can do about it.
func explainChain(err error, of listed) error {
	name := "iptables"
	if of.ipv6 {
		name = "ip6tables"
	}
	if errors.Is(err, errNoChain) {
		return fmt.Errorf("%s has no chain %s, make it with `%s -N %s`, and send packets there from INPUT or OUTPUT: %w", name, of.chain, name, of.chain, err)
	}
	return fmt.Errorf("reading chain %s of %s: %w", of.chain, name, err)
}

// shows tells whether a rule of a group is listed.
func (l *listing) shows(g group) bool {
	return slices.ContainsFunc(g, func(r chainRule) bool {
		c, err := l.of(r)
		return err == nil && c.count[r.words] > 0
	})
}

// stands tells whether the rules of a group are there in their order.
func (l *listing) stands(g group) (bool, error) {
	last := -1
	for _, r := range g {
		c, err := l.of(r)
		if err != nil {
			return false, err
		}
		at := slices.Index(c.rules, r.words)
		if at <= last {
			return false, nil
		}
		last = at
	}
	return true, nil
}

// ensure makes the rules of a group be there once, in their order. Unless they are, all come anew; what was there of them
// goes after that.
func (l *listing) ensure(g group) error {
	stands, err := l.stands(g)
	if err != nil {
		return err
	}
	for _, r := range g {
		if stands {
			break
		}
		if err := l.addOne(r); err != nil {
			return err
		}
	}
	for _, r := range g {
		for l.chains[listed{r.ipv6, r.chain}].count[r.words] > 1 {
			if err := l.removeOne(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop takes the rules of a group away, as often as they are there.
func (l *listing) drop(g group) error {
	for _, r := range g {
		c, err := l.of(r)
		if errors.Is(err, errNoChain) {
			continue
		}
		for err == nil && c.count[r.words] > 0 {
			err = l.removeOne(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) addOne(r chainRule) error {
	c, err := l.of(r)
	if err == nil {
		err = l.add(r)
	}
	if err != nil {
		return fmt.Errorf("adding `%s` to chain %s: %w", r.words, r.chain, err)
	}
	at := len(c.rules)
	if r.first {
		at = 0
	}
	c.rules = slices.Insert(c.rules, at, r.words)
	c.count[r.words]++
	return nil
}

// removeOne removes the first rule that is like this one.
func (l *listing) removeOne(r chainRule) error {
	c, err := l.of(r)
	if err == nil {
		err = l.remove(r)
	}
	if err != nil {
		return fmt.Errorf("removing `%s` from chain %s: %w", r.words, r.chain, err)
	}
	at := slices.Index(c.rules, r.words)
	c.rules = slices.Delete(c.rules, at, at+1)
	c.count[r.words]--
	return nil
}
