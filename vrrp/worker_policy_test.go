package vrrp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/netif"
)

// fakeRoutes notes what it is asked for, between the addresses of fakeAddresses.
type fakeRoutes struct {
	calls   []string
	refuses map[string]error // by call
}

func (f *fakeRoutes) note(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	f.calls = append(f.calls, call)
	return f.refuses[call]
}

func (f *fakeRoutes) AddAddress(a netif.Address) error    { return f.note("+%s", a.Prefix.Addr()) }
func (f *fakeRoutes) DeleteAddress(a netif.Address) error { return f.note("-%s", a.Prefix.Addr()) }
func (f *fakeRoutes) AddRoute(r netif.Route) error        { return f.note("+route %s", r.Dst) }
func (f *fakeRoutes) DeleteRoute(r netif.Route) error     { return f.note("-route %s", r.Dst) }
func (f *fakeRoutes) AddRule(r netif.Rule) error          { return f.note("+rule %d", r.Preference) }
func (f *fakeRoutes) DeleteRule(r netif.Rule) error       { return f.note("-rule %d", r.Preference) }

func routeTo(s string) config.Route { return config.Route{Family: 4, Dst: netip.MustParsePrefix(s)} }

// untracked is the same route to the kernel.
func untracked(r config.Route) config.Route { r.NoTrack = true; return r }

// TestPolicyOrder has routes and rules after the addresses when they come, and before them when they go, in the opposite
// order.
func TestPolicyOrder(t *testing.T) {
	one, two := routeTo("10.1.0.0/24"), routeTo("10.2.0.0/24")
	first, second := config.Rule{Family: 4, Preference: 1}, config.Rule{Family: 4, Preference: 2}
	whole := policy{[]config.Route{one, two}, []config.Rule{first, second}}
	address := []netif.Address{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Dev: "eth0"}}
	exists := map[string]error{"+route 10.1.0.0/24": unix.EEXIST}
	const comes, goes = "+192.0.2.1 +route 10.1.0.0/24 +route 10.2.0.0/24 +rule 1 +rule 2", "-rule 2 -rule 1 -route 10.2.0.0/24 -route 10.1.0.0/24 -192.0.2.1"
	for _, c := range []struct {
		name    string
		refuses map[string]error
		ask     func(w *kernelWorker)
		want    string
		failed  int
	}{
		{"Master", nil, func(w *kernelWorker) {
			w.want("a", "A", address, nil)
			w.wantPolicy("a", "A", whole, policy{}, false)
		}, comes, 0},
		{"leaving", nil, func(w *kernelWorker) {
			w.wantPolicy("a", "A", policy{}, whole, false)
			w.want("a", "A", nil, address)
		}, goes, 0},
		{"Master and away before anything is done", nil, func(w *kernelWorker) {
			w.want("a", "A", address, nil)
			w.wantPolicy("a", "A", whole, policy{}, false)
			w.wantPolicy("a", "A", policy{}, whole, false)
			w.want("a", "A", nil, address)
		}, goes, 0},
		{"a reload", nil, func(w *kernelWorker) {
			w.wantPolicy("a", "A", policy{routes: []config.Route{two}}, whole.less(policy{routes: []config.Route{two}}), true)
		}, "-rule 2 -rule 1 -route 10.1.0.0/24 +route 10.2.0.0/24", 0},
		{"moved to another instance", nil, func(w *kernelWorker) {
			w.wantPolicy("a", "A", policy{}, policy{routes: []config.Route{one}}, false)
			w.wantPolicy("b", "B", policy{routes: []config.Route{one}}, policy{}, false)
		}, "+route 10.1.0.0/24", 0},
		{"shared by two Masters, the newer one of which leaves", nil, func(w *kernelWorker) {
			w.want("a", "A", address, nil)
			w.wantPolicy("a", "A", whole, policy{}, false)
			w.want("b", "B", address, nil)
			w.wantPolicy("b", "B", policy{routes: []config.Route{untracked(one)}, rules: whole.rules}, policy{}, false)
			w.wantPolicy("b", "B", policy{}, policy{routes: []config.Route{untracked(one)}, rules: whole.rules}, false)
			w.want("b", "B", nil, address)
		}, comes, 0},
		{"shared by two Masters that leave", nil, func(w *kernelWorker) {
			w.want("a", "A", address, nil)
			w.want("b", "B", address, nil)
			w.want("b", "B", nil, address)
			w.want("a", "A", nil, address)
		}, "-192.0.2.1 -192.0.2.1", 0},
		{"there already", exists, func(w *kernelWorker) {
			w.wantPolicy("a", "A", policy{routes: []config.Route{one}}, policy{}, false)
		}, "+route 10.1.0.0/24", 1},
		{"there from a former process", exists, func(w *kernelWorker) {
			w.wantPolicy("a", "A", policy{routes: []config.Route{one}}, policy{}, true)
		}, "+route 10.1.0.0/24", 0},
		{"put back", exists, func(w *kernelWorker) { w.putBack("a", "A", whole) },
			"+route 10.1.0.0/24 +route 10.2.0.0/24 +rule 1 +rule 2", 0},
		{"put back, and away", nil, func(w *kernelWorker) {
			w.putBack("a", "A", whole)
			w.wantPolicy("a", "A", policy{}, policy{routes: []config.Route{one}}, false)
		}, "-route 10.1.0.0/24", 0},
	} {
		kernel := &fakeRoutes{refuses: c.refuses}
		results := make(chan result, 8)
		w := newKernelWorker(Options{Kernel: kernel, Routes: kernel}, results)
		c.ask(w)
		w.close()
		w.run()
		if got, want := fmt.Sprint(kernel.calls), "["+c.want+"]"; got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
		if len(results) != c.failed {
			t.Errorf("%s: %d failures, want %d", c.name, len(results), c.failed)
		}
	}
}

// TestStaticLost tells the engine what the kernel refuses, and says it once.
func TestStaticLost(t *testing.T) {
	refused := errors.New("refused")
	kernel := &fakeRoutes{refuses: map[string]error{"+route 10.1.0.0/24": refused}}
	results := make(chan result, 8)
	w := newKernelWorker(Options{Kernel: kernel, Routes: kernel}, results)
	is := policy{routes: []config.Route{routeTo("10.1.0.0/24"), routeTo("10.2.0.0/24")}}
	for range 2 {
		w.wantPolicy(staticKey, staticName, is, policy{}, true)
		w.release()
		j, _ := w.take()
		w.work(j)
	}
	kernel.refuses = nil
	w.putBack(staticKey, staticName, is)
	w.release()
	j, _ := w.take()
	w.work(j)
	kernel.refuses = map[string]error{"+192.0.2.1": refused, "+route 10.1.0.0/24": refused}
	w.want(staticKey, staticName, []netif.Address{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Dev: "eth0"}}, nil)
	w.putBack(staticKey, staticName, is)
	w.release()
	j, _ = w.take()
	w.work(j)
	w.want(staticKey, staticName, nil, nil) // a reload has removed both
	w.wantPolicy(staticKey, staticName, policy{routes: is.routes[1:]}, policy{routes: is.routes[:1]}, true)
	w.release()
	j, _ = w.take()
	w.work(j)
	close(results)
	var told []string
	for r := range results {
		told = append(told, fmt.Sprint(r.err, len(r.lost)))
	}
	if want := []string{"adding refused 0", "<nil> 1", "<nil> 1", "<nil> 0",
		"adding address: refused 0", "putting back refused 0", "<nil> 2", "<nil> 0"}; !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}
