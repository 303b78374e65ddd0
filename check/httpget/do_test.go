package httpget

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"keepalived-go/config"
)

func TestRequestBytes(t *testing.T) {
	for _, row := range []struct {
		version config.HTTPVersion
		virtual string
		to      string
		want    string
	}{
		{config.HTTP10, "", "10.0.0.1:80", "GET /a?b HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.0.0.1:80\r\n\r\n"},
		{config.HTTP10Close, "", "10.0.0.1:8080", "GET /a?b HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.0.0.1:8080\r\n\r\n"},
		{config.HTTP11, "", "[::1]:80", "GET /a?b HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: [::1]:80\r\n\r\n"},
		{config.HTTP10, "", "[fe80::1%eth0]:80", "GET /a?b HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: [fe80::1]:80\r\n\r\n"},
		{config.HTTP10, "www.example.org", "[::1]:80", "GET /a?b HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: www.example.org\r\n\r\n"},
	} {
		r := Request{Path: "/a?b", Version: row.version, Host: HostHeader(row.virtual, netip.MustParseAddrPort(row.to))}
		if got := string(r.Bytes()); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

func TestNames(t *testing.T) {
	if got := VirtualHost("", "", "real", "virtual"); got != "real" {
		t.Errorf("virtual host %q, want that of the real server", got)
	}
	if got := VirtualHost("url", "checker", "real", "virtual"); got != "url" {
		t.Errorf("virtual host %q, want that of the url", got)
	}
	if got := ServerName("", "", "", "virtual"); got != "virtual" {
		t.Errorf("server name %q, want that of the virtual server", got)
	}
	if got := ServerName("sni", "url", "", ""); got != "sni" {
		t.Errorf("server name %q, want sni_name", got)
	}
}

// page is a reply with a body.
func page(body string) string { return "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + body }

var good = Want{Status: []config.StatusRange{{Low: 200, High: 299}}}

const helloDigest = "6f5902ac237024bdd0c176cb93063dc4" // of "hello world\n"

// TestVerdict sends whole replies, in pieces of several sizes.
func TestVerdict(t *testing.T) {
	digest := Want{Status: good.Status, Digest: helloDigest}
	for _, row := range []struct {
		name, reply string
		want        Want
		what        string // "" for success
		success     string
	}{
		{"good", page("x"), good, "", "HTTP status code"},
		{"good without body", page(""), good, "", "HTTP status code"},
		{"redirect wanted", "HTTP/1.1 302 Found\r\n\r\n", Want{Status: []config.StatusRange{{Low: 200, High: 200}, {Low: 300, High: 303}}}, "", "HTTP status code"},
		{"redirect not wanted", "HTTP/1.1 302 Found\r\n\r\n", good, "HTTP status code error to", ""},
		{"error", "HTTP/1.1 500 Oh\r\n\r\n", good, "HTTP status code error to", ""},
		{"no reason phrase", "HTTP/1.1 200\r\n\r\n", good, "HTTP status code error to", ""},
		{"empty reason phrase", "HTTP/1.1 200 \r\n\r\n", good, "", "HTTP status code"},
		{"four digits", "HTTP/1.1 2000 OK\r\n\r\n", good, "HTTP status code error to", ""},
		{"signed", "HTTP/1.1 +20 OK\r\n\r\n", good, "HTTP status code error to", ""},
		{"no number", "HTTP/1.1 abc OK\r\n\r\n", good, "HTTP status code error to", ""},
		{"garbage with an end", "\x00\xff\r\n\r\n", good, "HTTP status code error to", ""},
		{"garbage", strings.Repeat("\x00\xff", 500), good, "Read, no data received from ", ""},
		{"nothing", "", good, "Read, no data received from ", ""},
		{"header without end", "HTTP/1.1 200 OK\r\nA: b\r\n", good, "Read, no data received from ", ""},
		{"header longer than the room", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 4095) + "\r\n\r\n", good, "Read, no data received from ", ""},
		{"header that fits just so", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 4095-24) + "\r\n\r\n", good, "", "HTTP status code"},
		{"digest", page("hello world\n"), digest, "", "MD5 digest"},
		{"digest of another page", page("hello world"), digest, "MD5 digest error to", ""},
		{"digest ends at the length", "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world\nmore", digest, "", "MD5 digest"},
		{"length in another spelling", "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello world\nmore", digest, "MD5 digest error to", ""},
		{"length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: 12x\r\n\r\nhello world\n", digest, "", "MD5 digest"},
		{"body shorter than the length", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello world\n", digest, "", "MD5 digest"},
		{"chunks are not decoded", "HTTP/1.1 200 OK\r\n\r\nc\r\nhello world\n\r\n0\r\n\r\n", digest, "MD5 digest error to", ""},
		{"status before digest", "HTTP/1.1 404 No\r\n\r\nhello world\n", digest, "HTTP status code error to", ""},
		{"match", page("say hello you"), regex(t, config.Regex{Pattern: "hello"}), "", "Regex match"},
		{"no match", page("say hallo you"), regex(t, config.Regex{Pattern: "hello"}), "Regex match failed", ""},
		{"match at the very end is open", page("say hello"), regex(t, config.Regex{Pattern: "hello+"}), "Regex match failed", ""},
		{"match not wanted", page("say hello you"), regex(t, config.Regex{Pattern: "hello", NoMatch: true}), "Regex match failed", ""},
		{"no match wanted", page("say hallo you"), regex(t, config.Regex{Pattern: "hello", NoMatch: true}), "", "Regex match"},
		{"far away", page(strings.Repeat("x", 20000) + "hello you"), regex(t, config.Regex{Pattern: "hello"}), "", "Regex match"},
		{"longer than the window", page("<" + strings.Repeat("x", 5000) + "> "), regex(t, config.Regex{Pattern: "<x*>"}), "Regex match failed", ""},
		{"explodes", page(strings.Repeat("a", 40) + "c b"), explosive(t), "Regex match failed", ""},
	} {
		for _, size := range []int{1, 7, 100, 100000} {
			res := ask(t, row.reply, size, row.want)
			got := ""
			if res.Failure != nil {
				got = res.Failure.What()
			}
			if got != row.what || row.what == "" && res.Success() != row.success {
				t.Errorf("%s, %d at a time: %q %q, want %q %q: %v", row.name, size, got, res.Success(), row.what, row.success, res.Failure)
			}
		}
	}
}

// TestOffsets counts offsets from the start of the body when the header came alone.
func TestOffsets(t *testing.T) {
	const body = "one two one two one two ."
	for _, row := range []struct {
		r  config.Regex
		ok bool
	}{
		{config.Regex{Pattern: "one ", MinOffset: 16}, true},
		{config.Regex{Pattern: "one ", MinOffset: 17}, false},
		{config.Regex{Pattern: "two ", MaxOffset: 4, HasMax: true}, true},
		{config.Regex{Pattern: "two ", MaxOffset: 3, HasMax: true}, false},
		{config.Regex{Pattern: "one ", MinOffset: 1, MaxOffset: 8, HasMax: true}, true},
		{config.Regex{Pattern: "one ", MinOffset: 1, MaxOffset: 7, HasMax: true}, false},
		{config.Regex{Pattern: "(?<=two )one ", MinOffset: 8}, true},
		{config.Regex{Pattern: "(?<=two )two "}, false},
		{config.Regex{Pattern: "one ", MaxOffset: 0, HasMax: true}, true},
	} {
		for _, size := range []int{1, 3, 100} {
			res := ask(t, page(""), 1000, regex(t, row.r), split(body, size)...)
			if (res.Failure == nil) != row.ok {
				t.Errorf("%+v, %d at a time: %v, want %v", row.r, size, res.Failure, row.ok)
			}
		}
	}
}

// TestUTFAcrossReads cuts characters in two.
func TestUTFAcrossReads(t *testing.T) {
	var options config.RegexOptions
	for !options.Has("utf") {
		options = max(1, options<<1)
	}
	for size := 1; size < 6; size++ {
		want := regex(t, config.Regex{Pattern: `(?<=ö)ä{2}\x{20ac}.`, Options: options})
		if res := ask(t, page(""), 1000, want, split("xöää€y.", size)...); res.Failure != nil {
			t.Errorf("%d bytes at a time: %v", size, res.Failure)
		}
	}
}

// TestFirstReadHasTheHeader shows that text of the header is searched when the body came along.
func TestFirstReadHasTheHeader(t *testing.T) {
	want := regex(t, config.Regex{Pattern: "Server: x"})
	if res := ask(t, page("body"), 1000, want); res.Failure != nil {
		t.Errorf("in one piece: %v", res.Failure)
	}
	if res := ask(t, page(""), 1000, want, "body"); res.Failure == nil {
		t.Error("the header came alone, and was searched")
	}
}

// TestWicked asks servers that mean no good. Time is that of the bubble.
func TestWicked(t *testing.T) {
	for _, row := range []struct {
		name   string
		serve  func(net.Conn)
		what   string
		detail string
		within time.Duration
	}{
		{"silent", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "Timeout WEB read", "nothing came within 5s", 5 * time.Second},
		{"stops in the header", says("HTTP/1.1 200"), "Timeout HTTP read", "nothing more came within 5s", 5 * time.Second},
		{"keeps the connection open", says(page("hello world\n")), "Timeout HTTP read", "after 12 bytes", 5 * time.Second},
		{"drips its header", drips("HTTP/1.1 200 OK\r\n", "x", 4*time.Second), "Timeout HTTP read", "did not end within 2m0s", 2 * time.Minute},
		{"drips its body", drips(page(""), "x", 4*time.Second), "Timeout HTTP read", "did not end within 2m0s", 2 * time.Minute},
		{"header without end", drips("HTTP/1.1 200 OK\r\n", strings.Repeat("A: b\r\n", 1000), 0), "Read, no data received from ", "4095 bytes", time.Second},
		{"body without end", drips(page(""), strings.Repeat("x", 1<<20), time.Microsecond), "Read error with", "longer than", 2 * time.Minute},
		{"slow but sure", slow(page(""), 20, 4*time.Second), "", "", 81 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Minute) // lets the server notice that nobody listens
				start := time.Now()
				res := Do(t.Context(), Request{Path: "/", Timeout: 5 * time.Second, Want: good, Dial: serve(row.serve)})
				what, detail := "", ""
				if res.Failure != nil {
					what, detail = res.Failure.What(), res.Failure.Error()
				}
				if took := time.Since(start); what != row.what || !strings.Contains(detail, row.detail) || took > row.within {
					t.Errorf("%q (%s) after %v, want %q (%s) within %v", what, detail, took, row.what, row.detail, row.within)
				}
			})
		})
	}
}

