package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

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
	rename := func(from, to string) {
		t.Logf("%s is called %s", from, to)
		n.must(web1.IP(n.context(time.Second), "link set %s down", from))
		n.must(web1.IP(n.context(time.Second), "link set %s name %s", from, to))
		n.must(web1.IP(n.context(time.Second), "link set %s up", to))
	}

	mark := daemon.Lines.Len()
	rename("lan1", "lan8")
	_, err := daemon.WaitLine(n.context(time.Second), mark, "(VI_1) Entering FAULT STATE")
	n.must(err)
	n.nobodyOn(s, web1, time.Second)
	rename("lan8", "lan1")
	n.vmacOn(web1, "lan1", s.dialect.masterDown(high))

	mark = daemon.Lines.Len()
	rename("lan1", "lan8")
	_, err = daemon.WaitLine(n.context(time.Second), mark, "(VI_1) Entering FAULT STATE")
	n.must(err)
	rename("lan2", "lan1")
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
