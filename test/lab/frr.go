package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Router is a pair of FRR's daemons: zebra, which knows the interfaces, and vrrpd.
type Router struct {
	zebra, vrrpd *Process
}

// vtyGroup is the group that FRR wants to find itself in.
const vtyGroup = "frrvty:x:78:root\n"

// FRR starts Debian's FRR on the host with a configuration of vrrpd. It needs the interfaces with the virtual MAC
// addresses to be there, and uses them when it is Master.
func (h *Host) FRR(ctx context.Context, root, config string) (*Router, error) {
	if err := h.prepareFRR(ctx); err != nil {
		return nil, fmt.Errorf("preparing %s for FRR: %w", h.Name, err)
	}
	file, err := h.Write("vrrpd.conf", config, 0o644)
	if err != nil {
		return nil, err
	}
	empty, err := h.Write("zebra.conf", "", 0o644)
	if err != nil {
		return nil, err
	}
	r := &Router{}
	if r.zebra, err = h.frr(root, "zebra", empty); err != nil {
		return nil, err
	}
	if _, err := r.zebra.WaitLine(ctx, 0, "starting: vty"); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, r.zebra.Output())
	}
	if r.vrrpd, err = h.frr(root, "vrrpd", file); err != nil {
		return nil, err
	}
	if _, err := r.vrrpd.WaitLine(ctx, 0, "Initialize -> Backup"); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, r.vrrpd.Output())
	}
	return r, nil
}

// prepareFRR makes the group known, and has the kernel answer for an address on its own interface only, and name no
// address of another one when it asks: FRR leaves the addresses where they are when it is Backup.
func (h *Host) prepareFRR(ctx context.Context) error {
	for name, value := range map[string]string{"arp_ignore": "1", "arp_announce": "2"} {
		if err := h.Sysctl(ctx, "net/ipv4/conf/all/"+name, value); err != nil {
			return err
		}
	}
	status, _, err := h.Run(ctx, "/bin/grep", []string{"-q", "^frrvty:", "/etc/group"}, nil)
	if err != nil || status == 0 {
		return err // it was done before
	}
	known, err := os.ReadFile("/etc/group")
	if err != nil {
		return err
	}
	path, err := h.Write("group", string(known)+vtyGroup, 0o644)
	if err != nil {
		return err
	}
	status, output, err := h.Run(ctx, "/bin/mount", []string{"--bind", path, "/etc/group"}, nil)
	if err == nil && status != 0 {
		err = errors.New(output)
	}
	return err
}

func (h *Host) frr(root, name, config string) (*Process, error) {
	p := Debian(root, "usr/lib/frr/"+name)
	libraries, _ := filepath.Glob(filepath.Join(root, ".cache/debs/root/usr/lib/*-linux-gnu*/frr")) // the pattern is well formed
	if len(libraries) == 0 {
		return nil, errors.New("the libraries of FRR are not there: run make debs")
	}
	return h.Start(p.Path, []string{
		"-u", "root", "-g", "root", "-f", config, "-i", Dir + "/" + name + ".pid", "-z", Dir + "/zserv.api", "--vty_socket", Dir,
		"-P", "0", "--log", "stdout",
	}, []string{p.Env[0] + ":" + libraries[0]})
}

// Stop ends both daemons, vrrpd with a farewell.
func (r *Router) Stop(ctx context.Context) error {
	err := r.vrrpd.Signal(unix.SIGTERM)
	if err == nil {
		_, _, err = r.vrrpd.Wait(ctx)
	}
	return errors.Join(err, r.end(ctx, r.zebra))
}

// Kill ends vrrpd without a farewell, and zebra.
func (r *Router) Kill(ctx context.Context) error {
	return errors.Join(r.end(ctx, r.vrrpd), r.end(ctx, r.zebra))
}

func (r *Router) end(ctx context.Context, p *Process) error {
	err := p.Signal(unix.SIGKILL)
	if err == nil {
		_, _, err = p.Wait(ctx)
	}
	return err
}

// Output is what both have said.
func (r *Router) Output() string { return r.zebra.Output() + r.vrrpd.Output() }
