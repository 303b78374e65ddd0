package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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

// Files watches files. A file counts when it has been closed after writing, or has been moved to its place, so that
// nobody sees half a number; inotify's own words are needed for that.
type Files struct {
	queue  *os.File
	byDir  map[int32]map[string][]File // by watch, then by the last part of the path
	report func(FileStatus)
}

// WatchFiles returns what is in each file, and reports it whenever it may have changed, from one goroutine, until Close.
// A file that does not exist has 0. A file whose folder does not exist cannot be watched, and has an error as one has in
// which there is no number.
func WatchFiles(files []File, report func(FileStatus)) (*Files, []FileStatus, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, nil, fmt.Errorf("watching files: %w", err)
	}
	w := &Files{queue: os.NewFile(uintptr(fd), "inotify"), byDir: map[int32]map[string][]File{}, report: report}
	first := make([]FileStatus, 0, len(files))
	for _, f := range files {
		f, err := w.add(fd, f)
		if err != nil {
			first = append(first, FileStatus{Name: f.Name, Err: err})
			continue
		}
		first = append(first, look(f))
	}
	go w.read()
	return w, first, nil
}

// Close ends the watch. A report that is on its way may still come.
func (w *Files) Close() { _ = w.queue.Close() }

// add watches the folder of a file, and returns the file with its real path.
func (w *Files) add(fd int, f File) (File, error) {
	path, err := resolve(f.Path)
	if err != nil {
		return f, fmt.Errorf("track file %s: %w", f.Name, err)
	}
	f.Path = path
	wd, err := unix.InotifyAddWatch(fd, filepath.Dir(path), unix.IN_CLOSE_WRITE|unix.IN_DELETE|unix.IN_MOVE)
	if err != nil {
		return f, fmt.Errorf("watching the folder of %s: %w", path, err)
	}
	names := w.byDir[int32(wd)]
	if names == nil {
		names = map[string][]File{}
		w.byDir[int32(wd)] = names
	}
	names[filepath.Base(path)] = append(names[filepath.Base(path)], f)
	return f, nil
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

// lookAll reads every file again, after the kernel has lost events.
func (w *Files) lookAll() {
	for _, names := range w.byDir {
		for _, files := range names {
			for _, f := range files {
				w.report(look(f))
			}
		}
	}
}

// read takes events until Close.
func (w *Files) read() {
	buffer := make([]byte, 16*(unix.SizeofInotifyEvent+unix.NAME_MAX+1))
	for {
		n, err := w.queue.Read(buffer)
		if err != nil {
			return
		}
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			rest = w.event(rest)
		}
	}
}

// event takes one event off what was read (inotify(7), struct inotify_event) and returns the rest.
func (w *Files) event(b []byte) []byte {
	wd, mask := int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:])
	end := min(unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(b[12:])), len(b))
	name, _, _ := strings.Cut(string(b[unix.SizeofInotifyEvent:end]), "\x00")
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0:
		w.lookAll()
	case mask&unix.IN_ISDIR == 0:
		for _, f := range w.byDir[wd][name] {
			w.report(look(f)) // who has gone meanwhile is read as 0, as one that is deleted
		}
	}
	return b[end:]
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
