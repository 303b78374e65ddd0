package httpget

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"os"
	"strings"
)

// readKey reads the private key of a PEM file, which a password may protect.
func readKey(file, password string) (crypto.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("reading key: %s has no private key", file)
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		key, err := parseKey(block, password)
		if err != nil {
			return nil, fmt.Errorf("reading key: %s: %w", file, err)
		}
		return key, nil
	}
}

func parseKey(block *pem.Block, password string) (crypto.PrivateKey, error) {
	der := block.Bytes
	var err error
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		der, err = decryptPKCS8(der, password)
	//lint:ignore SA1019 the old form of protection is what many key files have
	case x509.IsEncryptedPEMBlock(block):
		//lint:ignore SA1019 as above
		der, err = x509.DecryptPEMBlock(block, []byte(password))
	}
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("the key is not RSA, ECDSA or Ed25519, or the password is wrong")
}

// The object identifiers of RFC 8018 and of what openssl writes with it.
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}

	digests = map[string]func() hash.Hash{
		"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.11": sha512.New,
	}
	keySizes = map[string]int{
		"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32, // AES in CBC mode
	}
)

// maxRounds bounds the time that a key file can cost.
const maxRounds = 10_000_000

// decryptPKCS8 opens an EncryptedPrivateKeyInfo of RFC 5958 with PBES2, PBKDF2 and AES, which is what openssl writes.
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	var scheme struct{ Derivation, Cipher pkix.AlgorithmIdentifier }
	var derive struct {
		Salt      []byte
		Rounds    int
		KeyLength int                      `asn1:"optional"`
		Digest    pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	var iv []byte
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("reading a protected key: %w", err)
	}
	if !info.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, errors.New("the key is protected in a way other than PBES2")
	}
	_, err1 := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &scheme)
	_, err2 := asn1.Unmarshal(scheme.Derivation.Parameters.FullBytes, &derive)
	_, err3 := asn1.Unmarshal(scheme.Cipher.Parameters.FullBytes, &iv)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("reading how a key is protected: %w", err)
	}
	digest, known := digests[derive.Digest.Algorithm.String()]
	size := keySizes[scheme.Cipher.Algorithm.String()]
	if !known || size == 0 || !scheme.Derivation.Algorithm.Equal(oidPBKDF2) || derive.Rounds < 1 || derive.Rounds > maxRounds {
		return nil, errors.New("the key is protected in a way other than PBKDF2 and AES in CBC mode")
	}
	key, err := pbkdf2.Key(digest, password, derive.Salt, derive.Rounds, size)
	if err != nil {
		return nil, err
	}
	return decryptCBC(key, iv, info.Data)
}

// decryptCBC decrypts and takes the padding off.
func decryptCBC(key, iv, data []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	n := len(data)
	if len(iv) != aes.BlockSize || n == 0 || n%aes.BlockSize != 0 {
		return nil, errors.New("the protected key is damaged")
	}
	plain := make([]byte, n)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[n-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, errors.New("the password is wrong")
	}
	return plain[:n-pad], nil
}
