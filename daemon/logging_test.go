package daemon

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

// TestConsoleLines gives every line of a message the time, so that nothing on the terminal is without one.
func TestConsoleLines(t *testing.T) {
	var out strings.Builder
	s := newConsoleSink(&out)
	logger := testLogger(s)
	logger.Error(errors.Join(errors.New("one"), errors.New("two")))
	logger.Info("three\n")
	s.close(testPatience)
	want := regexp.MustCompile(`\A(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: (one|two|three)\n){3}\z`)
	if !want.MatchString(out.String()) {
		t.Errorf("%q", out.String())
	}
}
