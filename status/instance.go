package status

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// instance writes one vrrp_instance.
func (t *text) instance(in *vrrp.InstanceView, v vrrp.View) {
	c, m := &in.Config, &in.Machine
	t.line(" VRRP Instance = %s", c.Name)
	t.line("   VRRP Version = %d", c.Version)
	t.optional("   Sync group = %s", c.SyncGroup)
	if c.Family == 6 {
		t.line("   Using Native IPv6")
	}
	t.line("   State = %s", m.State)
	if m.State == fsm.Backup {
		t.line("   Master router = %s", addressOr(m.MasterAddress, "0.0.0.0"))
		t.line("   Master priority = %d", m.MasterPriority)
		if c.Version == 3 {
			t.line("   Master advert interval = %d milli-sec", m.MasterInterval.Milliseconds())
		}
	}
	t.flags(c)
	t.line("   Wantstate = %s", m.Wanted)
	t.faults(m.Faults, configFaults(c), in.Tracked.Faults)
	t.line("   Number of track scripts init = %d", in.Tracked.Pending)
	t.line("   Last transition = %s", stamp(m.LastTransition))
	if in.Deadline.IsZero() {
		t.line("   Read timeout = DISABLED")
	} else {
		t.line("   Read timeout = %s", stamp(in.Deadline))
	}
	t.line("   Master down timer = %d usecs", m.MasterDown.Microseconds())
	t.network(in)
	t.timing(in)
	t.authentication(c)
	t.addresses(in, v)
	t.tracked(c)
	t.notifications(c)
	t.irregular(&in.Stats)
}

// irregular has what upstream does not count, where there is something: keepalived.stats and the JSON stay as upstream's.
func (t *text) irregular(s *vrrp.Stats) {
	for _, c := range []struct {
		label string
		count uint64
	}{
		{"Conflicts with other masters", s.MasterConflicts},
		{"Adverts with another checksum form", s.OtherChecksum},
		{"Failed sends", s.SendFailure},
	} {
		if c.count > 0 {
			t.line("   %s = %d", c.label, c.count)
		}
	}
}

// addressOr is an address, or a word where there is none.
func addressOr(a netip.Addr, none string) string {
	if a.IsValid() {
		return a.String()
	}
	return none
}

func (t *text) flags(c *config.Instance) {
	var list []string
	if len(c.UnicastPeers) > 0 {
		list = append(list, "Using unicast")
	}
	if c.UnicastFaultNoPeer {
		list = append(list, "If unicast go to fault state if no peers")
	}
	if len(list) == 0 {
		t.line("   Flags: none")
		return
	}
	t.line("   Flags:")
	for _, f := range list {
		t.line("     %s", f)
	}
}

// faultWords are upstream's words for why an instance is in FAULT.
var faultWords = []struct {
	fault fsm.Fault
	word  string
}{
	{fsm.FaultTracker, "unspecified"}, {fsm.FaultInterface, "i/f down"}, {fsm.FaultPermission, "no socket"},
	{fsm.FaultAddress, "no source IP address"}, {fsm.FaultUnsupported, "config error"},
	{fsm.FaultFirewall, "no firewall"}, {fsm.FaultStatic, "static track"},
}

// configFaults counts what in the configuration keeps the instance from running.
func configFaults(c *config.Instance) int {
	if c.LacksPeers() {
		return len(c.Unsupported) + 1
	}
	return len(c.Unsupported)
}

func (t *text) faults(set fsm.FaultSet, unsupported, trackers int) {
	t.line("   Number of config faults = %d", unsupported)
	t.line("   Number of tracker faults = %d", trackers)
	// That scripts have no result yet is no fault, and those of other members are not its own.
	if set = set.Own().With(fsm.FaultPending, false); set == 0 {
		t.line("   Flags of interface faults - (none)")
		return
	}
	t.line("   Flags of interface faults:")
	for _, f := range faultWords {
		if set.Has(f.fault) {
			t.line("     %s", f.word)
		}
	}
}

// vmacName is the name of the interface that use_vmac or use_ipvlan makes, "" without one.
func vmacName(c *config.Instance) string {
	return c.Own.Name
}

// interfaceText is the interface, with the one that it is on for a VMAC or an ipvlan.
func interfaceText(c *config.Instance) string {
	switch {
	case c.Interface == "":
		return "not configured"
	case c.Own.Name == "":
		return c.Interface
	}
	return fmt.Sprintf("%s, %s on %s%s", c.Own.Name, either(c.Own.IPVLAN, "ipvlan", "vmac"), c.Interface, either(c.VMACXmitBase, ", xmit base i/f", ""))
}

