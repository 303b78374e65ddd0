package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// proxiesLimit is how long the part with the proxies may take.
const proxiesLimit = 55 * time.Second

const proxiesPicture = `
                     client 192.168.4.10
                            |
     -----------------------+-------------------  one network, 192.168.4.0/24
        |           |               |         |
      proxy1      proxy2          web1      web2
   192.168.4.5  192.168.4.6       .100      .200
   priority 100  priority 50
        '-- 192.168.4.15 --'      haproxy of the Master asks one after the other
`

// answersScript asks haproxy for its statistics without any program but the shell and what the demonstration brings.
const answersScript = "#!/bin/sh\n%s exec %s -s -o /dev/null -m 1 -u admin:admin http://127.0.0.1:1080/stats\n"

// proxies is the demonstration of haproxy that is kept available.
type proxies struct {
	*stage
	network *lab.Lab
	program lab.Program
	root    string
	client  *lab.Host
	proxy   [2]*lab.Host
	haproxy [2]*lab.Process
	daemons [2]*lab.Daemon
}

func showProxies(ctx context.Context, s *stage) error {
	root, program, network, err := setUp()
	if err != nil {
		return err
	}
	defer network.Close()
	p := &proxies{stage: s, network: network, program: program, root: root}
	for _, step := range []func(context.Context) error{p.layOut, p.start, p.die, p.recover, p.stop} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *proxies) layOut(ctx context.Context) (err error) {
	p.title("The network: two proxies with haproxy, two web servers")
	p.plain(proxiesPicture)
	var web [2]*lab.Host
	for _, host := range []struct {
		at            **lab.Host
		name, address string
	}{
		{&p.client, "client", "192.168.4.10/24"},
		{&p.proxy[0], "proxy1", "192.168.4.5/24"}, {&p.proxy[1], "proxy2", "192.168.4.6/24"},
		{&web[0], "web1", "192.168.4.100/24"}, {&web[1], "web2", "192.168.4.200/24"},
	} {
		if *host.at, err = p.network.AddHost(host.name, netip.MustParsePrefix(host.address)); err != nil {
			return err
		}
	}
	for _, host := range web {
		if err := host.Serve(ctx, p.root, host.Address.Addr().String()); err != nil {
			return fmt.Errorf("starting the web server of %s: %w", host.Name, err)
		}
		p.say("%s runs nginx; its page says %q.", host.Name, host.Address.Addr())
	}
	for i := range p.proxy {
		if err := p.run(ctx, i); err != nil {
			return err
		}
		p.say("%s runs haproxy, with its page of statistics on port 1080.", p.proxy[i].Name)
	}
	return nil
}

// run starts haproxy on one node.
func (p *proxies) run(ctx context.Context, i int) error {
	config, err := lab.ProxyConfig(p.root)
	if err != nil {
		return err
	}
	if p.haproxy[i], err = p.proxy[i].Proxy(ctx, p.root, config); err != nil {
		return fmt.Errorf("starting haproxy of %s: %w", p.proxy[i].Name, err)
	}
	return nil
}

func (p *proxies) start(ctx context.Context) error {
	p.title("keepalived starts on both proxies: it asks haproxy once a second, and watches its process")
	curl := lab.Debian(p.root, "usr/bin/curl")
	for i, proxy := range p.proxy {
		config, err := os.ReadFile(filepath.Join(p.root, fmt.Sprintf("testdata/demo/haproxy%d.conf", i+1)))
		if err != nil {
			return err
		}
		if _, err = proxy.Write("answers.sh", fmt.Sprintf(answersScript, strings.Join(curl.Env, " "), curl.Path), 0o755); err != nil {
			return err
		}
		if p.daemons[i], err = proxy.Keepalived(p.program, string(config)); err != nil {
			return err
		}
		p.follow(proxy, p.daemons[i], "(VI_1) Entering ", "VRRP_Script(", "Quorum ")
		p.say("%s: keepalived -n -l -D -f %s", proxy.Name, p.daemons[i].Config)
	}
	return p.expect(ctx, 0)
}

func (p *proxies) die(ctx context.Context) error {
	p.title("haproxy of proxy1 dies")
	if err := p.haproxy[0].Signal(unix.SIGKILL); err != nil {
		return err
	}
	p.event("proxy1: haproxy is killed")
	return p.expect(ctx, 1)
}

func (p *proxies) recover(ctx context.Context) error {
	p.title("haproxy of proxy1 is started again")
	if err := p.run(ctx, 0); err != nil {
		return err
	}
	p.event("proxy1: haproxy runs. Its priority is higher, so the address will return")
	return p.expect(ctx, 0)
}

// expect waits until one proxy alone has the address, and shows what the client reads there.
func (p *proxies) expect(ctx context.Context, i int) error {
	master, other := p.proxy[i], p.proxy[1-i]
	err := lab.Until(ctx, "the address on "+master.Name+" alone", func() error {
		on, err := master.Holds(virtualServer)
		off, err2 := other.Holds(virtualServer)
		if err = errors.Join(err, err2); err == nil && (!on || off) {
			err = fmt.Errorf("%s has it: %v, %s has it: %v", master.Name, on, other.Name, off)
		}
		return err
	})
	if err != nil {
		return err
	}
	p.event("%s is Master: %v is on its eth0, and not on %s", master.Name, virtualServer, other.Name)
	var pages []string
	err = lab.Until(ctx, "four pages", func() error {
		page, err := p.client.Fetch(ctx, "http://"+virtualServer.String()+"/", "", "")
		if err != nil {
			return err
		}
		if pages = append(pages, strings.TrimSpace(page)); len(pages) < 4 {
			return errors.New("some are still to come")
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.event("client: curl http://%v, four times: %s", virtualServer, strings.Join(pages, ", "))
	url := fmt.Sprintf("http://%v:1080/stats", virtualServer)
	err = lab.Until(ctx, "the page of statistics", func() error {
		page, err := p.client.Fetch(ctx, url, "admin", "admin")
		if err == nil && !strings.Contains(page, "webserv-rewrite") {
			err = errors.New("it is another page")
		}
		return err
	})
	if err == nil {
		p.event("client: curl -u admin:admin %s shows the statistics of webserv-rewrite", url)
	}
	return err
}

func (p *proxies) stop(ctx context.Context) error {
	p.title("keepalived is stopped on both proxies")
	for i, daemon := range p.daemons {
		status, took, err := daemon.Stop(ctx)
		if err == nil && status != 0 {
			err = fmt.Errorf("keepalived of %s ended with status %d", p.proxy[i].Name, status)
		}
		if err != nil {
			return err
		}
		p.event("%s: ended after %.2f s", p.proxy[i].Name, took.Seconds())
	}
	return nil
}
