package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Program is a keepalived that can be started on hosts.
type Program struct {
	// Name tells programs apart in output.
	Name string
	Path string
	// Env is what the program needs in its environment to start.
	Env []string
}

// Debian is a program out of Debian's packages that scripts/debs unpacked.
// path is the program inside the package, such as usr/sbin/keepalived.
func Debian(root, path string) Program {
	packages := filepath.Join(root, ".cache/debs/root")
	dirs, _ := filepath.Glob(packages + "/usr/lib/*-linux-gnu*") // the pattern is well formed
	older, _ := filepath.Glob(packages + "/lib/*-linux-gnu*")
	return Program{
		Name: "debian",
		Path: filepath.Join(packages, path),
		Env:  []string{"LD_LIBRARY_PATH=" + strings.Join(append(dirs, older...), ":")},
	}
}

// Root finds the top folder of the source tree from the folder we are in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("this is not the source tree: no go.mod here or above")
		}
		dir = parent
	}
}

// Choose returns the program that an environment variable names: "debian",
// "ours" or a path. fallback is what an empty variable means.
func Choose(root, variable, fallback string) (Program, error) {
	word := os.Getenv(variable)
	if word == "" {
		word = fallback
	}
	var p Program
	switch word {
	case "debian":
		p = Debian(root, "usr/sbin/keepalived")
	case "ours":
		p = Program{Name: "ours", Path: filepath.Join(root, "bin/keepalived")}
	default:
		p = Program{Name: filepath.Base(word), Path: word}
	}
	if _, err := os.Stat(p.Path); err != nil {
		return p, fmt.Errorf("%s is not there yet (make test, make demo and make bench fetch and build): %w", p.Name, err)
	}
	return p, nil
}

// Daemon is a running keepalived.
type Daemon struct {
	*Process
	// Program is what runs.
	Program Program
	// Config is the path of its configuration inside the host.
	Config string
}

// Keepalived starts a keepalived in the foreground, with its log lines on its
// output.
func (h *Host) Keepalived(p Program, config string, args ...string) (*Daemon, error) {
	path, err := h.Write("keepalived.conf", config, 0o644)
	if err != nil {
		return nil, err
	}
	all := append([]string{"-n", "-l", "-D", "-f", path}, args...)
	process, err := h.Start(p.Path, all, p.Env)
	if err != nil {
		return nil, err
	}
	return &Daemon{Process: process, Program: p, Config: path}, nil
}

// VRRPChild waits until the VRRP process has written its number, and returns
// that as this machine counts. other is a number that it must not be any
// more (0 for none).
func (d *Daemon) VRRPChild(ctx context.Context, other int) (int, error) {
	var pid int
	err := Until(ctx, "a VRRP process", func() error {
		content, err := d.host.Read("/run/vrrp.pid")
		if err != nil {
			return err
		}
		inside, err := strconv.Atoi(strings.TrimSpace(content))
		if err != nil {
			return errors.New("/run/vrrp.pid has no number")
		}
		if pid, err = d.host.Outside(inside); err != nil {
			return err
		}
		if pid == other {
			return fmt.Errorf("process %d is still there", pid)
		}
		return nil
	})
	return pid, err
}

// Reconfigure writes a new configuration and has it read.
func (d *Daemon) Reconfigure(config string) error {
	if _, err := d.host.Write(filepath.Base(d.Config), config, 0o644); err != nil {
		return err
	}
	return d.Signal(unix.SIGHUP)
}

// Stop ends the daemon in its own way and returns its exit status and how
// long it took.
func (d *Daemon) Stop(ctx context.Context) (int, time.Duration, error) {
	start := time.Now()
	if err := d.Signal(unix.SIGTERM); err != nil {
		return 0, 0, err
	}
	status, _, err := d.Wait(ctx)
	return status, time.Since(start), err
}

// KillAll ends the daemon and all its children at once, with no chance to say
// goodbye. The parent is stopped first so that it cannot start new children,
// and no child hears of its parent's death before its own.
func (d *Daemon) KillAll(ctx context.Context) error {
	if err := d.Signal(unix.SIGSTOP); err != nil {
		return err
	}
	tree, err := d.host.Tree(d.Pid())
	if err != nil {
		return err
	}
	for _, e := range tree {
		if e.Pid != d.Pid() {
			if err := unix.Kill(e.Pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	if err := d.Signal(unix.SIGKILL); err != nil {
		return err
	}
	_, _, err = d.Wait(ctx)
	return err
}
