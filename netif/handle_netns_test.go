package netif

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func open(t *testing.T) *Handle {
	t.Helper()
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// TestAddAddressOptions adds each address twice, once as ip(8) does it and once through a Handle, on two interfaces of
// the same kind, and compares what ip(8) says of the two.
func TestAddAddressOptions(t *testing.T) {
	for _, tt := range []struct {
		name string
		ip   string
		want Address
	}{
		{"plain", "192.0.2.1/32", Address{Prefix: prefix("192.0.2.1/32")}},
		{"prefix", "192.0.2.1/24", Address{Prefix: prefix("192.0.2.1/24")}},
		{"prefix 0", "192.0.2.1/0", Address{Prefix: prefix("192.0.2.1/0")}},
		{"broadcast", "192.0.2.1/24 brd 192.0.2.255", Address{Prefix: prefix("192.0.2.1/24"), Broadcast: netip.MustParseAddr("192.0.2.255")}},
		{"scope link", "192.0.2.1/24 scope link", Address{Prefix: prefix("192.0.2.1/24"), Scope: unix.RT_SCOPE_LINK}},
		{"scope number", "192.0.2.1/24 scope 100", Address{Prefix: prefix("192.0.2.1/24"), Scope: 100}},
		{"label", "192.0.2.1/24 label DEV:vip", Address{Prefix: prefix("192.0.2.1/24"), Label: "DEV:vip"}},
		{"peer", "192.0.2.1 peer 198.51.100.7/32", Address{Prefix: prefix("192.0.2.1/32"), Peer: prefix("198.51.100.7/32")}},
		{"peer with prefix", "192.0.2.1 peer 198.51.100.7/24", Address{Prefix: prefix("192.0.2.1/32"), Peer: prefix("198.51.100.7/24")}},
		{"home", "192.0.2.1/24 home", Address{Prefix: prefix("192.0.2.1/24"), HomeAddress: true}},
		{"mngtmpaddr", "192.0.2.1/24 mngtmpaddr", Address{Prefix: prefix("192.0.2.1/24"), MngTmpAddr: true}},
		{"noprefixroute", "192.0.2.1/24 noprefixroute", Address{Prefix: prefix("192.0.2.1/24"), NoPrefixRoute: true}},
		{"autojoin", "224.1.1.10/32 autojoin", Address{Prefix: prefix("224.1.1.10/32"), AutoJoin: true}},
		{"lifetime is of IPv6", "192.0.2.1/24", Address{Prefix: prefix("192.0.2.1/24"), PreferredLife: 100}},
		{"all", "192.0.2.1/25 brd 192.0.2.3 scope host label DEV:x home noprefixroute",
			Address{Prefix: prefix("192.0.2.1/25"), Broadcast: netip.MustParseAddr("192.0.2.3"), Scope: unix.RT_SCOPE_HOST,
				Label: "DEV:x", HomeAddress: true, NoPrefixRoute: true}},
		{"IPv6", "2001:db8::1/64 nodad", Address{Prefix: prefix("2001:db8::1/64"), NoDAD: true, PreferredLife: Forever}},
		{"IPv6 with detection", "2001:db8::1/64", Address{Prefix: prefix("2001:db8::1/64"), PreferredLife: Forever}},
		{"IPv6 deprecated", "2001:db8::1/128 nodad preferred_lft 0", Address{Prefix: prefix("2001:db8::1/128"), NoDAD: true}},
		{"IPv6 home", "2001:db8::1/64 nodad home", Address{Prefix: prefix("2001:db8::1/64"), NoDAD: true, HomeAddress: true, PreferredLife: Forever}},
		{"IPv6 mngtmpaddr", "2001:db8::1/64 nodad mngtmpaddr", Address{Prefix: prefix("2001:db8::1/64"), NoDAD: true, MngTmpAddr: true, PreferredLife: Forever}},
		{"IPv6 noprefixroute", "2001:db8::1/64 nodad noprefixroute", Address{Prefix: prefix("2001:db8::1/64"), NoDAD: true, NoPrefixRoute: true, PreferredLife: Forever}},
		{"IPv6 peer", "2001:db8::1 peer 2001:db8::7/64 nodad", Address{Prefix: prefix("2001:db8::1/128"), Peer: prefix("2001:db8::7/64"), NoDAD: true, PreferredLife: Forever}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			enterNamespace(t)
			h := open(t)
			ip(t, "link add ours0 type veth peer name ours0-peer")
			ip(t, "link add theirs0 type veth peer name theirs0-peer")
			ip(t, "addr add "+strings.ReplaceAll(tt.ip, "DEV", "theirs0")+" dev theirs0")
			tt.want.Dev = "ours0"
			tt.want.Label = strings.ReplaceAll(tt.want.Label, "DEV", "ours0")
			if err := h.AddAddress(tt.want); err != nil {
				t.Fatal(err)
			}
			ours := ipAddresses(t, "ours0")
			if got := len(ours); got != 1 {
				t.Fatalf("%d addresses, want 1: %v", got, ours)
			}
			if got := ours[0]["protocol"]; got != nil && got != "18" && got != "keepalived" {
				t.Errorf("protocol %v, want 18", got)
			}
			compareWithIP(t, ours, ipAddresses(t, "theirs0"))

			changes := subscribeAddresses(t)
			if err := h.AddAddress(tt.want); err != nil {
				t.Errorf("adding again: %v", err)
			}
			if list := changes(); len(list) != 0 {
				t.Errorf("adding again changed something: %v", list)
			}
			if err := h.DeleteAddress(tt.want); err != nil {
				t.Error(err)
			}
			for _, a := range ipAddresses(t, "ours0") {
				if a["local"] == tt.want.Prefix.Addr().String() {
					t.Errorf("still there: %v", a)
				}
			}
			if err := h.DeleteAddress(tt.want); err != nil {
				t.Errorf("deleting again: %v", err)
			}
		})
	}
}

