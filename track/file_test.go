package track

import (
	"os"
	"path/filepath"
	"testing"
	"time"
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

// TestFiles changes files in all the ways that count, and in some that do not.
func TestFiles(t *testing.T) {
	folder := t.TempDir()
	var emptied time.Time // when some file was emptied last
	write := func(name, content string) {
		t.Helper()
		emptied = time.Now()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("there", "4")
	if err := os.Symlink(filepath.Join(folder, "there"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	reports := make(chan FileStatus, 100)
	files := []File{{"a", filepath.Join(folder, "there")}, {"b", filepath.Join(folder, "later")}, {"c", filepath.Join(folder, "no", "folder")}, {"d", filepath.Join(folder, "link")}}
	w, first, err := WatchFiles(files, func(s FileStatus) { reports <- s })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	want := map[string]int{"a": 4, "b": 0, "c": 0, "d": 4}
	last := map[string]FileStatus{}
	for _, s := range first {
		last[s.Name] = s
		if s.Status != want[s.Name] || (s.Err != nil) != (s.Name == "c") {
			t.Errorf("at first %+v", s)
		}
	}
	if len(first) != len(files) {
		t.Errorf("%d files at first", len(first))
	}
	// A busy machine may report the same thing twice, and find a file empty for so long that it believes it.
	excused := func(s FileStatus) bool {
		return s == last[s.Name] || s == FileStatus{Name: s.Name} && time.Since(emptied) > emptyPause
	}
	expect := func(what string, want ...FileStatus) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for len(want) > 0 {
			select {
			case got := <-reports:
				switch {
				case got == want[0]:
					want = want[1:]
				case !excused(got):
					t.Fatalf("%s: %+v, want %+v", what, got, want[0])
				}
				last[got.Name] = got
			case <-deadline:
				t.Fatalf("%s: nothing is reported, want %+v", what, want[0])
			}
		}
	}
	write("later", "9")
	expect("made", FileStatus{Name: "b", Status: 9})
	write("other", "1")
	write("there", "5")
	expect("written, under two names", FileStatus{Name: "a", Status: 5}, FileStatus{Name: "d", Status: 5})
	if err := os.Rename(filepath.Join(folder, "other"), filepath.Join(folder, "later")); err != nil {
		t.Fatal(err)
	}
	expect("moved to its place", FileStatus{Name: "b", Status: 1})
	if err := os.Rename(filepath.Join(folder, "later"), filepath.Join(folder, "away")); err != nil {
		t.Fatal(err)
	}
	expect("moved away", FileStatus{Name: "b"})
	if err := os.Remove(filepath.Join(folder, "there")); err != nil {
		t.Fatal(err)
	}
	expect("removed", FileStatus{Name: "a"}, FileStatus{Name: "d"})
	// A file that is emptied to be written is not read in between.
	write("there", "3")
	expect("written again", FileStatus{Name: "a", Status: 3}, FileStatus{Name: "d", Status: 3})
	opened := time.Now()
	f, err := os.Create(filepath.Join(folder, "there"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write("later", "2")
	emptied = opened
	expect("another one", FileStatus{Name: "b", Status: 2})
	if _, err := f.WriteString("12"); err != nil {
		t.Fatal(err)
	}
	expect("filled", FileStatus{Name: "a", Status: 12}, FileStatus{Name: "d", Status: 12})
	write("there", "")
	expect("empty", FileStatus{Name: "a"}, FileStatus{Name: "d"})
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
