package config

import (
	"net/netip"
	"time"

	"keepalived-go/parser"
)

// Config is a whole configuration as a value: it points to nothing that runs, and two of them can be compared.
type Config struct {
	Global    Global
	Instances []Instance // in the order of the file

	SyncGroups      []SyncGroup
	Scripts         []TrackScript
	TrackFiles      []TrackFile
	TrackProcesses  []TrackProcess
	StaticAddresses []Address
	StaticRoutes    []Route
	StaticRules     []Rule
	TrackGroups     []TrackGroup
	GARPGroups      []GARPGroup
	UpDownDelays    []UpDownDelay
	Linkbeats       []Linkbeat

	VirtualServers      []VirtualServer // in the order of the file
	VirtualServerGroups []VirtualServerGroup
	SSL                 SSL
	BFD                 []BFDInstance
}

// Script is a command line with the user that it runs as, as configured.
type Script struct {
	Argv       []string // nil: not configured
	User       string   // "": script_user
	Group      string
	Supplement bool // leading colon: set supplementary groups too
}

// Set tells whether the script is configured.
func (s Script) Set() bool { return len(s.Argv) > 0 }

// NeedsVRRP tells whether there is something for a VRRP process: instances, or static objects, which it keeps.
func (c *Config) NeedsVRRP() bool {
	return len(c.Instances)+len(c.StaticAddresses)+len(c.StaticRoutes)+len(c.StaticRules) > 0
}

// Instance is one vrrp_instance with every default resolved (global defaults, version, owner, strict mode).
type Instance struct {
	Name      string
	Pos       parser.Position // where it stands in the file; not part of a comparison
	Interface string
	VRID      uint8
	Family    int // 4 or 6

	Version      int           // 2 or 3
	Priority     uint8         // 1..255
	AdvertInt    time.Duration // rounded to wire units
	StateMaster  bool          // state MASTER after conflicts are resolved
	NoPreempt    bool
	PreemptDelay time.Duration
	DownAdverts  int

	AuthType AuthType
	AuthPass string // at most 8 bytes

	Addresses         []Address // virtual_ipaddress: advertised
	ExcludedAddresses []Address // virtual_ipaddress_excluded, and those that do not fit the packet

	MulticastGroup  netip.Addr // mcast_dst_ip, vrrp_mcast_group4/6
	MulticastSource netip.Addr // mcast_src_ip; invalid: primary address

	LowerPrioNoAdvert    bool
	HigherPrioSendAdvert bool
	OwnerIgnoreAdverts   bool
	SkipCheckAdvAddr     bool
	DontTrackPrimary     bool
	V3ChecksumAsV2       bool
	ReceiveBuffer        int // kernel_rx_buf_size, bytes; 0: default

	GARP GARP

	NotifyMaster, NotifyBackup, NotifyFault, NotifyStop Script
	Notify, NotifyMasterRxLowerPri                      Script

	// Unsupported lists the keywords that the engine cannot act on yet and without which running would be wrong
	// towards peers or traffic. The instance is held in Fault while it is not empty.
	Unsupported []string

	Strict bool // strict_mode, vrrp_strict
	Accept bool // packets to the addresses are accepted

	SyncGroup          string
	UnicastPeers       []UnicastPeer
	UnicastTTL         int // 0: the kernel's default
	CheckUnicastSource bool
	PeersOnly          bool // adverts of others are dropped: check_unicast_src, vrrp_check_unicast_src
	UnicastFaultNoPeer bool
	OldUnicastChecksum string // "", "yes" or "never"
	// ChecksumGroup is what the checksum of old releases has in place of the destination (old_unicast_checksum),
	// invalid where that is never looked for.
	ChecksumGroup netip.Addr
	// Twin tells instances apart that differ in their unicast peers alone: 0 is the first of them.
	Twin         int
	VMAC         VMAC
	VMACAddr     bool // use_vmac_addr
	VMACXmitBase bool
	// Own is the interface of the instance's own (use_vmac, use_ipvlan), AddressLinks are those that addresses on other
	// interfaces or of the other family want (use_vmac of an address, use_vmac_addr).
	Own                   VirtualLink
	AddressLinks          []VirtualLink
	IPVLAN                IPVLAN
	VRF                   string
	HMAC                  HMAC
	TrackInterfaces       []Track
	TrackScripts          []Track
	TrackFiles            []Track
	TrackProcesses        []Track
	TrackBFD              []Track
	TrackSource           bool // track_src_ip
	Routes                []Route
	Rules                 []Rule
	NoVIP                 bool // no_virtual_ipaddress
	PromoteSecondaries    bool
	GARPExtraIf           ExtraIf
	TimerExpiredBackup    int // 0: off
	NotifyDeleted         NotifyDeleted
	NotifyPriorityChanges bool
	SMTPAlert             bool
}

// AuthType is the VRRP version 2 authentication.
type AuthType uint8

// The authentication types; the numbers are those of the wire.
const (
	AuthNone AuthType = 0
	AuthPass AuthType = 1
	AuthAH   AuthType = 2
)

// GARP is the gratuitous ARP schedule of an instance.
type GARP struct {
	MasterDelay     time.Duration
	MasterRepeat    int
	Refresh         time.Duration
	RefreshRepeat   int
	LowerPrioDelay  time.Duration
	LowerPrioRepeat int
}

// Address is one line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress.
type Address struct {
	Prefix        netip.Prefix
	Peer          netip.Prefix
	Dev           string // resolved: the instance's interface when no dev was given
	Broadcast     netip.Addr
	Scope         uint8
	Label         string
	NoDAD         bool
	HomeAddress   bool
	MngTmpAddr    bool
	NoPrefixRoute bool
	AutoJoin      bool
	NoTrack       bool
	UseVMAC       bool
	Link          string // resolved: the virtual link that it goes on, "": Dev
	TrackGroup    string
	PreferredLife uint32 // seconds; 0xffffffff: forever
}
