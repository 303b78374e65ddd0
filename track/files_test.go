package track

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

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

// TestFilesMove changes the way to a file. It must be found, and what happens to it then be told by the kernel.
func TestFilesMove(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		path         string // of the file, and where it is in the end
		real         string
		before, then func(tree)
	}{
		"the folder is made later": {path: "run/app/f", real: "run/app/f", then: func(in tree) { in.write("run/app/f", "9") }},
		"the folder is made again": {
			path: "run/f", real: "run/f",
			before: func(in tree) { in.write("run/f", "1") },
			then:   func(in tree) { in.remove("run"); in.write("run/f", "9") },
		},
		"the folder is another one": {
			path: "run/f", real: "run/f",
			before: func(in tree) { in.write("run/f", "1"); in.write("new/f", "9") },
			then:   func(in tree) { in.rename("run", "old"); in.rename("new", "run") },
		},
		"a folder above it is another one": {
			path: "run/app/f", real: "run/app/f",
			before: func(in tree) { in.write("run/app/f", "1"); in.write("new/app/f", "9") },
			then:   func(in tree) { in.rename("run", "old"); in.rename("new", "run") },
		},
		"the link leads elsewhere": {
			path: "f", real: "b/f",
			before: func(in tree) { in.write("a/f", "1"); in.write("b/f", "9"); in.link("a/f", "f") },
			then:   func(in tree) { in.link("b/f", "f.new"); in.rename("f.new", "f") },
		},
		"the link is a file": {
			path: "f", real: "f",
			before: func(in tree) { in.write("a/f", "1"); in.link("a/f", "f") },
			then:   func(in tree) { in.write("f.new", "9"); in.rename("f.new", "f") },
		},
		"the link leads through one that leads elsewhere": {
			path: "f", real: "b/f",
			before: func(in tree) {
				in.write("a/f", "1")
				in.write("b/f", "9")
				in.link("a", "data")
				in.link("data/f", "f")
			},
			then: func(in tree) { in.link("b", "data.new"); in.rename("data.new", "data"); in.remove("a") },
		},
		"the folder is a link that leads elsewhere": {
			path: "current/f", real: "b/f",
			before: func(in tree) { in.write("a/f", "1"); in.write("b/f", "9"); in.link("a", "current") },
			then:   func(in tree) { in.link("b", "new"); in.rename("new", "current") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			in := tree{t, root}
			if row.before != nil {
				row.before(in)
			}
			reports := make(chan FileStatus, 100)
			w, _, err := WatchFiles([]File{{"f", in.path(row.path)}}, func(s FileStatus) { reports <- s })
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			row.then(in)
			expectStatus(t, reports, 9)
			in.write(row.real, "10")
			expectStatus(t, reports, 10)
			if got, want := w.watcher.WatchList(), filepath.Dir(in.path(row.real)); !slices.Contains(got, want) {
				t.Errorf("%v are watched, not %s", got, want)
			}
		})
	}
}

// TestFilesWithoutWatch has the kernel refuse to watch, as it does when other programs of the user have all there is.
// Everything is seen all the same, and when there is a watch again it is used.
func TestFilesWithoutWatch(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := tree{t, root}
	in.write("f", "1")
	refused := make(chan bool, 100)
	allowed := make(chan *fsnotify.Watcher, 1)
	reports := make(chan FileStatus, 100)
	files := []File{{"f", in.path("f")}, {"later", in.path("no/f")}}
	w, first, err := watchFiles(files, func(s FileStatus) { reports <- s }, func() (*fsnotify.Watcher, error) {
		select {
		case w := <-allowed:
			return w, nil
		default:
			refused <- true
			return nil, unix.EMFILE
		}
	})
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("it is not said why changes are seen late: %v", err)
	}
	defer w.Close()
	if len(first) != 2 || first[0] != (FileStatus{Name: "f", Status: 1}) || first[1].Err == nil {
		t.Errorf("at first %+v", first)
	}
	in.write("f", "2")
	expectStatus(t, reports, 2)
	in.write("no/f", "3")
	expectStatus(t, reports, 3)
	if len(refused) < 2 {
		t.Error("the kernel was not asked again")
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	allowed <- watcher
	in.write("f", "4")
	expectStatus(t, reports, 4)
	in.write("f", "5") // at the latest, this is seen by a look that has the watcher
	expectStatus(t, reports, 5)
	got := watcher.WatchList()
	slices.Sort(got)
	if want := []string{root, in.path("no")}; !slices.Equal(got, want) {
		t.Errorf("%v are watched, want %v", got, want)
	}
}

