package netif

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// addRequestAttributes takes the request to add an address apart.
func addRequestAttributes(t *testing.T, a Address) []syscall.NetlinkRouteAttr {
	t.Helper()
	body := addRequest(a, 1).Serialize()[unix.SizeofNlMsghdr+unix.SizeofIfAddrmsg:]
	attributes, err := nl.ParseRouteAttr(body)
	if err != nil {
		t.Fatal(err)
	}
	return attributes
}

func TestPrimary(t *testing.T) {
	link := func(addresses ...string) Link {
		var l Link
		for _, a := range addresses {
			l.Addresses = append(l.Addresses, netip.MustParsePrefix(a))
		}
		return l
	}
	virtual := func(a netip.Addr) bool {
		return a == netip.MustParseAddr("192.0.2.80") || a == netip.MustParseAddr("fe80::80")
	}
	for _, tt := range []struct {
		name   string
		link   Link
		family int
		want   string
	}{
		{"first", link("192.0.2.1/24", "192.0.2.2/24"), 4, "192.0.2.1"},
		{"virtual is skipped", link("192.0.2.80/24", "192.0.2.2/24"), 4, "192.0.2.2"},
		{"other family is skipped", link("fe80::1/64", "192.0.2.2/24"), 4, "192.0.2.2"},
		{"only virtual", link("192.0.2.80/24"), 4, ""},
		{"none", link(), 4, ""},
		{"IPv6 link-local", link("192.0.2.1/24", "2001:db8::1/64", "fe80::1/64"), 6, "fe80::1"},
		{"IPv6 global only", link("2001:db8::1/64"), 6, ""},
		{"IPv6 virtual is skipped", link("fe80::80/64", "fe80::2/64"), 6, "fe80::2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.link.Primary(tt.family, virtual)
			if ok != (tt.want != "") || ok && got.String() != tt.want {
				t.Errorf("got %v %v, want %q", got, ok, tt.want)
			}
		})
	}
	if got, ok := link("192.0.2.80/24").Primary(4, nil); !ok || got.String() != "192.0.2.80" {
		t.Errorf("without exclusion: %v %v", got, ok)
	}
}

func TestParseRefusesShortMessages(t *testing.T) {
	body := addRequest(Address{Prefix: netip.MustParsePrefix("192.0.2.1/24")}, 1).Serialize()[unix.SizeofNlMsghdr:]
	if a, ok := parseAddress(body); !ok || a.Prefix.String() != "192.0.2.1/24" {
		t.Fatalf("whole message: %v %v", a, ok)
	}
	for n := range unix.SizeofIfAddrmsg + 8 {
		if a, ok := parseAddress(body[:n]); ok {
			t.Errorf("%d bytes give %v", n, a)
		}
	}
	for n := range unix.SizeofIfInfomsg + 1 {
		if l, ok := parseLink(make([]byte, n)); ok {
			t.Errorf("%d bytes give %v", n, l)
		}
	}
}
