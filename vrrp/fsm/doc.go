// Package fsm is the VRRP state machine of one virtual router. It is pure: an event and the time go in, ordered
// actions come out, and the same input always gives the same output. It has no clock, no goroutine and no log.
//
//	            Startup, faults                       Startup
//	   ┌────────────────────────────── Init ──────────────────────────────┐
//	   │                                ^  ^                              │
//	   │                       Shutdown │  │ Shutdown                     │
//	   v           last fault gone      │  │                              v
//	┌───────┐ ────────────────────────────────────────────────────> ┌──────────┐
//	│ Fault │                           │                           │  Backup  │
//	└───────┘ <──────────────────────────────────────────────────── └──────────┘
//	   ^             first fault        │                            │        ^
//	   │                                │       Master_Down_Interval │        │ higher priority, or
//	   │ first fault:                   │       has passed           v        │ same and higher address
//	   │ advert with priority 0         │                           ┌──────────┐
//	   └────────────────────────────────┴────────────────────────── │  Master  │
//	                         Shutdown: advert with priority 0       └──────────┘
//
// A transition is the exit of one state and the entry of another. Leaving Master always takes the addresses off.
// Entering Master sends an advert, adds the addresses, announces them and tells the scripts, in that order. The
// deadlines of a state are fields of that state and go when it is left.
//
// The table of states and events is that of RFC 9568 section 6.4. Where upstream keepalived differs, the machine does
// what upstream does:
//
//   - There is a Fault state, with any number of reasons. An owner that comes back from it waits a whole
//     Master_Down_Interval.
//   - An owner starts through Backup, a microsecond long and not told to anybody.
//   - preempt_delay has a router that would preempt accept adverts of a lower priority for a while.
//   - Of two owners, the one with the lower address gives in; a rival that does not is given in to with priority 254.
//   - lower_prio_no_advert, higher_prio_send_advert, down_timer_adverts and the announcements after a rival's advert.
//
// Adverts keep their schedule: the next one is due one interval after the slot of the one before, however late that
// was sent. Slots that were missed are left out. An advert that is sent because of another router's begins a new
// schedule.
package fsm
