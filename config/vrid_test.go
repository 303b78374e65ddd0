package config

import (
	"testing"

	"keepalived-go/parser"
)

// A macvlan is no other network than the interface below it. With IPv6 that counts only for interfaces of instances' own.
func TestVRIDOnBase(t *testing.T) {
	env := Env{Interface: func(n string) (Interface, bool) {
		return map[string]Interface{"eth0": {MTU: 1500}, "mv0": {MTU: 1500, VMAC: true, Base: "eth0"}, "far0": {MTU: 1500, VMAC: true}}[n], true
	}}
	const error4, error6, note6 = "(B) uses VRID 1 with IPv4 on interface eth0, and so does A", "(B) uses VRID 1 with IPv6 on interface eth0, and so does A",
		"(B) uses VRID 1 with IPv6 on the network of interface eth0, and so does A"
	const xmitBase = "use_vmac\nvmac_xmit_base\n"
	for _, row := range []struct{ name, address, extra1, extra2, says string }{
		{"mv0", "10.0.0.", "", "", error4},
		{"mv0", "10.0.0.", "use_vmac\n", "", error4},
		{"far0", "10.0.0.", "", "", ""},
		{"mv0", "fe80::", "", "", note6},
		{"mv0", "fe80::", "use_vmac\n", "", note6},
		{"mv0", "fe80::", "use_vmac\n", "use_vmac\n", error6},
		{"mv0", "fe80::", "", xmitBase, note6},
		{"eth0", "fe80::", "", xmitBase, error6},
		{"mv0", "fe80::", "use_vmac\n", xmitBase, error6},
		{"eth0", "fe80::", "", "", error6},
		{"eth0", "fe80::", "", "use_vmac\n", note6},
		{"far0", "fe80::", "use_vmac\n", "use_vmac\n", ""},
	} {
		instance := func(name, dev, extra, address string) string {
			return "vrrp_instance " + name + " {\ninterface " + dev + "\nvirtual_router_id 1\n" + extra + "virtual_ipaddress {\n" + address + "\n}\n}\n"
		}
		c, diags := decodeOn(t, instance("A", "eth0", row.extra1, row.address+"1")+instance("B", row.name, row.extra2, row.address+"2"), env)
		refused := row.says == error4 || row.says == error6
		if !says(diags, row.says) || row.says == "" && says(diags, "uses VRID") || (len(c.Instances) == 1) != refused || (status(diags) == parser.StatusConfig) != refused {
			t.Errorf("%+v: %v", row, diags)
		}
	}
}
