package status

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"keepalived-go/config"
)

// process is the one that a dump is of.
type process uint8

const (
	parentProcess process = iota
	vrrpProcess
	checkerProcess
)

// ParentData is keepalived_parent.data.
func ParentData(c config.Config, h Host) []byte {
	t := &text{host: h}
	t.global(c.Global, parentProcess)
	return t.Bytes()
}

// global writes global_defs as a process has it.
func (t *text) global(g config.Global, p process) {
	t.line("------< Global definitions >------")
	t.identity(g)
	t.mail(g)
	t.reload(g)
	t.interfaces(g, p)
	t.lvs(g)
	t.pipes(g, p)
	t.announcements(g, p)
	t.firewall(g)
	t.rules(g)
	t.schedules(g)
	t.agents(g)
	t.users(g)
	t.buffers(g)
	t.files(g, p)
}

// identity writes names and namespaces.
func (t *text) identity(g config.Global) {
	t.optional(" Config save dir = %s", g.ConfigSaveDir)
	t.line(" Network namespace = %s", either(g.NetNamespace == "", "(default)", g.NetNamespace))
	t.line(" Network namespace ipvs = %s", either(g.NetNamespaceIPVS == "", "(main namespace)", g.NetNamespaceIPVS))
	t.optional(" Instance name = %s", g.InstanceName)
	t.optional(" Parent process name = %s", g.ParentName)
	t.optional(" VRRP process name = %s", g.VRRPProcess.Name)
	t.optional(" LVS process name = %s", g.CheckerProcess.Name)
	t.optional(" BFD process name = %s", g.BFDProcess.Name)
	t.line(" %s symlinks in script paths", either(g.UseSymlinkPaths, "Keep", "Replace"))
	t.line(" %set supplementary groups for all scripts", either(g.SetSupplementaryGroups, "S", "Don't s"))
	t.optional(" Router ID = %s", g.RouterID)
}

// unset is a switch that may have no value.
func unset(o config.Optional[bool]) string {
	if !o.Set {
		return "unset"
	}
	return either(o.Value, "on", "off")
}

func (t *text) mail(g config.Global) {
	if g.SMTPServer.Host != "" {
		port := g.SMTPServer.Port
		if port == 0 {
			port = 25
		}
		t.line(" Smtp server = %s", g.SMTPServer.Host)
		t.line(" Smtp server port = %d", port)
	}
	t.optional(" Smtp HELO name = %s", g.SMTPHELOName)
	if g.SMTPServer.Host != "" {
		t.line(" Smtp server connection timeout = %d", g.SMTPConnectTimeout/time.Second)
	}
	if g.NotificationEmailFrom != "" {
		t.line(" Email notification from = %s", g.NotificationEmailFrom)
		t.line(" Email notification to:")
		for _, to := range g.NotificationEmail {
			t.line("   %s", to)
		}
	}
	t.line(" Default smtp_alert = %s", unset(g.SMTPAlert))
	t.line(" Default smtp_alert_vrrp = %s", unset(g.SMTPAlertVRRP))
	t.line(" Default smtp_alert_checker = %s", unset(g.SMTPAlertChecker))
	t.line(" Checkers log all failures = %s", trueFalse(g.CheckerLogAllFailures))
}

// reload writes what surrounds reloads, start and end.
func (t *text) reload(g config.Global) {
	if g.ReloadCheckConfig != "" {
		t.line(" Test config before reload, log to %s", g.ReloadCheckConfig)
	} else {
		t.line(" No test config before reload")
	}
	if g.ReloadTimeFile != "" {
		t.line(" Reload time file = %s%s", g.ReloadTimeFile, either(g.ReloadRepeat, " (repeat)", ""))
	}
	t.optional(" Reload_file = %s", g.ReloadFile)
	t.optional(" config save directory = %s", g.TmpConfigDirectory)
	t.when(g.DataUseInstance, " Use instance name in data dumps")
	t.timed(" Startup script", ", timeout", g.StartupScript, g.StartupScriptTimeout)
	t.timed(" Shutdown script", " timeout", g.ShutdownScript, g.ShutdownScriptTimeout)
}

func (t *text) timed(label, timeout string, s config.Script, limit time.Duration) {
	if s.Set() {
		owner, _ := t.owner(s)
		t.line("%s = %s, uid:gid %s%s %d", label, command(s.Argv), owner, timeout, limit/time.Second)
	}
}

