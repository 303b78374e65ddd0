package firewall

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
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

// TestChainsFollowState goes through everything that an instance may want, with and without sets, and starts anew between.
func TestChainsFollowState(t *testing.T) {
	four, six := namedDrops("192.0.2.1"), namedDrops("2001:db8::1", "fe80::1")
	vmac := State{VMACs: []VMAC{someVMAC}}
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		e := f.engine(nil)
		var parts part
		for _, state := range []State{four, Merge(four, six), Merge(four, six, vmac), six, {}, Merge(four, vmac)} {
			for range 2 { // the second time nothing changes
				parts |= state.parts()
				if err := e.apply(s, state); err != nil {
					t.Fatal(err)
				}
				f.wantPlan(t, "afterwards", newPlan(s, parts, state))
			}
			before := f.calls
			if intact, err := e.intact(); !intact || err != nil || f.calls != before {
				t.Fatalf("intact %v, %v, %d calls", intact, err, f.calls-before)
			}
		}
		if err := errors.Join(e.remove(), e.remove()); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "at the end", plan{})
	}
}

// TestChainsTakenOver has a new process go on where one has died, with less or with something else.
func TestChainsTakenOver(t *testing.T) {
	former := Merge(namedDrops("192.0.2.1", "2001:db8::1"), State{VMACs: []VMAC{someVMAC}})
	for _, after := range []State{former, namedDrops("192.0.2.1"), namedDrops("192.0.2.2"), {VMACs: []VMAC{someVMAC}}, {}} {
		f, s := newFakeHost(), settingsOf(allSets)
		if err := f.engine(nil).apply(s, former); err != nil {
			t.Fatal(err)
		}
		if err := f.engine(nil).apply(s, after); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "afterwards", newPlan(s, after.parts(), after))
	}
}

// TestChainsDisturbed has somebody else take rules and members away, or set them twice.
func TestChainsDisturbed(t *testing.T) {
	state := Merge(namedDrops("192.0.2.1", "2001:db8::1"), State{VMACs: []VMAC{someVMAC}})
	in6 := listed{true, "IN"}
	for name, disturb := range map[string]func(*fakeHost){
		"all rules":   func(f *fakeHost) { f.chains[in6] = []string{others} },
		"one rule":    func(f *fakeHost) { f.chains[in6] = append(f.chains[in6][:2:2], f.chains[in6][3:]...) },
		"one member":  func(f *fakeHost) { clear(f.sets["v4"]) },
		"a new one":   func(f *fakeHost) { f.sets["v4"][member{prefix: groupsIPv4}] = true },
		"every thing": func(f *fakeHost) { *f = *newFakeHost() },
	} {
		for _, sets := range []Sets{allSets, {}} {
			if sets == (Sets{}) && strings.Contains(name, "e member") || sets == (Sets{}) && name == "a new one" {
				continue
			}
			f, s := newFakeHost(), settingsOf(sets)
			e := f.engine(nil)
			if err := e.apply(s, state); err != nil {
				t.Fatal(err)
			}
			disturb(f)
			if intact, err := e.intact(); intact || err != nil {
				t.Fatalf("%s: intact %v, %v", name, intact, err)
			}
			if err := e.apply(s, state); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			f.wantPlan(t, name, newPlan(s, state.parts(), state))
		}
	}
	f, s := newFakeHost(), settingsOf(Sets{})
	e := f.engine(nil)
	for range 2 { // a process that knew nothing of the first one may have left a rule twice
		f.chains[in6] = append(f.chains[in6], planByAddress(bothChains, namedDrops("2001:db8::1")).groups[0][0].words)
	}
	if err := errors.Join(e.apply(s, state), e.apply(s, State{}), e.remove()); err != nil {
		t.Fatal(err)
	}
	f.wantPlan(t, "after double rules", plan{})
}

// TestChainsSettings has a reload change each setting.
func TestChainsSettings(t *testing.T) {
	state := Merge(namedDrops("192.0.2.1", "2001:db8::1"), State{VMACs: []VMAC{someVMAC}})
	other := allSets
	other.IPv4, other.MLD = "another", "third"
	f := newFakeHost()
	f.chains[listed{false, "NEW"}], f.chains[listed{true, "NEW"}] = nil, nil
	e := f.engine(nil)
	for _, s := range []Settings{settingsOf(allSets), settingsOf(other), settingsOf(Sets{}), {Chains: Chains{In: "IN"}, Sets: allSets}, settingsOf(allSets)} {
		f.after = func() {
			for _, d := range state.Drops {
				if e.used && !f.drops(s, d) {
					t.Fatalf("%v passes, the host has\n%s", d.Addr, f.text())
				}
			}
		}
		if err := e.apply(s, state); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "afterwards", newPlan(s, state.parts(), state))
	}
}

