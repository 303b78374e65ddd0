package vrrp

import (
	"fmt"
	"strings"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// InstanceState is what the outside sees of one instance, and what a process that takes over needs of it.
// Its times are on CLOCK_MONOTONIC, in nanoseconds, so that they mean the same in another process of this host.
type InstanceState struct {
	Key            string
	Name           string
	Interface      string
	VRID           uint8
	State          fsm.State
	Priority       uint8         // effective
	BasePriority   uint8         // configured
	MasterInterval time.Duration // the interval that Master_Down_Interval is counted with
	MasterDown     time.Duration // Master_Down_Interval of a peer of this priority, an upper bound for taking over
	LastAdvert     int64         // last advert sent, 0 when none
	Slot           int           // where Beats has the time of the last advert
	Addresses      []netif.Address
	Routes         []config.Route      `json:",omitempty"`
	Rules          []config.Rule       `json:",omitempty"`
	Promoted       bool                `json:",omitempty"` // promote_secondaries of Interface was changed
	Links          []netif.VirtualLink `json:",omitempty"` // the interfaces that it brings along
	Guard          Guard               // what keeps packets from the addresses, nothing where they are accepted
	OldChecksum    bool                // a peer has been heard that knows the checksum of old releases alone
	Sequence       uint64              `json:",omitempty"` // of its authentication
	// Parents are the settings of the parents of Links as they were before, RPFilter those of the host, which one instance
	// has for all. An engine does not report them: netif.VirtualLinks tells them before it changes anything, and who looks
	// after the process adds them.
	Parents  map[string]netif.ARPMode `json:",omitempty"`
	RPFilter *netif.RPFilter          `json:",omitempty"`
}

// Key identifies an instance over reloads and restarts, as upstream does: by interface, VRID, family, unicast,
// VMAC and multicast group, not by name.
func Key(cfg config.Instance) string { return cfg.Key() }

// resumable tells whether an instance that was Master may go on as Master in this process.
func (s InstanceState) resumable(cfg config.Instance, now time.Time, clock clockPair) bool {
	if s.State != fsm.Master || s.LastAdvert == 0 || cfg.Held() {
		return false
	}
	down := time.Duration(cfg.DownAdverts) * cfg.AdvertInt
	return now.Sub(clock.time(s.LastAdvert)) < down
}

// snapshot turns the state into what the machine resumes from. The effective priority goes on only under the
// configured one that it was made from: the process may have died while a reload changed that.
func (s InstanceState) snapshot(cfg config.Instance, now time.Time, clock clockPair) fsm.Snapshot {
	priority := s.Priority
	if s.BasePriority != cfg.Priority {
		priority = cfg.Priority
	}
	return fsm.Snapshot{
		State: s.State, Wanted: s.State, Priority: priority,
		MasterInterval: s.MasterInterval, LastAdvert: clock.time(s.LastAdvert), LastTransition: now,
	}
}

// Unreported is what must be assumed of an instance that a process was to run and died before it said anything: it may
// have put the addresses on, and cannot be resumed.
func Unreported(cfg config.Instance) InstanceState {
	return InstanceState{
		Key: Key(cfg), Name: cfg.Name, Interface: cfg.Interface, VRID: cfg.VRID, Slot: -1,
		MasterInterval: cfg.AdvertInt, MasterDown: masterDown(cfg), Addresses: kernelAddresses(cfg), Links: kernelLinks(&cfg),
		Routes: cfg.Routes, Rules: cfg.Rules,
	}
}

// masterDown is the longest Master_Down_Interval of a peer with the same configuration.
func masterDown(cfg config.Instance) time.Duration {
	return time.Duration(cfg.DownAdverts+1) * cfg.AdvertInt
}

// state describes r for the outside.
func (r *router) state(clock clockPair) InstanceState {
	snap := r.machine.Snapshot()
	s := InstanceState{
		Key: r.key, Name: r.cfg.Name, Interface: r.cfg.Interface, VRID: r.cfg.VRID, Slot: r.slot,
		State: snap.State, Priority: snap.Priority, BasePriority: r.cfg.Priority, MasterInterval: snap.MasterInterval,
		MasterDown: masterDown(r.cfg),
		Addresses:  r.addresses, OldChecksum: r.oldChecksum, Routes: r.cfg.Routes, Rules: r.cfg.Rules,
	}
	s.Sequence = r.sequence()
	if !r.lastSent.IsZero() {
		s.LastAdvert = clock.monotonic(r.lastSent)
	}
	return s
}

// States describes every instance. It may be called from any goroutine.
func (e *Engine) States() ([]InstanceState, error) {
	var states []InstanceState
	err := e.do(func() { states = e.states() })
	return states, err
}

func (e *Engine) states() []InstanceState {
	states := make([]InstanceState, 0, len(e.order))
	for _, r := range e.order {
		s := r.state(e.clock)
		s.Links = r.links
		s.Promoted = e.changedPromotion(r)
		s.Guard = GuardOf(e.opt.Config.Global, &r.cfg, e.links)
		if len(r.diverted) > 0 {
			s.Guard.VMACs = r.diverted
		}
		states = append(states, s)
	}
	return states
}

func joinWords(words []string) string { return strings.Join(words, ", ") }

// String is a one-line form for logs and tests.
func (s InstanceState) String() string {
	return fmt.Sprintf("%s %s vrid %d on %s priority %d", s.Name, s.State, s.VRID, s.Interface, s.Priority)
}
