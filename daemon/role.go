package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"keepalived-go/daemon/early"
)

// role is what a process of the daemon does.
type role string

const (
	roleUser    role = ""        // started by somebody: test, launch or run in the foreground
	roleParent  role = "parent"  // the daemon itself, started by the launcher
	roleVRRP    role = "vrrp"    // the VRRP child
	roleChecker role = "checker" // the child that checks real servers and programs IPVS
	roleCleanup role = "cleanup" // takes the addresses of a dead VRRP child off
	roleWitness role = "witness" // logs the last words of a parent without children
)

// roleVariable hands the role over at exec. It is private: takeRole removes it before anything else runs.
const roleVariable = early.RoleVariable

// descriptors are the numbers of what a process with a role inherits.
type descriptors struct {
	socket      int // to its parent
	crash       int // its own last words
	parentCrash int // those of its parent
}

// usualDescriptors are those of a process that was just started. One that has executed itself again has others, which
// follow the role.
var usualDescriptors = descriptors{3, 4, 5}

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
	word, numbers, again := strings.Cut(value, " ")
	d := usualDescriptors
	if again {
		if _, err := fmt.Sscan(numbers, &d.socket, &d.crash, &d.parentCrash); err != nil {
			return heritage{}, fmt.Errorf("reading %s: %w", roleVariable, err)
		}
	}
	file := os.NewFile(uintptr(d.socket), "parent")
	defer func() { _ = file.Close() }()
	c, err := net.FileConn(file)
	if err != nil {
		return heritage{}, fmt.Errorf("taking over the parent's socket: %w", err)
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return heritage{}, fmt.Errorf("the parent's socket is a %T", c)
	}
	unix.CloseOnExec(d.crash)
	unix.CloseOnExec(d.parentCrash)
	if err := useCrashFile(os.NewFile(uintptr(d.crash), "crash")); err != nil {
		return heritage{}, err
	}
	return heritage{role: role(word), conn: conn, parentCrash: os.NewFile(uintptr(d.parentCrash), "parent's crash")}, nil
}

// handOver is the environment with which this process may execute itself again and find what it has inherited.
func (h heritage) handOver() ([]string, error) {
	if h.role == roleUser {
		return os.Environ(), nil
	}
	socket, err := h.conn.File()
	if err != nil {
		return nil, err
	}
	var numbers []any
	for _, file := range []*os.File{socket, ownCrashFile, h.parentCrash} {
		fd, err := unix.Dup(int(file.Fd())) // a copy that stays open at exec
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, fd)
	}
	return append(os.Environ(), fmt.Sprintf("%s=%s %d %d %d", append([]any{roleVariable, h.role}, numbers...)...)), nil
}

// processName is the name of every process that has none of its own.
const processName = "keepalived"

// setProcessName sets the name that ps and pgrep show, on every thread there is, until a look finds no more of them;
// threads that are made later inherit it. Through /proc/self/exe it would be "exe".
func setProcessName(name string) {
	done := map[string]bool{}
	for range 10 {
		tasks, err := filepath.Glob("/proc/self/task/*/comm")
		if err != nil {
			return
		}
		fresh := false
		for _, t := range tasks {
			if done[t] {
				continue
			}
			done[t], fresh = true, true
			_ = os.WriteFile(t, []byte(name), 0) // a thread may have ended; the name is for people only
		}
		if !fresh {
			return
		}
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
