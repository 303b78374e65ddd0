package vrrp

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

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
	MasterInterval time.Duration // the interval that Master_Down_Interval is counted with
	MasterDown     time.Duration // Master_Down_Interval of a peer of this priority, an upper bound for taking over
	LastAdvert     int64         // last advert sent, 0 when none
	Addresses      []netif.Address
}

// Key identifies an instance over reloads and restarts, as upstream does: by interface, VRID, family, unicast,
// VMAC and multicast group, not by name.
func Key(cfg config.Instance) string { return cfg.Key() }

// resumable tells whether an instance that was Master may go on as Master in this process.
func (s InstanceState) resumable(cfg config.Instance, now time.Time) bool {
	if s.State != fsm.Master || s.LastAdvert == 0 || len(cfg.Unsupported) > 0 {
		return false
	}
	down := time.Duration(cfg.DownAdverts) * cfg.AdvertInt
	return now.Sub(fromMonotonic(s.LastAdvert, now)) < down
}

// snapshot turns the state into what the machine resumes from.
func (s InstanceState) snapshot(now time.Time) fsm.Snapshot {
	return fsm.Snapshot{
		State: s.State, Wanted: s.State, Priority: s.Priority,
		MasterInterval: s.MasterInterval, LastAdvert: fromMonotonic(s.LastAdvert, now), LastTransition: now,
	}
}

func monotonicNow() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return ts.Nano()
}

func fromMonotonic(ns int64, now time.Time) time.Time {
	return now.Add(-time.Duration(monotonicNow() - ns))
}

// state describes r for the outside.
func (r *router) state(now time.Time, monotonic int64) InstanceState {
	snap := r.machine.Snapshot()
	s := InstanceState{
		Key: r.key, Name: r.cfg.Name, Interface: r.cfg.Interface, VRID: r.cfg.VRID,
		State: snap.State, Priority: snap.Priority, MasterInterval: snap.MasterInterval,
		MasterDown: time.Duration(r.cfg.DownAdverts+1) * r.cfg.AdvertInt,
		Addresses:  kernelAddresses(r.cfg),
	}
	if !r.lastSent.IsZero() {
		s.LastAdvert = monotonic - int64(now.Sub(r.lastSent))
	}
	return s
}

// States describes every instance. It may be called from any goroutine.
func (e *Engine) States() ([]InstanceState, error) {
	var states []InstanceState
	err := e.do(func() { states = e.states(time.Now()) })
	return states, err
}

func (e *Engine) states(now time.Time) []InstanceState {
	states := make([]InstanceState, 0, len(e.order))
	mono := monotonicNow()
	for _, r := range e.order {
		states = append(states, r.state(now, mono))
	}
	return states
}

// reporter tells the parent how the instances are: at once after a change of state, else so often that the time of
// a Master's last advert is never older than a third of its advert interval's Master_Down_Interval.
type reporter struct {
	send   func([]InstanceState)
	urgent bool
	next   time.Time // zero: no Master, nothing to repeat
}

// reportsPerDown is how often a Master is reported within three advert intervals.
const reportsPerDown = 3

func (p *reporter) due() (time.Time, bool) {
	return p.next, p.send != nil && !p.next.IsZero()
}

func (p *reporter) flush(now time.Time, e *Engine) {
	if p.send == nil {
		return
	}
	if !p.urgent && (p.next.IsZero() || now.Before(p.next)) {
		return
	}
	p.urgent = false
	p.next = time.Time{}
	shortest := time.Duration(0)
	for _, r := range e.order {
		if r.machine.Snapshot().State == fsm.Master && (shortest == 0 || r.cfg.AdvertInt < shortest) {
			shortest = r.cfg.AdvertInt
		}
	}
	if shortest > 0 {
		p.next = now.Add(max(shortest*3/reportsPerDown, 20*time.Millisecond))
	}
	p.send(e.states(now))
}

func joinWords(words []string) string { return strings.Join(words, ", ") }

// String is a one-line form for logs and tests.
func (s InstanceState) String() string {
	return fmt.Sprintf("%s %s vrid %d on %s priority %d", s.Name, s.State, s.VRID, s.Interface, s.Priority)
}
