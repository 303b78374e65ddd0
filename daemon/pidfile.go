package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// errRunning says that another daemon holds the pid file.
var errRunning = errors.New("daemon is already running")

// pidFile is a pid file that is locked as long as it is open here, or in a child that it was handed to. A process that
// was killed leaves the file but not the lock, so the next start takes it over.
type pidFile struct {
	path string
	file *os.File
}

// claimPIDFile opens and locks a pid file without changing what is in it. errRunning says that somebody else has it.
func claimPIDFile(path string) (*pidFile, error) {
	for {
		p, err := lockPIDFile(path)
		if err != nil {
			return nil, err
		}
		if p.current() {
			return p, nil
		}
		// A daemon that was ending has removed the file between our opening and our locking.
		_ = p.file.Close()
	}
}

// Times of waiting for the child of a daemon that was killed: it ends by itself, takes its addresses off, and gives its
// scripts a moment.
const (
	orphanPatience = 3 * time.Second
	orphanPoll     = 10 * time.Millisecond
)

// claimPIDFileSoon claims the pid file of a child. A child of a dead parent may hold it for a moment.
func claimPIDFileSoon(path string) (*pidFile, error) {
	for begin := time.Now(); ; time.Sleep(orphanPoll) {
		p, err := claimPIDFile(path)
		if !errors.Is(err, errRunning) || time.Since(begin) > orphanPatience {
			return p, err
		}
	}
}

func lockPIDFile(path string) (*pidFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening pid file: %w", err)
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
		defer func() { _ = f.Close() }()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, fmt.Errorf("%w: process %s holds %s; stop it, or give this one pid files of its own (-p, -r, -c)", errRunning, holderOf(f), path)
		}
		return nil, fmt.Errorf("locking pid file %s: %w", path, err)
	}
	if err := f.Chmod(0o644); err != nil { // whatever the umask
		_ = f.Close()
		return nil, fmt.Errorf("setting the mode of pid file %s: %w", path, err)
	}
	return &pidFile{path: path, file: f}, nil
}

// holderOf is the process that a locked pid file names.
func holderOf(f *os.File) string {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0) // a daemon that starts has not written it yet
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n]))); err == nil {
		return strconv.Itoa(pid)
	}
	return "unknown"
}

// current tells whether the file that is locked is still the one at its path.
func (p *pidFile) current() bool {
	there, err := os.Stat(p.path)
	if err != nil {
		return false
	}
	ours, err := p.file.Stat()
	return err == nil && os.SameFile(there, ours)
}

// write puts a pid into the file.
func (p *pidFile) write(pid int) error {
	if err := p.file.Truncate(0); err != nil {
		return fmt.Errorf("emptying pid file %s: %w", p.path, err)
	}
	if _, err := p.file.WriteAt([]byte(strconv.Itoa(pid)+"\n"), 0); err != nil {
		return fmt.Errorf("writing pid file %s: %w", p.path, err)
	}
	return nil
}

// remove takes the file away and gives the lock up.
func (p *pidFile) remove() {
	if p == nil {
		return
	}
	_ = os.Remove(p.path)
	_ = p.file.Close()
}
