package wire

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// LAN is one broadcast domain in memory. Hosts on it send and receive as through [Kernel], with multicast loop off.
// It starts no goroutine of its own and waits for nothing but time, so it works in a bubble of testing/synctest.
// Every method may be called at any time from any goroutine.
type LAN struct {
	mu     sync.Mutex
	hosts  map[string]*Host
	order  []*Host // in the order of their first mention, so that runs are alike
	blind  map[[2]string]bool
	lose   func(frame Frame, to string) bool
	delay  func(from, to string) time.Duration
	frames []Frame
}

// Frame is something that a host sent, whether or not anyone received it.
type Frame struct {
	Time time.Time
	From string // name of the host
	// Datagram is a whole IP datagram; nil for an announcement.
	Datagram []byte
	// Address is the one announced by gratuitous ARP or by a neighbour advertisement; invalid for a datagram.
	Address  netip.Addr
	Hardware [6]byte // of the announcement
}

// NewLAN returns a LAN without hosts, loss and delay.
func NewLAN() *LAN {
	return &LAN{hosts: map[string]*Host{}, blind: map[[2]string]bool{}}
}

// Host returns the host of that name, which is made when it is mentioned for the first time.
func (l *LAN) Host(name string) *Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, ok := l.hosts[name]
	if !ok {
		h = &Host{lan: l, name: name}
		l.hosts[name] = h
		l.order = append(l.order, h)
	}
	return h
}

// CutOneWay sets whether what from sends fails to reach to; the other direction stays as it is.
func (l *LAN) CutOneWay(from, to string, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blind[[2]string{from, to}] = cut
}

// SetLoss makes lose decide, once per datagram and receiver, what is lost; nil loses nothing. It must not call the LAN.
func (l *LAN) SetLoss(lose func(frame Frame, to string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose = lose
}

// SetDelay makes delay decide how long a datagram travels; nil is no delay. It must not call the LAN.
func (l *LAN) SetDelay(delay func(from, to string) time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = delay
}

// Frames returns what was sent until now, in order.
func (l *LAN) Frames() []Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.frames)
}

// send records a datagram and puts it into the queues of those that it reaches.
func (l *LAN) send(from *lanSocket, datagram []byte) error {
	if !whole(datagram, from.key.IPv6()) {
		return syscall.EINVAL
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case from.closed:
		return os.ErrClosed
	case from.host.down:
		return syscall.ENETDOWN
	}
	now := time.Now()
	frame := Frame{Time: now, From: from.host.name, Datagram: slices.Clone(datagram)}
	l.frames = append(l.frames, frame)
	destination := destinationOf(datagram)
	for _, to := range l.order {
		if to == from.host || !l.reaches(frame, from.host, to) {
			continue
		}
		at := now
		if l.delay != nil {
			at = now.Add(max(l.delay(from.host.name, to.name), 0))
		}
		for _, s := range to.sockets {
			if s.key.address() == destination && int(protocolOf(datagram)) == s.key.protocol() {
				s.enqueue(at, now, frame.Datagram)
			}
		}
	}
	return nil
}

// protocolOf reads the header of a whole datagram.
func protocolOf(datagram []byte) byte {
	if datagram[0]>>4 == 6 {
		return datagram[6]
	}
	return datagram[9]
}

// destinationOf reads the header of a whole datagram.
func destinationOf(datagram []byte) netip.Addr {
	if datagram[0]>>4 == 6 {
		return netip.AddrFrom16([16]byte(datagram[24:40]))
	}
	return netip.AddrFrom4([4]byte(datagram[16:20]))
}

func (l *LAN) reaches(frame Frame, from, to *Host) bool {
	if from.cut || to.cut || to.down || l.blind[[2]string{from.name, to.name}] {
		return false
	}
	return l.lose == nil || !l.lose(frame, to.name)
}

// Host is one computer on a LAN.
type Host struct {
	lan     *LAN
	name    string
	cut     bool
	down    bool
	sockets []*lanSocket
}

// Cut sets whether the cable is pulled: nothing comes and goes, and sending does not fail. What was on its way arrives.
func (h *Host) Cut(cut bool) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.cut = cut
}

// SetDown sets whether the interface is administratively down: as Cut, and sending fails with ENETDOWN.
func (h *Host) SetDown(down bool) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.down = down
}

// Network is the host's view of the LAN. Any interface name is accepted, and all are this one LAN.
func (h *Host) Network() Network { return lanNetwork{h} }

type lanNetwork struct{ host *Host }

func (n lanNetwork) Open(key Key) (Socket, error) {
	if err := key.check(); err != nil {
		return nil, fmt.Errorf("opening a socket on %s: %w", key.place(), err)
	}
	h := n.host
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	s := &lanSocket{host: h, key: key, ready: make(chan struct{}, 1), armed: true}
	h.sockets = append(h.sockets, s)
	return s, nil
}

// Announce records one frame per address.
func (n lanNetwork) Announce(ifindex int, hardware [6]byte, addresses []netip.Addr) error {
	h := n.host
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	if h.down {
		return fmt.Errorf("announcing on interface %d: %w", ifindex, syscall.ENETDOWN)
	}
	now := time.Now()
	for _, a := range addresses {
		h.lan.frames = append(h.lan.frames, Frame{Time: now, From: h.name, Address: a, Hardware: hardware})
	}
	return nil
}
