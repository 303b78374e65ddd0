package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// Connect finds out whether a connection can be made, and closes it. It is [Dialer.Dial] at less cost: most of what
// that does is for connections that are used. It gives up when ctx ends; errors are those of Dial.
func (Dialer) Connect(ctx context.Context, to config.Connection) error {
	if !to.Addr.IsValid() {
		return &SetupError{Step: "connecting", Err: unix.EDESTADDRREQ}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	remote, family, err := sockaddr(to.Addr)
	if err != nil {
		return &SetupError{Step: "connecting", Err: err}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := begin(fd, remote, to); !errors.Is(err, unix.EINPROGRESS) {
		_ = unix.Close(fd) // it was made, or was not: no more is asked
		return err
	}
	return finish(ctx, fd, remote)
}

// begin does everything up to the first step of the connection.
func begin(fd int, remote unix.Sockaddr, to config.Connection) error {
	if err := setOptions(fd, to); err != nil {
		return err
	}
	if to.Bind.IsValid() {
		local, _, err := sockaddr(netip.AddrPortFrom(to.Bind, to.Port))
		if err != nil {
			return &SetupError{Step: "binding", Err: err}
		}
		if err := unix.Bind(fd, local); err != nil {
			return bound(os.NewSyscallError("bind", err), to)
		}
	}
	return connect(fd, remote)
}

// connect begins a connection, or tells how one goes on that was begun.
func connect(fd int, remote unix.Sockaddr) error {
	switch err := unix.Connect(fd, remote); {
	case err == nil, errors.Is(err, unix.EISCONN):
		return nil
	case errors.Is(err, unix.EALREADY), errors.Is(err, unix.EINTR):
		return unix.EINPROGRESS
	default:
		return os.NewSyscallError("connect", err)
	}
}

// finish waits for the end of a connection that was begun, by the runtime's poller, and closes the socket.
func finish(ctx context.Context, fd int, remote unix.Sockaddr) error {
	file := os.NewFile(uintptr(fd), "check")
	// The server has accepted or not; what closing says is no matter.
	defer func() { _ = file.Close() }()
	deadline, _ := ctx.Deadline()
	if err := file.SetWriteDeadline(deadline); err != nil {
		return &SetupError{Step: "waiting", Err: err}
	}
	defer context.AfterFunc(ctx, func() { _ = file.SetWriteDeadline(time.Unix(1, 0)) })()
	raw, err := file.SyscallConn()
	if err != nil {
		return &SetupError{Step: "waiting", Err: err}
	}
	return await(ctx, raw, remote)
}

// await asks again each time that the socket is ready, and once before: what came earlier is not told again.
func await(ctx context.Context, raw syscall.RawConn, remote unix.Sockaddr) error {
	var result error
	err := raw.Write(func(fd uintptr) bool {
		result = connect(int(fd), remote)
		return !errors.Is(result, unix.EINPROGRESS)
	})
	switch {
	case err == nil:
		return result
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("connecting: %w", err)
}

// sockaddr is an address as the kernel has it, and its family.
func sockaddr(a netip.AddrPort) (unix.Sockaddr, int, error) {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}, unix.AF_INET, nil
	}
	six := &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		link, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, 0, err
		}
		six.ZoneId = uint32(link.Index)
	}
	return six, unix.AF_INET6, nil
}
