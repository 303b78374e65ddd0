package ipvs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const (
	// answerPatience bounds the wait for one answer of the kernel.
	answerPatience = 10 * time.Second
	// answerSize is more than the kernel sends at once.
	answerSize = 64 << 10
	// batchSize is how many requests are sent before their answers are read. The answers to them fit into the
	// smallest buffer that a socket has by default.
	batchSize = 64
	// errnoSize is how much of an answer is the kernel's errno.
	errnoSize = 4
)

// errInterrupted says that a list changed while the kernel told it.
var errInterrupted = errors.New("the list changed while it was read")

// conversation is a socket to one family of the kernel, in the network namespace of the thread that opened it. Many
// requests go in one system call, and a buffer is used again and again; the library's own socket does neither.
type conversation struct {
	socket int
	family uint16
	serial uint32
	buffer []byte
}

func converse(family uint16) (*conversation, error) {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return nil, fmt.Errorf("opening a netlink socket: %w", err)
	}
	patience := unix.NsecToTimeval(answerPatience.Nanoseconds())
	err = errors.Join(
		unix.Bind(s, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
		unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience),
		unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &patience),
		unix.SetsockoptInt(s, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1), // a refusal does not repeat the request
	)
	if err != nil {
		unix.Close(s)
		return nil, fmt.Errorf("setting up a netlink socket: %w", err)
	}
	return &conversation{socket: s, family: family, buffer: make([]byte, answerSize)}, nil
}

func (c *conversation) close() { unix.Close(c.socket) }

// request appends a message to b and returns it with the number that the answer will have.
func (c *conversation) request(b []byte, command uint8, flags uint16, attributes ...*nl.RtAttr) ([]byte, uint32) {
	c.serial++
	start := len(b)
	b = append(b, make([]byte, unix.SizeofNlMsghdr)...)
	b = append(b, command, 1, 0, 0)
	for _, a := range attributes {
		b = append(b, a.Serialize()...)
	}
	h := b[start:]
	binary.NativeEndian.PutUint32(h, uint32(len(h)))
	binary.NativeEndian.PutUint16(h[4:], c.family)
	binary.NativeEndian.PutUint16(h[6:], unix.NLM_F_REQUEST|flags)
	binary.NativeEndian.PutUint32(h[8:], c.serial)
	return b, c.serial
}

func (c *conversation) send(b []byte) error {
	for {
		err := unix.Sendto(c.socket, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// receive returns what the kernel says next; it is valid until the next call.
func (c *conversation) receive() ([]syscall.NetlinkMessage, error) {
	for {
		n, from, err := unix.Recvfrom(c.socket, c.buffer, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil, fmt.Errorf("the kernel has not answered within %v: %w", answerPatience, err)
		case err != nil:
			return nil, err
		}
		if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid == 0 {
			return syscall.ParseNetlinkMessage(c.buffer[:n])
		}
	}
}

// list asks for a list and gives each row to take, which must not keep it.
func (c *conversation) list(command uint8, take func([]byte) error, attributes ...*nl.RtAttr) error {
	message, serial := c.request(nil, command, unix.NLM_F_DUMP, attributes...)
	if err := c.send(message); err != nil {
		return err
	}
	var failed error // the rest is still read, so that the next answer is the next one
	for {
		answers, err := c.receive()
		if err != nil {
			return err
		}
		for _, a := range answers {
			if a.Header.Seq != serial {
				continue // of a list that was given up
			}
			if a.Header.Flags&unix.NLM_F_DUMP_INTR != 0 {
				failed = errInterrupted
			}
			switch a.Header.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				if err := errno(a.Data); err != nil {
					return err
				}
				return failed
			}
			if failed == nil {
				failed = take(a.Data)
			}
		}
	}
}

// batch sends a message of count requests, numbered from first on, and returns how each one ended. One that fails keeps
// no other one back.
func (c *conversation) batch(message []byte, first uint32, count int) []error {
	ends := make([]error, count)
	err := c.send(message)
	waiting := make(map[uint32]struct{}, count)
	for i := range count {
		waiting[first+uint32(i)] = struct{}{}
	}
	for len(waiting) > 0 && err == nil {
		var answers []syscall.NetlinkMessage
		if answers, err = c.receive(); err != nil {
			break
		}
		for _, a := range answers {
			if _, ours := waiting[a.Header.Seq]; ours && a.Header.Type == unix.NLMSG_ERROR {
				delete(waiting, a.Header.Seq)
				ends[a.Header.Seq-first] = errno(a.Data)
			}
		}
	}
	for serial := range waiting {
		ends[serial-first] = err
	}
	return ends
}

// errno is how a request ended; nil when it went well.
func errno(data []byte) error {
	if len(data) < errnoSize {
		return nil
	}
	if n := int32(binary.NativeEndian.Uint32(data)); n != 0 {
		return unix.Errno(-n)
	}
	return nil
}
