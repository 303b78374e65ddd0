package notify

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// fifoMode is what a pipe is asked to be made with; the umask takes from it.
const fifoMode = 0o644

// ErrNotOurs says that what is at the path of a pipe is none, or belongs to somebody else.
var ErrNotOurs = errors.New("is not a fifo we own - not using")

// FIFO is a named pipe that events are written to, one line with each write. A reader need not be there.
type FIFO struct {
	path    string
	fd      int
	created bool
	lost    atomic.Uint64
}

// MakeFIFO makes the pipe where nothing is at its path, owned by uid and gid, and returns it with whether it did.
// OpenFIFO opens it. A program that reads it is to be started in between, as upstream does.
func MakeFIFO(path string, uid, gid uint32) (*FIFO, error) {
	f := &FIFO{path: path, fd: -1}
	switch err := unix.Mkfifo(path, fifoMode); {
	case errors.Is(err, unix.EEXIST):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("making the fifo %s: %w", path, err)
	}
	f.created = true
	if int(uid) != os.Geteuid() || int(gid) != os.Getegid() {
		if err := unix.Lchown(path, int(uid), int(gid)); err != nil {
			f.Close()
			return nil, fmt.Errorf("giving the fifo %s to %d:%d: %w", path, uid, gid, err)
		}
	}
	return f, nil
}

// Open opens the pipe for writing, whether or not somebody reads. A symbolic link is not followed, and what is not a
// pipe of this process's user or of uid is refused.
func (f *FIFO) Open(uid uint32) error {
	// Both ends, so that the first write needs no reader and the last reader's end is no error.
	fd, err := unix.Open(f.path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		f.Close()
		return fmt.Errorf("opening the fifo %s: %w", f.path, err)
	}
	f.fd = fd
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO || st.Uid != uint32(os.Geteuid()) && st.Uid != uid {
		f.created = false
		f.Close()
		return fmt.Errorf("%s %w", f.path, errors.Join(ErrNotOurs, err))
	}
	return nil
}

// Write writes one event, whole or not at all. It never waits: an event that finds the pipe full is lost and counted.
func (f *FIFO) Write(event []byte) error {
	if _, err := unix.Write(f.fd, event); err != nil {
		f.lost.Add(1)
		return fmt.Errorf("writing to the fifo %s: %w", f.path, err)
	}
	return nil
}

// Lost counts the events that were not written.
func (f *FIFO) Lost() uint64 { return f.lost.Load() }

// Waiting is how many bytes nobody has read yet.
func (f *FIFO) Waiting() int {
	n, err := unix.IoctlGetInt(f.fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// InPlace tells whether the pipe is still what is found at its path.
func (f *FIFO) InPlace() bool {
	var here, there unix.Stat_t
	return unix.Fstat(f.fd, &here) == nil && unix.Lstat(f.path, &there) == nil && here.Dev == there.Dev && here.Ino == there.Ino
}

// Close closes the pipe. One that was made here is unlinked first, so that a reader that opens it again at once does
// not wait at a pipe without a writer.
func (f *FIFO) Close() {
	if f.created && (f.fd < 0 || f.InPlace()) {
		_ = unix.Unlink(f.path)
	}
	f.created = false
	if f.fd >= 0 {
		_ = unix.Close(f.fd)
		f.fd = -1
	}
}
