package firewall

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

var someVMAC = VMAC{Name: "vrrp.1", Index: 7, Base: 2, BaseAddr: addr("fe80::9"), IPv4: true, IPv6: true}

func settingsOf(sets Sets) Settings { return Settings{Chains: bothChains, Sets: sets} }

func namedDrops(list ...string) State {
	s := drops(list...)
	for i := range s.Drops {
		if s.Drops[i].onLink() {
			s.Drops[i].Name = "eth0"
		}
	}
	return s
}

var (
	four    = namedDrops("192.0.2.1")
	six     = namedDrops("2001:db8::1", "fe80::1")
	oneVMAC = State{VMACs: []VMAC{someVMAC}}
)

// TestChainsFollowState goes through everything that an instance may want, with and without sets.
func TestChainsFollowState(t *testing.T) {
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		e := f.engine(nil)
		var used part
		for _, state := range []State{four, Merge(four, six), Merge(four, six, oneVMAC), six, {}, Merge(four, oneVMAC)} {
			used |= state.parts()
			if err := e.apply(s, state); err != nil {
				t.Fatal(err)
			}
			f.wantPlan(t, "afterwards", planOf(s, used, state))
			before := f.calls
			intact, err := e.intact()
			if err = errors.Join(err, e.apply(s, state)); !intact || err != nil || f.calls != before {
				t.Fatalf("intact %v, %v, %d calls", intact, err, f.calls-before)
			}
		}
		if err := errors.Join(e.remove(), e.remove()); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "at the end", plan{})
	}
}

// TestChainsTakenOver has a new process go on where one has died. With sets it may want less or something else.
func TestChainsTakenOver(t *testing.T) {
	former := Merge(namedDrops("192.0.2.1", "2001:db8::1"), oneVMAC)
	other := someVMAC
	other.BaseAddr = addr("fe80::10")
	for _, c := range []struct {
		sets   Sets
		former State
		after  State
	}{
		{allSets, former, former}, {allSets, former, four}, {allSets, former, namedDrops("192.0.2.2")}, {allSets, former, oneVMAC}, {allSets, former, State{}},
		{Sets{}, former, former}, {Sets{}, four, Merge(four, six)}, {Sets{}, oneVMAC, State{VMACs: []VMAC{other}}},
	} {
		f, s := newFakeHost(), settingsOf(c.sets)
		if err := errors.Join(f.engine(nil).apply(s, c.former), f.engine(nil).apply(s, c.after)); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "afterwards", planOf(s, c.after.parts(), c.after))
	}
}

// TestChainsDisturbed has somebody else take rules and members away, or bring some.
func TestChainsDisturbed(t *testing.T) {
	state := Merge(namedDrops("192.0.2.1", "2001:db8::1"), oneVMAC)
	in6 := chainOf{true, "IN"}
	for _, c := range []struct {
		name    string
		sets    bool // there is no such thing without sets
		disturb func(*fakeHost)
	}{
		{"all rules", false, func(f *fakeHost) { f.chains[in6] = []string{others} }},
		{"one rule", false, func(f *fakeHost) { f.chains[in6] = append(f.chains[in6][:2:2], f.chains[in6][3:]...) }},
		{"the order", false, func(f *fakeHost) { f.chains[in6][1], f.chains[in6][3] = f.chains[in6][3], f.chains[in6][1] }},
		{"a member", true, func(f *fakeHost) { clear(f.sets["v4"]) }},
		{"a new member", true, func(f *fakeHost) { f.sets["v4"][member{prefix: groupsIPv4}] = true }},
		{"everything on a link", true, func(f *fakeHost) { f.sets["igmp"][member{netip.MustParsePrefix("0.0.0.0/0"), "eth0"}] = true }},
		{"everything", false, func(f *fakeHost) { *f = *newFakeHost() }},
	} {
		for _, sets := range []Sets{allSets, {}} {
			if c.sets && sets == (Sets{}) {
				continue
			}
			f, s := newFakeHost(), settingsOf(sets)
			e := f.engine(nil)
			if err := e.apply(s, state); err != nil {
				t.Fatal(err)
			}
			c.disturb(f)
			if intact, err := e.intact(); intact || err != nil {
				t.Fatalf("%s: intact %v, %v", c.name, intact, err)
			}
			if err := e.apply(s, state); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			f.wantPlan(t, c.name, planOf(s, state.parts(), state))
		}
	}
}

