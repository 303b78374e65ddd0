package vrrp

import (
	"net/netip"
	"reflect"
	"testing"

	"keepalived-go/config"
	"keepalived-go/netif"
)

func TestKernelRoute(t *testing.T) {
	via := netip.MustParseAddr("192.0.2.7")
	from := config.Route{Family: 4, Type: config.RouteUnicast, Dst: netip.MustParsePrefix("198.51.100.0/24"), Via: via, Dev: "eth0", Table: 100,
		Protocol: config.ProtocolKeepalived, Metric: 5, NoTrack: true, Placement: config.RouteAppend,
		Encap: config.Encap{Type: config.EncapMPLS, Labels: []uint32{7}}, Nexthops: []config.Nexthop{{Via: via, Weight: 3}}}
	from.Metrics[config.MetricMTU] = config.Metric{Value: 1400, Set: true, Lock: true}
	want := netif.Route{Family: 4, Type: 1, Dst: from.Dst, Via: via, Dev: "eth0", Table: 100, Protocol: 18, Metric: 5, Placement: netif.Append,
		Encap: netif.Encap{Type: 1, Labels: []uint32{7}}, Nexthops: []netif.Nexthop{{Via: via, Weight: 3}}}
	want.Metrics[2] = netif.Metric{Value: 1400, Set: true, Lock: true}
	if got := KernelRoute(from); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestKernelRule(t *testing.T) {
	from := config.Rule{Family: 6, Preference: 50, Action: config.RuleGoto, Goto: 60, Not: true, IIF: "eth0",
		SrcPorts: config.Optional[config.Range[uint16]]{Value: config.Range[uint16]{First: 1, Last: 2}, Set: true}, Protocol: 18}
	want := netif.Rule{Family: 6, Preference: 50, Action: 2, Goto: 60, Not: true, IIF: "eth0",
		SrcPorts: netif.Optional[[2]uint16]{Value: [2]uint16{1, 2}, Set: true}, Protocol: 18}
	if got := KernelRule(from); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
