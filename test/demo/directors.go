package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

const directorsPicture = `
                     client 192.168.4.10
                            |
     -----------------------+-------------------  one network, 192.168.4.0/24
        |           |               |         |
      proxy1      proxy2          web1      web2
   192.168.4.5  192.168.4.6       .100      .200
   priority 100  priority 50    weight 1  weight 2
        '-- 192.168.4.15 --'
     virtual server, port 80      each answers the client directly (DR)
`

// directors is the second demonstration in progress: two directors before two
// web servers.
type directors struct {
	*stage
	network *lab.Lab
	program lab.Program
	root    string
	client  *lab.Host
	proxy   [2]*lab.Host
	web     [2]*lab.Host
	daemons [2]*lab.Daemon
}

var virtualServer = netip.MustParseAddr("192.168.4.15")

func (d *directors) all(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.layOut, d.start, d.fail, d.recover, d.cut, d.stop} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *directors) layOut(ctx context.Context) (err error) {
	d.title("The network: two directors, two web servers")
	d.plain(directorsPicture)
	for _, host := range []struct {
		at      **lab.Host
		name    string
		address string
	}{
		{&d.client, "client", "192.168.4.10/24"},
		{&d.proxy[0], "proxy1", "192.168.4.5/24"}, {&d.proxy[1], "proxy2", "192.168.4.6/24"},
		{&d.web[0], "web1", "192.168.4.100/24"}, {&d.web[1], "web2", "192.168.4.200/24"},
	} {
		if *host.at, err = d.network.AddHost(host.name, netip.MustParsePrefix(host.address)); err != nil {
			return err
		}
	}
	for _, web := range d.web {
		if err := d.serve(ctx, web); err != nil {
			return err
		}
		if err := web.CarryQuietly(ctx, virtualServer); err != nil {
			return err
		}
		d.say("%s runs nginx, and has %v on lo, about which it tells nobody (arp_ignore, arp_announce).", web.Name, virtualServer)
	}
	return d.showTable(ctx, d.proxy[0])
}

func (d *directors) serve(ctx context.Context, web *lab.Host) error {
	if err := web.Serve(ctx, d.root, web.Address.Addr().String()); err != nil {
		return fmt.Errorf("starting the web server of %s: %w", web.Name, err)
	}
	return nil
}

func (d *directors) start(ctx context.Context) error {
	d.title("keepalived starts on both directors, with the tutorial's configuration")
	for i, proxy := range d.proxy {
		config, err := os.ReadFile(filepath.Join(d.root, "testdata/demo", proxy.Name+".conf"))
		if err != nil {
			return err
		}
		if d.daemons[i], err = proxy.Keepalived(d.program, string(config)); err != nil {
			return err
		}
		d.follow(proxy, d.daemons[i], "(VI_1) Entering ", " service ", "TCP connection")
		d.say("%s: keepalived -n -l -D -f %s", proxy.Name, d.daemons[i].Config)
	}
	if err := d.awaitServers(ctx, 2); err != nil {
		return err
	}
	if err := d.awaitMaster(ctx, 0); err != nil {
		return err
	}
	if err := d.showTable(ctx, d.proxy[0]); err != nil {
		return err
	}
	return d.read(ctx)
}

func (d *directors) fail(ctx context.Context) error {
	d.title("The web server of web1 dies")
	if err := d.web[0].Web.Signal(unix.SIGKILL); err != nil {
		return err
	}
	d.event("web1: nginx is killed. The next check notices: every 6 s, with a second try 3 s later")
	if err := d.awaitServers(ctx, 1); err != nil {
		return err
	}
	if err := d.showTable(ctx, d.proxy[0]); err != nil {
		return err
	}
	return d.read(ctx)
}

func (d *directors) recover(ctx context.Context) error {
	d.title("The web server of web1 is started again")
	if err := d.serve(ctx, d.web[0]); err != nil {
		return err
	}
	d.event("web1: nginx runs")
	if err := d.awaitServers(ctx, 2); err != nil {
		return err
	}
	if err := d.showTable(ctx, d.proxy[0]); err != nil {
		return err
	}
	return d.read(ctx)
}

func (d *directors) cut(ctx context.Context) error {
	d.title("The cable of proxy1 is cut")
	if err := d.proxy[0].Cut(); err != nil {
		return err
	}
	d.event("proxy1: eth0 has no carrier")
	if err := d.awaitMaster(ctx, 1); err != nil {
		return err
	}
	if err := d.showTable(ctx, d.proxy[1]); err != nil {
		return err
	}
	return d.read(ctx)
}

func (d *directors) stop(ctx context.Context) error {
	d.title("keepalived is stopped on both directors")
	for i, daemon := range d.daemons {
		status, took, err := daemon.Stop(ctx)
		if err == nil && status != 0 {
			err = fmt.Errorf("keepalived of %s ended with status %d", d.proxy[i].Name, status)
		}
		if err != nil {
			return err
		}
		d.event("%s: ended after %.2f s", d.proxy[i].Name, took.Seconds())
		if err := d.showTable(ctx, d.proxy[i]); err != nil {
			return err
		}
	}
	return nil
}

// awaitServers waits until both directors have so many real servers.
func (d *directors) awaitServers(ctx context.Context, count int) error {
	for _, proxy := range d.proxy {
		err := lab.Until(ctx, fmt.Sprintf("%d real servers in the table of %s", count, proxy.Name), func() error {
			lines, err := proxy.Table(ctx, d.root)
			if err == nil && len(lines) != count+1 {
				err = fmt.Errorf("it has %d lines", len(lines))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitMaster waits until one director alone has the address.
func (d *directors) awaitMaster(ctx context.Context, i int) error {
	master, other := d.proxy[i], d.proxy[1-i]
	err := lab.Until(ctx, "the address on "+master.Name+" alone", func() error {
		on, err := master.Holds(virtualServer)
		off, err2 := other.Holds(virtualServer)
		if err = errors.Join(err, err2); err == nil && (!on || off) {
			err = fmt.Errorf("%s has it: %v, %s has it: %v", master.Name, on, other.Name, off)
		}
		return err
	})
	if err == nil {
		d.event("%s is Master: %v is on its eth0, and not on %s", master.Name, virtualServer, other.Name)
	}
	return err
}

// showTable prints the kernel's table as administrators know it.
func (d *directors) showTable(ctx context.Context, proxy *lab.Host) error {
	table, err := proxy.Ipvsadm(ctx, d.root, "-L", "-n")
	if err != nil {
		return err
	}
	d.event("%s: ipvsadm -Ln", proxy.Name)
	for line := range strings.Lines(table) {
		d.say("  %s", strings.TrimRight(line, "\n "))
	}
	return nil
}

// read has the client read four pages.
func (d *directors) read(ctx context.Context) error {
	var pages []string
	for range 4 {
		err := lab.Until(ctx, "a page", func() error {
			page, err := d.client.Get(ctx, virtualServer.String())
			if err == nil {
				pages = append(pages, page)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	d.event("client: curl http://%v, four times: %s", virtualServer, strings.Join(pages, ", "))
	return nil
}
