package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// announcedAt lists what a host has announced since, as the last byte of each address with its time.
func announcedAt(lan *wire.LAN, host string, since time.Time) string {
	var said []string
	for _, f := range lan.Frames() {
		if f.From == host && f.Address.IsValid() && !f.Time.Before(since) {
			b := f.Address.AsSlice()
			said = append(said, fmt.Sprintf("%d@%v", b[len(b)-1], f.Time.Sub(since).Round(time.Millisecond)))
		}
	}
	return strings.Join(said, " ")
}

// twoLinks has eth0 with an address of its own and eth1.
func twoLinks(extra ...netif.Link) netif.State {
	s := linkState(true, "192.168.4.1/24")
	for _, l := range append(extra, netif.Link{Index: 3, Name: "eth1", MTU: 1500, Up: true, Running: true, HardwareAddr: [6]byte{2, 0, 0, 0, 0, 2}}) {
		s.ByIndex[l.Index], s.ByName[l.Name] = l, l
	}
	return s
}

// owner is an instance that becomes Master at once, with one burst of announcements.
func owner(vrid uint8, repeat int, addresses ...string) config.Instance {
	in := instance(255, time.Second)
	in.Name, in.VRID = fmt.Sprintf("VI_%d", vrid), vrid
	in.GARP = config.GARP{MasterRepeat: repeat}
	in.Addresses = nil
	for _, a := range addresses {
		address, dev, _ := strings.Cut(a, " ")
		if dev == "" {
			dev = "eth0"
		}
		in.Addresses = append(in.Addresses, config.Address{Prefix: netip.MustParsePrefix(address), Dev: dev})
	}
	return in
}

func paceGroup(interval time.Duration, interfaces ...string) config.GARPGroup {
	return config.GARPGroup{Interfaces: interfaces, GARPInterval: config.Optional[time.Duration]{Set: true, Value: interval}}
}

// TestPaces has announcements that keep a distance: per interface, per group, each family by itself.
func TestPaces(t *testing.T) {
	const three = "192.168.4.80/32"
	for _, row := range []struct {
		name string
		cfg  func() config.Config
		want string
	}{
		{"none", func() config.Config { return configOf(owner(1, 2, three, "192.168.4.81/32")) }, "80@0s 81@0s 80@0s 81@0s"},
		{"one after the other, all before any again", func() config.Config {
			c := configOf(owner(1, 2, three, "192.168.4.81/32", "192.168.4.82/32"))
			c.Global.GARPInterval = 300 * time.Millisecond
			return c
		}, "80@0s 81@300ms 82@600ms 80@900ms 81@1.2s 82@1.5s"},
		{"instances of an interface share its pace", func() config.Config {
			c := configOf(owner(1, 1, three), owner(2, 1, "192.168.4.81/32"))
			c.Global.GARPInterval = time.Second
			return c
		}, "80@0s 81@1s"},
		{"interfaces have a pace each", func() config.Config {
			c := configOf(owner(1, 1, three, "192.168.4.81/32", "192.168.4.90/32 eth1", "192.168.4.91/32 eth1"))
			c.Global.GARPInterval = time.Second
			return c
		}, "80@0s 90@0s 81@1s 91@1s"},
		{"a link above another one keeps its pace", func() config.Config {
			c := configOf(owner(1, 1, three, "192.168.4.95/32 vlan0"))
			c.Global.GARPInterval = time.Second
			return c
		}, "80@0s 95@1s"},
		{"a group shares one", func() config.Config {
			c := configOf(owner(1, 1, three, "192.168.4.90/32 eth1"))
			c.GARPGroups = []config.GARPGroup{paceGroup(2*time.Second, "eth0", "eth1")}
			return c
		}, "80@0s 90@2s"},
		{"a group of its own pace beside the rest", func() config.Config {
			c := configOf(owner(1, 1, three, "192.168.4.81/32", "192.168.4.90/32 eth1", "192.168.4.91/32 eth1"))
			c.Global.GARPInterval = time.Second
			c.GARPGroups = []config.GARPGroup{paceGroup(0, "eth1")}
			return c
		}, "80@0s 90@0s 91@0s 81@1s"},
		{"neighbour advertisements have a pace of their own", func() config.Config {
			in := owner(1, 1, three, "192.168.4.81/32")
			in.ExcludedAddresses = []config.Address{{Prefix: netip.MustParsePrefix("fd00::1/64"), Dev: "eth0"}, {Prefix: netip.MustParsePrefix("fd00::2/64"), Dev: "eth0"}}
			c := configOf(in)
			c.Global.GARPInterval, c.Global.GNAInterval = time.Second, 2*time.Second
			return c
		}, "1@0s 80@0s 81@1s 2@2s"},
		{"a group without an interval for a family does not hold it up", func() config.Config {
			in := owner(1, 1, three)
			in.ExcludedAddresses = []config.Address{{Prefix: netip.MustParsePrefix("fd00::1/64"), Dev: "eth0"}, {Prefix: netip.MustParsePrefix("fd00::2/64"), Dev: "eth0"}}
			c := configOf(in)
			c.Global.GNAInterval = time.Second
			c.GARPGroups = []config.GARPGroup{paceGroup(time.Second, "eth0")}
			return c
		}, "1@0s 2@0s 80@0s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lan := wire.NewLAN()
				a := newNode(t, lan, "a", "192.168.4.1/24")
				a.links.state = twoLinks(netif.Link{Index: 4, Name: "vlan0", Kind: "macvlan", Parent: 2, MTU: 1500, Up: true, Running: true, HardwareAddr: [6]byte{2, 0, 0, 0, 0, 3}})
				began := time.Now()
				a.start(row.cfg(), nil)
				settle(5 * time.Second)
				if got := sorted(announcedAt(lan, "a", began)); got != sorted(row.want) {
					t.Errorf("announced %s\nwant      %s", got, sorted(row.want))
				}
				if times, _ := adverts(lan, "a", began); len(times) < 5 || times[len(times)-1]-times[0] != 4*time.Second {
					t.Errorf("adverts left at %v", times)
				}
				a.stop()
			})
		})
	}
}