// TestBroken asks over connections that fail.
func TestBroken(t *testing.T) {
	refuse := func(err error) func(context.Context) (net.Conn, error) {
		return func(context.Context) (net.Conn, error) { return nil, err }
	}
	for _, row := range []struct {
		name    string
		dial    func(context.Context) (net.Conn, error)
		what    string
		dialing bool
	}{
		{"refused", refuse(syscall.ECONNREFUSED), "Connection failed", true},
		{"no route", refuse(syscall.ENETUNREACH), "HTTP/SSL_CHECK - network unreachable", true},
		{"late", refuse(context.DeadlineExceeded), "Timeout connecting", true},
		{"no such address here", refuse(syscall.EADDRNOTAVAIL), "Error connecting", true},
		{"reset before the reply", breaks(""), "Read error with", false},
		{"reset in the header", breaks("HTTP/1.1 200"), "Read error with", false},
		{"reset in the body", breaks(page("half")), "Read error with", false},
	} {
		res := Do(t.Context(), Request{Path: "/", Timeout: 20 * time.Second, Want: good, Dial: row.dial})
		if res.Failure == nil || res.Failure.What() != row.what || res.Failure.Dialing != row.dialing {
			t.Errorf("%s: %+v, want %q", row.name, res.Failure, row.what)
		}
	}
}

