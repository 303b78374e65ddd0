package track

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadStatus(t *testing.T) {
	folder := t.TempDir()
	for content, want := range map[string]struct {
		status int
		bad    bool
	}{
		"":                     {0, false},
		"5":                    {5, false},
		"5\n":                  {5, false},
		" \t\n -17 rest":       {-17, false},
		"+3":                   {3, false},
		"0x1F":                 {31, false},
		"-0x10":                {-16, false},
		"0x":                   {0, false},
		"010":                  {8, false},
		"09":                   {0, false},
		"12abc":                {12, false},
		"none":                 {0, false},
		"-":                    {0, false},
		"2147483647":           {2147483647, false},
		"2147483648":           {0, true},
		"-2147483648":          {-2147483648, false},
		"-2147483649":          {0, true},
		"99999999999999999999": {0, true},
	} {
		path := filepath.Join(folder, "f")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadStatus(path); got != want.status || (err != nil) != want.bad {
			t.Errorf("%q: %d, %v, want %d", content, got, err, want.status)
		}
	}
	if got, err := ReadStatus(filepath.Join(folder, "none")); got != 0 || err != nil {
		t.Errorf("no file: %d, %v", got, err)
	}
	if got, err := ReadStatus(folder); got != 0 || err != nil {
		t.Errorf("a folder: %d, %v", got, err)
	}
}

func TestInitFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	for _, row := range []struct {
		value     int
		overwrite bool
		want      int
	}{{7, false, 7}, {8, false, 7}, {-9, true, -9}} {
		if err := InitFile(path, row.value, row.overwrite); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadStatus(path); got != row.want || err != nil {
			t.Errorf("%+v: %d, %v", row, got, err)
		}
	}
	if err := InitFile(folder, 1, true); err == nil {
		t.Error("a folder was written to")
	}
	if err := InitFile(folder, 1, false); err != nil {
		t.Errorf("what is there is left alone: %v", err)
	}
	if err := InitFile(filepath.Join(folder, "no", "f"), 1, false); err == nil {
		t.Error("a file was made in no folder")
	}
}
