package config

import (
	"net/netip"
	"time"
)

// Weight is the influence of a tracker on the priority.
type Weight struct {
	Value   int  // -254..254; 0: failure means Fault
	Reverse bool // success and failure change places
}

// Track is one tracked object of an instance or a group. Name is the interface, script, file, process or session.
type Track struct {
	Name   string
	Weight Weight
}

// UnicastPeer is one line of unicast_peer.
type UnicastPeer struct {
	Addr           netip.Addr
	MinTTL, MaxTTL uint8 // hop limits accepted from the peer
}

// VMAC is use_vmac: the instance runs on a macvlan of its own.
type VMAC struct {
	Use  bool
	Name string // "": generated
	// MAC is the address to use, "" for the protocol's. Five octets have the VRID appended.
	MAC       string
	NotifyMsg bool             // netlink_notify_msg
	Group     Optional[uint32] // link group; not set: that of the parent
}

// IPVLAN is use_ipvlan: the instance runs on an ipvlan of its own.
type IPVLAN struct {
	Use   bool
	Name  string
	Addr  netip.Prefix
	Mode  string // "", "bridge", "private" or "vepa"
	Group Optional[uint32]
}

// HMAC is the auth_hmac block.
type HMAC struct {
	Use        bool
	ActiveKey  int
	AntiReplay string // "time" or "monotonic", "" is time
	Keys       []HMACKey
	Mode       string        // "enforce", "permissive", "receive-only", "" is enforce
	TimeWindow time.Duration // whole seconds; 0 with monotonic where it was not given
}

// HMACKey is one key with its number 1..255.
type HMACKey struct {
	ID    int
	Value string // as written: hex: and digits, file: and a path, or the key itself
	Key   string // the octets, 32 to 64; none when the key is in a file and Env has no files
}

// NotifyDeleted is notify_deleted.
type NotifyDeleted struct {
	Use    bool
	Script Script
}

// SyncGroup is a set of instances that change state together.
type SyncGroup struct {
	Name                                 string
	Members                              []string
	TrackingWeight                       bool // sync_group_tracking_weight
	NotifyMaster, NotifyBackup           Script
	NotifyFault, NotifyStop, Notify      Script
	NotifyPriorityChanges, SMTPAlert     Optional[bool]
	TrackInterfaces, TrackScripts        []Track
	TrackFiles, TrackProcesses, TrackBFD []Track
}

// TrackScript is a vrrp_script.
type TrackScript struct {
	Name              string
	Script            Script
	Interval, Timeout time.Duration // Timeout 0: the interval
	Weight            Weight
	Rise, Fall        int
	InitFail          bool
}

// TrackFile is a track_file or vrrp_track_file.
type TrackFile struct {
	Name   string
	Path   string
	Weight Weight
	Init   InitFile
}

// InitFile is what is written to a tracked file at start.
type InitFile struct {
	Create    bool
	Value     int
	Overwrite bool
}

// ParamMatch is how the parameters of a process are compared.
type ParamMatch uint8

// The kinds of param_match.
const (
	MatchNone ParamMatch = iota // the parameters are not looked at
	MatchExact
	MatchPartial
	MatchInitial
)

// TrackProcess is a vrrp_track_process.
type TrackProcess struct {
	Name                      string
	Command                   []string
	FullCommand               bool
	ParamMatch                ParamMatch
	Weight                    Weight
	Quorum                    int
	QuorumMax                 int // Unlimited, or at most 65535
	ForkDelay, TerminateDelay time.Duration
}

// Unlimited is the quorum_max that no number of processes exceeds.
const Unlimited = 1<<32 - 1

// TrackGroup names instances that go to Fault when a static object is lost.
type TrackGroup struct {
	Name    string
	Members []string
}

// GARPGroup are interfaces that share the pace of announcements.
type GARPGroup struct {
	Interfaces                []string
	Aggregate                 bool // the pace is that of all interfaces together
	GARPInterval, GNAInterval Optional[time.Duration]
}

// UpDownDelay is how long a link's change must last before trackers react.
type UpDownDelay struct {
	Interface string
	Down, Up  time.Duration
}

// Linkbeat is an interface whose link state is polled. Method is "", "MII", "ETHTOOL" or "IOCTL".
type Linkbeat struct {
	Interface string
	Method    string
}
