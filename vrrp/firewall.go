package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp/fsm"
)

// Firewall drops packets to and from addresses. *firewall.Firewall is one.
type Firewall interface {
	// Probe tells whether it can apply this. It may be called beside the other calls.
	Probe(firewall.Settings, firewall.State) error
	// Apply makes what the kernel drops what the state says.
	Apply(firewall.Settings, firewall.State) error
	// Intact tells whether it is still so. When it is not, the next Apply makes it anew.
	Intact() (bool, error)
	// Clear takes out what a process before this one has left of a state, and tells whether there was anything.
	Clear(firewall.Settings, firewall.State) (bool, error)
	// Remove leaves nothing behind.
	Remove() error
}

// verifyInterval is how often it is looked whether what is dropped still is: a reload of the host's own rules may begin
// with the end of all others.
const verifyInterval = 10 * time.Second

// What is not as it should be is tried again after guardPause. An instance goes to Fault when guardTries tries have failed:
// whoever changes rules may hold them for a while.
const (
	guardPause = time.Second
	guardTries = 3
)

// Guard is what a process may have put into the firewall for one instance.
type Guard struct {
	Settings firewall.Settings
	Drops    []firewall.Drop
	VMACs    []firewall.VMAC
}

// State is what of it is in the firewall.
func (g Guard) State() firewall.State { return firewall.State{Drops: g.Drops, VMACs: g.VMACs} }

// FirewallSettings are those of a configuration.
func FirewallSettings(g config.Global) firewall.Settings {
	return firewall.Settings{
		Table: g.NFTables, Priority: int32(g.NFTablesPriority), Counters: g.NFTablesCounters, IfIndex: g.NFTablesIfIndex,
		Chains: firewall.Chains(g.VRRPIPTables), Sets: firewallSets(g),
	}
}

func firewallSets(g config.Global) firewall.Sets {
	if g.VRRPIPTables.In == "" || g.VRRPIPSets.Disabled {
		return firewall.Sets{}
	}
	n := g.VRRPIPSets.Names
	return firewall.Sets{IPv4: n[0], IPv6: n[1], Link6: n[2], IGMP: n[3], MLD: n[4], ND: n[5]}
}

// drops are the addresses of an instance that are to be dropped while it is Master. A link-local one is known by the
// name of its link where the instance lives on without the link, which may come back under another index.
func drops(cfg *config.Instance, byIndex bool, links netif.State) []firewall.Drop {
	if !cfg.Refuses() {
		return nil
	}
	list := make([]firewall.Drop, 0, len(cfg.Addresses)+len(cfg.ExcludedAddresses))
	for _, a := range slices.Concat(cfg.Addresses, cfg.ExcludedAddresses) {
		dev := a.Place(cfg)
		d := firewall.Drop{Addr: a.Prefix.Addr()}
		if d.Addr.Is6() && d.Addr.IsLinkLocalUnicast() {
			d.Name = dev
			if byIndex || !cfg.DontTrackPrimary || dev != cfg.Interface && !a.NoTrack {
				d.Index = links.ByName[dev].Index
			}
		}
		list = append(list, d)
	}
	return list
}

// drops are those of r, as the links are now.
func (e *Engine) drops(r *router) []firewall.Drop {
	return drops(&r.cfg, e.opt.Config.Global.NFTablesIfIndex, e.links)
}

// guard has the kernel worker drop packets to and from the addresses before it puts them on.
func (e *Engine) guard(r *router) {
	if r.cfg.Refuses() {
		e.detail("(%s) setting firewall drop rule", r.cfg.Name)
	}
	e.setGuard(r, e.drops(r))
}

// setGuard tells the kernel worker what r is to have dropped, when that is something else than before.
func (e *Engine) setGuard(r *router, list []firewall.Drop) {
	if !slices.Equal(list, r.dropped) || r.inherits {
		r.dropped, r.inherits = list, false
		e.verifyLater()
		e.worker.guard(r.key, r.cfg.Name, list)
	}
}

// verifyLater has it looked from now on whether the firewall is as it was left.
func (e *Engine) verifyLater() {
	if e.verifyAt.IsZero() {
		e.verifyAt = time.Now().Add(verifyInterval)
	}
}

// regard follows links that have other indices now, before their addresses are put back.
func (e *Engine) regard() {
	for _, r := range e.order {
		if r.cfg.Refuses() && r.machine.Snapshot().State == fsm.Master {
			e.setGuard(r, e.drops(r))
		}
	}
}

