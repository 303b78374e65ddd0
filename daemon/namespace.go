package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/parser"
)

// namespaceFolder is where ip-netns(8) keeps network namespaces that have a name.
const namespaceFolder = "/run/netns"

// wantedNamespace is the network namespace that the daemon is to run in: that of -s, else net_namespace. "" is the one
// it was started in.
func wantedNamespace(o Options, text *parser.Text) string {
	if o.Namespace != "" {
		return o.Namespace
	}
	if text == nil || !slices.ContainsFunc(text.Sources, mentionsNamespace) {
		return ""
	}
	return decodeWith(text, config.Env{}).config.Global.NetNamespace
}

// namespacePath is the file that stands for a namespace.
func namespacePath(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return filepath.Join(namespaceFolder, name)
}

// namespaceError says in which way a namespace cannot be entered, and what helps.
func namespaceError(name string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("network namespace %s does not exist: make it with \"ip netns add %s\"", name, name)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("entering network namespace %s: %w: the capability CAP_SYS_ADMIN is needed", name, err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%s is not a network namespace: make one with \"ip netns add %s\"", namespacePath(name), name)
	}
	return fmt.Errorf("entering network namespace %s: %w", name, err)
}

// insideNamespace tells whether the process is in a namespace already.
func insideNamespace(name string) (bool, error) {
	there, err := os.Stat(namespacePath(name))
	if err != nil {
		return false, err
	}
	here, err := os.Stat("/proc/self/ns/net")
	return err == nil && os.SameFile(here, there), err
}

// errStopped says that somebody has stopped the daemon before it was one.
var errStopped = errors.New("stopped during the start")

// settleDown takes the daemon to where it is to run.
func (p *parent) settleDown(text readText, h heritage) error {
	name := wantedNamespace(p.options, text.text)
	if name == "" {
		return nil
	}
	return enterNamespace(name, h, func() error {
		select {
		case <-p.stops:
			p.exitCode = exitOK
			return errStopped
		default:
			return nil // a SIGHUP is none of our concern: the files are read once more
		}
	})
}

// enterNamespace takes the process into a namespace, unless it is there. A thread is taken there alone, so it executes
// the program anew: all others end with that. Where it returns, the process is where it was to be, or stays where it
// was with an error. Nothing must have been begun that another process could see. last is asked at the last moment whether
// it is still to go.
func enterNamespace(name string, h heritage, last func() error) error {
	if strings.Contains(name, "/") {
		return fmt.Errorf("%q is no name of a network namespace", name)
	}
	inside, err := insideNamespace(name)
	if err != nil {
		return namespaceError(name, err)
	}
	if inside {
		return nil
	}
	environment, err := h.handOver()
	if err != nil {
		return namespaceError(name, err)
	}
	runtime.LockOSThread() // for ever where setns has succeeded
	if err := setNamespace(name); err != nil {
		runtime.UnlockOSThread()
		return namespaceError(name, err)
	}
	if _, err := blockSignals(handledSignals); err != nil {
		return namespaceError(name, err)
	}
	if err := last(); err != nil {
		return err
	}
	return namespaceError(name, syscall.Exec("/proc/self/exe", os.Args, environment))
}

// setNamespace takes the calling thread into a namespace.
func setNamespace(name string) error {
	fd, err := unix.Open(namespacePath(name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

// within calls f on a thread that is in a namespace for that time; "" is the process's own. A socket stays in the
// namespace in which it was opened.
func within(name string, f func() error) error {
	if name == "" {
		return f()
	}
	result := make(chan error, 1)
	go func() { result <- withinThread(name, f) }()
	return <-result
}

func withinThread(name string, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = home.Close() }()
	if err := setNamespace(name); err != nil {
		runtime.UnlockOSThread()
		return namespaceError(name, err)
	}
	err = f()
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	} // else the thread ends with the goroutine
	return err
}

// mentionsNamespace tells whether a file may have the keyword.
func mentionsNamespace(s *parser.Source) bool {
	return strings.Contains(string(s.Text), "net_namespace")
}
