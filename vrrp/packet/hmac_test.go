package packet

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// secret is the key of the captures and of the vectors: the octets 00 to 1f.
var secret = func() string {
	var b strings.Builder
	for i := range 32 {
		b.WriteByte(byte(i))
	}
	return b.String()
}()

// captureTime is when the captures were made, as their trailers have it.
var captureTime = time.Unix(0x6b039aa9, 0)

func hmacSettings(id uint8) HMACSettings {
	return HMACSettings{Keys: []HMACKey{{id, secret}}, Active: id, Window: 5 * time.Second}
}

// signedBy has the settings and the sequence of its next advert.
func signedBy(s HMACSettings, sequence uint64) *HMAC {
	h := NewHMAC(s, nil)
	h.Resume(sequence)
	return h
}

// TestHMACVectors has those of the specification.
func TestHMACVectors(t *testing.T) {
	ip4 := Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: addresses("192.0.2.100"),
		HMAC: signedBy(hmacSettings(1), 0x6800000080000000)}
	const pdu4, trailer4 = "3133c80100644402c0000264", "010100006800000080000000" + "1b84bc4e8e43892dc6d98448f8ee2265"
	if got := hex.EncodeToString(AppendIPv4(nil, &ip4, netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("198.51.100.20"), 1, TTL)[20:]); got[24:] != trailer4 ||
		got[:12] != pdu4[:12] || got[16:24] != pdu4[16:] {
		t.Errorf("IPv4: %s", got)
	}
	ip6 := Message{Version: 3, VRID: 51, Priority: 200, Interval: time.Second, Addresses: addresses("fe80::100"),
		HMAC: signedBy(hmacSettings(1), 0x6800000080000000)}
	const pdu6, trailer6 = "3133c8010064a2e9fe800000000000000000000000000100", "010100006800000080000000" + "c8c56146ebfd66ee10ec4d8186461b78"
	b := AppendIPv6(nil, &ip6, netip.MustParseAddr("fe80::10"), netip.MustParseAddr("fe80::20"), TTL)
	if got := hex.EncodeToString(b[40:]); got != pdu6+trailer6 || len(got)/2 != ip6.Length(true) {
		t.Errorf("IPv6\n got %s\nwant %s", got, pdu6+trailer6)
	}
	e := &Expect{Message: ip6, IPv6: true, Unicast: true, Now: time.Unix(0x68000000, 0)}
	e.HMAC = NewHMAC(hmacSettings(1), nil)
	if _, reason := e.Check(b); reason != OK {
		t.Errorf("IPv6: %s", reason)
	}
}

// trailed is the message of an instance with settings, and expects the same.
func trailed(h *HMAC) Message {
	m := message3()
	m.HMAC = h
	return m
}

