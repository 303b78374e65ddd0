package httpget

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Do makes the request and judges the reply. It returns within Overall, or soon after ctx ends, which counts as a
// timeout.
func Do(ctx context.Context, r Request) Result {
	overall := r.Overall
	if overall <= 0 {
		overall = DefaultOverall(r.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, overall)
	defer cancel()
	r.Overall = overall
	c := &call{Request: r, ctx: ctx, until: time.Now().Add(overall)}
	failure := c.open()
	if failure != nil {
		return Result{Failure: failure, Announced: -1}
	}
	defer c.close()
	if failure := c.send(); failure != nil {
		return Result{Failure: failure, Announced: -1}
	}
	got := newReply(r.Want, r.Trace)
	failure = c.read(got)
	res := got.result()
	if failure == nil {
		failure = judge(r.Want, got, &res)
	}
	res.Failure = failure
	return res
}

// call is a request while it is made.
type call struct {
	Request
	ctx    context.Context
	until  time.Time // end of the whole
	raw    net.Conn
	conn   net.Conn // raw, or TLS over it
	forget func() bool
}

// open connects, with TLS if wanted, all within connect_timeout.
func (c *call) open() *Failure {
	ctx, cancel := context.WithTimeout(c.ctx, c.Timeout)
	defer cancel()
	raw, err := c.Dial(ctx)
	if err != nil {
		return &Failure{Reason: dialReason(err), Dialing: true, Timeout: isTimeout(err), Err: err}
	}
	c.raw, c.conn = raw, raw
	// Reads and writes have deadlines; this ends them when the caller gives up.
	c.forget = context.AfterFunc(c.ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	if c.TLS == nil {
		return nil
	}
	secure := tls.Client(raw, c.TLS)
	c.conn = secure
	if err := secure.HandshakeContext(ctx); err != nil {
		c.forget()
		_ = raw.Close() // the handshake's error is the one that counts
		if isTimeout(err) {
			return &Failure{Reason: ConnectTimeout, Timeout: true, Err: errors.New("the TLS handshake was not done in time")}
		}
		return &Failure{Reason: HandshakeError, Err: explain(err)}
	}
	return nil
}

// dialReason names the error of a connection.
func dialReason(err error) Reason {
	switch {
	case isTimeout(err):
		return ConnectTimeout
	case errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.ECONNABORTED), errors.Is(err, syscall.EHOSTDOWN), errors.Is(err, syscall.ENETDOWN):
		return ConnectRefused
	}
	return ConnectError
}

// close ends the connection. With TLS nothing is said to the server unless it wants it.
func (c *call) close() {
	c.forget()
	if c.TLS != nil && c.CloseNotify {
		_ = c.raw.SetWriteDeadline(time.Now().Add(min(c.Timeout, time.Second)))
		_ = c.conn.Close() // the verdict is there already
	}
	_ = c.raw.Close()
}

func (c *call) send() *Failure {
	// It fails only on a connection that is closed, and then so does writing.
	_ = c.raw.SetWriteDeadline(c.deadline())
	if _, err := c.conn.Write(c.Bytes()); err != nil {
		return &Failure{Reason: SendError, Timeout: isTimeout(err), Err: fmt.Errorf("sending the request: %w", err)}
	}
	return nil
}

// deadline is connect_timeout from now, within the whole.
func (c *call) deadline() time.Time {
	d := time.Now().Add(c.Timeout)
	if d.After(c.until) {
		return c.until
	}
	return d
}

// read reads a reply to its end.
func (c *call) read(got *reply) *Failure {
	deadline := c.deadline()
	for n := 0; ; n++ {
		space := got.space()
		if len(space) == 0 {
			got.closed = c.TLS == nil // upstream takes having no room for the end
			return fail(NoData, "the header did not end within %d bytes", bufferSize)
		}
		// The second read of a TLS reply begins the time of all the rest.
		if n > 0 && (c.TLS == nil || n == 1) {
			deadline = c.deadline()
		}
		// It fails only on a connection that is closed, and then so does reading.
		_ = c.raw.SetReadDeadline(deadline)
		if c.ctx.Err() != nil {
			return c.late(n, got)
		}
		count, err := c.conn.Read(space)
		if count > 0 {
			got.took(count)
		}
		switch {
		case got.length > BodyLimit:
			return fail(ReadError, "the body is longer than %d bytes", int64(BodyLimit))
		case err != nil:
			return c.end(err, n, got)
		}
	}
}

// end says what the end of reading means.
func (c *call) end(err error, n int, got *reply) *Failure {
	closed := errors.Is(err, io.EOF)
	got.closed = closed
	switch {
	case isTimeout(err):
		return c.late(n, got)
	case c.TLS == nil && !closed:
		return &Failure{Reason: ReadError, Err: fmt.Errorf("after %d bytes of body: %w", got.length, err)}
	case c.TLS != nil && closed && !got.complete:
		return fail(TLSReadError, "the server said goodbye before the end of the header")
	case !got.complete:
		return fail(NoData, "the connection ended before the end of the header: %w", err)
	case closed || errors.Is(err, io.ErrUnexpectedEOF) || got.ended():
		// Many TLS servers close without a word, and upstream takes every error for the end.
		return nil
	}
	return &Failure{Reason: ReadError, Err: fmt.Errorf("after %d bytes of body: %w", got.length, err)}
}

// late is the failure of a reply that did not come in time.
func (c *call) late(n int, got *reply) *Failure {
	reason := ReadTimeout
	switch {
	case n == 0:
		reason = FirstByteTimeout
	case c.TLS != nil:
		reason = TLSReadTimeout
	}
	if !time.Now().Before(c.until) {
		return &Failure{Reason: reason, Timeout: true, Err: fmt.Errorf("the reply did not end within %v, after %d bytes of body", c.Overall, got.length)}
	}
	if cause := context.Cause(c.ctx); cause != nil {
		return &Failure{Reason: reason, Timeout: true, Err: fmt.Errorf("after %d bytes of body: %w", got.length, cause)}
	}
	if n == 0 {
		return &Failure{Reason: reason, Timeout: true, Err: fmt.Errorf("nothing came within %v", c.Timeout)}
	}
	return &Failure{Reason: reason, Timeout: true, Err: fmt.Errorf("nothing more came within %v, after %d bytes of body", c.Timeout, got.length)}
}

// isTimeout tells whether an error is that time was up.
func isTimeout(err error) bool {
	var netError net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &netError) && netError.Timeout()
}