func (t *text) interfaces(g config.Global, p process) {
	t.line(" Dynamic interfaces = %s", trueFalse(g.DynamicInterfaces))
	if g.DynamicInterfaces {
		t.line(" Allow interface changes = %s", trueFalse(g.AllowIfChanges))
	}
	t.when(g.NoEmailFaults, " Send emails for fault transitions = off")
	for _, timeout := range []struct {
		label string
		value config.Optional[int]
	}{{"TCP", g.LVSTimeouts.TCP}, {"TCP FIN", g.LVSTimeouts.TCPFin}, {"UDP", g.LVSTimeouts.UDP}} {
		if timeout.value.Set {
			t.line(" LVS %s timeout = %d", timeout.label, timeout.value.Value)
		}
	}
	if p == vrrpProcess {
		t.line(" Default interface = %s", g.DefaultInterface)
	}
	t.line(" Disable local IGMP = %s", yesNo(g.DisableLocalIGMP))
	t.line(" Use VRRPv2 checksum for VRRPv3 IPv4 = %s", yesNo(g.V3ChecksumAsV2))
}

func (t *text) lvs(g config.Global) {
	if s := g.LVSSyncDaemon; s.Interface != "" {
		t.optional(" LVS syncd vrrp instance = %s", s.Instance)
		t.line(" LVS syncd interface = %s", s.Interface)
		t.line(" LVS syncd syncid = %d", s.ID.Value)
		t.positive(" LVS syncd maxlen = %d", s.MaxLen)
		if s.Group.IsValid() {
			t.line(" LVS mcast group %s", s.Group)
		}
		t.positive(" LVS syncd mcast port = %d", s.Port)
		t.positive(" LVS syncd mcast ttl = %d", s.TTL)
	}
	t.line(" LVS flush = %s", trueFalse(g.LVSFlush))
	t.line(" LVS flush on stop = %s", map[config.FlushOnStop]string{config.FlushAll: "full", config.FlushVS: "VS", config.FlushNone: "disabled"}[g.LVSFlushOnStop])
}

// positive writes a line with a number that may not be there.
func (t *text) positive(format string, n int) {
	if n > 0 {
		t.line(format, n)
	}
}

// pipes writes event pipes. A child runs the program of a pipe with the pipe's name as its last word.
func (t *text) pipes(g config.Global, p process) {
	for _, pipe := range []struct {
		name   string
		fifo   config.FIFO
		script config.Script
		ours   bool
	}{
		{"Global", g.NotifyFIFO, g.NotifyFIFOScript, p != parentProcess},
		{"VRRP", g.VRRPNotifyFIFO, g.VRRPNotifyFIFOScript, p == vrrpProcess},
		{"LVS", g.LVSNotifyFIFO, g.LVSNotifyFIFOScript, p == checkerProcess},
	} {
		if pipe.fifo.Path == "" {
			continue
		}
		owner, _ := t.owner(config.Script{User: pipe.fifo.User, Group: pipe.fifo.Group})
		t.line(" %s notify fifo = %s, uid:gid %s", pipe.name, pipe.fifo.Path, owner)
		if script := pipe.script; script.Set() {
			if pipe.ours {
				script.Argv = append(append([]string(nil), script.Argv...), pipe.fifo.Path)
			}
			t.script(" "+pipe.name+" notify fifo script", "   ", script)
		}
	}
	t.line(" FIFO write vrrp states on reload = %s", trueFalse(g.FIFOWriteVRRPStatesOnReload))
	t.line(" VRRP notify priority changes = %s", trueFalse(g.VRRPNotifyPriorityChanges))
}

// unsetNumber is what a number is shown as that only the VRRP process fills in.
const unsetNumber = "4294967295"

