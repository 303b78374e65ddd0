package checks

import (
	"fmt"
	"testing"
)

// origin tells where a connection comes from: which address of its director,
// and the port where it is one of those that checks ask for.
func origin(m manner) manner {
	return func(c *call) {
		c.show = func(string) string {
			name := "IPv6"
			switch c.from.Addr() {
			case firstAddress[0], firstAddress[1]:
				name = "first"
			case secondAddress[0], secondAddress[1]:
				name = "second"
			}
			if port := c.from.Port(); port < 10000 {
				name += fmt.Sprintf(":%d", port)
			}
			return name
		}
		m(c)
	}
}

// TestOrigins asks for addresses, ports, interfaces and marks that are not
// those of the real server and of the way to it.
func TestOrigins(t *testing.T) {
	t.Parallel()
	from := func(where string) outcome { return outcome{saw: []string{where}} }
	// The directors have no way to these addresses but by eth0.
	const lost, lostPage, noWay = "10.99.1.1", "10.99.1.2", "10.99.1.3"
	rows := []row{
		{name: "first address", want: from("first")},
		{name: "another address", check: "bindto SELF", want: from("second")},
		{name: "a port without address", check: "bind_port 5001", want: from("first")},
		{name: "another address and port", check: "bindto SELF;bind_port 5002", want: from("second:5002")},
		{name: "address of IPv6", six: true, check: "bindto SIX;bind_port 5003", want: from("IPv6:5003")},
		{name: "address of somebody else", check: "bindto 10.2.0.77", nobody: true, want: outcome{silent: true}, why: "cannot be made"},
		{name: "interface", check: "bind_if eth0", want: from("first")},
		{name: "interface that is not there", check: "bind_if eth7", nobody: true, want: outcome{silent: true}, why: "cannot be made"},
		{name: "loopback", check: "bind_if lo", nobody: true, want: down},
		{name: "link-local", at: "fe80::77", check: "connect_ip THERE;bind_if eth0", want: from("IPv6")},
		{name: "way by an interface", at: lost, check: "connect_ip THERE;bind_if eth0", want: from("first")},
		{name: "no way", nobody: true, check: "connect_timeout 2;connect_ip " + noWay, want: down},
		{name: "another server", at: "10.2.0.55", check: "connect_ip THERE", want: from("first")},
		{name: "another server's port", at: "10.2.0.55", port: 8080, check: "connect_ip THERE;connect_port 8080", want: from("first")},
		{name: "another port of the server", port: 8080, check: "connect_port 8080", want: from("first")},
		{name: "another port, closed", check: "connect_port 8080", nobody: true, want: down, why: "connection refused"},
		{name: "mark", check: "fwmark 7", mark: 7, want: from("first")},
		{name: "largest mark", check: "fwmark 4294967295", mark: 4294967295, want: from("first")},
		{name: "no mark", mark: 7, nobody: true, want: down},
		{name: "another mark", check: "fwmark 8", mark: 7, nobody: true, want: down},
	}
	for i := range rows {
		rows[i].kind = "TCP_CHECK"
		if !rows[i].nobody {
			rows[i].serve = origin(accept)
		}
		page := rows[i]
		if page.kind, page.check = "HTTP_GET", url("/", "")+page.check; !page.nobody {
			page.serve = origin(good)
		}
		if page.name += ", page"; page.at == lost {
			page.at = lostPage
		}
		if i == 0 || page.mark == 7 || page.at == lostPage || page.port != 0 && page.at == "" {
			rows = append(rows, page)
		}
	}
	s := newSite(t, rows)
	s.astray(lost, lostPage, noWay)
	s.run()
}

// astray has directors look for addresses where they are not, and let no
// connection out that has not the mark of its row.
func (s *site) astray(lost ...string) {
	s.t.Helper()
	rules := ""
	for _, g := range s.stages {
		if g.mark != 0 {
			rules += fmt.Sprintf("ip daddr %v tcp flags & (syn|ack) == syn meta mark != %d reject with tcp reset\n", g.addr, g.mark)
		}
	}
	for _, director := range s.directors {
		s.nft(director, "table ip test {\nchain out {\ntype filter hook output priority 0;\n"+rules+"}\n}\n")
		s.must(director.AddInterface("nowhere"))
		for _, a := range lost {
			s.must(director.IP(s.ctx, "route add %s dev nowhere", a))
			s.must(director.IP(s.ctx, "route add %s dev eth0 metric 9", a))
		}
	}
}
