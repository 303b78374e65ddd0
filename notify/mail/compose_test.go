package mail

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestInjection has names with line ends everywhere: none becomes a header, a
// command, or a message of its own.
func TestInjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &sink{answer: polite, began: time.Now(), dropped: make(map[error]int)}
		s := newSender(Settings{Host: "sink", HELO: "a\r\nVRFY root", From: "ka@a\r\nRSET\r\n", To: []string{"ops@a>\r\nRCPT TO:<evil@b"}}, k.report, k.dial)
		s.Send(Message{Subject: "up\r\nBcc: evil@b\r\n\r\nbody", Body: "one\r\n.\r\nMAIL FROM:<evil@b>\r.\r\n..two"})
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		commands, rest, _ := strings.Cut(k.sessions[0], "DATA\r\n")
		if n := strings.Count(commands, "\r\n"); n != 3 {
			t.Errorf("%d commands before DATA, want 3:\n%s", n, commands)
		}
		header, text, _ := strings.Cut(rest, "\r\n\r\n")
		if n := strings.Count(header, "\r\n"); n != 4 || strings.Contains(header, "\nBcc") {
			t.Errorf("header\n%s\nwant five lines, none of them Bcc", header)
		}
		if want := "one\r\n..\r\nMAIL FROM:<evil@b>\r\n..\r\n...two\r\n\r\n.\r\nQUIT\r\n"; text != want {
			t.Errorf("text %q, want %q", text, want)
		}
	})
}

// TestEncoded has texts that SMTP must not carry as they are: each comes out
// whole at the reader's, and no line is longer than RFC 5322 allows.
func TestEncoded(t *testing.T) {
	long := strings.Repeat("0123456789", 200)
	for name, m := range map[string]Message{
		"plain":     {Subject: "[lb1] VRRP Instance VI_1 - Entering MASTER state", Body: "=> text <="},
		"not ASCII": {Subject: "Ärger mit Größe 日本語 " + strings.Repeat("ü", 100), Body: "=> größer <=\n=> 日本 <="},
		"long line": {Subject: "long", Body: "=> " + long + " <="},
		"NUL":       {Subject: "nothing", Body: "a\x00b"},
		"empty":     {},
	} {
		text := compose(Settings{From: "Wächter <ka@example.org>", To: []string{"Günther <g@example.org>", "ops@example.org"}}, m)
		for line := range strings.SplitSeq(text, "\n") {
			if len(line) > longestLine {
				t.Errorf("%s: a line of %d bytes, want at most %d", name, len(line), longestLine)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r > 127 || r == 0 }) {
				t.Errorf("%s: line %q is not plain", name, line)
			}
		}
		subject, body := read(t, text)
		if subject != m.Subject || body != m.Body {
			t.Errorf("%s: read as %q, %q, want %q, %q", name, subject, body, m.Subject, m.Body)
		}
	}
}

// read is a message as a reader of mails shows it.
func read(t *testing.T, text string) (subject, body string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if _, err := m.Header.AddressList("To"); err != nil {
		t.Errorf("To %q: %v", m.Header.Get("To"), err)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Errorf("subject: %v", err)
	}
	var r io.Reader = m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("body: %v", err)
	}
	return subject, strings.TrimRight(string(b), "\n")
}

// TestOutcomeLine has a server with a lot to say: a line of the log stays one
// line of bounded length.
func TestOutcomeLine(t *testing.T) {
	o := Outcome{Result: Failed, Subject: "up\ndown", Try: 3, Err: io.ErrUnexpectedEOF}
	if got, want := o.String(), "mail given up after try 3: up down: unexpected EOF"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	o.Subject = strings.Repeat("é", 1000)
	if got := o.String(); len(got) > 500 || !strings.HasPrefix(got, "mail given up") {
		t.Errorf("%d bytes, want at most 500: %q", len(got), got)
	}
	for want, o := range map[string]Outcome{
		"44 mails dropped: too many waited":    {Result: Dropped, Count: 44, Err: ErrOverflow},
		"mail sent: up":                        {Result: Sent, Subject: "up"},
		"mail to be tried again after try 1: ": {Result: Retried, Try: 1, Err: io.EOF},
	} {
		if got := o.String(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// FuzzReplies has a server say anything.
func FuzzReplies(f *testing.F) {
	for _, said := range []string{
		"", "220 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n250 f\r\n221 g\r\n", "220-a\r\n220 b\r\n", "999999999999 \r\n", "220\r\n", "\r\n\r\n", "220 a\n-50 x\n",
		"220 a\r\n250 b\r\n250 c\r\n550 d\r\n", "220 a\r\n421 closing\r\n",
	} {
		f.Add([]byte(said))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		synctest.Test(t, func(t *testing.T) {
			conn := scripted(said)
			_, _ = converse(conn, settings, Message{Subject: "up", Body: "text"})
			if took := conn.commands(); took > 7 {
				t.Errorf("%d commands, want at most 7", took)
			}
		})
	})
}