// TestChainsMissing names the chain that has to be made.
func TestChainsMissing(t *testing.T) {
	f := newFakeHost()
	delete(f.chains, listed{true, "OUT"})
	e := f.engine(nil)
	for _, sets := range []Sets{allSets, {}} {
		s := settingsOf(sets)
		four, six := namedDrops("192.0.2.1"), namedDrops("2001:db8::1")
		if err := errors.Join(e.probe(s, four), e.apply(s, four)); err != nil {
			t.Errorf("IPv4 needs nothing of IPv6: %v", err)
		}
		for _, err := range []error{e.probe(s, six), e.apply(s, six)} {
			if !errors.Is(err, errNoChain) || !strings.Contains(err.Error(), "`ip6tables -N OUT`") {
				t.Errorf("%v", err)
			}
		}
	}
	f.chains[listed{true, "OUT"}] = []string{others}
	s, six := settingsOf(allSets), namedDrops("2001:db8::1")
	if err := errors.Join(e.probe(s, six), e.apply(s, six)); err != nil {
		t.Error(err)
	}
	delete(f.chains, listed{true, "OUT"})
	if err := e.remove(); err != nil {
		t.Errorf("a chain that is gone has no rules of ours: %v", err)
	}
}

// TestChainsWithoutSets has each address get rules of its own where the kernel has no sets.
func TestChainsWithoutSets(t *testing.T) {
	for _, f := range []*fakeHost{{noSets: true}, {noMatch: true}} {
		f.chains, f.sets = newFakeHost().chains, newFakeHost().sets
		doWithoutSets(t, f)
	}
}

func doWithoutSets(t *testing.T, f *fakeHost) {
	t.Helper()
	s, said := settingsOf(allSets), 0
	e := f.engine(func(string) { said++ })
	state := namedDrops("192.0.2.1", "2001:db8::1")
	for range 2 {
		if err := e.apply(s, state); err != nil {
			t.Fatal(err)
		}
	}
	f.wantPlan(t, "afterwards", planByAddress(s.Chains, state))
	if intact, err := e.intact(); !intact || err != nil || said != 1 {
		t.Errorf("intact %v, %v; it was said %d times", intact, err, said)
	}
	if err := (&work{newListing(fakeCommands{f}), fakeSets{f}, plan{}}).releaseAll(s, state); err != nil {
		t.Fatal(err)
	}
	f.wantPlan(t, "after the release", plan{})
}

// TestReleaseChains takes out what a dead process has left.
func TestReleaseChains(t *testing.T) {
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		all := namedDrops("192.0.2.1", "192.0.2.2", "2001:db8::1", "fe80::1")
		if err := f.engine(nil).apply(s, all); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ left, rest State }{
			{namedDrops("192.0.2.1", "192.0.2.7", "fe80::1"), namedDrops("192.0.2.2", "2001:db8::1")},
			{namedDrops("192.0.2.2", "2001:db8::1"), State{}},
			{namedDrops("192.0.2.2"), State{}},
		} {
			w := &work{newListing(fakeCommands{f}), fakeSets{f}, plan{}}
			if err := w.releaseAll(s, step.left); err != nil {
				t.Fatal(err)
			}
			want := newPlan(s, all.parts(), step.rest)
			if step.rest.Empty() {
				want = plan{}
			}
			f.wantPlan(t, "after the release", want)
		}
	}
}

// TestReleaseBesideSuccessor has a new process come in at every moment of a release.
func TestReleaseBesideSuccessor(t *testing.T) {
	s, left, now := settingsOf(allSets), namedDrops("192.0.2.1"), namedDrops("192.0.2.5")
	for at := 1; ; at++ {
		f := newFakeHost()
		if err := f.engine(nil).apply(s, left); err != nil {
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
		err := (&work{newListing(fakeCommands{f}), fakeSets{f}, plan{}}).releaseAll(s, left)
		if f.after != nil {
			return // it has ended before
		}
		t.Logf("change %d: %v", at, err)
		if intact, _ := next.intact(); !intact {
			if err := next.apply(s, now); err != nil {
				t.Fatal(err)
			}
		}
		f.wantPlan(t, "in the end", newPlan(s, now.parts(), now))
	}
}

// TestChainsSequences fails at random moments. What is wanted before and after is dropped all the time, and the next
// success leaves exactly what is wanted.
func TestChainsSequences(t *testing.T) {
	addresses := []string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "fe80::1"}
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeHost()
		e := f.engine(func(string) {}) // a set that cannot be made makes it do without sets
		var before State
		var last Settings
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			var state State
			for _, a := range addresses {
				if rapid.Bool().Draw(t, a) {
					state = Merge(state, namedDrops(a))
				}
			}
			if rapid.Bool().Draw(t, "vmac") {
				state = Merge(state, State{VMACs: []VMAC{someVMAC}})
			}
			s := settingsOf(rapid.SampledFrom([]Sets{allSets, {}}).Draw(t, "sets"))
			f.after = func() {
				for _, d := range before.Drops {
					for _, other := range state.Drops {
						if d == other && !f.drops(s, d) {
							t.Fatalf("%v passes", d.Addr)
						}
					}
				}
			}
			f.failAt = f.calls + rapid.IntRange(0, 30).Draw(t, "fails")
			if e.known && rapid.IntRange(0, 4).Draw(t, "process") == 0 { // a new one knows what the former one had dropped
				f.failAt, s = 0, last
				e = f.engine(e.say)
				state = before
			}
			last = s
			if err := e.apply(s, state); err != nil {
				before = State{} // nothing is promised before the next success
				continue
			}
			if e.noSets {
				s.Sets = Sets{}
			}
			f.wantPlan(t, "afterwards", newPlan(s, e.parts, state))
			before = state
		}
		f.after, f.failAt = nil, 0
		if err := e.remove(); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "at the end", plan{})
	})
}
