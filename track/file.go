package track

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// File is a file with a number in it.
type File struct{ Name, Path string }

// FileStatus is the number that was read. Err says why what was in the file is no number; Status is nothing then.
type FileStatus struct {
	Name   string
	Status int
	Err    error
}

// Files watches files.
type Files struct {
	watcher *fsnotify.Watcher
	byPath  map[string][]File
	report  func(FileStatus)
	pending map[string]pendingFile // by path
}

// pendingFile is one that something has happened to.
type pendingFile struct {
	at    time.Time // when it is to be read
	empty bool      // it was found empty
}

// A file is read when nothing has happened to it for so long, so that nobody sees half a number: who writes it may be at
// it. One that is empty may have been emptied to be written.
const (
	writingPause = 20 * time.Millisecond
	emptyPause   = 200 * time.Millisecond
)

// WatchFiles returns what is in each file, and reports it whenever it may have changed, from one goroutine, until Close.
// A file that does not exist has 0. A file whose folder does not exist cannot be watched, and has an error as one has in
// which there is no number.
func WatchFiles(files []File, report func(FileStatus)) (*Files, []FileStatus, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, fmt.Errorf("watching files: %w", err)
	}
	w := &Files{watcher: watcher, byPath: map[string][]File{}, report: report, pending: map[string]pendingFile{}}
	first := make([]FileStatus, 0, len(files))
	for _, f := range files {
		f, err := w.add(f)
		if err != nil {
			first = append(first, FileStatus{Name: f.Name, Err: err})
			continue
		}
		first = append(first, look(f))
	}
	go w.follow()
	return w, first, nil
}

// Close ends the watch. A report that is on its way may still come.
func (w *Files) Close() { _ = w.watcher.Close() }

// add watches the folder of a file, and returns the file with its real path.
func (w *Files) add(f File) (File, error) {
	path, err := resolve(f.Path)
	if err != nil {
		return f, fmt.Errorf("track file %s: %w", f.Name, err)
	}
	f.Path = path
	if err := w.watcher.Add(filepath.Dir(path)); err != nil {
		return f, fmt.Errorf("watching the folder of %s: %w", path, err)
	}
	w.byPath[path] = append(w.byPath[path], f)
	return f, nil
}

// follow takes events until Close.
func (w *Files) follow() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-w.watcher.Events:
			if !ok {
				return
			}
			// Whether it can be read does not change its number.
			if path := filepath.Clean(e.Name); len(w.byPath[path]) > 0 && e.Op != fsnotify.Chmod {
				w.pending[path] = pendingFile{at: time.Now().Add(writingPause)}
			}
		case _, ok := <-w.watcher.Errors: // the kernel has lost events
			if !ok {
				return
			}
			for path := range w.byPath {
				w.pending[path] = pendingFile{at: time.Now().Add(writingPause)}
			}
		case <-timer.C:
		}
		timer.Reset(w.readDue(time.Now()))
	}
}

// readDue reads the files whose time has come, and returns how long it is to the next one.
func (w *Files) readDue(now time.Time) time.Duration {
	next := time.Hour
	for path, p := range w.pending {
		if !p.at.After(now) {
			info, err := os.Stat(path)
			if err == nil && info.Size() == 0 && !p.empty {
				p = pendingFile{at: now.Add(emptyPause), empty: true}
				w.pending[path] = p
			} else {
				delete(w.pending, path)
				for _, f := range w.byPath[path] {
					w.report(look(f)) // who has gone meanwhile is read as 0, as one that is deleted
				}
				continue
			}
		}
		next = min(next, p.at.Sub(now))
	}
	return next
}

// resolve follows symbolic links, of the folder where the file is not there yet.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

func look(f File) FileStatus {
	status, err := ReadStatus(f.Path)
	return FileStatus{Name: f.Name, Status: status, Err: err}
}

// readMost is how much of a file is looked at, in bytes.
const readMost = 127

// ReadStatus reads the number of a file: 0 when there is no file or no number at its begin. A number that is too large
// is an error.
func ReadStatus(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = unix.Close(fd) }()
	var buffer [readMost]byte
	n, err := unix.Read(fd, buffer[:])
	if err != nil {
		return 0, nil
	}
	text := leadingNumber(string(buffer[:n]))
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(text, 0, 64)
	if err != nil || number < math.MinInt32 || number > math.MaxInt32 {
		return 0, fmt.Errorf("invalid number %s read from %s - ignoring", text, path)
	}
	return int(number), nil
}

// leadingNumber is the number that a text begins with, after blanks, in the forms of C: decimal, 0 and octal digits, 0x
// and hexadecimal ones.
func leadingNumber(s string) string {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	digits, prefix := "0123456789", ""
	switch {
	case len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && strings.ContainsRune("0123456789abcdefABCDEF", rune(s[2])):
		digits, prefix, s = "0123456789abcdefABCDEF", "0x", s[2:]
	case strings.HasPrefix(s, "0"):
		digits = "01234567"
	}
	n := 0
	for n < len(s) && strings.IndexByte(digits, s[n]) >= 0 {
		n++
	}
	if n == 0 {
		return ""
	}
	return sign + prefix + s[:n]
}

// InitFile makes a file with a number, or gives it to one that is there when overwrite says so. What is no regular file
// is left alone.
func InitFile(path string, value int, overwrite bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && !overwrite:
		return nil
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("cannot initialise track file %s: it is not a regular file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("initialising track file: %w", err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", value), 0o644); err != nil {
		return fmt.Errorf("initialising track file: %w", err)
	}
	return nil
}
