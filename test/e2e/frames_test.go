package e2e

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestFramesEqual starts both programs with the same configuration on equal
// hosts and compares every kind of frame that they send.
func TestFramesEqual(t *testing.T) {
	t.Parallel()
	variants := []dialect{
		dialects[0],
		dialects[1],
		{"v2 without authentication", 2, time.Second, "advert_int 1\n"},
		{"v2 every 2 s, long password", 2, 2 * time.Second, "advert_int 2\nauthentication {\nauth_type PASS\nauth_pass 123456789\n}\n"},
		{"v2, type in small letters", 2, time.Second, "advert_int 1\nauthentication {\nauth_type pass\nauth_pass 1111\n}\n"},
		{"v2, password without type", 2, time.Second, "advert_int 1\nauthentication {\nauth_pass 1111\n}\n"},
		{"v2, type without password", 2, time.Second, "advert_int 1\nauthentication {\nauth_type PASS\n}\n"},
		{"v2 AH", 2, time.Second, "advert_int 1\nauthentication {\nauth_type AH\nauth_pass s3cret\n}\n"},
		{"v3 every 20 ms", 3, 20 * time.Millisecond, "version 3\nadvert_int 0.02\n"},
	}
	for _, d := range variants {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			got, want := framesOf(t, d, ours), framesOf(t, d, peer)
			if len(want) < 4 {
				t.Errorf("only %d kinds of frames from %s: %q", len(want), peer.Name, want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("frames differ\n%s:\n%q\n%s:\n%q", ours.Name, got, peer.Name, want)
			}
		})
	}
}

// framesOf lets one program become Master at once and leave, and returns the
// different frames that it sent, without what may differ, in order.
func framesOf(t *testing.T, d dialect, p lab.Program) []string {
	t.Helper()
	n := newNetwork(t, d)
	const owner = 255
	addresses := vip.String() + "\n192.168.4.81/32 dev eth0\n192.168.4.82/24 label eth0:v"
	daemon := n.start(n.web[0], p, d.instance("VI_1", vrid, "MASTER", owner, addresses, "virtual_ipaddress_excluded {\n192.168.4.90\n}\n"))
	n.advert(0, n.web[0], d.interval, "an advert", lives)
	n.must(second(n, 0))
	mark := n.Frames.Len()
	n.stop(daemon)
	n.advert(mark, n.web[0], d.interval, "a farewell", farewell)
	var kinds []string
	for _, f := range n.Frames.Since(0) {
		if kind := normal(f); f.From == "web1" && kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// second waits for a second advert: all announcements of the first moment
// have been sent by then.
func second(n *network, mark int) error {
	adverts := 0
	_, err := n.Frames.Wait(n.context(n.dialect.interval), mark, "a second advert", func(f lab.Frame) bool {
		if a, ok := f.Advert(); ok && lives(a) {
			adverts++
		}
		return adverts == 2
	})
	return err
}

// normal is a frame in hexadecimal with the host's link-layer address, the
// identification and the header checksum of IP replaced. Questions that the
// kernel itself asks are left out.
func normal(f lab.Frame) string {
	data := slices.Clone(f.Data)
	mac := slices.Clone(data[6:12])
	copy(data[6:], "source")
	if a, ok := f.ARP(); ok {
		if !a.Gratuitous() {
			return ""
		}
		if slices.Equal(mac, a.SenderMAC) {
			copy(data[14+8:], "source")
		}
		return fmt.Sprintf("ARP %v %s", a.SenderAddr, hex.EncodeToString(data))
	}
	a, ok := f.Advert()
	if !ok || !headerSound(a.IP) {
		return "malformed " + hex.EncodeToString(data)
	}
	copy(data[14+4:], "id")
	copy(data[14+10:], "ck")
	if a.AH != nil {
		copy(data[14+len(a.IP)+8:], "its number and value")
	}
	return fmt.Sprintf("advert %d %s", a.Priority, hex.EncodeToString(data))
}

// headerSound verifies the checksum of an IPv4 header.
func headerSound(header []byte) bool { return headerSum(header) == 0xffff }

// headerSum is the sum over an IPv4 header, whose complement is the checksum (RFC 1071).
func headerSum(header []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
