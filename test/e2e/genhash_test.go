package e2e

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// hashConfig has a page for each thing that a digest may depend on.
const hashConfig = `daemon off;
master_process off;
user root;
pid %[1]s/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path %[1]s/tmp/body;
    proxy_temp_path %[1]s/tmp/proxy;
    fastcgi_temp_path %[1]s/tmp/fastcgi;
    uwsgi_temp_path %[1]s/tmp/uwsgi;
    scgi_temp_path %[1]s/tmp/scgi;
    server {
        listen 80;
        listen 443 ssl;
        listen [::]:80;
        listen [::]:443 ssl;
        ssl_certificate %[1]s/web.pem;
        ssl_certificate_key %[1]s/web.pem;
        root %[1]s;
        location /text { return 200 "hello\n"; }
        location /host { return 200 "$http_host"; }
        location /name { return 200 "$ssl_server_name"; }
        location /protocol { return 200 "$server_protocol $http_connection"; }
        location /moved { return 301 /text; }
        location /nothing { return 204; }
        location /files { }
    }
}
`

// hashServers are servers whose replies are the same to the byte, by port.
var hashServers = map[int]string{
	1001: "HTTP/1.0 200 OK\r\nServer: test\r\n\r\nhello, \x00\xff world\n",
	1002: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
	1003: "HTTP/1.0 404 Not Found\r\n\r\n",
	1004: "HTTP/1.0 200 OK\r\nA: b\r\n",
	1005: "garbage",
	1006: "",
	1007: "HTTP/1.0 200 OK\r\nA: " + strings.Repeat("b", 9000) + "\r\n\r\nhello",
	1008: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
}

// silentPort is where a server takes requests and says nothing.
const silentPort = 1010

// hashRow is a command line of genhash. FOUR and SIX are the addresses of the
// server, and NAME in what is printed is the name of the program.
type hashRow struct {
	args string
	// ours and theirs are what is printed where that is not the same, and
	// because says why. Lines in another order are what linesMoved stands for.
	ours, theirs, because string
}

// linesMoved says that the lines are the same, in another order.
const linesMoved = "the lines are in another order"

