package notify

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestInspect(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("root is needed to give files away")
	}
	rows := []struct {
		name     string
		file     os.FileMode
		folder   os.FileMode
		owner    int
		group    int
		uid, gid uint32
		want     Hazard
		part     string // the unsafe one: "file" or "folder"
	}{
		{name: "root's own", file: 0o755, folder: 0o755},
		{name: "written by root's group", file: 0o775, folder: 0o755},
		{name: "written by another group", file: 0o775, folder: 0o755, group: 7, want: WritableByGroup, part: "file"},
		{name: "written by all", file: 0o757, folder: 0o755, want: WritableByAll, part: "file"},
		{name: "belongs to a user", file: 0o755, folder: 0o755, owner: 65534, want: OwnedByUser, part: "file"},
		{name: "in a folder for all", file: 0o755, folder: 0o777, want: WritableByAll, part: "folder"},
		{name: "in a sticky folder", file: 0o755, folder: 0o777 | os.ModeSticky},
		{name: "runs as somebody else", file: 0o777, folder: 0o777, uid: 65534, gid: 65534},
		{name: "runs with root's group", file: 0o757, folder: 0o755, uid: 65534, want: WritableByAll, part: "file"},
		{name: "becomes root", file: 0o757 | os.ModeSetuid, folder: 0o755, uid: 65534, gid: 65534, want: WritableByAll, part: "file"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "folder")
			file := filepath.Join(folder, "script")
			must(t, os.Mkdir(folder, 0o755))
			must(t, os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755))
			must(t, os.Chown(file, row.owner, row.group))
			must(t, os.Chmod(file, row.file))
			must(t, os.Chmod(folder, row.folder))
			for _, path := range []string{file, linkTo(t, file)} {
				checkInspection(t, Inspect(path, row.uid, row.gid), row.want, map[string]string{"file": file, "folder": folder}[row.part])
			}
		})
	}
}

func linkTo(t *testing.T, file string) string {
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(file, link))
	return link
}

func checkInspection(t *testing.T, err error, want Hazard, part string) {
	t.Helper()
	var unsafe *UnsafeError
	switch {
	case want == NoHazard && err != nil:
		t.Errorf("unexpected: %v", err)
	case want != NoHazard && !errors.As(err, &unsafe):
		t.Errorf("error %v, want one about %s", err, part)
	case want != NoHazard && (unsafe.Hazard != want || unsafe.Part != part):
		t.Errorf("%v, want %s %s", unsafe, part, want)
	}
}

func TestInspectMissing(t *testing.T) {
	var unsafe *UnsafeError
	if err := Inspect("/nonexistent/script", 0, 0); !errors.As(err, &unsafe) || unsafe.Hazard != Unreadable {
		t.Errorf("error %v", err)
	}
}

// An unsafe script is not started when the rules are on, and is when they are off.
func TestSecureStart(t *testing.T) {
	r := NewRunner()
	file := filepath.Join(t.TempDir(), "script")
	must(t, os.WriteFile(file, []byte("#!/bin/sh\nexit 3\n"), 0o755))
	must(t, os.Chmod(file, 0o777))
	for _, secure := range []bool{false, true} {
		got := run(t, r, Command{Argv: []string{file}, Secure: secure}, patience)
		var unsafe *UnsafeError
		if errors.As(got.Err, &unsafe) != secure || (got.ExitCode == 3) == secure {
			t.Errorf("secure %v: %+v", secure, got)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
