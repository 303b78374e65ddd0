package genhash

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

const (
	plain = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 12\r\n\r\nhello world\n"
	sum   = "6f5902ac237024bdd0c176cb93063dc4\n"
)

// verbosePlain and the other texts are what Debian's genhash 2.2.7 prints, but for the time.
const verbosePlain = `-----------------------[    HTTP Header Buffer    ]-----------------------
0000  48 54 54 50 2f 31 2e 31 - 20 32 30 30 20 4f 4b 0d   HTTP/1.1 200 OK.
0016  0a 53 65 72 76 65 72 3a - 20 78 0d 0a 43 6f 6e 74   .Server: x..Cont
0032  65 6e 74 2d 4c 65 6e 67 - 74 68 3a 20 31 32 0d 0a   ent-Length: 12..
0048  0d 0a                   -                           ..              
-----------------------[ HTTP Header Ascii Buffer ]-----------------------
HTTP/1.1 200 OK` + "\r\nServer: x\r\nContent-Length: 12\r\n\r\n" + `
-----------------------[        HTML Buffer        ]-----------------------
0000  68 65 6c 6c 6f 20 77 6f - 72 6c 64 0a               hello world.    

-----------------------[    HTML hash resulting    ]-----------------------
0000  6f 59 02 ac 23 70 24 bd - d0 c1 76 cb 93 06 3d c4   oY..#p$...v...=.
-----------------------[ HTML hash final resulting ]-----------------------
` + sum + `
Global response time for [/a] = N usecs
`

const verboseNothing = `
-----------------------[    HTML hash resulting    ]-----------------------
0000  d4 1d 8c d9 8f 00 b2 04 - e9 80 09 98 ec f8 42 7e   ..............B~
-----------------------[ HTML hash final resulting ]-----------------------

Global response time for [/a] = N usecs
`

func TestRun(t *testing.T) {
	for _, row := range []struct {
		name, host string
		reply      string
		options    Options
		out, err   string
	}{
		{"page", "127.0.0.1", plain, Options{}, sum, ""},
		{"IPv6", "::1", plain, Options{}, sum, ""},
		{"any status", "127.0.0.1", "HTTP/1.1 404 No\r\n\r\nhello world\n", Options{}, sum, ""},
		{"verbose", "127.0.0.1", plain, Options{Verbose: true}, verbosePlain, ""},
		{"nothing", "127.0.0.1", "", Options{}, "", noData},
		{"nothing, verbose", "127.0.0.1", "", Options{Verbose: true}, verboseNothing, noData},
		{"garbage, verbose", "127.0.0.1", "garbage", Options{Verbose: true}, headerHex + verboseNothing, noData},
		{"no TLS", "127.0.0.1", plain, Options{SSL: true}, "SSL handshake/communication error connecting to\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := row.options
			to, _ := serve(t, row.host, row.reply)
			o.Server, o.Port, o.URL, o.Timeout = to.Addr(), to.Port(), "/a", 20*time.Second
			out, err := run(t, o)
			if out != row.out || err != row.err {
				t.Errorf("output %q, error %q, want %q and %q", out, err, row.out, row.err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	// A port that nobody listens on, and that nobody else can be given.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(bound.(*unix.SockaddrInet4).Port))
	out, said := run(t, Options{Server: to.Addr(), Port: to.Port(), URL: "/a", Timeout: 20 * time.Second, Verbose: true})
	if out != "Connection failed\n\nGlobal response time for [/a] = N usecs\n" || said != "" {
		t.Errorf("output %q, error %q", out, said)
	}
}

// TestRequest shows what is asked.
func TestRequest(t *testing.T) {
	for _, row := range []struct {
		options Options
		want    string
	}{
		{Options{}, "GET /a HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: ADDR\r\n\r\n"},
		{Options{Version: config.HTTP11, VirtualHost: "www"}, "GET /a HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: www\r\n\r\n"},
	} {
		to, asked := serve(t, "127.0.0.1", plain)
		o := row.options
		o.Server, o.Port, o.URL, o.Timeout = to.Addr(), to.Port(), "/a", 20*time.Second
		run(t, o)
		if got := strings.ReplaceAll(<-asked, to.String(), "ADDR"); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

// TestDump wraps the offsets as upstream does.
func TestDump(t *testing.T) {
	var out bytes.Buffer
	p := &printer{w: &out}
	p.dump(bytes.Repeat([]byte{'~'}, 65536+1))
	lines := strings.Split(out.String(), "\n")
	const last = "0000  7e                      -                           ~               "
	if len(lines) != 4098 || !strings.HasPrefix(lines[4095], "65520  7e") || lines[4096] != last {
		t.Errorf("%d lines, the last ones %q", len(lines), lines[len(lines)-3:])
	}
}

var usecs = regexp.MustCompile(`= \d+ usecs`)

func run(t *testing.T, o Options) (stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	if err := Run(t.Context(), o, &out, &said); err != nil {
		t.Fatal(err)
	}
	return usecs.ReplaceAllString(out.String(), "= N usecs"), said.String()
}

// serve answers one connection.
func serve(t *testing.T, host, reply string) (netip.AddrPort, <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	asked := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		request := make([]byte, 4096)
		n, _ := c.Read(request)
		asked <- string(request[:n])
		_, _ = io.WriteString(c, reply)
		_ = c.Close()
	}()
	return netip.MustParseAddrPort(l.Addr().String()), asked
}
