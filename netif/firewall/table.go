package firewall

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/mdlayher/netlink"
)

// Implementation constants.
const (
	// batchElements is how many elements go into one message, which has room for 64 KiB of them.
	batchElements = 500
	// sendBuffer has room for everything that changes at once. The kernel counts more than it holds.
	sendBuffer = 4 << 20
)

// nfTable is the engine of nftables.
type nfTable struct {
	settings Settings
	used     bool // there may be a table of these settings
	known    bool // parts and have are what the kernel has
	parts    part
	have     []layout
}

// probe tells whether the kernel has nf_tables and lets this process change it.
func (t *nfTable) probe(Settings, State) error {
	c, err := dial()
	if err != nil {
		return explain(err)
	}
	if _, err := c.ListTablesOfFamily(nftables.TableFamilyIPv4); err != nil {
		return explain(err)
	}
	return nil
}

// explain adds to the kernel's error what somebody can do about it.
func explain(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("changing nf_tables needs the capability CAP_NET_ADMIN: %w", err)
	case errors.Is(err, syscall.EPROTONOSUPPORT), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.EAFNOSUPPORT):
		return fmt.Errorf("the kernel has no nf_tables, load the module nf_tables: %w", err)
	}
	return fmt.Errorf("nf_tables: %w", err)
}

// apply makes the table what is wanted in one step: no packet sees a part of it.
func (t *nfTable) apply(s Settings, state State) error {
	parts := t.parts | state.parts()
	want := layouts(s, parts, state)
	if t.known && t.settings == s && t.parts == parts {
		done, err := t.applyElements(want)
		if !done && err == nil {
			return nil // nothing has changed
		}
		if err == nil {
			t.have = want
			return nil
		}
		// Somebody has emptied the table: it is made anew.
	}
	if !t.used {
		t.settings, t.used = s, true
	}
	if err := t.replace(s, want); err != nil {
		t.known = false
		return fmt.Errorf("setting up nftables table %s: %w", s.table(), explain(err))
	}
	t.settings, t.known, t.parts, t.have = s, true, parts, want
	return nil
}

// remove takes the table away, as far as it is there.
func (t *nfTable) remove() error {
	if !t.used {
		return nil
	}
	c, err := dial()
	if err != nil {
		return err
	}
	for _, family := range families {
		deleteTable(c, t.settings, family)
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("removing nftables table %s: %w", t.settings.table(), err)
	}
	t.used, t.known, t.parts, t.have = false, false, 0, nil
	return nil
}

var families = []nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6}

func dial() (*nftables.Conn, error) {
	return nftables.New(nftables.WithSockOptions(func(c *netlink.Conn) error { return c.SetWriteBuffer(sendBuffer) }))
}

// deleteTable deletes a table that may not be there.
func deleteTable(c *nftables.Conn, s Settings, family nftables.TableFamily) {
	t := &nftables.Table{Name: s.table(), Family: family}
	c.AddTable(t) // it is no error that it is there
	c.DelTable(t)
}

// applyElements brings the sets of the tables that are there to what is wanted.
func (t *nfTable) applyElements(want []layout) (changes bool, err error) {
	c, err := dial()
	if err != nil {
		return false, err
	}
	for i := range want {
		table := &nftables.Table{Name: t.settings.table(), Family: want[i].family}
		for j := range want[i].sets {
			to := &want[i].sets[j]
			gone, added := difference(t.have[i].sets[j].elements, to.elements)
			if len(gone)+len(added) == 0 {
				continue
			}
			changes = true
			if err := change(to.kernel(table), gone, c.SetDeleteElements); err != nil {
				return true, err
			}
			if err := change(to.kernel(table), added, c.SetAddElements); err != nil {
				return true, err
			}
		}
	}
	if !changes {
		return false, nil
	}
	return true, c.Flush()
}

// replace makes the tables anew in one transaction.
func (t *nfTable) replace(s Settings, want []layout) error {
	c, err := dial()
	if err != nil {
		return err
	}
	for _, l := range want {
		if t.settings.table() != s.table() {
			deleteTable(c, t.settings, l.family)
		}
		deleteTable(c, s, l.family)
		if len(l.chains) > 0 {
			if err := create(c, s, l); err != nil {
				return err
			}
		}
	}
	return c.Flush()
}

// create asks for a whole table.
func create(c *nftables.Conn, s Settings, l layout) error {
	table := c.AddTable(&nftables.Table{Name: s.table(), Family: l.family})
	chains := map[string]*nftables.Chain{}
	for _, ch := range l.chains {
		made := &nftables.Chain{Name: ch.name, Table: table}
		if ch.hook != nil {
			accept := nftables.ChainPolicyAccept
			made.Type, made.Hooknum, made.Policy = nftables.ChainTypeFilter, ch.hook, &accept
			made.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(s.Priority))
		}
		chains[ch.name] = c.AddChain(made)
	}
	for i := range l.sets {
		one := l.sets[i].kernel(table)
		if one.Constant { // its elements come with it
			if err := c.AddSet(one, elements(l.sets[i].elements)); err != nil {
				return err
			}
			continue
		}
		if err := c.AddSet(one, nil); err != nil {
			return err
		}
		if err := change(one, l.sets[i].elements, c.SetAddElements); err != nil {
			return err
		}
	}
	for _, r := range l.rules {
		c.AddRule(&nftables.Rule{Table: table, Chain: chains[r.chain], Exprs: r.exprs})
	}
	return nil
}

// kernel is a set as the library has it.
func (s *set) kernel(table *nftables.Table) *nftables.Set {
	k := &nftables.Set{Table: table, Name: s.name, KeyType: s.key, Constant: s.constant, IsMap: s.isMap}
	if s.isMap {
		k.DataType = nftables.TypeIFIndex
	}
	if s.key == nftables.TypeIFIndex {
		k.KeyByteOrder = binaryutil.NativeEndian // so that nft shows names of links
	}
	return k
}

// change adds or deletes elements, a part of them in each message.
func change(s *nftables.Set, list []element, ask func(*nftables.Set, []nftables.SetElement) error) error {
	for len(list) > 0 {
		n := min(len(list), batchElements)
		if err := ask(s, elements(list[:n])); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func elements(list []element) []nftables.SetElement {
	out := make([]nftables.SetElement, len(list))
	for i, e := range list {
		out[i].Key = []byte(e.key)
		if e.value != "" {
			out[i].Val = []byte(e.value)
		}
	}
	return out
}

// difference tells what is only in before and what is only in after.
func difference(before, after []element) (gone, added []element) {
	had := make(map[element]bool, len(before))
	for _, e := range before {
		had[e] = true
	}
	for _, e := range after {
		if !had[e] {
			added = append(added, e)
		}
		delete(had, e)
	}
	for e := range had {
		gone = append(gone, e)
	}
	return gone, added
}
