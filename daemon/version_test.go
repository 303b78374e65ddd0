package daemon

import (
	"regexp"
	"strings"
	"testing"
)

// TestVersionText holds what programs around keepalived read: the first line, and the words of the configure line.
func TestVersionText(t *testing.T) {
	var out strings.Builder
	printVersion(&out)
	first, rest, _ := strings.Cut(out.String(), "\n")
	for name, pattern := range map[string]string{
		"exporters, ansible": `^[kK]eepalived v(.*) `,
		"facts of puppet":    `^Keepalived v(\d+\.\d+\.\d+) .+$`,
		"the form itself":    `^Keepalived v\d+\.\d+\.\d+ \(\d\d/\d\d,\d{4}\)$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(first) {
			t.Errorf("%s: the first line is %q", name, first)
		}
	}
	if strings.Count(out.String(), "Keepalived v") != 1 {
		t.Errorf("more than one line could be taken for the first:\n%s", rest)
	}
	for _, line := range []string{`(?m)^configure options: `, `(?m)^Config options: `} {
		if !regexp.MustCompile(line).MatchString(rest) {
			t.Errorf("no line %s:\n%s", line, rest)
		}
	}
	if !strings.Contains(rest, Version) {
		t.Errorf("our own version is missing:\n%s", rest)
	}
}

func TestSignalNumbers(t *testing.T) {
	for name, number := range map[string]int{"STOP": 15, "RELOAD": 1, "DATA": 10, "STATS": 12, "JSON": 36, "STATS_CLEAR": 63} {
		if got, ok := signalNumbers[name]; !ok || got != number {
			t.Errorf("%s is %d, want %d", name, got, number)
		}
	}
	if _, ok := signalNumbers["NONE"]; ok {
		t.Error("there is a signal NONE")
	}
}
