package checks

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// patience bounds what a site does in all. A machine in software is slow.
const patience = 2 * time.Minute

// site is a network with a director for each program, and hosts that have the
// addresses of all real servers.
type site struct {
	*lab.Lab
	t         *testing.T
	ctx       context.Context
	directors [2]*lab.Host
	daemons   [2]*lab.Daemon
	servers   *lab.Host
	web       *lab.Host // nginx, where a row wants it
	stages    []*stage
	// global is text in front of the virtual servers.
	global string
}

// The first and the second addresses of the directors.
var (
	firstAddress  = [2]netip.Addr{netip.MustParseAddr("10.2.0.101"), netip.MustParseAddr("10.2.0.102")}
	secondAddress = [2]netip.Addr{netip.MustParseAddr("10.2.0.111"), netip.MustParseAddr("10.2.0.112")}
	sixAddress    = [2]netip.Addr{netip.MustParseAddr("fd02::101"), netip.MustParseAddr("fd02::102")}
	linkAddress   = [2]netip.Addr{netip.MustParseAddr("fe80::101"), netip.MustParseAddr("fe80::102")}
)

// newSite makes the network and has the servers of the rows serve.
func newSite(t *testing.T, rows []row) *site {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &site{Lab: l, t: t, ctx: ctx}
	for i, name := range []string{"ours", "peer"} {
		s.directors[i] = s.add(name, netip.PrefixFrom(firstAddress[i], 16), fmt.Sprintf("%v/16", secondAddress[i]))
		// The kernel gives it another one, from which nobody could tell it.
		s.must(s.directors[i].IP(ctx, "-6 address flush dev eth0 scope link"))
		for _, a := range []netip.Addr{sixAddress[i], linkAddress[i]} {
			s.must(s.directors[i].IP(ctx, "address add %v/64 dev eth0 nodad", a))
		}
	}
	s.servers = s.add("servers", netip.MustParsePrefix("10.2.0.1/16"))
	s.must(s.servers.IP(ctx, "route add local 10.2.1.0/24 dev lo"))
	for i, r := range rows {
		s.stages = append(s.stages, s.newStage(r, i+1))
	}
	if slices.ContainsFunc(rows, func(r row) bool { return r.nginx }) {
		s.addWeb()
	}
	s.refuse()
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) add(name string, address netip.Prefix, more ...string) *lab.Host {
	s.t.Helper()
	host, err := s.AddHost(name, address)
	s.must(err)
	for _, a := range more {
		s.must(host.IP(s.ctx, "address add dev eth0 %s", a))
	}
	return host
}

// newStage gives a row its address and opens its server.
func (s *site) newStage(r row, number int) *stage {
	g := &stage{row: r, number: number, port: 80}
	if r.kind == "SSL_GET" {
		g.port = 443
	}
	network := "10.2.1.%d"
	switch {
	case r.six:
		network = "fd02::1:%d"
	case r.nginx:
		network = "10.2.2.%d"
	}
	g.addr = netip.MustParseAddr(fmt.Sprintf(network, number))
	if r.six {
		s.must(s.servers.IP(s.ctx, "address add %v/64 dev eth0 nodad", g.addr))
	}
	if r.serve != nil {
		s.open(g)
	}
	if r.real != "" {
		g.addr = netip.MustParseAddr(r.real)
	}
	return g
}

// open has the server of a row listen.
func (s *site) open(g *stage) {
	addr := g.addr
	if g.at != "" {
		addr = netip.MustParseAddr(g.at)
		s.must(s.servers.IP(s.ctx, "address replace %v/%d dev eth0 nodad", addr, addr.BitLen()))
		if addr.IsLinkLocalUnicast() {
			addr = addr.WithZone("eth0")
		}
	}
	listener, err := s.servers.Listen("tcp", netip.AddrPortFrom(addr, cmp.Or(g.row.port, g.port)).String())
	s.must(err)
	s.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			from := netip.MustParseAddrPort(conn.RemoteAddr().String())
			program := programOf(from.Addr())
			if program < 0 {
				s.t.Errorf("a connection of %v to %s", from, g.name)
				conn.Close()
				continue
			}
			seen := &g.guests[program]
			c := &call{Conn: conn, guest: seen.add(from), guests: seen, read: bufio.NewReader(conn)}
			go func() {
				defer conn.Close()
				g.serve(c)
			}()
		}
	}()
}