// subscribeAddresses returns a function that lists the changes of IPv4 and IPv6 addresses since the last call. The
// kernel has written them down before the call that makes a change returns.
func subscribeAddresses(t *testing.T) func() []string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	const groups = unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		t.Fatal(err)
	}
	return func() []string {
		var list []string
		for buffer := make([]byte, bufferSize); ; {
			n, _, err := unix.Recvfrom(fd, buffer, 0)
			if err == unix.EAGAIN {
				return list
			}
			if err != nil {
				t.Fatal(err)
			}
			a, _ := parseAddress(buffer[unix.SizeofNlMsghdr:n])
			list = append(list, fmt.Sprintf("type %d: %s", buffer[4], a.Prefix))
		}
	}
}

// compareWithIP compares two address lists but for the interface's name in labels and the mark of who added it.
func compareWithIP(t *testing.T, ours, theirs []map[string]any) {
	t.Helper()
	for _, a := range ours {
		delete(a, "protocol")
		if l, ok := a["label"].(string); ok {
			a["label"] = strings.ReplaceAll(l, "ours0", "theirs0")
		}
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("got  %v\nwant %v", ours, theirs)
	}
}

// TestAddAddressProtocol reads the mark of who added the address, which ip(8) may be too old to show.
func TestAddAddressProtocol(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	ip(t, "link add ours0 type veth peer name ours0-peer")
	a := Address{Prefix: prefix("192.0.2.1/24"), Dev: "ours0"}
	for _, attribute := range addRequestAttributes(t, a) {
		if attribute.Attr.Type == attributeProtocol {
			if len(attribute.Value) != 1 || attribute.Value[0] != 18 {
				t.Errorf("protocol attribute % x, want 12", attribute.Value)
			}
			if err := h.AddAddress(a); err != nil {
				t.Errorf("the kernel refuses it: %v", err)
			}
			return
		}
	}
	t.Error("no protocol attribute")
}

