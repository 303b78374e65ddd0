package httpget

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"

	"keepalived-go/config"
)

// Result is what came of a request.
type Result struct {
	Failure   *Failure // nil when the server serves
	Status    int      // code of the reply, 0 when there was none that can be read
	Digest    [md5.Size]byte
	Length    int64 // bytes of the body that came
	Announced int64 // Content-Length, -1 without
	// Dropped says that a partial match was longer than the buffer and was given up.
	Dropped bool
	// Closed says that the server ended the connection in order: closed it, and said so before if it was TLS.
	Closed bool
	judged string
}

// Success names what was judged last, in the words that upstream logs before " success to ".
func (r Result) Success() string { return r.judged }

// Mismatch tells whether the body was not as long as announced, which upstream logs and lives with.
func (r Result) Mismatch() bool { return r.Announced >= 0 && r.Announced != r.Length }

// Failure says why a server does not serve.
type Failure struct {
	Reason Reason
	// Dialing is true when the connection was not made; then Err is the dialer's error, and may say that the check
	// could not be made at all.
	Dialing bool
	Timeout bool
	Err     error
}

// Error is the reason in detail.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// What names the failure in the words that upstream logs before " server [RS]:port.".
func (f *Failure) What() string { return f.Reason.String() }

// Reason is the kind of a failure.
type Reason uint8

// The reasons.
const (
	ConnectError Reason = iota
	ConnectRefused
	Unreachable
	ConnectTimeout
	HandshakeError
	SendError
	FirstByteTimeout
	ReadTimeout
	TLSReadTimeout
	ReadError
	TLSReadError
	NoData
	WrongStatus
	WrongDigest
	WrongRegex
)

// String is upstream's text; the blank at the end of one is upstream's, too.
func (r Reason) String() string {
	return [...]string{
		ConnectError:     "Error connecting",
		ConnectRefused:   "Connection failed",
		Unreachable:      "HTTP/SSL_CHECK - network unreachable",
		ConnectTimeout:   "Timeout connecting",
		HandshakeError:   "SSL handshake/communication error connecting to",
		SendError:        "Cannot send get request to",
		FirstByteTimeout: "Timeout WEB read",
		ReadTimeout:      "Timeout HTTP read",
		TLSReadTimeout:   "Timeout SSL read",
		ReadError:        "Read error with",
		TLSReadError:     "SSL read error from",
		NoData:           "Read, no data received from ",
		WrongStatus:      "HTTP status code error to",
		WrongDigest:      "MD5 digest error to",
		WrongRegex:       "Regex match failed",
	}[r]
}

// judge says whether a reply that was read to its end is what is wanted.
func judge(want Want, got *reply, res *Result) *Failure {
	if !statusOK(want.Status, res.Status) {
		return fail(WrongStatus, "status %s is not wanted", statusText(res.Status))
	}
	res.judged = "HTTP status code"
	if want.Digest != "" {
		if sum := hex.EncodeToString(res.Digest[:]); sum != want.Digest {
			return fail(WrongDigest, "the digest is %s, not %s", sum, want.Digest)
		}
		res.judged = "MD5 digest"
	}
	if want.Regex != nil {
		if err := got.scan.verdict(); err != nil {
			return &Failure{Reason: WrongRegex, Err: err}
		}
		res.judged = "Regex match"
	}
	return nil
}

// statusOK tells whether a code is within one of the ranges.
func statusOK(ranges []config.StatusRange, code int) bool {
	if len(ranges) == 0 {
		return true
	}
	for _, r := range ranges {
		if int(r.Low) <= code && code <= int(r.High) {
			return true
		}
	}
	return false
}

func statusText(code int) string {
	if code == 0 {
		return "that cannot be read"
	}
	return fmt.Sprint(code)
}

func fail(reason Reason, format string, args ...any) *Failure {
	return &Failure{Reason: reason, Err: fmt.Errorf(format, args...)}
}
