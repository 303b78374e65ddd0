package httpget

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Limit is something that OpenSSL's default settings can talk to and SSL_GET here cannot.
type Limit struct {
	What string // of the server
	Why  string
}

// Limits are what SSL_GET cannot reach although upstream with Debian's OpenSSL does. None of it is in Go's crypto/tls,
// and no library for Go that is kept up adds it. A server fails because of them only if it has nothing else to offer.
var Limits = []Limit{
	{"key exchange DHE only (with or without the groups of RFC 7919)", "finite-field Diffie-Hellman is not in Go's TLS"},
	{"ciphers AES256-SHA256, ECDHE-RSA-AES256-SHA384 or ECDHE-ECDSA-AES256-SHA384 only", "CBC with these hashes is not in Go's TLS"},
	{"curve X448 only", "not in Go's elliptic curves"},
	{"certificate with a key of kind Ed448 or RSA-PSS", "not in Go's x509; RSA keys with PSS signatures are no problem"},
	{"signatures with SHA-224 only", "not in Go's TLS"},
	{"server name that is an IP address (enable_sni)", "Go sends names only, as RFC 6066 section 3 asks"},
}

// offered says in a failure's words what is not offered.
const offered = "not available are key exchange DHE and X448, AES256 with SHA256 or SHA384 in CBC mode, and keys of kind Ed448 and RSA-PSS"

// explain adds to the error of a handshake what the server may have wanted in vain.
func explain(err error) error {
	switch {
	case refused(err):
		return fmt.Errorf("%w: it may offer only what cannot be had here (%s)", err, offered)
	case errors.Is(err, x509.ErrUnsupportedAlgorithm), strings.Contains(err.Error(), "unsupported"),
		strings.Contains(err.Error(), "failed to parse certificate"):
		return fmt.Errorf("%w: its certificate is of a kind that cannot be had here (%s)", err, offered)
	}
	return err
}

// refused tells whether the server said that there is nothing in common. Go has no exported type for what it said.
func refused(err error) bool {
	var said *net.OpError
	if !errors.As(err, &said) || said.Op != "remote error" {
		return false
	}
	text := said.Err.Error()
	return strings.HasSuffix(text, "handshake failure") || strings.HasSuffix(text, "insufficient security level")
}
