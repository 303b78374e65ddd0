package daemon

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"keepalived-go/daemon/early"
)

// handledSignals are blocked while a process starts, so that they are not deadly before its handlers stand: Go unblocks
// a signal when it is asked for with signal.Notify. Only SIGHUP, SIGINT and SIGTERM it unblocks at its own start; see
// childEnded for what becomes of them.
var handledSignals = []syscall.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE,
	sigJSON, sigStatsClear, sigThreadDump,
}

// Signals by number: SIGRTMIN+2, SIGRTMAX-1 and SIGRTMAX of glibc.
const (
	sigJSON       = early.JSON
	sigStatsClear = early.StatsClear
	sigThreadDump = syscall.Signal(64)
)

// spawned is a process that was started with a socket to it.
type spawned struct {
	process *os.Process
	conn    *net.UnixConn
	crash   *os.File // where it writes when it dies of a fault of its own
}

// spawn executes this binary again in a role. The arguments are those that the user typed.
func spawn(r role, daemonise bool) (*spawned, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "child"), os.NewFile(uintptr(pair[1]), "parent")
	defer func() { _ = theirs.Close() }()
	conn, err := net.FileConn(ours)
	_ = ours.Close()
	if err != nil {
		return nil, fmt.Errorf("preparing the socket pair: %w", err)
	}
	own, err := sharedCrashFile()
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	crash, err := newCrashFile()
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	process, err := startProcess(r, []*os.File{theirs, crash, own}, daemonise)
	if err != nil {
		_, _ = conn.Close(), crash.Close()
		return nil, err
	}
	return &spawned{process: process, conn: conn.(*net.UnixConn), crash: crash}, nil
}

// startProcess forks from a thread that has the handled signals blocked; the new process inherits that.
func startProcess(r role, inherited []*os.File, daemonise bool) (*os.Process, error) {
	streams := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	attr := &os.ProcAttr{Env: append(childEnvironment(r), roleVariable+"="+string(r))}
	if daemonise {
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		defer func() { _ = null.Close() }()
		streams = []*os.File{null, null, null}
		attr.Sys = &syscall.SysProcAttr{Setsid: true}
	}
	attr.Files = append(streams, inherited...)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old, err := blockSignals(handledSignals)
	if err != nil {
		return nil, err
	}
	process, err := os.StartProcess("/proc/self/exe", os.Args, attr)
	if restore := unix.PthreadSigmask(unix.SIG_SETMASK, old, nil); restore != nil {
		return nil, fmt.Errorf("restoring the signal mask: %w", restore)
	}
	if err != nil {
		return nil, fmt.Errorf("starting the %s process: %w", r, err)
	}
	return process, nil
}

// childEnvironment is ours. Only the parent talks to the service manager.
func childEnvironment(r role) []string {
	var env []string
	for _, v := range os.Environ() {
		if r == roleParent || !strings.HasPrefix(v, "NOTIFY_SOCKET=") {
			env = append(env, v)
		}
	}
	return env
}

// blockSignals blocks signals on the calling thread and returns the mask before.
func blockSignals(signals []syscall.Signal) (*unix.Sigset_t, error) {
	var set, old unix.Sigset_t
	for _, s := range signals {
		set.Val[(s-1)/64] |= 1 << ((s - 1) % 64)
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return nil, fmt.Errorf("blocking signals: %w", err)
	}
	return &old, nil
}
