package status

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"keepalived-go/config"
	"keepalived-go/track"
	"keepalived-go/vrrp"
)

// VRRPData is keepalived.data: the configuration of the VRRP process and how everything in it is.
func VRRPData(v vrrp.View, h Host) []byte {
	t := &text{host: h}
	t.global(v.Config.Global, vrrpProcess)
	t.static(v.Config)
	if len(v.Instances) > 0 {
		t.line("------< VRRP Topology >------")
		for i := range v.Instances {
			t.instance(&v.Instances[i], v)
		}
	}
	t.sockets(v)
	t.syncGroups(v)
	t.scripts(v)
	t.trackers(v)
	t.garpGroups(v.Config.GARPGroups)
	t.links(v)
	return t.Bytes()
}

// static writes what is there whatever state the instances are in.
func (t *text) static(c config.Config) {
	addresses := make([]string, 0, len(c.StaticAddresses))
	for i := range c.StaticAddresses {
		addresses = append(addresses, addressText(&c.StaticAddresses[i], ""))
	}
	t.list("------< Static Addresses >------", addresses)
	routes := make([]string, 0, len(c.StaticRoutes))
	for i := range c.StaticRoutes {
		routes = append(routes, routeText(&c.StaticRoutes[i]))
	}
	t.list("------< Static Routes >------", routes)
	rules := make([]string, 0, len(c.StaticRules))
	for i := range c.StaticRules {
		rules = append(rules, ruleText(&c.StaticRules[i]))
	}
	t.list("------< Static Rules >------", rules)
	if len(c.TrackGroups) > 0 {
		t.line("------< Static Track groups >------")
	}
	for i := range c.TrackGroups {
		t.line(" Static Track Group = %s", c.TrackGroups[i].Name)
		t.list("   VRRP member instances :", c.TrackGroups[i].Members)
	}
}

func (t *text) sockets(v vrrp.View) {
	if len(v.Sockets) == 0 {
		return
	}
	t.line("------< VRRP Sockpool >------")
	for i := range v.Sockets {
		s := &v.Sockets[i]
		t.line(" fd_in %d fd_out = %d", s.In, s.Out)
		t.line("   Interface = %s", s.Interface)
		t.line("   Family = %s", either(s.Group.Is6() || s.Local.Is6(), "IPv6", "IPv4"))
		t.line("   Protocol = VRRP")
		t.line("   Type = %s", either(s.Local.IsValid(), "Unicast", "Multicast"))
		if s.Local.IsValid() {
			t.line("   Address = %s", s.Local)
		}
		t.line("   Rx buf size = %d", s.ReceiveBuffer)
		t.line("   VRRP instances")
		for j, name := range s.Instances {
			t.line("     %s vrid %d", name, s.VRIDs[j])
		}
	}
}

// syncGroups writes the sync groups.
func (t *text) syncGroups(v vrrp.View) {
	if len(v.Config.SyncGroups) > 0 {
		t.line("------< VRRP Sync groups >------")
	}
	for i := range v.Config.SyncGroups {
		t.syncGroup(&v.Config.SyncGroups[i], v)
	}
}

func (t *text) syncGroup(g *config.SyncGroup, v vrrp.View) {
	now := groupNamed(v, g.Name)
	t.line(" VRRP Sync Group = %s, %s", g.Name, now.State)
	t.line("   Num member fault %d, num member init 0", now.Faulty)
	t.list("   VRRP member instances :", g.Members)
	t.when(g.TrackingWeight, "   sync group tracking weight set")
	t.line("   Using smtp notification = %s", yesNo(g.SMTPAlert.Or(v.Config.Global.SMTPAlertVRRP.Or(v.Config.Global.SMTPAlert.Or(false)))))
	if g.NotifyPriorityChanges.Set {
		t.line("   Notify priority changes = %s", yesNo(g.NotifyPriorityChanges.Value))
	}
	t.list("   Tracked interfaces :", weights(g.TrackInterfaces, " "))
	t.list("   Tracked scripts :", weights(g.TrackScripts, " "))
	t.list("   Tracked files :", weights(g.TrackFiles, ", "))
	t.list("   Tracked process :", weights(g.TrackProcesses, ", "))
	t.list("   Tracked BFDs :", weights(g.TrackBFD, ": "))
	for _, s := range []struct {
		name   string
		script config.Script
	}{
		{"Backup", g.NotifyBackup}, {"Master", g.NotifyMaster}, {"Fault", g.NotifyFault}, {"Stop", g.NotifyStop}, {"Generic", g.Notify},
	} {
		t.script("   "+s.name+" state transition script", "     ", s.script)
	}
}

func groupNamed(v vrrp.View, name string) vrrp.GroupView {
	for _, g := range v.Groups {
		if g.Name == name {
			return g
		}
	}
	return vrrp.GroupView{Name: name}
}

func scriptNamed(c config.Config, name string) config.Script {
	for i := range c.Scripts {
		if c.Scripts[i].Name == name {
			return c.Scripts[i].Script
		}
	}
	return config.Script{}
}

