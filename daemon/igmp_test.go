package daemon

import (
	"os"
	"path/filepath"
	"testing"
)

func TestQuietIGMP(t *testing.T) {
	for _, c := range []struct{ before, during, after string }{
		{"1\n", "0\n", "1\n"},
		{"0\n", "0\n", "0\n"},
	} {
		path := filepath.Join(t.TempDir(), "reports")
		if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		q, err := setQuietIGMP(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{c.during, c.after} {
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("from %q there is %q, want %q: %v", c.before, got, want, err)
			}
			if err := q.restore(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := setQuietIGMP(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a kernel without the file has no fault")
	}
}
