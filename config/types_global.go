package config

import (
	"net/netip"
	"time"
)

// Global is global_defs and the keywords that stand outside of any block. Each field is the keyword in its comment;
// the table of keywords has the meaning, the range and the default.
type Global struct {
	CheckerLogAllFailures       bool                    // checker_log_all_failures
	ConfigSaveDir               string                  // config_save_dir
	DataUseInstance             bool                    // data_use_instance
	DBusNoInterfaceName         string                  // dbus_no_interface_name
	DBusServiceName             string                  // dbus_service_name
	DefaultInterface            string                  // default_interface
	DisableLocalIGMP            bool                    // disable_local_igmp
	DynamicInterfaces           bool                    // dynamic_interfaces
	EnableDBus                  bool                    // enable_dbus
	ScriptSecurity              bool                    // enable_script_security
	EnableSNMPChecker           bool                    // enable_snmp_checker
	EnableSNMPVRRP              bool                    // enable_snmp_vrrp
	EnableSNMPRFC               bool                    // enable_snmp_rfc
	EnableSNMPRFCv2             bool                    // enable_snmp_rfcv2
	EnableSNMPRFCv3             bool                    // enable_snmp_rfcv3
	EnableTraps                 bool                    // enable_traps
	FIFOWriteVRRPStatesOnReload bool                    // fifo_write_vrrp_states_on_reload
	IprouteEtcDir               string                  // iproute_etc_dir
	IprouteUsrDir               string                  // iproute_usr_dir
	JSONDumpFile                string                  // json_dump_file
	JSONVersion                 int                     // json_version
	LogUnknownVRIDs             bool                    // log_unknown_vrids
	LVSFlush                    bool                    // lvs_flush
	LVSFlushOnStop              FlushOnStop             // lvs_flush_on_stop
	LVSNotifyFIFO               FIFO                    // lvs_notify_fifo
	LVSNotifyFIFOScript         Script                  // lvs_notify_fifo_script
	LVSSyncDaemon               SyncDaemon              // lvs_sync_daemon
	LVSTimeouts                 LVSTimeouts             // lvs_timeouts
	MaxAutoPriority             int                     // max_auto_priority
	MinAutoPriorityDelay        int                     // min_auto_priority_delay
	NFTables                    string                  // nftables
	NFTablesCounters            bool                    // nftables_counters
	NFTablesIfIndex             bool                    // nftables_ifindex
	NFTablesIPVS                string                  // nftables_ipvs
	NFTablesIPVSPriority        int                     // nftables_ipvs_priority
	NFTablesIPVSStartFWMark     int                     // nftables_ipvs_start_fwmark
	NFTablesPriority            int                     // nftables_priority
	NoCheckerEmails             bool                    // no_checker_emails
	NoEmailFaults               bool                    // no_email_faults
	NotificationEmail           []string                // notification_email
	NotificationEmailFrom       string                  // notification_email_from
	NotifyFIFO                  FIFO                    // notify_fifo
	NotifyFIFOScript            Script                  // notify_fifo_script
	ParentName                  string                  // process_name
	RandomSeed                  int                     // random_seed
	ReloadCheckConfig           string                  // reload_check_config
	ReloadFile                  string                  // reload_file
	ReloadRepeat                bool                    // reload_repeat
	ReloadTimeFile              string                  // reload_time_file
	RouterID                    string                  // router_id
	RSInitNotifies              bool                    // rs_init_notifies
	ScriptUser                  Script                  // script_user
	SetSupplementaryGroups      bool                    // set_supplementary_groups
	ShutdownScript              Script                  // shutdown_script
	ShutdownScriptTimeout       time.Duration           // shutdown_script_timeout
	SMTPAlert                   Optional[bool]          // smtp_alert
	SMTPAlertChecker            Optional[bool]          // smtp_alert_checker
	SMTPAlertVRRP               Optional[bool]          // smtp_alert_vrrp
	SMTPConnectTimeout          time.Duration           // smtp_connect_timeout
	SMTPHELOName                string                  // smtp_helo_name
	SMTPServer                  SMTPServer              // smtp_server
	SNMPRSStatsUpdateInterval   time.Duration           // snmp_rs_stats_update_interval
	SNMPSocket                  string                  // snmp_socket
	SNMPVsStatsUpdateInterval   time.Duration           // snmp_vs_stats_update_interval
	StartupScript               Script                  // startup_script
	StartupScriptTimeout        time.Duration           // startup_script_timeout
	StateDumpFile               string                  // state_dump_file
	StatsDumpFile               string                  // stats_dump_file
	TmpConfigDirectory          string                  // tmp_config_directory
	Umask                       Optional[uint32]        // umask
	UseSymlinkPaths             bool                    // use_symlink_paths
	V3ChecksumAsV2              bool                    // v3_checksum_as_v2
	VMACAddrPrefix              string                  // vmac_addr_prefix
	VMACPrefix                  string                  // vmac_prefix
	VRRPCheckUnicastSrc         bool                    // vrrp_check_unicast_src
	DelayAfterBoot              time.Duration           // vrrp_delay_after_boot
	VRRPDownTimerAdverts        int                     // vrrp_down_timer_adverts
	VRRPGARPExtraIf             ExtraIf                 // vrrp_garp_extra_if
	GARPInterval                time.Duration           // vrrp_garp_interval
	VRRPGARPLowerPrioDelay      Optional[time.Duration] // vrrp_garp_lower_prio_delay
	VRRPGARPLowerPrioRepeat     Optional[int]           // vrrp_garp_lower_prio_repeat
	VRRPGARPMasterDelay         time.Duration           // vrrp_garp_master_delay
	VRRPGARPMasterRefresh       time.Duration           // vrrp_garp_master_refresh
	VRRPGARPMasterRefreshRepeat int                     // vrrp_garp_master_refresh_repeat
	VRRPGARPMasterRepeat        int                     // vrrp_garp_master_repeat
	GNAInterval                 time.Duration           // vrrp_gna_interval
	VRRPHigherPrioSendAdvert    bool                    // vrrp_higher_prio_send_advert
	VRRPIPSets                  IPSets                  // vrrp_ipsets
	VRRPIPTables                IPTables                // vrrp_iptables
	VRRPLowerPrioNoAdvert       bool                    // vrrp_lower_prio_no_advert
	VRRPMcastGroup4             netip.Addr              // vrrp_mcast_group4
	VRRPMcastGroup6             netip.Addr              // vrrp_mcast_group6
	VRRPNotifyFIFO              FIFO                    // vrrp_notify_fifo
	VRRPNotifyFIFOScript        Script                  // vrrp_notify_fifo_script
	VRRPNotifyPriorityChanges   bool                    // vrrp_notify_priority_changes
	VRRPOwnerIgnoreAdverts      bool                    // vrrp_owner_ignore_adverts
	VRRPRxBufsMultiplier        int                     // vrrp_rx_bufs_multiplier
	VRRPRxBufsPolicy            string                  // vrrp_rx_bufs_policy
	VRRPSkipCheckAdvAddr        bool                    // vrrp_skip_check_adv_addr
	StartupDelay                time.Duration           // vrrp_startup_delay
	VRRPStrict                  bool                    // vrrp_strict
	VRRPVersion                 int                     // vrrp_version
	ChildWaitTime               time.Duration           // child_wait_time
	InstanceName                string                  // instance
	LinkbeatUsePolling          bool                    // linkbeat_use_polling
	NamespaceWithIPSets         bool                    // namespace_with_ipsets
	NetNamespace                string                  // net_namespace
	NetNamespaceIPVS            string                  // net_namespace_ipvs; a path where it begins with /
	UsePidDir                   bool                    // use_pid_dir
	AllowIfChanges              bool                    // dynamic_interfaces allow_if_changes

	VRRPProcess, CheckerProcess, BFDProcess  Process
	VRRPNetlinkCmd, VRRPNetlinkMonitor       SocketBuffer // vrrp_netlink_*_rcv_bufs
	CheckerNetlinkCmd, CheckerNetlinkMonitor SocketBuffer // lvs_netlink_*_rcv_bufs
	ProcessMonitor                           SocketBuffer // process_monitor_rcv_bufs
}

