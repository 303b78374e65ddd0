package track

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// Files watches files.
type Files struct {
	open    func() (*fsnotify.Watcher, error)
	watcher *fsnotify.Watcher // nil while the kernel gives none
	files   []*watchedFile
	byName  map[string][]*watchedFile // by the names that events can have
	links   bool                      // some of the files are links
	folders map[string]trace          // those that are watched
	report  func(FileStatus)
	until   chan struct{}
}

// watchedFile is one of the files.
type watchedFile struct {
	File
	given string    // its path, without the links that lead to its folder
	real  string    // where it is or was last, with no link at all; empty before it was there
	seen  trace     // of what was read
	due   time.Time // when it is to be read, zero while nothing has happened to it
	empty bool      // it was found empty then
}

// trace tells one state of a file, or of a folder, from another without a look at what is in it. The zero value is that
// of none.
type trace struct {
	device, inode uint64
	size          int64
	written       unix.Timespec
}

// A file is read when nothing has happened to it for so long, so that nobody sees half a number: who writes it may be at
// it. One that is empty may have been emptied to be written.
const (
	writingPause = 20 * time.Millisecond
	emptyPause   = 200 * time.Millisecond
)

// lookInterval is how often all files are looked at. It is what finds a change that the kernel does not tell: when a
// folder on the way to the file is made, moved, mounted over, or is a link that leads elsewhere now, and all that happens
// where the kernel watches nothing for us.
const lookInterval = time.Second

// WatchFiles returns what is in each file, and reports it whenever it may have changed, from one goroutine, until Close.
// A file that does not exist has 0. One that cannot be found because its folder does not exist has an error at first, as
// one has in which there is no number, and is reported when it is there. An error says why a change may be reported a
// second late, and that is all there is to it.
func WatchFiles(files []File, report func(FileStatus)) (*Files, []FileStatus, error) {
	return watchFiles(files, report, fsnotify.NewWatcher)
}

func watchFiles(files []File, report func(FileStatus), open func() (*fsnotify.Watcher, error)) (*Files, []FileStatus, error) {
	w := &Files{open: open, folders: map[string]trace{}, report: report, until: make(chan struct{})}
	for _, file := range files {
		if path, err := filepath.Abs(file.Path); err == nil {
			file.Path = path
		}
		f := &watchedFile{File: file, given: file.Path}
		_, _ = f.locate() // find says what is wrong
		w.files = append(w.files, f)
	}
	late := errors.Join(w.begin(), w.aim())
	if late != nil {
		late = fmt.Errorf("tracked files are looked at once a second: %w", late)
	}
	first := make([]FileStatus, 0, len(files))
	for _, f := range w.files {
		first = append(first, w.find(f))
	}
	go w.follow()
	return w, first, late
}

// Close ends the watch. A report that is on its way may still come.
func (w *Files) Close() { close(w.until) }

// begin has the kernel watch, which only so many of a user's processes can have at a time.
func (w *Files) begin() error {
	if w.watcher != nil {
		return nil
	}
	watcher, err := w.open()
	if err != nil {
		return fmt.Errorf("asking the kernel to watch files: %w", err)
	}
	w.watcher = watcher
	return nil
}

// locate follows the links on the way to a file, and tells whether it has another name for the kernel since the last time.
// Where the way has an end, what is known of it stays.
func (f *watchedFile) locate() (moved bool, err error) {
	folder, err := filepath.EvalSymlinks(filepath.Dir(f.Path))
	if err != nil {
		return false, err
	}
	given, real := filepath.Join(folder, filepath.Base(f.Path)), f.real
	there, err := filepath.EvalSymlinks(given)
	if err == nil {
		real = there
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	moved = given != f.given || real != f.real
	f.given, f.real = given, real
	return moved, err
}

// aim watches the folders of all files, and of those that links lead to, and no others. An error tells of one of those
// that cannot be watched although they are there.
func (w *Files) aim() (failed error) {
	w.byName, w.links = map[string][]*watchedFile{}, false
	wanted := map[string]bool{}
	for _, f := range w.files {
		w.byName[f.given] = append(w.byName[f.given], f)
		wanted[filepath.Dir(f.given)] = true
		if f.real != "" && f.real != f.given {
			w.links = true
			w.byName[f.real] = append(w.byName[f.real], f)
			wanted[filepath.Dir(f.real)] = true
		}
	}
	if w.watcher == nil {
		return nil
	}
	for folder := range w.folders {
		if !wanted[folder] {
			w.unwatch(folder)
		}
	}
	for folder := range wanted {
		if err := w.watch(folder); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
			failed = fmt.Errorf("watching %s: %w", folder, err)
		}
	}
	return failed
}

