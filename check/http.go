package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"keepalived-go/check/httpget"
	"keepalived-go/config"
)

// pages is HTTP_GET and SSL_GET. A part of the check is a url.
type pages struct {
	requests []httpget.Request // by url
}

// newWeb prepares the requests of a checker. What may be slow or fail, such as a regular expression, is done here.
func newWeb(t Target) (Prober, error) {
	h, ok := t.Checker.Detail.(config.HTTPCheck)
	if !ok {
		return nil, fmt.Errorf("%s has no urls", t.Checker.Kind)
	}
	w := &pages{requests: make([]httpget.Request, len(h.URLs))}
	for i := range h.URLs {
		r, err := t.request(&h, &h.URLs[i])
		if err != nil {
			return nil, fmt.Errorf("url %s: %w", h.URLs[i].Path, err)
		}
		w.requests[i] = r
	}
	return w, nil
}

// request prepares one url.
func (t Target) request(h *config.HTTPCheck, u *config.URL) (httpget.Request, error) {
	regex, err := httpget.NewRegex(u.Regex)
	if err != nil {
		return httpget.Request{}, fmt.Errorf("compiling the regular expression: %w", err)
	}
	to, dialer := t.Checker.Conn, t.Dialer
	return httpget.Request{
		Path: u.Path, Host: httpget.HostHeader(u.VirtualHost, to.Addr), Version: h.Version,
		Dial:        func(ctx context.Context) (net.Conn, error) { return dialer.Dial(ctx, "tcp", to) },
		TLS:         t.encryption(h, u),
		CloseNotify: u.TLSCompliant,
		Timeout:     t.Checker.Timing.ConnectTimeout,
		Overall:     patience(t.Checker),
		Want:        httpget.Want{Status: u.Status, Digest: u.Digest, Regex: regex},
	}, nil
}

// encryption is how SSL_GET encrypts; nil for HTTP_GET.
func (t Target) encryption(h *config.HTTPCheck, u *config.URL) *tls.Config {
	if t.Checker.Kind != config.CheckSSL {
		return nil
	}
	name := ""
	if h.SNI {
		name = httpget.ServerName(h.SNIName, t.ownHost(h, u), "", "")
	}
	return t.Identity.Config(name)
}

// ownHost is the virtual host of a url without that of the real server, which upstream does not send as server name.
// A url that names the same host as its real server cannot be told from one that inherits it, and counts as that.
func (t Target) ownHost(h *config.HTTPCheck, u *config.URL) string {
	if t.Server == nil || h.VirtualHost != "" || u.VirtualHost != t.Server.VirtualHost {
		return u.VirtualHost
	}
	return t.Service.VirtualHost
}

// Probe asks for one url.
func (w *pages) Probe(ctx context.Context, part int) Result {
	request := w.requests[min(part, len(w.requests)-1)]
	got := httpget.Do(ctx, request)
	if got.Failure != nil {
		return webFailure(got.Failure)
	}
	r := Result{What: got.Success()}
	switch {
	case got.Mismatch():
		r.Notice = fmt.Sprintf("url %s: content_length (%d) does not match received bytes (%d)", request.Path, got.Announced, got.Length)
	case got.Dropped:
		r.Notice = fmt.Sprintf("url %s: a partial match of the regular expression was too long and was given up", request.Path)
	}
	return r
}

// webFailure sorts a failure. A connection that was not made may say that there was no check at all.
func webFailure(f *httpget.Failure) Result {
	r := Result{Failure: f, What: f.What(), Timeout: f.Timeout}
	if !f.Dialing {
		return r
	}
	r = dialResult(f.Err)
	switch {
	case r.Broken != nil:
		return r
	case r.Timeout:
		r.What = httpget.ConnectTimeout.String()
	case errors.Is(f.Err, syscall.ENETUNREACH):
		r.What = httpget.Unreachable.String()
	case errors.Is(f.Err, syscall.ECONNREFUSED):
		r.What = httpget.ConnectRefused.String()
	default:
		r.What = httpget.ConnectError.String()
	}
	return r
}

// loadIdentity reads the files of the SSL block where a check uses them.
func loadIdentity(cfg config.Config) (httpget.Identity, error) {
	for i := range cfg.VirtualServers {
		for j := range cfg.VirtualServers[i].RealServers {
			for _, c := range cfg.VirtualServers[i].RealServers[j].Checkers {
				if c.Kind == config.CheckSSL {
					return httpget.LoadIdentity(cfg.SSL)
				}
			}
		}
	}
	return httpget.Identity{}, nil
}
