package netif

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Implementation constants.
const (
	// restFactor and maxRest bound the share of a processor that a storm of changes costs: after a state was read the
	// monitor rests that many times what reading took. A single change is always reported at once.
	restFactor = 4
	maxRest    = 100 * time.Millisecond
	// retryAfter is the pause after the state could not be read.
	retryAfter = time.Second
)

// Monitor watches the interfaces of one network namespace.
type Monitor struct {
	file   *os.File // subscription to changes
	raw    syscall.RawConn
	room   int // of its receive buffer in the beginning
	conn   *conn
	report func(State, error)
	quit   chan struct{}
	done   chan struct{}
	close  func() error
}

// Watch subscribes to changes of links and addresses in the network namespace of the calling thread. It calls report
// with the whole state soon after the call, and then after each change; changes in quick succession are one report.
// An error means that the interfaces could not be read or watched; the monitor tries again by itself. report is always
// called from one goroutine, which it may hold up: what changes meanwhile is one report afterwards.
func Watch(report func(State, error)) (*Monitor, error) {
	file, room, err := subscribe()
	if err != nil {
		return nil, fmt.Errorf("watching interfaces: %w", err)
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watching interfaces: %w", err), file.Close())
	}
	c, err := dial()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watching interfaces: %w", err), file.Close())
	}
	m := &Monitor{file: file, raw: raw, room: room, conn: c, report: report, quit: make(chan struct{}), done: make(chan struct{})}
	m.close = sync.OnceValue(m.shut)
	go m.run()
	return m, nil
}

func subscribe() (file *os.File, had int, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, 0, err
	}
	const groups = unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return nil, 0, err
	}
	if had, err = room(fd); err != nil {
		_ = unix.Close(fd)
		return nil, 0, err
	}
	return os.NewFile(uintptr(fd), "netlink"), had, nil
}

// Close ends the monitor; report is not called any more once it has returned. It must not be called from report.
func (m *Monitor) Close() error { return m.close() }

func (m *Monitor) shut() error {
	close(m.quit)
	err := m.file.Close()
	<-m.done
	return errors.Join(err, m.conn.close())
}

func (m *Monitor) run() {
	defer close(m.done)
	var last State
	for m.pause(m.refresh(&last)) && m.wait() {
	}
}

// refresh reads the state, reports it unless it is the one before, and returns how long to rest.
func (m *Monitor) refresh(last *State) time.Duration {
	for {
		start := time.Now()
		s, err := m.conn.state()
		cost := time.Since(start)
		if err == nil {
			if last.ByIndex == nil || !s.Equal(*last) {
				*last = s
				m.report(s, nil)
			}
			return min(restFactor*cost, maxRest)
		}
		m.report(State{}, err)
		if !m.pause(retryAfter) {
			return 0
		}
	}
}

// pause sleeps and tells whether the monitor goes on.
func (m *Monitor) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-m.quit:
		return false
	case <-timer.C:
		return true
	}
}

// wait returns after something has changed, and tells whether the monitor goes on.
func (m *Monitor) wait() bool {
	return m.raw.Read(drain) == nil
}

// drain takes away all notifications that wait and tells whether there was any. An error counts as one: ENOBUFS says
// that notifications were lost, and reading everything again is the remedy for whatever else it may be.
func drain(fd uintptr) bool {
	var b [1]byte // the rest of a message is cut off; what it says does not matter
	for some := false; ; some = true {
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_DONTWAIT)
		switch err {
		case nil, unix.EINTR, unix.ENOBUFS:
		case unix.EAGAIN:
			return some
		default:
			return true
		}
	}
}
