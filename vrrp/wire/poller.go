package wire

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// poller says which sockets are readable. It has an epoll of its own instead of the runtime's, because the runtime
// watches edges: it would wake the process for every datagram, also while nobody wants to know. Here a socket is
// watched only between arm and the moment when something waits.
//
// One goroutine waits for all sockets of a Kernel. It takes nothing from them. It runs while there are sockets.
type poller struct {
	mu      sync.Mutex
	epoll   int
	wake    int // an eventfd that ends the goroutine
	sockets map[int32]*rawSocket
	next    int32
}

// Names of what is in the epoll: sockets have positive ones.
const wakeName = 0

// add registers a socket, armed.
func (p *poller) add(s *rawSocket, fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sockets) == 0 {
		if err := p.open(); err != nil {
			return err
		}
		go p.run(p.epoll, p.wake)
	}
	p.next++
	s.name = p.next
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: s.name}
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		p.closeIfUnused()
		return fmt.Errorf("epoll: %w", err)
	}
	p.sockets[s.name] = s
	return nil
}

func (p *poller) open() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return errors.Join(fmt.Errorf("eventfd: %w", err), unix.Close(epoll))
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeName}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &event); err != nil {
		return errors.Join(fmt.Errorf("epoll: %w", err), unix.Close(wake), unix.Close(epoll))
	}
	p.epoll, p.wake, p.sockets = epoll, wake, map[int32]*rawSocket{}
	return nil
}

// arm watches the socket again: at once when something waits already, else when something comes.
func (p *poller) arm(s *rawSocket, fd uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[s.name] != s {
		return
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: s.name}
	_ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, int(fd), &event) // it is registered and open, so it cannot fail
}

// remove ends the watching. It is called before the file is closed.
func (p *poller) remove(s *rawSocket, fd uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[s.name] != s {
		return
	}
	_ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, int(fd), nil) // closing would do it too
	delete(p.sockets, s.name)
	close(s.ready)
	p.closeIfUnused()
}

// closeIfUnused ends the goroutine after the last socket; it closes what it waits on.
func (p *poller) closeIfUnused() {
	if len(p.sockets) > 0 {
		return
	}
	one := [8]byte{7: 1}
	_, _ = unix.Write(p.wake, one[:]) // an eventfd that nobody else writes to takes it
	p.sockets = nil
}

// run waits until it is woken.
func (p *poller) run(epoll, wake int) {
	defer func() { _, _ = unix.Close(wake), unix.Close(epoll) }()
	var events [32]unix.EpollEvent
	for {
		n, err := unix.EpollWait(epoll, events[:], -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return // cannot happen with a file of our own
		}
		for i := range max(n, 0) {
			if events[i].Fd == wakeName {
				return
			}
			p.readable(events[i].Fd)
		}
	}
}

// readable tells the owner of a socket.
func (p *poller) readable(name int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.sockets[name]
	if !ok {
		return // closed meanwhile
	}
	select {
	case s.ready <- struct{}{}:
	default: // the value before was not fetched yet
	}
}
