package config

import (
	"math"
	"net/netip"
	"strings"

	"keepalived-go/parser"
)

// openChecker begins a checker of a real server.
func (d *decoder) openChecker(l line, kind CheckKind) {
	d.announceOnce(l.kw)
	s := &d.scope.lvsScope
	s.lvsOpen = inChecker
	s.chk = checkerDraft{
		Checker:      Checker{Pos: l.st.Pos(), Kind: kind, Timing: unsetTiming},
		conn:         connectionDraft{timeout: Unset},
		defaultRetry: 1, defaultDelay: kind.DefaultDelayBeforeRetry(),
	}
	switch kind {
	case CheckHTTP, CheckSSL:
		s.http, s.urls = HTTPCheck{}, s.urls[:0]
	case CheckDNS:
		s.chk.dns = DNSCheck{Type: TypeSOA}
		s.chk.defaultRetry = 3
	case CheckMisc:
		s.misc = MiscCheck{}
		s.chk.defaultRetry = 0
	case CheckSMTP:
		s.hosts = s.hosts[:0]
	case CheckUDP:
		s.udp = UDPCheck{MaxReply: math.MaxUint8}
	default:
	}
}

// endChecker puts the checker to its real server when it has what its kind needs.
func (d *decoder) endChecker() {
	s := &d.scope.lvsScope
	s.lvsOpen = inRealServer
	c := &s.chk
	if c.dropped {
		return
	}
	if c.Kind == CheckSMTP {
		d.endSMTP()
		return
	}
	if !d.detail(c) || c.connects() && !d.reachable(c.Pos, &c.conn) {
		return
	}
	if c.Kind == CheckUDP && s.udp.MinReply > s.udp.MaxReply {
		d.warn(c.Pos, "UDP_CHECK: min_reply_length is larger than max_reply_length, the check will always fail")
	}
	s.checkers = append(s.checkers, *c)
}

// detail gives a checker what only its kind has. It is false when something is missing without which there is no check.
func (d *decoder) detail(c *checkerDraft) bool {
	s := &d.scope.lvsScope
	switch c.Kind {
	case CheckHTTP, CheckSSL:
		h, ok := d.endHTTP()
		c.Detail = h
		return ok
	case CheckDNS:
		if c.dns.Name == "" {
			c.dns.Name = "."
		}
		c.Detail = c.dns
	case CheckMisc:
		if !d.endMisc() {
			return false
		}
		c.Detail = s.misc
	case CheckUDP:
		c.Detail = s.udp
	case CheckBFD:
		if c.bfd == "" {
			d.warn(c.Pos, "BFD_CHECK has no name, it is ignored")
			return false
		}
		c.Detail = BFDCheck{Name: c.bfd}
		if s.followed == nil {
			s.followed = map[string]bool{}
		}
		s.followed[c.bfd] = true
	default:
	}
	return true
}

// connects tells whether the kind of checker has a connection.
func (c *Checker) connects() bool { return c.Kind != CheckMisc && c.Kind != CheckBFD }

// reachable reports a link-local address without an interface.
func (d *decoder) reachable(pos parser.Position, c *connectionDraft) bool {
	a := c.ip
	if !a.IsValid() {
		a = d.scope.rs.Addr.Addr()
	}
	if a.Is4() || !a.IsLinkLocalUnicast() || c.BindIf != "" {
		return true
	}
	d.warn(pos, "the link-local address %s needs bind_if, the check is ignored", a)
	return false
}

// endSMTP completes an SMTP_CHECK. Each host block is a checker of its own; the connection of the check itself counts
// when there is none, or when it was given.
func (d *decoder) endSMTP() {
	s := &d.scope.lvsScope
	c := s.chk
	if c.helo == "" {
		c.helo = "smtpchecker.keepalived.org"
	}
	c.Detail = SMTPCheck{HeloName: c.helo}
	if len(s.hosts) > 0 {
		d.note(c.Pos, "host blocks of SMTP_CHECK are deprecated, write a second SMTP_CHECK")
	}
	if len(s.hosts) == 0 || c.conn.given() {
		if !d.reachable(c.Pos, &c.conn) {
			return
		}
		s.checkers = append(s.checkers, c)
	}
	for _, h := range s.hosts {
		c.conn = h
		s.checkers = append(s.checkers, c)
	}
}

// openSMTPHost begins a host block of SMTP_CHECK.
func (d *decoder) openSMTPHost(l line) {
	d.scope.lvsOpen = inHost
	d.scope.smtpHost = connectionDraft{pos: l.st.Pos(), timeout: Unset}
}