// updateGuard follows a reload.
func (e *Engine) updateGuard(r *router) {
	if r.machine.Snapshot().State != fsm.Master {
		return
	}
	if refused := len(r.dropped) > 0; refused != r.cfg.Refuses() {
		e.detail("(%s) %s firewall drop rule", r.cfg.Name, map[bool]string{true: "removing", false: "setting"}[refused])
	}
	e.setGuard(r, e.drops(r))
}

// reloadFirewall follows a reload of what all instances have in common.
func (e *Engine) reloadFirewall(before, after config.Global) {
	if s := FirewallSettings(after); s != FirewallSettings(before) {
		e.worker.useFirewall(s)
		for _, r := range e.order {
			e.updateGuard(r)
		}
	}
}

// GuardOf is what a process with this configuration may have put into the firewall for an instance.
func GuardOf(g config.Global, cfg *config.Instance, links netif.State) Guard {
	guard := Guard{Drops: drops(cfg, g.NFTablesIfIndex, links)}
	for _, l := range kernelLinks(cfg) {
		if !l.IPVLAN {
			guard.VMACs = append(guard.VMACs, vmacOf(l, links))
		}
	}
	if !guard.State().Empty() {
		guard.Settings = FirewallSettings(g)
	}
	return guard
}

// unguard has the kernel worker let packets through after it has taken the addresses off.
func (e *Engine) unguard(r *router) {
	if r.cfg.Refuses() {
		e.detail("(%s) removing firewall drop rule", r.cfg.Name)
	}
	e.setGuard(r, nil)
}

// inheritGuards keeps what a former process has dropped until it is known what each instance wants.
func (e *Engine) inheritGuards(cfg config.Config) {
	inherited := false
	for _, s := range e.opt.Resume {
		inherited = inherited || len(s.Guard.Drops) > 0
	}
	former := map[string][]firewall.Drop{}
	for i := range cfg.Instances {
		if list := e.inherited(&cfg.Instances[i]); len(list) > 0 {
			former[Key(cfg.Instances[i])] = list
		}
	}
	if inherited || len(former) > 0 {
		e.worker.inherit(former)
		e.verifyAt = time.Now().Add(verifyInterval)
	}
}

// clearGuards has packets pass again to addresses that are answered for, where a daemon that was killed as a whole has left
// them dropped, or a process that died before it had done what a reload asks for.
func (e *Engine) clearGuards(cfg config.Config) {
	if state := answered(cfg, e.links); !state.Empty() {
		e.worker.clearGuards(state)
	}
}

// answered are all addresses of which no instance wants packets to be dropped. Those of one link are listed by both the
// name and the index of the link.
func answered(cfg config.Config, links netif.State) firewall.State {
	refused := map[netip.Addr]bool{}
	for i := range cfg.Instances {
		for _, d := range drops(&cfg.Instances[i], false, links) {
			refused[d.Addr] = true
		}
	}
	var state firewall.State
	for i := range cfg.Instances {
		in := &cfg.Instances[i]
		for _, a := range slices.Concat(in.Addresses, in.ExcludedAddresses) {
			d := firewall.Drop{Addr: a.Prefix.Addr()}
			if refused[d.Addr] {
				continue
			}
			if d.Addr.Is6() && d.Addr.IsLinkLocalUnicast() {
				d.Name = a.Place(in)
				if index := links.ByName[d.Name].Index; index != 0 {
					state.Drops = append(state.Drops, firewall.Drop{Addr: d.Addr, Name: d.Name, Index: index})
				}
			}
			state.Drops = append(state.Drops, d)
		}
	}
	return firewall.Merge(state)
}

// inherited is what stays dropped for an instance that was Master in a former process.
func (e *Engine) inherited(cfg *config.Instance) []firewall.Drop {
	if s, ok := e.opt.Resume[Key(*cfg)]; !ok || s.State != fsm.Master {
		return nil
	}
	return drops(cfg, e.opt.Config.Global.NFTablesIfIndex, e.links)
}

// probeFirewall tells whether a configuration asks for more than the kernel can do. It may be called from any goroutine.
func (e *Engine) probeFirewall(cfg config.Config) error {
	state := refused(cfg)
	if state.Empty() {
		return nil
	}
	return e.worker.probe(FirewallSettings(cfg.Global), state)
}

