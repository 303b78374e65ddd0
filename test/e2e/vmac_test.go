package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// vmacName is what both programs call the VMAC of the tests.
var vmacName = fmt.Sprintf("vrrp.%d", vrid)

// both has the same lines in the instances of both servers.
func both(lines string) [2]string { return [2]string{lines, lines} }

// sixAlone are excluded addresses of one family, so that none of them is on the base interface.
var sixAlone = []string{"fd00::81/64"}

var vmacStyles = []style{
	{"v2", dialects[0], both("use_vmac\n"), fourVIPs, nil, false},
	{"v3", fast, both("use_vmac\n"), fourVIPs, []string{"192.168.4.82/24"}, false},
	{"v3 over the base", fast, both("use_vmac\nvmac_xmit_base\n"), fourVIPs, nil, false},
	{"IPv6", fast, both("use_vmac\n"), sixVIPs, sixAlone, false},
	{"IPv6 over the base", fast, both("use_vmac\nvmac_xmit_base\n"), sixVIPs, sixAlone, false},
	{"MAC of its own", fast, both("use_vmac 02:00:00:00:00:77\n"), fourVIPs, nil, false},
	{"unicast", fast, peers(fours, "use_vmac\nvmac_xmit_base\n"), fourVIPs, nil, false},
}

// virtualMAC is the MAC address of the VMAC.
func (s style) virtualMAC() net.HardwareAddr {
	switch {
	case strings.Contains(s.extra[0], "02:00"):
		return net.HardwareAddr{2, 0, 0, 0, 0, 0x77}
	case strings.Contains(s.vips[0], ":"):
		return net.HardwareAddr{0, 0, 0x5e, 0, 2, vrid}
	}
	return net.HardwareAddr{0, 0, 0x5e, 0, 1, vrid}
}

// output runs a command on a host.
func (n *network) output(host *lab.Host, command string, args ...any) string {
	n.t.Helper()
	status, out, err := host.Run(n.context(time.Second), "/bin/sh", []string{"-c", fmt.Sprintf(command, args...)}, nil)
	if err != nil || status != 0 {
		n.t.Fatalf("%s: %s, status %d, %v: %s", host.Name, command, status, err, out)
	}
	return out
}

// linkIndex is the number of an interface of a host, 0 when there is none of that name.
func (n *network) linkIndex(host *lab.Host, name string) int {
	n.t.Helper()
	var list []struct {
		Index int    `json:"ifindex"`
		Name  string `json:"ifname"`
	}
	n.must(json.Unmarshal([]byte(n.output(host, "ip -j link")), &list))
	for _, l := range list {
		if l.Name == name {
			return l.Index
		}
	}
	return 0
}

// noVMAC checks that a program has left nothing of a VMAC on a host. Version 2.2.7 forgets the settings of the parent.
func (n *network) noVMAC(host *lab.Host, p lab.Program) {
	n.t.Helper()
	if n.linkIndex(host, vmacName) != 0 {
		n.t.Errorf("%s still has %s", host.Name, vmacName)
	}
	if p.Name == "debian" {
		return
	}
	for _, name := range []string{"arp_ignore", "arp_filter"} {
		if got := strings.TrimSpace(n.output(host, "cat /proc/sys/net/ipv4/conf/eth0/%s", name)); got != "0" {
			n.t.Errorf("%s of eth0 on %s is %s", name, host.Name, got)
		}
	}
}

// virtualNeighbours waits until the client has the virtual MAC address for every address.
func (n *network) virtualNeighbours(s style, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), "the client's neighbour table to have the virtual MAC address", func() error {
		for _, a := range s.addresses() {
			got, err := n.client.Neighbour(a)
			if err != nil {
				return err
			}
			if got == nil {
				n.greet(s) // the client has given it up meanwhile
			}
			if !bytes.Equal(got, s.virtualMAC()) {
				return fmt.Errorf("it says %v of %s", got, a)
			}
		}
		return nil
	}))
}

