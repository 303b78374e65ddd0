package httpget

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/config"
)

// tlsRow is a kind of server, and what Debian's keepalived 2.2.7 and we make of it.
type tlsRow struct {
	name   string
	cert   string // a certificate of makeCertificates
	server string // options of openssl s_server
	debian bool   // Debian's genhash reaches it
	fault  string // part of our failure; "" when we reach it
}

const anything = " -cipher ALL:@SECLEVEL=0"

// tlsRows were all tried with Debian's genhash.
var tlsRows = []tlsRow{
	{"RSA 1024", "rsa1024", "-tls1_2" + anything, true, ""},
	{"RSA 1024, TLS 1.3", "rsa1024", "-tls1_3" + anything, true, ""},
	{"RSA 2048", "rsa2048", "-tls1_2", true, ""},
	{"RSA 2048, TLS 1.3", "rsa2048", "-tls1_3", true, ""},
	{"RSA 4096", "rsa4096", "-tls1_3", true, ""},
	{"P-256", "p256", "-tls1_2", true, ""},
	{"P-384", "p384", "-tls1_2", true, ""},
	{"P-521", "p521", "-tls1_3", true, ""},
	{"Ed25519", "ed25519", "-tls1_2", true, ""},
	{"Ed25519, TLS 1.3", "ed25519", "-tls1_3", true, ""},
	{"signed with SHA-1", "sha1", "-tls1_2" + anything, true, ""},
	{"negative serial number", "negative", "-tls1_2", true, ""},
	{"version 1", "v1", "-tls1_3", true, ""},
	{"expired", "expired", "-tls1_3", true, ""},

	{"RSA key exchange, CBC", "rsa2048", "-tls1_2 -cipher AES128-SHA", true, ""},
	{"RSA key exchange, AES-256 CBC", "rsa2048", "-tls1_2 -cipher AES256-SHA", true, ""},
	{"RSA key exchange, CBC SHA-256", "rsa2048", "-tls1_2 -cipher AES128-SHA256", true, ""},
	{"RSA key exchange, GCM", "rsa2048", "-tls1_2 -cipher AES256-GCM-SHA384", true, ""},
	{"ECDHE, CBC", "rsa2048", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA", true, ""},
	{"ECDHE, CBC SHA-256", "rsa2048", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256", true, ""},
	{"ECDHE, ChaCha20", "rsa2048", "-tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305", true, ""},
	{"ECDSA, CBC", "p256", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", true, ""},
	{"AES-128 GCM, TLS 1.3", "rsa2048", "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", true, ""},
	{"P-521 key exchange", "rsa2048", "-tls1_3 -curves P-521", true, ""},

	{"TLS 1.0", "rsa2048", "-tls1" + anything, false, "protocol version"},
	{"TLS 1.1", "rsa2048", "-tls1_1" + anything, false, "protocol version"},
	{"DSA", "dsa", "-tls1_2" + anything, false, offered},
	{"brainpool", "brainpool", "-tls1_2", false, offered},
	{"secp256k1", "secp256k1", "-tls1_2", false, offered},
	{"CCM", "rsa2048", "-tls1_2 -cipher AES128-CCM", false, offered},
	{"CAMELLIA", "rsa2048", "-tls1_2 -cipher CAMELLIA128-SHA", false, offered},
	{"SHA-1 in the handshake", "rsa2048", "-tls1_2 -sigalgs RSA+SHA1 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", false, offered},

	{"Ed448", "ed448", "-tls1_3", true, offered},
	{"RSA-PSS key", "pss", "-tls1_3", true, offered},
	{"DHE only", "rsa2048", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384", true, offered},
	{"DHE group, TLS 1.3", "rsa2048", "-tls1_3 -curves ffdhe2048", true, offered},
	{"AES256-SHA256", "rsa2048", "-tls1_2 -cipher AES256-SHA256", true, offered},
	{"AES256-SHA384", "rsa2048", "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384", true, offered},
	{"X448", "rsa2048", "-tls1_3 -curves X448", true, offered},
	{"SHA-224 in the handshake", "rsa2048", "-tls1_2 -sigalgs RSA+SHA224 -cipher ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", true, offered},
}

// TestTLSServers asks servers of every kind.
func TestTLSServers(t *testing.T) {
	dir := t.TempDir()
	makeAll(t, dir)
	t.Run("servers", func(t *testing.T) {
		for _, row := range tlsRows {
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				res := Do(t.Context(), tlsRequest(t, startServer(t, dir, row.cert, row.server), Identity{}))
				switch {
				case row.fault == "" && (res.Failure != nil || res.Length == 0):
					t.Errorf("%+v: %v", res, res.Failure)
				case row.fault != "" && res.Failure == nil:
					t.Error("it was reached: the row and Limits are out of date")
				case row.fault != "" && (res.Failure.Reason != HandshakeError || !strings.Contains(res.Failure.Error(), row.fault)):
					t.Errorf("%s: %v, want %q", res.Failure.What(), res.Failure, row.fault)
				}
			})
		}
	})
	if n := countLimits(); n != 8 {
		t.Errorf("%d rows are reached by Debian's and not by ours, Limits speaks of 8", n)
	}
}

func countLimits() (n int) {
	for _, row := range tlsRows {
		if row.debian && row.fault != "" {
			n++
		}
	}
	return n
}

// TestIdentity shows a client's certificate to a server that asks for one.
func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	makeCertificates(t, dir, "rsa2048", "p256")
	file := func(name string) string { return filepath.Join(dir, name) }
	openssl(t, dir, "pkcs8 -topk8 -v2 aes-256-cbc -in rsa2048.key -out new.key -passout pass:secret")
	openssl(t, dir, "rsa -aes128 -traditional -in rsa2048.key -out old.key -passout pass:secret")
	for _, row := range []struct {
		name  string
		ssl   config.SSL
		fault string
	}{
		{"key as it is", config.SSL{Key: "rsa2048.key", Certificate: "rsa2048.crt", CA: "p256.crt"}, ""},
		{"PKCS 8 with a password", config.SSL{Key: "new.key", Certificate: "rsa2048.crt", Password: "secret"}, ""},
		{"old form with a password", config.SSL{Key: "old.key", Certificate: "rsa2048.crt", Password: "secret"}, ""},
		{"ECDSA", config.SSL{Key: "p256.key", Certificate: "p256.crt"}, ""},
		{"nothing", config.SSL{}, "handshake"},
		{"certificate without key", config.SSL{Certificate: "rsa2048.crt"}, "handshake"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ssl := row.ssl
			ssl.Configured = true
			for _, p := range []*string{&ssl.Key, &ssl.Certificate, &ssl.CA} {
				if *p != "" {
					*p = file(*p)
				}
			}
			identity, err := LoadIdentity(ssl)
			if err != nil {
				t.Fatal(err)
			}
			// With TLS 1.2 the server's refusal is part of the handshake.
			res := Do(t.Context(), tlsRequest(t, startServer(t, dir, "rsa2048", "-tls1_2 -Verify 1"), identity))
			switch {
			case row.fault == "" && res.Failure != nil:
				t.Errorf("%s: %v", res.Failure.What(), res.Failure)
			case row.fault != "" && (res.Failure == nil || !strings.Contains(res.Failure.Error(), row.fault)):
				t.Errorf("%+v: %v, want %q", res, res.Failure, row.fault)
			}
		})
	}
	for _, row := range []struct {
		name, fault string
		ssl         config.SSL
	}{
		{"wrong password", "password is wrong", config.SSL{Key: file("new.key"), Password: "x"}},
		{"wrong password, old form", "password", config.SSL{Key: file("old.key"), Password: "x"}},
		{"no file", "no such file", config.SSL{Key: file("none.key")}},
		{"no key in the file", "no private key", config.SSL{Key: file("rsa2048.crt")}},
		{"no certificate in the file", "has none", config.SSL{Certificate: file("rsa2048.key")}},
		{"no authority in the file", "no certificate", config.SSL{CA: file("rsa2048.key")}},
		{"key of another", "not that of the certificate", config.SSL{Key: file("p256.key"), Certificate: file("rsa2048.crt")}},
	} {
		row.ssl.Configured = true
		if _, err := LoadIdentity(row.ssl); err == nil || !strings.Contains(err.Error(), row.fault) {
			t.Errorf("%s: %v, want %q", row.name, err, row.fault)
		}
	}
}

