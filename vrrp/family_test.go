package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/packet"
	"keepalived-go/vrrp/wire"
)

// way is how two routers talk to each other: the addresses of their interfaces, and what their instances say.
type way struct {
	name   string
	links  [2][]string // addresses of the interface of each
	source [2]string   // primary addresses, the lower one first
	vips   []string
	change func(side int, in *config.Instance)
}

func unicastTo(peers ...string) func(*config.Instance) {
	return func(in *config.Instance) {
		in.MulticastGroup = netip.Addr{}
		in.UnicastTTL = 255
		for _, p := range peers {
			in.UnicastPeers = append(in.UnicastPeers, config.UnicastPeer{Addr: netip.MustParseAddr(p), MaxTTL: 255})
		}
		if in.Family == 4 && in.Version == 3 {
			in.ChecksumGroup = netip.MustParseAddr("224.0.0.18")
		}
	}
}

func six(in *config.Instance) {
	in.Family, in.Version, in.MulticastGroup = 6, 3, netip.MustParseAddr("ff02::12")
}

var (
	links4     = [2][]string{{"192.168.4.100/24"}, {"192.168.4.200/24"}}
	links6     = [2][]string{{"192.168.4.100/24", "fd00::1:1/64", "fe80::1/64"}, {"192.168.4.200/24", "fd00::1:2/64", "fe80::2/64"}}
	locals     = [2]string{"fe80::1", "fe80::2"}
	vips6      = []string{"fe80::80/64", "fd00::80/128"}
	eachOther4 = [2]string{"192.168.4.100", "192.168.4.200"}
	eachOther6 = [2]string{"fd00::1:1", "fd00::1:2"}
)

var ways = []way{
	{"IPv6", links6, locals, vips6, func(_ int, in *config.Instance) { six(in) }},
	{"unicast, version 2", links4, eachOther4, []string{vip}, func(side int, in *config.Instance) {
		in.Version = 2
		unicastTo(eachOther4[1-side])(in)
	}},
	{"unicast, version 3", links4, eachOther4, []string{vip}, func(side int, in *config.Instance) { unicastTo(eachOther4[1-side])(in) }},
	{"unicast with ourselves among the peers", links4, eachOther4, []string{vip}, func(_ int, in *config.Instance) { unicastTo(eachOther4[:]...)(in) }},
	{"unicast over IPv6", links6, eachOther6, vips6, func(side int, in *config.Instance) {
		six(in)
		unicastTo(eachOther6[1-side])(in)
		in.MulticastSource = netip.MustParseAddr(eachOther6[side])
	}},
	{"unicast between link-local addresses", links6, locals, vips6, func(side int, in *config.Instance) {
		six(in)
		unicastTo(locals[1-side])(in)
	}},
	{"unicast without interface", links4, eachOther4, []string{vip}, func(side int, in *config.Instance) {
		unicastTo(eachOther4[1-side])(in)
		in.Interface, in.MulticastSource = "", netip.MustParseAddr(eachOther4[side])
	}},
}

// instance is the instance of one side.
func (w way) instance(side int, priority uint8) config.Instance {
	in := instance(priority, time.Second)
	w.change(side, &in)
	in.Addresses = addresses(w.vips...)
	return in
}

// node is the router of one side.
func (w way) node(t *testing.T, lan *wire.LAN, side int) *node {
	n := newNode(t, lan, []string{"a", "b"}[side], "192.168.4.1/24")
	n.links.state = linkState(true, w.links[side]...)
	return n
}

// pool is what the first router logs of its socket.
func (w way) pool() string {
	in := w.instance(0, 1)
	index, family, kind, address := 2, in.Family, "mult", in.MulticastGroup.String()
	if in.Interface == "" {
		index = 0
	}
	if in.Unicast() {
		kind, address = ", un", w.source[0]
	}
	return fmt.Sprintf("VRRP sockpool: [ifindex(  %d), family(IPv%d), proto(112), fd(-1,-1) %sicast, address(%s)]", index, family, kind, address)
}

