package vrrp

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// fakeVirtual makes virtual links in the view of fakeLinks.
type fakeVirtual struct {
	mu    sync.Mutex
	links *fakeLinks
	calls []string
	err   error
	unfit bool // links are without a parent
	late  bool // links are seen after the answer
	saved map[string]netif.ARPMode
	index int
}

func (v *fakeVirtual) Set(l netif.VirtualLink) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls = append(v.calls, "set "+l.Name)
	if v.err != nil {
		return false, v.err
	}
	v.saved[l.Parent] = netif.ARPMode{}
	if l.Fits(v.links.state) {
		if have := v.links.state.ByName[l.Name]; l.IPVLAN {
			have.Mode = netif.Mode{Known: true, Flags: l.IPVLANFlags}
			v.links.put(have)
		}
		return false, nil
	}
	v.index++
	parent := v.links.state.ByName[l.Parent]
	link := netif.Link{Index: 100 + v.index, Name: l.Name, Kind: "macvlan", Parent: parent.Index, HardwareAddr: l.MAC, Up: true, Running: parent.Running}
	if l.IPVLAN {
		link.Kind, link.Mode = "ipvlan", netif.Mode{Known: true, Flags: l.IPVLANFlags}
	}
	if v.unfit {
		link.Parent = 0
	}
	if l.Address.Prefix.IsValid() {
		link.Addresses = []netip.Prefix{l.Address.Prefix}
	}
	if v.late {
		time.AfterFunc(time.Millisecond, func() { v.links.put(link) })
	} else {
		v.links.put(link)
	}
	return true, nil
}

func (v *fakeVirtual) RemoveAll(list []netif.VirtualLink) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, l := range list {
		v.calls = append(v.calls, "remove "+l.Name)
		v.links.take(l.Name)
	}
	return nil
}

func (v *fakeVirtual) Adopt(l netif.VirtualLink, before netif.ARPMode) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.saved[l.Parent] = before
	v.calls = append(v.calls, "adopt "+l.Name)
}

func (v *fakeVirtual) Saved() map[string]netif.ARPMode {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.saved)
}

func (v *fakeVirtual) AdoptRPFilter(*netif.RPFilter) {}

// all are the calls since the last one of it.
func (v *fakeVirtual) all() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	calls := strings.Join(v.calls, ", ")
	v.calls = nil
	return calls
}

// put and take change the view by one link.
func (l *fakeLinks) put(link netif.Link) {
	s := netif.State{ByIndex: maps.Clone(l.state.ByIndex), ByName: maps.Clone(l.state.ByName)}
	s.ByIndex[link.Index], s.ByName[link.Name] = link, link
	l.set(s)
}

func (l *fakeLinks) take(name string) {
	s := netif.State{ByIndex: maps.Clone(l.state.ByIndex), ByName: maps.Clone(l.state.ByName)}
	delete(s.ByIndex, s.ByName[name].Index)
	delete(s.ByName, name)
	l.set(s)
}

func (l *fakeLinks) set(s netif.State) {
	l.state = s
	l.report(s, nil)
}

// newVirtualNode is a node that can make virtual links.
func newVirtualNode(t *testing.T) (*wire.LAN, *node, *fakeVirtual) {
	lan := wire.NewLAN()
	n := newNode(t, lan, "a", "192.168.4.100/24")
	v := &fakeVirtual{links: n.links, saved: map[string]netif.ARPMode{}}
	n.virtual = v
	return lan, n, v
}

// vmacInstance is a Master with a VMAC.
func vmacInstance() config.Instance {
	in := instance(255, 100*time.Millisecond)
	in.VMAC.Use = true
	in.Own = config.VirtualLink{Name: "vrrp.51", Parent: "eth0", MAC: [6]byte{0, 0, 0x5e, 0, 1, 51}, Family: 4}
	in.Addresses[0].Link = "vrrp.51"
	return in
}

func TestVMACLife(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lan, a, v := newVirtualNode(t)
		a.start(configOf(vmacInstance()), nil)
		settle(time.Second)
		expectState(t, a, fsm.Master)
		if got := v.all(); got != "set vrrp.51" || a.lines.count("Success creating VMAC interface vrrp.51") != 1 || a.lines.count("FAULT") != 0 {
			t.Errorf("%s; %q", got, a.lines.lines)
		}
		for _, f := range lan.Frames() {
			if f.Address.IsValid() && f.Hardware != vmacInstance().Own.MAC {
				t.Errorf("announced with %x", f.Hardware)
			}
		}
		if s := a.states[0]; len(s.Links) != 1 || s.Addresses[0].Dev != "vrrp.51" {
			t.Errorf("reported %+v", s)
		}
		a.stop()
		if got := v.all(); got != "remove vrrp.51" || a.has("192.168.4.80/32") {
			t.Errorf("at the end: %s", got)
		}
	})
}

