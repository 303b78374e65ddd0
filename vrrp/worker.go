package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp/wire"
)

// maxNotes bounds the scripts that wait behind one instance's addresses; an instance that changes its state faster
// than the kernel takes addresses loses the oldest ones.
const maxNotes = 64

// kernelWorker brings the addresses of each instance to the newest desired set, then announces them, then starts
// scripts. The engine never waits for it. What is asked for in between replaces what was not yet done, so that
// Master, Backup, Master in a row ends right however slow the kernel is.
type kernelWorker struct {
	kernel  Kernel
	routes  Routes
	virtual VirtualLinks
	network wire.Network
	scripts Scripts
	mail    Mailer
	event   func(string)
	results chan<- result
	pacer   *pacer

	mu     sync.Mutex
	cond   *sync.Cond
	jobs   map[string]*job
	places wishes[place]     // the addresses that are wanted last
	texts  wishes[string]    // the routes and rules, by routeKey and ruleKey
	keeper map[string]string // the key that wants a virtual link, by name of the link
	queue  []*job            // oldest first
	staged []*job            // asked for in this turn, released after the adverts have left
	closed bool
	guards guards

	promoter   Promoter
	promoted   map[string]promotion        // what is set, by interface; of run alone
	refused    map[string]map[place]string // addresses that the kernel does not take, by key; of run alone
	staticLost map[string]bool             // static objects that could not be put where they belong, by text; of run alone
}

// job is what is to be done for one instance.
type job struct {
	key, name string
	assert    bool                // want and drop are to be applied
	want      []netif.Address     // to be there
	drop      []netif.Address     // to be gone
	restore   []netif.Address     // to be tried again, when nothing is to be applied
	unlink    []netif.VirtualLink // to be gone, after drop
	link      []netif.VirtualLink // to be there, before want
	announce  []announcement
	notes     []notification
	lostNotes int

	guards  bool            // guard is to be applied
	guard   []firewall.Drop // to be dropped
	diverts bool            // vmacs are to be applied
	vmacs   []firewall.VMAC
	refresh bool // the firewall is to be looked at as a whole
	probe   bool // for a firewall
	verify  bool // what others have done to it
	clear   bool // of what a daemon before this one has left

	policy  policyWork
	promote map[string]promotion // nil: as it is
}

// result is something that failed.
type result struct {
	key, name string
	err       error
	links     bool // it tells how making links has ended, err nil: well
	created   []netif.VirtualLink
	static    bool             // it tells which static objects are lost
	lost      map[string]bool  // by text
	firewall  bool             // whether there is one was found out: err is why there is none
	lasting   error            // of it: why what has failed before would fail again
	guarded   guarding         // what was found out of what is to be dropped: err is why it is not, or nil
	promoted  map[string]bool  // interfaces with promote_secondaries, and whether they had it before
	refused   map[place]string // addresses that the kernel has not taken, with its error
}

func newKernelWorker(opt Options, results chan<- result) *kernelWorker {
	w := &kernelWorker{kernel: opt.Kernel, routes: opt.Routes, texts: newWishes[string](), staticLost: map[string]bool{}, virtual: opt.VirtualLinks, keeper: map[string]string{}, network: opt.Network, scripts: opt.Scripts, mail: opt.Mail, event: opt.Event, results: results,
		jobs: map[string]*job{}, places: newWishes[place](), promoter: opt.Promoter, promoted: inheritedPromotions(opt.Resume), refused: map[string]map[place]string{}}
	w.guards = guards{firewall: opt.Firewall, settings: FirewallSettings(opt.Config.Global), keep: opt.KeepAddresses,
		drops: map[string][]firewall.Drop{}, vmacs: map[string][]firewall.VMAC{}, ending: map[string]guard{}}
	w.cond = sync.NewCond(&w.mu)
	w.pacer = newPacer(opt.Network, w.paceFailed)
	w.pacer.configure(pacesOf(opt.Config))
	return w
}

