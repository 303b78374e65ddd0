package checks

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// row is a virtual server with one real server, how that behaves, and what has
// to come of it with both programs.
//
// In the texts, ";" ends a line, ADDR is the address of the real server, THERE
// is what at says, SELF the second address of the director and SIX its address
// of IPv6.
type row struct {
	name string
	// kind is the keyword of the check, and check its lines.
	kind, check string
	// vs and rs are lines of the virtual server and of the real server.
	vs, rs string
	// loop is delay_loop in seconds, 60 where it is 0.
	loop float64
	// serve is what the real server does; nil where nobody listens, unless
	// the row is one of nginx.
	serve manner
	nginx bool
	// six gives the real server an address of IPv6.
	six bool
	// real replaces the address of the real server.
	real string
	// port is where the server listens, where that is not the real server's.
	port uint16
	// at is the address at which the server listens, where that is not the
	// real server's.
	at string
	// mark is what connections to the server have to have, and nobody says
	// that none comes there.
	mark   uint32
	nobody bool
	// refuse are the connections that the network of the servers refuses,
	// counted from 0 for each program.
	refuse string
	// asks is how many connections of each program the server has to see;
	// 0 is 1 where there is serve.
	asks int
	want outcome
	// why is part of what our log says of a check that has failed.
	why string
	// peer is what the other program does where that is not want, and because
	// says why. Its zero fields are those of want.
	peer    *outcome
	because string
}

// outcome is what came of a row.
type outcome struct {
	// moves are "-" for each time that the real server was taken out of the
	// table, and "+" for each time that it came in. With alpha it starts
	// outside.
	moves string
	// saw is what the server saw of the connections, as many as it says.
	saw []string
	// pace are the times from each connection to the next, in delay_loops.
	pace []int
	// silent says that the check has no result.
	silent bool
	// asks replaces the row's.
	asks int
}

// kindOf gives rows that have no kind of check one.
func kindOf(kind string, rows []row) []row {
	for i := range rows {
		if rows[i].kind == "" {
			rows[i].kind = kind
		}
	}
	return rows
}

// stage is a row in a site.
type stage struct {
	row
	number int
	addr   netip.Addr
	port   uint16
	guests [2]guests
	logs   [2]log
}

// virtual is the address that the row is known by.
func (s *stage) virtual() string { return fmt.Sprintf("10.1.0.%d:%d", s.number, s.port) }

// server is the real server as logs have it.
func (s *stage) server() string { return fmt.Sprintf("[%s]:tcp:%d", s.addr, s.port) }

func (s *stage) weight() int { return 1 + s.number%9 }

// wanted is what the program with the number given has to make of the row.
func (s *stage) wanted(program int) outcome {
	want := s.want
	if want.asks = s.asks; want.asks == 0 && s.serve != nil {
		want.asks = 1
	}
	if program == 0 && !checksItself() || s.peer == nil {
		return want
	}
	p := *s.peer
	if p.saw == nil {
		p.saw = want.saw
	}
	if p.pace == nil {
		p.pace = want.pace
	}
	if p.asks == 0 {
		p.asks = want.asks
	}
	return p
}

// text is the configuration of the row.
func (s *stage) text() string {
	loop := s.loop
	if loop == 0 {
		loop = 60
	}
	family := "DR"
	if s.addr.Is6() {
		family = "TUN"
	}
	text := fmt.Sprintf(`virtual_server 10.1.0.%d %d {
    lvs_sched rr
    lvs_method %s
    protocol TCP
    delay_loop %v
    warmup 0
    %s
    real_server ADDR %d {
        weight %d
        %s
        %s {
            %s
        }
    }
}
`, s.number, s.port, family, loop, s.vs, s.port, s.weight(), s.rs, s.kind, s.check)
	return strings.NewReplacer(";", "\n", "ADDR", s.addr.String(), "THERE", s.at).Replace(text)
}

// table is what ipvsadm saves of the row after the moves.
func (s *stage) table(moves string) []string {
	lines := []string{fmt.Sprintf("-A -t %s -s rr", s.virtual())}
	in := !strings.Contains(s.check+s.rs+s.vs, "alpha")
	if moves != "" {
		in = strings.HasSuffix(moves, "+")
	}
	weight := s.weight()
	if inhibit := strings.Contains(s.rs, "inhibit_on_failure"); inhibit && !in {
		in, weight = true, 0
	}
	if in {
		real, method, more := netip.AddrPortFrom(s.addr, s.port).String(), "-g", ""
		if s.addr.Is6() {
			method, more = "-i", " --tun-type ipip"
		}
		lines = append(lines, fmt.Sprintf("-a -t %s -r %s %s -w %d%s", s.virtual(), real, method, weight, more))
	}
	return lines
}

// pace counts delay_loops between connections.
func (s *stage) pace(program, asks int) []int {
	var all []int
	seen := s.guests[program].all()
	for i := 1; i < min(asks, len(seen)); i++ {
		between := seen[i].at.Sub(seen[i-1].at).Seconds()
		all = append(all, int(between/max(s.loop, 1)+0.5))
	}
	return all
}

// log is what one program said about one real server.
type log struct {
	lines   []string
	moves   string
	verdict bool
}

// take adds a line.
func (l *log) take(text string) {
	l.lines = append(l.lines, text)
	switch word, _, _ := strings.Cut(text, " "); word {
	case "Removing", "Disabling":
		l.moves += "-"
	case "Adding", "Enabling":
		l.moves += "+"
	}
	if strings.Contains(text, "succe") || strings.Contains(text, " failed") {
		l.verdict = true
	}
}

// message is a line of the log without the date in front.
func message(line string) string {
	const date = len(time.ANSIC) + len(": ")
	return line[min(date, len(line)):]
}
