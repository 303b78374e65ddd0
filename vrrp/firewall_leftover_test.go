package vrrp

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp/wire"
)

// TestLeftOverGuards has addresses that are answered for dropped no more, whatever a daemon, or a process, before has left.
func TestLeftOverGuards(t *testing.T) {
	accepting := instance(100, time.Second)
	accepting.Accept = true
	both := configOf(accepting, refuse(100, time.Second))
	both.Instances[1].VRID, both.Instances[1].Name = 52, "OTHER"
	both.Instances[1].Addresses = []config.Address{{Prefix: netip.MustParsePrefix("192.168.4.81/32")}}
	for name, row := range map[string]struct {
		left   string
		config config.Config
		resume map[string]InstanceState
		want   []string
	}{
		"nothing left": {"", configOf(accepting), nil, []string{"t clear: 192.168.4.80 0 ", "delete " + theAddress}},
		"something":    {"192.168.4.80", configOf(accepting), nil, []string{"t clear: 192.168.4.80 0 ", "delete " + theAddress}},
		"one of two":   {"", both, nil, []string{"t clear: 192.168.4.80 0 ", "delete " + theAddress, "delete 192.168.4.81/32"}},
		"all refuse":   {"192.168.4.80", configOf(refuse(100, time.Second)), nil, []string{"delete " + theAddress}},
		"it goes on":   {"192.168.4.80", configOf(accepting), map[string]InstanceState{"another": {}}, []string{"t clear: 192.168.4.80 0 ", "delete " + theAddress}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n, f := newRefusingNode(t, wire.NewLAN())
				f.left = row.left
				row.config.Global.NFTables = "t"
				n.start(row.config, row.resume)
				settle(time.Second)
				n.did("at the start", row.want...)
				if said := n.lines.count("(firewall) " + errLeftOver.Error()); said > 0 != (row.left != "" && row.config.Instances[0].Accept) {
					t.Errorf("said %d times", said)
				}
				n.stop()
			})
		})
	}
}

// TestAnswered lists link-local addresses in both ways, and none that another instance refuses.
func TestAnswered(t *testing.T) {
	in := func(accept bool, addresses ...string) config.Instance {
		i := instance(100, time.Second)
		i.Accept, i.Addresses = accept, nil
		for _, a := range addresses {
			i.Addresses = append(i.Addresses, config.Address{Prefix: netip.MustParsePrefix(a)})
		}
		return i
	}
	cfg := configOf(in(true, "fe80::1/128", "fd00::1/64", "192.0.2.1/32"), in(false, "192.0.2.1/24", "192.0.2.2/24"))
	cfg.Instances[0].ExcludedAddresses = []config.Address{{Prefix: netip.MustParsePrefix("192.0.2.3/32")}}
	got := answered(cfg, linkState(true, "192.168.4.100/24"))
	link := cfg.Instances[0].Interface
	index := linkState(true, "192.168.4.100/24").ByName[link].Index
	addr := netip.MustParseAddr
	want := []firewall.Drop{{Addr: addr("192.0.2.3")}, {Addr: addr("fd00::1")}, {Addr: addr("fe80::1"), Name: link}, {Addr: addr("fe80::1"), Name: link, Index: index}}
	if !slices.Equal(got.Drops, want) || index == 0 {
		t.Errorf("%v, want %v", got.Drops, want)
	}
}
