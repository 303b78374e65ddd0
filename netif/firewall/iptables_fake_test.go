package firewall

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var errFake = errors.New("it has failed")

// fakeHost has chains and sets in memory.
type fakeHost struct {
	chains  map[listed][]string
	sets    map[string]map[member]bool
	noSets  bool   // the kernel has none
	noMatch bool   // the kernel has sets, and no rule can go by them
	calls   int    // that may change something
	failAt  int    // the call that fails; 0: none
	after   func() // after each change
}

// newFakeHost has the chains IN and OUT, each with a rule of somebody else.
func newFakeHost() *fakeHost {
	f := &fakeHost{chains: map[listed][]string{}, sets: map[string]map[member]bool{}}
	for _, ipv6 := range []bool{false, true} {
		for _, chain := range []string{"IN", "OUT"} {
			f.chains[listed{ipv6, chain}] = []string{others}
		}
	}
	return f
}

const others = "-j RETURN"

func (f *fakeHost) engine(say func(string)) *ipTables {
	return &ipTables{open: func() (commands, error) { return fakeCommands{f}, nil }, sets: fakeSets{f}, say: say}
}

// change makes one change.
func (f *fakeHost) change(do func() error) error {
	f.calls++
	if f.calls == f.failAt {
		return errFake
	}
	err := do()
	if f.after != nil {
		f.after()
	}
	return err
}

type fakeCommands struct{ *fakeHost }

func (f fakeCommands) list(ipv6 bool, chain string) ([]string, error) {
	rules, ok := f.chains[listed{ipv6, chain}]
	if !ok {
		return nil, errNoChain
	}
	return slices.Clone(rules), nil
}

func (f fakeCommands) add(r chainRule) error {
	return f.change(func() error {
		if name := setOf(r.words); name != "" && (f.noMatch || f.sets[name] == nil) {
			return fmt.Errorf("%w: there is no set %s", errNoSets, name)
		}
		key := listed{r.ipv6, r.chain}
		at := len(f.chains[key])
		if r.first {
			at = 0
		}
		f.chains[key] = slices.Insert(f.chains[key], at, r.words)
		return nil
	})
}

func (f fakeCommands) remove(r chainRule) error {
	return f.change(func() error {
		key := listed{r.ipv6, r.chain}
		at := slices.Index(f.chains[key], r.words)
		if at < 0 {
			return errors.New("there is no such rule")
		}
		f.chains[key] = slices.Delete(f.chains[key], at, at+1)
		return nil
	})
}

// setOf is the set that a rule goes by.
func setOf(words string) string {
	_, rest, _ := strings.Cut(words, "--match-set ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}

type fakeSets struct{ *fakeHost }

func (f fakeSets) create(s ipset) error {
	return f.change(func() error {
		if f.noSets {
			return errors.New("no module")
		}
		if f.sets[s.name] == nil {
			f.sets[s.name] = map[member]bool{}
		}
		return nil
	})
}

func (f fakeSets) members(name string) ([]member, bool, error) {
	if f.noSets {
		return nil, false, errors.New("no module")
	}
	list, there := f.sets[name]
	return slices.Collect(maps.Keys(list)), there, nil
}

func (f fakeSets) add(name string, m member) error {
	return f.change(func() error {
		if f.sets[name] == nil {
			return errors.New("no such set")
		}
		f.sets[name][m] = true
		return nil
	})
}

func (f fakeSets) remove(name string, m member) error {
	return f.change(func() error { delete(f.sets[name], m); return nil })
}

func (f fakeSets) destroy(name string) error {
	return f.change(func() error {
		for _, rules := range f.chains {
			if slices.ContainsFunc(rules, func(words string) bool { return setOf(words) == name }) {
				return errors.New("a rule goes by it")
			}
		}
		delete(f.sets, name)
		return nil
	})
}

// text shows what there is.
func (f *fakeHost) text() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f.sets)) {
		var list []string
		for m := range f.sets[name] {
			list = append(list, fmt.Sprint(m))
		}
		slices.Sort(list)
		fmt.Fprintln(&b, name, list)
	}
	for _, ipv6 := range []bool{false, true} {
		for _, chain := range []string{"IN", "OUT"} {
			fmt.Fprintln(&b, ipv6, chain, strings.Join(f.chains[listed{ipv6, chain}], "; "))
		}
	}
	return b.String()
}

// failer is a test, of whatever kind.
type failer interface {
	Helper()
	Fatalf(format string, arguments ...any)
}

// wantPlan has exactly what a plan says, beside what others have.
func (f *fakeHost) wantPlan(t failer, when string, pl plan) {
	t.Helper()
	want := newFakeHost()
	for _, s := range pl.sets {
		want.sets[s.name] = map[member]bool{}
		for _, m := range s.members {
			want.sets[s.name][m] = true
		}
	}
	for _, g := range pl.groups {
		for _, r := range g {
			key := listed{r.ipv6, r.chain}
			want.chains[key] = append(want.chains[key], r.words)
		}
	}
	got := newFakeHost()
	got.sets = f.sets
	for key, rules := range f.chains {
		got.chains[key] = slices.Clone(rules)
	}
	for _, one := range []*fakeHost{got, want} { // groups may have come in any order
		for _, rules := range one.chains {
			slices.Sort(rules)
		}
	}
	if got.text() != want.text() {
		t.Fatalf("%s the host has\n%swant\n%s", when, got.text(), want.text())
	}
	for _, g := range pl.groups {
		f.wantOrder(t, when, g)
	}
}

// wantOrder has the rules of a group in their order.
func (f *fakeHost) wantOrder(t failer, when string, g group) {
	t.Helper()
	last := map[listed]int{}
	for _, r := range g {
		key := listed{r.ipv6, r.chain}
		at := slices.Index(f.chains[key], r.words)
		if before, ok := last[key]; ok && at < before {
			t.Fatalf("%s `%s` comes too early in %v", when, r.words, f.chains[key])
		}
		last[key] = at
	}
}

// drops tells whether a packet to an address is dropped.
func (f *fakeHost) drops(s Settings, d Drop) bool {
	in := planByAddress(s.Chains, State{Drops: []Drop{d}}).groups[0]
	last := in[len(in)-1]
	if slices.Contains(f.chains[listed{last.ipv6, last.chain}], last.words) {
		return true
	}
	for name, list := range f.sets {
		for m := range list {
			if m.prefix.Addr() == d.Addr && slices.ContainsFunc(f.chains[listed{d.Addr.Is6(), s.Chains.In}], func(words string) bool {
				return setOf(words) == name && strings.HasSuffix(words, "-j DROP")
			}) {
				return true
			}
		}
	}
	return false
}
