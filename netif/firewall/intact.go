package firewall

import (
	"github.com/google/nftables"
)

// intact tells whether the kernel still has what apply has made.
func (t *nfTable) intact() (bool, error) {
	if !t.known {
		return !t.used, nil // a change has failed, or nothing was promised
	}
	c, err := dial()
	if err != nil {
		return false, err
	}
	for i := range t.have {
		whole, err := t.has(c, &t.have[i])
		if err != nil {
			return false, explain(err)
		}
		if !whole {
			t.known = false
			return false, nil
		}
	}
	return true, nil
}

// has tells whether the kernel has a table with the sets of a layout and with as many rules.
func (t *nfTable) has(c *nftables.Conn, l *layout) (bool, error) {
	table, err := find(c, t.settings, l.family)
	if err != nil || table == nil {
		return err == nil && len(l.chains) == 0, err
	}
	sets, err := c.GetSets(table)
	if err != nil {
		return false, err
	}
	there := map[string]*nftables.Set{}
	for _, s := range sets {
		there[s.Name] = s
	}
	for i := range l.sets {
		same, err := holds(c, there[l.sets[i].name], l.sets[i].elements)
		if err != nil || !same {
			return false, err
		}
	}
	for _, ch := range l.chains {
		rules, err := c.GetRules(table, &nftables.Chain{Name: ch.name, Table: table})
		if err != nil {
			return false, err
		}
		if len(rules) != l.count(ch.name) {
			return false, nil
		}
	}
	return true, nil
}

// count is how many rules a chain has.
func (l *layout) count(chain string) int {
	n := 0
	for _, r := range l.rules {
		if r.chain == chain {
			n++
		}
	}
	return n
}

// holds tells whether a set of the kernel, nil when there is none, has these elements.
func holds(c *nftables.Conn, s *nftables.Set, want []element) (bool, error) {
	if s == nil {
		return false, nil
	}
	got, err := c.GetSetElements(s)
	if err != nil {
		return false, err
	}
	have := make([]element, len(got))
	for i, e := range got {
		have[i] = element{string(e.Key), string(e.Val)}
	}
	gone, added := difference(have, want)
	return len(gone)+len(added) == 0, nil
}

// find is the table of a family that the kernel has, nil when there is none.
func find(c *nftables.Conn, s Settings, family nftables.TableFamily) (*nftables.Table, error) {
	tables, err := c.ListTablesOfFamily(family)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		if table.Name == s.table() {
			return table, nil
		}
	}
	return nil, nil
}
