package bare

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// director is a virtual server beside an instance, which ends with it.
const director = `vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 200
    virtual_ipaddress {
        10.9.0.101/24
    }
}
virtual_server 10.9.0.100 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.2.0.11 80 {
    }
}
`

// patience bounds each step. A machine in software is slow.
const patience = time.Minute

// TestModule starts the daemon where no module can be found, as the peer does,
// and then where it can.
func TestModule(t *testing.T) {
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	if loaded() {
		t.Fatal("the kernel has ip_vs before anybody asked for it")
	}
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	host, err := l.AddHost("director", netip.MustParsePrefix("10.9.0.1/24"))
	if err != nil {
		t.Fatal(err)
	}
	var programs [2]lab.Program
	for i, fallback := range []string{"ours", "debian"} {
		if programs[i], err = lab.Choose(root, []string{"KEEPALIVED_OURS", "KEEPALIVED_PEER"}[i], fallback); err != nil {
			t.Fatal(err)
		}
	}
	// The network has its modules by now. A new host has the machine's mounts.
	reveal := hideModules(t)
	blind, err := l.AddHost("blind", netip.MustParsePrefix("10.9.0.2/24"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"modprobe ip_vs", "Can't initialize ipvs"} {
		endsWithout(t, blind, programs[i], want)
	}
	refusesReload(t, blind, programs[0])
	d := waitsForTables(t, blind, programs[0])
	reveal()
	findsTables(t, d)
	loadsItself(t, host, programs[0])
}

func loaded() bool {
	_, err := os.Stat("/proc/net/ip_vs")
	return !errors.Is(err, os.ErrNotExist)
}

// hideModules puts an empty folder over those of the kernel, for the whole
// machine.
func hideModules(t *testing.T) (reveal func()) {
	t.Helper()
	const modules = "/lib/modules"
	if err := unix.Mount(t.TempDir(), modules, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Unmount(modules, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// endsWithout requires that the whole daemon ends with status 1 and says why.
func endsWithout(t *testing.T, host *lab.Host, p lab.Program, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, err := host.Keepalived(p, director)
	if err != nil {
		t.Fatal(err)
	}
	status, _, err := d.Wait(ctx)
	if err != nil || status != 1 {
		t.Errorf("%s ended with status %d, %v", p.Name, status, err)
	}
	if _, err := d.WaitLine(ctx, 0, want); err != nil {
		t.Errorf("%s did not say %q:\n%s", p.Name, want, d.Output())
	}
	err = lab.Until(ctx, "the end of its children", func() error {
		left, err := host.Processes()
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("there are %v", left)
		}
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", p.Name, err)
	}
	if loaded() {
		t.Fatal("the kernel has ip_vs all the same")
	}
}

// refusesReload requires that a daemon that runs keeps running when it is asked for a virtual server.
func refusesReload(t *testing.T, host *lab.Host, p lab.Program) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	instance, _, _ := strings.Cut(director, "virtual_server")
	d, err := host.Keepalived(p, instance)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		config string
		want   []string
	}{
		{"", []string{"Entering MASTER STATE"}},
		{director, []string{"Reload failed", "modprobe ip_vs"}},
		{instance, []string{"Reload complete"}},
	} {
		mark := d.Lines.Len()
		if step.config == "" {
			mark = 0
		} else if err := d.Reconfigure(step.config); err != nil {
			t.Fatal(err)
		}
		for _, want := range step.want {
			if _, err := d.WaitLine(ctx, mark, want); err != nil {
				t.Fatalf("%v\n%s", err, d.Output())
			}
		}
	}
	status, _, err := d.Stop(ctx)
	if err != nil || status != 0 {
		t.Errorf("status %d, %v", status, err)
	}
}

// waitsForTables requires that an instance that is to drop packets stays in Fault without nf_tables, and says why.
func waitsForTables(t *testing.T, host *lab.Host, p lab.Program) *lab.Daemon {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	instance, _, _ := strings.Cut(director, "virtual_server")
	d, err := host.Keepalived(p, strings.Replace(instance, "state MASTER", "no_accept", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"load the module nf_tables", "(VI_1) Entering FAULT STATE"} {
		if _, err := d.WaitLine(ctx, 0, want); err != nil {
			t.Fatalf("%v\n%s", err, d.Output())
		}
	}
	return d
}

// findsTables requires that it is Master as soon as the kernel can do what it needs.
func findsTables(t *testing.T, d *lab.Daemon) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := d.WaitLine(ctx, 0, "(VI_1) Entering MASTER STATE"); err != nil {
		t.Fatalf("%v\n%s", err, d.Output())
	}
	if status, _, err := d.Stop(ctx); err != nil || status != 0 {
		t.Errorf("status %d, %v", status, err)
	}
}

// loadsItself requires that the daemon loads what it needs.
func loadsItself(t *testing.T, host *lab.Host, p lab.Program) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, err := host.Keepalived(p, director)
	if err != nil {
		t.Fatal(err)
	}
	err = lab.Until(ctx, "the virtual server", func() error {
		content, err := host.Read("/proc/1/net/ip_vs")
		if err == nil && !strings.Contains(content, "0A02000B:0050") {
			err = fmt.Errorf("the table is\n%s", content)
		}
		return err
	})
	if err != nil {
		t.Errorf("%v\n%s", err, d.Output())
	}
	if status, _, err := d.Stop(ctx); err != nil || status != 0 {
		t.Errorf("status %d, %v", status, err)
	}
}
