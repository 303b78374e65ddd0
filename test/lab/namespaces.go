package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// namespaces are the namespaces of a host or of the switch, held by a keeper.
type namespaces struct {
	keeper *exec.Cmd
	alive  *os.File // closing it ends the keeper
	net    netns.NsHandle
	mnt    *os.File
	pid    *os.File
	uts    *os.File
	handle *netlink.Handle
}

func newNamespaces(name string) (*namespaces, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	keeper := exec.Command("/proc/self/exe")
	keeper.Args = []string{keeperName, name}
	keeper.Stdin = read
	keeper.Stderr = os.Stderr
	keeper.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
		Setsid:     true,
	}
	answer, err := keeper.StdoutPipe()
	if err != nil {
		return nil, err
	}
	err = keeper.Start()
	read.Close()
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("creating namespaces: %w", err)
	}
	n := &namespaces{keeper: keeper, alive: write, net: netns.None()}
	line, err := bufio.NewReader(answer).ReadBytes('\n')
	if got := firstLine(line); err != nil || got != "ready" {
		n.close()
		return nil, fmt.Errorf("preparing namespaces: %s", got)
	}
	if err := n.open(); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// open takes hold of the keeper's namespaces and turns the loopback on.
func (n *namespaces) open() error {
	pid := n.keeper.Process.Pid
	var err error
	if n.net, err = netns.GetFromPid(pid); err != nil {
		return err
	}
	for kind, file := range map[string]**os.File{"mnt": &n.mnt, "pid": &n.pid, "uts": &n.uts} {
		if *file, err = os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, kind)); err != nil {
			return err
		}
	}
	if n.handle, err = netlink.NewHandleAt(n.net); err != nil {
		return fmt.Errorf("opening netlink: %w", err)
	}
	lo, err := n.handle.LinkByName("lo")
	if err != nil {
		return err
	}
	return n.handle.LinkSetUp(lo)
}

// close ends the keeper, and with it every process of the namespaces.
func (n *namespaces) close() {
	n.alive.Close()
	_ = n.keeper.Wait() // the keeper has nothing to say by its status
	if n.handle != nil {
		n.handle.Close()
	}
	if n.net.IsOpen() {
		n.net.Close()
	}
	for _, file := range []*os.File{n.mnt, n.pid, n.uts} {
		if file != nil {
			file.Close()
		}
	}
}

// inside runs fn on a thread that is in all the namespaces. What fn starts is
// a process of the host. The thread is not used for anything else afterwards.
func (n *namespaces) inside(fn func() error) error {
	return onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return err
		}
		for _, fd := range []int{int(n.net), int(n.uts.Fd()), int(n.pid.Fd()), int(n.mnt.Fd())} {
			if err := unix.Setns(fd, 0); err != nil {
				return fmt.Errorf("entering a namespace: %w", err)
			}
		}
		return fn()
	})
}

// insideNet is inside for the network namespace alone.
func (n *namespaces) insideNet(fn func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(n.net), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering the network namespace: %w", err)
		}
		return fn()
	})
}

// onOwnThread runs fn on a thread that ends with it: a goroutine that ends
// without unlocking takes its thread along.
func onOwnThread(fn func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		result <- fn()
	}()
	return <-result
}
