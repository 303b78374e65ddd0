package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keepalived-go/parser"
)

var rewrite = flag.Bool("rewrite", false, "write the expected messages of testdata/conf/bad anew; look at every change")

func decodeFile(t *testing.T, path string) (Config, []parser.Diagnostic) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decodeText(t, string(text))
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return files
}

func TestGoodFiles(t *testing.T) {
	for _, f := range glob(t, "testdata/conf/good/*.conf") {
		c, diags := decodeFile(t, f)
		for _, d := range diags {
			if d.Severity > parser.Notice || d.Status != parser.StatusOK {
				t.Errorf("%s: %v", f, d)
			}
		}
		if len(c.Instances) == 0 {
			t.Errorf("%s: no instance", f)
		}
	}
}

// The messages of each faulty file are pinned in the file beside it, with the exit status in front.
func TestBadFiles(t *testing.T) {
	for _, f := range glob(t, "testdata/conf/bad/*.conf") {
		_, diags := decodeFile(t, f)
		var b strings.Builder
		for _, d := range diags {
			if d.Severity > parser.Notice {
				b.WriteString(string('0'+rune(d.Status)) + " " + d.String() + "\n")
			}
		}
		if status(diags) == parser.StatusOK {
			t.Errorf("%s: nothing is wrong with it", f)
		}
		expect := strings.TrimSuffix(f, ".conf") + ".expect"
		if *rewrite {
			if err := os.WriteFile(expect, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(expect)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s says\n%swant\n%s", f, b.String(), want)
		}
	}
}
