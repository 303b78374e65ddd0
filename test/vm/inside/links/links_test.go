package links

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// patience is how long anything may take in an emulated machine.
const patience = time.Minute

// config has an ipvlan of each kind, and a VMAC on an interface that belongs to a VRF.
const config = `vrrp_instance FOUR {
	interface eth0
	virtual_router_id 61
	version 3
	advert_int 0.1
	priority %[1]d
	use_ipvlan %[2]s/24
	virtual_ipaddress {
		192.168.4.80
	}
}
vrrp_instance VEPA {
	interface lan1
	virtual_router_id 62
	version 3
	priority 255
	use_ipvlan named vepa 192.168.5.9/24
	virtual_ipaddress {
		192.168.5.80
	}
}
vrrp_instance SIX {
	interface lan2
	virtual_router_id 63
	version 3
	priority 255
	use_ipvlan six fe80::77/64 private
	virtual_ipaddress {
		fe80::80/64
	}
}
vrrp_instance VRF {
	interface lan3
	virtual_router_id 64
	version 3
	priority 255
	use_vmac
	virtual_ipaddress {
		192.168.8.80
	}
}
`

// made are the interfaces that the configuration brings along.
var made = []string{"vrrp.61", "named", "six", "vrrp.64"}

// programs are ours and Debian's.
func programs(t *testing.T) (list [2]lab.Program) {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	for i, variable := range []string{"KEEPALIVED_OURS", "KEEPALIVED_PEER"} {
		if list[i], err = lab.Choose(root, variable, []string{"ours", "debian"}[i]); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// machine is a host with the interfaces of the configuration.
type machine struct {
	*lab.Host
	t   *testing.T
	ctx context.Context
}

func (m machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func newMachine(t *testing.T, ctx context.Context, l *lab.Lab, name, address string) machine {
	t.Helper()
	host, err := l.AddHost(name, netip.MustParsePrefix(address))
	m := machine{host, t, ctx}
	m.must(err)
	m.must(m.IP(ctx, "link add vrf1 type vrf table 10"))
	m.must(m.IP(ctx, "link set vrf1 up"))
	for _, dev := range []string{"lan1", "lan2", "lan3"} {
		m.must(m.AddInterface(dev))
	}
	m.must(m.IP(ctx, "link set lan3 master vrf1"))
	m.must(m.IP(ctx, "addr add 192.168.8.1/24 dev lan3"))
	return m
}

// links is what ip says of the interfaces that were made, without what is different each time.
func (m machine) links() ([]string, error) {
	status, out, err := m.Run(m.ctx, "/bin/sh", []string{"-c", "ip -d -j addr"}, nil)
	if err != nil || status != 0 {
		return nil, fmt.Errorf("ip: status %d, %w: %s", status, err, out)
	}
	var all []map[string]any
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return nil, err
	}
	var lines []string
	for _, l := range all {
		name, _ := l["ifname"].(string)
		if !slices.Contains(made, name) {
			continue
		}
		// The kernel works out the state of an interface that is up at its leisure, up to a second later: whether
		// it is known by now says nothing of who made the interface. That it has a carrier is in its flags.
		for _, key := range []string{"ifindex", "link_index", "operstate"} {
			delete(l, key)
		}
		if !strings.HasPrefix(name, "vrrp.64") {
			delete(l, "address") // that of the parent
		}
		list, _ := l["addr_info"].([]any)
		l["addr_info"] = slices.DeleteFunc(list, func(a any) bool {
			one, _ := a.(map[string]any)
			delete(one, "protocol")
			return one["local"] != "fe80::77" && one["family"] == "inet6" // what the kernel makes out of the MAC address
		})
		text, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		lines = append(lines, string(text))
	}
	slices.Sort(lines)
	return lines, nil
}

// holds waits until the machine has every address, or none of them.
func (m machine) holds(all bool, addresses ...string) {
	m.t.Helper()
	m.must(lab.Until(m.ctx, "the addresses", func() error {
		for _, a := range addresses {
			if has, err := m.Holds(netip.MustParseAddr(a)); err != nil || has != all {
				return errors.Join(err, fmt.Errorf("%s has %s: %v", m.Name, a, has))
			}
		}
		return nil
	}))
}

func start(t *testing.T, m machine, p lab.Program, priority int, address string) *lab.Daemon {
	t.Helper()
	d, err := m.Keepalived(p, fmt.Sprintf(config, priority, address))
	m.must(err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(d.Output())
		}
	})
	return d
}

// TestLinksEqual compares the interfaces that both programs make.
func TestLinksEqual(t *testing.T) {
	var got [2][]string
	for i, p := range programs(t) {
		l, err := lab.New()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		m := newMachine(t, ctx, l, "web1", "192.168.4.100/24")
		d := start(t, m, p, 255, "192.168.4.9")
		m.holds(true, "192.168.4.80", "192.168.5.80", "fe80::80", "192.168.8.80", "192.168.4.9", "fe80::77")
		got[i], err = m.links()
		m.must(err)
		if len(got[i]) != len(made) {
			t.Errorf("%s has made %d interfaces", p.Name, len(got[i]))
		}
		_, _, err = d.Stop(ctx)
		m.must(err)
		if left, err := m.links(); err != nil || len(left) > 0 {
			t.Errorf("%s has left %q, %v", p.Name, left, err)
		}
		cancel()
		l.Close()
	}
	if !slices.Equal(got[0], got[1]) {
		t.Errorf("they differ:\n%s\n\n%s", strings.Join(got[0], "\n"), strings.Join(got[1], "\n"))
	}
}

