package e2e

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestVMACReload adds a second instance with a VMAC, changes its MAC address and takes it away; the first one sees nothing.
func TestVMACReload(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	s := vmacStyles[1]
	n := newDualNetwork(t, s.dialect)
	web1 := n.web[0]
	one := s.config(0, "MASTER", high)
	with := func(extra string) string {
		return one + s.dialect.instance("VI_2", vrid+1, "MASTER", high, "192.168.4.85", extra)
	}
	daemon := n.start(web1, ours, one)
	n.holdsAll(s, web1, s.dialect.masterDown(high))
	index, changes, mark := n.linkIndex(web1, vmacName), web1.Addresses.Len(), n.Frames.Len()
	for _, step := range []struct {
		config, mac string
	}{
		{with("use_vmac second\n"), "00:00:5e:00:01:34"},
		{with("use_vmac second 02:00:00:00:00:99\n"), "02:00:00:00:00:99"},
		{with(""), ""},
		{with("use_vmac second\n"), "00:00:5e:00:01:34"},
		{one, ""},
	} {
		n.must(daemon.Reconfigure(step.config))
		n.must(lab.Until(n.context(time.Second), "the second VMAC to be "+step.mac, func() error {
			got := n.output(web1, "ip -o link show dev second 2>/dev/null || true")
			on := n.output(web1, "ip -o addr show | grep -w 192.168.4.85 || true")
			switch {
			case step.mac == "" && got != "", !strings.Contains(got, step.mac):
				return fmt.Errorf("the link is %q", got)
			case step.mac != "" && !strings.Contains(on, "second"), step.config == one && on != "":
				return fmt.Errorf("the address is on %q", on)
			}
			return nil
		}))
	}
	n.must(second(n, n.Frames.Len()))
	if now := n.linkIndex(web1, vmacName); now != index {
		t.Errorf("%s was interface %d, is %d", vmacName, index, now)
	}
	for _, c := range web1.Addresses.Since(changes) {
		if !c.Present && slices.Contains(s.addresses(), c.Address) {
			t.Errorf("%s left at %v", c.Address, c.Time)
		}
	}
	for _, f := range n.adverts(mark, web1, vrid) {
		if a, _ := f.Advert(); a.Priority == 0 {
			t.Error("the first instance said goodbye")
		}
	}
	n.stop(daemon)
	n.noVMAC(web1, ours)
}

// TestVMACLost deletes the VMAC of a Master, then its parent, and brings the parent back.
func TestVMACLost(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	s := vmacStyles[1]
	n := newDualNetwork(t, s.dialect)
	web1 := n.web[0]
	n.must(web1.AddInterface("lan1"))
	n.must(web1.IP(n.context(time.Second), "addr add 192.168.9.1/24 dev lan1"))
	config := "global_defs {\ndynamic_interfaces\n}\n" + strings.Replace(s.config(0, "MASTER", high), "eth0", "lan1", 1)
	daemon := n.start(web1, ours, config)
	n.hasFirst(s, web1, s.dialect.masterDown(high))

	index := n.linkIndex(web1, vmacName)
	n.must(web1.IP(n.context(time.Second), "link del %s", vmacName))
	again := func(what string) {
		n.must(lab.Until(n.context(time.Second), "the address on a new VMAC after "+what, func() error {
			on := n.output(web1, "ip -o addr show dev %s 2>/dev/null || true", vmacName)
			if n.linkIndex(web1, vmacName) == index || !strings.Contains(on, vip.String()) {
				return errors.New(on)
			}
			return nil
		}))
		index = n.linkIndex(web1, vmacName)
	}
	again("it was deleted")

	n.must(web1.IP(n.context(time.Second), "link del lan1"))
	n.must(lab.Until(n.context(time.Second), "Fault", func() error {
		if !strings.Contains(daemon.Output(), "Entering FAULT STATE") {
			return errors.New("not yet")
		}
		return nil
	}))
	n.must(web1.AddInterface("lan1"))
	n.must(web1.IP(n.context(time.Second), "addr add 192.168.9.1/24 dev lan1"))
	again("its parent came back")
	n.stop(daemon)
	n.noVMAC(web1, ours)
}

