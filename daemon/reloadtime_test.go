package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

func TestReloadTime(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, paris) // the day before an hour is left out
	at := func(month time.Month, day, hour, minute, second int) time.Time {
		return time.Date(2026, month, day, hour, minute, second, 0, paris)
	}
	for text, row := range map[string]struct {
		at    time.Time
		dated bool
		fault string
	}{
		"12:00:01":             {at(3, 28, 12, 0, 1), false, ""},
		"12:00:00":             {at(3, 29, 12, 0, 0), false, ""},
		"00:30:00":             {at(3, 29, 0, 30, 0), false, ""},
		"11:00:01Z":            {at(3, 28, 12, 0, 1), false, ""},
		"11:00:00Z":            {at(3, 29, 13, 0, 0), false, ""}, // a day of UTC later
		"26-12-31 01:02:03":    {at(12, 31, 1, 2, 3), true, ""},
		"2026-12-31 01:02:03":  {at(12, 31, 1, 2, 3), true, ""},
		"2026-03-28 12:00:01Z": {at(3, 28, 13, 0, 1), true, ""},
		"2026-03-28 11:59:59":  {fault: "past"},
		"2026-03-29 02:30:00":  {fault: "not valid"},
		"2026-02-30 01:00:00":  {fault: "invalid"},
		"25:00:00":             {fault: "invalid"},
		"nonsense":             {fault: "invalid"},
		"1:2:3.45":             {fault: "invalid"},
		"23:59:57x":            {fault: "incorrect"},
		"":                     {fault: "incorrect"},
		"Z":                    {fault: "incorrect"},
	} {
		got, dated, err := reloadTime(text, now)
		if row.fault != "" {
			if err == nil || !strings.Contains(err.Error(), row.fault) {
				t.Errorf("%q: %v, %v, want an error with %q", text, got, err, row.fault)
			}
			continue
		}
		if err != nil || !got.Equal(row.at) || dated != row.dated {
			t.Errorf("%q: %v, dated %v, %v, want %v, %v", text, got, dated, err, row.at, row.dated)
		}
	}
}

func TestFirstLine(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"12:00:00\n": "12:00:00", "12:00:00": "12:00:00", "12:00:00\nmore\n": "12:00:00", "\n": "",
		"2026-03-28 12:00:00Z and more": "2026-03-28 12:00:00Z",
	} {
		file := filepath.Join(dir, "time")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := firstLine(file); got != want || !ok {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"missing", "fifo", "."} { // and it waits for nobody
		if got, ok := firstLine(filepath.Join(dir, name)); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestFollowFolder has the kernel report what a test does to a folder.
func TestFollowFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	must(t, os.Mkdir(dir, 0o700))
	file, other := filepath.Join(dir, "time"), filepath.Join(dir, "timer")
	text := []byte(time.Now().Add(25*time.Hour).Format(timeFormat) + "\n")
	p := newParent(Options{NoSyslog: true}, heritage{})
	p.makeAppointment(config.Global{ReloadTimeFile: file})
	a := p.appointment
	for _, step := range []struct {
		name      string
		do        func() error
		set, ends bool
	}{
		{"written", func() error { return os.WriteFile(file, text, 0o600) }, true, false},
		{"moved away", func() error { return os.Rename(file, other) }, false, false},
		{"moved in", func() error { return os.Rename(other, file) }, true, false},
		{"removed", func() error { return os.Remove(file) }, false, false},
		{"written again", func() error { return os.WriteFile(file, text, 0o600) }, true, false},
		{"the folder moved", func() error { return os.Rename(dir, dir+"2") }, false, true},
	} {
		must(t, step.do())
		for deadline := time.After(testPatience); a.at.IsZero() == step.set || (a.watch == nil) != step.ends; {
			select {
			case f := <-p.work:
				f()
			case <-deadline:
				t.Fatalf("%s: the time is %v, the folder is followed: %v", step.name, a.at, a.watch != nil)
			}
		}
	}
	if _, err := watchFolder(dir); err == nil {
		t.Error("a folder that is not there: no error")
	}
	p.leaveAppointment()
}
