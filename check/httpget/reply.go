package httpget

import (
	"bytes"
	"crypto/md5"
	"hash"
	"strconv"
)

// bufferSize is the room for what is read at once: the header has to fit, and a match of a regular expression. It is
// upstream's, because what a regular expression finds depends on it.
const bufferSize = 4095

// BodyLimit is the most bytes of a body that are read. Nothing of a body is kept, so this bounds time and traffic
// only; a check that reads a gigabyte is a mistake.
const BodyLimit = 1 << 30

// reply reads a reply piece by piece. It has no clock and no connection.
type reply struct {
	buffer   [bufferSize]byte
	held     int  // bytes of buffer in use
	complete bool // the header is
	closed   bool // the server ended the connection in order
	status   int
	announce int64 // Content-Length, -1 without
	length   int64 // bytes of the body so far
	sum      hash.Hash
	scan     *scan // nil without a regular expression
	tail     [len(lastChunk)]byte
	trace    *Trace
}

// lastChunk ends a body in chunks.
const lastChunk = "0\r\n\r\n"

func newReply(want Want, trace *Trace) *reply {
	r := &reply{announce: -1, sum: md5.New(), trace: trace}
	if want.Regex != nil {
		r.scan = &scan{regex: want.Regex}
	}
	return r
}

// space is where the next bytes go. It is empty when the header is longer than the buffer.
func (r *reply) space() []byte { return r.buffer[r.held:] }

// took says that n bytes were put into space.
func (r *reply) took(n int) {
	before := r.held
	r.held += n
	if r.complete {
		r.body(r.buffer[before:r.held])
		r.keep()
		return
	}
	if r.trace != nil {
		r.trace.Waiting()
	}
	end := bytes.Index(r.buffer[:r.held], []byte("\r\n\r\n"))
	if end < 0 {
		return
	}
	r.readHeader(r.buffer[:end+4])
	if body := r.buffer[end+4 : r.held]; len(body) > 0 {
		r.body(body)
		r.keep()
		return
	}
	r.held = 0
}

func (r *reply) readHeader(header []byte) {
	r.complete = true
	r.status = statusCode(header)
	r.announce = contentLength(header)
	if r.trace != nil {
		r.trace.Header(header)
	}
}

// body digests what Content-Length lets be digested.
func (r *reply) body(b []byte) {
	digested := b
	if r.announce >= 0 {
		digested = b[:min(max(r.announce-r.length, 0), int64(len(b)))]
	}
	if len(digested) > 0 {
		// A hash does not fail.
		_, _ = r.sum.Write(digested)
		if r.trace != nil {
			r.trace.Body(digested, r.length)
		}
	}
	r.length += int64(len(b))
	all := append(r.tail[:len(r.tail):len(r.tail)], b[max(0, len(b)-len(r.tail)):]...)
	copy(r.tail[:], all[len(all)-len(r.tail):])
}

// keep leaves in the buffer what a regular expression needs to go on.
func (r *reply) keep() {
	if r.scan == nil {
		r.held = 0
		return
	}
	kept := r.scan.feed(r.buffer[:r.held])
	copy(r.buffer[:], r.buffer[r.held-kept:r.held])
	r.held = kept
}

// ended tells whether the reply says by itself that nothing is missing.
func (r *reply) ended() bool {
	switch {
	case !r.complete:
		return false
	case r.announce >= 0:
		return r.length >= r.announce
	}
	return string(r.tail[:]) == lastChunk
}

// result is what is known when nothing more comes.
func (r *reply) result() Result {
	res := Result{Status: r.status, Length: r.length, Announced: r.announce, Closed: r.closed}
	r.sum.Sum(res.Digest[:0])
	if r.scan != nil {
		res.Dropped = r.scan.dropped
	}
	return res
}

// statusCode is the number after the first blank of the first line, 0 unless it has three digits with a blank behind.
func statusCode(header []byte) int {
	i := bytes.IndexAny(header, " \r")
	if i < 0 || header[i] != ' ' || len(header) < i+5 || header[i+4] != ' ' {
		return 0
	}
	code, err := strconv.ParseUint(string(header[i+1:i+4]), 10, 16)
	if err != nil {
		return 0
	}
	return int(code)
}

// contentLength is the announced length of the body, -1 when there is none. The name is compared as upstream does:
// in this spelling, and wherever it stands.
func contentLength(header []byte) int64 {
	_, value, found := bytes.Cut(header, []byte("Content-Length:"))
	if !found {
		return -1
	}
	value = bytes.TrimLeft(value, " \t")
	end := bytes.IndexAny(value, "\r\n")
	if end < 0 {
		return -1
	}
	n, err := strconv.ParseInt(string(value[:end]), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
