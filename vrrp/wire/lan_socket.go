package wire

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// lanSocket is a socket on a LAN; the mutex of the LAN guards it.
type lanSocket struct {
	host   *Host
	key    Key
	queue  []arriving // by time of arrival, equal ones in the order of sending
	ready  chan struct{}
	armed  bool // ready may get a value
	bell   *time.Timer
	closed bool
}

// arriving is a datagram on its way or waiting to be received.
type arriving struct {
	at    time.Time
	bytes []byte
}

// enqueue puts a datagram into the queue, to be received from at on.
func (s *lanSocket) enqueue(at, now time.Time, datagram []byte) {
	i := len(s.queue)
	for i > 0 && s.queue[i-1].at.After(at) {
		i--
	}
	s.queue = slices.Insert(s.queue, i, arriving{at, datagram})
	s.ring(now)
}

// ring signals readability if something has arrived, or sets the bell for when it will have.
func (s *lanSocket) ring(now time.Time) {
	if !s.armed || s.closed || len(s.queue) == 0 {
		return
	}
	if wait := s.queue[0].at.Sub(now); wait > 0 {
		if s.bell == nil {
			s.bell = time.AfterFunc(wait, s.rung)
		} else {
			s.bell.Reset(wait)
		}
		return
	}
	s.armed = false
	select {
	case s.ready <- struct{}{}:
	default: // the value before was not fetched yet
	}
}

func (s *lanSocket) rung() {
	s.host.lan.mu.Lock()
	defer s.host.lan.mu.Unlock()
	s.ring(time.Now())
}

func (s *lanSocket) Send(datagrams [][]byte) error {
	var failures sendErrors
	for _, d := range datagrams {
		switch err := s.host.lan.send(s, d).(type) {
		case nil:
		case syscall.Errno:
			failures.add(err)
		default:
			return fmt.Errorf("sending on %s: %w", s.key.place(), err)
		}
	}
	return failures.err("sending on "+s.key.place(), len(datagrams))
}

func (s *lanSocket) Receive(deliver func(Datagram)) error {
	if _, err := s.Poll(deliver); err != nil {
		return err
	}
	s.host.lan.mu.Lock()
	defer s.host.lan.mu.Unlock()
	s.armed = true
	s.ring(time.Now())
	return nil
}

func (s *lanSocket) Poll(deliver func(Datagram)) (int, error) {
	waiting, err := s.take()
	if err != nil {
		return 0, fmt.Errorf("receiving on %s: %w", s.key.place(), err)
	}
	for _, a := range waiting {
		deliver(Datagram{Bytes: a.bytes, Time: a.at, Index: s.key.Index})
	}
	return len(waiting), nil
}

// take removes what has arrived. The bytes are copied: a receiver may write into them.
func (s *lanSocket) take() ([]arriving, error) {
	s.host.lan.mu.Lock()
	defer s.host.lan.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	now := time.Now()
	n := 0
	for n < len(s.queue) && !s.queue[n].at.After(now) {
		n++
	}
	waiting := slices.Clone(s.queue[:n])
	for i := range waiting {
		waiting[i].bytes = slices.Clone(waiting[i].bytes)
	}
	s.queue = slices.Delete(s.queue, 0, n)
	return waiting, nil
}

// SetReceiveBuffer does nothing: there is room for everything.
func (s *lanSocket) SetReceiveBuffer(int) error { return nil }

func (s *lanSocket) Readable() <-chan struct{} { return s.ready }

func (s *lanSocket) Close() error {
	s.host.lan.mu.Lock()
	defer s.host.lan.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.bell != nil {
		s.bell.Stop()
	}
	s.host.sockets = slices.DeleteFunc(s.host.sockets, func(o *lanSocket) bool { return o == s })
	s.queue = nil
	close(s.ready)
	return nil
}
