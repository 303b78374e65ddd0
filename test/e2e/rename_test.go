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
		for _, c := range []string{"link set " + from + " down", "link set " + from + " name " + to, "link set " + to + " up"} {
			n.must(web1.IP(n.context(time.Second), "%s", c))
		}
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
