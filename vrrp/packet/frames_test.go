package packet

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const framesDir = "../../testdata/vrrp/frames"

// frame reads one captured datagram.
func frame(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(framesDir, name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.TrimSpace(line))
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func addresses(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

func password(s string) (data [8]byte) {
	copy(data[:], s)
	return data
}

var (
	captureSource = netip.MustParseAddr("10.99.0.1")
	group         = netip.MustParseAddr("224.0.0.18")
)

// captured are the frames of the capture that we can send ourselves.
var captured = []struct {
	name    string
	message Message
	dst     netip.Addr
	id      uint16
	ttl     uint8
}{
	{"v2-none", Message{Version: 2, VRID: 11, Priority: 101, Interval: time.Second, Addresses: addresses("10.99.1.11")}, group, 1, 255},
	{"v2-pass", Message{Version: 2, VRID: 12, Priority: 101, AuthType: AuthPass, AuthData: password("pass1234"), Interval: time.Second,
		Addresses: addresses("10.99.1.12", "10.99.1.112")}, group, 1, 255},
	{"v2-owner", Message{Version: 2, VRID: 19, Priority: 255, Interval: time.Second, Addresses: addresses("10.99.1.19")}, group, 1, 255},
	{"v2-priority-0", Message{Version: 2, VRID: 51, Priority: 0, AuthType: AuthPass, AuthData: password("s3cret"), Interval: time.Second,
		Addresses: addresses("10.99.0.100")}, group, 8, 255},
	{"v3-half-second", Message{Version: 3, VRID: 14, Priority: 101, Interval: 500 * time.Millisecond, Addresses: addresses("10.99.1.14")}, group, 1, 255},
	{"v3-checksum-as-v2", Message{Version: 3, VRID: 15, Priority: 101, Interval: time.Second, Addresses: addresses("10.99.1.15"), ChecksumAsV2: true}, group, 1, 255},
	{"v3-unicast", Message{Version: 3, VRID: 17, Priority: 101, Interval: time.Second, Addresses: addresses("10.99.1.17")}, netip.MustParseAddr("10.99.0.2"), 1, 64},
}

func TestAppendIPv4(t *testing.T) {
	for _, c := range captured {
		t.Run(c.name, func(t *testing.T) {
			want := frame(t, c.name)
			got := AppendIPv4(nil, &c.message, captureSource, c.dst, c.id, c.ttl)
			if !bytes.Equal(got, want) {
				t.Errorf("\n got %x\nwant %x", got, want)
			}
			if got := AppendIPv4([]byte("before"), &c.message, captureSource, c.dst, c.id, c.ttl); !bytes.Equal(got[6:], want) || string(got[:6]) != "before" {
				t.Errorf("after other octets: %x", got)
			}
		})
	}
}

// ipv6Header is that of the captured advert over IPv6, whose VRRP message alone is in the file.
const ipv6Header = "6c000000002870fffe80000000000000bcfeccfffe5ef2deff020000000000000000000000000012"

func TestAppendIPv6(t *testing.T) {
	m := Message{Version: 3, VRID: 16, Priority: 101, Interval: time.Second, Addresses: addresses("fe80::16", "fd99::16")}
	got := AppendIPv6([]byte("x"), &m, netip.MustParseAddr("fe80::bcfe:ccff:fe5e:f2de"), netip.MustParseAddr("ff02::12"), TTL)
	want, err := hex.DecodeString(ipv6Header)
	if err != nil {
		t.Fatal(err)
	}
	if want = append(want, frame(t, "v3-ipv6")...); !bytes.Equal(got[1:], want) {
		t.Errorf("\n got %x\nwant %x", got[1:], want)
	}
}

// TestChecksumGroup has a unicast advert with the checksum of releases before 1.3.7.
func TestChecksumGroup(t *testing.T) {
	m := captured[len(captured)-1].message
	multicast := AppendIPv4(nil, &m, captureSource, group, 1, TTL)
	m.ChecksumGroup = group
	unicast := AppendIPv4(nil, &m, captureSource, netip.MustParseAddr("10.99.0.2"), 1, TTL)
	if !bytes.Equal(unicast[20:], multicast[20:]) {
		t.Errorf("\n got %x\nwant %x", unicast[20:], multicast[20:])
	}
}

// TestIntervalLimits writes the shortest and the longest interval of each version.
func TestIntervalLimits(t *testing.T) {
	for _, c := range []struct {
		version  int
		interval time.Duration
		want     string
	}{
		{2, time.Second, "0001"}, {2, 255 * time.Second, "00ff"},
		{3, 10 * time.Millisecond, "0001"}, {3, 40950 * time.Millisecond, "0fff"}, {3, 2560 * time.Millisecond, "0100"},
	} {
		m := Message{Version: c.version, VRID: 1, Priority: 1, Interval: c.interval}
		b := AppendIPv4(nil, &m, captureSource, group, 0, TTL)
		if got := hex.EncodeToString(b[24:26]); got != c.want {
			t.Errorf("version %d, %v: %s, want %s", c.version, c.interval, got, c.want)
		}
		if got := interval(b[20:]); got != c.interval {
			t.Errorf("version %d: read back %v, want %v", c.version, got, c.interval)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	m, buffer := captured[1].message, make([]byte, 0, 256)
	e := Expect{Message: m, Source: captureSource, Group: group}
	datagram := AppendIPv4(nil, &m, netip.MustParseAddr("10.99.0.2"), group, 1, TTL)
	if n := testing.AllocsPerRun(100, func() { AppendIPv4(buffer, &m, captureSource, group, 1, TTL) }); n != 0 {
		t.Errorf("AppendIPv4 allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, reason := e.Check(datagram); reason != OK {
			t.Fatal(reason)
		}
	}); n != 0 {
		t.Errorf("Check allocates %v times", n)
	}
}

// TestChecksumFolds has the carries of the sum carry again.
func TestChecksumFolds(t *testing.T) {
	for _, c := range []struct {
		octets string
		want   uint16
	}{
		{"", 0xffff}, {"0000", 0xffff}, {"ffff", 0}, {"ffff0001", 0xfffe}, {"ffffffff0001", 0xfffe},
		{"0001f203f4f5f6f7", 0x220d}, {"01", 0xfeff}, {"00010200ff", 0xfefd},
	} {
		b, err := hex.DecodeString(c.octets)
		if err != nil {
			t.Fatal(err)
		}
		if got := finish(sum(0, b)); got != c.want {
			t.Errorf("%s: %04x, want %04x", c.octets, got, c.want)
		}
	}
	// All the octets that a message can hold do not overflow the sum.
	long := bytes.Repeat([]byte{0xff}, headerLen+255*16)
	if got := finish(sum(0, long)); got != 0 {
		t.Errorf("all ones: %04x", got)
	}
}