// TestIPVLANTakeover has two servers with ipvlans, both programs in both roles.
func TestIPVLANTakeover(t *testing.T) {
	both := programs(t)
	for role, order := range map[string][2]lab.Program{"ours first": both, "peer first": {both[1], both[0]}} {
		t.Run(role, func(t *testing.T) {
			l, err := lab.New()
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			web1 := newMachine(t, ctx, l, "web1", "192.168.4.100/24")
			web2 := newMachine(t, ctx, l, "web2", "192.168.4.200/24")
			first := start(t, web1, order[0], 200, "192.168.4.9")
			other := start(t, web2, order[1], 100, "192.168.4.19")
			web1.holds(true, "192.168.4.80")
			web2.holds(false, "192.168.4.80")
			_, _, err = first.Stop(ctx)
			web1.must(err)
			web2.holds(true, "192.168.4.80")
			web1.holds(false, "192.168.4.80", "192.168.4.9")
			_, _, err = other.Stop(ctx)
			web1.must(err)
		})
	}
}

// modeConfig has one ipvlan.
const modeConfig = `vrrp_instance MODE {
	interface lan1
	virtual_router_id 62
	version 3
	advert_int 0.1
	priority 255
	use_ipvlan named %s 192.168.5.9/24
	virtual_ipaddress {
		192.168.5.80
	}
}
`

// TestIPVLANMode has an ipvlan in another mode than is configured: one that was there, after a reload, and because somebody
// has changed it. The instance is not disturbed.
func TestIPVLANMode(t *testing.T) {
	ours := programs(t)[0]
	if ours.Name == "debian" {
		t.Log("no program of ours to test")
		return
	}
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m := newMachine(t, ctx, l, "web1", "192.168.4.100/24")
	is := func(mode string) {
		t.Helper()
		m.must(lab.Until(ctx, "the mode", func() error {
			status, out, err := m.Run(ctx, "/bin/sh", []string{"-c", "ip -d link show dev named"}, nil)
			if err != nil || status != 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), "ipvlan mode "+mode) {
				return errors.Join(err, fmt.Errorf("no mode %s: %s", mode, out))
			}
			return nil
		}))
	}
	m.must(m.IP(ctx, "link add named link lan1 type ipvlan mode l3 vepa"))
	d, err := m.Keepalived(ours, fmt.Sprintf(modeConfig, "bridge"))
	m.must(err)
	is("l2 bridge")
	m.holds(true, "192.168.5.9", "192.168.5.80")
	for _, mode := range []string{"private", "vepa"} {
		m.must(d.Reconfigure(fmt.Sprintf(modeConfig, mode)))
		is("l2 " + mode)
	}
	m.must(m.IP(ctx, "link set named type ipvlan mode l3 bridge"))
	is("l2 vepa")
	m.holds(true, "192.168.5.9", "192.168.5.80")
	_, _, err = d.Stop(ctx)
	m.must(err)
	if out := d.Output(); strings.Count(out, "Entering FAULT STATE") > 0 || strings.Count(out, "Entering MASTER STATE") != 1 {
		t.Errorf("the instance was disturbed: %s", out)
	}
}

// vrfConfig is unicast in a VRF, without an interface.
const vrfConfig = `vrrp_instance VRF {
	virtual_router_id 71
	version 3
	advert_int 0.2
	priority %d
	vrf lan
	unicast_src_ip %s
	unicast_peer {
		%s
	}
	virtual_ipaddress {
		192.168.4.81 dev eth0
	}
}
`

// TestUnicastInVRF has two servers whose interface belongs to a VRF. (Debian's version needs an interface for unicast.)
func TestUnicastInVRF(t *testing.T) {
	ours := programs(t)[0]
	if ours.Name == "debian" {
		t.Log("no program of ours to test")
		return
	}
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addresses := [2]string{"192.168.4.100", "192.168.4.200"}
	var web [2]machine
	var daemons [2]*lab.Daemon
	for i := range web {
		web[i] = newMachine(t, ctx, l, fmt.Sprintf("web%d", i+1), addresses[i]+"/24")
		web[i].must(web[i].IP(ctx, "link add lan type vrf table 20"))
		web[i].must(web[i].IP(ctx, "link set lan up"))
		web[i].must(web[i].IP(ctx, "link set eth0 master lan"))
		daemons[i], err = web[i].Keepalived(ours, fmt.Sprintf(vrfConfig, 200-100*i, addresses[i], addresses[1-i]))
		web[i].must(err)
	}
	web[0].holds(true, "192.168.4.81")
	web[1].holds(false, "192.168.4.81")
	web[0].must(web[0].IP(ctx, "link del lan"))
	web[1].holds(true, "192.168.4.81")
	web[0].holds(false, "192.168.4.81")
	for i := range web {
		_, _, err := daemons[i].Stop(ctx)
		web[i].must(err)
	}
}
