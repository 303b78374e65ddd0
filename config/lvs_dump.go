package config

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// sessions writes the BFD sessions. They stand before the virtual servers, whose BFD_CHECK looks for them.
func (w *dumper) sessions(list []BFDInstance) {
	for i := range list {
		b := &list[i]
		w.open("bfd_instance", quoteWord(b.Name))
		w.line("neighbor_ip", b.Neighbor.String())
		if b.Source.IsValid() {
			w.line("source_ip", b.Source.String())
		}
		w.line("min_rx", milliseconds(b.MinRx))
		w.line("min_tx", milliseconds(b.MinTx))
		w.line("idle_tx", milliseconds(b.IdleTx))
		w.line("multiplier", strconv.Itoa(int(b.Multiplier)))
		w.line("ttl", strconv.Itoa(int(b.TTL)))
		w.line("max_hops", strconv.Itoa(b.MaxHops))
		w.flag("passive", b.Passive)
		w.flag("multihop", b.Multihop)
		w.flag("vrrp", b.VRRP)
		w.flag("checker", b.Checker)
		w.line("weight", strconv.Itoa(b.Weight.Value), reverseWord(b.Weight.Reverse))
		w.shut()
	}
}

// servers writes SSL, the groups and the virtual servers, with everything that was resolved.
func (w *dumper) servers(c Config) {
	if c.SSL.Configured {
		w.open("SSL")
		w.text("password", c.SSL.Password)
		w.text("ca", c.SSL.CA)
		w.text("certificate", c.SSL.Certificate)
		w.text("key", c.SSL.Key)
		w.shut()
	}
	for i := range c.VirtualServerGroups {
		w.serverGroup(&c.VirtualServerGroups[i])
	}
	for i := range c.VirtualServers {
		w.virtualServer(&c.VirtualServers[i])
	}
}

func (w *dumper) serverGroup(g *VirtualServerGroup) {
	w.open("virtual_server_group", quoteWord(g.Name))
	for _, r := range g.Ranges {
		addr := r.First.String()
		if r.Last != r.First {
			addr += "-" + r.Last.String()
		}
		w.line(addr, strconv.Itoa(int(r.Port)))
	}
	for _, m := range g.Marks {
		w.line("fwmark", number(m.Mark), familyWord(m.Family))
	}
	w.shut()
}

func (w *dumper) virtualServer(vs *VirtualServer) {
	switch {
	case vs.Group != "":
		w.open("virtual_server", "group", quoteWord(vs.Group))
	case vs.Mark != 0:
		w.open("virtual_server", "fwmark", number(vs.Mark))
	default:
		w.open("virtual_server", endpoint(vs.Addr))
	}
	w.service(vs)
	w.line("smtp_alert", onOff(vs.SMTPAlert))
	if vs.Quorum != 0 {
		w.line("quorum", number(vs.Quorum))
	}
	w.line("hysteresis", number(vs.Hysteresis))
	w.script("quorum_up", vs.QuorumUp)
	w.script("quorum_down", vs.QuorumDown)
	w.text("virtualhost", vs.VirtualHost)
	w.text("snmp_name", vs.SNMPName)
	w.line("weight", number(vs.Weight))
	w.timing(vs.Timing)
	if s := vs.Sorry; s.Addr.IsValid() {
		w.line("sorry_server", endpoint(s.Addr))
		w.flag("sorry_server_inhibit", s.Inhibit)
		w.forward("sorry_server_lvs_method", s.Forward)
	}
	for i := range vs.RealServers {
		w.realServer(&vs.RealServers[i])
	}
	w.shut()
}

// service writes what the kernel's service is made of, and the switches.
func (w *dumper) service(vs *VirtualServer) {
	if vs.Family != 0 {
		w.line("ip_family", familyWord(vs.Family))
	}
	if vs.Protocol != ProtocolNone {
		w.line("protocol", vs.Protocol.String())
	}
	w.line("lvs_sched", vs.Scheduler.String())
	w.flag("ops", vs.Flags&OnePacket != 0)
	w.flag("flag-1", vs.Flags&Flag1 != 0)
	w.flag("flag-2", vs.Flags&Flag2 != 0)
	w.flag("flag-3", vs.Flags&Flag3 != 0)
	w.forward("lvs_method", vs.Forward)
	w.text("persistence_engine", vs.PersistenceEngine)
	w.granularity(vs.PersistenceGranularity)
	if vs.PersistenceTimeout != 0 {
		w.line("persistence_timeout", seconds(vs.PersistenceTimeout))
	}
	w.flag("ha_suspend", vs.HASuspend)
	w.flag("alpha", vs.Alpha)
	w.flag("omega", vs.Omega)
	w.flag("inhibit_on_failure", vs.InhibitOnFailure)
}

