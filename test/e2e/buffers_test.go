package e2e

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestSocketBuffers looks at the sockets of the VRRP process from outside. The kernel doubles what it is asked for.
func TestSocketBuffers(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			config := func(globals string) string {
				return "global_defs {\n" + globals + "}\n" + n.dialect.config("MASTER", high) +
					n.dialect.instance("VI_2", vrid+1, "BACKUP", high, "192.168.4.90", "kernel_rx_buf_size 30000\n")
			}
			daemon := n.start(n.web[0], p, config("vrrp_netlink_cmd_rcv_bufs 600000\nvrrp_netlink_cmd_rcv_bufs_force\n"+
				"vrrp_netlink_monitor_rcv_bufs 20000\nvrrp_rx_bufs_policy 50000\n"))
			n.holds(n.web[0], n.dialect.masterDown(high))
			child, err := daemon.VRRPChild(n.context(time.Second), 0)
			n.must(err)
			n.buffers(child, map[string]int{"requests": 1200000, "changes": 40000, "VRRP": 160000})
			if p.Name == ours.Name && !checksItself() {
				n.must(daemon.Reconfigure(config("vrrp_netlink_monitor_rcv_bufs 30000\nvrrp_rx_bufs_policy MTU\nvrrp_rx_bufs_multiplier 4\n")))
				n.buffers(child, map[string]int{"changes": 60000, "VRRP": 72000})
			}
			n.stop(daemon)
		})
	}
}

// buffers waits until a process has buffers of these sizes, each the largest of its kind.
func (n *network) buffers(process int, want map[string]int) {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), "the buffers of sockets", func() error {
		got, err := buffersOf(process)
		if err != nil {
			return err
		}
		maps.DeleteFunc(got, func(kind string, _ int) bool { return want[kind] == 0 })
		if !maps.Equal(got, want) {
			return fmt.Errorf("they are %v, want %v", got, want)
		}
		return nil
	}))
}

// buffersOf are the receive buffers of a process by kind of socket, the largest one of each.
func buffersOf(process int) (map[string]int, error) {
	pidfd, err := unix.PidfdOpen(process, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(pidfd) }()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", process))
	if err != nil {
		return nil, err
	}
	sizes := map[string]int{}
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil {
			return nil, err
		}
		fd, err := unix.PidfdGetfd(pidfd, number, 0)
		if err != nil {
			continue // it was closed meanwhile
		}
		if kind := socketKind(fd); kind != "" {
			if size, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
				sizes[kind] = max(sizes[kind], size)
			}
		}
		_ = unix.Close(fd)
	}
	return sizes, nil
}

// socketKind tells what a socket is for, "" where it is none of those that are looked at.
func socketKind(fd int) string {
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return ""
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		if protocol == 112 {
			return "VRRP"
		}
	case *unix.SockaddrNetlink:
		if protocol != unix.NETLINK_ROUTE {
			return ""
		}
		if a.Groups != 0 {
			return "changes"
		}
		return "requests"
	}
	return ""
}
