package status

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestPath(t *testing.T) {
	for _, row := range []struct{ setting, name, part, suffix, want string }{
		{"", "keepalived.data", "", "", "/t/keepalived.data"},
		{"", "keepalived.data", "_check", "", "/t/keepalived_check.data"},
		{"", "keepalived.json", "", "ns_in", "/t/keepalived.ns_in.json"},
		{"/d/", "keepalived.data", "_parent", "", "/d/keepalived_parent.data"},
		{"/d/e/", "keepalived.stats", "", "", "/d/e/keepalived.stats"},
		{"/d/my.file", "keepalived.data", "_check", "", "/d/my_check.file"},
		{"/d/my", "keepalived.data", "_check", "in", "/d/my_check.in"},
		{"my.json", "keepalived.json", "", "", "/t/my.json"},
		{"sub/my.json", "keepalived.json", "", "", "/t/my.json"}, // upstream takes the last part only
		{"sub/", "keepalived.json", "", "", "/t/keepalived.json"},
		{"/my.json", "keepalived.json", "", "", "/my.json"},
	} {
		got := Place{Folder: "/t", Suffix: row.suffix}.Path(row.setting, row.name, row.part)
		if got != row.want {
			t.Errorf("%+v: it is %s", row, got)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"": "/tmp", dir: dir, "relative": "/tmp", file: "/tmp", dir + "/none": "/tmp"} {
		t.Setenv("TMPDIR", value)
		if got := Folder(); got != want {
			t.Errorf("TMPDIR=%s: it is %s, want %s", value, got, want)
		}
	}
}

// TestWriteFileWhole reads a file all the time while it is written: it is
// always there, and always whole.
func TestWriteFileWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keepalived.json")
	content := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, 1<<20) }
	write := func(i int) {
		if err := WriteFile(path, content(i), 0o600); err != nil {
			t.Error(err)
		}
	}
	write(0)
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			got, err := os.ReadFile(path)
			if err != nil || len(got) != 1<<20 || bytes.Count(got, got[:1]) != len(got) {
				t.Errorf("a reader has seen %d bytes, %v", len(got), err)
				return
			}
		}
	})
	for i := range 50 {
		write(i)
	}
	close(done)
	reader.Wait()
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// TestWriteFilePlace has something in the way.
func TestWriteFilePlace(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(path("theirs"), []byte("theirs"), 0o644))
	must(os.Symlink(path("theirs"), path("link")))
	must(os.Link(path("theirs"), path("hard")))
	must(os.Mkdir(path("folder"), 0o755))
	for _, name := range []string{"link", "hard", "new"} {
		must(WriteFile(path(name), []byte("ours"), 0o600))
		info, err := os.Lstat(path(name))
		must(err)
		if content, err := os.ReadFile(path(name)); err != nil || string(content) != "ours" || info.Mode() != 0o600 {
			t.Errorf("%s holds %q, mode %v, %v", name, content, info.Mode(), err)
		}
	}
	if content, err := os.ReadFile(path("theirs")); err != nil || string(content) != "theirs" {
		t.Errorf("the other file holds %q, %v", content, err)
	}
	for _, name := range []string{"folder", "none/file"} {
		if err := WriteFile(path(name), nil, 0o600); err == nil || !strings.HasPrefix(err.Error(), "writing "+path(name)+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := filepath.Glob(path(".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
