package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Implementation constants.
const (
	// answerTimeout is how long the kernel may take for one message of an answer. It answers while it is asked;
	// only someone who holds its interface lock for long can delay it.
	answerTimeout = 10 * time.Second
	// bufferSize is what the kernel fills at most with one message of a dump.
	bufferSize = 32 << 10
)

// errInterrupted says that what was read changed meanwhile, so that the parts may not fit together.
var errInterrupted = errors.New("the answer was interrupted by a change")

// conn is one rtnetlink socket for requests. It is not for several goroutines at a time.
type conn struct {
	fd     int
	room   int // of its receive buffer in the beginning
	seq    uint32
	buffer []byte
}

func dial() (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("opening a netlink socket: %w", err)
	}
	timeout := unix.NsecToTimeval(answerTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("setting up a netlink socket: %w", err)
	}
	// These three make answers shorter or plainer. An old kernel that lacks one is used as it is.
	for _, option := range []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK, unix.NETLINK_GET_STRICT_CHK} {
		_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, option, 1)
	}
	room, err := room(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("setting up a netlink socket: %w", err)
	}
	return &conn{fd: fd, room: room, buffer: make([]byte, bufferSize)}, nil
}

func (c *conn) close() error { return unix.Close(c.fd) }

// call sends a request and hands each message of the answer to each, which may be nil. The data is valid during the
// call of each only. The error carries the kernel's errno.
func (c *conn) call(request *nl.NetlinkRequest, each func(data []byte)) error {
	c.seq++
	request.Seq = c.seq
	if err := unix.Sendto(c.fd, request.Serialize(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("asking the kernel: %w", err)
	}
	interrupted := false
	for {
		messages, err := c.receive()
		if err != nil {
			return fmt.Errorf("reading the kernel's answer: %w", err)
		}
		for _, m := range messages {
			if m.Header.Seq != c.seq {
				continue // left over from a call that failed
			}
			interrupted = interrupted || m.Header.Flags&unix.NLM_F_DUMP_INTR != 0
			switch m.Header.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				if err := verdict(m); err != nil || !interrupted {
					return err
				}
				return errInterrupted
			}
			if each != nil {
				each(m.Data)
			}
		}
	}
}

func (c *conn) receive() ([]syscall.NetlinkMessage, error) {
	for {
		n, _, flags, _, err := unix.Recvmsg(c.fd, c.buffer, nil, 0)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, err
		case flags&unix.MSG_TRUNC != 0:
			return nil, fmt.Errorf("longer than %d bytes", len(c.buffer))
		}
		return syscall.ParseNetlinkMessage(c.buffer[:n])
	}
}

// verdict reads the error that ends an answer, with the kernel's own words where it has some.
func verdict(m syscall.NetlinkMessage) error {
	if len(m.Data) < 4 {
		return nil
	}
	code := int32(binary.NativeEndian.Uint32(m.Data))
	if code == 0 {
		return nil
	}
	errno := syscall.Errno(-code)
	if m.Header.Type != unix.NLMSG_ERROR || m.Header.Flags&unix.NLM_F_ACK_TLVS == 0 {
		return errno
	}
	if words := kernelWords(m); words != "" {
		return fmt.Errorf("%w (%s)", errno, words)
	}
	return errno
}

// kernelWords finds the message behind the error code and the echo of the request.
func kernelWords(m syscall.NetlinkMessage) string {
	echo := m.Data[4:]
	if len(echo) < unix.SizeofNlMsghdr {
		return ""
	}
	skip := unix.SizeofNlMsghdr
	if m.Header.Flags&unix.NLM_F_CAPPED == 0 {
		skip = int(binary.NativeEndian.Uint32(echo)+3) &^ 3
	}
	if skip > len(echo) {
		return ""
	}
	attributes, err := nl.ParseRouteAttr(echo[skip:])
	if err != nil {
		return ""
	}
	for _, a := range attributes {
		if a.Attr.Type == unix.NLMSGERR_ATTR_MSG {
			return unix.ByteSliceToString(a.Value)
		}
	}
	return ""
}