// endSMTPHost keeps the host for the end of its SMTP_CHECK.
func (d *decoder) endSMTPHost() {
	s := &d.scope.lvsScope
	s.lvsOpen = inChecker
	if d.reachable(s.smtpHost.pos, &s.smtpHost) {
		s.hosts = append(s.hosts, s.smtpHost)
	}
}

// readHelo reads helo_name.
func (d *decoder) readHelo(l line) { d.readText(l, &d.scope.chk.helo) }

// readConnectAddr reads connect_ip.
func (d *decoder) readConnectAddr(l line) {
	c := d.scope.connection()
	a, ok := d.readPlainAddr(l)
	if !ok {
		return
	}
	if c.Bind.IsValid() && family(c.Bind) != family(a) {
		d.warn(l.st.Pos(), "connect_ip %s is not of the address family of bindto, it is ignored", a)
		return
	}
	c.ip = a
}

// readBindAddr reads bindto.
func (d *decoder) readBindAddr(l line) {
	c := d.scope.connection()
	a, ok := d.readPlainAddr(l)
	if !ok {
		return
	}
	dst := c.ip
	if !dst.IsValid() && (d.scope.chk.Kind != CheckSMTP || d.scope.lvsOpen == inHost) {
		dst = d.scope.rs.Addr.Addr()
	}
	if dst.IsValid() && family(dst) != family(a) {
		d.warn(l.st.Pos(), "bindto %s is not of the address family of what it connects to, it is ignored", a)
		return
	}
	c.Bind = a
}

// readPlainAddr reads an address without a port.
func (d *decoder) readPlainAddr(l line) (netip.Addr, bool) {
	w, ok := d.need(l, 0)
	if !ok {
		return netip.Addr{}, false
	}
	a, ok := parseAddr(w.Text)
	if !ok {
		d.warn(w.Pos, "%s: %q is not an IP address", l.kw.Name, w.Text)
	}
	return a, ok
}

// readConnectPort reads connect_port.
func (d *decoder) readConnectPort(l line) { d.readPort(l, &d.scope.connection().port) }

// readBindPort reads bind_port.
func (d *decoder) readBindPort(l line) { d.readPort(l, &d.scope.connection().Port) }

func (d *decoder) readPort(l line, p *uint16) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, intArg(1, math.MaxUint16)); ok {
		*p = uint16(v)
	}
}

// readBindIf reads bind_if.
func (d *decoder) readBindIf(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if len(w.Text) > maxInterfaceName {
		d.warn(w.Pos, "bind_if: %q is longer than the name of an interface can be", w.Text)
		return
	}
	d.scope.connection().BindIf = w.Text
}

// readDNSType reads type of DNS_CHECK.
func (d *decoder) readDNSType(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if t, ok := dnsTypes[strings.ToUpper(w.Text)]; ok {
		d.scope.chk.dns.Type = t
		return
	}
	d.warn(w.Pos, "type: DNS_CHECK cannot ask for %q", w.Text)
}

// readDNSName reads name of DNS_CHECK; the first one wins.
func (d *decoder) readDNSName(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	n := &d.scope.chk.dns.Name
	switch {
	case *n != "":
		d.warn(w.Pos, "name was %q before, this one is ignored", *n)
	case strings.HasPrefix(w.Text, ".") && w.Text != "." || strings.Contains(w.Text, ".."):
		d.warn(w.Pos, "name: %q has an empty label", w.Text)
	default:
		*n = w.Text
	}
}

// readBFDCheckName reads name of BFD_CHECK. Any fault removes the check.
func (d *decoder) readBFDCheckName(l line) {
	c := &d.scope.chk
	if c.dropped {
		return
	}
	c.dropped = true
	w, _ := l.arg(0)
	switch {
	case len(l.st.Args()) != 1:
		d.warn(l.st.Pos(), "BFD_CHECK takes exactly one name, the check is ignored")
	case !d.scope.checkerBFD[w.Text]:
		d.warn(w.Pos, "BFD_CHECK: there is no bfd_instance %s before this line that tells the checkers, the check is ignored", w.Text)
	case c.bfd != "":
		d.warn(w.Pos, "BFD_CHECK has the name %s already, the check is ignored", c.bfd)
	case d.scope.followed[w.Text]:
		d.warn(w.Pos, "BFD_CHECK: the real server follows %s already, the check is ignored", w.Text)
	default:
		c.bfd, c.dropped = w.Text, false
	}
}

// refuseKeyword reports a keyword that is documented and was never implemented.
func (d *decoder) refuseKeyword(l line) {
	d.warn(l.st.Pos(), "unknown keyword %q: it is documented, but there is no version that has it", l.kw.Name)
}
