package status

import (
	"cmp"
	"fmt"
	"net/netip"

	"keepalived-go/check"
	"keepalived-go/config"
)

// CheckData is keepalived_check.data: the configuration of the checker process and how everything in it is.
func CheckData(v check.View, h Host) []byte {
	t := &text{host: h}
	t.global(v.Config.Global, checkerProcess)
	t.ssl(v.Config.SSL)
	if len(v.Services) > 0 {
		t.line("------< LVS Topology >------")
		t.line(" System is compiled with LVS v1.2.1") // of every kernel that has netlink
		for i := range v.Config.VirtualServerGroups {
			t.group(&v.Config.VirtualServerGroups[i], v)
		}
		for i := range v.Services {
			t.service(&v.Services[i])
		}
	}
	t.checkers(v)
	return t.Bytes()
}

func (t *text) ssl(s config.SSL) {
	if !s.Configured {
		return
	}
	t.line("------< SSL definitions >------")
	if s.Password == "" && s.CA == "" && s.Certificate == "" && s.Key == "" {
		t.line(" Using autogen SSL context")
		return
	}
	t.optional(" Password : %s", either(s.Password == "", "", "********"))
	t.optional(" CA-file : %s", s.CA)
	t.optional(" Certificate file : %s", s.Certificate)
	t.optional(" Key file : %s", s.Key)
}

// group writes a virtual_server_group. Its entries are alive once for every real server that is in the kernel's table.
func (t *text) group(g *config.VirtualServerGroup, v check.View) {
	t.line(" ------< Virtual server group >------")
	t.line(" Virtual Server Group = %s, IPv4 = %s, IPv6 = %s", g.Name, yesNo(g.HasIPv4), yesNo(g.HasIPv6))
	alive := map[config.Protocol]int{}
	byFamily := map[bool]int{} // by whether it is IPv4; a virtual server of both families counts as IPv6
	for i := range v.Services {
		vs := v.Services[i].Config
		if vs.Group != g.Name {
			continue
		}
		users := 0
		for j := range v.Services[i].Servers {
			if v.Services[i].Servers[j].Set {
				users++
			}
		}
		alive[vs.Protocol] += users
		byFamily[vs.Family == 4] += users
	}
	for _, r := range g.Ranges {
		if r.First == r.Last {
			t.line("   VIP = %s, VPORT = %d", r.First, r.Port)
		} else {
			t.line("   VIP Range = %s-%s, VPORT = %d", r.First, r.Last, r.Port)
		}
		t.line("     Alive: %d tcp, %d udp, %d sctp", alive[config.ProtocolTCP], alive[config.ProtocolUDP], alive[config.ProtocolSCTP])
		t.line("     reloaded = False")
	}
	for _, m := range g.Marks {
		t.line("   FWMARK = %d%s", m.Mark, map[int]string{4: " IPv4", 6: " IPv6"}[m.Family])
		t.line("     Alive: %d IPv4, %d IPv6", byFamily[true], byFamily[false])
		t.line("     reloaded = False")
	}
}

