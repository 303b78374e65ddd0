package checks

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// secure has a server speak TLS, and tell of the name and the certificate that
// it is shown, and of the first line of the request. polite says that it ends
// the connection in order.
func secure(config *tls.Config, polite bool, m manner) manner {
	return func(c *call) {
		conn := tls.Server(c.Conn, config)
		if err := conn.Handshake(); err != nil {
			c.tell("no handshake")
			return
		}
		state := conn.ConnectionState()
		c.Conn, c.read = conn, bufio.NewReader(conn)
		c.show = func(request string) string {
			line, _, _ := strings.Cut(request, "|")
			shown := "none"
			if len(state.PeerCertificates) > 0 {
				shown = state.PeerCertificates[0].Subject.CommonName
			}
			return fmt.Sprintf("name %q, certificate %s, %s", state.ServerName, shown, line)
		}
		if m(c); polite {
			_ = conn.Close() // the other side may have gone
		}
	}
}

// counted counts what is read.
type counted struct {
	net.Conn
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n += n
	return n, err
}

// goodbye tells whether the other side ends TLS in order: that anything comes
// after the reply.
func goodbye(config *tls.Config) manner {
	return func(c *call) {
		raw := &counted{Conn: c.Conn}
		conn := tls.Server(raw, config)
		read := bufio.NewReader(conn)
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = read.ReadString('\n'); err != nil {
				c.tell(err.Error())
				return
			}
		}
		before := raw.n
		if _, err := io.WriteString(conn, page("hello")); err == nil {
			_ = conn.CloseWrite() // shown by what comes back
		}
		if _, _ = io.Copy(io.Discard, read); raw.n == before {
			c.tell("gone without a word")
			return
		}
		c.tell("goodbye")
	}
}

// reset has a server answer with a text over TLS and reset the connection.
func reset(config *tls.Config, text string) manner {
	return func(c *call) {
		raw := c.Conn
		secure(config, false, reply(text))(c)
		if tcp, ok := raw.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the connection may be gone
		}
	}
}

// plain speaks no TLS, whatever comes.
func plain(c *call) {
	c.tell("plain")
	c.say(page("hello"))
	c.hold()
}

// mute takes connections and never answers the first message of TLS.
func mute(c *call) {
	c.tell("mute")
	c.hold()
}

