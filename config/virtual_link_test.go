package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// TestVirtualLinks has the names, parents and MAC addresses of the links that a configuration brings along, and where its
// addresses go.
func TestVirtualLinks(t *testing.T) {
	const ok, warn = parser.StatusOK, parser.StatusConfig
	four := "virtual_ipaddress {\n192.0.2.1\n}\n"
	six := "virtual_ipaddress {\nfe80::1\n}\n"
	for _, c := range []struct {
		name, global string
		instances    []string // each is the lines of one with VRID 51
		want         string
		status       parser.Status
	}{
		{"none", "", []string{four}, "192.0.2.1 eth0", ok},
		{"IPv4", "", []string{"use_vmac\n" + four}, "vrrp.51@eth0 00005e000133 4; 192.0.2.1 vrrp.51", ok},
		{"IPv6", "", []string{"use_vmac\n" + six}, "vrrp.51@eth0 00005e000233 6 IPv6; fe80::1 vrrp.51", ok},
		{"both", "", []string{"use_vmac\n" + four, "use_vmac\n" + six, "interface eth1\nuse_vmac\n" + six, "interface eth2\nuse_vmac\n" + four},
			"vrrp.51@eth0 00005e000133 4; 192.0.2.1 vrrp.51; vrrp6.51@eth0 00005e000233 6 IPv6; fe80::1 vrrp6.51; " +
				"vrrp1.51@eth1 00005e000233 6 IPv6; fe80::1 vrrp1.51; vrrp2.51@eth2 00005e000133 4; 192.0.2.1 vrrp2.51", ok},
		{"named", "vmac_prefix p\n", []string{"use_vmac name group 02:00:00:00:00:01\n" + four}, "group@eth0 020000000001 4; 192.0.2.1 group", ok},
		{"five octets", "vmac_prefix averylongprefix\n", []string{"use_vmac 2:0:0:0:f\n" + four}, "averylongpre.51@eth0 020000000f33 4; 192.0.2.1 averylongpre.51", ok},
		{"strict", "vrrp_strict\n", []string{"priority 255\nuse_vmac 2:0:0:0:f\n" + four}, "vrrp.51@eth0 00005e000133 4; 192.0.2.1 vrrp.51", warn},
		{"taken", "", []string{"use_vmac taken.51\n" + four}, "vrrp.51@eth0 00005e000133 4; 192.0.2.1 vrrp.51", warn},
		{"generated taken", "vmac_prefix taken\n", []string{"use_vmac\n" + four}, "taken1.51@eth0 00005e000133 4; 192.0.2.1 taken1.51", ok},
		{"found", "", []string{"interface old0\nuse_vmac\n" + four}, "found@old0 00005e000133 4; 192.0.2.1 found", ok},
		{"other addresses stay", "", []string{"use_vmac\nvirtual_ipaddress {\n192.0.2.1\n192.0.2.2 dev eth1\n}\nvirtual_ipaddress_excluded {\nfe80::2\n}\n"},
			"vrrp.51@eth0 00005e000133 4 IPv6; 192.0.2.1 vrrp.51; 192.0.2.2 eth1; fe80::2 eth0", ok},
		{"use_vmac_addr", "vmac_addr_prefix a\n", []string{"use_vmac\nuse_vmac_addr\nvirtual_ipaddress {\n192.0.2.1\n192.0.2.2 dev eth1\n192.0.2.3 dev eth1\n}\nvirtual_ipaddress_excluded {\nfe80::2\n}\n"},
			"vrrp.51@eth0 00005e000133 4 IPv6; a.51@eth1 00005e000133 4; a6.51@eth0 00005e000233 6 IPv6; 192.0.2.1 vrrp.51; 192.0.2.2 a.51; 192.0.2.3 a.51; fe80::2 a6.51", ok},
		{"use_vmac of addresses", "", []string{"virtual_ipaddress {\n192.0.2.1 use_vmac\n192.0.2.2 dev eth1 use_vmac\n192.0.2.3 dev eth1\n}\n"},
			"vrrp.51@eth0 00005e000133 4; vrrp1.51@eth1 00005e000133 4; 192.0.2.1 vrrp.51; 192.0.2.2 vrrp1.51; 192.0.2.3 eth1", ok},
		{"said twice", "", []string{"use_vmac\nvirtual_ipaddress {\n192.0.2.1 use_vmac\n}\n"}, "vrrp.51@eth0 00005e000133 4; 192.0.2.1 vrrp.51", warn},
		{"ipvlan", "", []string{"use_ipvlan 192.0.2.9/24 private\n" + four}, "vrrp.51@eth0 private 192.0.2.9/24; 192.0.2.1 eth0", ok},
		{"ipvlan without address", "", []string{"use_ipvlan i0\n" + four}, "i0@eth0  invalid Prefix; 192.0.2.1 eth0", warn},
	} {
		env := Env{
			Interface: func(n string) (Interface, bool) {
				return Interface{MTU: 1500}, strings.HasPrefix(n, "eth") || n == "taken.51" || n == "old0"
			},
			VMAC: func(parent string, mac [6]byte) string {
				return map[string]string{"old0": "found"}[parent]
			},
		}
		text := "global_defs {\n" + c.global + "}\n"
		for i, lines := range c.instances {
			if !strings.Contains(lines, "interface") {
				lines = "interface eth0\n" + lines
			}
			text += fmt.Sprintf("vrrp_instance V%d {\nvirtual_router_id 51\nversion 3\n%s}\n", i, lines)
		}
		got, diags := decodeOn(t, text, env)
		if s := status(diags); s != c.status {
			t.Errorf("%s: status %d, want %d: %v", c.name, s, c.status, diags)
		}
		var all []string
		for _, in := range got.Instances {
			all = append(all, linksText(in)...)
		}
		if text := strings.Join(all, "; "); text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, text, c.want)
		}
	}
}