func (w way) holds(n *node) bool {
	return !slices.ContainsFunc(w.vips, func(v string) bool { return !n.has(v) })
}

func (w way) free(n *node) bool { return !slices.ContainsFunc(w.vips, n.has) }

// TestWays has the life of two routers over each way: a takeover, the return, and a farewell.
func TestWays(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a, b := w.node(t, lan, 0), w.node(t, lan, 1)
				a.start(configOf(w.instance(0, 100)), nil)
				b.start(configOf(w.instance(1, 50)), nil)
				settle(5 * time.Second)
				expectState(t, a, fsm.Master)
				expectState(t, b, fsm.Backup)
				if !w.holds(a) || !w.free(b) {
					t.Fatalf("addresses: a %v, b %v", a.kernel.addresses, b.kernel.addresses)
				}
				for _, f := range lan.Frames() {
					if f.From == "a" && f.Datagram != nil && packet.Source(f.Datagram).String() != w.source[0] {
						t.Fatalf("a sends from %v, want %s", packet.Source(f.Datagram), w.source[0])
					}
				}
				if got, want := announced(lan, "a"), 5*len(w.vips); got != want {
					t.Errorf("a announced %d times, want %d", got, want)
				}
				if said := a.lines.count(w.pool()); said != 1 {
					t.Errorf("%q is said %d times: %q", w.pool(), said, a.lines.lines)
				}
				last := lastAdvert(lan, "a")
				a.host.Cut(true)
				settle(5 * time.Second)
				expectState(t, b, fsm.Master)
				if first, want := firstAdvert(lan, "b", last), 3*time.Second+skewOf(&b.engine.order[0].cfg, 50); first != want {
					t.Errorf("b took over %v after the last advert, want %v", first, want)
				}
				a.host.Cut(false)
				settle(2 * time.Second)
				expectState(t, a, fsm.Master)
				expectState(t, b, fsm.Backup)
				if !w.free(b) {
					t.Error("b kept addresses as Backup")
				}
				stopped := time.Now()
				a.stop()
				if _, priorities := adverts(lan, "a", stopped); !slices.Equal(priorities, []uint8{0}) || !w.free(a) {
					t.Errorf("a sent priorities %v at the stop, want one 0; addresses %v", priorities, a.kernel.addresses)
				}
				settle(time.Second)
				expectState(t, b, fsm.Master)
				if n := b.lines.count("Received advert from"); n != 0 {
					t.Errorf("b quarrels %d times", n)
				}
				b.stop()
			})
		})
	}
}

// skewOf is the skew of a priority.
func skewOf(cfg *config.Instance, priority int) time.Duration {
	return time.Duration(256-priority) * cfg.AdvertInt / 256
}

// TestTieByAddress has equal priorities: the higher address wins, whoever comes first.
func TestTieByAddress(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a, b := w.node(t, lan, 0), w.node(t, lan, 1)
				a.host.Cut(true)
				a.start(configOf(w.instance(0, 100)), nil)
				b.start(configOf(w.instance(1, 100)), nil)
				settle(10 * time.Second)
				expectState(t, a, fsm.Master)
				expectState(t, b, fsm.Master)
				a.host.Cut(false)
				settle(3 * time.Second)
				expectState(t, a, fsm.Backup)
				expectState(t, b, fsm.Master)
				a.stop()
				b.stop()
			})
		})
	}
}

