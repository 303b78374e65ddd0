package fsm

import (
	"net/netip"
	"time"
)

// State of a virtual router, in the operators' words.
type State uint8

// The states; the numbers are those of upstream's JSON.
const (
	Init State = iota
	Backup
	Master
	FaultState
)

// String is upstream's word for the state.
func (s State) String() string { return [...]string{"INIT", "BACKUP", "MASTER", "FAULT"}[s] }

// Config is what a machine needs to know of its vrrp_instance. All durations are exact; rounding to wire units
// is the codec's and config's business.
type Config struct {
	Version        int           // 2 or 3
	Priority       uint8         // base priority 1..255; 255 owns the addresses
	AdvertInterval time.Duration // advert_int
	StartAsMaster  bool          // state MASTER (after config resolved owner and conflicts)
	Preempt        bool          // not nopreempt
	PreemptDelay   time.Duration // preempt_delay, 0 is off
	DownAdverts    int           // down_timer_adverts, 1..100
	// ExpiresAt is the priority that timer_expired_backup names, 0: off. A Master without preemption that has been silent
	// for as long as a router of that priority waits gives the role up: it may have a successor by now.
	ExpiresAt    uint8
	StartupDelay time.Duration // vrrp_startup_delay that is left when the machine starts

	LowerPrioNoAdvert    bool // lower_prio_no_advert
	HigherPrioSendAdvert bool // higher_prio_send_advert
	OwnerIgnoreAdverts   bool // owner_ignore_adverts

	Announce AnnounceConfig
	Source   netip.Addr // primary address of ours; invalid when the interface has none (the driver then sets FaultAddress)
}

// AnnounceConfig is the gratuitous ARP schedule (garp_*).
type AnnounceConfig struct {
	MasterRepeat    int           // garp_master_repeat, at least 1
	MasterDelay     time.Duration // garp_master_delay, 0: no second burst
	Refresh         time.Duration // garp_master_refresh, 0: off
	RefreshRepeat   int           // garp_master_refresh_repeat
	LowerPrioRepeat int           // garp_lower_prio_repeat, 0: none
	LowerPrioDelay  time.Duration // garp_lower_prio_delay, 0: no second burst
	Extra           time.Duration // garp_extra_if, 0: off
}

// Snapshot is what the outside, and a process that takes over, needs to know of a machine.
type Snapshot struct {
	State          State
	Wanted         State // upstream's wantstate
	Priority       uint8 // effective
	MasterAddress  netip.Addr
	MasterPriority uint8
	MasterInterval time.Duration // the interval the Master_Down_Interval is counted with
	LastTransition time.Time
	LastAdvert     time.Time     // last advert sent (Master) or accepted (Backup)
	MasterDownAt   time.Time     // deadline of Backup, zero elsewhere
	MasterDown     time.Duration // Master_Down_Interval
	Faults         FaultSet
}