// TestChainsSettings has a reload change each setting. Meanwhile nothing passes.
func TestChainsSettings(t *testing.T) {
	state := Merge(namedDrops("192.0.2.1", "2001:db8::1"), oneVMAC)
	other := allSets
	other.IPv4, other.MLD = "another", "third"
	f := newFakeHost()
	e := f.engine(nil)
	last := settingsOf(allSets)
	if err := e.apply(last, state); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Settings{last, settingsOf(other), settingsOf(Sets{}), {Chains: Chains{In: "NEW", Out: "OUT"}}, {Chains: Chains{In: "IN"}, Sets: allSets}, settingsOf(allSets)} {
		f.after = func() {
			for _, d := range state.Drops {
				if !f.drops(s, d) && !f.drops(last, d) {
					t.Fatalf("%v passes, the host has\n%s", d.Addr, f.text())
				}
			}
		}
		if err := e.apply(s, state); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "afterwards", planOf(s, state.parts(), state))
		last = s
	}
}

// TestChainsMissing names the chain that has to be made. It does not concern the other family.
func TestChainsMissing(t *testing.T) {
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		delete(f.chains, chainOf{true, "OUT"})
		e := f.engine(nil)
		both := Merge(four, six)
		for _, err := range []error{e.probe(s, both), e.apply(s, both)} {
			if !errors.Is(err, errNoChain) || !strings.Contains(err.Error(), "`ip6tables -N OUT`") {
				t.Errorf("%v", err)
			}
			if Concerns(err, six) == nil || Concerns(err, four) != nil || Concerns(nil, six) != nil {
				t.Errorf("of IPv4 %v, of IPv6 %v", Concerns(err, four), Concerns(err, six))
			}
		}
		if !f.drops(s, four.Drops[0]) {
			t.Error("IPv4 is not dropped")
		}
		f.chains[chainOf{true, "OUT"}] = []string{others}
		if err := errors.Join(e.probe(s, both), e.apply(s, both)); err != nil {
			t.Error(err)
		}
		f.wantPlan(t, "with the chain", planOf(s, both.parts(), both))
		delete(f.chains, chainOf{true, "OUT"})
		if err := e.remove(); err != nil {
			t.Errorf("a chain that is gone has no rules of ours: %v", err)
		}
	}
}

// TestChainsOfVMACs has links with a virtual MAC fail alone, said once, and tried again.
func TestChainsOfVMACs(t *testing.T) {
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		delete(f.chains, chainOf{true, "OUT"})
		said := 0
		e := f.engine(func(string) { said++ })
		state := Merge(four, oneVMAC)
		for range 3 {
			if err := e.apply(s, state); err != nil {
				t.Fatal(err)
			}
			if intact, err := e.intact(); !intact || err != nil {
				t.Fatalf("intact %v, %v", intact, err)
			}
		}
		if said != 1 {
			t.Errorf("it was said %d times", said)
		}
		f.chains[chainOf{true, "OUT"}] = []string{others}
		if intact, err := e.intact(); !intact || err != nil {
			t.Fatalf("intact %v, %v", intact, err)
		}
		f.wantPlan(t, "with the chain", planOf(s, state.parts(), state))
	}
}

// TestChainsWithoutSets has each address get rules of its own where sets cannot be had.
func TestChainsWithoutSets(t *testing.T) {
	state := namedDrops("192.0.2.1", "2001:db8::1")
	many := state
	for i := range fakeMembers {
		many = Merge(many, namedDrops(fmt.Sprintf("192.0.2.%d", i+1)), namedDrops(fmt.Sprintf("2001:db8::%d", i+1)))
	}
	many = Merge(many, namedDrops("192.0.2.100", "2001:db8::100"))
	foreign := ipset{name: "v4", links: true}
	for _, c := range []struct {
		name   string
		host   func(*fakeHost)
		state  State
		before []State
		said   int
		rest   plan
	}{
		{"no sets", func(f *fakeHost) { f.noSets = true }, state, nil, 2, plan{}},
		{"no match", func(f *fakeHost) { f.noMatch = true }, state, nil, 2, plan{}},
		{"a full set", func(*fakeHost) {}, many, []State{state}, 2, plan{}},
		{"a set of somebody else", func(f *fakeHost) { f.sets["v4"], f.kinds["v4"] = map[member]bool{}, foreign }, four, nil, 1, plan{sets: []ipset{foreign}}},
	} {
		f, s, said := newFakeHost(), settingsOf(allSets), 0
		c.host(f)
		e := f.engine(func(string) { said++ })
		for _, state := range append(c.before, c.state, c.state) {
			if err := e.apply(s, state); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		want := planOf(settingsOf(Sets{}), c.state.parts(), c.state)
		want.sets = c.rest.sets
		f.wantPlan(t, c.name, want)
		if intact, err := e.intact(); !intact || err != nil || said != c.said {
			t.Errorf("%s: intact %v, %v; it was said %d times", c.name, intact, err, said)
		}
		if err := releaseParts(&impatient{commands: fakeCommands{f}}, fakeSets{f}, s, c.state); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		f.wantPlan(t, c.name+", after the release", c.rest)
	}
}

// TestChainsInOtherWords does not add what it cannot find again.
func TestChainsInOtherWords(t *testing.T) {
	f, s := newFakeHost(), settingsOf(Sets{})
	f.odd = true
	e := f.engine(nil)
	for range 2 {
		if err := e.apply(s, four); err == nil || !strings.Contains(err.Error(), "in other words") {
			t.Fatalf("%v", err)
		}
	}
	f.wantPlan(t, "afterwards", plan{})
}

// TestReleaseChains takes out what a dead process has left.
func TestReleaseChains(t *testing.T) {
	named := State{VMACs: []VMAC{{Name: "vrrp.1", IPv4: true, IPv6: true}}}
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		all := Merge(namedDrops("192.0.2.1", "192.0.2.2", "2001:db8::1", "fe80::1"), oneVMAC)
		if err := f.engine(nil).apply(s, all); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			left, rest State
			parts      part // with sets
		}{
			{namedDrops("192.0.2.1", "192.0.2.7", "fe80::1"), Merge(namedDrops("192.0.2.2", "2001:db8::1"), oneVMAC), all.parts()},
			{namedDrops("192.0.2.2"), Merge(namedDrops("2001:db8::1"), oneVMAC), all.parts() &^ dropIPv4},
			{named, namedDrops("2001:db8::1"), dropIPv6},
			{namedDrops("192.0.2.2", "2001:db8::1"), State{}, 0},
			{Merge(all, named), State{}, 0},
		} {
			if err := releaseParts(&impatient{commands: fakeCommands{f}}, fakeSets{f}, s, step.left); err != nil {
				t.Fatal(err)
			}
			f.wantPlan(t, "after the release", planOf(s, step.parts, step.rest))
		}
	}
}

