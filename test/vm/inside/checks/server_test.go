package checks

import (
	"bufio"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// guest is one connection of a director to a server.
type guest struct {
	at   time.Time
	from netip.AddrPort
	// n says how many its program had made to this server before.
	n int
	// saw is what the server tells of it, once told is true.
	saw  string
	told bool
}

// guests are the connections of one program to one server.
type guests struct {
	mu   sync.Mutex
	list []*guest
}

func (g *guests) add(from netip.AddrPort) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := &guest{at: time.Now(), from: from, n: len(g.list)}
	g.list = append(g.list, v)
	return v
}

func (g *guests) tell(v *guest, saw string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v.saw, v.told = saw, true
}

// all are the connections of which the server has told, in order.
func (g *guests) all() []guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	var told []guest
	for _, v := range g.list {
		if !v.told {
			break
		}
		told = append(told, *v)
	}
	return told
}

// call is a connection as the server has it.
type call struct {
	net.Conn
	*guest
	guests *guests
	read   *bufio.Reader
	// show is what to tell of what was seen; nil for all of it.
	show func(string) string
}

func (c *call) tell(saw string) {
	if c.show != nil {
		saw = c.show(saw)
	}
	c.guests.tell(c.guest, saw)
}

// request reads the header of a request and tells of it, its lines with "|"
// in between.
func (c *call) request() bool {
	var lines []string
	for {
		line, err := c.read.ReadString('\n')
		if err != nil {
			c.tell(strings.Join(append(lines, err.Error()), "|"))
			return false
		}
		if line == "\r\n" {
			c.tell(strings.Join(lines, "|"))
			return true
		}
		lines = append(lines, strings.TrimSuffix(line, "\r\n"))
	}
}

// say writes; the other side may have gone.
func (c *call) say(text string) bool {
	_, err := c.Write([]byte(text))
	return err == nil
}

// manner is how a server treats a connection.
type manner func(*call)

// accept is all that TCP_CHECK wants.
func accept(c *call) { c.tell("connected") }

// reply answers every request with a text.
func reply(text string) manner {
	return func(c *call) {
		if c.request() {
			c.say(text)
		}
	}
}

// turns treats connections one after the other, the last one and all that
// follow alike.
func turns(all ...manner) manner {
	return func(c *call) { all[min(c.n, len(all)-1)](c) }
}

// page is a reply with a body.
func page(body string) string { return "HTTP/1.0 200 OK\r\nServer: test\r\n\r\n" + body }

const notFound = "HTTP/1.0 404 Not Found\r\n\r\n"