func linksText(in Instance) (list []string) {
	for _, l := range append([]VirtualLink{in.Own}, in.AddressLinks...) {
		text := fmt.Sprintf("%s@%s %x %d", l.Name, l.Parent, l.MAC, l.Family)
		if l.IPVLAN {
			text = fmt.Sprintf("%s@%s %s %s", l.Name, l.Parent, l.Mode, l.Address)
		} else if l.IPv6 {
			text += " IPv6"
		}
		if l.Name != "" {
			list = append(list, text)
		}
	}
	for _, a := range slices.Concat(in.Addresses, in.ExcludedAddresses) {
		list = append(list, fmt.Sprintf("%s %s", a.Prefix.Addr(), a.Place(&in)))
	}
	return list
}

// TestGeneratesName knows the names of VMACs without a configured one.
func TestGeneratesName(t *testing.T) {
	for _, c := range []struct {
		name string
		want bool
	}{
		{"vrrp.51", true}, {"vrrp6.51", true}, {"vrrp12.51", true}, {"addr.51", true}, {"addr1.51", true},
		{"vrrp.52", false}, {"vrrp.510", false}, {"vrrp51", false}, {"vrrpx.51", false}, {"vrrp999.51", false}, {"mine0", false}, {".51", false}, {"", false},
	} {
		g := Global{VMACPrefix: "vrrp", VMACAddrPrefix: "addr"}
		if got := g.GeneratesName(c.name, 51); got != c.want {
			t.Errorf("%q: %v", c.name, got)
		}
		g = Global{VMACPrefix: "vrrp"}
		if got := g.GeneratesName(c.name, 51); got != (c.want && strings.HasPrefix(c.name, "vrrp")) {
			t.Errorf("%q without another prefix: %v", c.name, got)
		}
	}
	long := Global{VMACPrefix: "averylongprefix"}
	if name := "averylongpr6.51"; !long.GeneratesName(name, 51) {
		t.Errorf("%s: not known", name)
	}
}
