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