// TestVMAC has the life of two servers that share a MAC address, with both programs in both roles.
func TestVMAC(t *testing.T) {
	t.Parallel()
	for role, programs := range roles() {
		for _, s := range vmacStyles[:5] {
			t.Run(role+" "+s.name, func(t *testing.T) {
				t.Parallel()
				vmacLife(newDualNetwork(t, s.dialect), s, programs)
			})
		}
	}
}

func vmacLife(n *network, s style, programs [2]lab.Program) {
	d, web1, web2 := s.dialect, n.web[0], n.web[1]
	first := n.start(web1, programs[0], s.config(0, "MASTER", high))
	other := n.start(web2, programs[1], s.config(1, "BACKUP", low))
	n.holdsAll(s, web1, d.masterDown(high))
	n.greet(s)
	n.virtualNeighbours(s, d.interval)

	n.t.Log("the Master's cable is cut, and mended")
	mark := n.Frames.Len()
	n.must(web1.Cut())
	n.advert(mark, web2, d.masterDown(low), "an advert", lives)
	n.holdsAll(s, web2, d.interval)
	n.virtualNeighbours(s, d.interval)
	n.must(web1.Mend())
	n.holdsAll(s, web1, d.masterDown(high))
	n.virtualNeighbours(s, d.interval)

	n.t.Log("the Master is stopped, and started again")
	mark = n.Frames.Len()
	n.stop(first)
	n.clean(s, web1)
	n.noVMAC(web1, programs[0])
	n.advert(mark, web2, d.skew(low), "an advert", lives)
	n.holdsAll(s, web2, d.interval)
	n.virtualNeighbours(s, d.interval)
	first = n.start(web1, programs[0], s.config(0, "MASTER", high))
	n.holdsAll(s, web1, d.masterDown(high))

	n.t.Log("the Master is killed with all its processes, and started again")
	n.must(first.KillAll(n.context(time.Second)))
	n.hasFirst(s, web2, d.masterDown(low))
	first = n.start(web1, programs[0], s.config(0, "MASTER", high))
	n.holdsAll(s, web1, d.masterDown(high))
	n.virtualNeighbours(s, d.interval)
	for _, daemon := range []*lab.Daemon{first, other} {
		n.stop(daemon)
	}
	for _, host := range n.web {
		n.clean(s, host)
		if n.linkIndex(host, vmacName) != 0 {
			n.t.Errorf("%s still has %s", host.Name, vmacName)
		}
	}
	n.quiet()
}

// TestVMACEqual starts both programs with the same configuration on equal hosts and compares the frames that they send,
// with their source MAC addresses, and what the kernel says of the VMAC.
func TestVMACEqual(t *testing.T) {
	t.Parallel()
	for _, s := range vmacStyles {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got, want := vmacTraces(t, s, ours), vmacTraces(t, s, peer)
			if least := 2 + len(s.addresses()); len(want) < least {
				t.Errorf("only %d traces of %s", len(want), peer.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("they differ\n%s:\n%s\n%s:\n%s", ours.Name, strings.Join(got, "\n"), peer.Name, strings.Join(want, "\n"))
			}
		})
	}
}