// TestFilesFolderRefused has a folder that the kernel does not watch, which is said; one that is not there is not worth
// a word about that. The others are watched.
func TestFilesFolderRefused(t *testing.T) {
	t.Parallel()
	in := tree{t, t.TempDir()}
	in.write("f", "1")
	for folder, want := range map[string]error{"no": nil, "f/no": nil, strings.Repeat("x", 300): unix.ENAMETOOLONG} {
		reports := make(chan FileStatus, 100)
		files := []File{{"f", in.path("f")}, {"other", filepath.Join(in.path(folder), "f")}}
		w, first, err := WatchFiles(files, func(s FileStatus) { reports <- s })
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", folder, err, want)
		}
		if len(first) != 2 || first[0].Status != 1 || first[1].Err == nil {
			t.Errorf("%s: at first %+v", folder, first)
		}
		in.write("f", "2")
		expectStatus(t, reports, 2)
		w.Close()
		in.write("f", "1")
	}
}

// TestFilesGone takes the folder of a file away: it is then as if the file had never been there.
func TestFilesGone(t *testing.T) {
	t.Parallel()
	in := tree{t, t.TempDir()}
	in.write("run/f", "1")
	in.write("other", "2")
	in.link("run", "current")
	reports := make(chan FileStatus, 100)
	w, _, err := WatchFiles([]File{{"f", in.path("current/f")}}, func(s FileStatus) { reports <- s })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	in.remove("current") // the file itself is still where it was
	expectStatus(t, reports, 0)
	in.link("run", "current")
	expectStatus(t, reports, 1)
	in.remove("run")
	expectStatus(t, reports, 0)
}

// TestFilesLeave follows a link to many places: only the last one is watched.
func TestFilesLeave(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := tree{t, root}
	in.write("a/f", "1")
	in.write("b/f", "2")
	in.write("c/f", "3")
	in.link("a/f", "f")
	reports := make(chan FileStatus, 100)
	w, _, err := WatchFiles([]File{{"f", in.path("f")}}, func(s FileStatus) { reports <- s })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, place := range []string{"b", "c"} {
		in.link(place+"/f", "new")
		in.rename("new", "f")
		expectStatus(t, reports, i+2)
	}
	got := w.watcher.WatchList()
	slices.Sort(got)
	if want := []string{root, in.path("c")}; !slices.Equal(got, want) {
		t.Errorf("%v are watched, want %v", got, want)
	}
}

// expectStatus takes reports until one has the number, as a file may be read on the way there.
func expectStatus(t *testing.T, reports <-chan FileStatus, want int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case s := <-reports:
			if s.Err == nil && s.Status == want {
				return
			}
		case <-deadline:
			t.Fatalf("%d was never read", want)
		}
	}
}

// tree is a folder in which a test changes things.
type tree struct {
	t    *testing.T
	root string
}

func (in tree) path(name string) string { return filepath.Join(in.root, name) }

func (in tree) check(err error) {
	in.t.Helper()
	if err != nil {
		in.t.Fatal(err)
	}
}

// write makes the folders of a file, too.
func (in tree) write(name, content string) {
	in.t.Helper()
	in.check(os.MkdirAll(filepath.Dir(in.path(name)), 0o700))
	in.check(os.WriteFile(in.path(name), []byte(content), 0o600))
}

func (in tree) remove(name string) { in.t.Helper(); in.check(os.RemoveAll(in.path(name))) }

func (in tree) rename(from, to string) {
	in.t.Helper()
	in.check(os.Rename(in.path(from), in.path(to)))
}

func (in tree) link(to, name string) { in.t.Helper(); in.check(os.Symlink(to, in.path(name))) }
