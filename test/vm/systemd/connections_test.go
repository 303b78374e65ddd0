package systemd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"time"
)

// echo has the server answer every line with the same line.
func (s *system) echo() {
	s.t.Helper()
	listener, err := s.server.Listen("tcp4", "10.2.0.11:80")
	s.must(err)
	s.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn) // the client says when it is over
			}()
		}
	}()
}

// connections are open connections of the client to the service.
type connections struct {
	s    *system
	open []net.Conn
}

// connect opens connections to the service, as soon as it is there.
func (s *system) connect(count int) *connections {
	s.t.Helper()
	c := &connections{s: s}
	s.t.Cleanup(func() {
		for _, conn := range c.open {
			_ = conn.Close()
		}
	})
	s.await("a connection to the service", func() error {
		conn, err := s.client.Dial(s.context(), "tcp4", service+":80")
		if err == nil {
			c.open = append(c.open, conn)
		}
		return err
	})
	for len(c.open) < count {
		conn, err := s.client.Dial(s.context(), "tcp4", service+":80")
		s.must(err)
		c.open = append(c.open, conn)
	}
	c.talk("at first")
	return c
}

// talk says a line over every connection and waits for it to come back.
func (c *connections) talk(when string) {
	c.s.t.Helper()
	for i, conn := range c.open {
		c.s.must(conn.SetDeadline(time.Now().Add(patience)))
		line := fmt.Sprintf("%d %s\n", i, when)
		_, err := io.WriteString(conn, line)
		c.s.must(err)
	}
	for i, conn := range c.open {
		line, err := bufio.NewReader(conn).ReadString('\n')
		if want := fmt.Sprintf("%d %s\n", i, when); err != nil || line != want {
			c.s.t.Fatalf("%s: connection %d says %q, %v", when, i, line, err)
		}
	}
	c.s.note("%d connections are alive %s", len(c.open), when)
}
