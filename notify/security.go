package notify

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Hazard is why a path must not be run as root when enable_script_security is set.
type Hazard uint8

// The hazards.
const (
	NoHazard Hazard = iota
	Unreadable
	OwnedByUser
	WritableByGroup
	WritableByAll
)

// String says what is wrong with the path.
func (h Hazard) String() string {
	return [...]string{"is safe", "cannot be looked at", "does not belong to root", "can be written by a group", "can be written by everybody"}[h]
}

// UnsafeError says which part of a script's path somebody else than root could change.
type UnsafeError struct {
	Part   string // the file, or a folder above it
	Hazard Hazard
	Err    error // of the look, for Unreadable
}

func (e *UnsafeError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("unsafe to run as root: %s %s: %v", e.Part, e.Hazard, e.Err)
	}
	return fmt.Sprintf("unsafe to run as root: %s %s", e.Part, e.Hazard)
}

func (e *UnsafeError) Unwrap() error { return e.Err }

// Inspect applies the rules of enable_script_security to a script that runs as the given user and group. For root, or
// a file that becomes root when it is run, the file and every folder above it must belong to root and be writable by
// nobody else; anything may be run as somebody else. The error is an *UnsafeError that names the part of the path.
func Inspect(path string, uid, gid uint32) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return &UnsafeError{Part: path, Hazard: Unreadable, Err: err}
	}
	info, err := os.Stat(real)
	if err != nil {
		return &UnsafeError{Part: real, Hazard: Unreadable, Err: err}
	}
	if uid != 0 && gid != 0 && !becomesRoot(info) {
		return nil
	}
	for part := real; ; part = filepath.Dir(part) {
		info, err := os.Lstat(part)
		if err != nil {
			return &UnsafeError{Part: part, Hazard: Unreadable, Err: err}
		}
		if h := hazard(info); h != NoHazard {
			return &UnsafeError{Part: part, Hazard: h}
		}
		if part == filepath.Dir(part) {
			return nil
		}
	}
}

// becomesRoot tells whether a file is set-uid or set-gid root.
func becomesRoot(info fs.FileInfo) bool {
	sys, ok := info.Sys().(*syscall.Stat_t)
	return ok && (sys.Uid == 0 && info.Mode()&fs.ModeSetuid != 0 || sys.Gid == 0 && info.Mode()&fs.ModeSetgid != 0)
}

// hazard looks at one part of a path. In a sticky folder nobody can replace what is root's.
func hazard(info fs.FileInfo) Hazard {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok || sys.Uid != 0 {
		return OwnedByUser
	}
	const groupWrite, otherWrite = 0o020, 0o002
	mode := info.Mode()
	switch {
	case mode.IsDir() && mode&fs.ModeSticky != 0:
		return NoHazard
	case mode.Perm()&otherWrite != 0:
		return WritableByAll
	case mode.Perm()&groupWrite != 0 && sys.Gid != 0:
		return WritableByGroup
	}
	return NoHazard
}