// scripts writes the tracked scripts.
func (t *text) scripts(v vrrp.View) {
	if len(v.Scripts) > 0 {
		t.line("------< VRRP Scripts >------")
	}
	for i := range v.Scripts {
		s, state := &v.Scripts[i].Config, &v.Scripts[i].State
		t.line(" VRRP Script = %s", s.Name)
		t.line("   Command = %s", command(s.Script.Argv))
		t.line("   Interval = %s sec", thousandths(s.Interval))
		t.line("   Timeout = %s sec", thousandths(s.Timeout))
		t.line("   Weight = %s", weight(s.Weight))
		t.line("   Rise = %d", s.Rise)
		t.line("   Fall = %d", s.Fall)
		t.line("   Result = %d", state.Result())
		t.line("   Insecure = no")
		t.line("   Init state = %s", startWords[state.Start()])
		t.line("   Status = %s", either(state.Good(), "GOOD", "BAD"))
		owner, _ := t.owner(s.Script)
		t.line("   Script uid:gid = %s", owner)
		t.line("   VRRP instances :")
		t.tracking(v, func(in *config.Instance) []config.Track { return in.TrackScripts }, s.Name)
		t.line("   State = %s", v.Scripts[i].Phase)
	}
}

// startWords are upstream's words for how far a script has come.
var startWords = map[track.Start]string{track.Settled: "unknown", track.Fresh: "INIT", track.Failed: "INIT/FAILED", track.Added: "INIT/RELOAD"}

// thousandths is a time in seconds, with three digits behind the point where it is not whole.
func thousandths(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprint(int64(d / time.Second))
	}
	return fmt.Sprintf("%d.%03d", d/time.Second, d%time.Second/time.Millisecond)
}

// tracking writes the instances that track an object.
func (t *text) tracking(v vrrp.View, tracked func(*config.Instance) []config.Track, name string) {
	var lines []string
	for i := range v.Instances {
		in := &v.Instances[i].Config
		for _, o := range tracked(in) {
			if o.Name == name {
				lines = append(lines, in.Name+", weight "+weight(o.Weight))
			}
		}
	}
	t.list("   Tracking instances :", lines)
}

// paramMatch is the word of the configuration.
func paramMatch(m config.ParamMatch) string {
	return [...]string{"none", "exact", "partial", "initial"}[m]
}

// trackers writes files and processes that are tracked.
func (t *text) trackers(v vrrp.View) {
	if len(v.Files) > 0 {
		t.line("------< VRRP Track files >------")
	}
	for i := range v.Files {
		f := &v.Files[i].Config
		t.line(" Track file = %s", f.Name)
		t.line("   File = %s", f.Path)
		t.line("   Status = %d", v.Files[i].Status)
		t.line("   Weight = %s", weight(f.Weight))
		t.tracking(v, func(in *config.Instance) []config.Track { return in.TrackFiles }, f.Name)
	}
	if len(v.Processes) > 0 {
		t.line("------< VRRP Track processes >------")
	}
	for i := range v.Processes {
		t.process(&v.Processes[i].Config, &v.Processes[i].Status, v)
	}
}

func (t *text) process(p *config.TrackProcess, s *track.ProcessStatus, v vrrp.View) {
	t.line(" VRRP Track process = %s", p.Name)
	if len(p.Command) > 0 {
		t.line("   Process = %s", p.Command[0])
	}
	if len(p.Command) > 1 {
		t.line("   Parameters = %s", joined(p.Command[1:]))
	}
	switch p.ParamMatch {
	case config.MatchNone:
	case config.MatchExact:
		t.line("   Param match")
	default:
		t.line("   Param match = %s", paramMatch(p.ParamMatch))
	}
	t.line("   Min processes = %d", p.Quorum)
	if p.QuorumMax != config.Unlimited {
		t.line("   Max processes = %d", p.QuorumMax)
	}
	t.line("   Current processes = %d", s.Count)
	t.line("   Have quorum = %s", trueFalse(s.Have))
	t.line("   Weight = %s", weight(p.Weight))
	t.line("   Terminate delay = %ss", decimal(p.TerminateDelay))
	t.line("   Fork delay = %ss", decimal(p.ForkDelay))
	t.line("   Fork delay timer %srunning", either(s.Gaining, "", "not "))
	t.line("   Terminate delay timer %srunning", either(s.Losing, "", "not "))
	t.line("   Full command = %s", trueFalse(p.FullCommand))
	t.tracking(v, func(in *config.Instance) []config.Track { return in.TrackProcesses }, p.Name)
}

func (t *text) garpGroups(groups []config.GARPGroup) {
	for i := range groups {
		g := &groups[i]
		t.line("------< GARP delay group >------")
		if g.GARPInterval.Set {
			t.line(" GARP interval = %s", decimal(g.GARPInterval.Value))
		}
		if g.GNAInterval.Set {
			t.line(" GNA interval = %s", decimal(g.GNAInterval.Value))
		}
		t.when(!g.GARPInterval.Set && !g.GNAInterval.Set, " No configuration")
		t.line(" Interfaces")
		for _, name := range g.Interfaces {
			t.line("  %s", name)
		}
	}
}

// ofFamily picks the addresses of a family, 4 or 6; of IPv6 those that adverts can be sent from.
func ofFamily(list []netip.Prefix, family int) (out []string) {
	for _, p := range list {
		if a := p.Addr(); family == 4 && a.Is4() || family == 6 && a.Is6() && a.IsLinkLocalUnicast() {
			out = append(out, p.Addr().String())
		}
	}
	return out
}

// hardware is a MAC address as people write it.
func hardware(a [6]byte) string {
	words := make([]string, len(a))
	for i, b := range a {
		words[i] = fmt.Sprintf("%02x", b)
	}
	return strings.Join(words, ":")
}
