package lvs

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// twoServers is a service with checks, and what it looks like in the table.
const twoServers = `virtual_server 10.9.0.100 80 {
    lvs_sched wrr
    lvs_method NAT
    protocol TCP
    delay_loop 1
    warmup 0
    retry 1
    delay_before_retry 0
    real_server 10.2.0.11 80 {
        weight 3
        TCP_CHECK {
        }
    }
    real_server 10.2.0.12 80 {
        weight 2
        TCP_CHECK {
        }
    }
}
`

const (
	wrrService = "-A -t 10.9.0.100:80 -s wrr"
	server11   = "-a -t 10.9.0.100:80 -r 10.2.0.11:80 -m -w 3"
	server12   = "-a -t 10.9.0.100:80 -r 10.2.0.12:80 -m -w 2"
	foreign    = "-A -u 10.9.0.100:53 -s rr"
	foreign53  = "-a -u 10.9.0.100:53 -r 10.2.0.11:53 -m -w 1"
)

// TestTableThatIsThere starts on a table that somebody else has made, with
// another scheduler, other weights and more servers than configured.
func TestTableThatIsThere(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.through()
	for _, command := range []string{
		"-A -t 10.9.0.100:80 -s rr -p 100",
		"-a -t 10.9.0.100:80 -r 10.2.0.11:80 -m -w 9",
		"-a -t 10.9.0.100:80 -r 10.2.0.99:80 -g -w 0",
		foreign, foreign53,
	} {
		f.ipvsadm(command)
	}
	before, err := f.talk("tcp", service4+":80")
	f.must(err)
	d := f.start(twoServers)
	f.await(wrrService, server11, server12, foreign, foreign53)
	before.goesOn("after the start")
	f.awaitConns("10.2.0.11:80", 1)
	f.stop(d)
	f.await(foreign, foreign53)
}

// TestForeignHand has somebody else change the table while the daemon runs.
func TestForeignHand(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.through()
	d := f.start(twoServers)
	configured := []string{wrrService, server11, server12, foreign, foreign53}
	f.await(wrrService, server11, server12)
	f.ipvsadm(foreign)
	f.ipvsadm(foreign53)
	for _, change := range []string{
		"-D -t 10.9.0.100:80",
		"-d -t 10.9.0.100:80 -r 10.2.0.11:80",
		"-e -t 10.9.0.100:80 -r 10.2.0.12:80 -m -w 77",
		"-e -t 10.9.0.100:80 -r 10.2.0.12:80 -g -w 2",
		"-a -t 10.9.0.100:80 -r 10.2.0.99:80 -m -w 5",
		"-E -t 10.9.0.100:80 -s lblc -p 60",
	} {
		f.ipvsadm(change)
		f.must(d.Signal(unix.SIGHUP))
		f.await(configured...)
	}

	t.Log("everything of the daemon is killed, and the table changed meanwhile")
	kept, err := f.talk("tcp", service4+":80")
	f.must(err)
	f.awaitConns(addressOf(kept.server), 1)
	f.must(d.KillAll(f.patience()))
	f.await(configured...)
	f.ipvsadm("-a -t 10.9.0.100:80 -r 10.2.0.99:80 -m -w 5")
	d = f.start(twoServers)
	f.await(configured...)
	kept.goesOn("after a new start")
	f.awaitConns(addressOf(kept.server), 1)
	f.stop(d)
	f.await(foreign, foreign53)
}

// addressOf is the address of a server of the farm by its name.
func addressOf(server string) string {
	return "10.2.0." + strings.TrimPrefix(server, "server") + ":80"
}

