package check

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"keepalived-go/check/dial"
	"keepalived-go/check/httpget"
	"keepalived-go/config"
)

// webNet is a network of web servers that answer as pages says; a path without an entry is a 404.
type webNet struct {
	mu    sync.Mutex
	pages map[string]string // by path: the body
	asked []string
	err   error
}

func (w *webNet) set(path, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if body == "" {
		delete(w.pages, path)
		return
	}
	w.pages[path] = body
}

// take lists the paths that were asked for since the last call.
func (w *webNet) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := strings.Join(w.asked, " ")
	w.asked = nil
	return s
}

func (w *webNet) Dial(context.Context, string, config.Connection) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	here, there := net.Pipe()
	go w.serve(there)
	return here, nil
}

func (w *webNet) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	w.mu.Lock()
	w.asked = append(w.asked, r.URL.Path)
	body, ok := w.pages[r.URL.Path]
	w.mu.Unlock()
	length := len(body)
	status := "200 OK"
	if !ok {
		status = "404 Not Found"
	}
	if strings.HasPrefix(body, "short") {
		length = 100
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n%s", status, length, body)
}

const webText = `
virtual_server 10.1.0.100 80 {
  delay_loop 2
  warmup 0
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  real_server 10.1.0.11 80 {
    HTTP_GET {
      connect_timeout 1
      retry 1
      delay_before_retry 1
      EXTRA
      url {
        path /a
        status_code 200
      }
      url {
        path /b
        status_code 200
      }
    }
  }
}
`

// Urls come one in each turn; a failure is repeated, and after it all of them have to pass.
func TestWebServer(t *testing.T) {
	for _, c := range []struct{ name, extra, soon string }{
		{"at leisure", "", "10.1.0.100:80:"},
		{"fast_recovery", "fast_recovery", "10.1.0.100:80: 10.1.0.11:80=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *node) {
				w := &webNet{pages: map[string]string{"/a": "one", "/b": "two"}}
				n.start(strings.Replace(webText, "EXTRA", c.extra, 1), func(o *Options) { o.Dialer = w })
				wait(4 * time.Second)
				expect(t, "lines", lastLine(n.lines.take()), "Remote Web server [10.1.0.11]:tcp:80 succeed on service.")
				for !strings.HasSuffix(w.take(), "/a") {
					wait(time.Second)
				}
				w.set("/b", "")
				wait(4 * time.Second)
				expect(t, "table", n.kernel.show(), "10.1.0.100:80:")
				expect(t, "lines", n.lines.take(), `
HTTP_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries. (status 404 is not wanted)
Removing service [10.1.0.11]:tcp:80 from VS [10.1.0.100]:tcp:80
Lost quorum 1-0=1 > 0 for VS [10.1.0.100]:tcp:80`)
				w.take()
				w.set("/b", "short")
				wait(2500 * time.Millisecond)
				expect(t, "table soon", n.kernel.show(), c.soon)
				wait(4 * time.Second)
				expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
				if got := w.take(); !strings.HasPrefix(got, "/b /a /b") {
					t.Errorf("asked for %s", got)
				}
				wait(10 * time.Second)
				if got := n.lines.take(); strings.Count(got, "url /b: content_length (100) does not match received bytes (5)") != 1 ||
					!strings.Contains(got, "HTTP status code success to [10.1.0.11]:tcp:80 url(/b)\n") {
					t.Errorf("lines:\n%s", got)
				}
				n.stop()
			})
		})
	}
}

// With fast_recovery a server that is down, one url of which has come back and another one has not, is asked again after
// a pause: it is not flooded.
func TestFastRecoveryRestsAfterFailures(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		w := &webNet{pages: map[string]string{"/a": "one", "/b": "two"}}
		n.start(strings.Replace(webText, "EXTRA", "fast_recovery", 1), func(o *Options) { o.Dialer = &countedDialer{webNet: w, left: 100} })
		wait(4 * time.Second)
		w.set("/b", "")
		wait(6 * time.Second)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80:")
		w.set("/a", "")
		w.set("/b", "two")
		w.take()
		wait(10 * time.Second)
		if asked := strings.Count(w.take(), "/"); asked > 15 {
			t.Errorf("asked %d times in 10 s", asked)
		}
		w.set("/a", "one")
		wait(5 * time.Second)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		n.stop()
	})
}

// countedDialer gives a number of connections, then none: time stands still in a bubble where somebody is always busy.
type countedDialer struct {
	*webNet
	left int
}

func (d *countedDialer) Dial(ctx context.Context, network string, to config.Connection) (net.Conn, error) {
	if d.left--; d.left < 0 {
		return nil, errors.New("too many connections")
	}
	return d.webNet.Dial(ctx, network, to)
}

func lastLine(s string) string { return s[strings.LastIndex(s, "\n")+1:] }

func TestWebFailuresInUpstreamsWords(t *testing.T) {
	dialing := func(err error) *httpget.Failure { return &httpget.Failure{Dialing: true, Err: err} }
	for _, c := range []struct {
		failure *httpget.Failure
		what    string
		broken  bool
	}{
		{dialing(syscall.ECONNREFUSED), "Connection failed", false},
		{dialing(syscall.ENETUNREACH), "HTTP/SSL_CHECK - network unreachable", false},
		{dialing(syscall.EHOSTUNREACH), "Error connecting", false},
		{dialing(context.DeadlineExceeded), "Timeout connecting", false},
		{dialing(syscall.EMFILE), "", true},
		{dialing(&dial.SetupError{Step: "binding", Err: syscall.ENETDOWN}), "", true},
		{&httpget.Failure{Reason: httpget.WrongDigest, Err: errors.New("other")}, "MD5 digest error to", false},
	} {
		if r := webFailure(c.failure); r.What != c.what || (r.Broken != nil) != c.broken || (r.Failure == nil) != c.broken {
			t.Errorf("%v: %+v", c.failure.Err, r)
		}
	}
}

// What SSL_GET shows to servers is read before anything happens.
func TestUnreadableIdentity(t *testing.T) {
	text := "SSL {\n certificate /nowhere/cert.pem\n key /nowhere/key.pem\n}\n" + strings.Replace(strings.Replace(webText, "HTTP_GET", "SSL_GET", 1), "EXTRA", "", 1)
	inBubble(t, func(t *testing.T, n *node) {
		n.start(text)
		if err := <-n.done; err == nil || !strings.Contains(err.Error(), "/nowhere/cert.pem") {
			t.Errorf("runs with %v", err)
		}
	})
	inBubble(t, func(t *testing.T, n *node) {
		n.start(vsWith("", ""))
		cfg := decode(t, text)
		if n.engine.Check(cfg) == nil || n.engine.Reload(cfg) == nil {
			t.Error("reloads without its certificate")
		}
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		n.stop()
	})
}
