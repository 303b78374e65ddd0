package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// role is what a process of the daemon does.
type role string

const (
	roleUser    role = ""        // started by somebody: test, launch or run in the foreground
	roleParent  role = "parent"  // the daemon itself, started by the launcher
	roleVRRP    role = "vrrp"    // the VRRP child
	roleChecker role = "checker" // the child that checks real servers and programs IPVS
	roleCleanup role = "cleanup" // takes the addresses of a dead VRRP child off
)

// roleVariable hands the role over at exec. It is private: takeRole removes it before anything else runs.
const roleVariable = "_KEEPALIVED_ROLE"

// Descriptors that a process with a role inherits.
const (
	socketFD      = 3 // to its parent
	crashFD       = 4 // its own last words
	parentCrashFD = 5 // those of its parent
)

// heritage is what a process gets from the one that started it.
type heritage struct {
	role        role
	conn        *net.UnixConn // nil for roleUser
	parentCrash *os.File      // nil for roleUser
}

// takeRole reads and removes what the starting process left in the environment.
func takeRole() (heritage, error) {
	value, ok := os.LookupEnv(roleVariable)
	setProcessName(processName)
	if !ok {
		return heritage{}, nil
	}
	if err := os.Unsetenv(roleVariable); err != nil {
		return heritage{}, err
	}
	file := os.NewFile(socketFD, "parent")
	defer func() { _ = file.Close() }()
	c, err := net.FileConn(file)
	if err != nil {
		return heritage{}, fmt.Errorf("taking over the parent's socket: %w", err)
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return heritage{}, fmt.Errorf("the parent's socket is a %T", c)
	}
	unix.CloseOnExec(crashFD)
	unix.CloseOnExec(parentCrashFD)
	if err := useCrashFile(os.NewFile(crashFD, "crash")); err != nil {
		return heritage{}, err
	}
	return heritage{role: role(value), conn: conn, parentCrash: os.NewFile(parentCrashFD, "parent's crash")}, nil
}

// processName is the name of every process that has none of its own.
const processName = "keepalived"

// setProcessName sets the name that ps and pgrep show, on every thread there is; threads that are made later inherit
// it. Through /proc/self/exe it would be "exe".
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
	switch r {
	case roleVRRP, roleCleanup:
		return "Keepalived_vrrp"
	case roleChecker:
		return "Keepalived_healthcheckers"
	default:
		return "Keepalived"
	}
}
