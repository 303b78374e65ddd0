// Package dial opens the TCP connections of checks. It says about the own end what connect_ip, connect_port, bindto,
// bind_port, bind_if and fwmark ask for.
package dial

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// Dialer opens connections. The zero value is ready, and may be used by several goroutines.
type Dialer struct{}

// Dial connects to where a checker wants to. network is "tcp". It gives up when ctx ends. The error wraps the
// system's: ECONNREFUSED and its like speak of the server, those of [SetupError] of this host.
func (Dialer) Dial(ctx context.Context, network string, to config.Connection) (net.Conn, error) {
	if !to.Addr.IsValid() {
		return nil, &SetupError{Step: "connecting", Err: unix.EDESTADDRREQ}
	}
	d := net.Dialer{
		LocalAddr: local(to),
		KeepAlive: -time.Second, // a check is over before the first probe would be sent
		Control:   func(_, _ string, c syscall.RawConn) error { return prepare(c, to) },
	}
	conn, err := d.DialContext(ctx, network, to.Addr.String())
	return conn, bound(err, to)
}

// local is the address that the connection comes from; nil leaves it to the kernel. A port without an address means
// nothing, as upstream has it: for a minute after a check the kernel would not give it away again.
func local(to config.Connection) net.Addr {
	if !to.Bind.IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(to.Bind, to.Port))
}

// prepare sets what has to be set before the socket is bound.
func prepare(c syscall.RawConn, to config.Connection) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = setOptions(int(fd), to) })
	if err != nil {
		return err
	}
	return failed
}

func setOptions(fd int, to config.Connection) error {
	if to.Mark != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(to.Mark)); err != nil {
			return &SetupError{Step: fmt.Sprintf("setting fwmark %d", to.Mark), Err: err, Remedy: rightRemedy(err, "CAP_NET_ADMIN")}
		}
	}
	if to.BindIf != "" {
		if err := unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, to.BindIf); err != nil {
			return &SetupError{Step: "binding to " + to.BindIf, Err: err, Remedy: rightRemedy(err, "CAP_NET_RAW")}
		}
	}
	return nil
}

// SetupError says that the socket could not be made as configured. It says nothing about the server.
type SetupError struct {
	Step   string
	Err    error
	Remedy string // what to do; may be empty
}

func (e *SetupError) Error() string {
	said := e.Step + ": " + e.Err.Error()
	if e.Remedy != "" {
		said += " (" + e.Remedy + ")"
	}
	return said
}

// Unwrap gives the system's error.
func (e *SetupError) Unwrap() error { return e.Err }
