package ipvs

import (
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// message wraps an attribute as the kernel sends it.
func message(a *nl.RtAttr) []byte {
	return append(make([]byte, nl.SizeofGenlmsg), a.Serialize()...)
}

// TestParseService reads services with what may be missing: the kernel leaves attributes out that say nothing.
func TestParseService(t *testing.T) {
	address := Key{Family: 4, Protocol: unix.IPPROTO_TCP, Addr: netip.MustParseAddrPort("192.0.2.1:80")}
	mark := Key{Family: 6, Mark: 7}
	for _, row := range []struct {
		name string
		key  Key
		add  func(*nl.RtAttr)
		want Service
	}{
		{"nothing but the key", address, func(*nl.RtAttr) {}, Service{Key: address, Prefix: 32}},
		{"scheduler with flags of the kernel", address, func(a *nl.RtAttr) {
			a.AddRtAttr(serviceScheduler, nl.ZeroTerminated("wlc"))
			a.AddRtAttr(serviceFlags, append(nl.Uint32Attr(0x0002|uint32(OnePacket)), nl.Uint32Attr(^uint32(0))...))
			a.AddRtAttr(serviceNetmask, []byte{255, 255, 255, 255})
		}, Service{Key: address, Scheduler: "wlc", Flags: OnePacket, Prefix: 32}},
		{"persistence", address, func(a *nl.RtAttr) {
			a.AddRtAttr(serviceFlags, nl.Uint32Attr(persistentFlag))
			a.AddRtAttr(serviceTimeout, nl.Uint32Attr(300))
			a.AddRtAttr(serviceNetmask, []byte{255, 255, 240, 0})
			a.AddRtAttr(serviceEngine, nl.ZeroTerminated("sip"))
		}, Service{Key: address, Timeout: 300, Prefix: 20, Engine: "sip"}},
		{"a mark of IPv6", mark, func(a *nl.RtAttr) {
			a.AddRtAttr(serviceFlags, nl.Uint32Attr(persistentFlag))
			a.AddRtAttr(serviceTimeout, nl.Uint32Attr(50))
			a.AddRtAttr(serviceNetmask, nl.Uint32Attr(64))
		}, Service{Key: mark, Timeout: 50, Prefix: 64}},
		{"a granularity without persistence", mark, func(a *nl.RtAttr) {
			a.AddRtAttr(serviceNetmask, nl.Uint32Attr(64))
		}, Service{Key: mark, Prefix: 128}},
	} {
		a := keyAttribute(row.key)
		row.add(a)
		attributes, err := parseAttributes(message(a), attrService)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got, err := parseService(attributes); err != nil || got != row.want {
			t.Errorf("%s: %+v, %v, want %+v", row.name, got, err, row.want)
		}
	}
}

// TestParseDestination reads back what is written.
func TestParseDestination(t *testing.T) {
	for _, d := range []Destination{
		{Addr: netip.MustParseAddrPort("192.0.2.2:8080"), Weight: 65535, Method: Masquerade, Upper: 9, Lower: 3},
		{Addr: netip.MustParseAddrPort("[2001:db8::2]:80"), Method: Direct},
		{Addr: netip.MustParseAddrPort("192.0.2.2:80"), Weight: 1, Method: Tunnel, Encapsulation: Encapsulation{Type: 1, Port: 6080, Flags: 2}},
	} {
		attributes, err := parseAttributes(message(destinationAttribute(d)), attrDestination)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseDestination(attributes, 4); err != nil || got != d {
			t.Errorf("%+v, %v, want %+v", got, err, d)
		}
	}
}

// TestParseNonsense refuses what no kernel sends.
func TestParseNonsense(t *testing.T) {
	for _, b := range [][]byte{nil, {1, 2, 3}, make([]byte, 4), append(make([]byte, 4), 200, 0, 1, 0)} {
		if a, err := parseAttributes(b, attrService); err == nil {
			t.Errorf("%v gave %v", b, a)
		}
	}
	if s, err := parseService(map[uint16][]byte{serviceFamily: nl.Uint16Attr(unix.AF_INET), serviceAddress: {1, 2}}); err == nil {
		t.Errorf("half an address gave %+v", s)
	}
}
