package check

import (
	"context"
	"net"

	"keepalived-go/check/httpget"
	"keepalived-go/config"
)

// Prober makes one kind of check of one real server. It is used by one check at a time.
type Prober interface {
	// Probe checks once and returns no later than ctx ends. part says which of several parts is to be checked, such
	// as the url of HTTP_GET; it is 0 where there are none.
	Probe(ctx context.Context, part int) Result
}

// Result is what a check found. The zero value is success.
type Result struct {
	// Failure says why the server does not serve; nil when it does.
	Failure error
	// Timeout is true when the failure is that nothing came in time.
	Timeout bool
	// What names the failure in the words that upstream logs, where the kind of check has several.
	What string
	// Notice is something odd that makes no failure. It is said when it is another one than before.
	Notice string
	// Broken says why the check could not be made at all, such as an address to bind to that is not there. It says
	// nothing about the server, and changes nothing.
	Broken error
}

// passed tells whether the server serves.
func (r Result) passed() bool { return r.Failure == nil && r.Broken == nil }

// Dialer opens the connections of checks, honouring what the connection says about its own end (bindto, bind_port,
// bind_if, fwmark).
type Dialer interface {
	Dial(ctx context.Context, network string, to config.Connection) (net.Conn, error)
}

// Target is what a prober is made for.
type Target struct {
	Checker  *config.Checker
	Identity httpget.Identity // what SSL_GET shows to servers
	Dialer   Dialer
	// Server and Service are the real server and the virtual server that it is a check of; nil where nobody asks.
	Server  *config.RealServer
	Service *config.VirtualServer
}

// NewProber makes the prober of a checker.
type NewProber func(Target) (Prober, error)

// Probers are the kinds of checkers that can be made. A real server whose kind is missing counts as if it passed.
type Probers map[config.CheckKind]NewProber

// DefaultProbers are the kinds of checkers that this package has.
func DefaultProbers() Probers {
	return Probers{config.CheckTCP: newTCP, config.CheckHTTP: newWeb, config.CheckSSL: newWeb}
}
