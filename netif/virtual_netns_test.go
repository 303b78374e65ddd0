package netif

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// ipLink is what ip -d -j link says of a macvlan.
type ipLink struct {
	Link, Address, Group, Operstate string
	Flags                           []string
	Linkinfo                        struct {
		Kind string         `json:"info_kind"`
		Data map[string]any `json:"info_data"`
	}
	AddrGenMode string `json:"inet6_addr_gen_mode"`
}

func readLink(t *testing.T, name string) ipLink {
	t.Helper()
	var list []ipLink
	if err := json.Unmarshal(ip(t, "-d -j link show dev "+name), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v %+v", err, list)
	}
	return list[0]
}

// exists tells whether there is a link of that name.
func exists(t *testing.T, name string) bool {
	t.Helper()
	s, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	_, ok := s.ByName[name]
	return ok
}

func setting4(t *testing.T, dev, name string) string {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/ipv4/conf/" + dev + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// newVirtual is a namespace with a parent.
func newVirtual(t *testing.T) *VirtualLinks {
	t.Helper()
	enterNamespace(t)
	ip(t, "link add base0 type veth peer name far0")
	ip(t, "link set base0 up")
	ip(t, "link set far0 up")
	v, err := OpenVirtualLinks()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// vmac is a VMAC of a VRID for IPv4.
func vmac(vrid byte) VirtualLink {
	return VirtualLink{Name: "vrrp." + string('0'+vrid), Parent: "base0", MAC: [6]byte{0, 0, 0x5e, 0, 1, vrid}, Family: 4}
}

func mustSet(t *testing.T, v *VirtualLinks, l VirtualLink, created bool) {
	t.Helper()
	got, err := v.Set(l)
	if err != nil || got != created {
		t.Fatalf("Set %s: created %v, %v, want %v", l.Name, got, err, created)
	}
	s, err := Read()
	if err != nil || !l.Fits(s) {
		t.Fatalf("%+v does not fit %+v: %v", s.ByName[l.Name], l, err)
	}
}

func TestVirtualLinkLife(t *testing.T) {
	v := newVirtual(t)
	ip(t, "link set base0 group 7")
	one, two := vmac(1), vmac(2)
	two.Group = Optional[uint32]{Value: 9, Set: true}
	two.NotifyMsg = true
	mustSet(t, v, one, true)
	mustSet(t, v, two, true)
	got := readLink(t, one.Name)
	if got.Link != "base0" || got.Address != "00:00:5e:00:01:01" || got.Linkinfo.Kind != "macvlan" || got.Linkinfo.Data["mode"] != "private" ||
		got.AddrGenMode != "none" || got.Group != "7" || got.Operstate != "UP" {
		t.Errorf("%+v", got)
	}
	if g := readLink(t, two.Name).Group; g != "9" {
		t.Errorf("group %s", g)
	}
	for _, want := range [][3]string{
		{one.Name, "arp_ignore", "1"}, {one.Name, "accept_local", "1"}, {one.Name, "rp_filter", "0"}, {one.Name, "promote_secondaries", "1"},
		{"base0", "arp_ignore", "1"}, {"base0", "arp_filter", "1"},
	} {
		if got := setting4(t, want[0], want[1]); got != want[2] {
			t.Errorf("%s of %s is %s", want[1], want[0], got)
		}
	}
	mustSet(t, v, one, false) // it is there
	if err := v.Remove(one); err != nil {
		t.Fatal(err)
	}
	if exists(t, one.Name) || setting4(t, "base0", "arp_ignore") != "1" {
		t.Error("the link stays, or the settings go while there is another link")
	}
	for range 2 {
		if err := v.Remove(two); err != nil {
			t.Fatal(err)
		}
		if exists(t, two.Name) || setting4(t, "base0", "arp_ignore") != "0" || setting4(t, "base0", "arp_filter") != "0" {
			t.Error("the host is not as it was")
		}
	}
}

// TestVirtualLinksMany removes many at once, and nothing else.
func TestVirtualLinksMany(t *testing.T) {
	v := newVirtual(t)
	ip(t, "link add vrrp.8 type veth peer name far8")
	ip(t, "link add other link base0 type macvlan mode bridge")
	var all []VirtualLink
	for vrid := range byte(9) {
		l := vmac(vrid)
		all = append(all, l)
		if vrid < 7 {
			mustSet(t, v, l, true)
		}
	}
	for range 2 {
		if err := v.RemoveAll(all); err != nil {
			t.Fatal(err)
		}
		s, err := Read()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.ByName {
			if l.Kind == "macvlan" && l.Name != "other" {
				t.Errorf("%s is left", l.Name)
			}
		}
		if s.ByName["vrrp.8"].Index == 0 || s.ByName["other"].Index == 0 || setting4(t, "base0", "arp_ignore") != "0" {
			t.Error("foreign links are gone, or the settings are left")
		}
	}
}

// TestVirtualLinkRPFilter has rp_filter on for all interfaces.
func TestVirtualLinkRPFilter(t *testing.T) {
	v := newVirtual(t)
	write := func(dev, value string) {
		if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+dev+"/rp_filter", []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	all := func() (values [4]string) {
		for i, dev := range []string{"all", "default", "base0", "far0"} {
			values[i] = setting4(t, dev, "rp_filter")
		}
		return values
	}
	for dev, value := range map[string]string{"all": "1", "default": "0", "base0": "2", "far0": "0"} {
		write(dev, value)
	}
	before := all()
	mustSet(t, v, vmac(1), true)
	mustSet(t, v, vmac(2), true)
	if got := all(); got != [4]string{"0", "1", "2", "1"} || setting4(t, "vrrp.1", "rp_filter") != "0" {
		t.Errorf("with VMACs: %v", got)
	}
	next, err := OpenVirtualLinks()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = next.Close() }()
	for _, l := range []VirtualLink{vmac(1), vmac(2)} {
		next.Adopt(l, v.Saved()["base0"])
	}
	next.AdoptRPFilter(v.former().RPFilter)
	mustSet(t, next, vmac(1), false)
	if err := next.Remove(vmac(1)); err != nil || all() == before {
		t.Errorf("with one VMAC: %v, %v", all(), err)
	}
	if err := next.Remove(vmac(2)); err != nil || all() != before {
		t.Errorf("at the end: %v, want %v, %v", all(), before, err)
	}
}

// TestVirtualLinkChanged has links that are not what is asked for.
func TestVirtualLinkChanged(t *testing.T) {
	v := newVirtual(t)
	ip(t, "link add base1 type veth peer name far1")
	l := vmac(1)
	for name, before := range map[string]string{
		"other parent": "link add vrrp.1 link base1 address 00:00:5e:00:01:01 type macvlan mode private",
		"other MAC":    "link add vrrp.1 link base0 address 00:00:5e:00:01:09 type macvlan mode private",
		"down twin":    "link add vrrp9 link base0 address 00:00:5e:00:01:01 type macvlan mode private",
	} {
		ip(t, before)
		mustSet(t, v, l, name != "other MAC")
		if got := readLink(t, l.Name); got.Operstate != "UP" || got.Linkinfo.Data["mode"] != "private" {
			t.Errorf("%s: %+v", name, got)
		}
		if err := v.Remove(l); err != nil {
			t.Error(err)
		}
	}
	ip(t, "link add vrrp.1 type veth peer name far2")
	if _, err := v.Set(l); !errors.Is(err, ErrNotVirtual) {
		t.Errorf("a veth of the name: %v", err)
	}
	if err := v.Remove(l); err != nil || !exists(t, "vrrp.1") {
		t.Errorf("removed what is no virtual link: %v", err)
	}
	l.Parent = "nowhere"
	if _, err := v.Set(l); !errors.Is(err, unix.ENODEV) {
		t.Errorf("no parent: %v", err)
	}
}

// TestVirtualLinkIPv6 has the addresses of a VMAC of IPv6.
func TestVirtualLinkIPv6(t *testing.T) {
	v := newVirtual(t)
	l := VirtualLink{Name: "vrrp6", Parent: "base0", MAC: [6]byte{0, 0, 0x5e, 0, 2, 1}, Family: 6, IPv6: true,
		Address: Address{Prefix: netip.MustParsePrefix("fe80::9/64"), NoDAD: true}}
	mustSet(t, v, l, true)
	list := ipAddresses(t, l.Name)
	if len(list) != 1 || list[0]["local"] != "fe80::9" || list[0]["preferred_life_time"] != float64(0) {
		t.Errorf("%v", list)
	}
	if setting4(t, "base0", "arp_ignore") != "0" || setting4(t, l.Name, "arp_ignore") != "1" {
		t.Error("settings for IPv4")
	}
	if saved := v.Saved(); len(saved) != 0 {
		t.Errorf("saved %v", saved)
	}
}

// TestVirtualLinkAdopted has links that a dead process has made.
func TestVirtualLinkAdopted(t *testing.T) {
	v := newVirtual(t)
	l := vmac(1)
	mustSet(t, v, l, true)
	next, err := OpenVirtualLinks()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = next.Close() }()
	next.Adopt(l, v.Saved()["base0"])
	mustSet(t, next, l, false)
	if err := next.Remove(l); err != nil {
		t.Fatal(err)
	}
	if got := setting4(t, "base0", "arp_ignore"); got != "0" {
		t.Errorf("arp_ignore is %s at the end", got)
	}
}

// TestVirtualLinkTells tells what the host was like while it still is as it was, and again when nothing is left to restore.
func TestVirtualLinkTells(t *testing.T) {
	v := newVirtual(t)
	files := map[string]string{"all/rp_filter": "1", "default/rp_filter": "0", "base0/rp_filter": "0", "base0/arp_ignore": "2"}
	for name, value := range files {
		if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+name, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	changed := func(names ...string) (list []string) {
		for _, name := range names {
			if dev, setting, _ := strings.Cut(name, "/"); setting4(t, dev, setting) != files[name] {
				list = append(list, name)
			}
		}
		return list
	}
	var told []Former
	v.Tell = func(f Former) {
		told = append(told, f)
		if list := changed("all/rp_filter", "default/rp_filter", "base0/rp_filter"); f.RPFilter == nil && list != nil || len(told) == 1 && list != nil {
			t.Errorf("told %d times: changed are %v", len(told), list)
		}
		if list := changed("base0/arp_ignore"); len(f.Parents) == 0 && list != nil || len(told) == 2 && list != nil {
			t.Errorf("told %d times: changed are %v", len(told), list)
		}
	}
	for vrid := range byte(2) {
		mustSet(t, v, vmac(vrid), true)
	}
	if len(told) != 2 || told[0].RPFilter == nil || told[0].RPFilter.All != 1 || told[1].Parents["base0"] != (ARPMode{Ignore: 2}) {
		t.Fatalf("told %+v", told)
	}
	if err := v.RemoveAll([]VirtualLink{vmac(0), vmac(1)}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || told[2].RPFilter != nil || len(told[2].Parents) != 0 {
		t.Errorf("at the end told %+v", told)
	}
}

// TestVirtualLinkOnFarMACVLAN has a parent as a container has it: a macvlan on an interface of another namespace, which is
// where the kernel puts what is made on it.
func TestVirtualLinkOnFarMACVLAN(t *testing.T) {
	enterNamespace(t)
	outer, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = outer.Close() }()
	ip(t, "link add host0 type veth peer name host1")
	ip(t, "link add host2 type veth peer name host3")
	ip(t, "link set host0 up")
	ip(t, "link set host1 up")
	enterNamespace(t)
	inner, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inner.Close() }()
	if err := netns.Set(outer); err != nil {
		t.Fatal(err)
	}
	for name, on := range map[string]string{"base0": "host0", "base1": "host2"} {
		ip(t, fmt.Sprintf("link add %s link %s netns /proc/%d/fd/%d type macvlan mode bridge", name, on, os.Getpid(), int(inner)))
	}
	if err := netns.Set(inner); err != nil {
		t.Fatal(err)
	}
	ip(t, "link set base0 up")
	v, err := OpenVirtualLinks()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	l := vmac(1)
	mustSet(t, v, l, true)
	mustSet(t, v, l, false)
	l.Parent = "base1"
	s, err := Read()
	if err != nil || l.Fits(s) {
		t.Errorf("%+v fits on another interface of that namespace, %v", s.ByName[l.Name], err)
	}
	mustSet(t, v, l, true)
}
