package checks

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// hold keeps the connection open until the other side has gone.
func (c *call) hold() { _, _ = io.Copy(io.Discard, c.read) }

// silent takes a request and says nothing.
func silent(c *call) {
	c.request()
	c.hold()
}

// stops answers with a text and leaves the connection open.
func stops(text string) manner {
	return func(c *call) {
		reply(text)(c)
		c.hold()
	}
}

// drips sends a text, then another one a byte at a time.
func drips(text, slow string, pause time.Duration) manner {
	return func(c *call) {
		if !c.request() || !c.say(text) {
			return
		}
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for i := range slow {
			<-tick.C
			if !c.say(slow[i : i+1]) {
				return
			}
		}
	}
}

// resets answers with a text and resets the connection.
func resets(text string) manner {
	return func(c *call) {
		reply(text)(c)
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the connection may be gone
		}
	}
}

// pours sends a text again and again, until the other side has gone.
func pours(text string) manner {
	return func(c *call) {
		for ok := c.request(); ok; ok = c.say(text) {
		}
	}
}

const noise = "\x00\x01\xff\xfe\x80 \x7f"

// TestWicked has servers answer in every way but the right one.
func TestWicked(t *testing.T) {
	t.Parallel()
	rows := kindOf("HTTP_GET", []row{
		{name: "closes at once", serve: func(c *call) { c.tell("") }, want: down},
		{name: "closes after the request", serve: reply(""), want: down, why: "ended before the end of the header"},
		{name: "says nothing", serve: silent, want: down, why: "nothing came within"},
		{name: "stops in the header", serve: stops("HTTP/1.0 200 OK\r\nA: b"), want: down, why: "nothing more came within"},
		{name: "stops after the header", serve: stops(page("")), want: down, why: "nothing more came within"},
		{name: "never closes", serve: stops("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), want: down, why: "nothing more came within"},
		{name: "cuts the header off", serve: reply("HTTP/1.0 200 OK\r\nA: b\r\n"), want: down, why: "ended before the end of the header"},
		{name: "cuts the body off", serve: reply("HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nhello"), want: up},
		{name: "says too much", serve: reply("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more"), check: url("/", digest("hello")), want: up},
		{name: "resets at once", serve: resets(""), want: down, why: "connection reset by peer"},
		{name: "resets in the header", serve: resets("HTTP/1.0 200 OK\r\nA: b"), want: down, why: "connection reset by peer"},
		{name: "resets in the body", serve: resets(page("hello")), want: down, why: "connection reset by peer"},
		{name: "garbage", serve: reply(strings.Repeat(noise, 100)), want: down, why: "ended before the end of the header"},
		{name: "garbage without end", serve: pours(strings.Repeat(noise, 1000)), want: down, why: "did not end within 4095 bytes"},
		{name: "garbage with a header's end", serve: reply(noise + "\r\n\r\n" + noise), want: down, why: "that cannot be read"},
		{name: "a page without header", serve: reply("<html>hello</html>\n"), want: down, why: "ended before the end of the header"},
		{name: "huge header", serve: reply("HTTP/1.0 200 OK\r\nA: " + strings.Repeat("b", 9000) + "\r\n\r\nhello"), want: down, why: "did not end within 4095 bytes"},
		{name: "header without end", serve: pours("A: " + strings.Repeat("b", 1000) + "\r\n"), want: down, why: "did not end within 4095 bytes"},
		{name: "header that fits", serve: reply("HTTP/1.0 200 OK\r\nA: " + strings.Repeat("b", 4000) + "\r\n\r\nhello"), check: url("/", digest("hello")), want: up},
		{name: "no reason after the status", serve: reply("HTTP/1.0 200\r\n\r\nhello"), want: down, why: "that cannot be read"},
		{name: "status of two digits", serve: reply("HTTP/1.0 20 OK\r\n\r\nhello"), want: down, why: "that cannot be read"},
		{name: "status of four digits", serve: reply("HTTP/1.0 2000 OK\r\n\r\nhello"), want: down, why: "that cannot be read"},
		{name: "line ends without return", serve: reply("HTTP/1.0 200 OK\nA: b\n\nhello"), want: down, why: "ended before the end of the header"},
		{name: "another protocol", serve: reply("220 mail.example ESMTP\r\n"), want: down, why: "ended before the end of the header"},
		{name: "another protocol with an empty line", serve: reply("SIP/2.0 200 OK\r\n\r\n"), want: up},
		{name: "goes on first", serve: reply("HTTP/1.1 100 Continue\r\n\r\n" + page("hello")), want: down, why: "status 100"},
		{name: "chunks", serve: reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
			check: url("/", digest("5\r\nhello\r\n0\r\n\r\n")), want: up},
		{name: "length in small letters", serve: reply("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello, and more"),
			check: url("/", digest("hello, and more")), want: up},
		{name: "length that is none", serve: reply("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello"), check: url("/", digest("hello")), want: up},
		{name: "length without end", serve: reply("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello"), check: url("/", digest("hello")), want: up},
		{name: "negative length", serve: reply("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"), check: url("/", digest("hello")), want: up},

		// Four seconds is how long the server may be silent.
		{name: "drips", serve: drips(page(""), "hello, slow world", time.Second/2), check: url("/", digest("hello, slow world")), want: up},
		{name: "drips from the start", serve: drips("", page("hello"), time.Second/8), check: url("/", digest("hello")), want: up},
		{name: "a pause too long", serve: drips(page(""), "hello", 20*time.Second), want: down, why: "nothing more came within"},
	})
	for i := range rows {
		rows[i].vs += ";connect_timeout 4"
		if rows[i].check == "" {
			rows[i].check = url("/", "")
		}
	}
	newSite(t, rows).run()
}