// TestServerName shows that a server which chooses its certificate by name is told the name.
func TestServerName(t *testing.T) {
	dir := t.TempDir()
	makeCertificates(t, dir, "rsa2048", "p256")
	addr := startServer(t, dir, "rsa2048", "-tls1_2 -servername www.example.org -servername_fatal -cert2 p256.crt -key2 p256.key")
	for name, ok := range map[string]bool{"www.example.org": true, "other.example.org": false} {
		r := tlsRequest(t, addr, Identity{})
		r.TLS = Identity{}.Config(name)
		if res := Do(t.Context(), r); (res.Failure == nil) != ok {
			t.Errorf("%s: %v", name, res.Failure)
		}
	}
}

func tlsRequest(t *testing.T, addr string, identity Identity) Request {
	t.Helper()
	return Request{
		Path: "/", Host: addr, TLS: identity.Config(""), CloseNotify: true, Timeout: 20 * time.Second,
		Dial: func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", addr) },
		Want: Want{Status: []config.StatusRange{{Low: 200, High: 299}}},
	}
}

// startServer runs openssl's server on a port of its choice until the test ends.
func startServer(t *testing.T, dir, cert, options string) string {
	t.Helper()
	arguments := "s_server -accept 127.0.0.1:0 -www -cert " + cert + ".crt -key " + cert + ".key " + options
	cmd := exec.Command("openssl", strings.Fields(arguments)...)
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			go func() {
				for lines.Scan() { // a full pipe would stop the server
				}
			}()
			return addr
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("openssl %s: %s", arguments, strings.Join(said, "\n"))
	return ""
}

