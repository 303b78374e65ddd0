package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outgoing is the memory of sendmmsg for one socket. It grows to the largest batch and is then used again.
type outgoing struct {
	scope     uint32 // index of the interface, where destinations that are link-local are
	v6        bool
	messages  []mmsghdr
	vectors   []unix.Iovec
	addresses []unix.RawSockaddrInet6 // of IPv4 sockets the memory holds a RawSockaddrInet4
	pending   []mmsghdr               // what is still to be sent
	failures  sendErrors
}

// resize makes room for n messages. The vectors and addresses do not move until the next resize.
func (o *outgoing) resize(n int) {
	if n <= cap(o.messages) {
		o.messages = o.messages[:n]
		return
	}
	o.messages = make([]mmsghdr, n)
	o.vectors = make([]unix.Iovec, n)
	o.addresses = make([]unix.RawSockaddrInet6, n)
	for i := range o.messages {
		h := &o.messages[i].header
		h.Iov = &o.vectors[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&o.addresses[i]))
		if o.v6 {
			h.Namelen = unix.SizeofSockaddrInet6
			o.addresses[i].Family = unix.AF_INET6
		} else {
			h.Namelen = unix.SizeofSockaddrInet4
			o.addresses[i].Family = unix.AF_INET
		}
	}
}

// prepare fills in the datagrams that have a header of the family, and notes the others as failed.
func (o *outgoing) prepare(datagrams [][]byte) {
	o.resize(len(datagrams))
	o.failures = o.failures[:0]
	n := 0
	for _, d := range datagrams {
		if !whole(d, o.v6) {
			o.failures.add(unix.EINVAL)
			continue
		}
		o.vectors[n].Base = &d[0]
		o.vectors[n].SetLen(len(d))
		o.address(n, d)
		n++
	}
	o.pending = o.messages[:n]
}

// whole tells whether a datagram has a header of the family.
func whole(d []byte, v6 bool) bool {
	if v6 {
		return len(d) >= ipv6HeaderLength && d[0]>>4 == 6
	}
	return len(d) >= ipv4HeaderLength && d[0]>>4 == 4
}

// address takes the destination of message n out of the header.
func (o *outgoing) address(n int, d []byte) {
	to := &o.addresses[n]
	if !o.v6 {
		copy((*unix.RawSockaddrInet4)(unsafe.Pointer(to)).Addr[:], d[16:20])
		return
	}
	copy(to.Addr[:], d[24:40])
	to.Scope_id = 0
	if a := netip.AddrFrom16(to.Addr); a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() {
		to.Scope_id = o.scope
	}
}

// flush sends what is pending. A message that fails does not keep back those after it.
func (o *outgoing) flush(fd uintptr) {
	for len(o.pending) > 0 {
		n, err := sendmmsg(fd, o.pending, unix.MSG_DONTWAIT)
		if err != nil {
			o.failures.add(plain(err.(syscall.Errno), o.pending[0].destination()))
			n = 1
		}
		o.pending = o.pending[n:]
	}
}

// plain names the reason. The kernel finds no route to a group when the interface that the socket is bound to is down;
// there is no other reason, because a group needs no route otherwise.
func plain(errno syscall.Errno, destination netip.Addr) syscall.Errno {
	if errno == unix.ENETUNREACH && destination.IsMulticast() {
		return unix.ENETDOWN
	}
	return errno
}

// sendErrors counts failed messages by error.
type sendErrors []sendError

type sendError struct {
	errno syscall.Errno
	count int
}

func (s *sendErrors) add(errno syscall.Errno) {
	for i := range *s {
		if (*s)[i].errno == errno {
			(*s)[i].count++
			return
		}
	}
	*s = append(*s, sendError{errno, 1})
}

// err joins the failures of a batch of total messages; errors.Is finds each errno in it.
func (s sendErrors) err(doing string, total int) error {
	if len(s) == 0 {
		return nil
	}
	errs := make([]error, len(s))
	for i, e := range s {
		errs[i] = e.errno
		if total > 1 {
			errs[i] = fmt.Errorf("%d of %d: %w", e.count, total, e.errno)
		}
	}
	return fmt.Errorf("%s: %w", doing, joined(errs))
}

// joined is errors.Join on one line.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return oneLine{errors.Join(errs...)}
}

type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }
func (e oneLine) Unwrap() error { return e.error }
