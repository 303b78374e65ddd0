package httpget

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limit is something that OpenSSL's default settings can talk to and SSL_GET here cannot.
type Limit struct {
	What string // of the server
	Why  string
}

// Limits are what SSL_GET cannot reach although upstream built with Debian's OpenSSL does. None of it is in Go's
// crypto/tls, and no library for Go that is kept up adds it.
var Limits = []Limit{
	{"key exchange DHE only", "finite-field Diffie-Hellman is not in Go's TLS"},
	{"ciphers CCM, CAMELLIA, ARIA, AES256-SHA256 or AES256-SHA384 (CBC with SHA-384) only", "not in Go's TLS"},
	{"curves X448, brainpool or secp256k1 only", "not in Go's elliptic curves"},
	{"certificate with a key of kind Ed448, DSA, RSA-PSS or a curve beyond P-256, P-384 and P-521", "not in Go's x509"},
	{"no extended master secret after renegotiation, or a server that wants to renegotiate in TLS 1.3", "not in Go's TLS"},
	{"server name that is an IP address (enable_sni)", "Go sends names only, as RFC 6066 section 3 asks"},
}

// offered says in a failure's words what is not offered.
const offered = "DHE, CCM, CAMELLIA, ARIA, curves other than X25519 and NIST's, and keys of kind Ed448, DSA and RSA-PSS are not available"

// explain adds to the error of a handshake what the server may have wanted in vain.
func explain(err error) error {
	var alert tls.AlertError
	switch {
	case errors.As(err, &alert) && slices.Contains([]uint8{40, 47, 71}, uint8(alert)):
		return fmt.Errorf("%w: it may offer only what cannot be had here (%s)", err, offered)
	case errors.Is(err, x509.ErrUnsupportedAlgorithm), strings.Contains(err.Error(), "unsupported"),
		strings.Contains(err.Error(), "failed to parse certificate"):
		return fmt.Errorf("%w: its certificate is of a kind that cannot be had here (%s)", err, offered)
	}
	return err
}