// watch has the kernel tell what happens in a folder. It is asked anew each time: its watch belongs to the folder that
// had this name then, and ends with it.
func (w *Files) watch(folder string) error {
	is := traceOf(folder)
	is.size, is.written = 0, unix.Timespec{} // what is in it does not make it another one
	if was, ok := w.folders[folder]; ok && was != is {
		w.unwatch(folder)
	}
	if err := w.watcher.Add(folder); err != nil {
		return err
	}
	w.folders[folder] = is
	return nil
}

func (w *Files) unwatch(folder string) {
	delete(w.folders, folder)
	_ = w.watcher.Remove(folder) // it may have ended by itself
}

// follow takes events until Close.
func (w *Files) follow() {
	defer w.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now().Add(lookInterval) // look at all files
	for {
		events, lost := w.channels()
		select {
		case <-w.until:
			return
		case e := <-events:
			now := time.Now()
			if soon := now.Add(writingPause); w.take(now, e) && soon.Before(next) {
				next = soon
			}
		case <-lost: // the kernel has lost events
			next = time.Now()
		case <-timer.C:
		}
		now := time.Now()
		if !next.After(now) {
			w.lookAll(now)
			next = now.Add(lookInterval)
		}
		timer.Reset(min(w.readDue(now), next.Sub(now)))
	}
}

// channels are those of the kernel's watch. While there is none, nothing comes from them.
func (w *Files) channels() (events <-chan fsnotify.Event, lost <-chan error) {
	if w.watcher == nil {
		return nil, nil
	}
	return w.watcher.Events, w.watcher.Errors
}

func (w *Files) end() {
	if w.watcher != nil {
		_ = w.watcher.Close()
	}
}

// take notes what an event is about. all tells that it may be about any of the files: a link that files are behind may
// lead elsewhere now.
func (w *Files) take(now time.Time, e fsnotify.Event) (all bool) {
	if e.Op == fsnotify.Chmod {
		return false // whether it can be read does not change its number
	}
	files := w.byName[filepath.Clean(e.Name)]
	for _, f := range files {
		f.due, f.empty = now.Add(writingPause), false
	}
	named := e.Has(fsnotify.Create) || e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)
	return len(files) == 0 && named && w.links
}

// lookAll has those files read that are not what they were when they were read.
func (w *Files) lookAll(now time.Time) {
	_ = w.begin()
	_ = w.aim() // what it cannot watch is looked at
	for _, f := range w.files {
		if f.due.IsZero() && traceOf(f.Path) != f.seen {
			f.due, f.empty = now.Add(writingPause), false
		}
	}
}

// readDue reads the files whose time has come, and returns how long it is to the next one. A file with two names is empty
// under both or none, so that all are looked at before somebody hears of the first.
func (w *Files) readDue(now time.Time) time.Duration {
	next := time.Hour
	var due []*watchedFile
	for _, f := range w.files {
		if f.due.IsZero() {
			continue
		}
		if !f.due.After(now) {
			if info, err := os.Stat(f.Path); err != nil || info.Size() > 0 || f.empty {
				due = append(due, f)
				continue
			}
			f.due, f.empty = now.Add(emptyPause), true
		}
		next = min(next, f.due.Sub(now))
	}
	for _, f := range due {
		f.due = time.Time{}
		s, _ := w.read(f)
		w.report(s)
	}
	return next
}

// find reads a file for the first time, or says why there can be none.
func (w *Files) find(f *watchedFile) FileStatus {
	s, lost := w.read(f)
	if lost != nil {
		f.seen = trace{} // it may have come meanwhile
		return FileStatus{Name: f.Name, Err: fmt.Errorf("track file %s: %w", f.Name, lost)}
	}
	return s
}

// read reads a file where it is now. One that has gone is read as 0, as one that was never there, and so is one that
// cannot be found any more, which is lost.
func (w *Files) read(f *watchedFile) (s FileStatus, lost error) {
	moved, lost := f.locate()
	if moved {
		_ = w.aim() // before it is read, so that no change is missed
	}
	f.seen = traceOf(f.Path)
	return look(f.File), lost
}

func traceOf(path string) trace {
	var s unix.Stat_t
	if unix.Stat(path, &s) != nil {
		return trace{}
	}
	return trace{uint64(s.Dev), s.Ino, s.Size, s.Mtim}
}
