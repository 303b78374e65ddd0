package netif

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watch starts a monitor and returns it with a function that waits until a reported state satisfies a condition.
func watch(t *testing.T) (*Monitor, func(what string, holds func(State) bool) State) {
	t.Helper()
	states := make(chan State, 1000)
	m, err := Watch(func(s State, err error) {
		if err != nil {
			t.Errorf("reported error: %v", err)
			return
		}
		states <- s
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, func(what string, holds func(State) bool) State {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case s := <-states:
				if holds(s) {
					return s
				}
			case <-deadline:
				t.Fatalf("no report of: %s", what)
			}
		}
	}
}

func hasLink(name string, holds func(Link) bool) func(State) bool {
	return func(s State) bool {
		l, ok := s.ByName[name]
		return ok && holds(l)
	}
}

func lacksLink(name string) func(State) bool {
	return func(s State) bool {
		_, ok := s.ByName[name]
		return !ok
	}
}

func hasAddress(a string) func(Link) bool {
	return func(l Link) bool { return slices.Contains(l.Addresses, netip.MustParsePrefix(a)) }
}

func TestMonitorSeesChanges(t *testing.T) {
	enterNamespace(t)
	_, await := watch(t)
	s := await("the loopback at the start", hasLink("lo", Link.Ready))
	if l := s.ByName["lo"]; !l.Loopback || l.Index != 1 || s.ByIndex[1].Name != "lo" || !hasAddress("127.0.0.1/8")(l) {
		t.Errorf("loopback: %+v", l)
	}

	ip(t, "link add a0 type veth peer name b0")
	first := await("a new link, down", hasLink("a0", func(l Link) bool { return !l.Up && !l.Ready() })).ByName["a0"]
	if first.Kind != "veth" || first.MTU != 1500 || first.HardwareAddr == [6]byte{} || first.NoARP || first.Loopback {
		t.Errorf("new link: %+v", first)
	}
	ip(t, "link set a0 up")
	await("up without carrier", hasLink("a0", func(l Link) bool { return l.Up && !l.Running }))
	ip(t, "link set b0 up")
	await("carrier", hasLink("a0", Link.Ready))
	ip(t, "addr add 192.0.2.1/24 dev a0")
	await("a late address", hasLink("a0", hasAddress("192.0.2.1/24")))
	ip(t, "addr add 192.0.2.2/24 dev a0")
	l := await("a second address", hasLink("a0", hasAddress("192.0.2.2/24"))).ByName["a0"]
	if a, ok := l.Primary(4, nil); !ok || a.String() != "192.0.2.1" {
		t.Errorf("primary address %v of %v", a, l.Addresses)
	}
	ip(t, "link set b0 down")
	await("carrier lost", hasLink("a0", func(l Link) bool { return l.Up && !l.Running }))
	ip(t, "link set b0 up")
	await("carrier back", hasLink("a0", Link.Ready))
	ip(t, "addr del 192.0.2.2/24 dev a0")
	await("an address removed", hasLink("a0", func(l Link) bool { return !hasAddress("192.0.2.2/24")(l) }))
	ip(t, "link set a0 address 02:00:00:00:00:01")
	await("another hardware address", hasLink("a0", func(l Link) bool { return l.HardwareAddr == [6]byte{2, 0, 0, 0, 0, 1} }))
	ip(t, "link set a0 mtu 1400")
	await("another MTU", hasLink("a0", func(l Link) bool { return l.MTU == 1400 }))
	ip(t, "link set a0 arp off")
	await("no ARP", hasLink("a0", func(l Link) bool { return l.NoARP }))

	ip(t, "link set a0 down")
	ip(t, "link set a0 name c0")
	s = await("the new name", hasLink("c0", func(l Link) bool { return l.Index == first.Index }))
	if _, ok := s.ByName["a0"]; ok {
		t.Error("the old name is still there after the rename")
	}
	ip(t, "link del c0")
	await("deleted", lacksLink("c0"))
	ip(t, "link add c0 type veth peer name b0")
	await("made again", hasLink("c0", func(l Link) bool { return l.Index != first.Index && len(l.Addresses) == 0 }))
}