// service writes a virtual_server.
func (t *text) service(s *check.ServiceView) {
	c := s.Config
	t.line(" ------< Virtual server >------")
	switch {
	case c.Group != "":
		t.line(" VS GROUP = %s", s.Name)
	case c.Mark != 0:
		t.line(" VS FWMARK = %d", c.Mark)
	default:
		t.line(" VS VIP = %s, VPORT = %d", c.Addr.Addr(), c.Addr.Port())
	}
	t.optional("   VirtualHost = %s", c.VirtualHost)
	t.optional("   SNMP name = '%s'", c.SNMPName)
	t.line("   Address family = %s", map[int]string{0: "IPv4 & IPv6", 4: "inet", 6: "inet6"}[c.Family])
	t.line("   connection timeout = %s", decimal(c.Timing.ConnectTimeout))
	t.line("   delay_loop = %s", decimal(c.Timing.DelayLoop))
	t.scheduler(c)
	t.line("   protocol = %s", c.Protocol)
	t.line("   alpha is %s", onOff(c.Alpha))
	t.line("   omega is %s", onOff(c.Omega))
	t.retries(c.Timing)
	t.line("   Inhibit on failure is %s", onOff(c.InhibitOnFailure))
	t.line("   quorum = %d, hysteresis = %d", c.Quorum, c.Hysteresis)
	t.script("   Quorum up notify script", "     ", c.QuorumUp)
	t.script("   Quorum down notify script", "     ", c.QuorumDown)
	t.when(c.HASuspend, "   Using HA suspend")
	t.line("   Using smtp notification = %s", yesNo(c.SMTPAlert))
	t.line("   %s", forwarding("default ", c.Forward))
	if s.SorryName != "" {
		t.line("   sorry server %s= %s", either(c.Sorry.IsRealServer, "(duplicates rs) ", ""), s.SorryName)
		t.line("   %s", forwarding("  ", c.Sorry.Forward))
		t.line("     Inhibit on failure is %s", onOff(c.Sorry.Inhibit))
		t.line("     set = %s", oneZero(s.Sorry || c.Sorry.Inhibit))
		t.line("     alive = %s", oneZero(s.Sorry))
	}
	t.line("   VS alive = 1")
	t.line("   quorum_state_up = %s", oneZero(s.Quorum))
	t.line("   reloaded = 0")
	for i := range s.Servers {
		t.server(&c.RealServers[i], &s.Servers[i])
	}
}

func onOff(on bool) string   { return either(on, "ON", "OFF") }
func oneZero(on bool) string { return either(on, "1", "0") }

func (t *text) scheduler(c *config.VirtualServer) {
	t.line("   lvs_sched = %s", c.Scheduler)
	able := func(label string, on bool) { t.line("   %s = %s", label, either(on, "enabled", "disabled")) }
	able("Hashed", false) // the kernel's own mark
	flags := []string{"flag-1", "flag-2", "flag-3"}
	values := []bool{c.Flags&config.Flag1 != 0, c.Flags&config.Flag2 != 0, c.Flags&config.Flag3 != 0}
	if c.Scheduler == config.SH || c.Scheduler == config.MH {
		name := c.Scheduler.String()
		flags, values = []string{name + "-port", name + "-fallback"}, []bool{values[1], values[0]}
	}
	for i, f := range flags {
		able(f, values[i])
	}
	ops := c.Flags&config.OnePacket != 0
	t.line("   One packet scheduling = %s%s", either(ops, "enabled", "disabled"),
		either(ops && c.Protocol != config.ProtocolUDP, " (inactive due to not UDP)", ""))
	if c.PersistenceTimeout > 0 {
		t.line("   persistence timeout = %d", int64(c.PersistenceTimeout.Seconds()))
	}
	switch g := c.PersistenceGranularity; {
	case g.Bits != 0:
		t.line("   persistence granularity = %d", g.Bits)
	case g.Mask.IsValid() && g.Mask != everyAddress:
		t.line("   persistence granularity = %s", g.Mask)
	}
}

// everyAddress is the granularity that tells every address apart.
var everyAddress = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// retries writes those times that may be left to the checkers.
func (t *text) retries(g config.Timing) {
	if g.Retry != config.Unset {
		t.line("   Retry count = %d", g.Retry)
	}
	if g.DelayBeforeRetry != config.Unset {
		t.line("   Retry delay = %s", decimal(g.DelayBeforeRetry))
	}
	if g.Warmup != config.Unset {
		t.line("   Warmup = %s", decimal(g.Warmup))
	}
}

// forwarding is a method with what is in front of it, which upstream forgets for tunnels other than IPIP.
func forwarding(front string, f config.Forwarding) string {
	const label = "forwarding method = "
	if f.Method != config.TUN {
		return front + label + f.Method.String()
	}
	checksum := ", " + map[config.TunnelChecksum]string{
		config.NoChecksum: "no checksum", config.Checksum: "checksum", config.RemoteChecksum: "remote checksum",
	}[f.Checksum]
	switch f.Tunnel {
	case config.GUE:
		return fmt.Sprintf("%sTUN, type = GUE, port = %d%s", label, f.TunnelPort, checksum)
	case config.GRE:
		return label + "TUN, type = GRE" + checksum
	default:
		return front + label + "TUN, type = IPIP"
	}
}

