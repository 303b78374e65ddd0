package notify

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func us() (uid, gid uint32) { return uint32(os.Geteuid()), uint32(os.Getegid()) }

// open makes and opens a pipe of our own.
func open(t *testing.T, path string) (*FIFO, error) {
	t.Helper()
	uid, gid := us()
	f, err := MakeFIFO(path, uid, gid)
	if err != nil {
		return nil, err
	}
	return f, f.Open(uid)
}

func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	f, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody reads: the event waits.
	if err := f.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if n := f.Waiting(); n != 4 {
		t.Errorf("%d bytes wait, want 4", n)
	}
	r, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if line, err := bufio.NewReaderSize(r, 16).ReadString('\n'); line != "one\n" || err != nil {
		t.Errorf("read %q, %v", line, err)
	}
	// A full pipe loses what comes then, and nothing waits.
	event := make([]byte, 1000)
	for err = nil; err == nil; {
		err = f.Write(event)
	}
	if !errors.Is(err, unix.EAGAIN) || f.Lost() != 1 {
		t.Errorf("a full pipe: %v, %d lost, want EAGAIN and 1", err, f.Lost())
	}
	f.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the pipe is left: %v", err)
	}
}

func TestFIFOFound(t *testing.T) {
	folder := t.TempDir()
	uid, _ := us()
	for name, row := range map[string]struct {
		make func(path string) error
		ours bool
	}{
		"a pipe of ours":  {func(path string) error { return unix.Mkfifo(path, 0o600) }, true},
		"a file":          {func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) }, false},
		"a folder":        {func(path string) error { return os.Mkdir(path, 0o700) }, false},
		"a symbolic link": {func(path string) error { return os.Symlink(filepath.Join(folder, "a pipe of ours"), path) }, false},
	} {
		path := filepath.Join(folder, name)
		if err := row.make(path); err != nil {
			t.Fatal(err)
		}
		f, err := open(t, path)
		if (err == nil) != row.ours {
			t.Errorf("%s: %v, want that it is used: %v", name, err, row.ours)
		}
		if err == nil {
			f.Close()
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s: it was taken away: %v", name, err)
		}
	}
	// A pipe of somebody else is refused, unless that is the owner who was named.
	if uid != 0 {
		return
	}
	path := filepath.Join(folder, "of somebody else")
	if err := errors.Join(unix.Mkfifo(path, 0o600), os.Chown(path, 77, 77)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path); !errors.Is(err, ErrNotOurs) {
		t.Errorf("of somebody else: %v, want %v", err, ErrNotOurs)
	}
	f, err := MakeFIFO(path, 77, 77)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Open(77); err != nil {
		t.Errorf("of the owner that was named: %v", err)
	}
	f.Close()
}

// TestFIFOReplaced has somebody put something else in the place of the pipe:
// it is noticed, and not taken away.
func TestFIFOReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	f, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	if !f.InPlace() {
		t.Error("it is not in place")
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if f.InPlace() {
		t.Error("it is in place")
	}
	f.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("what is there now was taken away: %v", err)
	}
}

// TestRunUntil ends a script, and what it has started, when it is no longer wanted.
func TestRunUntil(t *testing.T) {
	r := NewRunner()
	defer r.Stop(t.Context())
	uid, gid := us()
	until, done, file := make(chan struct{}), make(chan Result, 1), filepath.Join(t.TempDir(), "pid")
	c := shell(`echo $$ >"$1"; sleep 1000 & wait`, file)
	c.UID, c.GID, c.Until = uid, gid, until
	r.Run(c, 0, func(r Result) { done <- r })
	started(t, file)
	select {
	case r := <-done:
		t.Fatalf("it ended by itself: %+v", r)
	case <-time.After(50 * time.Millisecond): // under test: it runs on
	}
	close(until)
	select {
	case r := <-done:
		if r.Signal != int(unix.SIGTERM) {
			t.Errorf("ended by signal %d, want %d", r.Signal, unix.SIGTERM)
		}
	case <-time.After(patience):
		t.Error("it runs on")
	}
}