// TestClearChains takes a dead daemon's members out of the sets. Rules for addresses may be the administrator's.
func TestClearChains(t *testing.T) {
	all := Merge(namedDrops("192.0.2.1", "192.0.2.2", "fe80::1"), oneVMAC)
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		if err := f.engine(nil).apply(s, all); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			left, rest State
			had        bool
			parts      part // with sets
		}{
			{namedDrops("192.0.2.7", "2001:db8::1"), all, false, all.parts()},
			{namedDrops("192.0.2.1", "fe80::1"), Merge(namedDrops("192.0.2.2"), oneVMAC), true, all.parts() &^ dropIPv6},
			{namedDrops("192.0.2.2"), oneVMAC, true, vmacIPv4 | vmacIPv6},
			{namedDrops("192.0.2.2"), oneVMAC, false, vmacIPv4 | vmacIPv6},
		} {
			if sets == (Sets{}) {
				step.rest, step.had, step.parts = all, false, all.parts()
			}
			if had, err := f.engine(nil).clear(s, step.left); had != step.had || err != nil {
				t.Fatalf("%v, %v", had, err)
			}
			f.wantPlan(t, "afterwards", planOf(s, step.parts, step.rest))
		}
	}
}

// TestReleaseBesideSuccessor has a new process come in at every moment of a release. What it drops stays dropped, after
// it has looked itself at the latest.
func TestReleaseBesideSuccessor(t *testing.T) {
	s, now := settingsOf(allSets), namedDrops("192.0.2.5")
	for at := 1; ; at++ {
		f := newFakeHost()
		if err := f.engine(nil).apply(s, four); err != nil {
			t.Fatal(err)
		}
		next, n := f.engine(nil), 0
		f.after = func() {
			if n++; n == at {
				f.after = nil
				if err := next.apply(s, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		err := releaseParts(&impatient{commands: fakeCommands{f}}, fakeSets{f}, s, four)
		if f.after != nil {
			return // it has ended before
		}
		if err != nil {
			t.Errorf("change %d: %v", at, err)
		}
		if intact, _ := next.intact(); !intact {
			if err := next.apply(s, now); err != nil {
				t.Fatal(err)
			}
		}
		f.wantPlan(t, "in the end", planOf(s, now.parts(), now))
	}
}

// TestChainsAtTheEnd takes away as much as it can.
func TestChainsAtTheEnd(t *testing.T) {
	all := Merge(four, six, oneVMAC)
	for _, sets := range []Sets{allSets, {}} {
		for fails := 1; ; fails++ {
			f, s := newFakeHost(), settingsOf(sets)
			e := f.engine(nil)
			if err := e.apply(s, all); err != nil {
				t.Fatal(err)
			}
			f.failAt = f.calls + fails
			if err := e.remove(); err == nil {
				f.wantPlan(t, "at the end", plan{})
				break
			}
			left := 0
			for _, p := range e.pieces {
				if p.used {
					left++
				}
			}
			if left != 1 {
				t.Errorf("%d parts stay", left)
			}
			if err := e.remove(); err != nil {
				t.Fatal(err)
			}
			f.wantPlan(t, "at the second try", plan{})
		}
	}
}