// want makes want the desired addresses of the instance and drop those that must be gone.
func (w *kernelWorker) want(key, name string, want, drop []netif.Address) {
	w.stage(key, name, func(j *job) {
		j.drop = without(append(j.drop, drop...), want)
		if j.assert {
			j.drop = without(append(j.drop, j.want...), want)
		}
		j.want, j.assert, j.restore = want, true, nil
		j.announce = stillWanted(j.announce, want)
		w.pacer.keep(key, want)
		w.hold(key, want)
	})
}

// hold notes which addresses an instance wants now. The caller has the lock.
func (w *kernelWorker) hold(key string, want []netif.Address) {
	places := make([]place, len(want))
	for i, a := range want {
		places[i] = placeOf(a)
	}
	w.places.set(key, places)
}

// elsewhere tells whether an address that an instance gives up is wanted by another one.
func (w *kernelWorker) elsewhere(key string, a netif.Address) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.places.elsewhere(key, placeOf(a))
}

// note adds a script, a mail or an event, started after the announcements.
func (w *kernelWorker) note(key, name string, n notification) {
	if !(n.script.Set() && w.scripts != nil) && !(n.subject != "" && w.mail != nil) && !(n.event != "" && w.event != nil) {
		return
	}
	w.stage(key, name, func(j *job) { j.take(n) })
}

// take adds a note. What others make us tell again and again is told once, and makes room first for what has become of
// the instance.
func (j *job) take(n notification) {
	if n.minor && slices.ContainsFunc(j.notes, func(o notification) bool { return o.minor && o.event == n.event && o.label == n.label }) {
		return
	}
	if len(j.notes) == maxNotes {
		if n.minor {
			j.lostNotes++
			return
		}
		at := max(0, slices.IndexFunc(j.notes, func(o notification) bool { return o.minor }))
		j.notes = slices.Delete(j.notes, at, at+1)
		j.lostNotes++
	}
	j.notes = append(j.notes, n)
}

// stage changes what is to be done for one instance, which then comes after all that was asked for before: scripts and
// events of several instances have the order of their transitions.
func (w *kernelWorker) stage(key, name string, change func(*job)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j, ok := w.jobs[key]
	if !ok {
		j = &job{key: key, name: name}
		w.jobs[key] = j
	}
	change(j)
	if n := len(w.staged); n > 0 && w.staged[n-1] == j {
		return
	}
	if ok {
		waits := func(other *job) bool { return other == j }
		w.queue, w.staged = slices.DeleteFunc(w.queue, waits), slices.DeleteFunc(w.staged, waits)
	}
	w.staged = append(w.staged, j)
}

// release lets the worker begin with what was staged.
func (w *kernelWorker) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.staged) == 0 {
		return
	}
	w.queue = append(w.queue, w.staged...)
	w.staged = w.staged[:0]
	w.cond.Signal()
}

// close ends run after everything that was asked for is done.
func (w *kernelWorker) close() {
	w.release()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.cond.Signal()
}

// run works until close. It is the only goroutine that touches the kernel's addresses.
func (w *kernelWorker) run() {
	paced := make(chan struct{})
	go func() { defer close(paced); w.pacer.run() }()
	defer func() { w.pacer.close(); <-paced }()
	for {
		j, ok := w.take()
		if !ok {
			w.removeGuards()
			return
		}
		w.work(j)
	}
}

// take removes the oldest job, waiting for one.
func (w *kernelWorker) take() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if len(w.guards.ending) > 0 {
			w.mu.Unlock()
			w.endGuards()
			w.mu.Lock()
			continue
		}
		if w.closed {
			return job{}, false
		}
		w.cond.Wait()
	}
	j := w.queue[0]
	w.queue = w.queue[1:]
	delete(w.jobs, j.key)
	return *j, true
}

