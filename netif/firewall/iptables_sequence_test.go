package firewall

import (
	"testing"

	"pgregory.net/rapid"
)

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
				state = Merge(state, oneVMAC)
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
			if e.whole() && rapid.IntRange(0, 4).Draw(t, "process") == 0 { // a new one knows what the former one had dropped
				f.failAt, s, state = 0, last, e.state
				e = f.engine(e.say)
			}
			last = s
			err := e.apply(s, state)
			before = State{} // nothing is promised before the next success
			if err == nil {
				before = state
			}
			if !e.whole() {
				continue
			}
			var want plan
			for i, p := range e.pieces {
				if p.used {
					of := s
					if p.lacks == s.Sets {
						of.Sets = Sets{}
					}
					one := newPlan(of, parts[i], state)
					want = want.with(&one)
				}
			}
			f.wantPlan(t, "afterwards", want)
		}
		f.after, f.failAt = nil, 0
		if err := e.remove(); err != nil {
			t.Fatal(err)
		}
		f.wantPlan(t, "at the end", plan{})
	})
}

// whole tells whether every part was reached.
func (t *ipTables) whole() bool {
	for _, p := range t.pieces {
		if !p.known {
			return false
		}
	}
	return true
}