// network writes where the instance is.
func (t *text) network(in *vrrp.InstanceView) {
	c := &in.Config
	switch {
	case c.VMAC.Use:
		t.line("   Use VMAC, i/f name %s, is_up = %s, xmit_base = %s", vmacName(c), trueFalse(in.OwnUp), trueFalse(c.VMACXmitBase))
		if c.VMAC.MAC != "" {
			t.line("     MAC = %s%s", hardware(c.Own.MAC), either(strings.Count(c.VMAC.MAC, ":") == 4, " (using VRID)", ""))
		}
	case c.IPVLAN.Use:
		address := ""
		if c.IPVLAN.Addr.IsValid() {
			address = ", i/f address = " + prefixText(c.IPVLAN.Addr)
		}
		t.line("   Use IPVLAN, i/f %s, is_up = %s%s, type %s", vmacName(c), trueFalse(in.OwnUp), address, either(c.IPVLAN.Mode == "", "bridge", c.IPVLAN.Mode))
	}
	t.when(c.VMAC.NotifyMsg, "     Force netlink update for base interface")
	t.when(c.VMACAddr, "     Use VMAC for VIPs on other interfaces")
	if g := c.Own.Group; g.Set {
		t.line("     Interface group %d", g.Value)
	}
	t.line("   Interface = %s", interfaceText(c))
	t.optional("   VRF = %s", c.VRF)
	t.when(c.DontTrackPrimary, "   VRRP interface tracking disabled")
	t.when(c.SkipCheckAdvAddr, "   Skip checking advert IP addresses")
	t.when(c.NoVIP, "   Suppress no VIPs warning")
	t.when(c.Strict, "   Enforcing strict VRRP compliance")
	t.line("   Using src_ip = %s%s", addressOr(in.Source, "(none)"), either(c.MulticastSource.IsValid(), " (from configuration)", ""))
	if len(c.UnicastPeers) == 0 {
		ifindex := ""
		if c.Family == 6 {
			ifindex = fmt.Sprintf(", ifindex %d", in.Index)
		}
		t.line("   Multicast address %s%s", c.MulticastGroup, ifindex)
	}
}

func (t *text) when(on bool, line string) {
	if on {
		t.line("%s", line)
	}
}

// timing writes intervals and priorities.
func (t *text) timing(in *vrrp.InstanceView) {
	c := &in.Config
	t.garp("   ", "refresh", c.GARP)
	t.line("   Down timer adverts = %d", c.DownAdverts)
	if c.GARPExtraIf.Interval.Set && c.GARPExtraIf.Interval.Value > 0 {
		t.line("   Gratuitous ARP for each secondary %s = %d", either(c.GARPExtraIf.All, "i/f", "VMAC"), c.GARPExtraIf.Interval.Value)
	}
	t.line("   Send advert after receive lower priority advert = %s", trueFalse(!c.LowerPrioNoAdvert))
	t.line("   Send advert after receive higher priority advert = %s", trueFalse(c.HigherPrioSendAdvert))
	if c.Priority == 255 {
		t.line("   Address owner ignores received adverts = %s", trueFalse(c.OwnerIgnoreAdverts))
	}
	t.line("   Virtual Router ID = %d", c.VRID)
	t.line("   Priority = %d", c.Priority)
	t.line("   Effective priority = %d", in.Machine.Priority)
	t.line("   Total priority = %d", int(c.Priority)+in.Tracked.Add)
	if c.NoPreempt {
		t.line("   Highest other priority = %d", in.Machine.MasterPriority)
	}
	if c.Version == 2 {
		t.line("   Advert interval = %d sec", c.AdvertInt/time.Second)
	} else {
		t.line("   Advert interval = %d milli-sec", c.AdvertInt.Milliseconds())
	}
	t.line("   Last advert sent = %s", seconds(in.LastSent))
	t.line("   Accept = %s", either(c.Accept, "enabled", "disabled"))
	t.line("   Preempt = %s", either(c.NoPreempt, "disabled", "enabled"))
	if c.PreemptDelay > 0 {
		t.line("   Preempt delay = %s secs", number(c.PreemptDelay))
	}
	t.line("   Promote_secondaries = %s", either(c.PromoteSecondaries, "enabled", "disabled"))
}

// garp writes the schedule of announcements. The global one calls its refresh another name.
func (t *text) garp(indent, refresh string, g config.GARP) {
	label := indent + "Gratuitous ARP "
	t.line("%sdelay = %d", label, g.MasterDelay/time.Second)
	t.line("%srepeat = %d", label, g.MasterRepeat)
	t.line("%s%s = %d", label, refresh, g.Refresh/time.Second)
	t.line("%srefresh repeat = %d", label, g.RefreshRepeat)
	t.line("%slower priority delay = %d", label, g.LowerPrioDelay/time.Second)
	t.line("%slower priority repeat = %d", label, g.LowerPrioRepeat)
}

