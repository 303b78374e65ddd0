package check

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/ipvs"
	"keepalived-go/netif"
	"keepalived-go/parser"
)

// node is one engine with everything around it in memory.
type node struct {
	t      *testing.T
	kernel *fakeKernel
	net    *fakeNet
	links  *fakeLinks
	lines  *lineHook
	told   *recorder
	engine *Engine
	cancel context.CancelFunc
	done   chan error
	known  map[string]Health // what was reported, merged
	sent   [][]Health
}

func newNode(t *testing.T) *node {
	return &node{
		t: t, kernel: &fakeKernel{table: ipvs.Table{}}, net: &fakeNet{down: map[netip.AddrPort]error{}},
		links: &fakeLinks{}, lines: &lineHook{}, told: &recorder{}, known: map[string]Health{},
	}
}

// start runs an engine with the configuration.
func (n *node) start(text string, change ...func(*Options)) {
	n.t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	log.AddHook(n.lines)
	opt := Options{
		Config: decode(n.t, text), Kernel: n.kernel, Links: n.links, Dialer: n.net, Log: logrus.NewEntry(log), Detail: true,
		Scripts: n.told, Mail: n.told, Random: rand.New(rand.NewPCG(1, 2)),
		Report: func(h []Health) { n.sent = append(n.sent, h); Merge(n.known, h) },
	}
	for _, f := range change {
		f(&opt)
	}
	engine, err := New(opt)
	if err != nil {
		n.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.engine, n.cancel, n.done = engine, cancel, make(chan error, 1)
	go func() { n.done <- engine.Run(ctx) }()
	synctest.Wait()
}

// stop ends the engine cleanly.
func (n *node) stop() {
	n.t.Helper()
	n.cancel()
	if err := <-n.done; err != nil {
		n.t.Errorf("stopping: %v", err)
	}
}

// reload applies another configuration.
func (n *node) reload(text string) {
	n.t.Helper()
	cfg := decode(n.t, text)
	if err := n.engine.Check(cfg); err != nil {
		n.t.Fatal(err)
	}
	if err := n.engine.Reload(cfg); err != nil {
		n.t.Fatal(err)
	}
	synctest.Wait()
}

// wait lets time pass.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// decode reads a configuration and fails on what upstream would die of.
func decode(t testing.TB, text string) config.Config {
	t.Helper()
	src, faults := parser.ReadString("test.conf", text, parser.Options{})
	tree, more := parser.Parse(src)
	cfg, rest := config.Decode(tree, config.Env{HostName: "host"})
	for _, d := range slices.Concat(faults, more, rest) {
		if d.Severity == parser.Error {
			t.Fatalf("configuration: %v", d)
		}
	}
	return cfg
}

// fakeKernel is a table in memory.
type fakeKernel struct {
	mu     sync.Mutex
	table  ipvs.Table
	reads  int
	writes []ipvs.Operation
	refuse func(ipvs.Operation) error
	broken error // of Read
	dead   bool  // who uses it is no more: nothing has an effect
}

func (k *fakeKernel) Read() (ipvs.Table, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	if k.broken != nil {
		return nil, k.broken
	}
	t := ipvs.Table{}
	for key, e := range k.table {
		e.Destinations = slices.Clone(e.Destinations)
		t[key] = e
	}
	return t, nil
}

func (k *fakeKernel) Apply(ops []ipvs.Operation) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return nil
	}
	var failed ipvs.OperationErrors
	for _, op := range ops {
		if k.refuse != nil {
			if err := k.refuse(op); err != nil {
				failed.Add(op, err)
				continue
			}
		}
		if err := k.apply(op); err != nil {
			failed.Add(op, err)
			continue
		}
		k.writes = append(k.writes, op)
	}
	return failed.AsError()
}

// apply is as strict as the kernel.
func (k *fakeKernel) apply(op ipvs.Operation) error {
	key := op.Service.Key
	e, known := k.table[key]
	if known == (op.Verb == ipvs.AddService) {
		if known {
			return syscall.EEXIST
		}
		return syscall.ESRCH
	}
	at := slices.IndexFunc(e.Destinations, func(d ipvs.Destination) bool { return d.Addr == op.Destination.Addr })
	switch op.Verb {
	case ipvs.AddService, ipvs.EditService:
		e.Service = op.Service
	case ipvs.DeleteService:
		delete(k.table, key)
		return nil
	case ipvs.AddDestination:
		if at >= 0 {
			return syscall.EEXIST
		}
		e.Destinations = append(slices.Clone(e.Destinations), op.Destination)
	case ipvs.EditDestination, ipvs.DeleteDestination:
		if at < 0 {
			return syscall.ENOENT
		}
		e.Destinations = slices.Clone(e.Destinations)
		if op.Verb == ipvs.DeleteDestination {
			e.Destinations = slices.Delete(e.Destinations, at, at+1)
		} else {
			e.Destinations[at] = op.Destination
		}
	}
	k.table[key] = e
	return nil
}

func (k *fakeKernel) Flush() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.table)
	return nil
}

// set changes the kernel.
func (k *fakeKernel) set(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
}

