package daemon

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCorePattern(t *testing.T) {
	file := filepath.Join(t.TempDir(), "core_pattern")
	read := func() string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const before = "|/usr/lib/collector %P %u\n"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := setCorePattern(file, "core.%p")
	if got := read(); err != nil || got != "core.%p\n" {
		t.Fatalf("the pattern is %q, %v", got, err)
	}
	if err := c.restore(); err != nil || read() != before {
		t.Errorf("the pattern is %q, %v, want what was there before", read(), err)
	}
	if _, err := setCorePattern(file+"2", "core"); err == nil {
		t.Error("a file that is not there: no error")
	}
	if err := (*corePattern)(nil).restore(); err != nil {
		t.Error(err)
	}
}