// TestSecure asks servers that speak TLS, with an SSL block.
func TestSecure(t *testing.T) {
	t.Parallel()
	server := newIdentity(t, "server").pair(t)
	config := &tls.Config{Certificates: []tls.Certificate{server}}
	with := func(change func(*tls.Config)) *tls.Config {
		c := config.Clone()
		change(c)
		return c
	}
	asking := with(func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	asking12 := with(func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 })
	saw := func(name, certificate string) outcome {
		return outcome{saw: []string{fmt.Sprintf("name %q, certificate %s, GET / HTTP/1.0", name, certificate)}}
	}
	slash := url("/", "")
	cut := reply("HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nhello")
	rows := kindOf("SSL_GET", []row{
		{name: "TLS 1.3", want: saw("", "none")},
		{name: "TLS 1.2", serve: secure(with(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), true, good), want: saw("", "none")},
		{name: "TLS 1.1", serve: secure(with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), true, good),
			want: outcome{moves: "-", saw: []string{"no handshake"}}, why: "protocol version"},
		{name: "IPv6", six: true, want: saw("", "none")},
		{name: "digest", check: url("/", digest("hello")), want: up},
		{name: "not there", serve: secure(config, true, bad), want: down, why: "status 404"},

		{name: "certificate", serve: secure(asking, true, good), want: saw("", "checker")},
		{name: "certificate, TLS 1.2", serve: secure(asking12, true, good), want: saw("", "checker")},

		{name: "name of the virtual server", vs: "virtualhost v.example", check: "enable_sni;" + slash, want: saw("v.example", "none")},
		{name: "name of the real server is not sent", rs: "virtualhost r.example", check: "enable_sni;" + slash, want: saw("", "none")},
		{name: "name of the virtual server, real server with one", vs: "virtualhost v.example", rs: "virtualhost r.example",
			check: "enable_sni;" + slash, want: saw("v.example", "none")},
		{name: "name of the check", vs: "virtualhost v.example", check: "virtualhost c.example;enable_sni;" + slash, want: saw("c.example", "none")},
		{name: "name of the url", vs: "virtualhost v.example", check: "virtualhost c.example;enable_sni;" + url("/", "virtualhost u.example"),
			want: saw("u.example", "none")},
		{name: "name that is not sent", vs: "virtualhost v.example", want: saw("", "none")},
		{name: "no name to send", check: "enable_sni;" + slash, want: saw("", "none")},
		{name: "sni_name", vs: "virtualhost v.example", check: "sni_name s.example;" + slash, want: saw("s.example", "none"),
			peer: &outcome{saw: saw("", "none").saw}, because: "sni_name is newer than 2.2.7"},

		{name: "ends without a word", serve: goodbye(config), want: outcome{saw: []string{"gone without a word"}}},
		{name: "ends in order", serve: goodbye(config), check: "tls_compliant;" + slash, want: outcome{saw: []string{"goodbye"}},
			peer: &outcome{saw: []string{"gone without a word"}}, because: "tls_compliant is newer than 2.2.7"},
		{name: "ends in order, for a url", serve: goodbye(config), check: url("/", "tls_compliant"), want: outcome{saw: []string{"goodbye"}},
			peer: &outcome{saw: []string{"gone without a word"}}, because: "tls_compliant is newer than 2.2.7"},

		{name: "refuses", serve: nil, nobody: true, want: down, why: "connection refused"},
		{name: "speaks no TLS", serve: plain, want: down, why: "does not look like a TLS handshake"},
		{name: "closes at once", serve: func(c *call) { c.tell("closes") }, want: down},
		{name: "says nothing", serve: mute, want: down, why: "handshake was not done in time"},
		{name: "says nothing after the handshake", serve: secure(config, true, silent), want: down, why: "nothing came within"},
		{name: "closes after the request", serve: secure(config, true, reply("")), want: down, why: "goodbye before the end of the header"},
		{name: "breaks off after the request", serve: secure(config, false, reply("")), want: down, why: "before the end of the header"},
		{name: "stops in the header", serve: secure(config, true, stops("HTTP/1.0 200 OK\r\nA: b")), want: down, why: "nothing more came within"},
		{name: "breaks off when all is there", serve: secure(config, false, reply("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")), want: up},
		{name: "breaks off in between", serve: secure(config, false, cut), want: up},
		{name: "resets when all is there", serve: reset(config, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"), want: up},
		{name: "resets in between", serve: reset(config, "HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nhello"), want: down, why: "connection reset by peer",
			peer: &outcome{}, because: "every error after the header counts as the end of the page"},
		{name: "says too little, in order", serve: secure(config, true, cut), want: up},
		{name: "drips", serve: secure(config, true, drips(page(""), "hello", time.Second/2)), check: url("/", digest("hello")), want: up},
		// With TLS the time is that of the whole rest.
		{name: "drips for too long", serve: secure(config, true, drips(page(""), "hello, slow world", time.Second/2)), want: down, why: "nothing more came within"},
		{name: "huge header", serve: secure(config, true, reply("HTTP/1.0 200 OK\r\nA: "+strings.Repeat("b", 9000)+"\r\n\r\n")), want: down, why: "4095 bytes"},
	})
	for i := range rows {
		rows[i].vs += ";connect_timeout 6"
		if rows[i].serve == nil && !rows[i].nobody {
			rows[i].serve = secure(config, true, good)
		}
		if rows[i].check == "" {
			rows[i].check = slash
		}
	}
	s := newSite(t, rows)
	s.identify(newIdentity(t, "checker"))
	s.run()
}

// identify gives the directors an SSL block.
func (s *site) identify(i identity) {
	s.t.Helper()
	for _, director := range s.directors {
		for name, content := range map[string][]byte{"cert.pem": i.certificate, "key.pem": i.key} {
			_, err := director.Write(name, string(content), 0o600)
			s.must(err)
		}
	}
	s.global = fmt.Sprintf("SSL {\n ca %[1]s/cert.pem\n certificate %[1]s/cert.pem\n key %[1]s/key.pem\n}\n", lab.Dir)
}

// TestSecureWithoutIdentity asks a server that wants a certificate, without an
// SSL block.
func TestSecureWithoutIdentity(t *testing.T) {
	t.Parallel()
	config := &tls.Config{
		Certificates: []tls.Certificate{newIdentity(t, "server").pair(t)}, ClientAuth: tls.RequireAnyClientCert,
	}
	old := config.Clone()
	old.MaxVersion = tls.VersionTLS12
	newSite(t, kindOf("SSL_GET", []row{
		{name: "TLS 1.3", serve: secure(config, true, good), check: url("/", ""), want: outcome{moves: "-", saw: []string{"no handshake"}}, why: "certificate required"},
		{name: "TLS 1.2", serve: secure(old, true, good), check: url("/", ""), want: outcome{moves: "-", saw: []string{"no handshake"}}, why: "handshake failure"},
	})).run()
}

// kinds are servers of OpenSSL: what is special about them, and whether both
// programs reach them.
var kinds = []struct {
	name, options  string
	mine, theirs   bool
	because, fault string
}{
	{"RSA", "", true, true, "", ""},
	{"RSA key exchange in CBC mode", "-tls1_2 -cipher AES128-SHA", true, true, "", ""},
	{"ECDHE in CBC mode", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256", true, true, "", ""},
	{"TLS 1.3 alone", "-tls1_3", true, true, "", ""},
	{"P-521", "-tls1_3 -curves P-521", true, true, "", ""},
	{"TLS 1.0", "-tls1 -cipher ALL:@SECLEVEL=0", false, false, "", "protocol version"},
	{"DHE alone", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384", false, true, "the library of Go has no DHE", "it may offer"},
}

// TestKinds asks servers of OpenSSL.
func TestKinds(t *testing.T) {
	t.Parallel()
	var rows []row
	for _, k := range kinds {
		r := row{name: k.name, kind: "SSL_GET", check: url("/", ""), vs: "connect_timeout 10", nobody: true, why: k.fault}
		if !k.mine {
			r.want = down
		}
		if k.mine != k.theirs {
			r.peer, r.because = &outcome{}, k.because
		}
		rows = append(rows, r)
	}
	s := newSite(t, rows)
	key, certificate := lab.Dir+"/rsa.key", lab.Dir+"/rsa.pem"
	status, output, err := s.servers.Run(s.ctx, "openssl", strings.Fields("req -x509 -newkey rsa:2048 -nodes -subj /CN=server -keyout "+key+" -out "+certificate), nil)
	if err != nil || status != 0 {
		t.Fatalf("openssl req: status %d, %v\n%s", status, err, output)
	}
	for i, g := range s.stages {
		args := fmt.Sprintf("s_server -quiet -www -accept %v:443 -key %s -cert %s %s", g.addr, key, certificate, kinds[i].options)
		p, err := s.servers.Start("openssl", strings.Fields(args), nil)
		s.must(err)
		err = lab.Until(s.ctx, "openssl to listen", func() error {
			var c net.Conn
			if c, err = s.servers.Dial(s.ctx, "tcp", g.addr.String()+":443"); err == nil {
				err = c.Close()
			}
			return err
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Output())
		}
	}
	s.run()
}
