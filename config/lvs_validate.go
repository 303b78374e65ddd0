package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// Name is how messages call the virtual server: [10.0.0.1]:tcp:80, FWM 7 or [group].
func (vs *VirtualServer) Name() string {
	switch {
	case vs.Group != "":
		return "[" + vs.Group + "]"
	case vs.Mark != 0:
		return fmt.Sprintf("FWM %d", vs.Mark)
	}
	return endpointName(vs.Addr, vs.Protocol)
}

// endpointName is an address, a protocol and a port as messages have them.
func endpointName(a netip.AddrPort, p Protocol) string {
	return fmt.Sprintf("[%s]:%s:%d", a.Addr(), strings.ToLower(p.String()), a.Port())
}

// validator checks one virtual server after the other.
type validator struct {
	*decoder
	vs    *VirtualServer
	group *groupFacts // nil when the virtual server is not of a group
	seen  map[netip.AddrPort]struct{}
}

// groupFacts is what the virtual servers of a group ask of it, found out once.
type groupFacts struct {
	*VirtualServerGroup
	familyless bool   // a mark leaves its family to the real servers
	portless   bool   // a range is of every port
	port       uint16 // of every range, when samePort
	samePort   bool
}

func newGroupFacts(g *VirtualServerGroup) *groupFacts {
	f := &groupFacts{VirtualServerGroup: g, familyless: g.markWithoutFamily(), samePort: true}
	for i, r := range g.Ranges {
		f.portless = f.portless || r.Port == 0
		f.samePort = f.samePort && (i == 0 || r.Port == f.port)
		f.port = r.Port
	}
	return f
}

// fault reports a conflict that is resolved here, as upstream does it.
func (v *validator) fault(format string, args ...any) {
	v.warn(v.vs.Pos, "virtual_server %s: "+format, append([]any{v.vs.Name()}, args...)...)
}

// linkGroup finds out whether the group of the virtual server is there and fits it. Upstream only logs when not.
func (v *validator) linkGroup() bool {
	vs, g := v.vs, v.group
	if g == nil {
		v.remark(vs.Pos, "virtual_server %s: there is no virtual_server_group of that name, the virtual server is ignored", vs.Name())
		return false
	}
	clash := g.HasIPv4 && g.HasIPv6 && vs.Family != 0 ||
		g.HasIPv4 && vs.Family == 6 || g.HasIPv6 && vs.Family == 4
	if clash {
		v.remark(vs.Pos, "virtual_server %s: the address family of the group is not that of the virtual server, which is ignored", vs.Name())
		return false
	}
	switch {
	case g.HasIPv4 && !g.HasIPv6:
		vs.Family = 4
	case g.HasIPv6 && !g.HasIPv4:
		vs.Family = 6
	case vs.Family == 0 && g.familyless:
		v.remark(vs.Pos, "virtual_server %s: nothing tells the address family, IPv4 is used", vs.Name())
		vs.Family = 4
	}
	return true
}

// byAddress and byMark tell what the virtual server serves; a group can have both.
func (v *validator) byAddress() bool {
	if v.group != nil {
		return len(v.group.Ranges) > 0
	}
	return v.vs.Mark == 0
}

func (v *validator) byMark() bool {
	if v.group != nil {
		return len(v.group.Marks) > 0
	}
	return v.vs.Mark != 0
}

// validate goes through the rules in upstream's order, because what one of them sets the next one sees.
func (v *validator) validate() {
	vs := v.vs
	if vs.HASuspend && v.byMark() {
		v.fault("ha_suspend is not for firewall marks, it is off")
		vs.HASuspend = false
	}
	if v.byAddress() {
		v.protocol()
	} else if vs.Protocol != ProtocolNone {
		v.fault("a firewall mark has no protocol, it is ignored")
		vs.Protocol = ProtocolNone
	}
	v.persistence()
	if vs.Scheduler == SchedulerUnset {
		v.fault("no lvs_sched is set, wlc is used")
		vs.Scheduler = WLC
	}
	v.duplicates()
	v.forwarding()
	v.sorryIsReal()
	v.quorum()
	if v.group != nil {
		v.groupPorts()
	} else {
		v.ports()
	}
	v.checkerPorts()
}

// protocol needs one for addresses, and datagrams for one-packet scheduling.
func (v *validator) protocol() {
	vs := v.vs
	if vs.Protocol == ProtocolNone {
		v.fault("no protocol is set, UDP is used")
		vs.Protocol = ProtocolUDP
	}
	if vs.Flags&OnePacket != 0 && vs.Protocol != ProtocolUDP {
		v.fault("ops is for UDP only, it is off")
		vs.Flags &^= OnePacket
	}
}

// persistence turns it on where a service has no port: the kernel allows that for persistent services only.
func (v *validator) persistence() {
	vs := v.vs
	if vs.PersistenceTimeout != 0 || !v.byAddress() {
		return
	}
	portless := vs.Addr.Port() == 0
	if v.group != nil {
		portless = v.group.portless
	}
	if portless {
		v.fault("without a port it has to be persistent, persistence_timeout %d is used", int(defaultPersistence.Seconds()))
		vs.PersistenceTimeout = defaultPersistence
	}
}

// duplicates removes real servers that were given before.
func (v *validator) duplicates() {
	vs := v.vs
	clear(v.seen)
	kept := vs.RealServers[:0]
	for i := range vs.RealServers {
		rs := &vs.RealServers[i]
		if _, ok := v.seen[rs.Addr]; ok {
			v.warn(rs.Pos, "virtual_server %s: real_server %s was given before, this one is ignored", vs.Name(), endpointName(rs.Addr, vs.Protocol))
			continue
		}
		v.seen[rs.Addr] = struct{}{}
		if len(kept) < i {
			kept = append(kept, *rs)
		} else {
			kept = vs.RealServers[:i+1]
		}
	}
	clear(vs.RealServers[len(kept):])
	vs.RealServers = kept
}

