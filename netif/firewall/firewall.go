package firewall

import (
	"errors"
	"fmt"
)

// engine is one of the two ways. One that has not been applied leaves the kernel alone.
type engine interface {
	probe(Settings, State) error
	apply(Settings, State) error
	intact() (bool, error)
	remove() error
}

// Firewall is that of this process. It is not for several goroutines at a time, except for Probe.
type Firewall struct {
	table, chains engine
	say           func(string)
}

// New makes a firewall. Nothing is changed before the first Apply. It calls say when it goes on in another way than it
// is asked to, with the reason.
func New(say func(string)) *Firewall {
	return &Firewall{table: &nfTable{}, chains: newIPTables(say), say: say}
}

// engines are the one that the settings ask for, and the other one.
func (f *Firewall) engines(s Settings) (wanted, other engine) {
	if s.Chains.In != "" {
		return f.chains, f.table
	}
	return f.table, f.chains
}

// Probe tells whether this process can apply what the settings and the state say. The error says what to do. It may be
// called beside the other calls.
func (f *Firewall) Probe(s Settings, state State) error {
	wanted, _ := f.engines(s)
	return wanted.probe(s, state)
}

// Apply makes the kernel drop what the settings and the state say. What is wanted before and after is dropped all the
// time. What a former process has left is taken over. Parts that were needed once stay, empty, until Remove.
func (f *Firewall) Apply(s Settings, state State) error {
	wanted, other := f.engines(s)
	if err := wanted.apply(s, state); err != nil {
		return err
	}
	if err := other.remove(); err != nil {
		f.say(fmt.Sprintf("what dropped packets before stays: %v", err))
	}
	return nil
}

// Intact tells whether the kernel still has what Apply has made. When it has not, because somebody has emptied the
// ruleset, the next Apply makes it anew.
func (f *Firewall) Intact() (bool, error) {
	for _, e := range []engine{f.table, f.chains} {
		if intact, err := e.intact(); !intact || err != nil {
			return intact, err
		}
	}
	return true, nil
}

// Remove takes away what Apply has made, as far as it is there.
func (f *Firewall) Remove() error { return errors.Join(f.table.remove(), f.chains.remove()) }

// Release takes what a dead process has left of a state out of the kernel. Nobody else may want it. It finds out whether
// the host has iptables, which may take a while.
func Release(s Settings, left State) error {
	if s.Chains.In != "" && Legacy() == nil {
		return releaseChains(s, left)
	}
	return releaseTable(s, left)
}