// refused is all that a configuration may have dropped, whatever links there are.
func refused(cfg config.Config) firewall.State {
	var all firewall.State
	for i := range cfg.Instances {
		all.Drops = append(all.Drops, drops(&cfg.Instances[i], cfg.Global.NFTablesIfIndex, netif.State{})...)
	}
	return all
}

// observeFirewall derives whether r lacks a firewall that it needs. What is in force for a Master is not touched by what
// others cannot have.
func (e *Engine) observeFirewall(r *router) {
	var err error
	switch {
	case !r.cfg.Refuses():
		r.guardErr = nil
	case r.guardErr != nil:
		err = r.guardErr
	case len(r.dropped) == 0 || r.machine.Snapshot().State != fsm.Master:
		err = firewall.Concerns(e.firewallErr, firewall.State{Drops: e.drops(r)})
	}
	lacks := err != nil
	if lacks && !r.faults.Has(fsm.FaultFirewall) {
		e.log.Errorf("(%s) held in FAULT state: packets to its virtual addresses cannot be dropped: %v", r.cfg.Name, err)
	}
	r.faults = r.faults.With(fsm.FaultFirewall, lacks)
	if next := time.Now().Add(retryInterval); lacks && (e.retryAt.IsZero() || next.Before(e.retryAt)) {
		e.retryAt = next
	}
}

// retryFirewall has the kernel worker look whether there is a firewall by now, and whether what has failed works. It is
// asked anew when it has answered.
func (e *Engine) retryFirewall() {
	if e.reprobing {
		return
	}
	var failed []firewall.Drop
	for _, r := range e.order {
		if r.retried = r.guardErr != nil; r.retried {
			failed = append(failed, e.drops(r)...)
		}
	}
	if e.firewallErr != nil || len(failed) > 0 {
		e.reprobing = true
		e.worker.reprobe(refused(e.opt.Config), failed)
	}
}

// verifyFirewall has the kernel worker look whether what is dropped still is, as long as something is or is not as it
// should be.
func (e *Engine) verifyFirewall(now time.Time) {
	if e.verifyAt.IsZero() || now.Before(e.verifyAt) {
		return
	}
	e.verifyAt = time.Time{}
	if e.unsettled || slices.ContainsFunc(e.order, func(r *router) bool { return len(r.dropped)+len(r.diverted) > 0 }) {
		e.verifyAt = now.Add(verifyInterval)
		e.worker.verify()
	}
}

// applyFirewall takes whether there is a firewall, and whether what has failed would fail again. At the end nobody goes
// to Fault any more.
func (e *Engine) applyFirewall(r result) {
	e.reprobing = false
	if e.ending {
		return
	}
	e.firewallErr = r.err
	for _, o := range e.order {
		state := firewall.State{Drops: e.drops(o)}
		if o.retried && firewall.Concerns(r.err, state) == nil && firewall.Concerns(r.lasting, state) == nil {
			o.guardErr, o.retried, e.guardFails = nil, false, 0
		}
	}
	e.applyFaults(time.Now())
}

// applyGuarded takes whether what is to be dropped is. An instance whose own wish has failed is held at once. The others
// are when it could not be put back for guardTries times in a row; what they want may be in force all the same.
func (e *Engine) applyGuarded(res result) {
	switch {
	case res.err == nil:
		e.guardFails, e.guardSaid, e.unsettled = 0, "", false
		return
	case e.ending:
		e.log.Errorf("(%s) %v", res.name, res.err)
		return
	case res.guarded == guardTried:
		e.guardFails++
	}
	if res.guarded != guardRead {
		e.unsettled = true
		e.verifySoon()
	}
	held := false
	for _, r := range e.order {
		asks := res.guarded == guardAsked && r.key == res.key || res.guarded == guardTried && e.guardFails >= guardTries
		if asks && len(r.dropped) > 0 && firewall.Concerns(res.err, firewall.State{Drops: r.dropped}) != nil {
			r.guardErr, held = res.err, true
		}
	}
	if text := res.err.Error(); !held && text != e.guardSaid {
		e.guardSaid = text
		e.log.Errorf("(%s) %v", res.name, res.err)
	}
	if held {
		e.applyFaults(time.Now())
	}
}

// verifySoon has the firewall looked at after a pause. What fails again and again is left to the usual turns.
func (e *Engine) verifySoon() {
	pause := guardPause
	if e.guardFails >= guardTries {
		pause = verifyInterval
	}
	if next := time.Now().Add(pause); e.verifyAt.IsZero() || next.Before(e.verifyAt) {
		e.verifyAt = next
	}
}
