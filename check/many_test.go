package check

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/ipvs"
)

// manyServers is a configuration of services with 16 real servers each, asked every 6 s.
func manyServers(services int) config.Config {
	timing := config.Timing{ConnectTimeout: 2 * time.Second, DelayLoop: 6 * time.Second, DelayBeforeRetry: time.Second, Warmup: 6 * time.Second, Retry: 1}
	cfg := config.Config{VirtualServers: make([]config.VirtualServer, services)}
	for i := range cfg.VirtualServers {
		vs := &cfg.VirtualServers[i]
		*vs = config.VirtualServer{
			Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80), Family: 4, Protocol: config.ProtocolTCP,
			Scheduler: config.RR, Forward: config.Forwarding{Method: config.NAT}, Quorum: 1, RealServers: make([]config.RealServer, 16),
		}
		for j := range vs.RealServers {
			addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(16 + j), byte(i >> 8), byte(i)}), 80)
			vs.RealServers[j] = config.RealServer{Addr: addr, Weight: 1, Forward: vs.Forward, Timing: timing, Checkers: []config.Checker{
				{Kind: config.CheckTCP, Timing: timing, Conn: config.Connection{Addr: addr}},
			}}
		}
	}
	return cfg
}

// lateness asks real servers and notes how long after the time that is theirs; the second half of the network is
// slow to answer.
type lateness struct {
	asked    atomic.Int64
	inFlight atomic.Int64
	most     atomic.Int64
}

func (l *lateness) make(t Target) (Prober, error) { return proberFunc(l.probe), nil }

type proberFunc func(context.Context, int) Result

// Probe calls the function.
func (f proberFunc) Probe(ctx context.Context, part int) Result { return f(ctx, part) }

func (l *lateness) probe(ctx context.Context, _ int) Result {
	n := l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	for most := l.most.Load(); n > most && !l.most.CompareAndSwap(most, n); most = l.most.Load() {
	}
	if l.asked.Add(1)%2 == 0 {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return Result{}
}

// Forty thousand real servers fit: little memory for each, a goroutine only for a check in flight, every turn on time.
func TestFortyThousandRealServers(t *testing.T) {
	const services = manyServices
	synctest.Test(t, func(t *testing.T) {
		log := logrus.New()
		log.SetOutput(io.Discard)
		cfg := manyServers(services)
		l := &lateness{}
		kernel := &fakeKernel{table: ipvs.Table{}}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		begin := time.Now()
		engine, err := New(Options{
			Config: cfg, Kernel: kernel, Log: logrus.NewEntry(log), Probers: Probers{config.CheckTCP: l.make},
			Random: rand.New(rand.NewPCG(1, 1)),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- engine.Run(ctx) }()
		wait(7 * time.Second)
		if asked := l.asked.Load(); asked < 16*services {
			t.Errorf("%d of %d servers were asked in the first 7 s", asked, 16*services)
		}
		wait(18 * time.Second)
		// Each one rests 6 s after a check of at most 20 ms: in 25 s nobody is asked less than 4 times or more than 5.
		if asked := l.asked.Load(); asked < 16*services*35/10 || asked > 16*services*45/10 {
			t.Errorf("%d checks in 25 s", asked)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if per := int64(after.HeapAlloc-before.HeapAlloc) / (16 * services); per > 1500 && services > 1000 {
			t.Errorf("%d bytes for each real server", per)
		}
		if most := l.most.Load(); most > 2000 {
			t.Errorf("%d checks were in flight at a time", most)
		}
		if len(kernel.table) != services {
			t.Errorf("%d services in the kernel", len(kernel.table))
		}
		writes := len(kernel.writes)
		changed := manyServers(services)
		changed.VirtualServers[7].RealServers[3].Weight = 9
		if err := engine.Reload(changed); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := len(kernel.writes) - writes; n != 1 {
			t.Errorf("%d writes for one weight among 40,000 servers", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := time.Since(begin); n != 25*time.Second {
			t.Errorf("the stop took until %v", n)
		}
	})
}

func BenchmarkReload(b *testing.B) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	cfg := manyServers(2500)
	engine, err := New(Options{Config: cfg, Kernel: &fakeKernel{table: ipvs.Table{}}, Log: logrus.NewEntry(log), Dialer: &fakeNet{}, Report: func([]Health) {}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- engine.Run(ctx) }()
	for b.Loop() {
		if err := engine.Reload(manyServers(2500)); err != nil {
			b.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// A change of one server of a group of a thousand addresses costs what these cost, and not what all the others do.
func BenchmarkOneServerOfAGroup(b *testing.B) {
	cfg := manyServers(1000)
	vs := &cfg.VirtualServers[0]
	s := newService(vs, "name", rules{}, everyKind)
	s.start()
	what := Serves{Family: 4, Protocol: config.ProtocolTCP, Ranges: []config.AddressRange{
		{First: netip.MustParseAddr("10.3.0.0"), Last: netip.MustParseAddr("10.3.3.231"), Port: 80},
	}}
	view := newTableView()
	for i := range cfg.VirtualServers {
		other := newService(&cfg.VirtualServers[i], "name", rules{}, everyKind)
		other.start()
		touched := map[ipvs.Key]struct{}{}
		view.replace(fmt.Sprint(i), i, other.want(servesOf(other.cfg, nil)), touched)
		wanted := view.wants(touched)
		for k := range touched {
			view.done(k, wanted)
		}
	}
	up := true
	for b.Loop() {
		s.judge(0, 0, !up)
		up = !up
		touched := map[ipvs.Key]struct{}{}
		view.replace("group", 5000, s.want(what), touched)
		wanted := view.wants(touched)
		if ops := ipvs.Plan(view.has(touched), wanted, ipvs.Rules{}); len(ops) == 0 {
			b.Fatal("nothing to do")
		}
		for k := range touched {
			view.done(k, wanted)
		}
	}
}
