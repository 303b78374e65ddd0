package lvs

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

var vip = netip.MustParseAddr("192.168.4.15")

// site is the tutorial's second network: a client, two directors, two web
// servers.
type site struct {
	*lab.Lab
	t       *testing.T
	client  *lab.Host
	proxy   [2]*lab.Host
	web     [2]*lab.Host
	daemons []*lab.Daemon
}

func newSite(t *testing.T) *site {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Lab: l, t: t}
	t.Cleanup(s.finish)
	add := func(name, address string) *lab.Host {
		host, err := l.AddHost(name, netip.MustParsePrefix(address))
		s.must(err)
		return host
	}
	s.client = add("client", "192.168.4.10/24")
	s.proxy = [2]*lab.Host{add("proxy1", "192.168.4.5/24"), add("proxy2", "192.168.4.6/24")}
	s.web = [2]*lab.Host{add("web1", "192.168.4.100/24"), add("web2", "192.168.4.200/24")}
	for _, web := range s.web {
		s.must(web.Serve(s.context(time.Second), sourceRoot, web.Address.Addr().String()))
	}
	return s
}

// finish shows what the programs said when the test has failed.
func (s *site) finish() {
	if s.t.Failed() {
		for _, d := range s.daemons {
			s.t.Logf("--- output of %s, process %d:\n%s", d.Program.Name, d.Pid(), d.Output())
		}
	}
	s.Close()
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// context bounds what should take span: a machine in software is slow.
func (s *site) context(span time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*span+20*time.Second)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *site) start(host *lab.Host, p lab.Program, config string, args ...string) *lab.Daemon {
	s.t.Helper()
	d, err := host.Keepalived(p, config, args...)
	s.must(err)
	s.daemons = append(s.daemons, d)
	return d
}

// tutorial is a configuration as the tutorial prints it.
func (s *site) tutorial(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(sourceRoot, "testdata/demo", name+".conf"))
	s.must(err)
	return string(text)
}

// awaitTable waits until a host has the table, written as ipvsadm saves it.
func (s *site) awaitTable(host *lab.Host, span time.Duration, want ...string) {
	s.t.Helper()
	slices.Sort(want)
	ctx := s.context(span)
	s.must(lab.Until(ctx, "the table of "+host.Name, func() error {
		got, err := host.Table(ctx, sourceRoot)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("it is\n%s\nand should be\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return err
	}))
}

// awaitMaster waits until one host alone has the address.
func (s *site) awaitMaster(master, other *lab.Host, span time.Duration) {
	s.t.Helper()
	s.must(lab.Until(s.context(span), "the address on "+master.Name, func() error {
		on, err := master.Holds(vip)
		off, err2 := other.Holds(vip)
		if err = errors.Join(err, err2); err == nil && (!on || off) {
			err = fmt.Errorf("%s has it: %v, %s has it: %v", master.Name, on, other.Name, off)
		}
		return err
	}))
}

// read has the client read the page so many times and counts the answers.
func (s *site) read(times int) map[string]int {
	s.t.Helper()
	pages := map[string]int{}
	ctx := s.context(time.Second)
	for range times {
		var page string
		s.must(lab.Until(ctx, "a page", func() (err error) {
			page, err = s.client.Get(ctx, vip.String())
			return err
		}))
		pages[page]++
	}
	return pages
}

// awaitPages waits until two readings of four pages each give these counts.
func (s *site) awaitPages(span time.Duration, want map[string]int) {
	s.t.Helper()
	s.must(lab.Until(s.context(span), "the pages", func() error {
		if got := s.read(4); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("%v instead of %v", got, want)
		}
		return nil
	}))
}
