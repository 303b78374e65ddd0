package config

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"keepalived-go/parser"
)

// The defaults of a virtual server.
const (
	defaultConnectTimeout = 5 * time.Second
	defaultDelayLoop      = 60 * time.Second
	defaultPersistence    = 6 * time.Minute
	maxPersistence        = 31 * 86400 // seconds
	maxEngineName         = 15         // bytes
)

// openVirtualServer begins a virtual_server.
func (d *decoder) openVirtualServer(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	s := &d.scope.lvsScope
	s.lvsOpen = inVirtualServer
	s.servers, s.checkers, s.fileChks = s.servers[:0], s.checkers[:0], s.fileChks[:0]
	s.vs = vsDraft{VirtualServer: VirtualServer{
		Pos: l.st.Pos(), Quorum: 1, Weight: 1, Timing: unsetTiming,
	}}
	s.vs.Timing.ConnectTimeout, s.vs.Timing.DelayLoop = defaultConnectTimeout, defaultDelayLoop
	switch w.Text {
	case "group":
		w, _ = d.need(l, 1)
		s.vs.Group = w.Text
	case "fwmark":
		ok = d.readMark(l, &s.vs.Mark)
	default:
		s.vs.Addr, ok = d.readEndpoint(l, 0)
		s.vs.Family = family(s.vs.Addr.Addr())
	}
	if !ok {
		d.skip, s.lvsOpen = true, noBlock
	}
}

// readMark reads the firewall mark of a virtual server. Mark 0 is no mark: the kernel has no such service.
func (d *decoder) readMark(l line, p *uint32) bool {
	w, ok := d.need(l, 1)
	if !ok {
		return false
	}
	v, ok := d.number("fwmark", w, intArg(0, math.MaxUint32))
	if ok && v == 0 {
		d.warn(w.Pos, "virtual_server: firewall mark 0 marks nothing, the virtual server is ignored")
		d.scope.vs.dropped = true
	}
	*p = uint32(v)
	return ok
}

// readFamily reads ip_family.
func (d *decoder) readFamily(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	f := parseFamily(w.Text)
	vs := &d.scope.vs
	switch {
	case f == 0:
		d.report(w.Pos, parser.Warning, parser.StatusConfig, "write inet or inet6", "ip_family: %q is unknown", w.Text)
	case vs.Family != 0 && vs.Family != f:
		d.warn(w.Pos, "ip_family %s is not that of the addresses, it is ignored", w.Text)
	default:
		vs.Family = f
	}
}

// parseFamily reads inet and inet6, 0 for anything else.
func parseFamily(s string) int {
	switch s {
	case "inet":
		return 4
	case "inet6":
		return 6
	}
	return 0
}

// readScheduler reads lvs_sched.
func (d *decoder) readScheduler(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	for i := RR; i <= TWOS; i++ {
		if schedulerNames[i] == w.Text {
			d.scope.vs.Scheduler = i
			return
		}
	}
	d.report(w.Pos, parser.Warning, parser.StatusConfig, "one of"+strings.Join(schedulerNames[:], " "),
		"%s: there is no scheduler %q", l.kw.Name, w.Text)
}

// readSchedulerFlag reads ops and the flags of schedulers.
func (d *decoder) readSchedulerFlag(l line) {
	vs := &d.scope.vs
	name := l.kw.Name
	switch name {
	case "ops":
		vs.Flags |= OnePacket
		return
	case "flag-1":
		vs.Flags |= Flag1
		return
	case "flag-2":
		vs.Flags |= Flag2
		return
	case "flag-3":
		vs.Flags |= Flag3
		return
	}
	if vs.Scheduler != SH && vs.Scheduler != MH {
		d.warn(l.st.Pos(), "%s is for the schedulers sh and mh, and must stand after lvs_sched: it is ignored", name)
		return
	}
	switch {
	case name == "hashed":
	case !strings.HasPrefix(name, vs.Scheduler.String()+"-"):
		d.remark(l.st.Pos(), "%s has no effect with the scheduler %s", name, vs.Scheduler)
	case strings.HasSuffix(name, "-fallback"):
		vs.Flags |= Flag1
	default:
		vs.Flags |= Flag2
	}
}

// readProtocol reads protocol.
func (d *decoder) readProtocol(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	for _, p := range []Protocol{ProtocolTCP, ProtocolUDP, ProtocolSCTP} {
		if strings.EqualFold(w.Text, p.String()) {
			d.scope.vs.Protocol = p
			return
		}
	}
	d.report(w.Pos, parser.Warning, parser.StatusConfig, "write TCP, UDP or SCTP", "protocol: %q is unknown", w.Text)
}

