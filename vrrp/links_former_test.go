package vrrp

import (
	"strings"
	"testing"
	"time"

	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
)

// Modes of a macvlan (linux/if_link.h).
var (
	private = netif.Mode{Known: true, Mode: 1}
	bridge  = netif.Mode{Known: true, Mode: 4}
)

// TestVMACFormer has macvlans with the virtual MAC address on the interface. Those that a dead process has left make way.
func TestVMACFormer(t *testing.T) {
	other := vmacInstance()
	other.Name, other.Interface, other.Own.Name, other.Own.Parent = "VI_2", "low0", "vrrp2.51", "low0"
	for name, c := range map[string]struct {
		link  string
		mode  netif.Mode
		stays bool
	}{
		"by its name":           {"vrrp6.51", private, false},
		"reported":              {"reported", private, false},
		"somebody else's":       {"mine0", private, true},
		"of another mode":       {"vrrp6.51", bridge, true},
		"of another VRID":       {"vrrp.52", private, true},
		"wanted by another":     {"vrrp2.51", private, true},
		"below that of another": {"low0", private, true},
	} {
		inBubble(t, func(t *testing.T) {
			_, a, v := newVirtualNode(t)
			twin := netif.Link{Index: 50, Name: c.link, Kind: "macvlan", Mode: c.mode, Parent: 2, HardwareAddr: vmacInstance().Own.MAC, Up: true, Running: true}
			a.links.state = linkState(true, "192.168.4.100/24")
			a.links.state.ByIndex[50], a.links.state.ByName[c.link] = twin, twin
			in := vmacInstance()
			in.Own.Name = "own"
			in.Addresses[0].Link = "own"
			cfg := configOf(in)
			cfg.Global.VMACPrefix, cfg.Global.DynamicInterfaces = "vrrp", true
			if strings.HasPrefix(name, "wanted") || strings.HasPrefix(name, "below") {
				cfg.Instances = append(cfg.Instances, other)
			}
			a.start(cfg, map[string]InstanceState{"former": {Links: []netif.VirtualLink{{Name: "reported"}}}})
			settle(3 * time.Second)
			if _, there := a.links.state.ByName[c.link]; there != c.stays {
				t.Errorf("%s: %s is there: %v; %s", name, c.link, there, v.all())
			}
			a.stop()
		})
	}
}

// TestVMACFormerLater has one turn up that was not there at the start.
func TestVMACFormerLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, a, v := newVirtualNode(t)
		in := vmacInstance()
		in.Own.Name = "own"
		in.Addresses[0].Link = "own"
		cfg := configOf(in)
		cfg.Global.VMACPrefix = "vrrp"
		a.start(cfg, nil)
		settle(time.Second)
		v.all()
		twin := a.links.state.ByName["own"]
		twin.Index, twin.Name, twin.Mode = 50, "vrrp.51", private
		a.links.put(twin)
		settle(time.Second)
		if got := v.all(); got != "" {
			t.Errorf("while it is in nobody's way: %s", got)
		}
		a.links.take("own")
		settle(time.Second)
		if got := v.all(); got != "remove vrrp.51, set own" {
			t.Errorf("when it is: %s", got)
		}
		expectState(t, a, fsm.Master)
		a.stop()
	})
}