// Process is how a child process is named and scheduled.
type Process struct {
	Name       string // comm name, at most 15 bytes
	NoSwap     bool   // lock the memory
	Nice       int    // -20..19
	RTPriority int    // SCHED_RR priority 1..99; 0: off
	RTTime     int    // RLIMIT_RTTIME in microseconds
	CPUs       []int  // nil: all
}

// SocketBuffer is the receive buffer of a netlink socket.
type SocketBuffer struct {
	Size  int  // bytes; 0: the kernel's default
	Force bool // SO_RCVBUFFORCE
}

// FIFO is a named pipe that receives event lines.
type FIFO struct {
	Path string
	// User and Group own the pipe; "" is the default user of scripts.
	User, Group string
}

// SMTPServer is where alert mails are handed in.
type SMTPServer struct {
	Host string // address or name
	Port uint16 // 0: 25
}

// FlushOnStop is what lvs_flush_on_stop takes off at the end.
type FlushOnStop uint8

// The kinds of lvs_flush_on_stop.
const (
	FlushNone FlushOnStop = iota // each server by itself
	FlushAll                     // the whole table
	FlushVS                      // each virtual server as a whole
)

// SyncDaemon is lvs_sync_daemon. Numbers that are not set are left to the kernel.
type SyncDaemon struct {
	Interface string
	Instance  string
	ID        Optional[int]
	MaxLen    int
	Port      int
	TTL       int
	Group     netip.Addr
}

// LVSTimeouts are the connection timeouts of IPVS in seconds.
type LVSTimeouts struct {
	TCP, TCPFin, UDP Optional[int]
}

// ExtraIf is vrrp_garp_extra_if: announcements on interfaces other than the instance's.
type ExtraIf struct {
	All      bool          // not only on VMACs
	Interval Optional[int] // seconds
}

// IPSets are the names of the ipsets that iptables goes by. Without names every address has rules of its own; Disabled
// is the bare keyword.
type IPSets struct {
	Disabled bool
	Names    [6]string // IPv4, IPv6, IPv6 by interface, IGMP, MLD, ND
}

// IPTables are the chains of iptables that rules are put into. In is "" where nftables is used, and Out where only
// what comes in is filtered.
type IPTables struct {
	In, Out string
}
