package status

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

// scopeNames are the scopes of addresses that have a name in every system.
var scopeNames = map[uint8]string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}

func scopeName(scope uint8) string {
	if name, ok := scopeNames[scope]; ok {
		return name
	}
	return fmt.Sprint(scope)
}

// prefixText is an address with its prefix length, which a single address is written without.
func prefixText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// addressTexts are addresses of an instance with " set" behind those that are on their interfaces, and another word
// where packets to them are dropped, which tells by what.
func addressTexts(list []config.Address, in *vrrp.InstanceView, v vrrp.View) []string {
	dropped := " nftable_set"
	if v.Config.Global.VRRPIPTables.In != "" {
		dropped = " iptable_set"
	}
	out := make([]string, 0, len(list))
	for i := range list {
		line := addressText(&list[i], in.Config.Interface)
		if in.Machine.State == fsm.Master && installed(&list[i], in.Config.Interface, v.Links) {
			line += " set"
		}
		if in.Machine.State == fsm.Master && in.Config.Refuses() {
			line += dropped
		}
		out = append(out, line)
	}
	return out
}

// installed tells whether an interface has the address.
func installed(a *config.Address, device string, links netif.State) bool {
	if a.Link != "" {
		device = a.Link
	} else if a.Dev != "" {
		device = a.Dev
	}
	return slices.ContainsFunc(links.ByName[device].Addresses, func(p netip.Prefix) bool { return p.Addr() == a.Prefix.Addr() })
}

// addressText is an address with its options; device is where it goes when the line does not tell.
func addressText(a *config.Address, device string) string {
	if a.Dev != "" {
		device = a.Dev
	}
	if a.Link != "" {
		device = a.Link + "@" + device
	}
	words := []string{prefixText(a.Prefix)}
	add := func(on bool, more ...string) {
		if on {
			words = append(words, more...)
		}
	}
	v6 := a.Prefix.Addr().Is6()
	add(!v6 && a.Broadcast.IsValid(), "brd", a.Broadcast.String())
	add(true, "dev", device)
	add(a.UseVMAC, "use_vmac")
	add(true, "scope", scopeName(a.Scope))
	add(a.Label != "", "label", a.Label)
	add(a.Peer.IsValid(), "peer", a.Peer.String())
	add(a.HomeAddress, "home")
	add(v6 && !a.NoDAD, "-nodad")
	add(a.MngTmpAddr, "mngtmpaddr")
	add(a.NoPrefixRoute, "noprefixroute")
	add(a.AutoJoin, "autojoin")
	add(a.NoTrack, "no_track")
	add(a.TrackGroup != "", "track_group", a.TrackGroup)
	switch {
	case !v6:
	case a.PreferredLife == 0:
		add(true, "deprecated")
	case a.PreferredLife == netif.Forever:
		add(true, "preferred_lft", "forever")
	default:
		add(true, "preferred_lft", fmt.Sprint(a.PreferredLife))
	}
	return strings.Join(words, " ")
}
