package firewall

import (
	"errors"
	"strings"
	"testing"
)

// fakeEngine writes down what it is asked for.
type fakeEngine struct {
	name          string
	calls         *[]string
	fails, broken error
}

func (f *fakeEngine) note(call string, err error) error {
	*f.calls = append(*f.calls, f.name+" "+call)
	return err
}

func (f *fakeEngine) probe(Settings, State) error { return f.note("probe", f.fails) }
func (f *fakeEngine) apply(Settings, State) error { return f.note("apply", f.fails) }
func (f *fakeEngine) intact() (bool, error)       { return f.broken == nil, f.note("intact", nil) }
func (f *fakeEngine) remove() error               { return f.note("remove", f.broken) }
func (f *fakeEngine) clear(Settings, State) (bool, error) {
	return f.broken != nil, f.note("clear", nil)
}

// TestEngines has the other engine go after the wanted one has come, and stay while that fails.
func TestEngines(t *testing.T) {
	var calls, said []string
	nft, ipt := &fakeEngine{name: "nft", calls: &calls}, &fakeEngine{name: "ipt", calls: &calls}
	f := &Firewall{table: nft, chains: ipt, say: func(text string) { said = append(said, text) }}
	fault, chains := errors.New("fault"), settingsOf(allSets)
	for _, c := range []struct {
		name string
		do   func() error
		want string
		err  error
	}{
		{"nftables", func() error { return f.Apply(Settings{}, four) }, "nft apply, ipt remove", nil},
		{"a probe", func() error { return f.Probe(chains, four) }, "ipt probe", nil},
		{"iptables fails", func() error { ipt.fails = fault; return f.Apply(chains, four) }, "ipt apply", fault},
		{"iptables", func() error { ipt.fails = nil; return f.Apply(chains, four) }, "ipt apply, nft remove", nil},
		{"nftables stays", func() error { nft.broken = fault; return f.Apply(chains, four) }, "ipt apply, nft remove", nil},
		{"what was left of either", func() error { return left(f, chains, true) }, "nft clear, ipt clear", nil},
		{"what was left of nftables", func() error { return left(f, Settings{}, true) }, "nft clear", nil},
		{"one is broken", func() error { _, err := f.Intact(); return err }, "nft intact", nil},
		{"at the end", func() error { return f.Remove() }, "nft remove, ipt remove", fault},
	} {
		calls = nil
		if err := c.do(); !errors.Is(err, c.err) || strings.Join(calls, ", ") != c.want {
			t.Errorf("%s: %q, %v", c.name, calls, err)
		}
	}
	if intact, err := f.Intact(); intact || err != nil || len(said) != 1 {
		t.Errorf("intact %v, %v; it said %q", intact, err, said)
	}
}

// left tells when Clear does not say whether there was something.
func left(f *Firewall, s Settings, want bool) error {
	had, err := f.Clear(s, four)
	if had != want {
		err = errors.Join(err, errors.New("it does not say what it has found"))
	}
	return err
}

// TestConcerns tells what of an error is about which addresses.
func TestConcerns(t *testing.T) {
	v4, v6, other := errors.New("four"), errors.New("six"), errors.New("other")
	for _, c := range []struct {
		err   error
		state State
		want  error
	}{
		{nil, four, nil}, {other, four, other}, {problem(v4, nil), four, v4}, {problem(v4, nil), six, nil},
		{problem(v4, v6), six, v6}, {problem(nil, v6), Merge(four, six), v6}, {problem(nil, v6), State{}, v6},
	} {
		if got := Concerns(c.err, c.state); (got == nil) != (c.want == nil) || c.want != nil && !errors.Is(got, c.want) {
			t.Errorf("%v of %v: %v, want %v", c.err, c.state, got, c.want)
		}
	}
	if problem(nil, nil) != nil {
		t.Error("no error is one")
	}
}
