package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckFindsStaleFiles(t *testing.T) {
	root := t.TempDir()
	var out bytes.Buffer
	if err := run([]string{"-check", "-root", root}, &out); err == nil {
		t.Error("files that are not there pass")
	}
	if err := run([]string{"-root", root}, &out); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-check", "-root", root}, &out); err != nil {
		t.Errorf("fresh files do not pass: %v", err)
	}
	for name := range documents() {
		file := filepath.Join(root, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, "one line more\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run([]string{"-check", "-root", root}, &out); err == nil || !strings.Contains(err.Error(), name+" is stale") {
			t.Errorf("a stale %s gives %v", name, err)
		}
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
