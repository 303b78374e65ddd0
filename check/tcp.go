package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"

	"keepalived-go/check/dial"
	"keepalived-go/config"
)

// tcp is TCP_CHECK: a connection that is accepted is a server that serves.
type tcp struct {
	dialer Dialer
	to     *config.Checker
}

func newTCP(t Target) (Prober, error) { return &tcp{dialer: t.Dialer, to: t.Checker}, nil }

// Probe connects within connect_timeout.
func (c *tcp) Probe(ctx context.Context, _ int) Result {
	ctx, cancel := context.WithTimeout(ctx, c.to.Timing.ConnectTimeout)
	defer cancel()
	if err := c.connect(ctx); err != nil {
		return dialResult(err)
	}
	return Result{}
}

// Connector is a [Dialer] that can find out at less cost whether a connection can be made, and closes it.
type Connector interface {
	Connect(ctx context.Context, to config.Connection) error
}

func (c *tcp) connect(ctx context.Context) error {
	if d, ok := c.dialer.(Connector); ok {
		return d.Connect(ctx, c.to.Conn)
	}
	conn, err := c.dialer.Dial(ctx, "tcp", c.to.Conn)
	if err != nil {
		return err
	}
	// What closing says is no matter: the server has accepted.
	_ = conn.Close()
	return nil
}

// refusals are the errors of a connection that say something about the server or the way to it. Every other one says
// that the check could not be made here.
var refusals = []error{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.ENETUNREACH, syscall.EHOSTUNREACH,
	syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.ENOPROTOOPT, syscall.EPROTO,
	// What the kernel makes of ICMP: a firewall that prohibits over IPv6, and a host that is said to be isolated.
	syscall.EACCES, syscall.ENONET,
}

// dialResult sorts the error of a connection as upstream does.
func dialResult(err error) Result {
	var timeout net.Error
	var setup *dial.SetupError
	switch {
	case errors.As(err, &setup):
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT),
		errors.As(err, &timeout) && timeout.Timeout():
		return Result{Failure: errors.New("no answer in time"), Timeout: true}
	case slices.ContainsFunc(refusals, func(e error) bool { return errors.Is(err, e) }):
		return Result{Failure: reason(err)}
	}
	return Result{Broken: fmt.Errorf("connecting: %w", err)}
}

// reason is the error of the system alone where there is one: the line that it goes into names the server.
func reason(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