// TestResumeOverWays has a process that takes over from one that died as Master, with the addresses of the instance.
func TestResumeOverWays(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				cfg := w.instance(0, 100)
				last := InstanceState{Key: Key(cfg), State: fsm.Master, Priority: 100, BasePriority: 100, LastAdvert: newClockPair().mono - int64(time.Second)}
				a, b := w.node(t, lan, 0), w.node(t, lan, 1)
				begin := time.Now()
				a.start(configOf(cfg), map[string]InstanceState{last.Key: last})
				b.start(configOf(w.instance(1, 50)), nil)
				settle(10 * time.Millisecond)
				expectState(t, a, fsm.Master)
				if got := firstAdvert(lan, "a", begin); got != 0 {
					t.Errorf("first advert after %v, want at once", got)
				}
				if states, err := a.engine.States(); err != nil || len(states[0].Addresses) != len(w.vips) || states[0].Addresses[0].Prefix != addressOf(w.vips[0]) {
					t.Errorf("to be cleaned up: %v, %v", states, err)
				}
				settle(5 * time.Second)
				expectState(t, b, fsm.Backup)
				a.stop()
				b.stop()
			})
		})
	}
}

// TestAddressComesLate has an interface whose primary address is still being probed when the instance starts, and goes
// away later.
func TestAddressComesLate(t *testing.T) {
	for _, w := range ways {
		if w.instance(0, 1).MulticastSource.IsValid() {
			continue // it sends from its own address, whatever the interface has
		}
		t.Run(w.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := w.node(t, lan, 0)
				without := slices.DeleteFunc(slices.Clone(w.links[0]), func(p string) bool { return strings.HasPrefix(p, w.source[0]+"/") })
				a.links.state = linkState(true, without...)
				a.start(configOf(w.instance(0, 100)), nil)
				settle(10 * time.Second)
				expectState(t, a, fsm.FaultState)
				if frames := lan.Frames(); len(frames) != 0 {
					t.Errorf("sent %d frames from nowhere", len(frames))
				}
				a.links.report(linkState(true, w.links[0]...), nil)
				settle(5 * time.Second)
				expectState(t, a, fsm.Master)
				lost := time.Now()
				a.links.report(linkState(true, without...), nil)
				settle(time.Millisecond)
				expectState(t, a, fsm.FaultState)
				if _, priorities := adverts(lan, "a", lost); !slices.Equal(priorities, []uint8{0}) || !w.free(a) {
					t.Errorf("sent priorities %v, want a farewell; addresses %v", priorities, a.kernel.addresses)
				}
				a.stop()
			})
		})
	}
}

// TestSourceIsRenewed has a cable that is pulled and mended: with unicast the peers are told where the source address is.
func TestSourceIsRenewed(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := w.node(t, lan, 0)
				in := w.instance(0, 100)
				want := 1
				if !in.Unicast() || in.Interface == "" {
					want = 0
				}
				a.links.state = linkState(false, w.links[0]...)
				a.start(configOf(in), nil)
				settle(time.Second)
				a.links.report(linkState(true, w.links[0]...), nil)
				settle(time.Second)
				said := 0
				for _, f := range lan.Frames() {
					if f.Address.IsValid() && f.Address.String() == w.source[0] {
						said++
					}
				}
				if lines := a.lines.count("VI_1: sending gratuitous"); said != want || lines != want {
					t.Errorf("announced %d times, said %d times, want %d", said, lines, want)
				}
				a.stop()
			})
		})
	}
}

// TestVirtualLinkLocalIsNoSource has the virtual address before the interface's own in the kernel's order.
func TestVirtualLinkLocalIsNoSource(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		w := ways[0]
		a := w.node(t, lan, 0)
		a.start(configOf(w.instance(0, 255)), nil)
		settle(time.Second)
		a.links.report(linkState(true, append([]string{"fe80::80/64"}, w.links[0]...)...), nil)
		settle(3 * time.Second)
		for _, f := range lan.Frames() {
			if f.Datagram != nil && packet.Source(f.Datagram).String() != "fe80::1" {
				t.Fatalf("sent from %v", packet.Source(f.Datagram))
			}
		}
		expectState(t, a, fsm.Master)
		a.stop()
	})
}

