package packet

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	peer = netip.MustParseAddr("10.99.0.2")
	vip  = addresses("10.99.0.100")
)

func message2() Message {
	return Message{Version: 2, VRID: 51, Priority: 100, Interval: time.Second, Addresses: vip}
}

func message3() Message {
	return Message{Version: 3, VRID: 51, Priority: 100, Interval: time.Second, Addresses: vip}
}

func passMessage() Message {
	m := message2()
	m.AuthType, m.AuthData = AuthPass, password("pass1234")
	return m
}

func expecting(m Message) *Expect {
	m.Priority = 150
	return &Expect{Message: m, Source: captureSource, Group: group}
}

// sent is m as the peer sends it.
func sent(m Message) []byte { return AppendIPv4(nil, &m, peer, group, 7, TTL) }

// change alters a message before it is sent.
func change(m Message, f func(*Message)) []byte {
	f(&m)
	return sent(m)
}

// patch alters the octets of a datagram and puts the checksum of its VRRP message right again.
func patch(b []byte, f func(b []byte)) []byte {
	f(b)
	m := b[20:]
	binary.BigEndian.PutUint16(m[6:], 0)
	acc := uint32(0)
	if m[0]>>4 == 3 {
		acc = pseudoIPv4([4]byte(b[12:16]), [4]byte(b[16:20]), len(m))
	}
	binary.BigEndian.PutUint16(m[6:], finish(sum(acc, m)))
	return b
}

func set(i int, v byte) func([]byte) { return func(b []byte) { b[i] = v } }

// padding appends zeros, as a sender of short Ethernet frames does.
func padding(b []byte, n int) []byte { return append(b, make([]byte, n)...) }

