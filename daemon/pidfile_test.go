package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPIDFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	old := unix.Umask(0o177)
	defer unix.Umask(old)
	p, err := claimPIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{123456, 7} { // the shorter one leaves nothing of the longer one
		if err := p.write(pid); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "7\n" {
		t.Errorf("content %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := claimPIDFile(path); !errors.Is(err, errRunning) {
		t.Errorf("a second claim: %v", err)
	}
	p.remove()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	again, err := claimPIDFile(path)
	if err != nil {
		t.Fatalf("claiming after the end: %v", err)
	}
	again.remove()
}

// What a killed daemon leaves does not hinder the next one.
func TestPIDFileStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	if err := os.WriteFile(path, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := claimPIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p.remove()
}

// The lock lasts as long as anybody has the file open that was handed over.
func TestPIDFileLockIsShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	p, err := claimPIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Dup(int(p.file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	_ = p.file.Close()
	if _, err := claimPIDFile(path); !errors.Is(err, errRunning) {
		t.Errorf("claim while the copy is open: %v", err)
	}
	_ = unix.Close(fd)
	again, err := claimPIDFile(path)
	if err != nil {
		t.Fatalf("claim after the copy was closed: %v", err)
	}
	again.remove()
}

func TestPIDFileErrors(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/etc/hostname", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "none", "x.pid"), dir, link} {
		if _, err := claimPIDFile(path); err == nil || errors.Is(err, errRunning) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Who finds a pid file locked is told by whom, and what to do.
func TestPIDFileHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.pid")
	first, err := claimPIDFile(path)
	must(t, err)
	defer first.remove()
	for _, row := range []struct {
		content, holder string
	}{{"", "process unknown"}, {"4711\n", "process 4711"}, {"garbage\n", "process unknown"}} {
		must(t, os.WriteFile(path, []byte(row.content), 0o644))
		_, err := claimPIDFile(path)
		if !errors.Is(err, errRunning) || !strings.Contains(err.Error(), row.holder+" holds "+path) || !strings.Contains(err.Error(), "-p") {
			t.Errorf("%q: %v", row.content, err)
		}
	}
}