var hashRows = []hashRow{
	{args: "-s FOUR -p 80 -u /text"},
	{args: "-sFOUR -p80 -u/text"},
	{args: "--server FOUR --port 80 --url /text"},
	{args: "--server=FOUR --port=80 --url=/text"},
	{args: "--serv FOUR --po 80 --ur /text"},
	{args: "-s FOUR -u /text"},
	{args: "-s FOUR -p 80 -u /files"},
	{args: "-s FOUR -p 80 -u /moved"},
	{args: "-s FOUR -p 80 -u /nothing"},
	{args: "-s FOUR -p 80 -u /not-there"},
	{args: "-s FOUR -p 80 -u /text?a=b&c"},
	{args: "-s FOUR -p 80 -u text"},
	{args: "-s FOUR -p 80 -u /text -u /files"},
	{args: "-s FOUR -p 80 -u /host"},
	{args: "-s FOUR -p 80 -u /host -V virtual.example"},
	{args: "-s FOUR -p 80 -u /host --use-virtualhost virtual.example:8080"},
	{args: "-s SIX -p 80 -u /text"},
	{args: "-s SIX -p 80 -u /host"},
	{args: "-s SIX -p 80 -u /host -V virtual.example"},
	{args: "-s FOUR -p 80 -u /protocol"},
	{args: "-s FOUR -p 80 -u /protocol -P 1.0"},
	{args: "-s FOUR -p 80 -u /protocol -P 1.0c"},
	{args: "-s FOUR -p 80 -u /protocol -P 1.0C"},
	{args: "-s FOUR -p 80 -u /protocol --protocol 1.1"},
	{args: "-s FOUR -p 80 -u /protocol -P 2.0"},
	{args: "-s FOUR -p 80 -u /text -m 7"},
	{args: "-s FOUR -p 80 -u /text --fwmark seven"},
	{args: "-s FOUR -p 80 -u /text -t 30"},
	{args: "-s FOUR -p 80 -u /text --timeout never"},

	{args: "-S -s FOUR -p 443 -u /text"},
	{args: "-Ss FOUR -p 443 -u /files"},
	{args: "--use-ssl -s FOUR -u /text"},
	{args: "-S -s SIX -p 443 -u /text"},
	{args: "-S -s SIX -p 443 -u /host"},
	{args: "-S -s FOUR -p 443 -u /host -V virtual.example"},
	{args: "-S -s FOUR -p 443 -u /name -V virtual.example"},
	{args: "-S -I -s FOUR -p 443 -u /name -V virtual.example"},
	{args: "-S --use-sni -s FOUR -p 443 -u /name"},
	{args: "-S -s FOUR -p 443 -u /protocol -P 1.1"},
	{args: "-S -s FOUR -p 443 -u /not-there"},
	{args: "-S -s FOUR -p 80 -u /text"},
	{args: "-s FOUR -p 443 -u /text"},

	{args: "-s FOUR -p 1001 -u /"},
	{args: "-v -s FOUR -p 1001 -u /"},
	{args: "--verbose -s FOUR -p 1002 -u /"},
	{args: "-s FOUR -p 1002 -u /"},
	{args: "-v -s FOUR -p 1003 -u /"},
	{args: "-s FOUR -p 1004 -u /"},
	{args: "-s FOUR -p 1005 -u /"},
	{args: "-s FOUR -p 1006 -u /"},
	{args: "-v -s FOUR -p 1006 -u /", ours: linesMoved, because: "standard output is not kept back until the end"},
	{args: "-s FOUR -p 1007 -u /"},
	{args: "-v -s FOUR -p 1008 -u /"},
	{args: "-s FOUR -p 1010 -u / -t 2"},
	{args: "-s FOUR -p 1 -u /"},
	{args: "-S -s FOUR -p 1 -u /"},
	{args: "-s 192.0.2.1 -p 80 -u /", ours: "HTTP/SSL_CHECK - network unreachable\n", theirs: "HTTP_CHECK - network unreachable\n",
		because: "later versions have other words"},

	{args: ""},
	{args: "-h"},
	{args: "--help"},
	{args: "--unheard-of"},
	{args: "-x"},
	{args: "-s"},
	{args: "-s www.example.org -p 80 -u /text"},
	{args: "-s FOUR -p 0 -u /text"},
	{args: "-s FOUR -p 65536 -u /text"},
	{args: "-s FOUR -p http -u /text"},
	{args: "-s FOUR -p 80"},
	{args: "-p 80 -u /text"},
	{args: "-s FOUR -p 80 -u /text extra"},
}

// usecs is what -v prints of the time that the request took.
var usecs = regexp.MustCompile(`= [0-9]+ usecs`)

// TestGenhash compares digests, and everything else that genhash prints, with
// what Debian's prints.
func TestGenhash(t *testing.T) {
	t.Parallel()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	client, server := hashHosts(ctx, t, l)
	own := lab.Program{Name: "ours", Path: filepath.Join(filepath.Dir(ours.Path), "genhash")}
	if checksItself() {
		own = lab.Debian(sourceRoot, "usr/bin/genhash")
	}
	theirs := lab.Debian(sourceRoot, "usr/bin/genhash")
	names := strings.NewReplacer("FOUR", server.Address.Addr().String(), "SIX", "fd00::2")
	ask := func(p lab.Program, words ...string) (int, string) {
		status, output, err := client.Run(ctx, p.Path, words, p.Env)
		if err != nil {
			t.Fatalf("%s %s: %v", p.Path, strings.Join(words, " "), err)
		}
		output = strings.ReplaceAll(output, p.Path, "NAME")
		return status, usecs.ReplaceAllString(output, "= N usecs")
	}
	for _, row := range hashRows {
		words := strings.Fields(names.Replace(row.args))
		status, want := ask(theirs, words...)
		got, printed := ask(own, words...)
		row.judge(t, "genhash", got, status, printed, want)
		status, want = ask(peer, append([]string{"-T"}, words...)...)
		got, printed = ask(ours, append([]string{"-T"}, words...)...)
		row.judge(t, "keepalived -T", got, status, printed, want)
	}
}

