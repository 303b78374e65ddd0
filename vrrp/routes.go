package vrrp

import (
	"keepalived-go/config"
	"keepalived-go/netif"
)

// KernelRoute is a route as the kernel takes it. What is tracked or not is no matter of the kernel's.
func KernelRoute(r config.Route) netif.Route {
	out := netif.Route{
		Family: r.Family, Type: r.Type, Dst: r.Dst, From: r.From, Via: r.Via, Src: r.Src, Dev: r.Dev, Table: r.Table, VRF: r.VRF,
		Protocol: r.Protocol, Scope: r.Scope, TOS: r.TOS, Metric: r.Metric, Realms: r.Realms, OnLink: r.OnLink,
		Encap: kernelEncap(r.Encap), Expires: netif.Optional[uint32](r.Expires), Pref: netif.Optional[uint8](r.Pref),
		TTL: netif.Optional[bool](r.TTLPropagate), CongCtl: r.CongCtl, Placement: netif.Placement(r.Placement),
	}
	for i, m := range r.Metrics {
		out.Metrics[i] = netif.Metric(m)
	}
	for _, h := range r.Nexthops {
		out.Nexthops = append(out.Nexthops, netif.Nexthop{
			Via: h.Via, Dev: h.Dev, Weight: h.Weight, OnLink: h.OnLink, Encap: kernelEncap(h.Encap), Realms: h.Realms})
	}
	return out
}

func kernelEncap(e config.Encap) netif.Encap {
	return netif.Encap{
		Type: uint8(e.Type), ID: netif.Optional[uint64](e.ID), Dst: e.Dst, Src: e.Src, TOS: netif.Optional[uint8](e.TOS),
		TTL: netif.Optional[uint8](e.TTL), Flags: netif.Optional[uint16](e.Flags), Labels: e.Labels, Locator: e.Locator,
	}
}

// KernelRule is a rule as the kernel takes it.
func KernelRule(r config.Rule) netif.Rule {
	return netif.Rule{
		Family: r.Family, Preference: r.Preference, Action: uint8(r.Action), Table: r.Table, Goto: r.Goto, Not: r.Not,
		From: r.From, To: r.To, IIF: r.IIF, OIF: r.OIF, TOS: r.TOS, FWMark: netif.Optional[uint32](r.FWMark),
		FWMask: netif.Optional[uint32](r.FWMask), TunnelID: r.TunnelID, UIDs: kernelRange(r.UIDs),
		IPProto: netif.Optional[uint8](r.IPProto), SrcPorts: kernelRange(r.SrcPorts), DstPorts: kernelRange(r.DstPorts),
		L3MDev: r.L3MDev, Realms: r.Realms, SuppressPrefixLength: netif.Optional[uint32](r.SuppressPrefixLength),
		SuppressGroup: netif.Optional[uint32](r.SuppressGroup), Protocol: r.Protocol,
	}
}

func kernelRange[T uint16 | uint32](r config.Optional[config.Range[T]]) netif.Optional[[2]T] {
	return netif.Optional[[2]T]{Value: [2]T{r.Value.First, r.Value.Last}, Set: r.Set}
}