// TestMonitorCoalesces holds up the report and makes many changes: there is one report afterwards, or at most the few
// that the changes' end and the reading overlap in, and the last one is the truth.
func TestMonitorCoalesces(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add a0 type veth peer name b0")
	h := open(t)
	const count = 200
	hold, reports := make(chan struct{}), make(chan State, 10*count)
	m, err := Watch(func(s State, err error) {
		<-hold
		if err != nil {
			t.Error(err)
		}
		reports <- s
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		if err := h.AddAddress(Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 32), Dev: "a0"}); err != nil {
			t.Fatal(err)
		}
	}
	close(hold)
	deadline := time.After(patience)
	n := 0
	for done := false; !done; n++ {
		select {
		case s := <-reports:
			done = len(s.ByName["a0"].Addresses) == count
		case <-deadline:
			t.Fatal("the final state was not reported")
		}
	}
	if n > 2 {
		t.Errorf("%d reports, want the one that was held up and the final one", n)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// TestMonitorKeepsQuiet makes the kernel notify of something that the state does not hold, many times.
func TestMonitorKeepsQuiet(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add a0 type veth peer name b0")
	reports := make(chan State, 100)
	m, err := Watch(func(s State, _ error) { reports <- s })
	if err != nil {
		t.Fatal(err)
	}
	next := func() State {
		t.Helper()
		select {
		case s := <-reports:
			return s
		case <-time.After(patience):
			t.Fatal("no report")
		}
		return State{}
	}
	next()
	for i := range 20 {
		ip(t, fmt.Sprintf("link set lo alias number-%d", i))
	}
	ip(t, "link set a0 mtu 1400")
	if s := next(); s.ByName["a0"].MTU != 1400 {
		t.Errorf("a report of nothing new: %+v", s.ByName["a0"])
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestMonitorSurvivesOverrun makes more changes than the socket has room for while the monitor is held up.
func TestMonitorSurvivesOverrun(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add a0 type veth peer name b0")
	h := open(t)
	entered, hold := make(chan struct{}), make(chan struct{})
	reports := make(chan State, 100)
	first := true
	m, err := Watch(func(s State, err error) {
		if err != nil {
			t.Errorf("reported error: %v", err)
		}
		if first {
			first = false
			close(entered)
			<-hold
		}
		reports <- s
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	<-entered
	if err := m.raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		a := Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32), Dev: "a0"}
		if err := h.AddAddress(a); err != nil {
			t.Fatal(err)
		}
	}
	if n := dropped(t, m); n == 0 {
		t.Fatal("nothing was lost: the test does not test")
	}
	close(hold)
	await := func(what string, holds func(State) bool) {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case s := <-reports:
				if holds(s) {
					return
				}
			case <-deadline:
				t.Fatalf("no report of: %s", what)
			}
		}
	}
	await("all addresses", hasLink("a0", func(l Link) bool { return len(l.Addresses) == 500 }))
	ip(t, "link set a0 name c0")
	await("a change after the overrun", hasLink("c0", func(Link) bool { return true }))
}

// dropped is how many notifications the kernel had no room for.
func dropped(t *testing.T, m *Monitor) uint32 {
	t.Helper()
	var info [9]uint32 // SK_MEMINFO_VARS; the last one is SK_MEMINFO_DROPS
	size := uint32(unsafe.Sizeof(info))
	var errno unix.Errno
	err := m.raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil || errno != 0 {
		t.Fatal(errors.Join(err, errno))
	}
	return info[8]
}

// TestMonitorCloses looks for what a closed monitor leaves behind, in each of its states.
func TestMonitorCloses(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add a0 type veth peer name b0")
	h := open(t)
	goroutines := runtime.NumGoroutine()
	for i := range 50 {
		reported := make(chan struct{}, 1000)
		m, err := Watch(func(State, error) { reported <- struct{}{} })
		if err != nil {
			t.Fatal(err)
		}
		if i%3 > 0 {
			<-reported // at rest
		}
		if i%3 == 2 { // being woken
			if err := h.AddAddress(Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 32), Dev: "a0"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		close(reported) // a report after Close panics
	}
	// Close waits for the goroutine's last statement; the runtime counts it for a moment longer.
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
}

// TestReadLeavesOutTentative checks that an address under duplicate address detection is not there yet.
func TestReadLeavesOutTentative(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add a0 type veth peer name b0")
	ip(t, "link set a0 up") // without carrier the detection does not end
	ip(t, "addr add 2001:db8::1/64 dev a0")
	ip(t, "addr add 2001:db8::2/64 dev a0 nodad")
	s, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.ByName["a0"].Addresses); got != "[2001:db8::2/64]" {
		t.Errorf("addresses %s, want [2001:db8::2/64]", got)
	}
}

// TestReadManyLinks reads more than one message of an answer holds.
func TestReadManyLinks(t *testing.T) {
	enterNamespace(t)
	for i := range 60 {
		ip(t, fmt.Sprintf("link add a%d type veth peer name b%d", i, i))
	}
	s, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.ByIndex) != 121 || len(s.ByName) != 121 {
		t.Errorf("%d links by index, %d by name, want 121", len(s.ByIndex), len(s.ByName))
	}
	for i, l := range s.ByIndex {
		if l.Index != i || !s.ByName[l.Name].equal(l) {
			t.Errorf("link %d: %+v", i, l)
		}
	}
}