func (t *text) announcements(g config.Global, p process) {
	t.line(" VRRP IPv4 mcast group = %s", g.VRRPMcastGroup4)
	t.line(" VRRP IPv6 mcast group = %s", g.VRRPMcastGroup6)
	t.line(" Gratuitous ARP delay = %d", g.VRRPGARPMasterDelay/time.Second)
	t.line(" Gratuitous ARP repeat = %d", g.VRRPGARPMasterRepeat)
	t.line(" Gratuitous ARP refresh timer = %d", g.VRRPGARPMasterRefresh/time.Second)
	t.line(" Gratuitous ARP refresh repeat = %d", g.VRRPGARPMasterRefreshRepeat)
	delay, repeat := unsetNumber, unsetNumber
	switch {
	case g.VRRPGARPLowerPrioDelay.Set:
		delay = fmt.Sprint(int64(g.VRRPGARPLowerPrioDelay.Value / time.Second))
	case p == vrrpProcess:
		delay = fmt.Sprint(int64(g.VRRPGARPMasterDelay / time.Second))
	}
	switch {
	case g.VRRPGARPLowerPrioRepeat.Set:
		repeat = fmt.Sprint(g.VRRPGARPLowerPrioRepeat.Value)
	case p == vrrpProcess:
		repeat = fmt.Sprint(g.VRRPGARPMasterRepeat)
	}
	t.line(" Gratuitous ARP lower priority delay = %s", delay)
	t.line(" Gratuitous ARP lower priority repeat = %s", repeat)
	t.line(" Num adverts before down = %d", g.VRRPDownTimerAdverts)
	t.line(" Gratuitous ARP for each secondary %s = %ds", either(g.VRRPGARPExtraIf.All, "i/f", "VMAC"), g.VRRPGARPExtraIf.Interval.Value)
	t.line(" Send advert after receive lower priority advert = %s", trueFalse(!g.VRRPLowerPrioNoAdvert))
	t.line(" Send advert after receive higher priority advert = %s", trueFalse(g.VRRPHigherPrioSendAdvert))
	t.line(" Gratuitous ARP interval = %s", decimal(g.GARPInterval))
	t.line(" Gratuitous NA interval = %s", decimal(g.GNAInterval))
	t.line(" VRRP default protocol version = %d", g.VRRPVersion)
}

func (t *text) firewall(g config.Global) {
	t.chains(g)
	if g.NFTables != "" {
		t.line(" nftables table name = %s", g.NFTables)
		t.line(" nftables base chain priority = %d", g.NFTablesPriority)
		t.line(" nftables %sforce use ifindex for link local IPv6", either(g.NFTablesIfIndex, "", "don't "))
	}
	if g.NFTablesIPVS != "" {
		t.line(" ipvs nftables table name = %s", g.NFTablesIPVS)
		t.line(" ipvs nftables base chain priority = %d", g.NFTablesIPVSPriority)
		t.line(" ipvs nftables start fwmark = %d", g.NFTablesIPVSStartFWMark)
	}
	t.line(" nftables with%s counters", either(g.NFTablesCounters, "", "out"))
}

// chains are the chains and sets of iptables, where that is used.
func (t *text) chains(g config.Global) {
	if g.VRRPIPTables.In == "" {
		return
	}
	t.line(" Iptables input chain = %s", g.VRRPIPTables.In)
	if g.VRRPIPTables.Out != "" {
		t.line(" Iptables output chain = %s", g.VRRPIPTables.Out)
	}
	t.line(" Using ipsets = %s", trueFalse(!g.VRRPIPSets.Disabled))
	if g.VRRPIPSets.Disabled {
		return
	}
	for i, what := range []string{"IPv4 address", "IPv6 address", "IPv6 address,iface", "IGMP", "MLD", "ND"} {
		t.line(" ipset %s set = %s", what, g.VRRPIPSets.Names[i])
	}
}

func (t *text) rules(g config.Global) {
	t.line(" VRRP check unicast_src = %s", trueFalse(g.VRRPCheckUnicastSrc))
	t.line(" VRRP skip check advert addresses = %s", trueFalse(g.VRRPSkipCheckAdvAddr))
	t.line(" VRRP strict mode = %s", trueFalse(g.VRRPStrict))
	if g.MaxAutoPriority == -1 {
		t.line(" Max auto priority = Disabled")
	} else {
		t.line(" Max auto priority = %d", g.MaxAutoPriority)
	}
	t.line(" Min auto priority delay = %d usecs", g.MinAutoPriorityDelay)
}

func (t *text) schedules(g config.Global) {
	for _, p := range []struct {
		name string
		config.Process
	}{{"VRRP", g.VRRPProcess}, {"Checker", g.CheckerProcess}, {"BFD", g.BFDProcess}} {
		t.line(" %s process priority = %d", p.name, p.Nice)
		t.line(" %s don't swap = %s", p.name, trueFalse(p.NoSwap))
		t.line(" %s realtime priority = %d", p.name, p.RTPriority)
		if len(p.CPUs) > 0 {
			t.line(" %s CPU Affinity = %s", p.name, strings.Trim(fmt.Sprint(p.CPUs), "[]"))
		}
		t.line(" %s realtime limit = %d", p.name, p.RTTime)
	}
}

