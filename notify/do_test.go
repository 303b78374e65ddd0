package notify

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDo starts a process of our own as scripts are started: on their thread, and without our limits. When scripts are
// over it is started, too.
func TestDo(t *testing.T) {
	const resource = unix.RLIMIT_RTTIME
	r := NewRunner()
	limits := func() string {
		t.Helper()
		var out bytes.Buffer
		thread := 0
		cmd := exec.Command("grep", "realtime timeout", "/proc/self/limits")
		cmd.Stdout = &out
		must(t, r.Do(func() error { thread = unix.Gettid(); return cmd.Start() }))
		must(t, cmd.Wait())
		return strings.TrimSpace(out.String()) + map[bool]string{true: " on the thread"}[thread == r.Thread()]
	}
	want := limits()
	if !strings.HasSuffix(want, "on the thread") {
		t.Errorf("it was started elsewhere: %s", want)
	}
	var l unix.Rlimit
	must(t, unix.Getrlimit(resource, &l))
	defer func() {
		if _, err := setSoft(resource, l.Cur); err != nil {
			t.Error(err)
		}
	}()
	must(t, r.Limit(resource, 600000))
	if got := limits(); got != want {
		t.Errorf("it has %q, want %q", got, want)
	}
	r.Stop(t.Context())
	if got := limits(); got != strings.TrimSuffix(want, " on the thread") {
		t.Errorf("at the end it has %q", got)
	}
	if err := r.Do(func() error { return exec.ErrNotFound }); err != exec.ErrNotFound {
		t.Errorf("%v", err)
	}
}