// vmacTraces lets one program become Master at once and leave, and returns what can be seen of it.
func vmacTraces(t *testing.T, s style, p lab.Program) []string {
	t.Helper()
	n := newDualNetwork(t, s.dialect)
	web1 := n.web[0]
	daemon := n.start(web1, p, s.config(0, "MASTER", 255))
	n.advert(0, web1, s.dialect.interval, "an advert", lives)
	n.holdsAll(s, web1, s.dialect.interval)
	n.must(second(n, n.Frames.Len())) // those of the next slot, after all announcements of the first moment
	traces := n.vmacState(web1)
	mark := n.Frames.Len()
	n.stop(daemon)
	n.advert(mark, web1, s.dialect.interval, "a farewell", farewell)
	n.noVMAC(web1, p)
	var kinds []string
	host, err := web1.HardwareAddress()
	n.must(err)
	for _, f := range n.Frames.Since(0) {
		kind := normal6(t, f)
		if f.From != "web1" || kind == "" {
			continue
		}
		from := "the host"
		if mac := f.Data[6:12]; !bytes.Equal(mac, host) {
			from = hex.EncodeToString(mac)
		}
		if kind = from + " sends " + kind; !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return append(kinds, traces...)
}

// vmacState is what the kernel says of the VMAC, of its addresses, and of the settings of it and of its parent, without
// what is different each time.
func (n *network) vmacState(host *lab.Host) (lines []string) {
	n.t.Helper()
	var links []map[string]any
	n.must(json.Unmarshal([]byte(n.output(host, "ip -d -j addr show dev %s", vmacName)), &links))
	for _, l := range links {
		addresses, _ := l["addr_info"].([]any)
		for _, a := range addresses {
			one, _ := a.(map[string]any)
			delete(one, "protocol") // Debian's program does not say that the address is keepalived's
			text, err := json.Marshal(one)
			n.must(err)
			lines = append(lines, string(text))
		}
		for _, key := range []string{"ifindex", "addr_info", "link_index"} {
			delete(l, key)
		}
		text, err := json.Marshal(l)
		n.must(err)
		lines = append(lines, string(text))
	}
	six := strings.Contains(strings.Join(lines, ""), "inet6")
	for _, family := range []string{"ipv4", "ipv6"} {
		for _, dev := range []string{vmacName, "eth0"} {
			for line := range strings.Lines(n.output(host, "cd /proc/sys/net/%s/conf/%s && grep -s . * || true", family, dev)) {
				// Version 2.2.7 lets a VMAC of IPv6 answer for the IPv4 addresses of its parent; 2.4 does not.
				if !(six && dev == vmacName && strings.HasPrefix(line, "arp_ignore")) {
					lines = append(lines, dev+" "+family+" "+strings.TrimSpace(line))
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// TestVMACChildKilled kills our VRRP process while it is Master: the next one takes the VMAC over as it is.
func TestVMACChildKilled(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, s := range vmacStyles[1:5] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.dialect = dialect{"v3", 3, time.Second, "version 3\nadvert_int 1\n"} // time enough for a successor on a busy machine
			n := newDualNetwork(t, s.dialect)
			d, web1, web2 := s.dialect, n.web[0], n.web[1]
			daemon := n.start(web1, ours, s.config(0, "MASTER", high))
			n.start(web2, peer, s.config(1, "BACKUP", low))
			n.holdsAll(s, web1, d.masterDown(high))
			began, changes, index := n.Frames.Len(), web1.Addresses.Len(), n.linkIndex(web1, vmacName)
			child := 0
			for range 3 {
				var err error
				child, err = daemon.VRRPChild(n.context(d.interval), child)
				n.must(err)
				mark := n.Frames.Len()
				n.must(unix.Kill(child, unix.SIGKILL))
				_, err = daemon.VRRPChild(n.context(d.interval), child)
				n.must(err)
				n.advert(mark, web1, d.interval, "an advert after the crash", lives)
			}
			n.must(second(n, n.Frames.Len()))
			if taken := n.adverts(began, web2, vrid); len(taken) > 0 {
				t.Errorf("the peer became Master: %d adverts", len(taken))
			}
			for _, c := range web1.Addresses.Since(changes) {
				if !c.Present && slices.Contains(s.addresses(), c.Address) {
					t.Errorf("%s left at %v", c.Address, c.Time)
				}
			}
			if now := n.linkIndex(web1, vmacName); now != index {
				t.Errorf("%s was interface %d, is %d", vmacName, index, now)
			}
			n.stop(daemon)
			n.clean(s, web1)
			n.noVMAC(web1, ours)
		})
	}
}