// openssl runs a command of it in a directory.
func openssl(t *testing.T, dir, arguments string) {
	t.Helper()
	cmd := exec.Command("openssl", strings.Fields(arguments)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v: %s", arguments, err, out)
	}
}

// recipes are the options that openssl makes a certificate and its key with.
var recipes = map[string]string{
	"rsa1024": "-newkey rsa:1024", "rsa2048": "-newkey rsa:2048", "rsa4096": "-newkey rsa:4096",
	"p256": "-newkey ec -pkeyopt ec_paramgen_curve:P-256", "p384": "-newkey ec -pkeyopt ec_paramgen_curve:P-384",
	"p521": "-newkey ec -pkeyopt ec_paramgen_curve:P-521", "ed25519": "-newkey ed25519", "ed448": "-newkey ed448",
	"brainpool": "-newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1",
	"secp256k1": "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1",
	"pss":       "-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048",
	"sha1":      "-newkey rsa:2048 -sha1", "negative": "-newkey rsa:2048 -set_serial -5",
}

// makeAll makes a certificate and a key of each kind.
func makeAll(t *testing.T, dir string) {
	t.Helper()
	makeCertificates(t, dir, slices.Collect(maps.Keys(recipes))...)
	makeOdd(t, dir)
	makeExpired(t, dir)
}

// makeCertificates makes those of some recipes.
func makeCertificates(t *testing.T, dir string, names ...string) {
	t.Helper()
	const self = "req -x509 -nodes -subj /CN=server -days 9 "
	for _, name := range names {
		how := recipes[name]
		openssl(t, dir, self+how+" -keyout "+name+".key -out "+name+".crt")
	}
}

// makeOdd makes those that take more than one command.
func makeOdd(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "dsa.key"), []byte(dsaKey), 0o600); err != nil {
		t.Fatal(err)
	}
	openssl(t, dir, "req -x509 -new -key dsa.key -subj /CN=server -days 9 -out dsa.crt")
	openssl(t, dir, "req -new -key rsa2048.key -subj /CN=server -out v1.csr")
	openssl(t, dir, "x509 -req -in v1.csr -signkey rsa2048.key -days 9 -out v1.crt")
	openssl(t, dir, "pkey -in rsa2048.key -out v1.key")
}

// makeExpired makes a certificate that ended yesterday, which openssl does not do without much ado.
func makeExpired(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server"},
		NotBefore: yesterday.Add(-time.Hour), NotAfter: yesterday,
	}
	cert, err1 := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	der, err2 := x509.MarshalPKCS8PrivateKey(key)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for name, block := range map[string]*pem.Block{
		"expired.crt": {Type: "CERTIFICATE", Bytes: cert}, "expired.key": {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
