package config

import "net/netip"

// announceOnce keeps the keywords inside of a block from saying each that they have no effect yet: the block said it.
func (d *decoder) announceOnce(k *Keyword) {
	if k.Effect != Ignored || d.scope.quiet[k] {
		return
	}
	if d.scope.quiet == nil {
		d.scope.quiet = map[*Keyword]bool{}
	}
	d.scope.quiet[k] = true
	walk(k.Block.Keywords, "", func(_ string, k *Keyword) { d.noticed[k] = true })
}

// openSSL begins the SSL block; a second one replaces the first.
func (d *decoder) openSSL(l line) {
	if d.config.SSL.Configured {
		d.warn(l.st.Pos(), "the SSL block was given before, this one replaces it")
	}
	d.config.SSL = SSL{Configured: true}
}

// endVirtualServer keeps a virtual server that has real servers, and hands its settings down.
func (d *decoder) endVirtualServer() {
	s := &d.scope.lvsScope
	s.lvsOpen = noBlock
	vs := &s.vs
	if vs.dropped {
		return
	}
	if len(s.servers) == 0 {
		d.warn(vs.Pos, "virtual_server %s has no real servers and is ignored", vs.Name())
		return
	}
	d.sorryFamily()
	if vs.Family == 0 && vs.Group == "" {
		vs.Family = d.tunnelledFamily()
	}
	vs.RealServers = d.inherit()
	vs.SMTPAlert = vs.smtpAlert.Value
	s.alerts = append(s.alerts, vs.smtpAlert.Set)
	for i := range s.servers {
		s.alerts = append(s.alerts, s.servers[i].smtpAlert.Set)
	}
	d.config.VirtualServers = append(d.config.VirtualServers, vs.VirtualServer)
}

// sorryFamily compares the family of the sorry server, which matters unless it is reached through a tunnel.
func (d *decoder) sorryFamily() {
	vs := &d.scope.vs
	if !vs.Sorry.Addr.IsValid() || vs.Sorry.Forward.Method == TUN {
		return
	}
	f := family(vs.Sorry.Addr.Addr())
	switch {
	case vs.Family == 0:
		vs.Family = f
	case vs.Family != f:
		d.warn(vs.Pos, "sorry_server %s is not of the address family of the virtual server, it is ignored", vs.Sorry.Addr.Addr())
		vs.Sorry = SorryServer{}
	}
}

// tunnelledFamily is the family of a firewall mark whose servers are all tunnelled: theirs when they agree, else IPv4.
func (d *decoder) tunnelledFamily() int {
	f := 0
	if a := d.scope.vs.Sorry.Addr; a.IsValid() {
		f = family(a.Addr())
	}
	for i := range d.scope.servers {
		g := family(d.scope.servers[i].Addr.Addr())
		if f != 0 && f != g {
			return 4
		}
		f = g
	}
	return f
}

// inherit makes the real servers of the virtual server that ends, with everything that they and their checkers take
// from it.
func (d *decoder) inherit() []RealServer {
	s := &d.scope.lvsScope
	servers := make([]RealServer, len(s.servers))
	checkers := make([]Checker, len(s.checkers))
	for i := range s.servers {
		draft := &s.servers[i]
		rs := &servers[i]
		*rs = draft.RealServer
		if !draft.weightGiven {
			rs.Weight = s.vs.Weight
		}
		rs.Alpha = draft.alpha.Or(s.vs.Alpha)
		rs.InhibitOnFailure = draft.inhibit.Or(s.vs.InhibitOnFailure)
		rs.SMTPAlert = draft.smtpAlert.Value
		rs.Timing = inheritTiming(rs.Timing, s.vs.Timing)
		if draft.last > draft.first {
			rs.Checkers = checkers[draft.first:draft.last:draft.last]
		}
		for j := draft.first; j < draft.last; j++ {
			checkers[j] = s.checkers[j].resolve(&s.vs.VirtualServer, rs)
		}
		if draft.lastFile > draft.firstFile {
			rs.TrackFiles = append(rs.TrackFiles, s.fileChks[draft.firstFile:draft.lastFile]...)
		}
	}
	return servers
}

// inheritTiming takes what is not set from above.
func inheritTiming(t, above Timing) Timing {
	if t.ConnectTimeout == Unset {
		t.ConnectTimeout = above.ConnectTimeout
	}
	if t.DelayLoop == Unset {
		t.DelayLoop = above.DelayLoop
	}
	if t.DelayBeforeRetry == Unset {
		t.DelayBeforeRetry = above.DelayBeforeRetry
	}
	if t.Warmup == Unset {
		t.Warmup = above.Warmup
	}
	if t.Retry == Unset {
		t.Retry = above.Retry
	}
	return t
}

