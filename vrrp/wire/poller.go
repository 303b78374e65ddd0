package wire

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller says which sockets are readable. It has an epoll of its own inside the runtime's, because the runtime
// watches edges: it would wake the process for every datagram, also while nobody wants to know. Here a socket is
// watched only between arm and the moment when something waits.
//
// One goroutine waits for all sockets of a Kernel. It takes nothing from them. It runs while there are sockets.
type poller struct {
	mu      sync.Mutex
	epoll   *os.File
	fd      int             // of epoll
	raw     syscall.RawConn // of epoll
	event   unix.EpollEvent // argument of control: as a variable of it, it would be allocated each time
	sockets map[int32]*rawSocket
	next    int32
}

// add registers a socket, armed.
func (p *poller) add(s *rawSocket, fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sockets) == 0 {
		if err := p.open(); err != nil {
			return err
		}
		go p.run(p.raw)
	}
	p.next++
	s.name = p.next
	if err := p.control(unix.EPOLL_CTL_ADD, fd, s.name); err != nil {
		p.closeIfUnused()
		return fmt.Errorf("epoll: %w", err)
	}
	p.sockets[s.name] = s
	return nil
}

func (p *poller) open() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // for the runtime, which then lets goroutines wait for it
		return errors.Join(fmt.Errorf("epoll: %w", err), unix.Close(fd))
	}
	p.epoll, p.fd, p.sockets = os.NewFile(uintptr(fd), "epoll"), fd, map[int32]*rawSocket{}
	if p.raw, err = p.epoll.SyscallConn(); err != nil {
		return errors.Join(fmt.Errorf("epoll: %w", err), p.epoll.Close())
	}
	return nil
}

// control changes what is watched of a socket. The epoll is open as long as there are sockets.
func (p *poller) control(operation, fd int, name int32) error {
	p.event = unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: name}
	return unix.EpollCtl(p.fd, operation, fd, &p.event)
}

// arm watches the socket again: at once when something waits already, else when something comes.
func (p *poller) arm(s *rawSocket, fd uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[s.name] == s {
		_ = p.control(unix.EPOLL_CTL_MOD, int(fd), s.name) // it is registered and open, so it cannot fail
	}
}

// remove ends the watching. It is called before the file is closed.
func (p *poller) remove(s *rawSocket, fd uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[s.name] != s {
		return
	}
	_ = p.control(unix.EPOLL_CTL_DEL, int(fd), s.name) // closing would do it too
	delete(p.sockets, s.name)
	close(s.ready)
	p.closeIfUnused()
}

// closeIfUnused ends the goroutine after the last socket.
func (p *poller) closeIfUnused() {
	if len(p.sockets) == 0 {
		_ = p.epoll.Close() // there is nothing in it any more
		p.sockets = nil
	}
}

// run waits until the epoll is closed.
func (p *poller) run(raw syscall.RawConn) {
	var events [32]unix.EpollEvent
	n := 0
	look := func(fd uintptr) bool {
		var err error
		n, err = unix.EpollWait(int(fd), events[:], 0)
		return n > 0 || (err != nil && !errors.Is(err, unix.EINTR))
	}
	for raw.Read(look) == nil {
		for i := range max(n, 0) {
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
