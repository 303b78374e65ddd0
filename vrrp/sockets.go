package vrrp

import (
	"errors"
	"time"

	"keepalived-go/vrrp/wire"
)

// sharedSocket is one socket with the instances that use it.
type sharedSocket struct {
	key     wire.Key
	socket  wire.Socket
	routers [256]*router // by VRID, each with its twins
	users   int

	out      [][]byte // datagrams of this turn; the buffers are used again
	pending  int
	failing  bool      // the last send failed
	lookedAt time.Time // the turn in which it was read before a decision
	drainAt  time.Time // when it is to be read again, zero when it says so itself
	pause    time.Duration
	closed   chan struct{}
	room     int       // bytes that its instances ask for, 0: the system's default
	foreign  [256]bool // VRIDs of others that were logged
}

// socketPool opens one socket per key.
type socketPool struct {
	network  wire.Network
	readable chan<- *sharedSocket
	sockets  map[wire.Key]*sharedSocket
}

func newSocketPool(network wire.Network, readable chan<- *sharedSocket) *socketPool {
	return &socketPool{network: network, readable: readable, sockets: map[wire.Key]*sharedSocket{}}
}

// get returns the socket of a key, opened when it was not.
func (p *socketPool) get(key wire.Key) (*sharedSocket, error) {
	if s, ok := p.sockets[key]; ok {
		return s, nil
	}
	socket, err := p.network.Open(key)
	if err != nil {
		return nil, err
	}
	s := &sharedSocket{key: key, socket: socket, closed: make(chan struct{})}
	p.sockets[key] = s
	go s.forward(p.readable)
	return s, nil
}

// forward tells the engine that the socket is readable. It reads nothing itself.
func (s *sharedSocket) forward(readable chan<- *sharedSocket) {
	for {
		select {
		case <-s.closed:
			return
		case _, ok := <-s.socket.Readable():
			if !ok {
				return
			}
		}
		select {
		case readable <- s:
		case <-s.closed:
			return
		}
	}
}

// put takes a router off the socket, and closes the socket after the last one.
func (p *socketPool) put(s *sharedSocket, r *router) error {
	s.remove(r)
	if s.users--; s.users > 0 {
		return nil
	}
	delete(p.sockets, s.key)
	return s.close()
}

func (s *sharedSocket) close() error {
	select {
	case <-s.closed:
		return nil
	default:
		close(s.closed)
		return s.socket.Close()
	}
}

// drains lists the sockets whose pause is over.
func (p *socketPool) drains(now time.Time) (due []*sharedSocket) {
	for _, s := range p.sockets {
		if !s.drainAt.IsZero() && !now.Before(s.drainAt) {
			s.drainAt = time.Time{}
			due = append(due, s)
		}
	}
	return due
}

// nextDrain is when the first pause ends.
func (p *socketPool) nextDrain() (at time.Time, ok bool) {
	for _, s := range p.sockets {
		if !s.drainAt.IsZero() && (!ok || s.drainAt.Before(at)) {
			at, ok = s.drainAt, true
		}
	}
	return at, ok
}

// Pauses between two readings of a socket that many instances use.
const (
	manyUsers         = 8  // fewer are not worth a pause
	pausesPerInterval = 20 // of the shortest advert interval on the socket
	longestPause      = 50 * time.Millisecond
)

// setPause derives the pause from the instances on the socket.
func (s *sharedSocket) setPause() {
	s.pause = longestPause
	for r := range s.all() {
		s.pause = min(s.pause, r.cfg.AdvertInt/pausesPerInterval)
	}
}

func (p *socketPool) closeAll() {
	for _, s := range p.sockets {
		_ = s.close() // the process is about to end; nothing could be done about an error
	}
	clear(p.sockets)
}

// buffer is a datagram buffer that belongs to this turn.
func (s *sharedSocket) buffer() []byte {
	if s.pending < len(s.out) {
		return s.out[s.pending][:0]
	}
	return make([]byte, 0, 64)
}

// add puts a filled buffer among those to be sent; first tells that it is the first one of the turn.
func (s *sharedSocket) add(datagram []byte) (first bool) {
	if s.pending < len(s.out) {
		s.out[s.pending] = datagram
	} else {
		s.out = append(s.out, datagram)
	}
	s.pending++
	return s.pending == 1
}

// send sends what was added.
func (s *sharedSocket) send() error {
	n := s.pending
	s.pending = 0
	if n == 0 {
		return nil
	}
	if err := s.socket.Send(s.out[:n]); err != nil {
		return err
	}
	s.failing = false
	return nil
}

// attach gives r the socket that its configuration and interface ask for.
func (e *Engine) attach(r *router) error {
	key, ok := r.socketKey()
	if !ok {
		return nil // a farewell can still leave from the socket that it has
	}
	if r.socket != nil {
		if r.socket.key == key {
			r.socket.setPause()
			e.fit(r.socket, r)
			return nil
		}
		e.detach(r)
	}
	s, err := e.sockets.get(key)
	if err != nil {
		return err
	}
	if !s.insert(r) {
		return errDuplicateVRID
	}
	if s.users == 1 {
		e.sayOpened(s)
	}
	r.socket = s
	s.setPause()
	e.fit(s, r)
	return nil
}

var errDuplicateVRID = errors.New("the virtual_router_id is used by another instance on this interface")

// detach takes r off its socket.
func (e *Engine) detach(r *router) {
	s := r.socket
	r.socket = nil
	e.unfit(s, r)
	if s.pending > 0 && s.users == 1 {
		// A last priority 0 advert must leave before the socket closes.
		if err := s.send(); err != nil {
			e.sendFailed(s, err)
		}
	}
	if err := e.sockets.put(s, r); err != nil {
		e.log.Warnf("closing the VRRP socket of %s: %v", s.place(), err)
	}
}
