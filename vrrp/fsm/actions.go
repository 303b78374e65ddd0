package fsm

import (
	"net/netip"
	"time"
)

// Action is one thing to do, in the order given. The set is closed.
type Action interface{ isAction() }

type (
	// SendAdvert sends one advertisement at once. Priority 0 gives the role up.
	SendAdvert struct{ Priority uint8 }
	// AddAddresses puts the virtual addresses on their interfaces.
	AddAddresses struct{}
	// RemoveAddresses takes them off. Machine asks for it on leaving Master and once at Startup.
	RemoveAddresses struct{}
	// Announce sends gratuitous ARP (unsolicited NA) for every address, Repeat times, or what the cause says.
	Announce struct {
		Cause  AnnounceCause
		Repeat int
	}
	// Entered says that a state was entered; notifications hang on it. Init is true for the first one after Startup.
	Entered struct {
		State    State
		Priority uint8 // effective priority at that moment
		Init     bool
	}
	// Stopped says that the machine has come to its end (notify_stop).
	Stopped struct{ Priority uint8 }
	// GroupSyncing says that the members of a group that are not in State yet are taken there next.
	GroupSyncing struct{ State State }
	// GroupEntered says that a group has come to a state; notifications of the group hang on it. Init is true for the
	// first one, which comes before those of the members.
	GroupEntered struct {
		State State
		Init  bool
	}
	// Report is something an operator wants to read in the log; it changes nothing.
	Report struct {
		Kind     ReportKind
		Peer     netip.Addr // sender of the advert, where there is one
		Priority uint8      // priority in the advert
		Ours     uint8      // our effective priority
		Old      netip.Addr // former master (MasterChanged)
		// Interval is the one in the advert, OldInterval the one that was counted with before (ReportIntervalLearned)
		// or the configured one (ReportIntervalMismatch).
		Interval, OldInterval time.Duration
	}
)

func (SendAdvert) isAction()      {}
func (AddAddresses) isAction()    {}
func (RemoveAddresses) isAction() {}
func (Announce) isAction()        {}
func (Entered) isAction()         {}
func (Stopped) isAction()         {}
func (GroupSyncing) isAction()    {}
func (GroupEntered) isAction()    {}
func (Report) isAction()          {}

// AnnounceCause says why addresses are announced.
type AnnounceCause uint8

// The causes.
const (
	AnnounceMaster        AnnounceCause = iota // became Master (garp_master_repeat)
	AnnounceMasterDelayed                      // garp_master_delay later
	AnnounceRefresh                            // garp_master_refresh
	AnnounceLowerPriority                      // a rival with lower priority was heard (garp_lower_prio_repeat)
	AnnounceLowerDelayed                       // garp_lower_prio_delay later
	AnnounceExtra                              // garp_extra_if: one address of each interface that carries no adverts
)

// ReportKind names a log line.
type ReportKind uint8

// The reports; upstream's texts are in the driver.
const (
	ReportTimeout             ReportKind = iota // Master_Down_Timer fired
	ReportLowerDiscarded                        // Backup discards an advert of lower priority, it will preempt
	ReportHigherPriority                        // Master heard a higher priority
	ReportSamePriorityAddress                   // Master heard the same priority from a higher address
	ReportLowerNewElection                      // Master heard a lower priority, forces a new election
	ReportSameAddress                           // same priority and our own address: a duplicate or a loop
	ReportPriorityZeroBackup                    // Backup heard priority 0
	ReportPriorityZeroMaster                    // Master heard priority 0
	ReportMasterSet                             // first master known
	ReportMasterChanged                         // another master than before
	ReportIntervalLearned                       // version 3: the master's interval was adopted
	ReportIntervalMismatch                      // version 3: Master or same, interval differs, information only
	ReportPreemptDelayStarted                   // a lower master was heard, preempt_delay runs
	ReportPreemptDelayOver                      // preempt_delay has run out
	ReportOwnerConflict                         // two owners
	ReportPriorityChanged                       // effective priority changed from Priority to Ours
	ReportLowerPriorityRx                       // notify_master_rx_lower_pri
	ReportExpired                               // a Master was silent for Interval (timer_expired_backup)
)

var causeNames = [...]string{"master", "master delayed", "refresh", "lower priority", "lower priority delayed", "extra"}

// String is the cause in words.
func (c AnnounceCause) String() string { return causeNames[c] }

var reportNames = [...]string{
	"timeout", "lower discarded", "higher priority", "higher address", "lower, new election", "same address",
	"priority 0 in backup", "priority 0 in master", "master set", "master changed", "interval learned",
	"interval mismatch", "preempt delay started", "preempt delay over", "owner conflict", "priority changed",
	"lower priority received", "expired",
}

// String is the report in words.
func (k ReportKind) String() string { return reportNames[k] }
