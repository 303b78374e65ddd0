package notify

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLimitOfOurselves sets a limit that scripts must not see: neither the
// first one, nor a later one.
func TestLimitOfOurselves(t *testing.T) {
	const resource = unix.RLIMIT_RTTIME
	soft := func() uint64 {
		var l unix.Rlimit
		must(t, unix.Getrlimit(resource, &l))
		return l.Cur
	}
	before := soft()
	r := NewRunner()
	defer r.Stop(t.Context())
	defer func() {
		if _, err := setSoft(resource, before); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	read := func(name string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if got := run(t, r, shell(`grep 'realtime timeout' /proc/$$/limits >"$1"`, file), patience); got.Failed() {
			t.Fatalf("%+v", got)
		}
		text, err := os.ReadFile(file)
		must(t, err)
		return string(text)
	}
	want := read("before")
	for _, limit := range []uint64{500000, 700000} {
		must(t, r.Limit(resource, limit))
		if got := read("after"); got != want {
			t.Errorf("a script has %q, want %q", got, want)
		}
		if got := soft(); got != limit {
			t.Errorf("this process has %d, want %d", got, limit)
		}
	}
	if err := r.Limit(1000, 1); err == nil {
		t.Error("a resource that there is none of: no error")
	}
}
