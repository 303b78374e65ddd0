package netif

import (
	"testing"
	"time"
)

// TestProber asks the driver of a veth, which knows ethtool alone.
func TestProber(t *testing.T) {
	enterNamespace(t)
	p, err := openProber()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	ip(t, "link add a0 type veth peer name b0")
	for _, step := range []struct {
		change string
		up     bool
	}{{"link set a0 up", false}, {"link set b0 up", true}, {"link set b0 down", false}, {"link set b0 up", true}, {"link set a0 down", false}} {
		ip(t, step.change)
		for by, way := range map[Beat]Beat{AnyBeat: EthtoolBeat, MIIBeat: EthtoolBeat, EthtoolBeat: EthtoolBeat, FlagsBeat: FlagsBeat} {
			up, got := p.up("a0", by, false)
			if by != FlagsBeat && up != step.up || got != way { // the flags follow the carrier a moment later
				t.Errorf("%s: %v asked for, up %v by %v", step.change, by, up, got)
			}
			if up, got := p.up("a0", got, true); by != FlagsBeat && up != step.up || got != way {
				t.Errorf("%s: up %v by %v when asked again", step.change, up, got)
			}
		}
	}
	if up, _ := p.up("nonesuch", AnyBeat, false); up {
		t.Error("an interface that is not there is up")
	}
}

// TestPoller has a link polled: what the kernel says of its carrier does not count until the driver is asked.
func TestPoller(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add a0 type veth peer name b0")
	ip(t, "link add c0 type veth peer name d0")
	for _, name := range []string{"a0", "b0", "c0", "d0"} {
		ip(t, "link set "+name+" up")
	}
	states := make(chan State, 1000)
	await := func(what string, states <-chan State, holds func(State) bool) {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case s := <-states:
				if holds(s) {
					return
				}
			case <-deadline:
				t.Fatalf("no report of: %s", what)
			}
		}
	}
	var chosen []Beat
	p := NewPoller(func(s State, err error) {
		if err != nil {
			t.Errorf("reported error: %v", err)
			return
		}
		states <- s
	}, func(_ string, wanted, way Beat) { chosen = append(chosen, wanted, way) })
	if err := p.Poll(map[string]Beat{"a0": MIIBeat, "e0": AnyBeat, "lo": AnyBeat}); err != nil {
		t.Fatal(err)
	}
	m, err := Watch(p.Take)
	if err != nil {
		t.Fatal(err)
	}
	await("both up, one polled", states, func(s State) bool {
		a, c := s.ByName["a0"], s.ByName["c0"]
		return a.Ready() && a.Beat == EthtoolBeat && c.Ready() && c.Beat == AnyBeat && s.ByName["lo"].Beat == AnyBeat
	})
	ip(t, "link set b0 down")
	ip(t, "link set d0 down")
	await("the polled one down", states, func(s State) bool { return !s.ByName["a0"].Ready() && !s.ByName["c0"].Ready() })
	ip(t, "link set b0 up")
	await("the polled one up", states, func(s State) bool { return s.ByName["a0"].Ready() })
	ip(t, "link add e0 type veth peer name f0")
	ip(t, "link set e0 up")
	ip(t, "link set f0 up")
	await("one that came later", states, func(s State) bool { return s.ByName["e0"].Ready() && s.ByName["e0"].Beat == EthtoolBeat })
	if err := p.Poll(nil); err != nil {
		t.Fatal(err)
	}
	await("none polled", states, func(s State) bool { return s.ByName["a0"].Ready() && s.ByName["a0"].Beat == AnyBeat })
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if len(chosen) != 2 || chosen[0] != MIIBeat || chosen[1] != EthtoolBeat {
		t.Errorf("ways chosen: %v", chosen)
	}
}