// TestConnectionsStay keeps one connection open through reloads, the death of
// the checker child and a restart that leaves the table.
func TestConnectionsStay(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 2)
	f.through()
	d := f.start(twoServers, "-I")
	f.await(wrrService, server11, server12)
	c, err := f.talk("tcp", service4+":80")
	f.must(err)
	server := addressOf(c.server)
	f.awaitConns(server, 1)

	f.must(d.Signal(unix.SIGHUP))
	c.goesOn("after a reload of the same")
	heavier := strings.ReplaceAll(twoServers, "weight 3", "weight 30")
	f.must(d.Reconfigure(heavier))
	f.await(wrrService, "-a -t 10.9.0.100:80 -r 10.2.0.11:80 -m -w 30", server12)
	c.goesOn("after a reload with another weight")
	f.must(d.Reconfigure(strings.ReplaceAll(heavier, "wrr", "wlc")))
	f.await("-A -t 10.9.0.100:80 -s wlc", "-a -t 10.9.0.100:80 -r 10.2.0.11:80 -m -w 30", server12)
	c.goesOn("after a reload with another scheduler")
	f.must(d.Reconfigure(twoServers))
	f.await(wrrService, server11, server12)

	changes := f.watch()
	old := f.child("/run/checkers.pid", 0)
	f.must(unix.Kill(old, unix.SIGKILL))
	f.child("/run/checkers.pid", old)
	c.goesOn("after the death of the checker child")
	f.stop(d)
	f.await(wrrService, server11, server12)
	c.goesOn("without a daemon")
	d = f.start(twoServers)
	mark, err := d.WaitLine(f.patience(), 0, "Startup complete")
	f.must(err)
	t.Logf("started at %v", mark.Time)
	c.goesOn("after a new start")
	f.undisturbed(changes())
	f.awaitConns(server, 1)
	f.stop(d)
	f.await()
}

// vrrpToo is an instance beside the virtual server.
const vrrpToo = `vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 200
    advert_int 1
    virtual_ipaddress {
        10.9.0.101/24
    }
}
`

// notified adds scripts to the configuration that write down what they are
// told.
const notified = `global_defs {
    script_user root
}
virtual_server 10.9.0.100 80 {
    lvs_sched wrr
    lvs_method NAT
    protocol TCP
    delay_loop 1
    warmup 0
    retry 1
    delay_before_retry 0
    alpha
    quorum_up "/run/lab/tell quorum up"
    quorum_down "/run/lab/tell quorum down"
    real_server 10.2.0.11 80 {
        weight 3
        notify_up "/run/lab/tell 11 up"
        notify_down "/run/lab/tell 11 down"
        TCP_CHECK {
        }
    }
    real_server 10.2.0.12 80 {
        weight 2
        notify_up "/run/lab/tell 12 up"
        notify_down "/run/lab/tell 12 down"
        TCP_CHECK {
        }
    }
}
`

const tellScript = `#!/bin/sh
echo "$*" >> /run/lab/told
`

// told waits until the scripts have written so many lines and returns them.
func (f *farm) told(lines int) string {
	f.t.Helper()
	var content string
	f.must(lab.Until(f.patience(), fmt.Sprintf("%d notifications", lines), func() (err error) {
		if content, err = f.director.Read("/run/lab/told"); err == nil && strings.Count(content, "\n") < lines {
			err = fmt.Errorf("they are\n%s", content)
		}
		return err
	}))
	return content
}

// TestChildrenKilled kills the checker child and the VRRP child: the table,
// the other child and the scripts do not notice.
func TestChildrenKilled(t *testing.T) {
	f := newFarm(t, 2)
	_, err := f.director.Write("tell", tellScript, 0o755)
	f.must(err)
	d := f.start(notified + vrrpToo)
	f.await(wrrService, server11, server12)
	f.told(3)
	f.deafen(1)
	f.await(wrrService, server11)
	f.told(4)
	checker, vrrp := f.child("/run/checkers.pid", 0), f.child("/run/vrrp.pid", 0)
	_, err = f.director.Addresses.Wait(f.patience(), 0, "the VRRP address", func(c lab.AddressChange) bool {
		return c.Address.String() == "10.9.0.101"
	})
	f.must(err)
	changes := f.watch()
	addresses := len(f.director.Addresses.Since(0))

	for range 3 {
		from := d.Lines.Len()
		f.must(unix.Kill(checker, unix.SIGKILL))
		checker = f.child("/run/checkers.pid", checker)
		_, err = d.WaitLine(f.patience(), from, "Initializing ipvs")
		f.must(err)
	}
	if now := f.child("/run/vrrp.pid", 0); now != vrrp {
		t.Errorf("the VRRP child is process %d after the death of the other, it was %d", now, vrrp)
	}
	f.must(unix.Kill(vrrp, unix.SIGKILL))
	f.child("/run/vrrp.pid", vrrp)
	_, err = d.WaitLine(f.patience(), 0, "(VI_1) Resuming as MASTER")
	f.must(err)
	f.must(f.holds("10.9.0.101"))
	if now := f.child("/run/checkers.pid", 0); now != checker {
		t.Errorf("the checker child is process %d after the death of the other, it was %d", now, checker)
	}
	f.undisturbed(changes())
	if more := f.director.Addresses.Since(addresses); len(more) > 0 {
		t.Errorf("addresses have changed: %v", more)
	}

	t.Log("a new life of the server that failed is noticed by the successor")
	f.listen(f.servers[1])
	f.await(wrrService, server11, server12)
	f.told(5)
	f.stop(d)
	f.await()
	want := "11 up\n12 down\n12 up\n12 up\nquorum up\n"
	if got := sortedLines(f.told(5)); got != want {
		t.Errorf("scripts were told\n%s\ninstead of\n%s", got, want)
	}
}

