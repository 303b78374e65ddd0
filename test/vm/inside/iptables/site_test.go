package iptables

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// patience is how long anything may take in an emulated machine.
const patience = 2 * time.Minute

// site is a server whose packets go through chains of iptables, and a client.
type site struct {
	t           *testing.T
	ctx         context.Context
	lab         *lab.Lab
	web, client *lab.Host
	ours        lab.Program
	tools       []string // the environment in which the commands are found
	folder      string   // where they are
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// newSite has commands of a kind, "legacy" or "nft". Sites do not see each other.
func newSite(t *testing.T, kind string) *site {
	t.Helper()
	t.Parallel()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &site{t: t, ctx: ctx}
	s.ours, err = lab.Choose(root, "KEEPALIVED_OURS", "ours")
	s.must(err)
	s.lab, err = lab.New()
	s.must(err)
	t.Cleanup(s.lab.Close)
	s.web, err = s.lab.AddHost("web1", netip.MustParsePrefix("192.168.4.100/24"))
	s.must(err)
	s.client, err = s.lab.AddHost("client", netip.MustParsePrefix("192.168.4.5/24"))
	s.must(err)
	for host, addresses := range map[*lab.Host][]string{s.web: {"fe80::100/64", "fd00::100/64"}, s.client: {"fe80::5/64", "fd00::5/64"}} {
		for _, a := range addresses {
			s.must(host.AddAddress(netip.MustParsePrefix(a)))
		}
	}
	s.findTools(root, kind)
	return s
}

// findTools makes a folder in which iptables is the command of one kind.
func (s *site) findTools(root, kind string) {
	s.t.Helper()
	folder := s.t.TempDir()
	s.folder = folder
	p := lab.Debian(root, "usr/sbin/xtables-"+kind+"-multi")
	for _, name := range toolNames {
		s.must(os.Symlink(p.Path, filepath.Join(folder, name)))
	}
	s.must(os.Symlink(lab.Debian(root, "usr/sbin/ipset").Path, filepath.Join(folder, "ipset")))
	s.must(os.Symlink(lab.Debian(root, "usr/sbin/nft").Path, filepath.Join(folder, "nft")))
	plugins, err := filepath.Glob(filepath.Join(root, ".cache/debs/root/usr/lib/*-linux-gnu*/xtables"))
	s.must(err)
	if len(plugins) != 1 {
		s.t.Fatalf("iptables has its modules in %q", plugins)
	}
	s.tools = append(slices.Clone(p.Env), "XTABLES_LIBDIR="+plugins[0], "PATH="+folder+":"+os.Getenv("PATH"))
}

var toolNames = []string{"iptables", "ip6tables", "iptables-restore", "ip6tables-restore"}

// watchTools has the commands write into a file how they are scheduled and limited.
func (s *site) watchTools() string {
	s.t.Helper()
	file := filepath.Join(s.folder, "runs")
	s.must(os.Mkdir(s.folder+"/real", 0o700))
	for _, name := range toolNames {
		path, real := filepath.Join(s.folder, name), filepath.Join(s.folder, "real", name)
		s.must(os.Rename(path, real))
		script := fmt.Sprintf("#!/bin/sh\necho %s policy $(cut -d' ' -f41 /proc/$$/stat) $(grep 'realtime timeout' /proc/$$/limits) >> %s\nexec %s \"$@\"\n", name, file, real)
		s.must(os.WriteFile(path, []byte(script), 0o700))
	}
	return file
}

// run runs a command line of a shell on the server.
func (s *site) run(line string) string {
	s.t.Helper()
	output, err := s.try(line)
	s.must(err)
	return output
}

func (s *site) try(line string) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	status, output, err := s.web.Run(ctx, "/bin/sh", []string{"-c", line}, s.tools)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s: status %d: %s", line, status, output)
	}
	return output, err
}

