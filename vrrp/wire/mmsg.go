package wire

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of sendmmsg(2) and recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	length uint32
}

// destination is the address that the message goes to.
func (m *mmsghdr) destination() netip.Addr {
	if m.header.Namelen == unix.SizeofSockaddrInet6 {
		return netip.AddrFrom16((*unix.RawSockaddrInet6)(unsafe.Pointer(m.header.Name)).Addr)
	}
	return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(m.header.Name)).Addr)
}

// The calls below never wait, whatever the mode of the file descriptor.

// sendmmsg sends messages and returns how many the kernel took. The error is that of the first message.
func sendmmsg(fd uintptr, messages []mmsghdr, flags uintptr) (int, error) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(messages))), uintptr(len(messages)), flags, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}

// recvmmsg receives what waits, at most len(messages). Nothing waiting is EAGAIN.
func recvmmsg(fd uintptr, messages []mmsghdr) (int, error) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(messages))), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}
