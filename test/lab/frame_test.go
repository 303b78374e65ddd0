package lab

import (
	"encoding/hex"
	"net/netip"
	"testing"
)

// Two frames as they were on the wire, and what is wrong with cut ones.
const (
	advertFrame = "01005e0000120200000000010800" +
		"45c0002800010000ff7016ecc0a80464e0000012" +
		"2133640101010a50c0a804503131313100000000"
	arpFrame = "ffffffffffff0200000000010806" +
		"0001080006040001020000000001c0a80450ffffffffffffc0a80450"
)

// One advert over IPv6 and one neighbour advertisement.
const (
	advert6Frame = "333300000012" + "020000000001" + "86dd" + "6c000000001870ff" + "fe800000000000000000000000000001" + "ff020000000000000000000000000012" +
		"316465010064abcd" + "fe800000000000000000000000000080"
	ndpFrame = "333300000001" + "020000000001" + "86dd" + "6000000000203aff" + "fd000000000000000000000000000080" + "ff020000000000000000000000000001" +
		"88000000" + "a0000000" + "fd000000000000000000000000000080" + "0201" + "020000000001"
)

func frameOf(t *testing.T, text string) Frame {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return Frame{Data: data}
}

func TestDecodeAdvert(t *testing.T) {
	a, ok := frameOf(t, advertFrame).Advert()
	if !ok || a.Version != 2 || a.VRID != 51 || a.Priority != 100 || a.Source != netip.MustParseAddr("192.168.4.100") {
		t.Errorf("decoded %+v, %v", a, ok)
	}
	if len(a.Addresses) != 1 || a.Addresses[0] != netip.MustParseAddr("192.168.4.80") {
		t.Errorf("addresses %v", a.Addresses)
	}
	for name, text := range map[string]string{
		"empty":          "",
		"header only":    advertFrame[:2*ethernetLength],
		"cut":            advertFrame[:len(advertFrame)-20],
		"other protocol": advertFrame[:2*(ethernetLength+9)] + "11" + advertFrame[2*(ethernetLength+10):],
		"ARP":            arpFrame,
	} {
		if a, ok := frameOf(t, text).Advert(); ok {
			t.Errorf("%s: decoded %+v", name, a)
		}
	}
}

func TestDecodeARP(t *testing.T) {
	a, ok := frameOf(t, arpFrame).ARP()
	if !ok || a.Operation != 1 || !a.Gratuitous() || a.SenderMAC.String() != "02:00:00:00:00:01" {
		t.Errorf("decoded %+v, %v", a, ok)
	}
	for name, text := range map[string]string{"empty": "", "cut": arpFrame[:len(arpFrame)-2], "advert": advertFrame} {
		if a, ok := frameOf(t, text).ARP(); ok {
			t.Errorf("%s: decoded %+v", name, a)
		}
	}
}

func TestDecodeAdvertIPv6(t *testing.T) {
	a, ok := frameOf(t, advert6Frame).Advert()
	if !ok || a.Version != 3 || a.VRID != 100 || a.Priority != 101 || a.Source != netip.MustParseAddr("fe80::1") || a.Destination != netip.MustParseAddr("ff02::12") {
		t.Errorf("decoded %+v, %v", a, ok)
	}
	if len(a.Addresses) != 1 || a.Addresses[0] != netip.MustParseAddr("fe80::80") {
		t.Errorf("addresses %v", a.Addresses)
	}
	for name, text := range map[string]string{"cut": advert6Frame[:len(advert6Frame)-2], "header only": advert6Frame[:2*(ethernetLength+ipv6Length)], "NDP": ndpFrame} {
		if a, ok := frameOf(t, text).Advert(); ok {
			t.Errorf("%s: decoded %+v", name, a)
		}
	}
}

func TestDecodeNeighbour(t *testing.T) {
	target := netip.MustParseAddr("fd00::80")
	a, ok := frameOf(t, ndpFrame).Neighbour()
	if !ok || a.Source != target || a.Target != target || a.Destination != netip.MustParseAddr("ff02::1") || !a.Router || a.Solicited || !a.Override || a.MAC.String() != "02:00:00:00:00:01" {
		t.Errorf("decoded %+v, %v", a, ok)
	}
	for name, text := range map[string]string{"empty": "", "cut": ndpFrame[:len(ndpFrame)-2], "advert": advert6Frame, "ARP": arpFrame} {
		if a, ok := frameOf(t, text).Neighbour(); ok {
			t.Errorf("%s: decoded %+v", name, a)
		}
	}
}
