package mail

import (
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode"
)

const (
	dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"
	// longestLine is the limit of RFC 5322 section 2.1.1 in bytes, line end left out.
	longestLine = 998
	// longestHeader leaves room for the header's name within longestLine.
	longestHeader = 900
)

// compose writes the message as it follows DATA, with bare newlines; the
// writer of the dialogue makes them CRLF and doubles leading dots. Plain text
// goes as it is, without MIME. Anything that SMTP without extensions must not
// carry is encoded.
func compose(s Settings, m Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Date: %s\n", m.Time.Format(dateLayout))
	fmt.Fprintf(&b, "From: %s\n", encodeMailbox(s.From))
	fmt.Fprintf(&b, "Subject: %s\n", encodeSubject(m.Subject))
	b.WriteString("X-Mailer: Keepalived\n")
	recipients := make([]string, len(s.To))
	for i, to := range s.To {
		recipients[i] = encodeMailbox(to)
	}
	fmt.Fprintf(&b, "To: %s\n", strings.Join(recipients, ",\n "))
	text := strings.ReplaceAll(m.Body, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	if plain(text) {
		b.WriteString("\n" + text + "\n\n")
		return b.String()
	}
	b.WriteString("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a strings.Builder takes everything
	_ = w.Close()
	b.WriteString("\n\n")
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

func plain(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > longestLine || strings.ContainsFunc(line, func(r rune) bool { return r == 0 || r > unicode.MaxASCII }) {
			return false
		}
	}
	return true
}

// oneLine takes line ends and other control characters out of what becomes a
// header, a command or a line of a log, so that no name adds a line of its own.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.TrimSpace(text)
}

// encodeSubject encodes by RFC 2047 what is not ASCII, one word to a line.
func encodeSubject(text string) string {
	encoded := mime.QEncoding.Encode("utf-8", oneLine(text, longestHeader))
	return strings.ReplaceAll(encoded, "?= =?", "?=\n =?")
}

// encodeMailbox leaves a plain mailbox as it was written; only a name with
// other characters is encoded, because an address must not be.
func encodeMailbox(text string) string {
	text = oneLine(text, longestHeader)
	if plain(text) {
		return text
	}
	if parsed, err := mail.ParseAddress(text); err == nil {
		return strings.ReplaceAll(parsed.String(), "?= =?", "?=\n =?")
	}
	return "<" + address(text) + ">"
}

// address is the bare address of "Name <address>".
func address(mailbox string) string {
	mailbox = oneLine(mailbox, longestHeader)
	if start := strings.LastIndexByte(mailbox, '<'); start >= 0 {
		mailbox, _, _ = strings.Cut(mailbox[start+1:], ">")
	}
	return strings.NewReplacer(" ", "", "<", "", ">", "").Replace(mailbox)
}

func stamped(m Message) Message {
	if m.Time.IsZero() {
		m.Time = time.Now()
	}
	return m
}