// TestGivenUp shows that a request ends with its context.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errors.New("no longer wanted")) })
		start := time.Now()
		res := Do(ctx, Request{Path: "/", Timeout: time.Hour, Want: good, Dial: serve(says(""))})
		if res.Failure == nil || time.Since(start) != time.Second || !strings.Contains(res.Failure.Error(), "no longer wanted") {
			t.Errorf("%v after %v", res.Failure, time.Since(start))
		}
	})
}

// TestMismatch compares the length with what came.
func TestMismatch(t *testing.T) {
	for reply, want := range map[string]bool{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc":  false,
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc":  true,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc":  true,
		"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nabc": false,
		"HTTP/1.1 200 OK\r\n\r\nabc":                       false,
	} {
		if res := ask(t, reply, 1000, good); res.Mismatch() != want || res.Length != 3 || res.Failure != nil {
			t.Errorf("%q: %+v", reply, res)
		}
	}
}

func regex(t testing.TB, r config.Regex) Want {
	t.Helper()
	made, err := NewRegex(r)
	if err != nil {
		t.Fatal(err)
	}
	return Want{Status: good.Status, Regex: made}
}

func explosive(t testing.TB) Want {
	w := regex(t, config.Regex{Pattern: "(?:(a+)+)+b", NoMatch: true})
	w.Regex.code.SetMatchLimit(10_000)
	return w
}

func split(s string, size int) (pieces []string) {
	for len(s) > size {
		pieces, s = append(pieces, s[:size]), s[size:]
	}
	return append(pieces, s)
}

// ask reads a reply in pieces of a size, then more pieces.
func ask(t testing.TB, reply string, size int, want Want, more ...string) Result {
	t.Helper()
	pieces := append(split(reply, size), more...)
	return Do(t.Context(), Request{Path: "/", Timeout: 20 * time.Second, Want: want, Dial: serve(func(c net.Conn) {
		for _, p := range pieces {
			_, _ = io.WriteString(c, p)
		}
		_ = c.Close()
	})})
}

// serve is a dialer to a server in memory, which reads the request first. Each of its writes is one read at most.
func serve(f func(net.Conn)) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			request := make([]byte, 4096)
			if _, err := theirs.Read(request); err == nil {
				f(theirs)
			}
		}()
		return ours, nil
	}
}

// says writes a text and keeps the connection.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		_, _ = io.Copy(io.Discard, c)
	}
}

// drips writes a text and then a piece every now and then, until nobody listens.
func drips(text, piece string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		_, err := io.WriteString(c, text)
		for err == nil {
			time.Sleep(pause)
			_, err = io.WriteString(c, piece)
		}
	}
}

// slow writes a text and n bytes, and closes.
func slow(text string, n int, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		for range n {
			time.Sleep(pause)
			_, _ = io.WriteString(c, "x")
		}
		_ = c.Close()
	}
}

// breaks is a dialer to a real socket that is reset after a text.
func breaks(text string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		go func() {
			c, err := l.Accept()
			_ = l.Close()
			if err != nil {
				return
			}
			request := make([]byte, 4096)
			_, _ = c.Read(request)
			_, _ = io.WriteString(c, text)
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}()
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}
}
