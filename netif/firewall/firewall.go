package firewall

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
)

// engine is one of the two ways. One that has not been applied leaves the kernel alone.
type engine interface {
	probe(Settings, State) error
	apply(Settings, State) error
	intact() (bool, error)
	clear(Settings, State) (bool, error)
	remove() error
}

// Firewall is that of this process. It is not for several goroutines at a time, except for Probe.
type Firewall struct {
	table, chains engine
	say           func(string)
}

// New makes a firewall. Nothing is changed before the first Apply. It calls say when it goes on in another way than it
// is asked to, with the reason, and start for the commands of iptables.
func New(say func(string), start Start) *Firewall {
	return &Firewall{table: &nfTable{}, chains: newIPTables(say, start), say: say}
}

// Problem is an error of one or of both families. The other one is nil.
type Problem struct{ IPv4, IPv6 error }

// problem is nil where there is none.
func problem(ipv4, ipv6 error) error {
	if ipv4 == nil && ipv6 == nil {
		return nil
	}
	return &Problem{ipv4, ipv6}
}

func (p *Problem) Error() string { return errors.Join(p.IPv4, p.IPv6).Error() }

// Unwrap gives the errors of both families.
func (p *Problem) Unwrap() []error {
	return slices.DeleteFunc([]error{p.IPv4, p.IPv6}, func(err error) bool { return err == nil })
}

// Concerns is what of an error of Probe or Apply is about the addresses of a state, nil for nothing.
func Concerns(err error, state State) error {
	p := (*Problem)(nil)
	if state.Empty() || !errors.As(err, &p) {
		return err
	}
	var about Problem
	if state.parts()&dropIPv4 != 0 {
		about.IPv4 = p.IPv4
	}
	if state.parts()&dropIPv6 != 0 {
		about.IPv6 = p.IPv6
	}
	return problem(about.IPv4, about.IPv6)
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
// time. What a former process has left under the same settings is taken over; rules of iptables without sets only for
// what is wanted, because others cannot be told from those of the administrator. Parts that were needed once stay, empty,
// until Remove.
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

// Clear takes what a process that nobody could clean up after has left of a state out of the kernel, and tells whether
// there was anything: its addresses would stay dropped for good where Apply has no reason to make rules. Rules of iptables
// without sets stay, because they cannot be told from those of the administrator. What is dropped by Apply is to be no
// part of the state.
func (f *Firewall) Clear(s Settings, left State) (bool, error) {
	tables, err := f.table.clear(s, left)
	if s.Chains.In == "" {
		return tables, err
	}
	chains, more := f.chains.clear(s, left)
	return tables || chains, errors.Join(err, more)
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

// Release takes what a dead process has left of a state out of the kernel. Nobody else may want it. It is the last one
// where no process is to come. It finds out whether the host has iptables, which may take a while.
func Release(s Settings, left State, last bool) error {
	if s.Chains.In != "" && !Instead(Legacy((*exec.Cmd).Start)) {
		return releaseChains(s, left, (*exec.Cmd).Start)
	}
	return releaseTable(s, left, last)
}