func (w *dumper) realServer(rs *RealServer) {
	w.open("real_server", endpoint(rs.Addr))
	w.line("weight", number(rs.Weight))
	w.forward("lvs_method", rs.Forward)
	w.line("uthreshold", number(rs.UpperThreshold))
	w.line("lthreshold", number(rs.LowerThreshold))
	w.line("inhibit_on_failure", onOff(rs.InhibitOnFailure))
	w.line("alpha", onOff(rs.Alpha))
	w.line("smtp_alert", onOff(rs.SMTPAlert))
	w.script("notify_up", rs.NotifyUp)
	w.script("notify_down", rs.NotifyDown)
	w.text("virtualhost", rs.VirtualHost)
	w.text("snmp_name", rs.SNMPName)
	w.timing(rs.Timing)
	for _, f := range rs.TrackFiles {
		w.open("FILE_CHECK")
		w.line("track_file", quoteWord(f.Name))
		w.line("weight", strconv.Itoa(int(f.Weight)), reverseWord(f.Reverse))
		w.shut()
	}
	for i := range rs.Checkers {
		w.checker(&rs.Checkers[i])
	}
	w.shut()
}

func (w *dumper) checker(c *Checker) {
	w.open(c.Kind.String())
	w.line("alpha", onOff(c.Alpha))
	if c.Kind != CheckBFD {
		w.line("log_all_failures", onOff(c.LogAllFailures))
		w.timing(c.Timing)
	}
	if c.connects() {
		w.connection(c.Conn)
	}
	switch d := c.Detail.(type) {
	case HTTPCheck:
		w.http(&d, c.Kind == CheckSSL)
	case SMTPCheck:
		w.text("helo_name", d.HeloName)
	case DNSCheck:
		w.line("type", d.Type.String())
		w.line("name", d.Name)
	case MiscCheck:
		w.misc(&d)
	case UDPCheck:
		w.udp(&d)
	case BFDCheck:
		w.line("name", quoteWord(d.Name))
	}
	w.shut()
}

func (w *dumper) connection(c Connection) {
	w.line("connect_ip", c.Addr.Addr().String())
	if p := c.Addr.Port(); p != 0 {
		w.line("connect_port", strconv.Itoa(int(p)))
	}
	if c.Bind.IsValid() {
		w.line("bindto", c.Bind.String())
	}
	if c.Port != 0 {
		w.line("bind_port", strconv.Itoa(int(c.Port)))
	}
	w.text("bind_if", c.BindIf)
	w.line("fwmark", number(c.Mark))
}

func (w *dumper) http(h *HTTPCheck, ssl bool) {
	w.line("http_protocol", h.Version.String())
	w.text("virtualhost", h.VirtualHost)
	w.line("enable_sni", onOff(h.SNI))
	w.text("sni_name", h.SNIName)
	w.line("fast_recovery", onOff(h.FastRecovery))
	if ssl {
		w.line("tls_compliant", onOff(h.TLSCompliant))
	}
	for i := range h.URLs {
		u := &h.URLs[i]
		w.open("url")
		w.line("path", quoteWord(u.Path))
		w.text("digest", u.Digest)
		w.text("virtualhost", u.VirtualHost)
		codes := []string{"status_code"}
		for _, r := range u.Status {
			codes = append(codes, fmt.Sprintf("%d-%d", r.Low, r.High))
		}
		w.line(codes...)
		if ssl {
			w.line("tls_compliant", onOff(u.TLSCompliant))
		}
		w.regex(&u.Regex)
		w.shut()
	}
}