// sorted puts what was announced at the same moment into one order: that of several lanes is not defined.
func sorted(said string) string {
	words := strings.Fields(said)
	at := func(w string) time.Duration {
		_, when, _ := strings.Cut(w, "@")
		d, _ := time.ParseDuration(when)
		return d
	}
	slices.SortStableFunc(words, func(a, b string) int { return int(at(a) - at(b)) })
	for i := 0; i < len(words); {
		j := i
		for j < len(words) && at(words[j]) == at(words[i]) {
			j++
		}
		slices.Sort(words[i:j])
		i = j
	}
	return strings.Join(words, " ")
}

// TestPaceLeaves has a Master that leaves with announcements in the queue: none is sent of an address that is gone. As
// Master again it announces all of them, at the same pace.
func TestPaceLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.1/24")
		c := configOf(owner(1, 5, "192.168.4.80/32", "192.168.4.81/32"), owner(2, 3, "192.168.4.70/32"))
		c.Instances[0].TrackInterfaces = []config.Track{{Name: "eth1"}}
		c.Instances[0].Addresses[0].Dev, c.Instances[0].Addresses[1].Dev = "eth0", "eth0"
		c.Global.GARPInterval = time.Second
		a.links.state = twoLinks()
		began := time.Now()
		a.start(c, nil)
		settle(1500 * time.Millisecond)
		down := twoLinks()
		link := down.ByName["eth1"]
		link.Running = false
		down.ByName["eth1"], down.ByIndex[3] = link, link
		a.links.report(down, nil)
		settle(10 * time.Second)
		if a.has("192.168.4.80/32") || a.has("192.168.4.81/32") {
			t.Error("the addresses are still there")
		}
		if got := announcedAt(lan, "a", began); got != "80@0s 81@1s 70@2s 70@3s 70@4s" {
			t.Errorf("announced %s", got)
		}
		again := time.Now()
		a.links.report(twoLinks(), nil)
		settle(5 * time.Second)
		if got := strings.Fields(announcedAt(lan, "a", again)); len(got) < 2 || !strings.HasPrefix(got[0], "80@") || !strings.HasPrefix(got[1], "81@") {
			t.Errorf("announced %s as Master again", got)
		}
		a.stop()
	})
}

// TestPaceReload gives the queue another pace, and takes one of the addresses out.
func TestPaceReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.1/24")
		c := configOf(owner(1, 2, "192.168.4.80/32", "192.168.4.81/32", "192.168.4.82/32"))
		c.Global.GARPInterval = time.Hour
		began := time.Now()
		a.start(c, nil)
		settle(10 * time.Second)
		c = configOf(owner(1, 2, "192.168.4.80/32", "192.168.4.82/32"))
		c.GARPGroups = []config.GARPGroup{paceGroup(time.Second, "eth0")}
		if err := a.engine.Reload(c); err != nil {
			t.Fatal(err)
		}
		settle(10 * time.Second)
		if got := announcedAt(lan, "a", began); got != "80@0s 82@10s 80@11s 82@12s" {
			t.Errorf("announced %s", got)
		}
		expectState(t, a, fsm.Master)
		a.stop()
	})
}

// TestPaceOfAMissingInterface has the interface of the queue refuse to send: that is said once, and the queue is empty.
func TestPaceOfAMissingInterface(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.1/24")
		c := configOf(owner(1, 5, "192.168.4.80/32", "192.168.4.81/32"))
		c.Global.GARPInterval = time.Second
		a.host.SetDown(true)
		a.start(c, nil)
		settle(20 * time.Second)
		if a.lines.count("announcing 192.168.4.80 on eth0") != 1 || a.lines.count("announcing 192.168.4.81 on eth0") != 1 {
			t.Errorf("log:\n%s", strings.Join(a.lines.lines, "\n"))
		}
		a.stop()
	})
}

// TestExtraInterfaces announces one address of each interface without adverts.
func TestExtraInterfaces(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan := wire.NewLAN()
		a := newNode(t, lan, "a", "192.168.4.1/24")
		a.links.state = twoLinks()
		in := owner(1, 1, "192.168.4.80/32", "192.168.4.90/32 eth1", "192.168.4.91/32 eth1")
		in.GARPExtraIf = config.ExtraIf{All: true, Interval: config.Optional[int]{Set: true, Value: 2}}
		began := time.Now()
		a.start(configOf(in), nil)
		settle(5 * time.Second)
		if got := announcedAt(lan, "a", began); got != "80@0s 90@0s 91@0s 90@2s 90@4s" {
			t.Errorf("announced %s", got)
		}
		a.stop()
	})
}
