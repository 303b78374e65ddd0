package fsm

import (
	"net/netip"
	"time"
)

// Event is one thing that happened to a virtual router. The set is closed.
type Event interface{ isEvent() }

type (
	// Startup begins the life of a machine in Init. A machine whose fault set is not empty enters Fault.
	Startup struct{}
	// Shutdown ends it: a Master says so with priority 0 and gives its addresses up (RFC 9568 section 6.4.3).
	Shutdown struct{}
	// Tick says that time has passed. A tick before the deadline is harmless.
	Tick struct{}
	// Advert is an advertisement that passed every receive check.
	Advert struct {
		Source   netip.Addr    // primary address of the sender
		Priority uint8         // 0: the sender gives up; 255: the sender owns the addresses
		Interval time.Duration // Max Advertise Interval carried by it (version 3), or the configured one (version 2)
		// Waited is how long it lay unread. The step has the time when it came; what is sent because of it leaves now.
		Waited time.Duration
	}
	// FaultsChanged gives the whole set of reasons why the router may not run.
	FaultsChanged struct{ Faults FaultSet }
	// PriorityChanged gives the new effective priority, 1 to 254 (255 for an owner).
	PriorityChanged struct{ Priority uint8 }
	// SourceChanged gives the interface's primary address, which decides between equal priorities.
	SourceChanged struct{ Source netip.Addr }
	// Verdict is what a Group has decided for a member: Backup takes a Master down without a farewell, because a better
	// one is known; Master is for a Backup that wants it.
	Verdict struct{ State State }
	// MemberOutranked tells a member that another one of its group has outranked a rival. The rival was Master of all,
	// so the announcements of every member are made again.
	MemberOutranked struct{}
	// Reconfigured gives the configuration of a reload. The running state is kept wherever upstream keeps it.
	Reconfigured struct{ Config Config }
	// DelayMoved says when the startup delay ends now. It is nothing to a machine that does not wait for that any more.
	DelayMoved struct{ To time.Time }
)

func (Startup) isEvent()         {}
func (Shutdown) isEvent()        {}
func (Tick) isEvent()            {}
func (Advert) isEvent()          {}
func (FaultsChanged) isEvent()   {}
func (PriorityChanged) isEvent() {}
func (SourceChanged) isEvent()   {}
func (Verdict) isEvent()         {}
func (MemberOutranked) isEvent() {}
func (Reconfigured) isEvent()    {}
func (DelayMoved) isEvent()      {}

// Fault is one reason why a virtual router may not run.
type Fault uint8

// The reasons.
const (
	FaultInterface    Fault = iota // the interface is down or missing
	FaultAddress                   // the interface has no primary address of the family
	FaultTracker                   // a tracked object without weight failed
	FaultUnsupported               // the configuration asks for something that cannot be done yet
	FaultPermission                // the socket could not be opened
	FaultPending                   // a tracked script without weight has had no result yet
	FaultGroup                     // another member of the sync group has a fault; only a Group sets it
	FaultGroupPending              // another member of the sync group waits for a script; only a Group sets it
	FaultFirewall                  // packets to the addresses are to be dropped, and cannot be
	FaultStatic                    // a static object of a track_group with this instance cannot be put where it belongs
)

// String is the operator's word for the reason.
func (f Fault) String() string {
	return [...]string{"interface down", "no address", "tracker failed", "unsupported configuration", "no socket",
		"no result of a script", "member of the sync group in fault", "member of the sync group waits", "no firewall",
		"static object lost"}[f]
}

// FaultSet is a set of reasons. The zero value is the empty set.
type FaultSet uint16

// With returns the set with f added, or taken out when on is false.
func (s FaultSet) With(f Fault, on bool) FaultSet {
	if on {
		return s | 1<<f
	}
	return s &^ (1 << f)
}

// Has tells whether f is in the set.
func (s FaultSet) Has(f Fault) bool { return s&(1<<f) != 0 }

// Pending tells whether the only reason is that a script has had no result yet: nothing has failed, and nobody is told.
func (s FaultSet) Pending() bool {
	return s != 0 && s.Own().With(FaultPending, false) == 0 && !s.Has(FaultGroup)
}

// Own is the set without the reasons that are other members' of the sync group.
func (s FaultSet) Own() FaultSet { return s.With(FaultGroup, false).With(FaultGroupPending, false) }
