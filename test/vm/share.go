package vm

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// share starts virtiofsd for the whole file system of this machine, and
// returns the connection that qemu is to talk to it over. It ends by itself
// when that is closed.
func share(root string, log *console) (*helper, *os.File, error) {
	daemon, err := tool(root, "virtiofsd")
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "vm")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	inherited, err := listener.File()
	if err != nil {
		return nil, nil, err
	}
	defer inherited.Close()
	command := exec.Command(daemon.Path, "--fd=3", "-o", "source=/", "-o", "cache=always", "-o", "sandbox=chroot", "-o", "log_level=warn")
	command.Env = append(os.Environ(), daemon.Env...)
	command.ExtraFiles = []*os.File{inherited}
	command.Stdout, command.Stderr = log, log
	h, err := startHelper(command)
	if err != nil {
		return nil, nil, err
	}
	connection, err := connect(listener.Addr().String())
	if err != nil {
		h.kill()
		return nil, nil, fmt.Errorf("reaching virtiofsd: %w", err)
	}
	return h, connection, nil
}

// connect returns a blocking connection, as other programs expect them.
func connect(path string) (*os.File, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "virtiofsd"), nil
}
