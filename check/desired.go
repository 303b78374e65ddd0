package check

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"keepalived-go/config"
	"keepalived-go/ipvs"
)

// Serves is what a virtual server serves, in a form that names a thousand addresses in a line.
type Serves struct {
	Family   int
	Protocol config.Protocol
	Addr     netip.AddrPort        // not valid for a mark or a group
	Mark     uint32                // 0 for an address or a group
	Ranges   []config.AddressRange // of a group
	Marks    []config.GroupMark
}

// servesOf is what a virtual server serves. group is nil when it has none.
func servesOf(vs *config.VirtualServer, group *config.VirtualServerGroup) Serves {
	s := Serves{Family: vs.Family, Protocol: vs.Protocol}
	switch {
	case group != nil:
		s.Ranges, s.Marks = group.Ranges, group.Marks
	case vs.Group != "":
	case vs.Mark != 0:
		s.Mark = vs.Mark
	default:
		s.Addr = vs.Addr
	}
	return s
}

// keys lists the services of the kernel that it takes.
func (s Serves) keys() []ipvs.Key {
	var keys []ipvs.Key
	if s.Addr.IsValid() {
		keys = append(keys, s.addressKey(s.Addr))
	}
	for _, r := range s.Ranges {
		for a := r.First; a.IsValid(); a = a.Next() {
			keys = append(keys, s.addressKey(netip.AddrPortFrom(a, r.Port)))
			if a == r.Last {
				break
			}
		}
	}
	if s.Mark != 0 {
		keys = append(keys, s.markKey(s.Mark, 0))
	}
	for _, m := range s.Marks {
		if m.Mark != 0 {
			keys = append(keys, s.markKey(m.Mark, m.Family))
		}
	}
	return keys
}

// entries names the entries of a group.
func (s Serves) entries() []string {
	var names []string
	for _, r := range s.Ranges {
		name := serverName(netip.AddrPortFrom(r.First, r.Port), s.Protocol)
		if r.Last != r.First {
			name += "-" + r.Last.String()
		}
		names = append(names, name)
	}
	for _, m := range s.Marks {
		names = append(names, fmt.Sprintf("FWM %d", m.Mark))
	}
	return names
}

func (s Serves) addressKey(a netip.AddrPort) ipvs.Key {
	family := 4
	if !a.Addr().Is4() {
		family = 6
	}
	return ipvs.Key{Family: family, Protocol: uint8(s.Protocol), Addr: a}
}

// markKey is a firewall mark. Its family is its own, else that of the virtual server, else IPv4.
func (s Serves) markKey(mark uint32, family int) ipvs.Key {
	if family == 0 {
		family = s.Family
	}
	if family == 0 {
		family = 4
	}
	return ipvs.Key{Family: family, Mark: mark}
}

// want is what the table of the kernel is to have for the virtual server in its present state. Entries of the same port
// share their destinations, which nobody changes.
func (s *service) want(what Serves) []ipvs.Entry {
	keys := what.keys()
	entries := make([]ipvs.Entry, 0, len(keys))
	byPort := map[uint16][]ipvs.Destination{}
	for _, k := range keys {
		port := k.Addr.Port()
		dests, ok := byPort[port]
		if !ok {
			dests = s.destinations(port)
			byPort[port] = dests
		}
		entries = append(entries, ipvs.Entry{Service: s.service(k), Destinations: dests})
	}
	return entries
}

// service is how the kernel is to serve one key.
func (s *service) service(k ipvs.Key) ipvs.Service {
	out := ipvs.Service{Key: k, Scheduler: s.cfg.Scheduler.String(), Flags: kernelFlags(s.cfg.Flags), Prefix: 32}
	if k.Family == 6 {
		out.Prefix = 128
	}
	if s.cfg.PersistenceTimeout == 0 {
		return out
	}
	out.Timeout = uint32(s.cfg.PersistenceTimeout.Seconds())
	out.Engine = s.cfg.PersistenceEngine
	switch g := s.cfg.PersistenceGranularity; {
	case k.Family == 4 && g.Mask.Is4():
		mask := g.Mask.As4()
		out.SetMask(binary.BigEndian.Uint32(mask[:]))
	case k.Family == 6 && g.Bits != 0:
		out.Prefix = g.Bits
	}
	return out
}

func kernelFlags(f config.SchedulerFlags) ipvs.Flags {
	var out ipvs.Flags
	for _, p := range []struct {
		config config.SchedulerFlags
		kernel ipvs.Flags
	}{
		{config.OnePacket, ipvs.OnePacket}, {config.Flag1, ipvs.Sched1},
		{config.Flag2, ipvs.Sched2}, {config.Flag3, ipvs.Sched3},
	} {
		if f&p.config != 0 {
			out |= p.kernel
		}
	}
	return out
}

// destinations lists the servers of a service with the given port. While the sorry server serves, real servers are
// out, or stay with weight 0 when they inhibit. Where two servers are the same one to the kernel, because one serves
// as both or because the port is that of the service, the first one counts.
func (s *service) destinations(port uint16) []ipvs.Destination {
	out := make([]ipvs.Destination, 0, len(s.servers)+1)
	seen := make(map[netip.AddrPort]struct{}, len(s.servers)+1)
	add := func(d ipvs.Destination) {
		if _, twice := seen[d.Addr]; !twice {
			seen[d.Addr] = struct{}{}
			out = append(out, d)
		}
	}
	sorry := destination(s.cfg.Sorry.Addr, s.cfg.Sorry.Forward, port)
	if s.sorry {
		sorry.Weight = 1
		add(sorry)
	}
	for i := range s.servers {
		if s.inTable(i) {
			add(s.destination(i, port))
		}
	}
	if s.hasSorry() && s.cfg.Sorry.Inhibit && !s.cfg.Sorry.IsRealServer {
		add(sorry)
	}
	return out
}

// destination is a real server with its weight: that of its checks, or 0 when it is out.
func (s *service) destination(i int, port uint16) ipvs.Destination {
	rs := &s.cfg.RealServers[i]
	d := destination(rs.Addr, rs.Forward, port)
	d.Upper, d.Lower = rs.UpperThreshold, rs.LowerThreshold
	if s.servers[i].up && !s.sorry {
		d.Weight = clampWeight(s.servers[i].weight)
	}
	return d
}

// destination is a server without its weight. One that is not behind NAT has the port of the service.
func destination(addr netip.AddrPort, f config.Forwarding, port uint16) ipvs.Destination {
	d := ipvs.Destination{Addr: addr, Method: ipvs.Masquerade}
	switch f.Method {
	case config.DR:
		d.Method = ipvs.Direct
	case config.TUN:
		d.Method = ipvs.Tunnel
		d.Encapsulation = ipvs.Encapsulation{Type: uint8(f.Tunnel), Port: f.TunnelPort, Flags: uint16(f.Checksum)}
	default:
		return d
	}
	d.Addr = netip.AddrPortFrom(addr.Addr(), port)
	return d
}