func TestAddAddressReplaces(t *testing.T) {
	base := Address{Prefix: prefix("192.0.2.1/24"), Dev: "ours0"}
	with := func(change func(*Address)) Address {
		a := base
		change(&a)
		return a
	}
	for _, tt := range []struct {
		name     string
		old, new Address
	}{
		{"scope", base, with(func(a *Address) { a.Scope = unix.RT_SCOPE_LINK })},
		{"label", base, with(func(a *Address) { a.Label = "ours0:1" })},
		{"no label", with(func(a *Address) { a.Label = "ours0:1" }), base},
		{"broadcast", base, with(func(a *Address) { a.Broadcast = netip.MustParseAddr("192.0.2.255") })},
		{"no broadcast", with(func(a *Address) { a.Broadcast = netip.MustParseAddr("192.0.2.255") }), base},
		{"noprefixroute", base, with(func(a *Address) { a.NoPrefixRoute = true })},
		{"home", with(func(a *Address) { a.HomeAddress = true }), base},
		{"peer in the same network", base, with(func(a *Address) { a.Peer = prefix("192.0.2.9/24") })},
		{"IPv6 prefix length", Address{Prefix: prefix("2001:db8::1/64"), Dev: "ours0", NoDAD: true, PreferredLife: Forever},
			Address{Prefix: prefix("2001:db8::1/128"), Dev: "ours0", NoDAD: true}},
		{"IPv6 lifetime", Address{Prefix: prefix("2001:db8::1/64"), Dev: "ours0", NoDAD: true, PreferredLife: Forever},
			Address{Prefix: prefix("2001:db8::1/64"), Dev: "ours0", NoDAD: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			enterNamespace(t)
			h := open(t)
			ip(t, "link add ours0 type veth peer name ours0-peer")
			ip(t, "link add fresh0 type veth peer name fresh0-peer")
			for _, a := range []Address{tt.old, tt.new} {
				if err := h.AddAddress(a); err != nil {
					t.Fatal(err)
				}
			}
			fresh := tt.new
			fresh.Dev, fresh.Label = "fresh0", strings.ReplaceAll(fresh.Label, "ours0", "fresh0")
			// The prefix may be given as route only once.
			ours := ipAddresses(t, "ours0")
			if err := h.DeleteAddress(tt.new); err != nil {
				t.Fatal(err)
			}
			if err := h.AddAddress(fresh); err != nil {
				t.Fatal(err)
			}
			want := ipAddresses(t, "fresh0")
			for _, a := range want {
				if l, ok := a["label"].(string); ok {
					a["label"] = strings.ReplaceAll(l, "fresh0", "ours0")
				}
			}
			if !reflect.DeepEqual(ours, want) {
				t.Errorf("got  %v\nwant %v", ours, want)
			}
		})
	}
}

func TestAddAddressErrors(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	ip(t, "link add ours0 type veth peer name ours0-peer")
	for _, tt := range []struct {
		name string
		a    Address
		want error
		text string
	}{
		{"no such interface", Address{Prefix: prefix("192.0.2.1/24"), Dev: "nowhere0"}, unix.ENODEV, "192.0.2.1/24 on nowhere0"},
		{"autojoin needs a multicast address", Address{Prefix: prefix("192.0.2.1/24"), Dev: "ours0", AutoJoin: true}, unix.EINVAL, "192.0.2.1/24 on ours0"},
		{"mngtmpaddr needs 64 bits", Address{Prefix: prefix("2001:db8::1/65"), Dev: "ours0", MngTmpAddr: true, PreferredLife: Forever}, unix.EINVAL, "2001:db8::1/65 on ours0"},
		{"no address", Address{Dev: "ours0"}, unix.EINVAL, "on ours0"},
		{"name too long", Address{Prefix: prefix("192.0.2.1/24"), Dev: "a-name-that-is-too-long"}, unix.EINVAL, "a-name-that-is-too-long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := h.AddAddress(tt.a)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %v with %q", err, tt.want, tt.text)
			}
		})
	}
	if err := h.DeleteAddress(Address{Prefix: prefix("192.0.2.1/24"), Dev: "nowhere0"}); err != nil {
		t.Errorf("deleting from an interface that does not exist: %v", err)
	}
}