// put is what another program does: a service without servers.
func (k *fakeKernel) put(addr string) {
	key := ipvs.Key{Family: 4, Protocol: 6, Addr: ap(addr)}
	k.set(func() { k.table[key] = ipvs.Entry{Service: ipvs.Service{Key: key, Scheduler: "rr"}} })
}

// drop is what another program does: it deletes a server, or a whole service.
func (k *fakeKernel) drop(service, server string) {
	k.set(func() {
		for key, e := range k.table {
			if key.Addr != ap(service) {
				continue
			}
			if server == "" {
				delete(k.table, key)
				continue
			}
			e.Destinations = slices.DeleteFunc(slices.Clone(e.Destinations), func(d ipvs.Destination) bool { return d.Addr == ap(server) })
			k.table[key] = e
		}
	})
}

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// show lists the table as "VIP:PORT: RIP:PORT=WEIGHT ...", sorted.
func (k *fakeKernel) show() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return showTable(k.table)
}

// written counts the operations since it was called last.
func (k *fakeKernel) written() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(k.writes)
	k.writes = nil
	return n
}

// fakeNet is a network on which everything answers but what is down.
type fakeNet struct {
	mu    sync.Mutex
	down  map[netip.AddrPort]error
	dials int
	times map[netip.AddrPort][]time.Time
	delay time.Duration
}

type addrPort = netip.AddrPort

// asked lists when a server was asked, from begin.
func (f *fakeNet) asked(addr string, begin time.Time) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []time.Duration
	for _, at := range f.times[ap(addr)] {
		out = append(out, at.Sub(begin))
	}
	return out
}

// expectTimes compares times with whole seconds.
func expectTimes(t *testing.T, what string, got []time.Duration, seconds ...int) {
	t.Helper()
	var want []time.Duration
	for _, s := range seconds {
		want = append(want, time.Duration(s)*time.Second)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s asked at %v, want %v", what, got, want)
	}
}

var errBlackHole = errors.New("nothing comes back")

func (f *fakeNet) set(addr string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down[netip.MustParseAddrPort(addr)] = err
}

func (f *fakeNet) Dial(ctx context.Context, _ string, to config.Connection) (net.Conn, error) {
	f.mu.Lock()
	f.dials++
	if f.times != nil {
		f.times[to.Addr] = append(f.times[to.Addr], time.Now())
	}
	err, delay := f.down[to.Addr], f.delay
	f.mu.Unlock()
	if errors.Is(err, errBlackHole) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Err: err}
	}
	a, b := net.Pipe()
	_ = b.Close()
	return a, nil
}

// fakeLinks shows the addresses that it is told.
type fakeLinks struct {
	mu      sync.Mutex
	state   netif.State
	report  func(netif.State, error)
	stopped int
}

func (l *fakeLinks) Watch(report func(netif.State, error)) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report = report
	report(l.state, nil)
	return func() { l.mu.Lock(); defer l.mu.Unlock(); l.stopped++; l.report = nil }, nil
}

func (l *fakeLinks) set(addresses ...string) {
	link := netif.Link{Index: 2, Name: "eth0"}
	for _, a := range addresses {
		link.Addresses = append(link.Addresses, netip.MustParsePrefix(a))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = netif.State{ByIndex: map[int]netif.Link{2: link}, ByName: map[string]netif.Link{"eth0": link}}
	if l.report != nil {
		l.report(l.state, nil)
	}
}

// recorder takes scripts and mails.
type recorder struct {
	mu   sync.Mutex
	list []string
}

func (r *recorder) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, s)
}

func (r *recorder) Notify(s config.Script, _ string, arguments ...string) {
	r.add("run " + strings.Join(append(slices.Clone(s.Argv), arguments...), " "))
}

func (r *recorder) Send(subject, body string) { r.add("mail " + subject + " | " + body) }

// take returns what was told since the last call, one to a line.
func (r *recorder) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := strings.Join(r.list, "\n")
	r.list = nil
	return s
}

// lineHook keeps the lines of the log.
type lineHook struct {
	mu   sync.Mutex
	list []string
}

func (h *lineHook) Levels() []logrus.Level { return logrus.AllLevels }

func (h *lineHook) Fire(e *logrus.Entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, e.Message)
	return nil
}

// take returns the lines since the last call.
func (h *lineHook) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := strings.Join(h.list, "\n")
	h.list = nil
	return s
}

// has tells whether a line contains all of the words.
func (h *lineHook) has(words ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.list, func(line string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
	})
}

// showTable lists a table, sorted.
func showTable(t ipvs.Table) string {
	var out []string
	for _, k := range slices.SortedFunc(maps.Keys(t), ipvs.CompareKeys) {
		var dests []string
		for _, d := range t[k].Destinations {
			dests = append(dests, d.Addr.String()+"="+strconv.FormatUint(uint64(d.Weight), 10))
		}
		slices.Sort(dests)
		name := k.Addr.String()
		if k.Mark != 0 {
			name = "fwm " + strconv.FormatUint(uint64(k.Mark), 10)
		}
		out = append(out, strings.TrimSpace(name+": "+strings.Join(dests, " ")))
	}
	return strings.Join(out, "\n")
}
