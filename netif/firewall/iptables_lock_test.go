package firewall

import "testing"

// lockedCommands find the lock held while locked is set.
type lockedCommands struct {
	fakeCommands
	locked bool
	tries  int
}

func (l *lockedCommands) lock() error {
	if !l.locked {
		return nil
	}
	l.tries++
	return &commandError{"iptables", statusLocked, "somebody has the lock"}
}

func (l *lockedCommands) list(ipv6 bool, chain string) ([]string, error) {
	if err := l.lock(); err != nil {
		return nil, err
	}
	return l.fakeCommands.list(ipv6, chain)
}

func (l *lockedCommands) commit(ipv6 bool, steps []step) error {
	if err := l.lock(); err != nil {
		return err
	}
	return l.fakeCommands.commit(ipv6, steps)
}

// TestLock waits for the lock once in a change, however many addresses it is about, and looks again afterwards.
func TestLock(t *testing.T) {
	many := namedDrops("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2", "fe80::1")
	for _, sets := range []Sets{allSets, {}} {
		f, s := newFakeHost(), settingsOf(sets)
		l := &lockedCommands{fakeCommands: fakeCommands{f}, locked: true}
		e := &ipTables{commands: l, sets: fakeSets{f}, say: func(string) {}}
		once := func(what string, do func() error, wantErr bool) {
			t.Helper()
			l.tries = 0
			if err := do(); l.tries != 1 || err != nil != wantErr {
				t.Errorf("%s, sets %v: it waits %d times, %v", what, sets != Sets{}, l.tries, err)
			}
		}
		once("probe", func() error { return e.probe(s, many) }, false)
		once("apply", func() error { return e.apply(s, many) }, true)
		once("release", func() error { return releaseParts(&impatient{commands: l}, fakeSets{f}, s, many) }, true)
		if intact, err := e.intact(); intact || err != nil {
			t.Errorf("%v, %v", intact, err)
		}
		l.locked = false
		if err := e.apply(s, many); err != nil {
			t.Fatal(err)
		}
		if intact, err := e.intact(); !intact || err != nil {
			t.Errorf("%v, %v", intact, err)
		}
		f.wantPlan(t, "without the lock", planOf(s, many.parts(), many))
		l.locked = true
		once("remove", e.remove, true)
	}
}

// noIPv6 are the commands of a host whose ip6tables does not work, as where the kernel has no IPv6.
type noIPv6 struct{ fakeCommands }

func (n noIPv6) list(ipv6 bool, chain string) ([]string, error) {
	if ipv6 {
		return nil, &commandError{"ip6tables -S", 3, "can't initialize ip6tables table `filter'"}
	}
	return n.fakeCommands.list(ipv6, chain)
}

// TestVMACsWithoutIPv6 has links with a virtual MAC of IPv4 only need nothing of ip6tables.
func TestVMACsWithoutIPv6(t *testing.T) {
	f, s := newFakeHost(), settingsOf(Sets{})
	e := &ipTables{commands: noIPv6{fakeCommands{f}}, sets: fakeSets{f}, say: func(text string) { t.Errorf("said: %s", text) }}
	state := State{VMACs: []VMAC{{Name: "vrrp.1", Index: 5, Base: 2, IPv4: true}}}
	if err := e.apply(s, state); err != nil {
		t.Error(err)
	}
	if intact, err := e.intact(); !intact || err != nil {
		t.Error(intact, err)
	}
}