// TestDeleteAddressLeavesOthers deletes one of several that differ in one thing only.
func TestDeleteAddressLeavesOthers(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	ip(t, "link add ours0 type veth peer name ours0-peer")
	ip(t, "link add other0 type veth peer name other0-peer")
	for _, a := range []string{"192.0.2.1 peer 198.51.100.1/24 dev ours0", "192.0.2.1/32 dev ours0", "192.0.2.2/32 dev ours0",
		"192.0.2.1/24 dev other0", "192.0.2.1/24 dev ours0"} {
		ip(t, "addr add "+a)
	}
	if err := h.DeleteAddress(Address{Prefix: prefix("192.0.2.1/24"), Dev: "ours0"}); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, dev := range []string{"ours0", "other0"} {
		list, err := h.Addresses(dev)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			got += fmt.Sprintf("%s %s %v;", a.Dev, a.Prefix, a.Peer)
		}
	}
	const want = "ours0 192.0.2.1/24 198.51.100.1/24;ours0 192.0.2.1/32 invalid Prefix;ours0 192.0.2.2/32 invalid Prefix;other0 192.0.2.1/24 invalid Prefix;"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := h.Addresses("nowhere0"); !errors.Is(err, unix.ENODEV) {
		t.Errorf("addresses of an interface that does not exist: %v, want ENODEV", err)
	}
}

// TestAddresses reads back every option that was written.
func TestAddresses(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	ip(t, "link add ours0 type veth peer name ours0-peer")
	want := []Address{
		{Prefix: prefix("192.0.2.1/24"), Dev: "ours0", Broadcast: netip.MustParseAddr("192.0.2.255"), Scope: unix.RT_SCOPE_LINK,
			Label: "ours0:a", NoPrefixRoute: true, PreferredLife: Forever},
		{Prefix: prefix("192.0.2.9/32"), Peer: prefix("198.51.100.9/32"), Dev: "ours0", Label: "ours0", PreferredLife: Forever},
		{Prefix: prefix("2001:db8::1/128"), Dev: "ours0", NoDAD: true, PreferredLife: 0},
		{Prefix: prefix("2001:db8:1::1/64"), Dev: "ours0", NoDAD: true, HomeAddress: true, MngTmpAddr: true, NoPrefixRoute: true, PreferredLife: Forever},
	}
	for _, a := range want {
		if err := h.AddAddress(a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := h.Addresses("ours0")
	if err != nil {
		t.Fatal(err)
	}
	less := func(a, b Address) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) }
	slices.SortFunc(got, less)
	slices.SortFunc(want, less)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestManyAddresses holds the cost of the additions of one instance with the greatest number of addresses, and of
// reading a thousand.
func TestManyAddresses(t *testing.T) {
	enterNamespace(t)
	h := open(t)
	ip(t, "link add ours0 type veth peer name ours0-peer")
	ip(t, "link set ours0 up")
	address := func(i int) Address {
		return Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32), Dev: "ours0"}
	}
	start := time.Now()
	for i := range 255 {
		if err := h.AddAddress(address(i)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("255 additions: %v", time.Since(start))
	for i := range 1000 {
		if err := h.AddAddress(address(i)); err != nil {
			t.Fatal(err)
		}
	}
	start = time.Now()
	s, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("reading 1000: %v", time.Since(start))
	count := map[netip.Prefix]int{}
	for _, p := range s.ByName["ours0"].Addresses {
		count[p]++
	}
	for i := range 1000 {
		if count[address(i).Prefix] != 1 {
			t.Fatalf("%s is there %d times", address(i).Prefix, count[address(i).Prefix])
		}
	}
	for i := range 1000 {
		if err := h.DeleteAddress(address(i)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.Addresses("ours0")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Prefix.Addr().Is4() {
			t.Errorf("still there: %v", a)
		}
	}
}