// forwarding gives real servers that were read before lvs_method the method.
func (v *validator) forwarding() {
	vs := v.vs
	for i := range vs.RealServers {
		v.forward(&vs.RealServers[i].Forward)
	}
	if vs.Sorry.Addr.IsValid() {
		v.forward(&vs.Sorry.Forward)
	}
}

func (v *validator) forward(f *Forwarding) {
	if f.Method != ForwardUnset {
		return
	}
	if v.vs.Forward.Method == ForwardUnset {
		v.fault("no lvs_method is set, NAT is used")
		v.vs.Forward = Forwarding{Method: NAT}
	}
	*f = v.vs.Forward
}

// sorryIsReal handles a sorry server that is one of the real servers: both have to do the same on failure.
func (v *validator) sorryIsReal() {
	vs := v.vs
	if _, ok := v.seen[vs.Sorry.Addr]; !ok || !vs.Sorry.Addr.IsValid() {
		return
	}
	vs.Sorry.IsRealServer = true
	for i := range vs.RealServers {
		rs := &vs.RealServers[i]
		if rs.Addr == vs.Sorry.Addr && rs.InhibitOnFailure != vs.Sorry.Inhibit {
			v.fault("the sorry server is real_server %s too, so its inhibit setting is used", endpointName(rs.Addr, vs.Protocol))
			vs.Sorry.Inhibit = rs.InhibitOnFailure
		}
	}
}

// quorum must be in reach, and the hysteresis less than it.
func (v *validator) quorum() {
	vs := v.vs
	sum := uint64(0)
	for i := range vs.RealServers {
		sum += uint64(vs.RealServers[i].Weight)
	}
	if uint64(vs.Quorum) > sum {
		v.fault("quorum %d is more than the weight of all real servers, %d is used", vs.Quorum, sum)
		vs.Quorum = uint32(sum)
	}
	if limit := max(vs.Quorum, 1) - 1; vs.Hysteresis > limit {
		v.fault("hysteresis %d must be less than the quorum, %d is used", vs.Hysteresis, limit)
		vs.Hysteresis = limit
	}
}

// ports makes real servers that are not reached by NAT use the port of the service, as the kernel does anyway.
func (v *validator) ports() {
	vs := v.vs
	for i := range vs.RealServers {
		rs := &vs.RealServers[i]
		v.port(&rs.Addr, rs.Forward.Method, "real_server", vs.Mark == 0)
	}
	if s := &vs.Sorry; s.Addr.IsValid() {
		v.port(&s.Addr, s.Forward.Method, "sorry_server", false)
	}
}

// port corrects one address. natToo gives a port to a server behind NAT that has none.
func (v *validator) port(a *netip.AddrPort, m ForwardingMethod, what string, natToo bool) {
	port := v.vs.Addr.Port()
	switch {
	case m == NAT:
		if !natToo || a.Port() != 0 {
			return
		}
	case v.vs.Mark != 0 && a.Port() != 0:
		v.fault("%s %s has a port, which a firewall mark does not use", what, endpointName(*a, v.vs.Protocol))
		port = 0
	case v.vs.Mark != 0:
		return
	case a.Port() != 0 && a.Port() != port:
		v.fault("%s %s must have the port of the virtual server, %d is used", what, endpointName(*a, v.vs.Protocol), port)
	}
	*a = netip.AddrPortFrom(a.Addr(), port)
}

// groupPorts reports ports that the kernel will not use. A group has several, so nothing is corrected.
func (v *validator) groupPorts() {
	vs := v.vs
	if len(v.group.Marks) > 0 {
		v.groupMarkPorts()
	}
	if len(v.group.Ranges) == 0 {
		return
	}
	for i := range vs.RealServers {
		if rs := &vs.RealServers[i]; v.portClash(rs.Addr, rs.Forward.Method) {
			v.fault("the port of real_server %s is not that of every address of the group", endpointName(rs.Addr, vs.Protocol))
		}
	}
	if s := vs.Sorry; s.Addr.IsValid() && v.portClash(s.Addr, s.Forward.Method) {
		v.fault("the port of sorry_server %s will not be used", endpointName(s.Addr, vs.Protocol))
	}
}

// groupMarkPorts reports ports of servers behind firewall marks.
func (v *validator) groupMarkPorts() {
	vs := v.vs
	for i := range vs.RealServers {
		if rs := &vs.RealServers[i]; rs.Forward.Method != NAT && rs.Addr.Port() != 0 {
			v.fault("real_server %s has a port, which a firewall mark does not use", endpointName(rs.Addr, vs.Protocol))
		}
	}
	if s := vs.Sorry; s.Addr.IsValid() && s.Forward.Method != NAT && s.Addr.Port() != 0 {
		v.fault("sorry_server %s has a port, which a firewall mark does not use", endpointName(s.Addr, vs.Protocol))
	}
}

// portClash tells whether a server that is not behind NAT has another port than some address of the group.
func (v *validator) portClash(a netip.AddrPort, m ForwardingMethod) bool {
	return m != NAT && a.Port() != 0 && (!v.group.samePort || a.Port() != v.group.port)
}

// checkerPorts gives checkers without a port that of their real server.
func (v *validator) checkerPorts() {
	for i := range v.vs.RealServers {
		rs := &v.vs.RealServers[i]
		for j := range rs.Checkers {
			if c := &rs.Checkers[j]; c.connects() && c.Conn.Addr.Port() == 0 {
				c.Conn.Addr = netip.AddrPortFrom(c.Conn.Addr.Addr(), rs.Addr.Port())
			}
		}
	}
}