func TestCheckHMAC(t *testing.T) {
	now := time.Unix(1_800_000_000, 500_000_000)
	sign := func(f func(*HMACSettings), at time.Time) []byte {
		s := hmacSettings(1)
		if f != nil {
			f(&s)
		}
		h := NewHMAC(s, nil)
		h.Next(at)
		return sent(trailed(h))
	}
	good := func() []byte { return sign(nil, now) }
	const trailerAt = 20 + 12
	unsigned := sent(message3())
	for _, c := range []struct {
		name     string
		settings func(*HMACSettings)
		unicast  bool
		datagram []byte
		want     Reason
		text     string
	}{
		{"good", nil, false, good(), OK, ""},
		{"from a moment ago", nil, false, sign(nil, now.Add(-5*time.Second)), OK, ""},
		{"from a clock that is ahead", nil, false, sign(nil, now.Add(5*time.Second)), OK, ""},
		{"a second key", func(s *HMACSettings) { s.Keys = append(s.Keys, HMACKey{2, strings.Repeat("z", 64)}); s.Active = 2 }, false, good(), OK, ""},
		{"missing", nil, false, unsigned, TrailerMissing, "missing authentication trailer from 10.99.0.2"},
		{"missing where it may", func(s *HMACSettings) { s.Mode = HMACPermissive }, false, unsigned, OK, ""},
		{"missing where none is sent", func(s *HMACSettings) { s.Mode = HMACReceiveOnly }, false, unsigned, OK, ""},
		{"another type", nil, false, flip(good(), trailerAt), TrailerMalformed, "malformed authentication trailer from 10.99.0.2"},
		{"reserved", nil, false, flip(good(), trailerAt+3), TrailerMalformed, "malformed authentication trailer from 10.99.0.2"},
		{"too old", nil, false, sign(nil, now.Add(-6*time.Second)), TrailerStale,
			"stale authentication trailer from 10.99.0.2, clock skew 6 sec exceeds window 5 sec"},
		{"too far ahead", nil, false, sign(nil, now.Add(6*time.Second)), TrailerStale,
			"stale authentication trailer from 10.99.0.2, clock skew -6 sec exceeds window 5 sec"},
		{"old, without a window", func(s *HMACSettings) { s.Window = 0 }, false, sign(nil, now.Add(-time.Hour)), OK, ""},
		{"another key", nil, false, sign(func(s *HMACSettings) { s.Keys[0].ID, s.Active = 9, 9 }, now), TrailerKey, "unknown authentication key id 9 from 10.99.0.2"},
		{"another secret", nil, false, sign(func(s *HMACSettings) { s.Keys[0].Secret = strings.Repeat("x", 32) }, now), TrailerValue,
			"invalid authentication HMAC from 10.99.0.2"},
		{"another secret where unsigned ones may come", func(s *HMACSettings) { s.Mode = HMACPermissive }, false, flip(good(), trailerAt+27), TrailerValue,
			"invalid authentication HMAC from 10.99.0.2"},
		{"another priority", nil, false, patch(flip(good(), 22), func([]byte) {}), TrailerValue, "invalid authentication HMAC from 10.99.0.2"},
		{"another source", nil, false, flip(good(), 15), TrailerValue, "invalid authentication HMAC from 10.99.0.18"},
		{"another checksum", nil, false, flip(good(), 26), Checksum, "Invalid VRRPv3 checksum from 10.99.0.2"},
		{"one octet more", nil, false, append(good(), 0), Length, "vrrp packet from 10.99.0.2 too long, length 61 and expect 32"},
		{"from a peer", func(s *HMACSettings) { s.Peers = addresses("10.99.0.2") }, false, good(), OK, ""},
		{"from no peer", func(s *HMACSettings) { s.Peers = addresses("10.99.0.3") }, false, good(), TrailerSource, "unicast source address 10.99.0.2 not a unicast peer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hmacSettings(1)
			if c.settings != nil {
				c.settings(&s)
			}
			e := expecting(trailed(NewHMAC(s, nil)))
			e.Now = now
			got, reason := e.Check(c.datagram)
			if reason != c.want {
				t.Fatalf("reason %s, want %s", reason, c.want)
			}
			if reason != OK && got.Explain(reason) != c.text {
				t.Errorf("text\n got %s\nwant %s", got.Explain(reason), c.text)
			}
			if marks := len(e.HMAC.heard.marks); reason != Checksum && reason != OK && marks != 0 {
				t.Errorf("%d marks of what is not genuine", marks)
			}
			_, again := e.Check(c.datagram)
			if reason == OK && c.want == OK && !bytes.Equal(c.datagram, unsigned) && again != TrailerReplay {
				t.Errorf("a second time: %s", again)
			}
		})
	}
}

