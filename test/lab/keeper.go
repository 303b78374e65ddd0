package lab

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// keeperName is argv[0] of the process that keeps a host's namespaces. It
// is how init below knows its role before flags and tests run.
const keeperName = "keepalived-lab-keeper"

// Dir is where files of a host live, as its processes see it. It is in
// memory and goes away with the host.
const Dir = "/run/lab"

func init() {
	if os.Args[0] != keeperName {
		// The first goroutine keeps the first thread, so that no other one
		// enters namespaces with it: that thread does not end before the
		// process, would hold on to them, and is what /proc/self shows.
		runtime.LockOSThread()
		return
	}
	if err := setUpHost(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	keep()
}

// keep reaps what is reparented to process 1 until the creator is gone.
func keep() {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	go func() {
		for range children {
			for {
				pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
				if err == unix.EINTR {
					continue
				}
				if pid <= 0 {
					break
				}
			}
		}
	}()
	// The creator never writes; the read ends when its end of the pipe is
	// closed, by itself or by the kernel.
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// setUpHost gives the new mount namespace its own /proc, /sys, /run, /dev,
// /var/log and /var/spool.
func setUpHost(name string) error {
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	for _, m := range []struct{ kind, dir, options string }{
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"tmpfs", "/run", "mode=0755"},
		{"tmpfs", "/var/log", "mode=0755"},
		{"tmpfs", "/var/spool", "mode=0755"},
	} {
		if err := unix.Mount(m.kind, m.dir, m.kind, unix.MS_NOSUID, m.options); err != nil {
			return fmt.Errorf("mounting %s on %s: %w", m.kind, m.dir, err)
		}
	}
	for _, dir := range []string{Dir, Dir + "/tmp", Dir + "/dev", "/run/lock"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return ownDevices(Dir + "/dev")
}

// ownDevices replaces /dev by a small one without /dev/log, so that a syslog
// daemon of the host can listen there and no message reaches the machine's.
func ownDevices(staging string) error {
	if err := unix.Mount("tmpfs", staging, "tmpfs", unix.MS_NOSUID, "mode=0755"); err != nil {
		return fmt.Errorf("mounting a private /dev: %w", err)
	}
	for _, device := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := bindFile("/dev/"+device, filepath.Join(staging, device)); err != nil {
			return err
		}
	}
	for _, dir := range []string{"shm", "pts"} {
		if err := os.Mkdir(filepath.Join(staging, dir), 0o755); err != nil {
			return err
		}
	}
	for link, to := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(to, filepath.Join(staging, link)); err != nil {
			return err
		}
	}
	// The kernel's own messages belong to the machine, not to a syslog
	// daemon under test that would take them away from it.
	if err := unix.Mount(filepath.Join(staging, "null"), "/proc/kmsg", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("hiding /proc/kmsg: %w", err)
	}
	if err := unix.Mount(staging, "/dev", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("moving the private /dev into place: %w", err)
	}
	return nil
}

func bindFile(from, to string) error {
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("binding %s: %w", from, err)
	}
	return nil
}

// firstLine is the answer of a keeper without its line end.
func firstLine(b []byte) string {
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}