// server writes a real_server.
func (t *text) server(c *config.RealServer, s *check.ServerView) {
	t.line("   ------< Real server >------")
	t.line("   RIP = %s, RPORT = %d, WEIGHT = %d EFF WEIGHT = %d", c.Addr.Addr(), c.Addr.Port(), s.Kernel, s.Weight)
	t.line("   %s", forwarding("", c.Forward))
	t.line("   Alpha is %s", onOff(c.Alpha))
	t.line("   connection timeout = %s", decimal(c.Timing.ConnectTimeout))
	t.line("   connection limit range = %d -> %d", c.LowerThreshold, c.UpperThreshold)
	t.line("   Delay loop = %s", decimal(c.Timing.DelayLoop))
	t.retries(c.Timing)
	t.line("   Inhibit on failure is %s", onOff(c.InhibitOnFailure))
	t.script("   RS up notify script", "     ", c.NotifyUp)
	t.script("   RS down notify script", "     ", c.NotifyDown)
	t.optional("    VirtualHost = '%s'", c.VirtualHost)
	t.optional("   SNMP name = %s", c.SNMPName)
	t.line("   Using smtp notification = %s", yesNo(c.SMTPAlert))
	t.line("   initial weight = %d", c.Weight)
	t.line("   effective weight = %d", s.Weight)
	t.line("   previous effective_weight = %d", s.Weight)
	t.line("   alive = %s", oneZero(s.Up))
	failed := 0
	for i := range s.Checkers {
		if !s.Checkers[i].Up {
			failed++
		}
	}
	t.line("   num failed checkers = %d", failed)
	t.line("   RS set = %s", oneZero(s.Set))
	t.line("   reloaded = 0")
	if len(c.TrackFiles) > 0 {
		t.line("   Tracked Files")
	}
	for _, f := range c.TrackFiles {
		t.line("     %s, weight %d%s", f.Name, f.Weight, either(f.Reverse, " reverse", ""))
	}
}

// checkers writes every checker.
func (t *text) checkers(v check.View) {
	heading := "------< Health checkers >------"
	for i := range v.Services {
		s := &v.Services[i]
		for j := range s.Servers {
			for k := range s.Servers[j].Checkers {
				t.optional("%s", heading)
				heading = ""
				t.line(" %s -> %s", s.Name, s.Servers[j].Name)
				rs := &s.Config.RealServers[j]
				t.checker(&rs.Checkers[k], &s.Servers[j].Checkers[k], cmp.Or(rs.VirtualHost, s.Config.VirtualHost))
			}
		}
	}
}

// checker writes one checker. host is the virtual host that its urls have where they name none.
func (t *text) checker(c *config.Checker, s *check.CheckerView, host string) {
	t.line("   Enabled = %s", yesNo(s.Enabled))
	t.line("   Up = %s", yesNo(s.Up))
	t.line("   Has run = %s", yesNo(s.Ran))
	t.line("   Current weight = %d", s.Weight)
	t.line("   Alpha = %s", yesNo(c.Alpha))
	g := c.Timing
	t.line("   Delay loop = %d us", g.DelayLoop.Microseconds())
	t.line("   Warmup = %d us", g.Warmup.Microseconds())
	t.line("   Retries = %d", g.Retry)
	if g.Retry > 0 {
		t.line("   Delay before retry = %d us", g.DelayBeforeRetry.Microseconds())
		t.line("   Retries iterations = %d", s.Tries)
	}
	t.line("   Default delay before retry = %d us", c.Kind.DefaultDelayBeforeRetry().Microseconds())
	t.line("   Log all failures = %s", yesNo(c.LogAllFailures))
	if c.Conn.Addr.IsValid() {
		t.connection(c)
	}
	t.method(c, s, host)
}

func (t *text) connection(c *config.Checker) {
	t.line("   Connection")
	t.line("     Dest = %s", addressPort(c.Conn.Addr))
	if c.Conn.Bind.IsValid() {
		t.line("     Bind to = [%s]:%d", c.Conn.Bind, c.Conn.Port)
	}
	t.optional("     Bind i/f = %s", c.Conn.BindIf)
	if c.Conn.Mark != 0 {
		t.line("     Mark = %d", c.Conn.Mark)
	}
	t.line("     Timeout = %s", decimal(c.Timing.ConnectTimeout))
}