func (f *farm) holds(address string) error {
	all, err := f.director.List()
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Addr().String() == address {
			return nil
		}
	}
	return fmt.Errorf("it is not among %v", all)
}

func sortedLines(text string) string {
	lines := splitLines(text)
	slices.Sort(lines)
	return strings.Join(append(lines, ""), "\n")
}

// TestReloadKeepsStates reloads while a server is out: it stays out, and a new
// one starts as alpha says.
func TestReloadKeepsStates(t *testing.T) {
	t.Parallel()
	f := newFarm(t, 3)
	f.deafen(1)
	d := f.start(twoServers)
	f.await(wrrService, server11)
	changes := f.watch()
	for _, weight := range []string{"weight 4", "weight 5", "weight 2"} {
		f.reload(d, strings.ReplaceAll(twoServers, "weight 2", weight))
	}
	f.undisturbed(changes())

	t.Log("a new server without alpha is in at once, one with alpha when its check has passed")
	f.deafen(2)
	const third, fourth = `    real_server 10.2.0.13 80 {
        ALPHA
        TCP_CHECK {
            delay_loop 60
            warmup 60
        }
    }
`, "    real_server 10.2.0.11 80 {\n"
	with := strings.Replace(twoServers, fourth, third+fourth, 1)
	changes = f.watch()
	f.reload(d, strings.Replace(with, "ALPHA", "alpha", 1))
	f.reload(d, twoServers)
	f.undisturbed(changes())
	f.reload(d, strings.Replace(with, "        ALPHA\n", "", 1))
	f.await(wrrService, server11, "-a -t 10.9.0.100:80 -r 10.2.0.13:80 -m -w 1")

	f.listen(f.servers[1])
	f.await(wrrService, server11, server12, "-a -t 10.9.0.100:80 -r 10.2.0.13:80 -m -w 1")
	f.stop(d)
	f.await()
}

// reload has a configuration read and waits until it is in force.
func (f *farm) reload(d *lab.Daemon, config string) {
	f.t.Helper()
	from := d.Lines.Len()
	f.must(d.Reconfigure(config))
	_, err := d.WaitLine(f.patience(), from, "Reload complete")
	f.must(err)
}

// TestManyServersLeaveNothing stops a daemon with 300 virtual servers of 100
// real servers each.
func TestManyServersLeaveNothing(t *testing.T) {
	f := newFarm(t, 0)
	var config strings.Builder
	for i := range 300 {
		fmt.Fprintf(&config, "virtual_server 10.%d.%d.1 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n", 64+i/200, i%200)
		for j := range 100 {
			fmt.Fprintf(&config, " real_server 10.128.%d.%d 80 {\n }\n", i%200, j+1)
		}
		config.WriteString("}\n")
	}
	d := f.start(config.String())
	f.must(lab.Until(f.patience(), "the whole table", func() error {
		services, servers, err := f.size()
		if err == nil && (services != 300 || servers != 30000) {
			err = fmt.Errorf("%d services, %d servers", services, servers)
		}
		return err
	}))
	status, span, err := d.Stop(f.patience())
	if err != nil || status != 0 {
		t.Errorf("status %d, %v", status, err)
	}
	t.Logf("it took %v", span)
	if services, servers, err := f.size(); err != nil || services != 0 || servers != 0 {
		t.Errorf("%d services and %d servers are left, %v", services, servers, err)
	}
	if output := d.Output(); strings.Contains(output, "not off within") || strings.Contains(output, "did not end") {
		t.Error("it was not in time")
	}
	if _, err := os.Stat(f.director.Path("/run/checkers.pid")); err == nil {
		t.Error("a pid file is left")
	}
}