// TestVMACLost takes the VMAC away, the parent, and the carrier of each.
func TestVMACLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, a, v := newVirtualNode(t)
		a.start(configOf(vmacInstance()), nil)
		settle(time.Second)
		v.all()
		a.links.take("vrrp.51")
		settle(time.Second)
		expectState(t, a, fsm.Master)
		if got := v.all(); got != "set vrrp.51" || a.lines.count("Entering FAULT STATE") != 1 {
			t.Errorf("after a loss: %s; %q", got, a.lines.lines)
		}
		link := a.links.state.ByName["vrrp.51"]
		link.Running = false
		a.links.put(link)
		settle(time.Second)
		expectState(t, a, fsm.FaultState)
		link.Running = true
		a.links.put(link)
		settle(time.Second)
		expectState(t, a, fsm.Master)

		parent := a.links.state.ByName["eth0"]
		a.links.take("vrrp.51")
		a.links.take("eth0")
		settle(5 * time.Second)
		expectState(t, a, fsm.FaultState)
		v.all()
		parent.Index = 9
		a.links.put(parent)
		settle(time.Second)
		expectState(t, a, fsm.Master)
		if got := v.all(); got != "set vrrp.51" {
			t.Errorf("after the parent has come back: %s", got)
		}
		a.stop()
	})
}

// TestVMACRefused has a kernel that makes none, and then does.
func TestVMACRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, a, v := newVirtualNode(t)
		v.err = errors.New("no macvlan here")
		a.start(configOf(vmacInstance()), nil)
		settle(5 * time.Second)
		expectState(t, a, fsm.FaultState)
		if a.lines.count("no macvlan here") != 1 {
			t.Errorf("%q", a.lines.lines)
		}
		v.mu.Lock()
		v.err = nil
		v.mu.Unlock()
		settle(2 * time.Second)
		expectState(t, a, fsm.Master)
		a.stop()
	})
}

// TestVMACUnfit has a kernel whose links do not become what is asked for: it is asked in vain at times, not all the time.
func TestVMACUnfit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, late := range []bool{false, true} {
			_, a, v := newVirtualNode(t)
			v.unfit, v.late = true, late
			a.start(configOf(vmacInstance()), nil)
			settle(10 * time.Second)
			expectState(t, a, fsm.FaultState)
			if asked := strings.Count(v.all(), "set"); asked < 5 || asked > 12 {
				t.Errorf("seen late %v: asked %d times in 10 seconds", late, asked)
			}
			v.mu.Lock()
			v.unfit = false
			v.mu.Unlock()
			settle(2 * time.Second)
			expectState(t, a, fsm.Master)
			a.stop()
		}
	})
}

// TestVMACResume goes on with the links of a dead process as they are.
func TestVMACResume(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, a, v := newVirtualNode(t)
		a.start(configOf(vmacInstance()), nil)
		settle(time.Second)
		states := slices.Clone(a.states)
		states[0].Parents = map[string]netif.ARPMode{"eth0": {Ignore: 2}}
		lan := wire.NewLAN()
		b := newNode(t, lan, "b", "192.168.4.100/24")
		b.links.state = a.links.state
		w := &fakeVirtual{links: b.links, saved: map[string]netif.ARPMode{}}
		b.virtual = w
		b.start(configOf(vmacInstance()), map[string]InstanceState{states[0].Key: states[0]})
		settle(time.Second)
		expectState(t, b, fsm.Master)
		if got := w.all(); got != "adopt vrrp.51" || b.lines.count("Resuming as MASTER") != 1 {
			t.Errorf("%s; %q", got, b.lines.lines)
		}
		if now, err := b.engine.View(false); err != nil || now.Parents["eth0"].Ignore != 2 {
			t.Errorf("the settings of the parent: %+v, %v", now, err)
		}
		b.stop()
		v.all()
		a.stop()
	})
}