func (w *kernelWorker) work(j job) {
	failed := map[netip.Addr]bool{}
	if j.assert {
		w.pacer.keep(j.key, j.want) // the job before this one may have queued announcements since
		w.pacer.settle()
	}
	if j.refresh || j.probe || j.verify || j.clear {
		w.workFirewall(j)
	}
	if !w.guardFirst(j) {
		for _, a := range slices.Concat(j.want, j.restore) { // rather no address than one that is not guarded
			failed[a.Prefix.Addr()] = true
		}
		j.want, j.restore = nil, nil
	}
	w.workPromotions(j)
	w.dropPolicy(j)
	for _, a := range j.drop {
		if w.elsewhere(j.key, a) {
			continue // another Master has it, perhaps since a reload
		}
		if err := w.kernel.DeleteAddress(a); err != nil {
			w.fail(j, fmt.Errorf("removing address: %w", err))
		}
	}
	w.workLinks(j)
	w.addAddresses(j, failed)
	w.addPolicy(j)
	w.tellStatic(j)
	w.guardLast(j)
	for i, a := range j.announce {
		if w.leaveTo(j.key, j.announce[i:]) {
			break
		}
		w.send(j, a, failed)
	}
	for _, n := range j.notes {
		switch {
		case n.subject != "":
			w.mail.Send(n.subject, n.body)
		case n.event != "":
			w.event(n.event)
		default:
			w.scripts.Notify(n.script, n.label, n.arguments...)
		}
	}
	if j.lostNotes > 0 {
		w.fail(j, fmt.Errorf("%d notify scripts and mails were left out: the kernel is slower than the transitions", j.lostNotes))
	}
}

// superseded tells whether another set of addresses is desired by now.
func (w *kernelWorker) superseded(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	newer, ok := w.jobs[key]
	return ok && newer.assert
}

// leaveTo leaves bursts to the next job of the instance, where there is one with a new set of addresses.
func (w *kernelWorker) leaveTo(key string, bursts []announcement) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	newer, ok := w.jobs[key]
	if !ok || !newer.assert {
		return false
	}
	bursts = stillWanted(bursts, newer.want)
	for _, a := range newer.announce {
		bursts = withBurst(bursts, a)
	}
	newer.announce = bursts
	return true
}

// send announces the addresses that are really there, interleaved as upstream does: all addresses, then all again.
func (w *kernelWorker) send(j job, a announcement, failed map[netip.Addr]bool) {
	there := slices.DeleteFunc(slices.Clone(a.addresses), func(addr netip.Addr) bool { return failed[addr] })
	there = w.pacer.take(j.key, j.name, a, there)
	if len(there) == 0 || a.repeat == 0 {
		return
	}
	addresses := slices.Repeat(there, a.repeat)
	if err := w.network.Announce(a.index, a.hardware, addresses); err != nil {
		w.fail(j, fmt.Errorf("announcing addresses on %s: %w", a.device, err))
	}
}

// paceFailed reports for the pacer, which may outlive the engine for a moment.
func (w *kernelWorker) paceFailed(key, name string, err error) {
	select {
	case w.results <- result{key: key, name: name, err: err}:
	case <-w.pacer.quit:
	}
}

func (w *kernelWorker) fail(j job, err error) {
	w.results <- result{key: j.key, name: j.name, err: err}
}

// place is what makes an address the same to the kernel, whatever its options are.
type place struct {
	prefix netip.Prefix
	dev    string
}

func placeOf(a netif.Address) place { return place{a.Prefix, a.Dev} }

func (p place) text() string { return p.prefix.String() + " dev " + p.dev }

// without returns list less the addresses that keep holds on the same interface.
func without(list, keep []netif.Address) []netif.Address {
	held := make(map[place]struct{}, len(keep))
	for _, a := range keep {
		held[placeOf(a)] = struct{}{}
	}
	var out []netif.Address
	for _, a := range list {
		if _, ok := held[placeOf(a)]; !ok {
			held[placeOf(a)] = struct{}{}
			out = append(out, a)
		}
	}
	return out
}

// sameAddresses tells whether two lists hold the same addresses with the same options in the same order.
func sameAddresses(a, b []netif.Address) bool { return slices.Equal(a, b) }
