package mail

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"time"
)

// mostReplies bounds the bytes that a server may say in one dialogue.
const mostReplies = 64 << 10

// errTalkative is what a server earns that never comes to an end.
var errTalkative = errors.New("the server said too much")

// bounded is a connection that waits at most patience for each reading and
// writing and reads at most left bytes.
type bounded struct {
	net.Conn
	patience time.Duration
	left     int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	if err := b.SetReadDeadline(time.Now().Add(b.patience)); err != nil {
		return 0, err
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *bounded) Write(p []byte) (int, error) {
	if err := b.SetWriteDeadline(time.Now().Add(b.patience)); err != nil {
		return 0, err
	}
	return b.Conn.Write(p)
}

// converse delivers one message over a fresh connection, with the commands of
// RFC 5321 that every server knows: HELO, no extensions. net/smtp cannot be
// used because it always asks for extensions first. The recipients that the
// server refused are returned when it took the message for others.
func converse(conn net.Conn, s Settings, m Message) (refused []error, err error) {
	text := textproto.NewConn(&bounded{Conn: conn, patience: s.patience(), left: mostReplies})
	refused, err = deliver(text, s, m)
	// The message is accepted or refused by now: how QUIT ends changes nothing.
	var said *textproto.Error
	if err == nil || errors.As(err, &said) {
		_ = command(text, 221, "QUIT")
	}
	return refused, err
}

func deliver(text *textproto.Conn, s Settings, m Message) (refused []error, err error) {
	if _, _, err := text.ReadResponse(220); err != nil {
		return nil, fmt.Errorf("waiting for the greeting: %w", err)
	}
	if err := command(text, 250, "HELO "+address(s.HELO)); err != nil {
		return nil, err
	}
	if err := command(text, 250, "MAIL FROM:<"+address(s.From)+">"); err != nil {
		return nil, err
	}
	refused, err = recipients(text, s.To)
	if err != nil {
		return nil, err
	}
	if err := command(text, 354, "DATA"); err != nil {
		return nil, err
	}
	w := text.DotWriter()
	if _, err := io.WriteString(w, compose(s, m)); err != nil {
		return nil, fmt.Errorf("sending the message: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sending the message: %w", err)
	}
	if _, _, err := text.ReadResponse(250); err != nil {
		return nil, fmt.Errorf("after the message: %w", err)
	}
	return refused, nil
}

// recipients names every recipient. One that is refused does not keep the
// alert from the others; the first refusal is the error when nobody is left.
func recipients(text *textproto.Conn, to []string) (refused []error, err error) {
	for _, recipient := range to {
		// 25 stands for 250 and 251, "will forward".
		err := command(text, 25, "RCPT TO:<"+address(recipient)+">")
		var said *textproto.Error
		switch {
		case errors.As(err, &said):
			refused = append(refused, err)
		case err != nil:
			return nil, err
		}
	}
	if len(refused) == len(to) {
		return nil, worthRetrying(refused)
	}
	return refused, nil
}

// worthRetrying picks a refusal that may pass before one that will not.
func worthRetrying(refused []error) error {
	for _, err := range refused {
		if !permanent(err) {
			return err
		}
	}
	return refused[0]
}

func command(text *textproto.Conn, want int, line string) error {
	if err := text.PrintfLine("%s", line); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	if _, _, err := text.ReadResponse(want); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

// permanent tells whether another try can only have the same answer.
func permanent(err error) bool {
	var said *textproto.Error
	return errors.As(err, &said) && said.Code >= 500 && said.Code < 600
}
