package netif

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// The groups of rtnetlink that tell of routes and rules (linux/rtnetlink.h).
var routeGroups = []int{unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE}

// RouteMonitor watches the routes and rules of one network namespace.
type RouteMonitor struct {
	file   *os.File
	report func()
	done   chan struct{}
	close  func() error
}

// WatchRoutes calls report after a route or a rule that keepalived has made, as its protocol tells, may have been removed
// from the network namespace of the calling thread, by whomever. report is called from one goroutine.
func WatchRoutes(report func()) (*RouteMonitor, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("watching routes: %w", err)
	}
	m := &RouteMonitor{file: os.NewFile(uintptr(fd), "netlink"), report: report, done: make(chan struct{})}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	for _, group := range routeGroups {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group))
	}
	raw, rawErr := m.file.SyscallConn()
	if err = errors.Join(err, rawErr); err != nil {
		return nil, errors.Join(fmt.Errorf("watching routes: %w", err), m.file.Close())
	}
	m.close = sync.OnceValue(func() error {
		err := m.file.Close()
		<-m.done
		return err
	})
	go m.run(raw)
	return m, nil
}

// Close ends the monitor; report is not called any more once it has returned. It must not be called from report.
func (m *RouteMonitor) Close() error { return m.close() }

func (m *RouteMonitor) run(raw syscall.RawConn) {
	defer close(m.done)
	buffer := make([]byte, bufferSize)
	for {
		lost := false
		err := raw.Read(func(fd uintptr) bool {
			n, _, err := unix.Recvfrom(int(fd), buffer, unix.MSG_DONTWAIT)
			switch {
			case err == unix.EAGAIN:
				return false
			case err != nil:
				lost = true // ENOBUFS says that some were not told
			default:
				lost = lostOurs(buffer[:n])
			}
			return true
		})
		if err != nil {
			return
		}
		if lost {
			m.report()
		}
	}
}

// lostOurs tells whether one of the messages is about the end of a route or a rule of keepalived's. What cannot be read
// may be one.
func lostOurs(b []byte) bool {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return true
	}
	for _, m := range messages {
		if len(m.Data) < unix.SizeofRtMsg {
			continue
		}
		switch m.Header.Type {
		case unix.RTM_DELROUTE:
			if nl.DeserializeRtMsg(m.Data).Protocol == protocolKeepalived {
				return true
			}
		case unix.RTM_DELRULE:
			if p := attribute(m.Data[unix.SizeofRtMsg:], fraProtocol); len(p) == 0 || p[0] == protocolKeepalived {
				return true
			}
		}
	}
	return false
}
