package netif

import "testing"

// TestAddressOfRenamed takes addresses off an interface that has another name now, and leaves the same address of others.
func TestAddressOfRenamed(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	ip(t, "link add one0 type veth peer name one0-peer")
	ip(t, "link add two0 type veth peer name two0-peer")
	a := Address{Prefix: prefix("192.0.2.1/32"), Dev: "one0"}
	on := func(dev string) int { return len(ipAddresses(t, dev)) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.AddAddress(a))
	ip(t, "link set one0 name old0")
	must(h.DeleteAddress(a))
	if on("old0") != 0 {
		t.Error("it is left on the interface that was renamed")
	}
	ip(t, "addr add 192.0.2.1/32 dev old0")
	must(h.DeleteAddress(a))
	if on("old0") != 1 {
		t.Error("somebody else's is gone")
	}
	ip(t, "addr del 192.0.2.1/32 dev old0")
	ip(t, "link set old0 name one0")
	must(h.AddAddress(a))
	ip(t, "link set one0 name old0")
	ip(t, "link set two0 name one0")
	must(h.AddAddress(a))
	if on("old0") != 0 || on("one0") != 1 {
		t.Error("it is not where the name is now")
	}
	must(h.DeleteAddress(a))
	if on("one0") != 0 {
		t.Error("it is left")
	}
}

// TestVirtualLinkParentRenamed has a parent that gets another name, and another interface that takes its own.
func TestVirtualLinkParentRenamed(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	rename := func(from, to string) {
		ip(t, "link set "+from+" down")
		ip(t, "link set "+from+" name "+to)
		ip(t, "link set "+to+" up")
	}
	mustSet(t, v, l, true)
	rename("base0", "base8")
	if err := v.Remove(l); err != nil || setting4(t, "base8", "arp_ignore") != "0" {
		t.Errorf("the renamed parent keeps the settings: %v", err)
	}
	rename("base8", "base0")
	mustSet(t, v, l, true)
	rename("base0", "base8")
	ip(t, "link add base0 type veth peer name far1")
	ip(t, "link set base0 up")
	mustSet(t, v, l, true)
	if setting4(t, "base8", "arp_ignore") != "0" || setting4(t, "base0", "arp_ignore") != "1" {
		t.Error("the former parent keeps the settings, or the new one does not have them")
	}
	if err := v.Remove(l); err != nil || setting4(t, "base0", "arp_ignore") != "0" {
		t.Errorf("the new parent keeps the settings: %v", err)
	}
}
