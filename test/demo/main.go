// Command demo shows what keepalived is for: two web servers that share a
// floating address, two directors that spread a virtual server's clients over
// two web servers, and two proxies of which one that works has the address.
//
// It uses network namespaces only, ends by itself, and leaves nothing behind.
// The second part needs ip_vs: where the kernel has none it is shown in a
// virtual machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"keepalived-go/test/lab"
)

// limit is how long the first part may take.
const limit = 55 * time.Second

const picture = `
        client 192.168.4.5
               |
     ----------+----------------------  one network, 192.168.4.0/24
          |                   |
        web1                web2
     192.168.4.100       192.168.4.200
     priority 100        priority 50
          '------ 192.168.4.80 -----'   the floating address: on the Master only
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	s := newStage(os.Stdout)
	err := parts(ctx, s)
	stop()
	if err != nil {
		s.fail(err)
		os.Exit(1)
	}
}

// parts shows one part after the other, or the one that the command line names.
func parts(ctx context.Context, s *stage) error {
	if len(os.Args) > 1 && os.Args[1] == directorsPart {
		return within(ctx, directorsLimit, func(ctx context.Context) error { return showDirectors(ctx, s) })
	}
	if len(os.Args) > 1 && os.Args[1] == "proxies" {
		return within(ctx, proxiesLimit, func(ctx context.Context) error { return showProxies(ctx, s) })
	}
	if err := within(ctx, limit, func(ctx context.Context) error { return showServers(ctx, s) }); err != nil {
		return err
	}
	if err := within(ctx, directorsLimit, func(ctx context.Context) error { return directorsAnywhere(ctx, s) }); err != nil {
		return err
	}
	if err := within(ctx, proxiesLimit, func(ctx context.Context) error { return showProxies(ctx, s) }); err != nil {
		return err
	}
	s.say("Done: nothing of this stays on your machine.")
	return nil
}

// within bounds a part, and says why it has ended before its end.
func within(ctx context.Context, span time.Duration, part func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, span, errors.New("the demonstration took too long"))
	defer cancel()
	err := part(ctx)
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(cause, context.Canceled):
		return errors.New("interrupted; everything is taken away")
	case cause != nil:
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// setUp finds the program and makes an empty network.
func setUp() (root string, program lab.Program, network *lab.Lab, err error) {
	if root, err = lab.Root(); err != nil {
		return root, program, nil, err
	}
	if program, err = lab.Choose(root, "KEEPALIVED_OURS", "ours"); err != nil {
		return root, program, nil, err
	}
	if network, err = lab.New(); err != nil {
		err = fmt.Errorf("%w\nThis machine cannot run the demonstration. It needs root, and a kernel and a container that\n"+
			"allow network namespaces: try `sudo make demo`, or a container that was started as privileged", err)
	}
	return root, program, network, err
}

// showServers lays out the first network and plays. Everything is taken away
// when it returns; if this process is killed, the kernel does it.
func showServers(ctx context.Context, s *stage) error {
	root, program, network, err := setUp()
	if err != nil {
		return err
	}
	defer network.Close()
	p := &play{stage: s, network: network, program: program, root: root}
	return p.all(ctx)
}

// showDirectors is the same for the second network.
func showDirectors(ctx context.Context, s *stage) error {
	root, program, network, err := setUp()
	if err != nil {
		return err
	}
	defer network.Close()
	d := &directors{stage: s, network: network, program: program, root: root}
	return d.all(ctx)
}

// play is the demonstration in progress.
type play struct {
	*stage
	network    *lab.Lab
	program    lab.Program
	root       string
	client     *lab.Host
	web1, web2 *lab.Host
	// first is the daemon of web1.
	first *lab.Daemon
}

var vip = netip.MustParseAddr("192.168.4.80")

func (p *play) all(ctx context.Context) error {
	for _, step := range []func(context.Context) error{p.layOut, p.start, p.cut, p.mend, p.leave} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) layOut(ctx context.Context) (err error) {
	p.title("The network")
	p.plain(picture)
	for _, host := range []struct {
		at      **lab.Host
		name    string
		address string
	}{{&p.client, "client", "192.168.4.5/24"}, {&p.web1, "web1", "192.168.4.100/24"}, {&p.web2, "web2", "192.168.4.200/24"}} {
		if *host.at, err = p.network.AddHost(host.name, netip.MustParsePrefix(host.address)); err != nil {
			return err
		}
	}
	for _, web := range []*lab.Host{p.web1, p.web2} {
		page := web.Address.Addr().String()
		if err := web.Serve(ctx, p.root, page); err != nil {
			return fmt.Errorf("starting the web server of %s: %w", web.Name, err)
		}
		p.say("%s runs nginx; its page says %q.", web.Name, page)
	}
	return nil
}

func (p *play) start(ctx context.Context) error {
	p.title("keepalived starts on both servers, with the tutorial's configuration")
	for _, web := range []*lab.Host{p.web1, p.web2} {
		config, err := os.ReadFile(filepath.Join(p.root, "testdata/demo", web.Name+".conf"))
		if err != nil {
			return err
		}
		daemon, err := web.Keepalived(p.program, string(config))
		if err != nil {
			return err
		}
		if web == p.web1 {
			p.first = daemon
		}
		p.follow(web, daemon, "(VI_1) Entering ")
		p.say("%s: keepalived -n -l -D -f %s", web.Name, daemon.Config)
	}
	p.say("Nobody is Master yet. Three advert intervals and a little must pass in silence first.")
	return p.expect(ctx, p.web1)
}

func (p *play) cut(ctx context.Context) error {
	p.title("The cable of web1 is cut")
	if err := p.web1.Cut(); err != nil {
		return err
	}
	p.event("web1: eth0 has no carrier")
	return p.expect(ctx, p.web2)
}

func (p *play) mend(ctx context.Context) error {
	p.title("The cable of web1 is plugged in again")
	if err := p.web1.Mend(); err != nil {
		return err
	}
	p.event("web1: eth0 has a carrier. Its priority is higher, so the address will return")
	return p.expect(ctx, p.web1)
}

// expect waits until a server alone has the address and the client reads its
// page, and shows both.
func (p *play) expect(ctx context.Context, master *lab.Host) error {
	began := time.Now()
	other := p.web1
	if master == p.web1 {
		other = p.web2
	}
	err := lab.Until(ctx, "the address on "+master.Name+" alone", func() error {
		on, err := master.Holds(vip)
		off, err2 := other.Holds(vip)
		if err = errors.Join(err, err2); err != nil {
			return err
		}
		if !on || off {
			return fmt.Errorf("%s has it: %v, %s has it: %v", master.Name, on, other.Name, off)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.event("%s is Master: %v is on its eth0, and not on %s", master.Name, vip, other.Name)
	var page string
	err = lab.Until(ctx, "the page of "+master.Name, func() error {
		page, err = p.client.Get(ctx, vip.String())
		if err == nil && page != master.Address.Addr().String() {
			err = fmt.Errorf("the client reads %q", page)
		}
		return err
	})
	if err != nil {
		return err
	}
	p.event("client: curl http://%v says %q", vip, page)
	mac, err := p.client.Neighbour(vip)
	if err != nil {
		return err
	}
	p.event("client: ip neigh says %v is at %v (%s), %.1f s after the step began", vip, mac, master.Name, time.Since(began).Seconds())
	return nil
}

func (p *play) leave(ctx context.Context) error {
	p.title("keepalived is stopped on web1, without any fault")
	mark := p.network.Frames.Len()
	if err := p.first.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	_, err := p.network.Frames.Wait(ctx, mark, "an advert with priority 0", func(f lab.Frame) bool {
		a, ok := f.Advert()
		return ok && f.From == "web1" && a.Priority == 0
	})
	if err != nil {
		return err
	}
	p.event("web1 says goodbye with priority 0: web2 need not wait for silence")
	return p.expect(ctx, p.web2)
}
