package vrrp

import (
	"fmt"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
)

// pace is how far apart announcements are to be on the interfaces that share it.
type pace struct {
	name      string
	garp, gna time.Duration // 0: at once
}

// interval is the distance of a family's announcements.
func (p pace) interval(v6 bool) time.Duration {
	if v6 {
		return p.gna
	}
	return p.garp
}

// paces are those of a configuration.
type paces struct {
	grouped map[string]pace // by interface
	other   pace            // of every other interface by itself
}

// pacesOf reads the paces of a configuration. A group that has no interval for a family sends it at once, whatever
// global_defs says: that is upstream's way.
func pacesOf(cfg config.Config) paces {
	p := paces{grouped: map[string]pace{}, other: pace{garp: cfg.Global.GARPInterval, gna: cfg.Global.GNAInterval}}
	for i, g := range cfg.GARPGroups {
		for _, name := range g.Interfaces {
			p.grouped[name] = pace{name: fmt.Sprintf("group %d", i), garp: g.GARPInterval.Value, gna: g.GNAInterval.Value}
		}
	}
	return p
}

// of is the pace of an interface.
func (p paces) of(device string) pace {
	if of, ok := p.grouped[device]; ok {
		return of
	}
	of := p.other
	of.name = "interface " + device
	return of
}

// paceDevice is the interface whose pace a link keeps: a MAC VLAN or IP VLAN sends through the one below it.
func paceDevice(links netif.State, link netif.Link) string {
	if parent, ok := links.ByIndex[link.Parent]; ok && link.Stacked() {
		return parent.Name
	}
	return link.Name
}
