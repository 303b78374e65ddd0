package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// role is what a process of the daemon does.
type role string

const (
	roleUser    role = ""        // started by somebody: test, launch or run in the foreground
	roleParent  role = "parent"  // the daemon itself, started by the launcher
	roleVRRP    role = "vrrp"    // the VRRP child
	roleCleanup role = "cleanup" // takes the addresses of a dead VRRP child off
)

// roleVariable hands role and socket over at exec. It is private: takeRole removes it before anything else runs.
const roleVariable = "_KEEPALIVED_ROLE"

// takeRole reads and removes what the starting process left in the environment. conn is nil for roleUser.
func takeRole() (r role, conn *net.UnixConn, err error) {
	value, ok := os.LookupEnv(roleVariable)
	if !ok {
		return roleUser, nil, nil
	}
	if err := os.Unsetenv(roleVariable); err != nil {
		return "", nil, err
	}
	name, number, _ := strings.Cut(value, ":")
	fd, err := strconv.Atoi(number)
	if err != nil {
		return "", nil, fmt.Errorf("reading %s: %w", roleVariable, err)
	}
	file := os.NewFile(uintptr(fd), "parent")
	defer func() { _ = file.Close() }()
	c, err := net.FileConn(file)
	if err != nil {
		return "", nil, fmt.Errorf("taking over the parent's socket: %w", err)
	}
	unixConn, ok := c.(*net.UnixConn)
	if !ok {
		return "", nil, fmt.Errorf("the parent's socket is a %T", c)
	}
	setProcessName("keepalived")
	return role(name), unixConn, nil
}

// setProcessName sets the name that ps and pgrep show, on every thread there is. Through /proc/self/exe it would be
// "exe".
func setProcessName(name string) {
	tasks, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		return
	}
	for _, t := range tasks {
		_ = os.WriteFile(t, []byte(name), 0) // a thread may have ended; the name is for people only
	}
}

// ident is the syslog name of the role.
func (r role) ident() string {
	if r == roleVRRP || r == roleCleanup {
		return "Keepalived_vrrp"
	}
	return "Keepalived"
}
