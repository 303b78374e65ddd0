package firewall

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// enterNamespace moves the test into a network namespace of its own. The thread ends with the test's goroutine.
func enterNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	t.Cleanup(func() { _ = ns.Close() })
}

// content is what the kernel has in the sets of the tables of a name, by family and set; nil without a table. Chains
// count as sets of rules.
func content(t *testing.T, name string) map[string][]string {
	t.Helper()
	c, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	for _, family := range families {
		tables, err := c.ListTablesOfFamily(family)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if table.Name != name {
				continue
			}
			if all == nil {
				all = map[string][]string{}
			}
			prefix := map[nftables.TableFamily]string{nftables.TableFamilyIPv4: "ip ", nftables.TableFamilyIPv6: "ip6 "}[family]
			readSets(t, c, table, prefix, all)
		}
	}
	return all
}

func readSets(t *testing.T, c *nftables.Conn, table *nftables.Table, prefix string, all map[string][]string) {
	t.Helper()
	sets, err := c.GetSets(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sets {
		list, err := c.GetSetElements(s)
		if err != nil {
			t.Fatal(err)
		}
		words := []string{}
		for _, e := range list {
			words = append(words, word(e.Key)+word(e.Val))
		}
		slices.Sort(words)
		all[prefix+s.Name] = words
	}
}

// word shows a key in a way that a person can compare.
func word(key []byte) string {
	switch len(key) {
	case 1:
		return fmt.Sprint(key[0])
	case 16:
		return netip.AddrFrom16([16]byte(key)).String()
	case 20:
		return fmt.Sprintf("%s.%d", netip.AddrFrom16([16]byte(key)), binary.NativeEndian.Uint32(key[16:]))
	case 32:
		return netip.AddrFrom16([16]byte(key)).String() + "." + strings.TrimRight(string(key[16:]), "\x00")
	case 4:
		return netip.AddrFrom4([4]byte(key)).String()
	}
	return string(key)
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func drops(list ...string) State {
	var s State
	for _, a := range list {
		s.Drops = append(s.Drops, Drop{Addr: addr(a), Index: 1})
	}
	return Merge(s)
}

func (t *nfTable) mustApply(tt *testing.T, s Settings, state State) {
	tt.Helper()
	for range 2 { // the second time changes nothing
		if err := t.apply(s, state); err != nil {
			tt.Fatal(err)
		}
	}
}

func compare(t *testing.T, when string, got, want map[string][]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) || (got == nil) != (want == nil) {
		t.Errorf("%s the kernel has\n%v, want\n%v", when, got, want)
	}
}

func TestTableFollowsState(t *testing.T) {
	enterNamespace(t)
	s := Settings{Priority: -1, Counters: true}
	table := &nfTable{}
	if err := table.probe(s, State{}); err != nil {
		t.Fatal(err)
	}
	compare(t, "before anything", content(t, DefaultTable), nil)
	table.mustApply(t, s, drops("192.0.2.1", "192.0.2.2"))
	compare(t, "with two addresses", content(t, DefaultTable), map[string][]string{"ip vips": {"192.0.2.1", "192.0.2.2"}})
	table.mustApply(t, s, drops("192.0.2.2", "2001:db8::1", "fe80::1"))
	ten := []string{"135", "136"}
	compare(t, "with both families", content(t, DefaultTable), map[string][]string{
		"ip vips": {"192.0.2.2"}, "ip6 vips": {"2001:db8::1"}, "ip6 neighbor-discovery": ten, "ip6 vips_link_local": {"fe80::1.1"}})
	byName := State{Drops: []Drop{{Addr: addr("fe80::2"), Name: "lo"}}}
	table.mustApply(t, s, byName)
	compare(t, "with a name", content(t, DefaultTable), map[string][]string{
		"ip vips": {}, "ip6 vips": {}, "ip6 neighbor-discovery": ten, "ip6 vips_link_local": {}, "ip6 vips_link_local_name": {"fe80::2.lo"}})
	table.mustApply(t, s, State{})
	other := Settings{Table: "other", Priority: 5}
	table.mustApply(t, other, drops("192.0.2.3"))
	compare(t, "under another name", content(t, DefaultTable), nil)
	if got := content(t, "other")["ip vips"]; fmt.Sprint(got) != "[192.0.2.3]" {
		t.Errorf("the table of the other name has %v", got)
	}
	if err := table.remove(); err != nil {
		t.Fatal(err)
	}
	compare(t, "after Remove", content(t, "other"), nil)
}

// TestTableIsTakenOver has one process leave a table, and another one go on with it.
func TestTableIsTakenOver(t *testing.T) {
	enterNamespace(t)
	s := Settings{}
	(&nfTable{}).mustApply(t, s, drops("192.0.2.1", "2001:db8::1"))
	next := &nfTable{}
	next.mustApply(t, s, drops("192.0.2.1", "192.0.2.9"))
	compare(t, "afterwards", content(t, DefaultTable), map[string][]string{"ip vips": {"192.0.2.1", "192.0.2.9"}})
	// Somebody empties the ruleset.
	c, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	c.FlushRuleset()
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	next.mustApply(t, s, drops("192.0.2.1"))
	compare(t, "after a flush", content(t, DefaultTable), map[string][]string{"ip vips": {"192.0.2.1"}})
}

func TestTableWithVMACs(t *testing.T) {
	enterNamespace(t)
	s := Settings{}
	table := &nfTable{}
	vmac := VMAC{Name: "vrrp.1", Index: 7, Base: 2, BaseAddr: addr("fe80::9"), IPv4: true, IPv6: true}
	table.mustApply(t, s, State{VMACs: []VMAC{vmac}, Drops: []Drop{{Addr: addr("192.0.2.1")}}})
	seven, two := word([]byte(index(7))), word([]byte(index(2)))
	want := map[string][]string{
		"ip vmac_map": {seven + two}, "ip vips": {"192.0.2.1"}, "ip6 vmac_map": {seven + two}, "ip6 vmac_set": {seven},
		"ip6 mld-report": {"131", "143"}, "ip6 parent_link_local": {"fe80::9.vrrp.1"}}
	compare(t, "with a VMAC", content(t, DefaultTable), want)
	byIndex := s
	byIndex.IfIndex = true
	table.mustApply(t, byIndex, State{VMACs: []VMAC{vmac}, Drops: []Drop{{Addr: addr("192.0.2.1")}}})
	want["ip6 parent_link_local"] = []string{"fe80::9.7"}
	compare(t, "with indices", content(t, DefaultTable), want)
}

// TestIntact has somebody else change the table in each way.
func TestIntact(t *testing.T) {
	s := Settings{Counters: true}
	vmac := VMAC{Name: "vrrp.1", Index: 7, Base: 2, BaseAddr: addr("fe80::9"), IPv4: true, IPv6: true}
	state := Merge(drops("192.0.2.1", "2001:db8::1", "fe80::1"), State{VMACs: []VMAC{vmac}})
	ip4 := &nftables.Table{Name: DefaultTable, Family: nftables.TableFamilyIPv4}
	vips := &nftables.Set{Table: ip4, Name: setVIPs}
	for _, c := range []struct {
		name   string
		change func(*nftables.Conn)
		intact bool
	}{
		{"nothing", func(*nftables.Conn) {}, true},
		{"all is gone", func(c *nftables.Conn) { c.FlushRuleset() }, false},
		{"a table is gone", func(c *nftables.Conn) { c.DelTable(ip4) }, false},
		{"rules are gone", func(c *nftables.Conn) { c.FlushTable(ip4) }, false},
		{"elements are gone", func(c *nftables.Conn) { c.FlushSet(vips) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			enterNamespace(t)
			table := &nfTable{}
			for range 2 {
				table.mustApply(t, s, state)
				conn, err := nftables.New()
				if err != nil {
					t.Fatal(err)
				}
				c.change(conn)
				if err := conn.Flush(); err != nil {
					t.Fatal(err)
				}
				if got, err := table.intact(); got != c.intact || err != nil {
					t.Fatalf("intact: %v, %v", got, err)
				}
			}
		})
	}
}

func TestTableOfMany(t *testing.T) {
	enterNamespace(t)
	s := Settings{}
	table := &nfTable{}
	var all State
	for i := range 6000 {
		all.Drops = append(all.Drops, Drop{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})})
	}
	for _, state := range []State{{Drops: all.Drops[:1]}, all, {Drops: all.Drops[:2]}, {}} {
		table.mustApply(t, s, Merge(state))
		if got := len(content(t, DefaultTable)["ip vips"]); got != len(state.Drops) {
			t.Fatalf("%d elements, want %d", got, len(state.Drops))
		}
	}
}

