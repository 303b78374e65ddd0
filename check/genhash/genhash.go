// Package genhash computes the digest of a page as HTTP_GET and SSL_GET compare it. Its output is that of upstream's
// genhash, byte for byte.
package genhash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"time"

	"keepalived-go/check/dial"
	"keepalived-go/check/httpget"
	"keepalived-go/config"
)

// DefaultTimeout is what upstream waits for a connection or for the next bytes, about 72 minutes.
const DefaultTimeout = math.MaxUint32 * time.Microsecond

// Options are those of the command line.
type Options struct {
	Server      netip.Addr
	Port        uint16
	URL         string
	SSL         bool
	SNI         bool // send VirtualHost as the server's name
	VirtualHost string
	Mark        uint32
	Version     config.HTTPVersion
	Timeout     time.Duration
	Verbose     bool
}

// The lines between the parts of what -v prints.
const (
	headerHex   = "-----------------------[    HTTP Header Buffer    ]-----------------------\n"
	headerASCII = "-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n"
	bodyHex     = "-----------------------[        HTML Buffer        ]-----------------------\n"
	hashHex     = "-----------------------[    HTML hash resulting    ]-----------------------\n"
	hashFinal   = "-----------------------[ HTML hash final resulting ]-----------------------\n"
)

// noData is what is said of a server that sent no whole header.
const noData = "no data received from remote webserver\n"

// Run asks for the page and prints its digest. What goes wrong on the way is printed and is no error; the error is one
// of writing.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	out := &printer{w: stdout}
	start := time.Now()
	res := httpget.Do(ctx, request(o, out))
	if ctx.Err() == nil {
		out.result(res, o, stderr)
	}
	if o.Verbose {
		out.printf("\nGlobal response time for [%s] = %d usecs\n", o.URL, time.Since(start).Microseconds())
	}
	return out.err
}

// request is the request that the options ask for.
func request(o Options, out *printer) httpget.Request {
	to := netip.AddrPortFrom(o.Server, o.Port)
	conn := config.Connection{Addr: to, Mark: o.Mark}
	r := httpget.Request{
		Path: o.URL, Version: o.Version, Host: httpget.HostHeader(o.VirtualHost, to),
		Dial:    func(ctx context.Context) (net.Conn, error) { return dial.Dialer{}.Dial(ctx, "tcp", conn) },
		Timeout: o.Timeout, Overall: math.MaxInt64 / 4, // whoever typed the command can end it
	}
	if o.SSL {
		name := ""
		if o.SNI {
			name = o.VirtualHost
		}
		r.TLS = httpget.Identity{}.Config(name)
	}
	if o.Verbose {
		r.Trace = &httpget.Trace{
			Waiting: func() { out.printf("%s", headerHex) },
			Header:  out.header,
			Body:    out.body,
		}
	}
	return r
}

// printer writes the output and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) header(b []byte) {
	p.dump(b)
	text, _, _ := bytes.Cut(b, []byte{0})
	p.printf("%s%s\n", headerASCII, text)
}

func (p *printer) body(b []byte, before int64) {
	if before == 0 {
		p.printf("%s", bodyHex)
	}
	p.dump(b)
}

// result prints what came of the request.
func (p *printer) result(res httpget.Result, o Options, stderr io.Writer) {
	if o.Verbose && res.Closed {
		p.printf("\n%s", hashHex)
		p.dump(res.Digest[:])
		p.printf("%s", hashFinal)
	}
	switch {
	case res.Failure == nil:
		p.printf("%x\n", res.Digest)
	case res.Failure.Reason == httpget.NoData:
		_, err := io.WriteString(stderr, noData)
		p.err = errors.Join(p.err, err)
	default:
		p.printf("%s\n", res.Failure.What())
	}
}

// dump prints bytes in rows of 16, each with its offset in decimal, in hexadecimal and as text.
func (p *printer) dump(b []byte) {
	for at := 0; at < len(b); at += 16 {
		p.printf("%s", row(b, at))
	}
}

// row is one row of a dump. Columns without a byte are blank, and offsets begin anew after 65535.
func row(b []byte, at int) string {
	text := fmt.Appendf(nil, "%04d ", at&0xffff)
	ascii := make([]byte, 16)
	for i := range ascii {
		if at+i < len(b) {
			text = fmt.Appendf(text, " %02x", b[at+i])
		} else {
			text = append(text, "   "...)
		}
		if i == 7 {
			text = append(text, " -"...)
		}
		ascii[i] = shown(b, at+i)
	}
	return string(text) + "   " + string(ascii) + "\n"
}

// shown is how a byte looks as text.
func shown(b []byte, i int) byte {
	switch {
	case i >= len(b):
		return ' '
	case b[i] < 0x20 || b[i] > 0x7e:
		return '.'
	}
	return b[i]
}