// TestMixedFamilies has excluded addresses of the other family: they come and go with the rest, and are announced.
func TestMixedFamilies(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		in := instance(255, time.Second)
		in.ExcludedAddresses = addresses("fd00::80/128", "192.168.4.81/32")
		a.start(configOf(in), nil)
		settle(time.Second)
		said := map[string]int{}
		for _, f := range lan.Frames() {
			if f.Address.IsValid() {
				said[f.Address.String()]++
			}
		}
		for _, address := range []string{"192.168.4.80", "fd00::80", "192.168.4.81"} {
			if said[address] != 5 {
				t.Errorf("%s was announced %d times, want 5", address, said[address])
			}
		}
		if a.lines.count("Sending/queueing Unsolicited Neighbour Adverts on eth0 for fd00::80") != 1 || a.lines.count("Sending/queueing gratuitous ARPs on eth0 for 192.168.4.81") != 1 {
			t.Errorf("log: %q", a.lines.lines)
		}
		for _, f := range lan.Frames() {
			if f.Datagram != nil && len(f.Datagram) != 32 {
				t.Errorf("an excluded address is advertised: %x", f.Datagram)
			}
		}
		a.stop()
		if a.has("fd00::80/128") || a.has("192.168.4.81/32") {
			t.Errorf("left %v", a.kernel.addresses)
		}
	})
}

// rival is a hand-made router that sends to a.
type rival struct {
	t *testing.T
	s wire.Socket
}

func newRival(t *testing.T, lan *wire.LAN, local string) *rival {
	s, err := lan.Host("rival").Network().Open(wire.Key{Interface: "eth0", Index: 2, Local: netip.MustParseAddr(local)})
	if err != nil {
		t.Fatal(err)
	}
	return &rival{t, s}
}

func (r *rival) send(m packet.Message, from, to string, ttl uint8) {
	r.t.Helper()
	source, destination := netip.MustParseAddr(from), netip.MustParseAddr(to)
	datagram := []byte(nil)
	if source.Is6() {
		datagram = packet.AppendIPv6(nil, &m, source, destination, ttl)
	} else {
		datagram = packet.AppendIPv4(nil, &m, source, destination, 1, ttl)
	}
	if err := r.s.Send([][]byte{datagram}); err != nil {
		r.t.Fatal(err)
	}
	settle(time.Millisecond)
}

func (r *rival) close() {
	if err := r.s.Close(); err != nil {
		r.t.Error(err)
	}
}

// stats are the counters of the first instance.
func (n *node) stats() Stats {
	n.t.Helper()
	v, err := n.engine.View(false)
	if err != nil {
		n.t.Fatal(err)
	}
	return v.Instances[0].Stats
}

