package vrrp

import (
	"context"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// node is one router on a LAN in memory, with an engine and a kernel that keeps addresses in a map.
type node struct {
	t      *testing.T
	name   string
	host   *wire.Host
	kernel *fakeKernel
	links  *fakeLinks
	log    *logrus.Logger
	lines  *lineHook
	engine *Engine
	script *fakeScripts
	mails  *fakeMail
	tracks *fakeTracked // nil: nobody runs tracked scripts
	cancel context.CancelFunc
	done   chan error
	states []InstanceState
	events []string // by the kernel worker
	keep   bool     // the addresses at the end

	virtual  VirtualLinks // nil: none can be made
	firewall Firewall     // nil: none
	promoter Promoter     // nil: none

	beats   Beats
	network wire.Network // of host, where a test has put nothing else
}

func newNode(t *testing.T, lan *wire.LAN, name, address string) *node {
	n := &node{t: t, name: name, host: lan.Host(name), lines: &lineHook{}, script: &fakeScripts{}, mails: &fakeMail{}}
	n.kernel = &fakeKernel{addresses: map[netip.Prefix]bool{}}
	n.links = &fakeLinks{state: linkState(true, address)}
	n.log = logrus.New()
	n.log.SetOutput(io.Discard)
	n.log.AddHook(n.lines)
	return n
}

func linkState(running bool, addresses ...string) netif.State {
	link := netif.Link{Index: 2, Name: "eth0", MTU: 1500, Up: true, Running: running, HardwareAddr: [6]byte{2, 0, 0, 0, 0, 1}}
	for _, a := range addresses {
		link.Addresses = append(link.Addresses, netip.MustParsePrefix(a))
	}
	return netif.State{ByIndex: map[int]netif.Link{2: link}, ByName: map[string]netif.Link{"eth0": link}}
}

// start runs an engine with the configuration.
func (n *node) start(cfg config.Config, resume map[string]InstanceState) {
	n.t.Helper()
	if n.network == nil {
		n.network = n.host.Network()
	}
	opt := Options{
		Config: cfg, Network: n.network, Kernel: n.kernel, Links: n.links, Log: logrus.NewEntry(n.log),
		Detail: true, Resume: resume, Scripts: n.script, Mail: n.mails, KeepAddresses: n.keep, Event: func(line string) { n.events = append(n.events, line) },
		Report: func(s []InstanceState) { n.states = s }, VirtualLinks: n.virtual, Beats: n.beats,
	}
	if n.firewall != nil {
		opt.Firewall = n.firewall
	}
	if n.promoter != nil {
		opt.Promoter = n.promoter
	}
	if n.tracks != nil {
		opt.Tracked = n.tracks
	}
	engine, err := New(opt)
	if err != nil {
		n.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.engine, n.cancel, n.done = engine, cancel, make(chan error, 1)
	go func() { n.done <- engine.Run(ctx) }()
}

// stop ends the engine cleanly.
func (n *node) stop() {
	n.t.Helper()
	n.cancel()
	if err := <-n.done; err != nil {
		n.t.Errorf("%s: stopping: %v", n.name, err)
	}
}

// state is the state of the first instance.
func (n *node) state() fsm.State {
	n.t.Helper()
	states, err := n.engine.States()
	if err != nil {
		n.t.Fatal(err)
	}
	return states[0].State
}

func (n *node) has(address string) bool {
	n.kernel.mu.Lock()
	defer n.kernel.mu.Unlock()
	return n.kernel.addresses[netip.MustParsePrefix(address)]
}

// instance is a vrrp_instance as config resolves one with the defaults.
func instance(priority uint8, advert time.Duration) config.Instance {
	return config.Instance{
		Name: "VI_1", Interface: "eth0", VRID: 51, Family: 4, Version: 3, Priority: priority, AdvertInt: advert, DownAdverts: 3,
		Accept:         true,
		Addresses:      []config.Address{{Prefix: netip.MustParsePrefix("192.168.4.80/32"), Dev: "eth0"}},
		MulticastGroup: netip.MustParseAddr("224.0.0.18"),
		GARP:           config.GARP{MasterDelay: 5 * time.Second, MasterRepeat: 5, RefreshRepeat: 1, LowerPrioDelay: 5 * time.Second, LowerPrioRepeat: 5},
		Notify:         config.Script{Argv: []string{"/notify"}},
		NotifyMaster:   config.Script{Argv: []string{"/master"}},
	}
}

func configOf(instances ...config.Instance) config.Config { return config.Config{Instances: instances} }

// fakeKernel remembers addresses. gate, when not nil, holds every call until it is closed.
type fakeKernel struct {
	mu        sync.Mutex
	addresses map[netip.Prefix]bool
	calls     []string
	refuses   map[string]error // by interface, what is not put on
	gate      chan struct{}
}

func (k *fakeKernel) AddAddress(a netif.Address) error {
	k.wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.refuses[a.Dev]; err != nil {
		k.calls = append(k.calls, "refuse "+a.Prefix.String())
		return err
	}
	k.addresses[a.Prefix] = true
	k.calls = append(k.calls, "add "+a.Prefix.String())
	return nil
}

// refuse has the kernel take no address on an interface; err nil: it takes them again.
func (k *fakeKernel) refuse(dev string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuses == nil {
		k.refuses = map[string]error{}
	}
	k.refuses[dev] = err
}

func (k *fakeKernel) DeleteAddress(a netif.Address) error {
	k.wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.addresses, a.Prefix)
	k.calls = append(k.calls, "delete "+a.Prefix.String())
	return nil
}

func (k *fakeKernel) wait() {
	k.mu.Lock()
	gate := k.gate
	k.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

func (k *fakeKernel) hold() func() {
	gate := make(chan struct{})
	k.mu.Lock()
	k.gate = gate
	k.mu.Unlock()
	return func() { k.mu.Lock(); k.gate = nil; k.mu.Unlock(); close(gate) }
}

func (k *fakeKernel) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.calls)
}