// resolve gives a checker what it takes from its real server, and the defaults of its kind.
func (c *checkerDraft) resolve(vs *VirtualServer, rs *RealServer) Checker {
	out := c.Checker
	out.Alpha = c.alpha.Or(rs.Alpha)
	if out.Kind == CheckBFD {
		out.Timing = Timing{}
		return out
	}
	t := &out.Timing
	t.ConnectTimeout = c.conn.timeout
	*t = inheritTiming(*t, rs.Timing)
	if t.Warmup == Unset {
		t.Warmup = t.DelayLoop
	}
	if t.Retry == Unset {
		t.Retry = c.defaultRetry
	}
	if t.DelayBeforeRetry == Unset {
		t.DelayBeforeRetry = c.defaultDelay
		if c.defaultDelay == 0 {
			t.DelayBeforeRetry = t.DelayLoop
		}
	}
	if !out.connects() {
		t.ConnectTimeout = 0
		return out
	}
	out.Conn = c.conn.resolve(rs.Addr)
	if h, ok := out.Detail.(HTTPCheck); ok {
		out.Detail = h.resolve(vs, rs)
	}
	return out
}

// resolve fills the destination in. The port may still be 0 where the real server has none; it gets that of the
// virtual server later, as the real server does.
func (c *connectionDraft) resolve(rs netip.AddrPort) Connection {
	ip, port := c.ip, c.port
	if !ip.IsValid() {
		ip = rs.Addr()
	}
	if port == 0 {
		port = rs.Port()
	}
	out := c.Connection
	out.Addr = netip.AddrPortFrom(ip, port)
	return out
}

// resolve gives every url its host name: its own, that of the checker, of the real server, or of the virtual server.
func (h HTTPCheck) resolve(vs *VirtualServer, rs *RealServer) HTTPCheck {
	for i := range h.URLs {
		for _, host := range []string{h.VirtualHost, rs.VirtualHost, vs.VirtualHost} {
			if h.URLs[i].VirtualHost == "" {
				h.URLs[i].VirtualHost = host
			}
		}
	}
	return h
}

// resolveLVS completes the virtual servers after the whole text was read: blocks that are still open, groups, which
// may stand behind the virtual servers that use them, and what must fit together.
func (d *decoder) resolveLVS() {
	d.closeLVS()
	d.resolveAlerts()
	groups := make(map[string]*groupFacts, len(d.config.VirtualServerGroups))
	for i := range d.config.VirtualServerGroups {
		g := &d.config.VirtualServerGroups[i]
		if groups[g.Name] == nil {
			groups[g.Name] = newGroupFacts(g)
		}
	}
	v := validator{decoder: d, seen: map[netip.AddrPort]struct{}{}}
	kept := d.config.VirtualServers[:0]
	for i := range d.config.VirtualServers {
		vs := &d.config.VirtualServers[i]
		v.vs, v.group = vs, groups[vs.Group]
		if vs.Group == "" {
			v.group = nil
		} else if !v.linkGroup() {
			continue
		}
		v.validate()
		kept = append(kept, *vs)
	}
	clear(d.config.VirtualServers[len(kept):])
	if d.config.VirtualServers = kept; len(kept) == 0 {
		d.config.VirtualServers = nil
	}
	d.checkServerScripts()
}

// closeLVS ends what the text left open, from the inside to the outside.
func (d *decoder) closeLVS() {
	for d.scope.lvsOpen != noBlock {
		switch d.scope.lvsOpen {
		case inURL:
			d.endURL()
		case inHost:
			d.endSMTPHost()
		case inChecker:
			d.endChecker()
		case inFileCheck:
			d.endFileCheck()
		case inRealServer:
			d.endRealServer()
		case inVirtualServer:
			d.endVirtualServer()
		default:
			d.endGroup()
		}
	}
}

// resolveAlerts gives smtp_alert its default. It is on for real servers and off for virtual ones unless global_defs
// says something, which is older behaviour kept by upstream.
func (d *decoder) resolveAlerts() {
	server, virtual := true, false
	g := &d.config.Global
	if def := g.checkerAlert(); def.Set {
		server, virtual = def.Value, def.Value
	}
	n := 0
	for i := range d.config.VirtualServers {
		vs := &d.config.VirtualServers[i]
		if !d.scope.alerts[n] {
			vs.SMTPAlert = virtual
		}
		n++
		for j := range vs.RealServers {
			if !d.scope.alerts[n] {
				vs.RealServers[j].SMTPAlert = server
			}
			n++
		}
	}
}

// checkerAlert is smtp_alert_checker, else smtp_alert.
func (g *Global) checkerAlert() Optional[bool] {
	if g.SMTPAlertChecker.Set {
		return g.SMTPAlertChecker
	}
	return g.SMTPAlert
}
