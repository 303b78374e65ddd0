package mail

import (
	"bytes"
	"io"
	"net"
	"strings"
	"time"
)

// script is a connection whose other end says the same, whatever it is told.
type script struct {
	net.Conn
	said *bytes.Reader
	told strings.Builder
}

func scripted(said []byte) *script { return &script{said: bytes.NewReader(said)} }

func (s *script) Read(p []byte) (int, error) {
	n, err := s.said.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (s *script) Write(p []byte) (int, error)      { return s.told.Write(p) }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// commands counts what the other end was told outside of a message.
func (s *script) commands() int {
	told, _, _ := strings.Cut(s.told.String(), "DATA\r\n")
	n := strings.Count(told, "\r\n")
	if strings.HasSuffix(s.told.String(), "QUIT\r\n") {
		n++
	}
	return n
}
