package httpget

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"keepalived-go/config"
)

// Identity is what SSL_GET shows to servers: the certificate of the SSL block. The zero value shows none.
type Identity struct{ certificate *tls.Certificate }

// LoadIdentity reads the files of the SSL block. Servers are not verified: upstream reads the file of ca, so that one
// that cannot be read is an error, and asks nothing of it. A failure is the end of the checker process with upstream.
func LoadIdentity(ssl config.SSL) (Identity, error) {
	if !ssl.Configured {
		return Identity{}, nil
	}
	if err := checkAuthorities(ssl.CA); err != nil {
		return Identity{}, err
	}
	var loaded tls.Certificate
	if ssl.Certificate != "" {
		chain, err := readChain(ssl.Certificate)
		if err != nil {
			return Identity{}, err
		}
		loaded.Certificate = chain
	}
	if ssl.Key != "" {
		key, err := readKey(ssl.Key, ssl.Password)
		if err != nil {
			return Identity{}, err
		}
		loaded.PrivateKey = key
	}
	if loaded.Certificate == nil || loaded.PrivateKey == nil {
		return Identity{}, nil // one without the other is of no use, and no error
	}
	if err := fits(&loaded); err != nil {
		return Identity{}, fmt.Errorf("%s and %s: %w", ssl.Certificate, ssl.Key, err)
	}
	return Identity{certificate: &loaded}, nil
}

// checkAuthorities reads the file of ca, as far as to know that a certificate is in it.
func checkAuthorities(file string) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading ca: %w", err)
	}
	if len(certificates(text)) == 0 {
		return fmt.Errorf("reading ca: %s has no certificate", file)
	}
	return nil
}

func readChain(file string) ([][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificate: %w", err)
	}
	chain := certificates(text)
	if len(chain) == 0 {
		return nil, fmt.Errorf("reading certificate: %s has none", file)
	}
	return chain, nil
}

// certificates are those of a PEM file.
func certificates(text []byte) [][]byte {
	var found [][]byte
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			return found
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			found = append(found, block.Bytes)
		}
	}
}

// fits tells whether key and certificate belong together.
func fits(c *tls.Certificate) error {
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return err
	}
	signer, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("the key cannot sign")
	}
	a, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return err
	}
	b, err := x509.MarshalPKIXPublicKey(leaf.PublicKey)
	if err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return errors.New("the key is not that of the certificate")
	}
	return nil
}

// suites are all suites of TLS 1.2 that Debian's OpenSSL offers and Go has; Go itself would leave out those with RSA
// key exchange and CBC. RC4 and 3DES are in neither offer.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA,
}

// Config is how to talk TLS to a server: TLS 1.2 and up, no verification, and the server name if it is not "". The
// go.mod of the program lets certificates pass that Go refuses by itself: RSA keys that are short or very long, and
// negative serial numbers.
func (i Identity) Config(serverName string) *tls.Config {
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		CipherSuites:       suites,
		InsecureSkipVerify: true, // the check asks whether the server serves, not who it is
		ServerName:         serverName,
		Renegotiation:      tls.RenegotiateFreelyAsClient,
		// Without the hybrid exchange the first message fits into one packet, which some servers and firewalls need.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	}
	if i.certificate != nil {
		// The certificate is shown whatever authorities the server names.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return i.certificate, nil }
	}
	return c
}
