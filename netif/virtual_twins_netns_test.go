package netif

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestVirtualLinkTwin has another macvlan with the MAC address, which somebody may use.
func TestVirtualLinkTwin(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	for _, before := range []string{
		"link add mine0 link base0 address 00:00:5e:00:01:01 up type macvlan mode bridge",
		"link add mine0 link base0 address 00:00:5e:00:01:01 up type macvlan mode private",
	} {
		ip(t, before)
		if created, err := v.Set(l); created || !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "mine0") {
			t.Errorf("%s: created %v, %v", before, created, err)
		}
		if !exists(t, "mine0") || exists(t, l.Name) || setting4(t, "base0", "arp_ignore") != "0" {
			t.Errorf("%s: something was changed", before)
		}
		ip(t, "link del mine0")
	}
	mustSet(t, v, l, true)
}

// TestVirtualLinkHiddenTwin has a link that cannot be up for a reason which is not to be seen beforehand.
func TestVirtualLinkHiddenTwin(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	ip(t, "link set base0 address 00:00:5e:00:01:01")
	for _, before := range []string{"link show", "link add vrrp.1 link base0 address 00:00:5e:00:01:01 type macvlan mode private"} {
		ip(t, before)
		if created, err := v.Set(l); created || !errors.Is(err, unix.EADDRINUSE) || exists(t, l.Name) {
			t.Errorf("%s: created %v, %v", before, created, err)
		}
	}
}

// TestVirtualLinkFound looks for a macvlan of a former process: what somebody else has made for another use is none.
func TestVirtualLinkFound(t *testing.T) {
	enterNamespace(t)
	ip(t, "link add base0 type veth peer name far0")
	mac := vmac(1).MAC
	for _, c := range []struct{ add, want string }{
		{"link add mine0 link base0 address 00:00:5e:00:01:01 type macvlan mode bridge", ""},
		{"link add mine1 link base0 address 00:00:5e:00:01:02 type macvlan mode private", ""},
		{"link add mine2 link far0 address 00:00:5e:00:01:01 type macvlan mode private", ""},
		{"link add vrrp9 link base0 address 00:00:5e:00:01:01 type macvlan mode private", "vrrp9"},
		{"link add vrrp8 link base0 address 00:00:5e:00:01:01 type macvlan mode private", "vrrp9"},
	} {
		ip(t, c.add)
		s, err := Read()
		if err != nil {
			t.Fatal(err)
		}
		if got := s.VMAC("base0", mac); got != c.want {
			t.Errorf("after %s: %q, want %q", c.add, got, c.want)
		}
	}
}

// TestTwinLeavesParent: a link that could not be up is taken away again, but the interface below keeps the changed settings.
func TestTwinLeavesParent(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	ip(t, "link set base0 address 00:00:5e:00:01:01")
	before := setting4(t, "base0", "arp_ignore")
	_, err := v.Set(l)
	if err == nil {
		t.Error("it is no error")
	}
	if len(v.Saved()) > 0 {
		t.Errorf("saved: %v", v.Saved())
	}
	if got := setting4(t, "base0", "arp_ignore"); got != before {
		t.Errorf("arp_ignore of base0 is %s, was %s, link exists: %v", got, before, exists(t, l.Name))
	}
}