// TestReplay sends sequences one after the other from some senders.
func TestReplay(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	at := clockSequence
	type step struct {
		sender   string
		sequence uint64
		now      time.Time
		want     Reason
	}
	later := now.Add(20 * time.Second)
	for _, c := range []struct {
		name   string
		window time.Duration
		peers  []netip.Addr
		steps  []step
	}{
		{"one sender", 5 * time.Second, nil, []step{
			{"10.0.0.1", at(now), now, OK}, {"10.0.0.1", at(now), now, TrailerReplay}, {"10.0.0.1", at(now) + 1, now, OK}, {"10.0.0.1", at(now), now, TrailerReplay}}},
		{"its clock was set back, and ours too", 5 * time.Second, nil, []step{
			{"10.0.0.1", at(later), later, OK}, {"10.0.0.1", at(now), now, OK}, {"10.0.0.1", at(now), now, TrailerReplay}}},
		{"without a window it must always grow", 0, nil, []step{
			{"10.0.0.1", at(later), later, OK}, {"10.0.0.1", at(now), now, TrailerReplay}}},
		{"over the end of the numbers", 0, nil, []step{
			{"10.0.0.1", ^uint64(0), now, OK}, {"10.0.0.1", 0, now, OK}, {"10.0.0.1", ^uint64(0), now, TrailerReplay}}},
		{"four senders are remembered, the fifth drives the oldest out", 5 * time.Second, nil, []step{
			{"10.0.0.1", at(now), now, OK}, {"10.0.0.2", at(now), now, OK}, {"10.0.0.3", at(now), now, OK}, {"10.0.0.4", at(now), now, OK},
			{"10.0.0.1", at(now) + 1, now, OK}, {"10.0.0.5", at(now), now, OK}, {"10.0.0.1", at(now) + 1, now, TrailerReplay}, {"10.0.0.2", at(now), now, OK}}},
		{"every peer is remembered", 5 * time.Second, addresses("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"), []step{
			{"10.0.0.1", at(now), now, OK}, {"10.0.0.2", at(now), now, OK}, {"10.0.0.3", at(now), now, OK}, {"10.0.0.4", at(now), now, OK},
			{"10.0.0.5", at(now), now, OK}, {"10.0.0.1", at(now), now, TrailerReplay}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hmacSettings(1)
			s.Window, s.Peers = c.window, c.peers
			h := NewHMAC(s, nil)
			for i, step := range c.steps {
				m := trailed(signedBy(s, step.sequence))
				datagram := AppendIPv4(nil, &m, netip.MustParseAddr(step.sender), group, 1, TTL)
				e := expecting(trailed(h))
				e.Now = step.now
				if _, reason := e.Check(datagram); reason != step.want {
					t.Fatalf("step %d: %s, want %s", i, reason, step.want)
				}
				// A reload forgets nothing.
				h = NewHMAC(s, h)
			}
		})
	}
}

// TestHMACSequence takes sequences at times of the wall clock.
func TestHMACSequence(t *testing.T) {
	start := time.Unix(1_800_000_000, 999_999_999)
	h := NewHMAC(hmacSettings(1), nil)
	h.Next(start)
	if first := h.Sequence(); first>>32 != 1_800_000_000 || first>>16&0xffff != 0xffff || first&0xffff != 0 {
		t.Errorf("first sequence %#x", first)
	}
	last := h.Sequence()
	for _, d := range []time.Duration{0, 0, time.Nanosecond, time.Second, -4 * time.Second, -3 * time.Second} {
		if h.Next(start.Add(d)); !after(h.Sequence(), last) {
			t.Errorf("at %v: %#x is not after %#x", d, h.Sequence(), last)
		}
		last = h.Sequence()
	}
	back := start.Add(-10 * time.Second)
	if h.Next(back); h.Sequence() != clockSequence(back) {
		t.Errorf("after the clock was set back: %#x", h.Sequence())
	}
	s := hmacSettings(1)
	s.Window = 0
	h = NewHMAC(s, nil)
	h.Next(start)
	if h.Next(back); h.Sequence() != clockSequence(start)+1 {
		t.Errorf("without a window, after the clock was set back: %#x", h.Sequence())
	}
}

// TestSkew tells of clocks that are about to be too far apart.
func TestSkew(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for skew, want := range map[time.Duration]string{
		2 * time.Second: "", -2 * time.Second: "",
		3 * time.Second:  "authentication clock skew 3 sec from 10.99.0.2 approaching window 5 sec",
		-4 * time.Second: "authentication clock skew -4 sec from 10.99.0.2 approaching window 5 sec",
	} {
		h := NewHMAC(hmacSettings(1), nil)
		h.Next(now.Add(-skew))
		e := expecting(trailed(NewHMAC(hmacSettings(1), nil)))
		e.Now = now
		r, reason := e.Check(sent(trailed(h)))
		if reason != OK || r.Skewed != (want != "") || r.Skewed && r.ExplainSkew() != want {
			t.Errorf("%v: %s, %v %q", skew, reason, r.Skewed, r.ExplainSkew())
		}
	}
}