// fakeLinks hands out what the test says.
type fakeLinks struct {
	state  netif.State
	report func(netif.State, error)
}

func (l *fakeLinks) Watch(report func(netif.State, error)) (func(), error) {
	l.report = report
	report(l.state, nil)
	return func() {}, nil
}

// fakeScripts remembers what would have been started.
type fakeScripts struct {
	mu    sync.Mutex
	calls []string
}

func (s *fakeScripts) Notify(script config.Script, label string, arguments ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.Join(append(append([]string{}, script.Argv...), arguments...), " "))
}

func (s *fakeScripts) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, "; ")
}

// lineHook keeps log lines.
type lineHook struct {
	mu    sync.Mutex
	lines []string
}

func (h *lineHook) Levels() []logrus.Level { return logrus.AllLevels }

func (h *lineHook) Fire(e *logrus.Entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, e.Message)
	return nil
}

// all are the lines until now.
func (h *lineHook) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.lines)
}

func (h *lineHook) count(part string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, l := range h.lines {
		if strings.Contains(l, part) {
			n++
		}
	}
	return n
}

// adverts are the times and priorities of what a host has sent since.
func adverts(lan *wire.LAN, host string, since time.Time) (times []time.Duration, priorities []uint8) {
	for _, f := range lan.Frames() {
		if f.From != host || f.Datagram == nil || f.Time.Before(since) {
			continue
		}
		if _, ok := packet.VRID(f.Datagram); !ok {
			continue
		}
		times = append(times, f.Time.Sub(since))
		header := 20
		if f.Datagram[0]>>4 == 6 {
			header = 40
		}
		priorities = append(priorities, f.Datagram[header+2])
	}
	return times, priorities
}

// inBubble runs a test with synthetic time.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// settle lets every goroutine of the bubble come to rest after d has passed.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func expectState(t *testing.T, n *node, want fsm.State) {
	t.Helper()
	if got := n.state(); got != want {
		t.Fatalf("%s is %s, want %s; log:\n%s", n.name, got, want, strings.Join(n.lines.lines, "\n"))
	}
}