// TestVMACCleanedUp kills the VRRP process of a daemon that is to end: its VMAC is cleaned up.
func TestVMACCleanedUp(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	s := vmacStyles[1]
	n := newDualNetwork(t, s.dialect)
	web1 := n.web[0]
	daemon := n.start(web1, ours, s.config(0, "MASTER", high))
	n.hasFirst(s, web1, s.dialect.masterDown(high))
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.must(unix.Kill(daemon.Pid(), unix.SIGSTOP))
	n.must(unix.Kill(child, unix.SIGKILL))
	n.must(unix.Kill(daemon.Pid(), unix.SIGTERM))
	n.must(unix.Kill(daemon.Pid(), unix.SIGCONT))
	_, _, err = daemon.Wait(n.context(time.Second))
	n.must(err)
	n.must(lab.Until(n.context(time.Second), "the VMAC to be gone", func() error {
		if n.linkIndex(web1, vmacName) != 0 {
			return errors.New("it is there")
		}
		return nil
	}))
	n.clean(s, web1)
	n.noVMAC(web1, ours)
}

// TestVMACNameTaken has another kind of interface with the name that is configured.
func TestVMACNameTaken(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := vmacStyles[1]
			n := newDualNetwork(t, s.dialect)
			web1 := n.web[0]
			n.must(web1.AddInterface("wan1"))
			n.must(web1.IP(n.context(time.Second), "link add %s type veth peer name wan2", vmacName))
			config := strings.Replace(s.config(0, "MASTER", high), "use_vmac\n", "use_vmac wan1\n", 1)
			daemon := n.start(web1, p, config)
			n.hasFirst(s, web1, s.dialect.masterDown(high))
			on := n.output(web1, "ip -o addr show | grep -w %s", vip)
			if !strings.Contains(on, "vrrp1."+fmt.Sprint(vrid)) {
				t.Errorf("the address is on %s", on)
			}
			n.stop(daemon)
			if n.linkIndex(web1, "wan1") == 0 || n.linkIndex(web1, vmacName) == 0 {
				t.Error("a foreign interface is gone")
			}
		})
	}
}

// TestVMACTraffic has a client talk to the address of a VMAC on a host that checks the way back of packets, kills the
// VRRP process meanwhile, and looks whether the host is left as it was.
func TestVMACTraffic(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := vmacStyles[1]
			s.dialect = dialect{"v3", 3, time.Second, "version 3\nadvert_int 1\n"}
			n := newDualNetwork(t, s.dialect)
			web1 := n.web[0]
			n.must(web1.Sysctl(n.context(time.Second), "net/ipv4/conf/all/rp_filter", "1"))
			filters := func() string {
				return n.output(web1, "cd /proc/sys/net/ipv4/conf && grep . all/rp_filter default/rp_filter lo/rp_filter eth0/rp_filter")
			}
			before := filters()
			daemon := n.start(web1, p, s.config(0, "MASTER", 255))
			n.hasFirst(s, web1, s.dialect.interval)
			listener, err := web1.Listen("tcp", net.JoinHostPort(vip.String(), "80"))
			n.must(err)
			defer func() { _ = listener.Close() }()
			reach := func() {
				t.Helper()
				conn, err := n.client.Dial(n.context(time.Second), "tcp", listener.Addr().String())
				n.must(err)
				_ = conn.Close()
			}
			reach()
			if p.Name != "debian" {
				n.must(second(n, n.Frames.Len())) // by then its parent knows that it is Master
				child, err := daemon.VRRPChild(n.context(time.Second), 0)
				n.must(err)
				n.must(unix.Kill(child, unix.SIGKILL))
				_, err = daemon.VRRPChild(n.context(time.Second), child)
				n.must(err)
				n.says(daemon, "Resuming as MASTER", s.dialect.interval)
				reach()
			}
			n.stop(daemon)
			n.noVMAC(web1, p)
			if after := filters(); after != before {
				t.Errorf("rp_filter was\n%sand is\n%s", before, after)
			}
		})
	}
}
