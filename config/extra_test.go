package config

import "testing"

// TestExtraIf has garp_extra_if with and without interfaces that it is for.
func TestExtraIf(t *testing.T) {
	for _, row := range []struct {
		global, words, addresses string
		want                     ExtraIf
	}{
		{"", "garp_extra_if all 5", "192.168.4.80 dev eth1", ExtraIf{true, some(5)}},
		{"", "garp_extra_if all 5", "192.168.4.80", ExtraIf{}},
		{"", "garp_extra_if 5", "192.168.4.80 dev eth1", ExtraIf{}},
		{"vrrp_garp_extra_if all 7", "", "192.168.4.80 dev eth1", ExtraIf{true, some(7)}},
		{"vrrp_garp_extra_if all 7", "garp_extra_if 0", "192.168.4.80 dev eth1", ExtraIf{}},
		{"vrrp_garp_extra_if 7", "", "192.168.4.80 dev eth1", ExtraIf{}},
		{"vrrp_garp_extra_if all 7", "", "192.168.4.80", ExtraIf{}},
		{"vrrp_vmac_garp_intvl 7", "vmac_garp_intvl all 3", "192.168.4.80\n192.168.4.81 dev eth1", ExtraIf{true, some(3)}},
		{"vrrp_garp_extra_if 7", "", "192.168.4.80 dev eth1 use_vmac", ExtraIf{false, some(7)}},
		{"", "use_vmac\nvmac_xmit_base\ngarp_extra_if 7", "192.168.4.80", ExtraIf{false, some(7)}},
		{"", "use_vmac\ngarp_extra_if 7", "192.168.4.80", ExtraIf{}},
	} {
		text := "global_defs {\n" + row.global + "\n}\nvrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\n" + row.words +
			"\nvirtual_ipaddress {\n" + row.addresses + "\n}\n}\n"
		c, _ := decodeText(t, text)
		if len(c.Instances) != 1 || c.Instances[0].GARPExtraIf != row.want {
			t.Errorf("%q, %q, %q: %+v", row.global, row.words, row.addresses, c.Instances)
		}
	}
}
