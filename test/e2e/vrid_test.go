package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestVRIDOnMacvlan has one VRID on an interface and on macvlans of it, which Debian's refuses with IPv4, and with IPv6
// where both have a VMAC.
func TestVRIDOnMacvlan(t *testing.T) {
	t.Parallel()
	n := newDualNetwork(t, dialects[0])
	web := n.web[0]
	for i, name := range []string{"mv0", "mv1"} {
		n.must(web.IP(n.context(time.Second), "link add link eth0 name %s type macvlan mode bridge", name))
		n.must(web.IP(n.context(time.Second), "link set %s up", name))
		n.must(web.IP(n.context(time.Second), "addr add 192.168.4.%d/24 dev %s", 101+i, name))
	}
	const xmitBase = "use_vmac\nvmac_xmit_base\n"
	for _, row := range []struct {
		addresses       [2]string
		one, other      string // interfaces
		extra1, extra2  string
		refused, spoken bool
	}{
		{pair4, "eth0", "mv0", "", "", true, false},
		{pair4, "mv0", "eth0", "", "", true, false},
		{pair4, "mv0", "mv1", "", "", true, false},
		{pair4, "eth0", "mv0", "use_vmac\n", "", true, false},
		{[2]string{pair4[0], pair6[1]}, "eth0", "mv0", "", "", false, false},
		{pair4, "eth0", "mv0", "unicast_peer {\n192.168.4.200\n}\n", "", false, false},
		{pair6, "eth0", "mv0", "", "", false, true},
		{pair6, "mv0", "mv1", "", "", false, true},
		{pair6, "mv0", "mv0", "", "", true, false},
		{pair6, "eth0", "mv0", "use_vmac\n", "", false, true},
		{pair6, "eth0", "eth0", "use_vmac\n", "", false, true},
		{pair6, "eth0", "mv0", "use_vmac\n", "use_vmac\n", true, false},
		{pair6, "eth0", "mv0", "", xmitBase, false, true},
		{pair6, "eth0", "mv0", "use_vmac\n", xmitBase, true, false},
		{pair6, "eth0", "mv0", xmitBase, xmitBase, true, false},
	} {
		name := strings.ReplaceAll(fmt.Sprintf("%v on %s %q and %s %q", row.addresses, row.one, row.extra1, row.other, row.extra2), "\n", " ")
		instance := func(name, dev, address, extra string) string {
			return fmt.Sprintf("vrrp_instance %s {\ninterface %s\nvirtual_router_id %d\n%svirtual_ipaddress {\n%s\n}\n}\n", name, dev, vrid, extra, address)
		}
		path, err := web.Write("vrid.conf", instance("A", row.one, row.addresses[0], row.extra1)+instance("B", row.other, row.addresses[1], row.extra2), 0o644)
		n.must(err)
		want := 0
		if row.refused {
			want = 5
		}
		for _, p := range []lab.Program{ours, peer} {
			if status, said := n.configTest(p, path); status != want {
				t.Errorf("%s: status %d of %s, want %d: %s", name, status, p.Name, want, said)
			} else if p.Name == "ours" && strings.Contains(said, "each hears the adverts for the other") != row.spoken {
				t.Errorf("%s: ours says %s", name, said)
			}
		}
	}
}

// Two addresses of each family, for instances beside each other.
var pair4, pair6 = [2]string{"192.168.4.80", "192.168.4.81"}, [2]string{"fe80::80", "fe80::81"}
