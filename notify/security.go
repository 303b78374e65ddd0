package notify

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInsecure says that somebody other than root could change what would run as root.
var ErrInsecure = errors.New("unsafe to run as root")

// Inspect applies the rules of enable_script_security to a script that root would run: the file and every folder
// above it must belong to root and be writable by nobody else. The error names the part of the path that is not.
func Inspect(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("looking at the script: %w", err)
	}
	for part := real; ; part = filepath.Dir(part) {
		if err := inspectPart(part); err != nil {
			return err
		}
		if part == filepath.Dir(part) {
			return nil
		}
	}
}

func inspectPart(part string) error {
	info, err := os.Lstat(part)
	if err != nil {
		return fmt.Errorf("looking at the script: %w", err)
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%w: the owner of %s is not known", ErrInsecure, part)
	}
	const groupWrite, otherWrite = 0o020, 0o002
	mode := info.Mode()
	switch {
	case sys.Uid != 0:
		return fmt.Errorf("%w: %s belongs to user %d", ErrInsecure, part, sys.Uid)
	case mode.Perm()&otherWrite != 0 && mode&os.ModeSticky == 0:
		return fmt.Errorf("%w: %s can be written by everybody", ErrInsecure, part)
	case mode.Perm()&groupWrite != 0 && sys.Gid != 0 && mode&os.ModeSticky == 0:
		return fmt.Errorf("%w: %s can be written by group %d", ErrInsecure, part, sys.Gid)
	}
	return nil
}