// TestUnicastSenders has adverts of peers and strangers, with and without check_unicast_src, and TTLs.
func TestUnicastSenders(t *testing.T) {
	const here, there, stranger = "192.168.4.100", "192.168.4.200", "192.168.4.66"
	m := packet.Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("192.168.4.80")}}
	for name, row := range map[string]struct {
		from   string
		ttl    uint8
		change func(*config.Instance)
		want   fsm.State
		reason packet.Reason
		says   string
	}{
		"a peer":                     {there, 255, func(*config.Instance) {}, fsm.Backup, packet.OK, ""},
		"a peer far away":            {there, 9, func(*config.Instance) {}, fsm.Backup, packet.OK, ""},
		"a stranger":                 {stranger, 255, func(*config.Instance) {}, fsm.Backup, packet.OK, ""},
		"a stranger is refused":      {stranger, 255, func(in *config.Instance) { in.PeersOnly = true }, fsm.Master, packet.UnicastSource, "unicast source address 192.168.4.66 not a unicast peer"},
		"a peer is not":              {there, 255, func(in *config.Instance) { in.PeersOnly = true }, fsm.Backup, packet.OK, ""},
		"a peer in range":            {there, 60, func(in *config.Instance) { in.PeersOnly, in.UnicastPeers[0].MinTTL = true, 60 }, fsm.Backup, packet.OK, ""},
		"a peer that is too far":     {there, 59, func(in *config.Instance) { in.PeersOnly, in.UnicastPeers[0].MinTTL = true, 60 }, fsm.Master, packet.PeerTTL, "TTL/HL 59 from 192.168.4.200 not in range [60, 255]"},
		"a peer that is too near":    {there, 61, func(in *config.Instance) { in.PeersOnly, in.UnicastPeers[0].MaxTTL = true, 60 }, fsm.Master, packet.PeerTTL, "TTL/HL 61 from 192.168.4.200 not in range [0, 60]"},
		"a range without check only": {there, 61, func(in *config.Instance) { in.UnicastPeers[0].MaxTTL = 60 }, fsm.Backup, packet.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := newNode(t, lan, "a", here+"/24")
				in := instance(100, time.Second)
				unicastTo(there)(&in)
				row.change(&in)
				a.start(configOf(in), nil)
				settle(5 * time.Second)
				expectState(t, a, fsm.Master)
				r := newRival(t, lan, there)
				for range 2 {
					r.send(m, row.from, here, row.ttl)
				}
				expectState(t, a, row.want)
				s := a.stats()
				if s.AdvertRcvd != 2 || row.reason != packet.OK && s.Dropped[row.reason] != 2 {
					t.Errorf("counted %+v", s)
				}
				if row.says != "" && a.lines.count("(VI_1) "+row.says) != 1 {
					t.Errorf("log: %q", a.lines.lines)
				}
				r.close()
				a.stop()
			})
		})
	}
}

// otherWay is a network whose sockets get what was sent to another address than theirs, as some kernels have it for
// groups over IPv6.
type otherWay struct {
	wire.Network
	local netip.Addr
}

func (o otherWay) Open(key wire.Key) (wire.Socket, error) {
	if o.local.IsValid() {
		return o.Network.Open(wire.Key{Interface: key.Interface, Index: key.Index, Local: o.local})
	}
	return o.Network.Open(wire.Key{Interface: key.Interface, Index: key.Index, Group: netip.MustParseAddr("ff02::12")})
}

// TestWrongCast has multicast adverts for a unicast instance, and the other way round.
func TestWrongCast(t *testing.T) {
	m := packet.Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("fe80::80"), netip.MustParseAddr("fd00::80")}}
	for name, row := range map[string]struct {
		way    way
		socket netip.Addr
		to     string
		reason packet.Reason
		says   string
	}{
		"multicast": {ways[5], netip.Addr{}, "ff02::12", packet.Multicast, "Expected unicast packet but received multicast packet from fe80::2"},
		"unicast":   {ways[0], netip.MustParseAddr("fe80::1"), "fe80::1", packet.Unicast, "Expected multicast packet but received unicast packet from fe80::2"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := row.way.node(t, lan, 0)
				a.network = otherWay{a.host.Network(), row.socket}
				a.start(configOf(row.way.instance(0, 100)), nil)
				settle(5 * time.Second)
				r := newRival(t, lan, "fe80::2")
				for range 2 {
					r.send(m, "fe80::2", row.to, 255)
				}
				expectState(t, a, fsm.Master)
				if s := a.stats(); s.AdvertRcvd != 0 || s.Dropped[row.reason] != 2 {
					t.Errorf("counted %+v", s)
				}
				if a.lines.count("(VI_1) "+row.says) != 1 {
					t.Errorf("log: %q", a.lines.lines)
				}
				r.close()
				a.stop()
			})
		})
	}
}