func (w *dumper) regex(r *Regex) {
	if r.Pattern == "" {
		return
	}
	w.line("regex", `"`+escapeScript(r.Pattern)+`"`)
	w.flag("regex_no_match", r.NoMatch)
	if r.Options != 0 {
		w.line("regex_options", r.Options.String())
	}
	w.line("regex_min_offset", strconv.FormatUint(r.MinOffset, 10))
	if r.HasMax {
		w.line("regex_max_offset", strconv.FormatUint(r.MaxOffset, 10))
	}
	if r.StackMax != 0 {
		w.line("regex_stack", strconv.FormatUint(r.StackStart, 10), strconv.FormatUint(r.StackMax, 10))
	}
}

func (w *dumper) misc(m *MiscCheck) {
	w.line("misc_path", quoteScript(m.Script.Argv))
	if u := userWords(m.Script); u != "" {
		w.line("user" + u)
	}
	w.line("misc_timeout", seconds(m.Timeout))
	w.flag("misc_dynamic", m.Dynamic)
}

func (w *dumper) udp(u *UDPCheck) {
	w.line("min_reply_length", strconv.Itoa(int(u.MinReply)))
	w.line("max_reply_length", strconv.Itoa(int(u.MaxReply)))
	if u.Payload != nil {
		w.line("payload", hex.EncodeToString(u.Payload))
	}
	if u.RequireReply {
		w.line("require_reply", wildcardHex(u.Reply, u.ReplyIgnore))
	}
}

// wildcardHex writes bytes in hexadecimal, with x for digits that do not matter.
func wildcardHex(data, ignore []byte) string {
	digits := []byte(hex.EncodeToString(data))
	for i, m := range ignore {
		if m&0xf0 != 0 {
			digits[2*i] = 'x'
		}
		if m&0xf != 0 {
			digits[2*i+1] = 'x'
		}
	}
	return string(digits)
}

func (w *dumper) timing(t Timing) {
	timer := func(name string, v time.Duration) {
		if v != Unset {
			w.line(name, formatDecimal(int64(v/time.Microsecond), 6))
		}
	}
	if t.ConnectTimeout != 0 {
		timer("connect_timeout", t.ConnectTimeout)
	}
	timer("delay_loop", t.DelayLoop)
	timer("delay_before_retry", t.DelayBeforeRetry)
	timer("warmup", t.Warmup)
	if t.Retry != Unset {
		w.line("retry", strconv.FormatInt(t.Retry, 10))
	}
}

func (w *dumper) forward(keyword string, f Forwarding) {
	switch {
	case f.Method == ForwardUnset:
	case f.Tunnel == IPIP:
		w.line(keyword, f.Method.String())
	case f.Tunnel == GUE:
		w.line(keyword, f.Method.String(), "type gue port", strconv.Itoa(int(f.TunnelPort)), f.Checksum.String())
	default:
		w.line(keyword, f.Method.String(), "type", f.Tunnel.String(), f.Checksum.String())
	}
}

func (w *dumper) granularity(g Granularity) {
	switch {
	case g.Mask.IsValid():
		w.line("persistence_granularity", g.Mask.String())
	case g.Bits != 0:
		w.line("persistence_granularity", strconv.Itoa(int(g.Bits)))
	}
}

func (w *dumper) script(keyword string, s Script) {
	if s.Set() {
		w.line(keyword, quoteScript(s.Argv)+userWords(s))
	}
}

func (w *dumper) text(keyword, value string) {
	if value != "" {
		w.line(keyword, quoteWord(value))
	}
}

func (w *dumper) flag(keyword string, on bool) {
	if on {
		w.line(keyword)
	}
}

func onOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

func reverseWord(reverse bool) string {
	if reverse {
		return "reverse"
	}
	return ""
}

func familyWord(f int) string { return [...]string{0: "", 4: "inet", 6: "inet6"}[f] }

func number(v uint32) string { return strconv.FormatUint(uint64(v), 10) }

func endpoint(a netip.AddrPort) string { return a.Addr().String() + " " + strconv.Itoa(int(a.Port())) }

// seconds writes a time of whole seconds.
func seconds(t time.Duration) string { return strconv.FormatInt(int64(t/time.Second), 10) }

// milliseconds writes a time of whole microseconds.
func milliseconds(t time.Duration) string {
	return formatDecimal(int64(t/time.Microsecond), 3)
}