func TestReleaseTable(t *testing.T) {
	enterNamespace(t)
	s := Settings{}
	if err := releaseTable(s, drops("192.0.2.1", "fe80::1"), true); err != nil {
		t.Fatalf("without a table: %v", err)
	}
	(&nfTable{}).mustApply(t, s, drops("192.0.2.1", "192.0.2.2", "2001:db8::1", "fe80::1"))
	for _, step := range []struct {
		left State
		want map[string][]string
	}{
		{drops("192.0.2.1", "192.0.2.7", "fe80::1"), map[string][]string{
			"ip vips": {"192.0.2.2"}, "ip6 vips": {"2001:db8::1"}, "ip6 neighbor-discovery": {"135", "136"}, "ip6 vips_link_local": {}}},
		{drops("192.0.2.2", "2001:db8::1"), nil},
	} {
		if err := releaseTable(s, step.left, true); err != nil {
			t.Fatal(err)
		}
		compare(t, "after Release", content(t, DefaultTable), step.want)
	}
}

// TestClearTable takes a dead daemon's elements out of the table, and keeps its hands off one that is not about them.
func TestClearTable(t *testing.T) {
	enterNamespace(t)
	s, f := Settings{}, New(nil, nil)
	clear := func(left State, had bool) {
		t.Helper()
		if got, err := f.Clear(s, left); got != had || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
	clear(drops("192.0.2.1"), false)
	c, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	c.AddTable(&nftables.Table{Name: DefaultTable, Family: nftables.TableFamilyIPv4}) // somebody else's
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	clear(drops("192.0.2.1"), false)
	compare(t, "of somebody else", content(t, DefaultTable), map[string][]string{})

	(&nfTable{}).mustApply(t, s, drops("192.0.2.1", "192.0.2.2", "fe80::1"))
	clear(drops("192.0.2.7", "fd00::1"), false)
	clear(State{}, false)
	clear(drops("192.0.2.1", "192.0.2.7", "fe80::1"), true)
	compare(t, "of what is left", content(t, DefaultTable), map[string][]string{"ip vips": {"192.0.2.2"}})
	clear(drops("192.0.2.2"), true)
	compare(t, "at the end", content(t, DefaultTable), nil)
}

// TestListsTables looks for nf_tables itself among modules of similar names.
func TestListsTables(t *testing.T) {
	for _, row := range []struct {
		loaded, builtin string
		want            bool
	}{
		{"nf_tables 311296 2 nft_compat, Live 0x0\n", "", true},
		{"nft_compat 20480 1 - Live 0x0\nnf_tables 311296 1 nft_compat, Live 0x0\n", "", true},
		{"nf_tables_set 45056 1 - Live 0x0\nx_tables 1 1 nf_tables, Live 0x0\n", "kernel/net/netfilter/nf_tables_set.ko\n", false},
		{"", "kernel/net/netfilter/x_tables.ko\nkernel/net/netfilter/nf_tables.ko\n", true},
		{"", "", false},
	} {
		if got := listsTables(row.loaded, row.builtin); got != row.want {
			t.Errorf("%q, %q: %v", row.loaded, row.builtin, got)
		}
	}
}

// TestReleaseBeforeSuccessor leaves the table of a process whose instances are all Backup.
func TestReleaseBeforeSuccessor(t *testing.T) {
	enterNamespace(t)
	s, next := Settings{}, &nfTable{}
	next.mustApply(t, s, drops("192.0.2.1", "2001:db8::1"))
	next.mustApply(t, s, State{})
	for _, last := range []bool{false, true} {
		if err := releaseTable(s, drops("192.0.2.1", "2001:db8::1"), last); err != nil {
			t.Fatal(err)
		}
		if there := content(t, DefaultTable) != nil; there == last {
			t.Errorf("last %v: there is a table: %v", last, there)
		}
	}
}

// TestTableForgotten looks again at a table that could not be changed.
func TestTableForgotten(t *testing.T) {
	enterNamespace(t)
	s, e := Settings{}, &nfTable{}
	if intact, err := e.intact(); !intact || err != nil {
		t.Errorf("before: %v, %v", intact, err)
	}
	e.mustApply(t, s, drops("192.0.2.1"))
	withCapability(t, false)
	err := e.apply(s, drops("192.0.2.1", "192.0.2.2"))
	withCapability(t, true)
	if err == nil {
		t.Fatal("it needs no capability")
	}
	if intact, err := e.intact(); intact || err != nil {
		t.Errorf("after: %v, %v", intact, err)
	}
}

// withCapability gives the thread of the test the right to change the table, or takes it.
func withCapability(t *testing.T, has bool) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	data[0].Effective &^= 1 << unix.CAP_NET_ADMIN
	if has {
		data[0].Effective |= 1 << unix.CAP_NET_ADMIN
	}
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
}