// method writes what the kind of check has of its own.
func (t *text) method(c *config.Checker, s *check.CheckerView, host string) {
	if h, ok := c.Detail.(config.HTTPCheck); ok {
		t.web(c.Kind, &h, s, cmp.Or(h.VirtualHost, host))
		return
	}
	t.line("   Keepalive method = %s", c.Kind)
	switch d := c.Detail.(type) {
	case config.SMTPCheck:
		t.line("   helo = %s", d.HeloName)
	case config.DNSCheck:
		t.line("   Type = %s", d.Type)
		t.line("   Name = %s", d.Name)
	case config.MiscCheck:
		t.line("   script = %s", command(d.Script.Argv))
		t.line("   timeout = %d", int64(d.Timeout.Seconds()))
		t.line("   dynamic = %s", either(d.Dynamic, "YES", "NO"))
		owner, groups := t.owner(d.Script)
		t.line("   uid:gid = %s", owner)
		t.groups("     ", groups)
	case config.UDPCheck:
		t.udp(&d)
	case config.BFDCheck:
		t.line("   Name = %s", d.Name)
	}
}

func (t *text) udp(d *config.UDPCheck) {
	if d.Payload != nil {
		t.line("   Payload len = %d", len(d.Payload))
	} else {
		t.line("   Payload specified = no")
	}
	t.line("   Require reply = %s", yesNo(d.RequireReply))
	if !d.RequireReply {
		return
	}
	t.line("     Min reply length = %d", d.MinReply)
	t.line("     Max reply length = %d", d.MaxReply)
	t.line("     Reply data len = %d", len(d.Reply))
	if len(d.Reply) > 0 {
		t.line("     Reply data mask = %s", yesNo(d.ReplyIgnore != nil))
	}
}

func (t *text) web(kind config.CheckKind, h *config.HTTPCheck, s *check.CheckerView, host string) {
	set := func(label string, on bool) { t.line("%s %sset", label, either(on, "", "un")) }
	ssl := kind == config.CheckSSL
	t.line("   Keepalive method = %s, http protocol %s", kind, h.Version)
	t.optional("   Virtualhost = %s", h.VirtualHost)
	set("   Enable SNI", h.SNI)
	t.optional("     SNI name = %s", h.SNIName)
	set("   Fast recovery", h.FastRecovery)
	if ssl {
		set("   tls_compliant", h.TLSCompliant)
	}
	for i := range h.URLs {
		u := &h.URLs[i]
		t.line("   Checked url = %s", u.Path)
		t.optional("     digest = %s", u.Digest)
		set("     tls_compliant", u.TLSCompliant)
		t.line("     HTTP Status Code(s)")
		for _, r := range u.Status {
			if r.Low == r.High {
				t.line("       %d", r.Low)
			} else {
				t.line("       %d-%d", r.Low, r.High)
			}
		}
		if u.VirtualHost != host {
			t.line("     Virtual host = %s", u.VirtualHost)
		}
		t.regex(&u.Regex)
	}
	if s.Failed >= 0 && s.Failed < len(h.URLs) {
		t.line("   Failed URL = %s", h.URLs[s.Failed].Path)
	}
}

func (t *text) regex(r *config.Regex) {
	if r.Pattern == "" {
		return
	}
	t.line("     Regex = \"%s\"", r.Pattern)
	t.when(r.NoMatch, "     Regex no match")
	switch {
	case r.HasMax:
		t.line("     Regex min offset = %d, max_offset = %d", r.MinOffset, r.MaxOffset)
	case r.MinOffset > 0:
		t.line("     Regex min offset = %d", r.MinOffset)
	}
	t.optional("     Regex options: %s", r.Options.String())
	t.line("     Regex ref count = 1")
	if r.StackStart > 0 {
		t.line("     Regex stack start %d, max %d", r.StackStart, r.StackMax)
	}
}
