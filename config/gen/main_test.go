package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckFindsStaleFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "COMPATIBILITY.md")
	var out bytes.Buffer
	if err := run([]string{"-check", "-o", file}, &out); err == nil {
		t.Error("a file that is not there passes")
	}
	if err := run([]string{"-o", file}, &out); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-check", "-o", file}, &out); err != nil {
		t.Errorf("a fresh file does not pass: %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "one line more\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-check", "-o", file}, &out); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("a stale file gives %v", err)
	}
}

func TestReferences(t *testing.T) {
	for kind, want := range map[string]string{"markdown": "- **vrrp_instance / priority** INT[1..255]", "roff": `\fBvrrp_instance / priority\fR`} {
		var out bytes.Buffer
		if err := run([]string{"-reference", kind}, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v, without %q", kind, err, want)
		}
	}
	if err := run([]string{"-reference", "pdf"}, &bytes.Buffer{}); err == nil {
		t.Error("an unknown reference passes")
	}
}
