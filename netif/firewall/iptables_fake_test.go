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
	chains  map[chainOf][]string
	sets    map[string]map[member]bool
	kinds   map[string]ipset // what else there is of a set
	noSets  bool             // the kernel has none
	noMatch bool             // the kernel has sets, and no rule can go by them
	odd     bool             // rules are listed in other words
	calls   int              // that may change something
	failAt  int              // the call that fails; 0: none
	after   func()           // after each change
}

// chainOf is a chain of a family.
type chainOf struct {
	ipv6  bool
	chain string
}

// newFakeHost has the chains IN, OUT and NEW, each with a rule of somebody else.
func newFakeHost() *fakeHost {
	f := &fakeHost{chains: map[chainOf][]string{}, sets: map[string]map[member]bool{}, kinds: map[string]ipset{}}
	for _, ipv6 := range []bool{false, true} {
		for _, chain := range allChains {
			f.chains[chainOf{ipv6, chain}] = []string{others}
		}
	}
	return f
}

var allChains = []string{"IN", "OUT", "NEW"}

const others = "-j RETURN"

func (f *fakeHost) engine(say func(string)) *ipTables {
	return &ipTables{commands: fakeCommands{f}, sets: fakeSets{f}, say: say}
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
	rules, ok := f.chains[chainOf{ipv6, chain}]
	if !ok {
		return nil, errNoChain
	}
	rules = slices.Clone(rules)
	if f.odd {
		for i := range rules {
			rules[i] = strings.ToUpper(rules[i])
		}
	}
	return rules, nil
}

func (f fakeCommands) commit(ipv6 bool, steps []step) error {
	return f.change(func() error {
		chains := maps.Clone(f.chains)
		for _, s := range steps {
			key := chainOf{ipv6, s.chain}
			rules, ok := chains[key]
			if name := setOf(s.words); !ok || s.ipv6 != ipv6 && !s.removes {
				return errors.New("no such chain")
			} else if name != "" && !s.removes && (f.noMatch || f.sets[name] == nil) {
				return fmt.Errorf("%w: there is no set %s", errNoSets, name)
			}
			switch at := slices.Index(rules, s.words); {
			case s.removes && at < 0:
				return errors.New("there is no such rule")
			case s.removes:
				chains[key] = slices.Delete(slices.Clone(rules), at, at+1)
			case s.first:
				chains[key] = append([]string{s.words}, rules...)
			default:
				chains[key] = append(slices.Clone(rules), s.words)
			}
		}
		f.chains = chains
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
			f.sets[s.name], f.kinds[s.name] = map[member]bool{}, s
		}
		return nil
	})
}

func (f fakeSets) members(s ipset) ([]member, bool, error) {
	if kind, ok := f.kinds[s.name]; f.noSets || ok && (kind.links != s.links || kind.ipv6 != s.ipv6) {
		return nil, false, errors.New("no module, or another type")
	}
	list, there := f.sets[s.name]
	return slices.Collect(maps.Keys(list)), there, nil
}

func (f fakeSets) flush(name string) error {
	return f.change(func() error { clear(f.sets[name]); return nil })
}

func (f fakeSets) add(name string, m member) error {
	return f.change(func() error {
		if f.sets[name] == nil || len(f.sets[name]) == fakeMembers {
			return errors.New("no such set, or it is full")
		}
		f.sets[name][m] = true
		return nil
	})
}

// fakeMembers is how many members a set takes.
const fakeMembers = 8

func (f fakeSets) remove(name string, m member) error {
	return f.change(func() error {
		if !m.everything() { // the kernel looks for an address then, and does not find it
			delete(f.sets[name], m)
		}
		return nil
	})
}

func (f fakeSets) destroy(s ipset) error {
	name := s.name
	if _, there, err := f.members(s); err != nil || !there {
		return nil
	}
	return f.change(func() error {
		for _, rules := range f.chains {
			if slices.ContainsFunc(rules, func(words string) bool { return setOf(words) == name }) {
				return errors.New("a rule goes by it")
			}
		}
		delete(f.sets, name)
		delete(f.kinds, name)
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
		for _, chain := range allChains {
			fmt.Fprintln(&b, ipv6, chain, strings.Join(f.chains[chainOf{ipv6, chain}], "; "))
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
			key := chainOf{r.ipv6, r.chain}
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
	last := map[chainOf]int{}
	for _, r := range g {
		key := chainOf{r.ipv6, r.chain}
		at := slices.Index(f.chains[key], r.words)
		if before, ok := last[key]; ok && at < before {
			t.Fatalf("%s `%s` comes too early in %v", when, r.words, f.chains[key])
		}
		last[key] = at
	}
}

// drops tells whether a packet to an address is dropped.
func (f *fakeHost) drops(s Settings, d Drop) bool {
	in := planOf(Settings{Chains: s.Chains}, State{Drops: []Drop{d}}.parts(), State{Drops: []Drop{d}}).groups[0]
	last := in[len(in)-1]
	if slices.Contains(f.chains[chainOf{last.ipv6, last.chain}], last.words) {
		return true
	}
	for name, list := range f.sets {
		for m := range list {
			if m.prefix.Addr() == d.Addr && slices.ContainsFunc(f.chains[chainOf{d.Addr.Is6(), s.Chains.In}], func(words string) bool {
				return setOf(words) == name && strings.HasSuffix(words, "-j DROP")
			}) {
				return true
			}
		}
	}
	return false
}

// planOf are the plans of all parts together.
func planOf(s Settings, of part, state State) plan {
	var all plan
	for _, p := range parts {
		if of&p != 0 {
			one := newPlan(s, p, state)
			all = all.with(&one)
		}
	}
	return all
}