// TestChecksums has the forms of the checksum that a peer may send, and what it gets back.
func TestChecksums(t *testing.T) {
	const here, there = "192.168.4.100", "192.168.4.200"
	group := netip.MustParseAddr("224.0.0.18")
	for name, row := range map[string]struct {
		change  func(*config.Instance)
		theirs  func(*packet.Message)
		accepts bool
		other   uint64 // of two adverts
		answers func(*packet.Message)
		says    string
	}{
		"as it should be": {func(*config.Instance) {}, func(*packet.Message) {}, true, 0, func(*packet.Message) {}, ""},
		"none":            {func(*config.Instance) {}, func(m *packet.Message) { m.ChecksumAsV2 = true }, true, 2, func(*packet.Message) {}, "sends another form"},
		"as in version 2": {func(in *config.Instance) { in.V3ChecksumAsV2 = true }, func(*packet.Message) {}, true, 2, func(m *packet.Message) { m.ChecksumAsV2 = true }, "sends another form"},
		"old, detected":   {func(*config.Instance) {}, func(m *packet.Message) { m.ChecksumGroup = group }, true, 1, func(m *packet.Message) { m.ChecksumGroup = group }, "Setting unicast VRRPv3 checksum to old version"},
		"old, never":      {func(in *config.Instance) { in.OldUnicastChecksum, in.ChecksumGroup = "never", netip.Addr{} }, func(m *packet.Message) { m.ChecksumGroup = group }, false, 0, func(*packet.Message) {}, "Invalid VRRPv3 checksum"},
		"old, configured": {func(in *config.Instance) { in.OldUnicastChecksum = "yes" }, func(m *packet.Message) { m.ChecksumGroup = group }, true, 0, func(m *packet.Message) { m.ChecksumGroup = group }, ""},
		"new to the old":  {func(in *config.Instance) { in.OldUnicastChecksum = "yes" }, func(*packet.Message) {}, true, 2, func(m *packet.Message) { m.ChecksumGroup = group }, "sends another form"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := newNode(t, lan, "a", here+"/24")
				in := instance(100, time.Second)
				unicastTo(there)(&in)
				row.change(&in)
				a.start(configOf(in), nil)
				settle(5 * time.Second)
				r := newRival(t, lan, there)
				m := packet.Message{Version: 3, VRID: 51, Priority: 50, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("192.168.4.80")}}
				row.theirs(&m)
				for range 2 {
					r.send(m, there, here, 255)
				}
				s := a.stats()
				if accepted := s.AdvertRcvd == 2; accepted != row.accepts || s.OtherChecksum != row.other {
					t.Errorf("received %d, other checksums %d", s.AdvertRcvd, s.OtherChecksum)
				}
				if said := a.lines.count(row.says); row.says != "" && said != 1 {
					t.Errorf("%q is said %d times: %q", row.says, said, a.lines.lines)
				}
				settle(time.Second)
				frames := lan.Frames()
				last := frames[len(frames)-1].Datagram
				for i := len(frames) - 1; last == nil || frames[i].From != "a"; i-- {
					last = frames[i].Datagram
				}
				want := packet.Message{Version: 3, VRID: 51, Priority: 100, Interval: time.Second, Addresses: m.Addresses}
				row.answers(&want)
				if whole := packet.AppendIPv4(nil, &want, netip.MustParseAddr(here), netip.MustParseAddr(there), 1, 255); !slices.Equal(last[20:], whole[20:]) {
					t.Errorf("answers %x, want %x", last[20:], whole[20:])
				}
				r.close()
				a.stop()
			})
		})
	}
}

// TestOldChecksumOutlivesTheProcess has the successor of a process that had met an old peer.
func TestOldChecksumOutlivesTheProcess(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		in := instance(100, time.Second)
		unicastTo("192.168.4.200")(&in)
		last := InstanceState{Key: Key(in), State: fsm.Master, Priority: 100, BasePriority: 100, LastAdvert: newClockPair().mono - 1, OldChecksum: true}
		a.start(configOf(in), map[string]InstanceState{last.Key: last})
		settle(time.Second)
		v, err := a.engine.View(false)
		if err != nil || !v.Instances[0].OldChecksum {
			t.Errorf("forgotten: %v %+v", err, v.Instances)
		}
		// A reload that changes something else keeps it, one that forbids it does not.
		in.Priority = 99
		for _, row := range []struct {
			mode string
			want bool
		}{{"", true}, {"never", false}} {
			in.OldUnicastChecksum = row.mode
			if err := a.engine.Reload(configOf(in)); err != nil {
				t.Fatal(err)
			}
			if v, err := a.engine.View(false); err != nil || v.Instances[0].OldChecksum != row.want {
				t.Errorf("mode %q: %v, old checksum %v", row.mode, err, v.Instances[0].OldChecksum)
			}
		}
		a.stop()
	})
}

