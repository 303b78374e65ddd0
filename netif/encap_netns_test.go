package netif

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRequestOfEncap compares the bytes of tunnels with the layouts of linux/lwtunnel.h, linux/mpls_iptunnel.h and
// linux/ila.h: not every kernel has all kinds.
func TestRequestOfEncap(t *testing.T) {
	for _, tt := range []struct {
		name string
		e    Encap
		want map[uint16]string
	}{
		{"mpls", Encap{Type: 1, Labels: []uint32{100, 200}}, map[uint16]string{1: "\x00\x06\x40\x00\x00\x0c\x81\x00"}},
		{"ip", Encap{Type: 2, ID: Optional[uint64]{5, true}, Dst: netip.MustParseAddr("192.0.2.9"), TTL: Optional[uint8]{64, true},
			TOS: Optional[uint8]{16, true}, Flags: Optional[uint16]{4, true}},
			map[uint16]string{1: "\x00\x00\x00\x00\x00\x00\x00\x05", 2: "\xc0\x00\x02\x09", 4: "\x40", 5: "\x10", 6: "\x00\x04"}},
		{"ila", Encap{Type: 3, Locator: 0x1000200030004}, map[uint16]string{1: "\x00\x01\x00\x02\x00\x03\x00\x04"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := tt.e.attribute().Serialize()[unix.SizeofRtAttr:]
			for kind := uint16(1); kind <= 6; kind++ {
				if got := string(attribute(body, kind)); got != tt.want[kind] {
					t.Errorf("attribute %d: %x, want %x", kind, got, tt.want[kind])
				}
			}
		})
	}
}

// TestNoVRF asks for the table of devices that stand for none.
func TestNoVRF(t *testing.T) {
	h := wayOut(t)
	for _, name := range []string{"way0", "none0"} {
		r := Route{Family: 4, Type: unix.RTN_BLACKHOLE, Dst: prefix("198.51.100.0/24"), VRF: name, Protocol: 18}
		if err := h.AddRoute(r); !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s was taken for a VRF: %v", name, err)
		}
	}
}
