package daemon

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/notify"
)

func TestTrackedArgv(t *testing.T) {
	for name, row := range map[string]struct{ argv, want []string }{
		"a program":                   {[]string{"/bin/x", "a"}, []string{"/bin/x", "a"}},
		"a file":                      {[]string{"</tmp/a b"}, []string{"/bin/sh", "-c", `: < "$1"`, "sh", "/tmp/a b"}},
		"a file after a blank":        {[]string{"< /tmp/a"}, []string{"/bin/sh", "-c", `: < "$1"`, "sh", "/tmp/a"}},
		"no file of an absolute path": {[]string{"<tmp"}, []string{"<tmp"}},
	} {
		if got := trackedArgv(row.argv); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

// TestRunTracked runs tracked scripts as the daemon does, and tells how they have ended.
func TestRunTracked(t *testing.T) {
	s := &scriptStarter{runner: notify.NewRunner(), log: logrus.NewEntry(logrus.New())}
	defer s.runner.Stop(t.Context())
	there := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(there, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		argv    []string
		user    string
		timeout time.Duration
		ok      func(notify.Result) bool
	}{
		"success":            {[]string{"/bin/true"}, "root", time.Minute, func(r notify.Result) bool { return !r.Failed() }},
		"status":             {[]string{"/bin/sh", "-c", "exit 7"}, "root", time.Minute, func(r notify.Result) bool { return r.ExitCode == 7 }},
		"timeout":            {[]string{"sleep", "1000"}, "root", time.Millisecond, func(r notify.Result) bool { return r.TimedOut && r.Signal == 15 }},
		"a file":             {[]string{"<" + there}, "root", time.Minute, func(r notify.Result) bool { return !r.Failed() }},
		"a file that is not": {[]string{"<" + there + "x"}, "root", time.Minute, func(r notify.Result) bool { return r.Err == nil && r.ExitCode > 0 }},
		"no such user":       {[]string{"/bin/true"}, "nonesuch-user", time.Minute, func(r notify.Result) bool { return r.Err != nil }},
	} {
		done := make(chan notify.Result, 1)
		s.Run(config.Script{Argv: row.argv, User: row.user}, "vrrp_script "+name, row.timeout, make(chan struct{}), func(r notify.Result) { done <- r })
		select {
		case r := <-done:
			if !row.ok(r) {
				t.Errorf("%s: %+v", name, r)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: it does not end", name)
		}
	}
}