// countingNetwork counts the calls that send.
type countingNetwork struct {
	wire.Network
	sends, datagrams int
}

type countingSocket struct {
	wire.Socket
	n *countingNetwork
}

func (n *countingNetwork) Open(key wire.Key) (wire.Socket, error) {
	s, err := n.Network.Open(key)
	return countingSocket{s, n}, err
}

func (s countingSocket) Send(datagrams [][]byte) error {
	s.n.sends++
	s.n.datagrams += len(datagrams)
	return s.Socket.Send(datagrams)
}

// TestUnicastIsOneCall has two instances with three peers: what falls due together leaves together.
func TestUnicastIsOneCall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		network := &countingNetwork{Network: a.host.Network()}
		a.network = network
		one, two := instance(255, time.Second), instance(255, time.Second)
		two.Name, two.VRID, two.Addresses = "VI_2", 52, addresses("192.168.4.81/32")
		for _, in := range []*config.Instance{&one, &two} {
			unicastTo("192.168.4.200", "192.168.4.201", "192.168.4.202", "192.168.4.100")(in)
		}
		a.start(configOf(one, two), nil)
		settle(10*time.Second + time.Millisecond)
		if network.datagrams != 6*11 || network.sends > 12 {
			t.Errorf("%d datagrams in %d calls, want 66 in 11 or 12", network.datagrams, network.sends)
		}
		if s := a.stats(); s.AdvertSent != 11 {
			t.Errorf("%d adverts counted, want 11", s.AdvertSent)
		}
		a.stop()
	})
}

// TestTwins has two instances of one VRID with different peers on one address: each hears its own.
func TestTwins(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		one, two := instance(100, time.Second), instance(100, time.Second)
		two.Name, two.Addresses, two.Twin = "VI_2", addresses("192.168.4.81/32"), 1
		unicastTo("192.168.4.200")(&one)
		unicastTo("192.168.4.201")(&two)
		a.start(configOf(one, two), nil)
		settle(5 * time.Second)
		r := newRival(t, lan, "192.168.4.201")
		m := packet.Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("192.168.4.81")}}
		r.send(m, "192.168.4.201", "192.168.4.100", 255)
		states, err := a.engine.States()
		if err != nil || states[0].State != fsm.Master || states[1].State != fsm.Backup {
			t.Errorf("%v, %v", states, err)
		}
		r.send(m, "192.168.4.66", "192.168.4.100", 255)
		if s := a.stats(); s.AdvertRcvd != 0 {
			t.Errorf("the first one got %d adverts", s.AdvertRcvd)
		}
		// The second one goes, and its socket stays with the first.
		if err := a.engine.Reload(configOf(one)); err != nil {
			t.Fatal(err)
		}
		m.Addresses = []netip.Addr{netip.MustParseAddr("192.168.4.80")}
		r.send(m, "192.168.4.200", "192.168.4.100", 255)
		expectState(t, a, fsm.Backup)
		r.close()
		a.stop()
	})
}

