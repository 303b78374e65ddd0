package packet

import (
	"slices"
	"testing"
	"time"
)

func ahMessage(sequence uint32) Message {
	m := Message{Version: 2, VRID: 13, Priority: 101, AuthType: AuthAH, Interval: time.Second, Addresses: addresses("10.99.1.13"), AH: NewAH("ahsecret")}
	m.AH.Sequence = sequence
	return m
}

func TestCheckAH(t *testing.T) {
	good := func() []byte { return AppendIPv4(nil, ref(ahMessage(7)), peer, group, 1, TTL) }
	unicast := AppendIPv4(nil, ref(ahMessage(7)), peer, captureSource, 1, 9)
	forwarded := slices.Clone(unicast)
	forwarded[8] = 8
	otherSource := ahMessage(7)
	spoofed := AppendIPv4(nil, &otherSource, peer, group, 1, TTL)
	spoofed[24+3]++ // the index
	otherSource.AH.sign(spoofed, false)
	plain := message2()
	plain.VRID = 13
	for _, c := range []struct {
		name     string
		highest  uint32
		unicast  bool
		datagram []byte
		want     Reason
		text     string
	}{
		{"good", 0, false, good(), OK, ""},
		{"the next", 6, false, good(), OK, ""},
		{"options", 0, false, func() []byte {
			b := withOption(good())
			value := NewAH("ahsecret").value(b, 24, false)
			copy(b[24+12:], value[:])
			return b
		}(), OK, ""},
		{"a TTL that may change", 0, true, forwarded, OK, ""},
		{"the TOS that may change", 0, false, flip(good(), 1), OK, ""},
		{"another password", 0, false, func() []byte {
			m := ahMessage(7)
			m.AH = NewAH("other")
			return AppendIPv4(nil, &m, peer, group, 1, TTL)
		}(), AHValue, "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password ! from 10.99.0.2"},
		{"another identification", 0, false, flip(good(), 5), AHValue, "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password ! from 10.99.0.2"},
		{"another priority", 0, false, flip(good(), 46), AHValue, "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password ! from 10.99.0.2"},
		{"another index", 0, false, spoofed, AHSource, "IPSEC AH : invalid IPSEC SPI value. 10.99.0.3 and expect 10.99.0.2"},
		{"the same again", 7, false, good(), AHReplay, "IPSEC-AH : sequence number 7 already processed. Packet dropped. Local(7) from 10.99.0.2"},
		{"an old one", 100, false, good(), AHReplay, "IPSEC-AH : sequence number 7 already processed. Packet dropped. Local(100) from 10.99.0.2"},
		{"no header", 0, false, sent(plain), AuthHeader, "No AH header but auth type is AH from 10.99.0.2"},
		{"a header for something else", 0, false, patch(good(), set(20, 17)), NotVRRP, "not a whole VRRP packet over IPv4 from 10.99.0.2"},
		{"cut", 0, false, good()[:51], NotVRRP, "not a whole VRRP packet over IPv4 from 10.99.0.2"},
		{"too short", 0, false, good()[:60], Length, "vrrp packet from 10.99.0.2 too short, length 60 and expect 64"},
		{"another type inside", 0, false, flip(good(), 48), AuthTypeUnknown, "Invalid auth type from 10.99.0.2: 18"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := ahMessage(c.highest)
			e := &Expect{Message: m, Group: group, Unicast: c.unicast}
			got, reason := e.Check(c.datagram)
			if reason != c.want {
				t.Fatalf("reason %s, want %s", reason, c.want)
			}
			if reason != OK && got.Explain(reason) != c.text {
				t.Errorf("text\n got %s\nwant %s", got.Explain(reason), c.text)
			}
			want := c.highest
			if reason == OK {
				want = 7
			}
			if e.AH.Sequence != want {
				t.Errorf("sequence %d, want %d", e.AH.Sequence, want)
			}
		})
	}
}

// TestAHSequence counts as far as the number goes.
func TestAHSequence(t *testing.T) {
	a := NewAH("x")
	a.Next()
	if a.Restart(); a.Sequence != 1 {
		t.Errorf("the first is %d", a.Sequence)
	}
	a.Sequence = highestSequence - 1
	a.Next()
	a.Next()
	if a.Sequence != highestSequence {
		t.Errorf("%#x after the highest", a.Sequence)
	}
	if a.Restart(); a.Sequence != 0 {
		t.Errorf("%#x after a new beginning", a.Sequence)
	}
}