func (t *text) authentication(c *config.Instance) {
	switch {
	case c.AuthType == config.AuthAH:
		t.line("   Authentication type = IPSEC_AH")
	case c.AuthType == config.AuthPass:
		t.line("   Authentication type = SIMPLE_PASSWORD")
		t.line("   Password = ********")
	case c.Version == 2:
		t.line("   Authentication type = none")
	}
	if c.HMAC.Use {
		t.line("   Authentication extension = HMAC-SHA256-128")
		t.line("     Keys = %d, active key id = %d", len(c.HMAC.Keys), c.HMAC.ActiveKey)
		t.line("     Mode = %s", either(c.HMAC.Mode == "", "enforce", c.HMAC.Mode))
		if c.HMAC.AntiReplay == "monotonic" {
			t.line("     Anti replay = monotonic")
		} else {
			t.line("     Anti replay = time, window = %d sec", c.HMAC.TimeWindow/time.Second)
		}
	}
	if c.Version == 3 && c.Family == 4 {
		t.line("   VRRPv3 uses VRRPv2 checksum = %s", either(c.V3ChecksumAsV2, "enabled", "disabled"))
	}
	if c.ReceiveBuffer != 0 {
		t.line("   Kernel rx buffer size = %d", c.ReceiveBuffer)
	}
}

// addresses writes addresses, peers, the socket, routes and rules.
func (t *text) addresses(in *vrrp.InstanceView, v vrrp.View) {
	c := &in.Config
	if len(c.Addresses) > 0 {
		t.list(fmt.Sprintf("   Virtual IP (%d):", len(c.Addresses)), addressTexts(c.Addresses, in, v))
	}
	t.list("   Virtual IP Excluded :", addressTexts(c.ExcludedAddresses, in, v))
	if len(c.UnicastPeers) > 0 {
		t.unicast(in)
	}
	if in.In < 0 {
		t.line("   No sockets allocated")
	} else {
		t.line("   fd_in %d, fd_out %d", in.In, in.Out)
	}
	routes := make([]string, 0, len(c.Routes))
	for i := range c.Routes {
		routes = append(routes, routeText(&c.Routes[i]))
	}
	t.list("   Virtual Routes :", routes)
	rules := make([]string, 0, len(c.Rules))
	for i := range c.Rules {
		rules = append(rules, ruleText(&c.Rules[i]))
	}
	t.list("   Virtual Rules :", rules)
}

// list writes a heading with its lines; without lines there is no heading.
func (t *text) list(heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.line("%s", heading)
	for _, l := range lines {
		t.line("     %s", l)
	}
}

func (t *text) unicast(in *vrrp.InstanceView) {
	c := &in.Config
	if c.UnicastTTL != 0 {
		t.line("   Unicast TTL = %d", c.UnicastTTL)
	}
	t.line("   Check unicast src : %s", yesNo(c.CheckUnicastSource))
	peers := make([]string, 0, len(c.UnicastPeers))
	for _, p := range c.UnicastPeers {
		peers = append(peers, fmt.Sprintf("%s min_ttl %d max_ttl %d", p.Addr, p.MinTTL, p.MaxTTL))
	}
	t.list("   Unicast Peer :", peers)
	compatibility := map[string]string{"": "no", "yes": "config", "never": "never"}[c.OldUnicastChecksum]
	t.line("   Unicast checksum compatibility = %s", either(in.OldChecksum, "auto", compatibility))
}

func (t *text) tracked(c *config.Instance) {
	t.list("   Tracked interfaces :", weights(c.TrackInterfaces, " "))
	t.list("   Tracked scripts :", weights(c.TrackScripts, " "))
	t.list("   Tracked files :", weights(c.TrackFiles, ", "))
	t.list("   Tracked processes :", weights(c.TrackProcesses, ", "))
	t.list("   Tracked BFDs :", weights(c.TrackBFD, ": "))
}

// weights are tracked objects with what they weigh.
func weights(list []config.Track, between string) []string {
	out := make([]string, 0, len(list))
	for _, o := range list {
		out = append(out, o.Name+between+"weight "+weight(o.Weight))
	}
	return out
}

func names(list []config.Track) []string {
	out := make([]string, 0, len(list))
	for _, o := range list {
		out = append(out, o.Name)
	}
	return out
}

func joined(list []string) string { return strings.Join(list, " ") }

// notifications writes who is told of transitions.
func (t *text) notifications(c *config.Instance) {
	t.line("   Using smtp notification = %s", yesNo(c.SMTPAlert))
	t.line("   Notify deleted = %s", either(c.NotifyDeleted.Use, "Deleted", "Fault"))
	for _, s := range []struct {
		name   string
		script config.Script
	}{
		{"Backup", c.NotifyBackup}, {"Master", c.NotifyMaster}, {"Fault", c.NotifyFault}, {"Stop", c.NotifyStop},
		{"Deleted", c.NotifyDeleted.Script}, {"Generic", c.Notify}, {"Master rx lower pri", c.NotifyMasterRxLowerPri},
	} {
		t.script("   "+s.name+" state transition script", "     ", s.script)
	}
	t.line("   Notify priority changes = %s", trueFalse(c.NotifyPriorityChanges))
}