// defaultBusName is the name on D-Bus that needs no saying.
const defaultBusName = "org.keepalived.Vrrp1"

// agents writes what this program does not have, whatever the configuration asks for.
func (t *text) agents(g config.Global) {
	for _, what := range []string{"SNMP vrrp", "SNMP checker", "SNMP RFCv2", "SNMP RFCv3", "SNMP traps"} {
		t.line(" %s disabled", what)
	}
	t.line(" SNMP socket = %s", either(g.SNMPSocket == "", "default (unix:/var/agentx/master)", g.SNMPSocket))
	t.line(" SNMP VS stats update interval = %s", decimal(g.SNMPVsStatsUpdateInterval))
	rs := g.SNMPRSStatsUpdateInterval
	if rs == 0 {
		rs = g.SNMPVsStatsUpdateInterval
	}
	t.line(" SNMP RS stats update interval = %s", decimal(rs))
	t.line(" DBus disabled")
	t.line(" DBus service name = %s", either(g.DBusServiceName == defaultBusName, "", g.DBusServiceName))
	t.line(" DBus no interface name = %s", g.DBusNoInterfaceName)
}

func (t *text) users(g config.Global) {
	t.line(" Script security %s", either(g.ScriptSecurity, "enabled", "disabled"))
	if g.ScriptUser.User != "" {
		owner, groups := t.owner(g.ScriptUser)
		t.line(" Default script uid:gid %s", owner)
		t.groups("   ", groups)
	}
}

func (t *text) buffers(g config.Global) {
	buffer := func(name string, b config.SocketBuffer) {
		t.line(" %s_rcv_bufs = %d", name, b.Size)
		t.line(" %s_rcv_bufs_force = %s", name, either(b.Force, "1", "0"))
	}
	buffer("vrrp_netlink_cmd", g.VRRPNetlinkCmd)
	buffer("vrrp_netlink_monitor", g.VRRPNetlinkMonitor)
	buffer("process_monitor", g.ProcessMonitor)
	buffer("lvs_netlink_cmd", g.CheckerNetlinkCmd)
	buffer("lvs_netlink_monitor", g.CheckerNetlinkMonitor)
	t.line(" rs_init_notifies = %s", either(g.RSInitNotifies, "1", "0"))
	t.line(" no_checker_emails = %s", either(g.NoCheckerEmails, "1", "0"))
	switch policy := g.VRRPRxBufsPolicy; strings.ToUpper(policy) {
	case "":
	case "MTU", "ADVERT":
		t.line(" rx_bufs_policy = %s", strings.ToUpper(policy))
	default:
		t.line(" rx_bufs_size = %s", policy)
	}
	t.line(" rx_bufs_multiples = %d", g.VRRPRxBufsMultiplier)
}

func (t *text) files(g config.Global, p process) {
	t.line(" umask = 0%o", t.host.Umask)
	if g.StartupDelay > 0 {
		t.line(" vrrp_startup_delay = %s", number(g.StartupDelay))
	}
	t.when(g.LogUnknownVRIDs, " log_unknown_vrids")
	t.when(g.VRRPOwnerIgnoreAdverts, " vrrp_owner_ignore_adverts")
	if g.VMACPrefix != "vrrp" {
		t.optional(" VMAC prefix = %s", g.VMACPrefix)
	}
	t.optional(" VMAC address prefix = %s", g.VMACAddrPrefix)
	if own := map[process]config.Process{vrrpProcess: g.VRRPProcess, checkerProcess: g.CheckerProcess}[p]; own.RTPriority > 0 {
		t.line(" current realtime priority = %d", own.RTPriority)
		t.line(" current realtime time limit = %d", own.RTTime)
	}
	t.line(" json_version %d", g.JSONVersion)
	t.line(" iproute usr directory %s", either(g.IprouteUsrDir == "", config.IprouteUsrDir, g.IprouteUsrDir))
	t.line(" iproute etc directory %s", either(g.IprouteEtcDir == "", config.IprouteEtcDir, g.IprouteEtcDir))
	t.optional(" state dump file %s", g.StateDumpFile)
	t.optional(" stats dump file %s", g.StatsDumpFile)
	t.optional(" json dump file %s", g.JSONDumpFile)
}

// addressPort is how a socket address is written, [address]:port.
func addressPort(a netip.AddrPort) string { return fmt.Sprintf("[%s]:%d", a.Addr(), a.Port()) }