// readPersistence reads persistence_timeout.
func (d *decoder) readPersistence(l line) {
	w, given := l.arg(0)
	if !given {
		d.scope.vs.PersistenceTimeout = defaultPersistence
		return
	}
	if v, ok := d.number(l.kw.Name, w, strict(intArg(1, maxPersistence))); ok {
		d.scope.vs.PersistenceTimeout = time.Duration(v) * time.Second
	}
}

// readPersistenceEngine reads persistence_engine, whose name the kernel limits.
func (d *decoder) readPersistenceEngine(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	name := w.Text
	if len(name) > maxEngineName {
		d.warn(w.Pos, "persistence_engine: %q is longer than %d bytes and is cut", name, maxEngineName)
		name = name[:maxEngineName]
	}
	d.scope.vs.PersistenceEngine = name
}

// readGranularity reads persistence_granularity, which also decides the family where nothing else did.
func (d *decoder) readGranularity(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	vs := &d.scope.vs
	f := vs.Family
	if f == 0 {
		f = 6
		if strings.Contains(w.Text, ".") {
			f = 4
		}
	}
	var g Granularity
	if f == 4 {
		if g.Mask, ok = parseMask(w.Text); !ok {
			d.warn(w.Pos, "persistence_granularity: %q is not an IPv4 netmask", w.Text)
			return
		}
	} else {
		v, ok := d.number(l.kw.Name, w, strict(intArg(1, 128)))
		if !ok {
			return
		}
		g.Bits = uint8(v)
	}
	vs.PersistenceGranularity, vs.Family = g, f
	if vs.PersistenceTimeout == 0 {
		vs.PersistenceTimeout = defaultPersistence
	}
}

// parseMask reads an IPv4 netmask in any form that C libraries take for a numeric address: the last of up to four parts
// fills what is left of the 32 bits, and parts may be octal or hexadecimal.
func parseMask(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	mask := uint64(0)
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 32 - 8*i
		}
		v, err := strconv.ParseUint(p, 0, bits)
		if err != nil || strings.Contains(p, "_") {
			return netip.Addr{}, false
		}
		mask |= v << (32 - 8*i - bits)
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(mask))
	return netip.AddrFrom4(b), true
}

// readQuorum reads quorum; what is wrong becomes 1.
func (d *decoder) readQuorum(l line) {
	d.scope.vs.Quorum = 1
	d.readUint32(l, 1, math.MaxUint32, &d.scope.vs.Quorum)
}

// readSorryServer reads sorry_server. It forwards as the virtual server does so far.
func (d *decoder) readSorryServer(l line) {
	if a, ok := d.readEndpoint(l, 0); ok {
		d.scope.vs.Sorry = SorryServer{Addr: a, Forward: d.scope.vs.Forward}
	}
}

// readSorryInhibit reads sorry_server_inhibit.
func (d *decoder) readSorryInhibit(l line) {
	if d.hasSorryServer(l) {
		d.scope.vs.Sorry.Inhibit = true
	}
}

// readSorryForwarding reads sorry_server_lvs_method.
func (d *decoder) readSorryForwarding(l line) {
	if d.hasSorryServer(l) {
		d.readForwarding(l, &d.scope.vs.Sorry.Forward)
	}
}

func (d *decoder) hasSorryServer(l line) bool {
	ok := d.scope.vs.Sorry.Addr.IsValid()
	if !ok {
		d.warn(l.st.Pos(), "%s must stand after a sorry_server: it is ignored", l.kw.Name)
	}
	return ok
}

// openRealServer begins a real_server.
func (d *decoder) openRealServer(l line) {
	s := &d.scope.lvsScope
	addr, ok := d.readEndpoint(l, 0)
	if !ok {
		d.skip = true
		return
	}
	s.lvsOpen = inRealServer
	clear(s.followed)
	s.rs = rsDraft{
		RealServer: RealServer{Pos: l.st.Pos(), Addr: addr, Forward: s.vs.Forward, Timing: unsetTiming},
		first:      len(s.checkers), firstFile: len(s.fileChks),
	}
}

// readServerWeight reads the weight of a real server.
func (d *decoder) readServerWeight(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, intArg(0, maxWeight)); ok {
		d.scope.rs.Weight, d.scope.rs.weightGiven = uint32(v), true
	}
}

// endRealServer puts the real server to its virtual server.
func (d *decoder) endRealServer() {
	s := &d.scope.lvsScope
	s.lvsOpen = inVirtualServer
	s.rs.last, s.rs.lastFile = len(s.checkers), len(s.fileChks)
	if f := family(s.rs.Addr.Addr()); s.rs.Forward.Method != TUN && s.vs.Family != f {
		if s.vs.Family != 0 {
			d.warn(s.rs.Pos, "real_server %s is not of the address family of the virtual server, it is ignored", s.rs.Addr.Addr())
			s.checkers, s.fileChks = s.checkers[:s.rs.first], s.fileChks[:s.rs.firstFile]
			return
		}
		s.vs.Family = f
	}
	s.servers = append(s.servers, s.rs)
}