// judge compares what both programs printed.
func (r hashRow) judge(t *testing.T, program string, status, theirStatus int, printed, want string) {
	t.Helper()
	if status != theirStatus {
		t.Errorf("%s %s: status %d, %s says %d", program, r.args, status, peer.Name, theirStatus)
	}
	if r.because != "" && !checksItself() {
		if r.ours == linesMoved {
			if printed == want || !slices.Equal(sortedLines(printed), sortedLines(want)) {
				t.Errorf("%s %s: the lines of ours and theirs are not just in another order:\n%s\n%s", program, r.args, printed, want)
			}
			return
		}
		if printed != r.ours || want != r.theirs {
			t.Errorf("%s %s: ours and theirs are not what the row says:\n%s\n%s", program, r.args, printed, want)
		}
		return
	}
	if printed != want {
		t.Errorf("%s %s printed\n%s\n%s printed\n%s", program, r.args, printed, peer.Name, want)
	}
}

func sortedLines(text string) []string { return slices.Sorted(strings.Lines(text)) }

// hashHosts are a client, and a host with every server that the rows ask.
func hashHosts(ctx context.Context, t *testing.T, l *lab.Lab) (client, server *lab.Host) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	client, err = l.AddHost("client", netip.MustParsePrefix("10.0.0.1/24"))
	must(err)
	server, err = l.AddHost("server", netip.MustParsePrefix("10.0.0.2/24"))
	must(err)
	must(client.IP(ctx, "address add fd00::1/64 dev eth0 nodad"))
	must(server.IP(ctx, "address add fd00::2/64 dev eth0 nodad"))
	for port, text := range hashServers {
		listener, err := server.Listen("tcp", fmt.Sprintf(":%d", port))
		must(err)
		t.Cleanup(func() { listener.Close() })
		go answerAll(listener, func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
	}
	listener, err := server.Listen("tcp", fmt.Sprintf(":%d", silentPort))
	must(err)
	t.Cleanup(func() { listener.Close() })
	go answerAll(listener, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	must(startHashWeb(ctx, t, server))
	return client, server
}

// answerAll has answer called for each connection once its request was read.
func answerAll(listener net.Listener, answer func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			read := bufio.NewReader(conn)
			for line := ""; line != "\r\n"; {
				if line, err = read.ReadString('\n'); err != nil {
					return
				}
			}
			answer(conn)
		}()
	}
}

// startHashWeb starts Debian's nginx and returns when it listens.
func startHashWeb(ctx context.Context, t *testing.T, server *lab.Host) error {
	t.Helper()
	for name, content := range map[string]string{
		"files": strings.Repeat("All work and no play makes Jack a dull boy.\n", 5000), "web.pem": webIdentity(t),
		"nginx.conf": fmt.Sprintf(hashConfig, lab.Dir),
	} {
		if _, err := server.Write(name, content, 0o644); err != nil {
			return err
		}
	}
	nginx := lab.Debian(sourceRoot, "usr/sbin/nginx")
	p, err := server.Start(nginx.Path, []string{"-e", "stderr", "-p", lab.Dir, "-c", lab.Dir + "/nginx.conf"}, nginx.Env)
	if err != nil {
		return err
	}
	err = lab.Until(ctx, "nginx to listen", func() error {
		c, err := server.Dial(ctx, "tcp", "[fd00::2]:443")
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.Output())
	}
	return nil
}

// webIdentity is a certificate that signs itself, and its key.
func webIdentity(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err1 := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	secret, err2 := x509.MarshalPKCS8PrivateKey(key)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}
