package httpget

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"keepalived-go/config"
)

// Request is one GET and what its reply has to be.
type Request struct {
	Path    string // sent as it is
	Host    string // value of the Host header, from [HostHeader]
	Version config.HTTPVersion
	// Dial connects, and gives up when its context ends.
	Dial func(context.Context) (net.Conn, error)
	// TLS is how to encrypt, from [Identity.Config]; nil for HTTP_GET.
	TLS *tls.Config
	// CloseNotify says goodbye to the TLS server at the end (tls_compliant).
	CloseNotify bool
	// Timeout is connect_timeout, more than 0.
	Timeout time.Duration
	// Overall bounds the whole request; 0 stands for [DefaultOverall] of Timeout.
	Overall time.Duration
	Want    Want
	// Trace sees the reply as it comes; nil for none.
	Trace *Trace
}

// Want is what a reply has to be.
type Want struct {
	Status []config.StatusRange // none: every code is good
	Digest string               // MD5 as 32 lower-case hexadecimal digits, "" for any
	Regex  *Regex               // nil for none
}

// Trace is told of the reply as it is read. Its slices are valid during the call only.
type Trace struct {
	Waiting func()              // something came while the header is not complete
	Header  func([]byte)        // the header with the empty line at its end
	Body    func([]byte, int64) // bytes that are digested, and how many were before them
}

// minOverall is long enough for every page that a person would call slow. Upstream has no such bound.
const minOverall = 2 * time.Minute

// DefaultOverall is the bound of a whole request: ten times connect_timeout, at least two minutes. A page that sends
// something within each connect_timeout passes with upstream however long it takes; one that takes longer than this is
// taken for one that never ends.
func DefaultOverall(connectTimeout time.Duration) time.Duration {
	return max(10*connectTimeout, minOverall)
}

// VirtualHost is the name that a url is asked with: the first that is given of url, checker, real server and virtual
// server; "" for none.
func VirtualHost(url, checker, realServer, virtualServer string) string {
	for _, name := range []string{url, checker, realServer, virtualServer} {
		if name != "" {
			return name
		}
	}
	return ""
}

// ServerName is the name sent with enable_sni: sni_name, else that of url, checker or virtual server. The one of the
// real server is not used, as upstream has it.
func ServerName(sniName, url, checker, virtualServer string) string {
	return VirtualHost(sniName, url, checker, virtualServer)
}

// HostHeader is the value of the Host header: the virtual host as it is, else address and port, the address of IPv6
// in brackets.
func HostHeader(virtualHost string, to netip.AddrPort) string {
	if virtualHost != "" {
		return virtualHost
	}
	return net.JoinHostPort(to.Addr().WithZone("").String(), strconv.Itoa(int(to.Port())))
}

// Bytes is the request as it is sent.
func (r *Request) Bytes() []byte {
	var b strings.Builder
	b.WriteString("GET " + r.Path + " HTTP/1.")
	if r.Version == config.HTTP11 {
		b.WriteByte('1')
	} else {
		b.WriteByte('0')
	}
	b.WriteString("\r\nUser-Agent: KeepAliveClient\r\n")
	if r.Version != config.HTTP10 {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("Host: " + r.Host + "\r\n\r\n")
	return []byte(b.String())
}
