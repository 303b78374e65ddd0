package daemon

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// A Go process that dies of a fault of its own (a panic, a fatal error of the runtime) writes what happened to its
// standard error, which is /dev/null in a daemon. It writes a copy to a memory file that parent and child share,
// and the one that survives logs it: the parent for its child, the child for its parent.

// ownCrashFile is where this process writes its last words; nil as long as there is nobody to read them.
var ownCrashFile *os.File

func newCrashFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("crash", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making a memory file: %w", err)
	}
	return os.NewFile(uintptr(fd), "crash"), nil
}

// useCrashFile has the runtime write there when the process dies.
func useCrashFile(f *os.File) error {
	ownCrashFile = f
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return fmt.Errorf("setting where a crash is written: %w", err)
	}
	return nil
}

// sharedCrashFile is ownCrashFile, made when this process has none yet. A child must find an open file at its number:
// where it found none, the number would be given to something else, and be closed under it.
func sharedCrashFile() (*os.File, error) {
	if ownCrashFile != nil {
		return ownCrashFile, nil
	}
	f, err := newCrashFile()
	if err != nil {
		return nil, err
	}
	return f, useCrashFile(f)
}

// logCrash logs the last words of a process, line by line.
func logCrash(log *logrus.Entry, who string, f *os.File) {
	if f == nil {
		return
	}
	const most = 64 << 10 // a deep recursion writes little more
	text := make([]byte, most)
	n, err := f.ReadAt(text, 0)
	if n == 0 || err != nil && err != io.EOF {
		return
	}
	for line := range strings.Lines(string(bytes.TrimRight(text[:n], "\x00\n"))) {
		log.Errorf("%s: %s", who, strings.TrimRight(line, "\n"))
	}
}
