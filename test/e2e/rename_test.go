package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestInterfaceRenamed gives the interface of a Master another name, so quickly that its daemon sees nothing in between:
// it takes the addresses off, its peer becomes Master, and it comes back with the name.
func TestInterfaceRenamed(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		for _, s := range []style{{"plain", fast, [2]string{}, fourVIPs, nil, false}, vmacStyles[1]} {
			t.Run(p.Name+" "+s.name, func(t *testing.T) {
				t.Parallel()
				interfaceRenamed(newDualNetwork(t, s.dialect), s, p)
			})
		}
	}
}

func interfaceRenamed(n *network, s style, p lab.Program) {
	d, web1, web2 := s.dialect, n.web[0], n.web[1]
	daemon := n.start(web1, p, s.config(0, "MASTER", high))
	n.hasFirst(s, web1, d.masterDown(high))
	backup := n.start(web2, ours, s.config(1, "BACKUP", low))
	n.says(backup, "(VI_1) Entering BACKUP STATE", d.masterDown(low))
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	rename := func(from, to string) {
		n.t.Helper()
		n.must(unix.Kill(child, unix.SIGSTOP))
		n.rename(web1, from, to)
		n.must(unix.Kill(child, unix.SIGCONT))
	}
	mark := daemon.Lines.Len()
	rename("eth0", "lan8")
	_, err = daemon.WaitLine(n.context(time.Second), mark, "(VI_1) Entering FAULT STATE")
	n.must(err)
	n.nobodyOn(s, web1, time.Second)
	n.hasFirst(s, web2, d.masterDown(low))
	rename("lan8", "eth0")
	n.hasFirst(s, web1, d.masterDown(high))
	n.nobodyOn(s, web2, d.interval)
	if p.Name == peer.Name || checksItself() {
		return // Debian's knows its VMAC no more
	}
	n.t.Log("it has the other name at the end")
	mark = daemon.Lines.Len()
	rename("eth0", "lan8")
	_, err = daemon.WaitLine(n.context(time.Second), mark, "(VI_1) Entering FAULT STATE")
	n.must(err)
	n.stop(daemon)
	n.must(lab.Until(n.context(time.Second), "the interface to be as it was", func() error {
		for _, name := range []string{"arp_ignore", "arp_filter"} {
			if got := strings.TrimSpace(n.output(web1, "cat /proc/sys/net/ipv4/conf/lan8/%s", name)); got != "0" {
				return fmt.Errorf("%s of lan8 is %s", name, got)
			}
		}
		if n.output(web1, "ip -o link show | grep vrrp || true") != "" {
			return errors.New("its VMAC is left")
		}
		return nil
	}))
}

// rename gives an interface of a host another name, for which it is down a moment.
func (n *network) rename(host *lab.Host, from, to string) {
	n.t.Helper()
	n.t.Logf("%s is called %s", from, to)
	for _, words := range []string{from + " down", from + " name " + to, to + " up"} {
		n.must(host.IP(n.context(time.Second), "link set %s", words))
	}
}

// TestVMACParentRenamed renames the interface below the VMAC of a Master: the instance is in Fault while nothing has
// the name, and comes back with it. When another interface takes the name, the VMAC moves to that one.
func TestVMACParentRenamed(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	s := vmacStyles[1]
	n := newDualNetwork(t, s.dialect)
	web1 := n.web[0]
	for i, dev := range []string{"lan1", "lan2"} {
		n.must(web1.AddInterface(dev))
		n.must(web1.IP(n.context(time.Second), "addr add 192.168.%d.1/24 dev %s", 8+i, dev))
	}
	daemon := n.start(web1, ours, strings.Replace(s.config(0, "MASTER", high), "eth0", "lan1", 1))
	n.vmacOn(web1, "lan1", s.dialect.masterDown(high))
	mark := daemon.Lines.Len()
	n.rename(web1, "lan1", "lan8")
	_, err := daemon.WaitLine(n.context(time.Second), mark, "(VI_1) Entering FAULT STATE")
	n.must(err)
	n.nobodyOn(s, web1, time.Second)
	n.rename(web1, "lan8", "lan1")
	n.vmacOn(web1, "lan1", s.dialect.masterDown(high))

	mark = daemon.Lines.Len()
	n.rename(web1, "lan1", "lan8")
	_, err = daemon.WaitLine(n.context(time.Second), mark, "(VI_1) Entering FAULT STATE")
	n.must(err)
	n.rename(web1, "lan2", "lan1")
	n.vmacOn(web1, "lan1", s.dialect.masterDown(high))
	n.stop(daemon)
	n.noVMAC(web1, ours)
}

// vmacOn waits until a host has the address on a VMAC of an interface.
func (n *network) vmacOn(host *lab.Host, parent string, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), "the address on a VMAC of "+parent, func() error {
		link := n.output(host, "ip -o link show dev %s 2>/dev/null || true", vmacName)
		on := n.output(host, "ip -o addr show dev %s 2>/dev/null || true", vmacName)
		if !strings.Contains(link, "@"+parent+":") || !strings.Contains(on, vip.String()) {
			return fmt.Errorf("the link is %q with %q", link, on)
		}
		return nil
	}))
}
