package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"keepalived-go/config"
)

func TestInspectScript(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file("target", 0o755), link); err != nil {
		t.Fatal(err)
	}
	// What is not root's can be changed by others than root.
	foreign := os.Getuid() != 0
	t.Setenv("PATH", dir)
	for _, c := range []struct {
		name, path string
		uid, gid   uint32
		want       config.ScriptState
	}{
		{"run as root", file("good", 0o755), 0, 0, config.ScriptState{Insecure: foreign}},
		{"through a link", link, 0, 0, config.ScriptState{Insecure: foreign}},
		{"found in PATH", "good", 0, 0, config.ScriptState{Insecure: foreign}},
		{"not found in PATH", "nothing", 0, 0, config.ScriptState{Missing: true}},
		{"not there", filepath.Join(dir, "nothing"), 0, 0, config.ScriptState{Missing: true}},
		{"no name", "", 0, 0, config.ScriptState{Missing: true}},
		{"not executable", file("data", 0o644), 0, 0, config.ScriptState{NotExecutable: true}},
		{"not executable for its user", file("private", 0o700), 64999, 64999, config.ScriptState{NotExecutable: true}},
		{"everybody may write it, root runs it", file("open", 0o777), 0, 0, config.ScriptState{Insecure: true}},
		{"everybody may write it, nobody runs it", file("open2", 0o777), 64999, 64999, config.ScriptState{}},
		{"a directory", dir, 0, 0, config.ScriptState{Inhibited: true}},
	} {
		if got := inspectScript(c.path, c.uid, c.gid); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestHostEnv(t *testing.T) {
	env := hostEnv()
	if i, ok := env.Interface("lo"); !ok || !i.Loopback {
		t.Errorf("lo is %+v %v", i, ok)
	}
	if _, ok := env.Interface("no-such-if"); ok {
		t.Error("an interface exists that does not")
	}
	if a, ok := env.User("root"); !ok || a.UID != 0 {
		t.Errorf("root is %+v %v", a, ok)
	}
	if _, ok := env.User("no-such-user"); ok {
		t.Error("a user exists that does not")
	}
	if _, ok := env.Group("no-such-group"); ok {
		t.Error("a group exists that does not")
	}
}
