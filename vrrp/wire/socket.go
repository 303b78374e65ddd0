package wire

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rawSocket is a raw IPv4 socket of the kernel.
type rawSocket struct {
	key     Key
	file    *os.File
	raw     syscall.RawConn
	spare   chan *incoming // receive memory that all sockets of a Kernel share
	waiter  *waiter
	closing func() error

	// limit is how many datagrams the kernel can hold for this socket at most.
	limit int
	empty time.Time // when nothing waited

	out     outgoing
	flush   func(uintptr) // out.flush, bound once because binding allocates
	in      *incoming
	fetched int
	fetchE  error
	fetch   func(uintptr)
}

func newRawSocket(key Key, fd int, spare chan *incoming) (*rawSocket, error) {
	buffer, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("getsockopt SO_RCVBUF: %w", err)
	}
	file := os.NewFile(uintptr(fd), "vrrp "+key.Interface)
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s := &rawSocket{key: key, file: file, raw: raw, spare: spare, empty: time.Now()}
	// The kernel charges more than 512 bytes for every datagram that waits.
	s.limit = buffer/512 + batchSize
	s.flush = s.out.flush
	s.fetch = s.fetchOnce
	s.waiter = startWaiter(raw)
	s.closing = sync.OnceValue(s.shut)
	return s, nil
}

func (s *rawSocket) Send(datagrams [][]byte) error {
	s.out.prepare(datagrams)
	if s.raw.Control(s.flush) != nil {
		return fmt.Errorf("sending on %s: %w", s.key.Interface, os.ErrClosed) // there is no other reason
	}
	if len(s.out.failures) == 0 {
		return nil
	}
	return s.out.failures.err("sending on "+s.key.Interface, len(datagrams))
}

// Receive reads everything that waited when it was called. So that a flood cannot hold it for ever it ends after as
// many datagrams as the socket can hold; the rest makes the socket readable again.
func (s *rawSocket) Receive(deliver func(Datagram)) error {
	s.in = s.borrow()
	defer s.giveBack()
	defer s.waiter.arm()
	err := s.waiter.takeError()
	for count := 0; count < s.limit; count += s.fetched {
		if s.raw.Control(s.fetch) != nil {
			return fmt.Errorf("receiving on %s: %w", s.key.Interface, os.ErrClosed) // there is no other reason
		}
		if s.fetchE != nil {
			if s.fetchE != error(unix.EAGAIN) {
				err = errors.Join(err, s.fetchE)
			}
			break
		}
		s.hand(deliver)
	}
	if err != nil {
		return fmt.Errorf("receiving on %s: %w", s.key.Interface, err)
	}
	return nil
}

func (s *rawSocket) fetchOnce(fd uintptr) {
	before := time.Now()
	s.fetched, s.fetchE = s.in.receive(fd)
	if s.fetchE != nil {
		s.empty = before
	}
}

// hand delivers the datagrams that were fetched.
func (s *rawSocket) hand(deliver func(Datagram)) {
	now := time.Now()
	for i := range s.fetched {
		d := Datagram{Bytes: s.in.datagram(i), Time: now, Index: s.key.Index}
		if stamp, ok := s.in.stamp(i); ok {
			d.Time = arrival(now, s.empty, stamp)
		}
		deliver(d)
	}
}

func (s *rawSocket) borrow() *incoming {
	select {
	case in := <-s.spare:
		return in
	default:
		return newIncoming()
	}
}

func (s *rawSocket) giveBack() {
	select {
	case s.spare <- s.in:
	default:
	}
	s.in = nil
}

// Readable is closed after Close.
func (s *rawSocket) Readable() <-chan struct{} { return s.waiter.ready }

// Close leaves the group and ends the waiting goroutine. It may be called more than once.
func (s *rawSocket) Close() error { return s.closing() }

func (s *rawSocket) shut() error {
	err := s.file.Close()
	s.waiter.stop()
	return err
}

// waiter waits for readability and takes nothing from the socket.
//
//	armed, waiting --something waits--> value in ready, not armed --arm--> armed, waiting
type waiter struct {
	ready  chan struct{} // one value at most
	rearm  chan struct{} // one value at most: armed changes to true once per value
	quit   chan struct{}
	done   chan struct{}
	armed  atomic.Bool
	failed atomic.Pointer[error] // an error that looking took from the socket
}

func startWaiter(raw syscall.RawConn) *waiter {
	w := &waiter{
		ready: make(chan struct{}, 1),
		rearm: make(chan struct{}, 1),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	w.armed.Store(true)
	go w.run(raw)
	return w
}

func (w *waiter) run(raw syscall.RawConn) {
	defer close(w.done)
	defer close(w.ready)
	for {
		// Read asks look first and sleeps in the runtime's poller only while look says that nothing waits. It fails
		// when the file is closed, and then there is nothing left to wait for.
		if raw.Read(w.look) != nil {
			return
		}
		w.armed.Store(false)
		select {
		case w.ready <- struct{}{}:
		default: // the value before was not fetched yet
		}
		select {
		case <-w.rearm:
		case <-w.quit:
			return
		}
	}
}

// look tells whether the owner should call Receive.
func (w *waiter) look(fd uintptr) bool {
	err := peek(fd)
	if err == error(unix.EAGAIN) {
		return false
	}
	if err != nil {
		w.failed.Store(&err)
	}
	return true
}

// arm lets the waiter look again. It does nothing while it is looking.
func (w *waiter) arm() {
	if w.armed.CompareAndSwap(false, true) {
		w.rearm <- struct{}{}
	}
}

func (w *waiter) takeError() error {
	if p := w.failed.Swap(nil); p != nil {
		return *p
	}
	return nil
}

// stop ends the goroutine after the file was closed.
func (w *waiter) stop() {
	close(w.quit)
	<-w.done
}
