package firewall

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// emptyTable is what becomes of a table with nothing in it.
type emptyTable uint8

const (
	staysEmpty  emptyTable = iota
	goesCleared            // where something was taken out
	goesEmpty
)

// releaseTable takes what a dead process has left of a state out of the table. At the end a table that has nothing else
// goes with it. Before, it is that of the next process: all of its instances may be Backup.
func releaseTable(s Settings, left State, last bool) error {
	then := staysEmpty
	if last {
		then = goesEmpty
	}
	_, err := releaseElements(s, left, then)
	return err
}

// clear is the same for a process of which it is not known whether it was there: a table without anything of the state
// may be somebody else's, and the kernel need not have nf_tables.
func (t *nfTable) clear(s Settings, left State) (had bool, err error) {
	if left.Empty() || !hasTables() || t.probe(s, left) != nil {
		return false, nil
	}
	return releaseElements(s, left, goesCleared)
}

// releaseElements tells whether there was anything of the state.
func releaseElements(s Settings, left State, then emptyTable) (had bool, err error) {
	for range 3 { // whoever came after that process may change the table meanwhile
		if had, err = release(s, left, then); !errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return had, fmt.Errorf("cleaning nftables table %s: %w", s.table(), explain(err))
	}
	return had, nil
}

func release(s Settings, left State, then emptyTable) (had bool, err error) {
	c, err := dial()
	if err != nil {
		return false, err
	}
	for _, l := range layouts(s, left.parts(), left) {
		table, err := find(c, s, l.family)
		if err != nil {
			return false, err
		}
		if table == nil {
			continue
		}
		gone, stay, err := releaseFrom(c, table, l)
		if err != nil {
			return false, err
		}
		had = had || gone > 0
		if stay == 0 && (then == goesEmpty || then == goesCleared && gone > 0) {
			c.DelTable(table)
		}
	}
	return had, c.Flush()
}

// releaseFrom takes the elements of a layout out of the table that the kernel has, and tells how many go and stay.
func releaseFrom(c *nftables.Conn, table *nftables.Table, l layout) (gone, stay int, err error) {
	sets, err := c.GetSets(table)
	if err != nil {
		return 0, 0, err
	}
	leaving := map[string]map[string]bool{}
	for _, one := range l.sets {
		keys := map[string]bool{}
		for _, e := range one.elements {
			keys[e.key] = true
		}
		leaving[one.name] = keys
	}
	for _, k := range sets {
		if k.Constant {
			continue
		}
		there, err := c.GetSetElements(k)
		if err != nil {
			return 0, 0, err
		}
		var out []nftables.SetElement
		for _, e := range there {
			if leaving[k.Name][string(e.Key)] {
				out = append(out, nftables.SetElement{Key: e.Key, Val: e.Val})
			}
		}
		gone, stay = gone+len(out), stay+len(there)-len(out)
		if len(out) > 0 {
			if err := c.SetDeleteElements(k, out); err != nil {
				return 0, 0, err
			}
		}
	}
	return gone, stay, nil
}

// hasTables tells whether the kernel has nf_tables now, as a module or for good. To ask the kernel itself would load the
// module, on hosts that have no use for it.
func hasTables() bool {
	modules, err := os.ReadFile("/proc/modules")
	if err != nil {
		return true // a kernel without modules: asking changes nothing
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return false
	}
	builtin, _ := os.ReadFile("/lib/modules/" + unix.ByteSliceToString(name.Release[:]) + "/modules.builtin")
	return listsTables(string(modules), string(builtin))
}

// listsTables looks into the lists of the modules that are loaded, and of those that are built in.
func listsTables(loaded, builtin string) bool {
	for line := range strings.Lines(loaded) {
		if strings.HasPrefix(line, "nf_tables ") {
			return true
		}
	}
	return strings.Contains(builtin, "/nf_tables.ko\n")
}
