package notify

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// startAs starts a process as the user of a script, from the thread that calls. A daemon that is not root needs
// capabilities for another user than its own, and does not hand its own on to that.
func startAs(c Command, path string, attributes *os.ProcAttr) (*os.Process, error) {
	own := OwnCredentials()
	other := c.UID != own.UID || c.GID != own.GID
	if own.UID == 0 || other {
		attributes.Sys.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	if own.UID != 0 && other {
		restore, err := lowerAmbient()
		if err != nil {
			return nil, err
		}
		defer restore()
	}
	p, err := os.StartProcess(path, c.Argv, attributes)
	if errors.Is(err, unix.EPERM) && own.UID != 0 && other {
		err = fmt.Errorf("running as user %d and group %d needs the capabilities CAP_SETUID and CAP_SETGID: %w", c.UID, c.GID, err)
	}
	return p, err
}

// lowerAmbient takes the capabilities off the calling thread that a program executed from it would keep. restore puts
// them back.
func lowerAmbient() (restore func(), err error) {
	var held []uintptr
	for bit := uintptr(0); bit <= unix.CAP_LAST_CAP; bit++ {
		set, err := unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, bit, 0, 0)
		if err != nil {
			break // the kernel has no more of them
		}
		if set == 1 {
			held = append(held, bit)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("keeping capabilities from the script: %w", err)
	}
	return func() {
		for _, bit := range held {
			_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, bit, 0, 0) // it had it a moment ago
		}
	}, nil
}