func TestCheck(t *testing.T) {
	two, three, pass := expecting(message2()), expecting(message3()), expecting(passMessage())
	asV2 := message3()
	asV2.ChecksumAsV2 = true
	many := message2()
	many.Addresses = addresses("10.99.0.100", "10.99.0.101", "10.99.0.102")
	skip := expecting(message2())
	skip.SkipKnownMaster, skip.KnownMaster = true, peer
	skipOther := expecting(message2())
	skipOther.SkipKnownMaster, skipOther.KnownMaster = true, captureSource
	otherAddress := change(message2(), func(m *Message) { m.Addresses = addresses("10.99.0.111") })

	for _, c := range []struct {
		name     string
		expect   *Expect
		datagram []byte
		want     Reason
		text     string
	}{
		{"version 2", two, sent(message2()), OK, ""},
		{"version 2 with password", pass, sent(passMessage()), OK, ""},
		{"version 3", three, sent(message3()), OK, ""},
		{"priority 0", two, change(message2(), func(m *Message) { m.Priority = 0 }), OK, ""},
		{"no address on either side", expecting(Message{Version: 3, VRID: 51, Interval: time.Second}), sent(Message{Version: 3, VRID: 51, Interval: time.Second}), OK, ""},

		{"nothing", two, nil, NotVRRP, "not a whole VRRP packet over IPv4"},
		{"an IP header that is cut", two, sent(message2())[:19], NotVRRP, "not a whole VRRP packet over IPv4"},
		{"IPv6", two, patch(sent(message2()), set(0, 0x65)), NotVRRP, "not a whole VRRP packet over IPv4"},
		{"an IP header of 16 octets", two, patch(sent(message2()), set(0, 0x44)), NotVRRP, "not a whole VRRP packet over IPv4"},
		{"an IP header longer than the datagram", two, append([]byte{0x4f}, sent(message2())[1:40]...), NotVRRP, "not a whole VRRP packet over IPv4"},
		{"another protocol", two, patch(sent(message2()), set(9, 17)), NotVRRP, "not a whole VRRP packet over IPv4 from 10.99.0.2"},
		{"a VRRP header that is cut", two, sent(message2())[:27], NotVRRP, "not a whole VRRP packet over IPv4 from 10.99.0.2"},
		{"an authentication header", two, frame(t, "v2-ah"), AuthHeader, "Received AH header but auth type not AH from 10.99.0.1"},
		{"options in the IP header", two, withOption(sent(message2())), OK, ""},

		{"too short", two, sent(message2())[:30], Length, "vrrp packet from 10.99.0.2 too short, length 30 and expect 40"},
		{"too long", two, padding(sent(message2()), 4), Length, "vrrp packet from 10.99.0.2 too long, length 44 and expect 40"},
		{"a count beyond the end", two, patch(sent(message2()), set(23, 2)), Length, "vrrp packet from 10.99.0.2 too short, length 40 and expect 44"},
		{"padded to 46 octets", two, padding(sent(message2()), 6), OK, ""},
		{"padded to 46 octets, version 3", three, padding(sent(message3()), 14), OK, ""},
		{"padded to 46 octets less a VLAN tag", two, padding(sent(message2()), 2), OK, ""},
		{"padded to 46 octets less three tags", three, padding(sent(message3()), 2), OK, ""},
		{"padded beyond 46", two, padding(sent(message2()), 10), Length, "vrrp packet from 10.99.0.2 too long, length 50 and expect 40"},
		{"an HMAC trailer", expecting(Message{Version: 3, VRID: 18, Interval: time.Second, Addresses: addresses("10.99.1.18")}), frame(t, "v3-hmac"),
			Length, "vrrp packet from 10.99.0.1 too long, length 60 and expect 32"},

		{"TTL 254", two, AppendIPv4(nil, ref(message2()), peer, group, 1, 254), TTLRange, "invalid TTL/HL from 10.99.0.2. Received 254 and expect 255"},
		{"TTL 64", three, AppendIPv4(nil, ref(message3()), peer, group, 1, 64), TTLRange, "invalid TTL/HL from 10.99.0.2. Received 64 and expect 255"},

		{"version 3 to version 2", two, sent(message3()), Version, "wrong VRRP version from 10.99.0.2. Received 3 and expect 2"},
		{"version 2 to version 3", three, sent(message2()), Version, "wrong VRRP version from 10.99.0.2. Received 2 and expect 3"},
		{"version 4", three, patch(sent(message3()), set(20, 0x41)), Version, "wrong VRRP version from 10.99.0.2. Received 4 and expect 3"},

		{"unknown authentication", two, patch(sent(message2()), set(24, 9)), AuthTypeUnknown, "Invalid auth type from 10.99.0.2: 9"},
		{"unknown authentication 3", pass, patch(sent(passMessage()), set(24, 3)), AuthTypeUnknown, "Invalid auth type from 10.99.0.2: 3"},
		{"a password where none is expected", two, sent(passMessage()), AuthTypeOther, "received a 1 auth from 10.99.0.2, expecting 0!"},
		{"no password where one is expected", pass, sent(message2()), AuthTypeOther, "received a 0 auth from 10.99.0.2, expecting 1!"},
		{"type AH without its header", two, patch(sent(message2()), set(24, 2)), AuthTypeOther, "received a 2 auth from 10.99.0.2, expecting 0!"},
		{"another password", pass, change(passMessage(), func(m *Message) { m.AuthData = password("pass1235") }), AuthFailure, "received an invalid passwd from 10.99.0.2!"},
		{"a shorter password", pass, change(passMessage(), func(m *Message) { m.AuthData = password("pass123") }), AuthFailure, "received an invalid passwd from 10.99.0.2!"},
		{"authentication data without authentication", two, change(message2(), func(m *Message) { m.AuthData = password("x") }), OK, ""},
		{"a password in padding is none", pass, append(change(passMessage(), func(m *Message) { m.AuthData = password("0") })[:40], "123456"...), AuthFailure,
			"received an invalid passwd from 10.99.0.2!"},

		{"version 2, another interval", two, change(message2(), func(m *Message) { m.Interval = 3 * time.Second }), Interval,
			"advertisement interval mismatch with 10.99.0.2 mine=1 sec rcv'd=3 sec"},
		{"version 3, another interval", three, change(message3(), func(m *Message) { m.Interval = 2 * time.Second }), OK, ""},
		{"type 2", two, patch(sent(message2()), set(20, 0x22)), Type, "Invalid packet type from 10.99.0.2. 2 and expect 1"},
		{"type 0, version 3", three, patch(sent(message3()), set(20, 0x30)), Type, "Invalid packet type from 10.99.0.2. 0 and expect 1"},

		{"total length too small", two, patch(sent(message2()), set(3, 39)), TotalLength, "ip_tot_len mismatch against received length from 10.99.0.2. 39 and received 40"},
		{"total length too large", two, patch(sent(message2()), set(3, 44)), TotalLength, "ip_tot_len mismatch against received length from 10.99.0.2. 44 and received 40"},

		{"wrong checksum, version 2", two, flip(sent(message2()), 27), Checksum, "Invalid VRRPv2 checksum from 10.99.0.2"},
		{"wrong checksum, version 3", three, flip(sent(message3()), 27), Checksum, "Invalid VRRPv3 checksum from 10.99.0.2"},
		{"a priority that was changed under way", three, flip(sent(message3()), 22), Checksum, "Invalid VRRPv3 checksum from 10.99.0.2"},
		{"a source that was changed under way", three, flip(sent(message3()), 15), Checksum, "Invalid VRRPv3 checksum from 10.99.0.18"},
		{"version 2 knows no pseudo-header", two, pseudo2(), Checksum, "Invalid VRRPv2 checksum from 10.99.0.2"},
		{"version 3 without pseudo-header", three, sent(asV2), OK, ""},
		{"version 3 with it for v3_checksum_as_v2", expecting(asV2), sent(message3()), OK, ""},
		{"padding is no part of the checksum", two, append(sent(message2()), 1, 2, 3, 4, 5, 6), OK, ""},

		{"unicast", two, AppendIPv4(nil, ref(message2()), peer, captureSource, 1, TTL), Unicast, "Expected multicast packet but received unicast packet from 10.99.0.2"},
		{"another group", two, AppendIPv4(nil, ref(message2()), peer, netip.MustParseAddr("224.0.0.19"), 1, TTL), Group, "Expected packet to 224.0.0.18 but received packet to 224.0.0.19 from 10.99.0.2"},

		{"one address more", two, change(message2(), func(m *Message) { m.Addresses = addresses("10.99.0.100", "10.99.0.111") }), AddressCount, "expected 1 VIPs but received 2"},
		{"no address", two, change(message2(), func(m *Message) { m.Addresses = nil }), AddressCount, "expected 1 VIPs but received 0"},
		{"another address", two, otherAddress, AddressList, "ip address associated with VRID 51 not present in advert from 10.99.0.2: 10.99.0.100"},
		{"another last address", expecting(many), change(many, func(m *Message) { m.Addresses = addresses("10.99.0.100", "10.99.0.101", "10.99.0.104") }), AddressList,
			"ip address associated with VRID 51 not present in advert from 10.99.0.2: 10.99.0.102"},
		{"the addresses in another order", expecting(many), change(many, func(m *Message) { m.Addresses = addresses("10.99.0.102", "10.99.0.100", "10.99.0.101") }), OK, ""},
		{"skip_check_adv_addr for the known master", skip, otherAddress, OK, ""},
		{"skip_check_adv_addr for another one", skipOther, otherAddress, AddressList,
			"ip address associated with VRID 51 not present in advert from 10.99.0.2: 10.99.0.100"},
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

func ref(m Message) *Message { return &m }

func flip(b []byte, i int) []byte {
	b[i] ^= 0x10
	return b
}

// pseudo2 is a version 2 advert whose checksum counts a pseudo-header.
func pseudo2() []byte {
	b := sent(message2())
	m := b[20:]
	binary.BigEndian.PutUint16(m[6:], 0)
	binary.BigEndian.PutUint16(m[6:], finish(sum(pseudoIPv4(peer.As4(), group.As4(), len(m)), m)))
	return b
}

// withOption puts four octets of no-operation into the IP header.
func withOption(b []byte) []byte {
	out := append([]byte{}, b[:20]...)
	out = append(append(out, 1, 1, 1, 1), b[20:]...)
	out[0] = 0x46
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	return out
}

// TestCheckOrder has several faults in one datagram: the first check in upstream's order names the reason.
func TestCheckOrder(t *testing.T) {
	faults := []struct {
		reason Reason
		spoil  func([]byte)
	}{
		{Length, set(23, 9)}, {TTLRange, set(8, 1)}, {Version, func(b []byte) { b[20], b[23] = 0x31, 3 }}, {AuthTypeUnknown, set(24, 7)}, {AuthTypeOther, set(24, 0)},
		{AuthFailure, set(32, 'q')}, {Interval, set(25, 9)}, {Type, set(20, 0x23)}, {TotalLength, set(3, 36)},
		{Checksum, func(b []byte) { b[26] ^= 1 }}, {Unicast, set(16, 10)}, {AddressList, set(31, 9)},
	}
	e := expecting(passMessage())
	for i := range faults {
		b := sent(passMessage())
		for j := len(faults) - 1; j >= i; j-- {
			if faults[j].reason != AddressList {
				faults[j].spoil(b)
			}
		}
		if faults[i].reason == AddressList {
			b = change(passMessage(), func(m *Message) { m.Addresses = addresses("1.2.3.4") })
		}
		if faults[i].reason == Unicast {
			b = patch(b, func([]byte) {})
		}
		if _, reason := e.Check(b); reason != faults[i].reason {
			t.Errorf("faults from %s on: got %s", faults[i].reason, reason)
		}
	}
}

func TestReceived(t *testing.T) {
	m := message3()
	m.Priority, m.Interval = 7, 1230*time.Millisecond
	for _, c := range []struct {
		expect      *Expect
		datagram    []byte
		otherExpect bool
	}{
		{expecting(m), sent(m), false},
		{expecting(m), change(m, func(m *Message) { m.ChecksumAsV2 = true }), true},
		{func() *Expect { e := expecting(m); e.ChecksumAsV2 = true; return e }(), sent(m), true},
		{func() *Expect { e := expecting(m); e.ChecksumAsV2 = true; return e }(), change(m, func(m *Message) { m.ChecksumAsV2 = true }), false},
	} {
		got, reason := c.expect.Check(c.datagram)
		if reason != OK || got.Source != peer || got.Destination != group || got.VRID != 51 || got.Priority != 7 || got.Interval != m.Interval ||
			got.OtherChecksum != c.otherExpect {
			t.Errorf("%s %+v, other checksum wanted: %v", reason, got, c.otherExpect)
		}
	}
}

func TestVRID(t *testing.T) {
	if vrid, ok := VRID(frame(t, "v2-pass")); !ok || vrid != 12 {
		t.Errorf("VRID %d %v, want 12", vrid, ok)
	}
	if vrid, ok := VRID(frame(t, "v2-ah")); !ok || vrid != 13 {
		t.Errorf("VRID %d %v behind an authentication header, want 13", vrid, ok)
	}
	if vrid, ok := VRID(withOption(frame(t, "v3-half-second"))); !ok || vrid != 14 {
		t.Errorf("VRID %d %v after an option, want 14", vrid, ok)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "short": sent(message2())[:27], "not VRRP": patch(sent(message2()), set(9, 1)), "IPv6": frame(t, "v3-ipv6"),
		"AH of something else": patch(frame(t, "v2-ah"), set(20, 17)), "AH that is cut": frame(t, "v2-ah")[:43], "nothing behind AH": frame(t, "v2-ah")[:51],
	} {
		if _, ok := VRID(b); ok {
			t.Errorf("%s has a VRID", name)
		}
	}
}

func TestReasons(t *testing.T) {
	names := map[string]bool{}
	processed := 0
	for r := OK; r < NumReasons; r++ {
		if r.String() == "" || names[r.String()] {
			t.Errorf("reason %d is called %q", r, r)
		}
		names[r.String()] = true
		if r.Processed() {
			processed++
		}
	}
	if counted := slices.ContainsFunc([]Reason{Checksum, Multicast, Unicast, Group}, Reason.Counted); counted || !OK.Counted() || !UnicastSource.Counted() || UnicastSource.Processed() || PeerTTL.Processed() {
		t.Error("adverts of strangers are counted, and nothing else that is dropped")
	}
	if processed != 3 || !AddressCount.Processed() || !AddressList.Processed() || Checksum.Processed() {
		t.Errorf("%d reasons are processed", processed)
	}
	if got := NumReasons.String(); got != "unknown" {
		t.Errorf("no reason is called %q", got)
	}
}

// FuzzCheck has any octets answered without a panic, with a reason, and what is found OK be what was sent.
func FuzzCheck(f *testing.F) {
	for _, c := range captured {
		f.Add(frame(f, c.name))
	}
	for _, name := range []string{"v2-ah", "v3-hmac", "v2-hmac", "v3-ipv6"} {
		f.Add(frame(f, name))
	}
	f.Add(withOption(sent(message2())))
	f.Add(sent6(message6(), group6, TTL))
	six := expecting6(message6())
	f.Fuzz(func(t *testing.T, b []byte) {
		vrid, has := VRID(b)
		if got, reason := six.Check(b); reason >= NumReasons || got.Explain(reason) == "" || reason.Processed() && (!has || got.VRID != vrid) {
			t.Fatalf("IPv6: reason %d, VRID %d, has %d", reason, got.VRID, vrid)
		}
		for i := range captured {
			c := &captured[i]
			e := Expect{Message: c.message, Source: captureSource, Group: group}
			got, reason := e.Check(b)
			if reason >= NumReasons {
				t.Fatalf("reason %d", reason)
			}
			if got.Explain(reason) == "" {
				t.Fatalf("%s is not explained", reason)
			}
			if !reason.Processed() {
				continue
			}
			if !has || got.VRID != vrid {
				t.Fatalf("VRID %d %v, Check found %d", vrid, has, got.VRID)
			}
			if reason == OK && c.message.Version == 2 && got.Interval != c.message.Interval {
				t.Fatalf("interval %v was accepted", got.Interval)
			}
		}
	})
}
