package wire

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rawSocket is a raw socket of the kernel.
type rawSocket struct {
	key     Key
	file    *os.File
	raw     syscall.RawConn
	spare   chan *incoming // receive memory that all sockets of a Kernel share
	poller  *poller
	name    int32         // in the poller
	ready   chan struct{} // one value at most; closed by the poller
	rearm   func(uintptr)
	closing func() error

	// limit is how many datagrams the kernel can hold for this socket at most.
	limit int
	// room is SO_RCVBUF as it was in the beginning.
	room  int
	empty time.Time // when nothing waited

	out     outgoing
	flush   func(uintptr) // out.flush, bound once because binding allocates
	in      *incoming
	fetched int
	fetchE  error
	fetch   func(uintptr)
}

func newRawSocket(key Key, fd int, spare chan *incoming, poller *poller) (*rawSocket, error) {
	buffer, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("getsockopt SO_RCVBUF: %w", err)
	}
	file := os.NewFile(uintptr(fd), "vrrp "+key.place())
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s := &rawSocket{
		key: key, file: file, raw: raw, spare: spare, empty: time.Now(), poller: poller, ready: make(chan struct{}, 1),
	}
	s.room, s.limit = buffer, limitOf(buffer)
	s.out.v6, s.out.scope = key.IPv6(), uint32(key.Index)
	s.flush = s.out.flush
	s.fetch = s.fetchOnce
	s.rearm = func(fd uintptr) { poller.arm(s, fd) }
	s.closing = sync.OnceValue(s.shut)
	if err := poller.add(s, fd); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// limitOf is how many datagrams fit into a buffer. The kernel charges more than 512 bytes for every one that waits.
func limitOf(buffer int) int { return buffer/512 + batchSize }

// SetReceiveBuffer sets SO_RCVBUF. The kernel doubles what it is asked for, for what it needs itself.
func (s *rawSocket) SetReceiveBuffer(bytes int) error {
	if bytes == 0 {
		bytes = s.room / 2
	}
	err := os.ErrClosed // there is no other reason for Control to fail
	_ = s.raw.Control(func(fd uintptr) {
		if err = setReceiveBuffer(int(fd), bytes); err != nil {
			return
		}
		var got int
		if got, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
			s.limit = limitOf(got)
		}
	})
	if err != nil {
		return fmt.Errorf("SO_RCVBUF %d on %s: %w", bytes, s.key.place(), err)
	}
	return nil
}

func (s *rawSocket) Send(datagrams [][]byte) error {
	s.out.prepare(datagrams)
	if s.raw.Control(s.flush) != nil {
		return fmt.Errorf("sending on %s: %w", s.key.place(), os.ErrClosed) // there is no other reason
	}
	if len(s.out.failures) == 0 {
		return nil
	}
	return s.out.failures.err("sending on "+s.key.place(), len(datagrams))
}

// Receive reads everything that waited when it was called, and arms the socket again.
func (s *rawSocket) Receive(deliver func(Datagram)) error {
	_, err := s.Poll(deliver)
	_ = s.raw.Control(s.rearm) // a closed socket needs no arming
	return err
}

// Poll reads everything that waited when it was called. So that a flood cannot hold it for ever it ends after as many
// datagrams as the socket can hold.
func (s *rawSocket) Poll(deliver func(Datagram)) (count int, err error) {
	s.in = s.borrow()
	defer s.giveBack()
	for ; count < s.limit; count += s.fetched {
		if s.raw.Control(s.fetch) != nil {
			return count, fmt.Errorf("receiving on %s: %w", s.key.place(), os.ErrClosed) // there is no other reason
		}
		if s.fetchE != nil {
			if s.fetchE != error(unix.EAGAIN) {
				err = fmt.Errorf("receiving on %s: %w", s.key.place(), s.fetchE)
			}
			break
		}
		s.hand(deliver)
	}
	return count, err
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
		d, c := Datagram{Time: now, Index: s.key.Index}, s.in.control(i)
		if s.out.v6 {
			d.Bytes = s.in.datagram6(i, c)
		} else {
			d.Bytes = s.in.datagram(i)
		}
		if c.stamped {
			d.Time = arrival(now, s.empty, c.stamp)
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
func (s *rawSocket) Readable() <-chan struct{} { return s.ready }

// Close leaves the group. It may be called more than once.
func (s *rawSocket) Close() error { return s.closing() }

func (s *rawSocket) shut() error {
	_ = s.raw.Control(func(fd uintptr) { s.poller.remove(s, fd) }) // it fails on a closed file only
	return s.file.Close()
}

// Descriptors are the file descriptors that the socket receives and sends on, -1 when it is closed.
func (s *rawSocket) Descriptors() (in, out int) {
	in = -1
	_ = s.raw.Control(func(fd uintptr) { in = int(fd) }) // a closed one has none
	return in, in
}
