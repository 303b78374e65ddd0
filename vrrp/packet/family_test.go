package packet

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

var (
	peer6   = netip.MustParseAddr("fe80::2")
	source6 = netip.MustParseAddr("fe80::1")
	group6  = netip.MustParseAddr("ff02::12")
)

func message6() Message {
	return Message{Version: 3, VRID: 51, Priority: 100, Interval: time.Second, Addresses: addresses("fe80::80", "fd00::80")}
}

func expecting6(m Message) *Expect {
	return &Expect{Message: m, IPv6: true, Source: source6, Group: group6}
}

// sent6 is m as the peer sends it to a group, or to one router.
func sent6(m Message, to netip.Addr, hopLimit uint8) []byte {
	return AppendIPv6(nil, &m, peer6, to, hopLimit)
}

// patch6 alters the octets of a datagram and puts the checksum right again.
func patch6(b []byte, f func([]byte)) []byte {
	f(b)
	m := b[40:]
	binary.BigEndian.PutUint16(m[6:], 0)
	binary.BigEndian.PutUint16(m[6:], finish(sum(pseudoIPv6([16]byte(b[8:24]), [16]byte(b[24:40]), len(m)), m)))
	return b
}

func TestCheckIPv6(t *testing.T) {
	plain := expecting6(message6())
	other := message6()
	other.Addresses = addresses("fe80::80", "fd00::81")
	fewer := message6()
	fewer.Addresses = addresses("fe80::80")
	reversed := message6()
	reversed.Addresses = addresses("fd00::80", "fe80::80")
	good := func() []byte { return sent6(message6(), group6, TTL) }
	for _, c := range []struct {
		name     string
		expect   *Expect
		datagram []byte
		want     Reason
		text     string
	}{
		{"an advert", plain, good(), OK, ""},
		{"the addresses in another order", plain, sent6(reversed, group6, TTL), OK, ""},
		{"IPv4", plain, sent(message3()), NotVRRP, "not a whole VRRP packet over IPv6"},
		{"IPv6 on an IPv4 instance", expecting(message3()), good(), NotVRRP, "not a whole VRRP packet over IPv4"},
		{"a header that is cut", plain, good()[:39], NotVRRP, "not a whole VRRP packet over IPv6"},
		{"a VRRP header that is cut", plain, good()[:47], NotVRRP, "not a whole VRRP packet over IPv6 from fe80::2"},
		{"another protocol", plain, patch6(good(), set(6, 58)), NotVRRP, "not a whole VRRP packet over IPv6 from fe80::2"},
		{"too short", plain, good()[:79], Length, "vrrp packet from fe80::2 too short, length 39 and expect 40"},
		{"too long", plain, padding(good(), 2), Length, "vrrp packet from fe80::2 too long, length 42 and expect 40"},
		{"hop limit 254", plain, sent6(message6(), group6, 254), TTLRange, "invalid TTL/HL from fe80::2. Received 254 and expect 255"},
		{"version 2", plain, patch6(good(), func(b []byte) { b[40] = 0x21 }), Length, "vrrp packet from fe80::2 too short, length 40 and expect 48"},
		{"version 4", plain, patch6(good(), func(b []byte) { b[40] = 0x41 }), Version, "wrong VRRP version from fe80::2. Received 4 and expect 3"},
		{"type 2", plain, patch6(good(), func(b []byte) { b[40] = 0x32 }), Type, "Invalid packet type from fe80::2. 2 and expect 1"},
		{"another length in the header", plain, patch6(good(), func(b []byte) { b[5] = 39 }), TotalLength,
			"ip_tot_len mismatch against received length from fe80::2. 79 and received 80"},
		{"wrong checksum", plain, flip(good(), 47), Checksum, "Invalid VRRPv3 checksum from fe80::2"},
		{"a source that was changed under way", plain, flip(good(), 23), Checksum, "Invalid VRRPv3 checksum from fe80::12"},
		{"unicast", plain, sent6(message6(), source6, TTL), Unicast, "Expected multicast packet but received unicast packet from fe80::2"},
		{"another group", plain, sent6(message6(), netip.MustParseAddr("ff02::13"), TTL), Group, "Expected packet to ff02::12 but received packet to ff02::13 from fe80::2"},
		{"fewer addresses", plain, sent6(fewer, group6, TTL), AddressCount, "expected 2 VIPs but received 1"},
		{"another address", plain, sent6(other, group6, TTL), AddressList, "ip address associated with VRID 51 not present in advert from fe80::2: fd00::80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, reason := c.expect.Check(c.datagram)
			if reason != c.want {
				t.Fatalf("reason %s, want %s", reason, c.want)
			}
			if reason != OK && got.Explain(reason) != c.text {
				t.Errorf("text\n got %s\nwant %s", got.Explain(reason), c.text)
			}
			if reason == OK && (got.Source != peer6 || got.Destination != group6 || got.Interval != time.Second || got.Priority != 100 || got.OtherChecksum) {
				t.Errorf("found %+v", got)
			}
		})
	}
}

func TestVRIDIPv6(t *testing.T) {
	b := sent6(message6(), group6, TTL)
	if vrid, ok := VRID(b); !ok || vrid != 51 {
		t.Errorf("VRID %d %v", vrid, ok)
	}
	if got := Source(b); got != peer6 {
		t.Errorf("source %v", got)
	}
	if got := Source(sent(message2())); got != peer {
		t.Errorf("source of IPv4 %v", got)
	}
	for name, b := range map[string][]byte{"short": b[:47], "cut": b[:30], "another protocol": patch6(b, set(6, 6)), "nothing": nil} {
		if _, ok := VRID(b); ok {
			t.Errorf("%s has a VRID", name)
		}
	}
	if Source(nil).IsValid() {
		t.Error("nothing has a source")
	}
}

