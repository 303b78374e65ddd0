package packet

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestAuthenticatedFrames makes what was captured from upstream.
func TestAuthenticatedFrames(t *testing.T) {
	for name, m := range map[string]Message{
		"v2-ah": ahMessage(1),
		"v3-hmac": {Version: 3, VRID: 18, Priority: 101, Interval: time.Second, Addresses: addresses("10.99.1.18"),
			HMAC: signedBy(hmacSettings(1), 0x6b039aa96b950000)},
		"v2-hmac": {Version: 2, VRID: 20, Priority: 101, Interval: time.Second, Addresses: addresses("10.99.1.20"),
			HMAC: signedBy(hmacSettings(7), 0x6b039aa96eef0000)},
	} {
		t.Run(name, func(t *testing.T) {
			want := frame(t, name)
			got := AppendIPv4([]byte("before"), &m, captureSource, group, 1, TTL)
			if !bytes.Equal(got[6:], want) {
				t.Errorf("\n got %x\nwant %x", got[6:], want)
			}
			if m.Length(false) != len(want) {
				t.Errorf("length %d, want %d", m.Length(false), len(want))
			}
			e := &Expect{Message: m, Group: group, Now: captureTime}
			if m.AH != nil {
				e.AH = NewAH("ahsecret")
			} else {
				e.HMAC = NewHMAC(hmacSettings(m.HMAC.settings.Active), nil)
			}
			if r, reason := e.Check(want); reason != OK || r.VRID != m.VRID || r.Priority != 101 || r.OtherChecksum {
				t.Errorf("received %+v, %s", r, reason)
			}
		})
	}
}

// TestAuthenticationDoesNotAllocate has the cost of adverts that are signed.
func TestAuthenticationDoesNotAllocate(t *testing.T) {
	now, buffer := time.Unix(1_800_000_000, 0), make([]byte, 0, 256)
	sender, receiver := NewHMAC(hmacSettings(1), nil), NewHMAC(hmacSettings(1), nil)
	m, e := trailed(sender), expecting(trailed(receiver))
	e.Now = now
	ah := ahMessage(0)
	eh := &Expect{Message: ahMessage(0), Group: group}
	for name, f := range map[string]func(){
		"HMAC": func() {
			sender.Next(now)
			if _, reason := e.Check(AppendIPv4(buffer, &m, peer, group, 1, TTL)); reason != OK {
				t.Fatal(reason)
			}
		},
		"AH": func() {
			ah.AH.Next()
			if _, reason := eh.Check(AppendIPv4(buffer, &ah, peer, group, 1, TTL)); reason != OK {
				t.Fatal(reason)
			}
		},
	} {
		f()
		if n := testing.AllocsPerRun(100, f); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// FuzzCheckAuthenticated has anything from the wire: it never fails in another way than by a reason, and what is not
// signed is not taken.
func FuzzCheckAuthenticated(f *testing.F) {
	for _, name := range []string{"v2-ah", "v3-hmac", "v2-hmac", "v2-none"} {
		f.Add(frame(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ah := &Expect{Message: ahMessage(0), Group: group}
		s := hmacSettings(1)
		s.Keys[0].Secret = strings.Repeat("?", 32)
		signed := expecting(trailed(NewHMAC(s, nil)))
		signed.Now = captureTime
		for _, e := range []*Expect{ah, signed} {
			r, reason := e.Check(b)
			if reason != OK {
				_ = r.Explain(reason)
				continue
			}
			if e == signed {
				t.Errorf("%x is taken without the key", b)
			} else if value := NewAH("ahsecret").value(b, int(b[0]&0xf)*4, false); !bytes.Equal(value[:], b[int(b[0]&0xf)*4+ahValueOffset:][:ahValueLen]) {
				t.Errorf("%x is taken with another value", b)
			}
		}
		_, _ = VRID(b)
	})
}

// TestAuthenticationOrder has several faults in one advert: the first check in upstream's order names the reason, and what
// comes before authentication leaves no trace in it.
func TestAuthenticationOrder(t *testing.T) {
	unsigned, wrong := message2(), message2()
	unsigned.AuthType, unsigned.Interval = AuthPass, 9*time.Second
	s := hmacSettings(1)
	s.Keys[0].Secret = strings.Repeat("?", 32)
	wrong.AuthType, wrong.HMAC = AuthPass, signedBy(s, clockSequence(captureTime))
	signed := message2()
	signed.HMAC = NewHMAC(hmacSettings(1), nil)
	good := signed
	good.HMAC = signedBy(hmacSettings(1), clockSequence(captureTime))
	other := ahMessage(7)
	other.AH, other.Interval = NewAH("other"), 9*time.Second
	spoilt := ahMessage(7)
	spoilt.Interval = 9 * time.Second
	for _, c := range []struct {
		name     string
		expect   Message
		datagram []byte
		want     Reason
		ah       uint32 // the sequence after it
	}{
		{"no trailer, another TTL", signed, AppendIPv4(nil, &unsigned, peer, group, 1, 254), TTLRange, 0},
		{"no trailer, another version", signed, sent(message3()), Version, 0},
		{"no trailer, another authentication", signed, sent(unsigned), TrailerMissing, 0},
		{"a wrong trailer, another authentication", signed, sent(wrong), TrailerValue, 0},
		{"a right trailer, another TTL", signed, AppendIPv4(nil, &good, peer, group, 1, 254), TTLRange, 0},
		{"a wrong value, another interval", ahMessage(3), sent(other), AHValue, 3},
		{"a right value, another interval", ahMessage(3), sent(spoilt), Interval, 7},
		{"a right value, another TTL", ahMessage(3), AppendIPv4(nil, &spoilt, peer, group, 1, 254), TTLRange, 3},
	} {
		e := expecting(c.expect)
		e.Now = captureTime
		if _, reason := e.Check(c.datagram); reason != c.want {
			t.Errorf("%s: %s, want %s", c.name, reason, c.want)
		}
		if e.AH != nil && e.AH.Sequence != c.ah || e.HMAC != nil && len(e.HMAC.heard.marks) != 0 {
			t.Errorf("%s: it has left a trace", c.name)
		}
	}
}
