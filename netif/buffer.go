package netif

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Buffer is how much a netlink socket may hold that was not read yet.
type Buffer struct {
	Bytes int  // as the kernel counts them; 0 is the system's default
	Force bool // beyond the limit of the system, which needs CAP_NET_ADMIN
}

// set gives a socket the buffer. room is what it had in the beginning.
func (b Buffer) set(fd, room int) error {
	option, bytes := unix.SO_RCVBUF, b.Bytes
	switch {
	case bytes == 0:
		bytes = room / 2 // the kernel doubles what it is asked for
	case b.Force:
		option = unix.SO_RCVBUFFORCE
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, bytes); err != nil {
		return fmt.Errorf("setting the buffer of a netlink socket to %d: %w", bytes, err)
	}
	return nil
}

// room is the buffer that a socket has.
func room(fd int) (int, error) { return unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF) }

// SetBuffer sets the receive buffer of the socket for requests.
func (h *Handle) SetBuffer(b Buffer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return b.set(h.conn.fd, h.conn.room)
}

// SetBuffers sets the receive buffers of the socket that is told of changes and of the one for requests. Nothing is
// lost where they are small: what cannot be held makes the monitor read everything again. It must not be called after
// Close.
func (m *Monitor) SetBuffers(changes, requests Buffer) error {
	var err error
	if e := m.raw.Control(func(fd uintptr) { err = changes.set(int(fd), m.room) }); e != nil {
		return fmt.Errorf("setting the buffer of a netlink socket: %w", e)
	}
	return errors.Join(err, requests.set(m.conn.fd, m.conn.room))
}
