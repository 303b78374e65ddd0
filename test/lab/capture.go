package lab

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// portNames says which host is behind a port of the switch.
type portNames struct {
	mu    sync.Mutex
	names map[int]string
}

func (p *portNames) set(index int, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil {
		p.names = map[int]string{}
	}
	p.names[index] = name
}

func (p *portNames) get(index int) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, ok := p.names[index]
	return name, ok
}

// capture reads frames in the switch.
type capture struct {
	fd     int
	stopC  chan struct{}
	endedC chan struct{}
}

// receiveBuffer holds the adverts of 255 instances on two hosts for seconds.
const receiveBuffer = 32 << 20

// readPause bounds how long stop has to wait for the reader.
var readPause = unix.Timeval{Usec: 50_000}

func (l *Lab) startCapture() (*capture, error) {
	c := &capture{stopC: make(chan struct{}), endedC: make(chan struct{})}
	err := l.lan.insideNet(func() (err error) {
		c.fd, err = openCapture()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the capture: %w", err)
	}
	go c.read(l)
	return c, nil
}

func openCapture() (int, error) {
	// Protocol 0 receives nothing until the filter is in place.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err := setUpCapture(fd); err != nil {
		unix.Close(fd)
		return 0, err
	}
	return fd, nil
}

func setUpCapture(fd int) error {
	filter, err := interesting()
	if err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &readPause); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: swap16(unix.ETH_P_ALL)})
}

// swap16 is htons on the little-endian machines that we run on.
func swap16(v uint16) uint16 { return v<<8 | v>>8 }

// interesting keeps everything else than VRRP, ARP and neighbour advertisements out of the socket.
func interesting() ([]unix.SockFilter, error) {
	raw, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherTypeARP, SkipTrue: 10},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherTypeIPv6, SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherTypeIPv4, SkipFalse: 9},
		bpf.LoadAbsolute{Off: ethernetLength + 9, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocolAH, SkipTrue: 6},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocolVRRP, SkipTrue: 5, SkipFalse: 6},
		bpf.LoadAbsolute{Off: ethernetLength + 6, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocolVRRP, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocolICMPv6, SkipFalse: 3},
		bpf.LoadAbsolute{Off: ethernetLength + ipv6Length, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: neighbourAdvertisement, SkipFalse: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return filter, nil
}

func (c *capture) read(l *Lab) {
	defer close(c.endedC)
	data, control := make([]byte, 1<<16), make([]byte, 128)
	for {
		n, cn, _, from, err := unix.Recvmsg(c.fd, data, control, 0)
		select {
		case <-c.stopC:
			return
		default:
		}
		if err != nil {
			continue // a pause without frames, or an interrupted call
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		// Outgoing frames are copies of one that came in at another port.
		if !ok || link.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		if host, ok := l.ports.get(link.Ifindex); ok {
			l.Frames.Add(Frame{Time: kernelTime(control[:cn]), From: host, Data: append([]byte(nil), data[:n]...)})
		}
	}
}

// kernelTime takes the time stamp out of a control message.
func kernelTime(control []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Time{}
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			stamp := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
			return time.Unix(stamp.Unix())
		}
	}
	return time.Time{}
}

// stop ends the reader and closes the socket.
func (c *capture) stop() {
	close(c.stopC)
	<-c.endedC
	unix.Close(c.fd)
}