// programOf is which program has an address, -1 for none.
func programOf(a netip.Addr) int {
	for _, pair := range [][2]netip.Addr{firstAddress, secondAddress, sixAddress, linkAddress} {
		if i := slices.Index(pair[:], a.WithZone("")); i >= 0 {
			return i
		}
	}
	return -1
}

// nft runs a set of rules on a host.
func (s *site) nft(host *lab.Host, rules string) {
	s.t.Helper()
	p := lab.Debian(sourceRoot, "usr/sbin/nft")
	file, err := host.Write("rules", rules, 0o644)
	s.must(err)
	if status, output, err := host.Run(s.ctx, p.Path, []string{"-f", file}, p.Env); err != nil || status != 0 {
		s.t.Fatalf("nft: status %d, %v: %s\n%s", status, err, output, rules)
	}
}

// refuse has the network refuse the connections that rows name.
func (s *site) refuse() {
	s.t.Helper()
	rules := ""
	for _, g := range s.stages {
		for _, from := range firstAddress {
			switch g.row.refuse {
			case "":
			case "always":
				rules += fmt.Sprintf("ip saddr %v ip daddr %v drop\n", from, g.addr)
			default:
				rules += fmt.Sprintf("ip saddr %v ip daddr %v tcp flags & (syn|ack) == syn numgen inc mod 1000 { %s } reject with tcp reset\n",
					from, g.addr, g.row.refuse)
			}
		}
	}
	if rules != "" {
		s.nft(s.servers, "table ip test {\nchain in {\ntype filter hook input priority 0;\n"+rules+"}\n}\n")
	}
}

// run starts both programs, waits until every row is where it should end, and
// compares.
func (s *site) run() {
	s.t.Helper()
	for i, director := range s.directors {
		var text strings.Builder
		text.WriteString(s.global)
		for _, g := range s.stages {
			text.WriteString(g.text())
		}
		var err error
		own := strings.NewReplacer("SELF", secondAddress[i].String(), "SIX", sixAddress[i].String()).Replace(text.String())
		s.daemons[i], err = director.Keepalived(programs[i], own)
		s.must(err)
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, patience/2)
	defer cancel()
	waited := s.await(ctx)
	s.t.Logf("%d rows after %.0f s", len(s.stages), time.Since(start).Seconds())
	tables := s.tables()
	for _, g := range s.stages {
		s.t.Run(g.name, func(t *testing.T) { s.judge(t, g, tables) })
	}
	if s.stop(); waited != nil {
		s.t.Error(waited)
	}
}