// addChains makes chains that INPUT and OUTPUT go through.
func (s *site) addChains(in, out string) {
	for _, command := range []string{"iptables", "ip6tables"} {
		s.run(fmt.Sprintf("%s -N %s && %[1]s -A INPUT -j %[2]s && %[1]s -N %[3]s && %[1]s -A OUTPUT -j %[3]s", command, in, out))
	}
}

// start runs our program with the commands in its PATH.
func (s *site) start(config string, args ...string) *lab.Daemon {
	s.t.Helper()
	p := s.ours
	p.Env = append(slices.Clone(p.Env), s.tools...)
	d, err := s.web.Keepalived(p, config, args...)
	s.must(err)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Log(d.Output())
		}
	})
	return d
}

func (s *site) stop(d *lab.Daemon) {
	s.t.Helper()
	status, _, err := d.Stop(s.ctx)
	s.must(err)
	if status != 0 {
		s.t.Errorf("it ends with status %d", status)
	}
}

func (s *site) says(d *lab.Daemon, what string) {
	s.t.Helper()
	_, err := d.WaitLine(s.ctx, 0, what)
	s.must(err)
}

// holds waits until the server has every address, or none of them.
func (s *site) holds(all bool, addresses ...string) {
	s.t.Helper()
	s.must(lab.Until(s.ctx, "the addresses", func() error {
		for _, a := range addresses {
			if has, err := s.web.Holds(netip.MustParseAddr(a)); err != nil || has != all {
				return errors.Join(err, fmt.Errorf("%s has %s: %v", s.web.Name, a, has))
			}
		}
		return nil
	}))
}

// rules are the rules of both families behind the chains that the test has made, and the sets with their members.
func (s *site) rules() []string {
	s.t.Helper()
	var list []string
	for _, one := range []string{"iptables -S", "ip6tables -S", "ipset save -sorted"} {
		for line := range strings.Lines(s.run(one)) {
			fields := strings.Fields(line)
			switch {
			case fields[0] == "-P", fields[0] == "-N", len(fields) == 4 && (fields[1] == "INPUT" || fields[1] == "OUTPUT"):
				continue // somebody else's
			case fields[0] == "create": // with a size that the kernel chooses
				fields = fields[:5]
			}
			list = append(list, strings.TrimSuffix(strings.Fields(one)[0], "tables")+" "+strings.Join(fields, " "))
		}
	}
	return list
}

// has waits until rules and sets are as given.
func (s *site) has(when string, want ...string) {
	s.t.Helper()
	s.must(lab.Until(s.ctx, when, func() error {
		if got := s.rules(); !slices.Equal(got, want) {
			return fmt.Errorf("there is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return nil
	}))
}

// dials says what comes of a connection from the client to a port that nobody listens on: an address that is there
// refuses it at once, and one that drops packets says nothing.
func (s *site) dials(answered bool, addresses ...string) {
	s.t.Helper()
	for _, a := range addresses {
		s.must(lab.Until(s.ctx, fmt.Sprintf("an answer of %s: %v", a, answered), func() error {
			ctx, cancel := context.WithTimeout(s.ctx, 500*time.Millisecond)
			defer cancel()
			conn, err := s.client.Dial(ctx, "tcp", netip.AddrPortFrom(netip.MustParseAddr(a), 9).String())
			if err == nil {
				conn.Close()
				return errors.New("somebody listens")
			}
			if answered && !errors.Is(err, syscall.ECONNREFUSED) || !answered && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		}))
	}
}

// knows waits until the client has found the link-layer addresses of virtual addresses.
func (s *site) knows(addresses ...string) {
	s.t.Helper()
	for _, a := range addresses {
		s.must(lab.Until(s.ctx, "the neighbour "+a, func() error {
			got, err := s.client.Neighbour(netip.MustParseAddr(a))
			if err == nil && len(got) == 0 {
				err = errors.New("it is not known")
			}
			return err
		}))
	}
}