func TestCheckUnicast(t *testing.T) {
	unicast := func(m Message, change func(*Expect)) *Expect {
		e := expecting(m)
		e.Unicast, e.Group = true, netip.Addr{}
		change(e)
		return e
	}
	keep := func(*Expect) {}
	peers := func(list ...Peer) func(*Expect) { return func(e *Expect) { e.Peers = list } }
	six := expecting6(message6())
	six.Unicast, six.Peers = true, []Peer{{peer6, 60, 64}}
	to := func(m Message, ttl uint8) []byte { return AppendIPv4(nil, &m, peer, captureSource, 1, ttl) }
	stranger := netip.MustParseAddr("10.99.0.3")
	for _, c := range []struct {
		name     string
		expect   *Expect
		datagram []byte
		want     Reason
		text     string
	}{
		{"version 2", unicast(message2(), keep), to(message2(), 255), OK, ""},
		{"version 3", unicast(message3(), keep), to(message3(), 255), OK, ""},
		{"any TTL", unicast(message3(), keep), to(message3(), 3), OK, ""},
		{"multicast", unicast(message3(), keep), sent(message3()), Multicast, "Expected unicast packet but received multicast packet from 10.99.0.2"},
		{"from a peer", unicast(message3(), peers(Peer{stranger, 0, 255}, Peer{peer, 0, 255})), to(message3(), 3), OK, ""},
		{"from a stranger", unicast(message3(), peers(Peer{stranger, 0, 255})), to(message3(), 255), UnicastSource, "unicast source address 10.99.0.2 not a unicast peer"},
		{"least TTL", unicast(message3(), peers(Peer{peer, 60, 64})), to(message3(), 60), OK, ""},
		{"greatest TTL", unicast(message3(), peers(Peer{peer, 60, 64})), to(message3(), 64), OK, ""},
		{"less TTL", unicast(message3(), peers(Peer{peer, 60, 64})), to(message3(), 59), PeerTTL, "TTL/HL 59 from 10.99.0.2 not in range [60, 64]"},
		{"more TTL", unicast(message3(), peers(Peer{peer, 60, 64})), to(message3(), 65), PeerTTL, "TTL/HL 65 from 10.99.0.2 not in range [60, 64]"},
		{"IPv6", six, sent6(message6(), source6, 64), OK, ""},
		{"IPv6, less hops", six, sent6(message6(), source6, 59), PeerTTL, "TTL/HL 59 from fe80::2 not in range [60, 64]"},
		{"IPv6 multicast", six, sent6(message6(), group6, 255), Multicast, "Expected unicast packet but received multicast packet from fe80::2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, reason := c.expect.Check(c.datagram)
			if reason != c.want {
				t.Fatalf("reason %s, want %s", reason, c.want)
			}
			if reason != OK && got.Explain(reason) != c.text {
				t.Errorf("text\n got %s\nwant %s", got.Explain(reason), c.text)
			}
		})
	}
}

// TestOldChecksum has the three forms of a unicast checksum of version 3 before the three kinds of receiver.
func TestOldChecksum(t *testing.T) {
	form := func(change func(*Message)) []byte {
		m := message3()
		change(&m)
		return AppendIPv4(nil, &m, peer, captureSource, 1, 64)
	}
	now := form(func(*Message) {})
	old := form(func(m *Message) { m.ChecksumGroup = group })
	asV2 := form(func(m *Message) { m.ChecksumAsV2 = true })
	receiver := func(change func(*Expect)) *Expect {
		e := expecting(message3())
		e.Unicast = true
		change(e)
		return e
	}
	detects := receiver(func(e *Expect) { e.OldGroup = group })
	never := receiver(func(*Expect) {})
	configured := receiver(func(e *Expect) { e.OldGroup, e.ChecksumGroup = group, group })
	plain := receiver(func(e *Expect) { e.OldGroup, e.ChecksumAsV2 = group, true })
	for _, c := range []struct {
		name       string
		expect     *Expect
		datagram   []byte
		want       Reason
		other, old bool
	}{
		{"detecting, new", detects, now, OK, false, false},
		{"detecting, old", detects, old, OK, true, true},
		{"detecting, none", detects, asV2, OK, true, false},
		{"never, new", never, now, OK, false, false},
		{"never, old", never, old, Checksum, false, false},
		{"never, none", never, asV2, OK, true, false},
		{"configured, new", configured, now, OK, true, false},
		{"configured, old", configured, old, OK, false, true},
		{"without pseudo-header, new", plain, now, OK, true, false},
		{"without pseudo-header, none", plain, asV2, OK, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, reason := c.expect.Check(c.datagram)
			if reason != c.want || got.OtherChecksum != c.other || got.OldChecksum != c.old {
				t.Errorf("%s, other %v, old %v", reason, got.OtherChecksum, got.OldChecksum)
			}
		})
	}
}

func TestIPv6DoesNotAllocate(t *testing.T) {
	m, buffer := message6(), make([]byte, 0, 256)
	e, datagram := expecting6(m), sent6(m, group6, TTL)
	if n := testing.AllocsPerRun(100, func() { AppendIPv6(buffer, &m, source6, group6, TTL) }); n != 0 {
		t.Errorf("AppendIPv6 allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, reason := e.Check(datagram); reason != OK {
			t.Fatal(reason)
		}
	}); n != 0 {
		t.Errorf("Check allocates %v times", n)
	}
}