// await reads the logs until every row has what it waits for.
func (s *site) await(ctx context.Context) error {
	byServer := map[string]*stage{}
	for _, g := range s.stages {
		byServer[g.server()] = g
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var marks [2]int
	for {
		late := ""
		for i, d := range s.daemons {
			for _, line := range d.Lines.Since(marks[i]) {
				marks[i]++
				if g := byServer[serverIn(line.Text)]; g != nil {
					g.logs[i].take(message(line.Text))
				}
			}
			for _, g := range s.stages {
				if what := g.lacks(i); what != "" {
					late = fmt.Sprintf("%s of %s", what, g.name)
				}
			}
		}
		if late == "" {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", late, ctx.Err())
		}
	}
}

// serverIn is the first real server that a line of a log speaks of.
func serverIn(line string) string {
	const mark = ":tcp:"
	end := strings.Index(line, mark)
	if end < 0 {
		return ""
	}
	start := strings.LastIndex(line[:end], "[")
	for end += len(mark); end < len(line) && line[end] >= '0' && line[end] <= '9'; end++ {
	}
	return line[max(start, 0):end]
}

// lacks says what has yet to come of a row with a program.
func (s *stage) lacks(program int) string {
	want, l := s.wanted(program), &s.logs[program]
	switch {
	case len(s.guests[program].all()) < want.asks:
		return fmt.Sprintf("%d connections of %s", want.asks, programs[program].Name)
	case len(l.moves) < len(want.moves):
		return fmt.Sprintf("the moves %q of %s", want.moves, programs[program].Name)
	case !want.silent && !l.verdict:
		return "a verdict of " + programs[program].Name
	}
	return ""
}

// tables are the tables of both directors as ipvsadm saves them.
func (s *site) tables() (all [2][]string) {
	s.t.Helper()
	for i, director := range s.directors {
		all[i] = s.tableOf(director)
	}
	return all
}

// tableOf reads a table until it is twice the same: the kernel lists it in
// parts, and a service that comes or goes meanwhile makes it say others twice,
// or not at all.
func (s *site) tableOf(director *lab.Host) []string {
	s.t.Helper()
	const most = 20
	var before []string
	for range most {
		lines, err := director.Table(s.ctx, sourceRoot)
		if err != nil {
			s.t.Error(err)
			return nil
		}
		if slices.Equal(lines, before) {
			break
		}
		before = lines
	}
	return before
}

// judge compares what came of one row.
func (s *site) judge(t *testing.T, g *stage, tables [2][]string) {
	for i := range programs {
		want, name := g.wanted(i), programs[i].Name
		if got := g.logs[i].moves; got != want.moves {
			t.Errorf("%s moved it %q, want %q", name, got, want.moves)
		}
		if what := g.lacks(i); what != "" {
			t.Errorf("never came: %s", what)
		}
		table := g.table(want.moves)
		if got := linesOf(tables[i], g.virtual()); !slices.Equal(got, table) {
			t.Errorf("%s has in its table\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(table, "\n"))
		}
		if got := g.pace(i, want.asks); want.pace != nil && !slices.Equal(got, want.pace) {
			t.Errorf("%s asked at a pace of %v, want %v", name, got, want.pace)
		}
		for j, saw := range g.saw(i, len(want.saw)) {
			if saw != g.fill(want.saw[j]) {
				t.Errorf("of %s the server saw\n%s\nwant\n%s", name, saw, g.fill(want.saw[j]))
			}
		}
	}
	s.compare(t, g)
	if text := strings.Join(g.logs[0].lines, "\n"); !checksItself() && !strings.Contains(text, g.why) {
		t.Errorf("there is no %q in our log", g.why)
	}
	if t.Failed() {
		for i := range programs {
			t.Logf("--- %s:\n%s\n%s", programs[i].Name, strings.Join(g.logs[i].lines, "\n"), strings.Join(g.saw(i, 100), "\n"))
		}
	}
}

// compare holds both programs against each other.
func (s *site) compare(t *testing.T, g *stage) {
	if g.peer != nil {
		if !checksItself() && (g.because == "" || fmt.Sprint(g.wanted(0)) == fmt.Sprint(g.wanted(1))) {
			t.Error("the row says that the peer differs, and not how or why")
		}
		return
	}
	asks := g.wanted(0).asks
	if mine, theirs := g.saw(0, asks), g.saw(1, asks); !slices.Equal(mine, theirs) {
		t.Errorf("of us the server saw\n%s\nof the peer\n%s", strings.Join(mine, "\n"), strings.Join(theirs, "\n"))
	}
}

// saw is what the server saw of a program, no more than so many.
func (s *stage) saw(program, most int) []string {
	var all []string
	for _, v := range s.guests[program].all() {
		if len(all) < most {
			all = append(all, v.saw)
		}
	}
	return all
}

// fill puts the address of the server into a text.
func (s *stage) fill(text string) string {
	host := s.addr.String()
	if s.addr.Is6() {
		host = "[" + host + "]"
	}
	return strings.ReplaceAll(text, "ADDR", host)
}

// linesOf are the lines of a table that are about a virtual server.
func linesOf(table []string, virtual string) []string {
	var lines []string
	for _, line := range table {
		if strings.Contains(line+" ", " -t "+virtual+" ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// stop ends both programs, which must leave nothing.
func (s *site) stop() {
	s.t.Helper()
	for _, d := range s.daemons {
		s.must(d.Signal(unix.SIGTERM))
	}
	for i, d := range s.daemons {
		if status, _, err := d.Wait(s.ctx); err != nil || status != 0 {
			s.t.Errorf("%s ended with status %d, %v", d.Program.Name, status, err)
		}
		if left := s.tables()[i]; len(left) > 0 {
			s.t.Errorf("%s left\n%s", d.Program.Name, strings.Join(left, "\n"))
		}
	}
}
