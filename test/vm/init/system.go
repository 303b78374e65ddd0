package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// search is where programs are looked up.
const search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// prepareSystem does what an init system does and programs count on.
func prepareSystem() error {
	err := mountAll([]mount{
		{kind: "devpts", dir: "/dev/pts"},
		{kind: "tmpfs", dir: "/dev/shm", options: "mode=1777"},
		{kind: "tmpfs", dir: "/run", options: "mode=0755"},
		{kind: "cgroup2", dir: "/sys/fs/cgroup"},
	})
	if err != nil {
		return err
	}
	for _, dir := range []string{"/run/lock", "/run/netns"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for link, to := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(to, "/dev/"+link); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if err := os.Setenv("PATH", search); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("vm")); err != nil {
		return err
	}
	return turnOnLoopback()
}

// loadFile loads a module of the first file system.
func loadFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.FinitModule(int(file.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("loading %s: %w", path, err)
	}
	return nil
}

// loadNamed loads modules with what they need.
func loadNamed(names []string) error {
	if len(names) == 0 {
		return nil
	}
	output, err := exec.Command("modprobe", append([]string{"-a"}, names...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("loading %s: %w: %s", strings.Join(names, " "), err, bytes.TrimSpace(output))
	}
	return nil
}

func turnOnLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("turning the loopback on: %w", err)
	}
	return nil
}

// patience is how long the kernel may take to show a device.
const patience = 30 * time.Second

// until tries something until it works.
func until[T any](what string, try func() (T, error)) (T, error) {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		result, err := try()
		if err == nil || time.Now().After(end) {
			if err != nil {
				err = fmt.Errorf("waiting for %s: %w", what, err)
			}
			return result, err
		}
	}
}

func firstLine(content []byte) string {
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}

// clockError is how far the clock may be off without being set again, so that
// it jumps at the first command only.
const clockError = 200 * time.Millisecond

func setClock(now time.Time) error {
	if off := time.Until(now).Abs(); off < clockError {
		return nil
	}
	value := unix.NsecToTimeval(now.UnixNano())
	if err := unix.Settimeofday(&value); err != nil {
		return fmt.Errorf("setting the clock: %w", err)
	}
	return nil
}