// TestTrackSource has a configured source address that is not there, comes, and goes.
func TestTrackSource(t *testing.T) {
	for name, row := range map[string]struct {
		track, anywhere bool
		want            fsm.State
	}{
		"tracked": {true, false, fsm.FaultState}, "not tracked": {false, false, fsm.Master},
		"tracked on any interface": {true, true, fsm.FaultState},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := newNode(t, lan, "a", "192.168.4.100/24")
				in := instance(100, time.Second)
				unicastTo("192.168.4.200")(&in)
				in.MulticastSource, in.TrackSource = netip.MustParseAddr("192.168.4.99"), row.track
				if row.anywhere {
					in.Interface = ""
				}
				a.start(configOf(in), nil)
				settle(5 * time.Second)
				expectState(t, a, row.want)
				a.links.report(linkState(true, "192.168.4.100/24", "192.168.4.99/24"), nil)
				settle(5 * time.Second)
				expectState(t, a, fsm.Master)
				lost := time.Now()
				a.links.report(linkState(true, "192.168.4.100/24"), nil)
				settle(time.Millisecond)
				expectState(t, a, row.want)
				if _, priorities := adverts(lan, "a", lost); (len(priorities) == 1 && priorities[0] == 0) != row.track {
					t.Errorf("sent priorities %v", priorities)
				}
				a.stop()
			})
		})
	}
}

// TestNoPeers has unicast_fault_no_peer, and a reload that brings a peer and takes it away.
func TestNoPeers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		none := instance(255, time.Second)
		none.UnicastFaultNoPeer = true
		a.start(configOf(none), nil)
		settle(10 * time.Second)
		expectState(t, a, fsm.FaultState)
		if len(lan.Frames()) != 0 || a.lines.count("Cannot use unicast without any peers - going to fault state") != 1 {
			t.Errorf("%d frames, log %q", len(lan.Frames()), a.lines.lines)
		}
		some := none
		unicastTo("192.168.4.200")(&some)
		for _, row := range []struct {
			cfg  config.Instance
			want fsm.State
		}{{some, fsm.Master}, {none, fsm.FaultState}} {
			if err := a.engine.Reload(configOf(row.cfg)); err != nil {
				t.Fatal(err)
			}
			settle(5 * time.Second)
			expectState(t, a, row.want)
		}
		a.stop()
	})
}

// TestPeersChange has a reload with another peer: the Master stays Master, and sends to the new one.
func TestPeersChange(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		before, after := instance(100, time.Second), instance(100, time.Second)
		unicastTo("192.168.4.200")(&before)
		unicastTo("192.168.4.201")(&after)
		a.start(configOf(before), nil)
		settle(5 * time.Second)
		changed := time.Now()
		if err := a.engine.Reload(configOf(after)); err != nil {
			t.Fatal(err)
		}
		settle(3 * time.Second)
		expectState(t, a, fsm.Master)
		if _, priorities := adverts(lan, "a", changed); len(priorities) != 3 || slices.Contains(priorities, 0) {
			t.Errorf("sent priorities %v", priorities)
		}
		for _, f := range lan.Frames() {
			if to := "192.168.4.201"; f.Datagram != nil && f.Time.After(changed) && netip.AddrFrom4([4]byte(f.Datagram[16:20])).String() != to {
				t.Errorf("sent to %x, want %s", f.Datagram[16:20], to)
			}
		}
		a.stop()
	})
}

// TestSourceOfUnicastChanges has an interface that gets another address: the instance listens there.
func TestSourceOfUnicastChanges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.100/24")
		in := instance(100, time.Second)
		unicastTo("192.168.4.200")(&in)
		a.start(configOf(in), nil)
		settle(5 * time.Second)
		a.links.report(linkState(true, "192.168.4.101/24"), nil)
		settle(2 * time.Second)
		r := newRival(t, lan, "192.168.4.200")
		m := packet.Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{netip.MustParseAddr("192.168.4.80")}}
		r.send(m, "192.168.4.200", "192.168.4.100", 255)
		expectState(t, a, fsm.Master)
		r.send(m, "192.168.4.200", "192.168.4.101", 255)
		expectState(t, a, fsm.Backup)
		v, err := a.engine.View(false)
		if err != nil || len(v.Sockets) != 1 || v.Sockets[0].Local.String() != "192.168.4.101" {
			t.Errorf("%v, sockets %+v", err, v.Sockets)
		}
		r.close()
		a.stop()
	})
}