// TestVMACReload gives an instance other links, none, and gives its link to another instance.
func TestVMACReload(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, a, v := newVirtualNode(t)
		one := vmacInstance()
		a.start(configOf(one), nil)
		settle(time.Second)
		v.all()
		other := one
		other.Own.Name = "other"
		other.Addresses = []config.Address{{Prefix: one.Addresses[0].Prefix, Dev: "eth0", Link: "other"}}
		moved := one
		moved.MulticastGroup = netip.MustParseAddr("224.0.0.99")
		for _, step := range []struct {
			name string
			cfg  config.Instance
			want string
		}{
			{"same", one, ""},
			{"other name", other, "remove vrrp.51, set other"},
			{"back", one, "remove other, set vrrp.51"},
			{"to another instance", moved, ""},
		} {
			if err := a.engine.Reload(configOf(step.cfg)); err != nil {
				t.Fatal(err)
			}
			settle(time.Second)
			expectState(t, a, fsm.Master)
			if got := v.all(); got != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		}
		if err := a.engine.Reload(configOf()); err != nil {
			t.Fatal(err)
		}
		settle(time.Second)
		if got := v.all(); got != "remove vrrp.51" {
			t.Errorf("removed: %q", got)
		}
		a.stop()
	})
}

// TestIPVLANMode changes the mode of an ipvlan, by a reload and by somebody else. It is changed back, and nothing is disturbed.
func TestIPVLANMode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, a, v := newVirtualNode(t)
		in := vmacInstance()
		in.VMAC.Use, in.Own.IPVLAN, in.Own.Mode = false, true, "bridge"
		in.Own.Address = netip.MustParsePrefix("192.168.4.9/24")
		a.start(configOf(in), nil)
		settle(time.Second)
		v.all()
		is := func(flags uint16, calls string) {
			t.Helper()
			settle(2 * time.Second)
			expectState(t, a, fsm.Master)
			if m := a.links.state.ByName["vrrp.51"].Mode; m.Flags != flags || m.Mode != 0 {
				t.Errorf("it is %+v", m)
			}
			if got := v.all(); got != calls || a.lines.count("(VI_1) Entering FAULT") != 0 {
				t.Errorf("calls %q, want %q; %q", got, calls, a.lines.lines)
			}
		}
		is(netif.IPVLANBridge, "")
		in.Own.Mode = "private"
		if err := a.engine.Reload(configOf(in)); err != nil {
			t.Fatal(err)
		}
		is(netif.IPVLANPrivate, "set vrrp.51")
		link := a.links.state.ByName["vrrp.51"]
		link.Mode.Mode = 1
		a.links.put(link)
		is(netif.IPVLANPrivate, "set vrrp.51")

		other := in
		other.Name, other.VRID, other.Own.Name, other.Own.Mode = "VI_2", 52, "vrrp.52", "vepa"
		other.Own.Address = netip.MustParsePrefix("192.168.4.10/24")
		other.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("192.168.4.81/32"), Dev: "eth0", Link: "vrrp.52"}}
		if err := a.engine.Reload(configOf(in, other)); err != nil {
			t.Fatal(err)
		}
		settle(2 * time.Second)
		if got := v.all(); strings.Count(got, "set vrrp.51") != 1 || strings.Count(got, "set vrrp.52") != 1 {
			t.Errorf("two modes on an interface: %s", got)
		}
		is(netif.IPVLANVEPA, "")
		a.stop()
	})
}

// TestVMACSources has the addresses that adverts are sent from.
func TestVMACSources(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, c := range []struct {
			name, primary, want string
			base                bool
		}{
			{"that of the parent", "fe80::100/64", "fe80::100", false},
			{"made of the MAC address", "192.168.4.100/24", "fe80::ff:fe00:1", false},
			{"over the base", "fe80::100/64", "fe80::100", true},
		} {
			lan, a, _ := newVirtualNode(t)
			a.links.state = linkState(true, c.primary)
			in := vmacInstance()
			in.Family, in.VMACXmitBase, in.Own.Family, in.Own.IPv6 = 6, c.base, 6, true
			in.Addresses = []config.Address{{Prefix: netip.MustParsePrefix("fe80::80/64"), Dev: "eth0", Link: "vrrp.51"}}
			in.MulticastGroup = netip.MustParseAddr("ff02::12")
			a.start(configOf(in), nil)
			settle(time.Second)
			expectState(t, a, fsm.Master)
			got := a.links.state.ByName["vrrp.51"].Addresses
			if c.base != (len(got) == 0) || !c.base && got[0].String() != c.want+"/64" {
				t.Errorf("%s: the VMAC has %v", c.name, got)
			}
			for _, f := range lan.Frames() {
				if f.Datagram != nil && netip.AddrFrom16([16]byte(f.Datagram[8:24])).String() != c.want {
					t.Errorf("%s: sent from %x", c.name, f.Datagram[8:24])
				}
			}
			a.stop()
		}
	})
}
