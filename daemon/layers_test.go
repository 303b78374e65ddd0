package daemon

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "keepalived-go"

// libraries says which folders may import a library, each with what is below it unless it ends with a dot.
var libraries = map[string][]string{
	"github.com/sirupsen/logrus":          {"daemon", "vrrp.", "check.", "bfd.", "ipvs."}, // ipvs: to keep moby/ipvs quiet
	"github.com/alecthomas/participle/v2": {"parser"},
	"github.com/vishvananda/netlink":      {"netif", "ipvs", "vrrp/wire"},
	"github.com/vishvananda/netns":        {"netif"},
	"github.com/google/nftables":          {"netif/firewall"},
	"github.com/mdlayher/netlink":         {"netif/firewall"},
	"github.com/moby/ipvs":                {"ipvs"},
	"github.com/spf13/pflag":              {"daemon"},
	"github.com/coreos/go-systemd/v22":    {"daemon"},
	"github.com/fsnotify/fsnotify":        {"daemon", "track"},
	"go.elara.ws/pcre":                    {"check/pcre"},
	"modernc.org/libc":                    {"check/pcre"},
	"golang.org/x/net":                    {"vrrp/wire", "check"},
	"golang.org/x/sys":                    {"daemon", "status", "vrrp.", "vrrp/wire", "check", "bfd", "track", "ipvs", "notify", "netif"},
}

// pure packages import the standard library only, and nothing of it that has a clock, the network or the system.
var pure = []string{"vrrp/fsm", "vrrp/packet"}

var impureStandard = []string{"os", "os/exec", "os/signal", "net", "syscall", "log", "log/slog", "sync", "context", "math/rand", "math/rand/v2", "unsafe"}

// source is one package's folder with what its files import, tests left out.
type source struct {
	folder  string
	imports map[string]string // import path: a file that has it
}

// TestLayers holds the table of ARCHITECTURE.md against the imports of every package.
func TestLayers(t *testing.T) {
	floors := readFloors(t)
	sources := readSources(t)
	if len(sources) < 10 {
		t.Fatalf("only %d packages were found", len(sources))
	}
	for _, s := range sources {
		if strings.HasPrefix(s.folder, "test/") {
			continue
		}
		if _, ok := floorOf(floors, s.folder); !ok {
			t.Errorf("%s has no floor in ARCHITECTURE.md", s.folder)
		}
		for imported, file := range s.imports {
			if err := allowed(floors, s.folder, imported); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// TestLayersNotice shows that the rules refuse what they are there to refuse.
func TestLayersNotice(t *testing.T) {
	floors := map[string]int{"cmd/keepalived": 6, "daemon": 5, "status": 4, "vrrp": 3, "check": 3, "config": 2, "parser": 1, "netif": 1}
	for _, row := range []struct {
		folder, imported string
		ok               bool
	}{
		{"daemon", module + "/vrrp", true},
		{"vrrp", module + "/vrrp/fsm", true},
		{"vrrp", module + "/config", true},
		{"config", module + "/parser", true},
		{"config/gen", module + "/config", true},
		{"config", module + "/vrrp", false},
		{"vrrp", module + "/daemon", false},
		{"vrrp", module + "/check", false},
		{"parser", module + "/netif", false},
		{"cmd/keepalived", module + "/daemon", true},
		{"cmd/keepalived", module + "/config", false},
		{"daemon", module + "/test/lab", false},
		{"vrrp/fsm", "time", true},
		{"vrrp/fsm", "sync", false},
		{"vrrp/packet", "golang.org/x/sys/unix", false},
		{"vrrp/fsm", module + "/vrrp/packet", false},
		{"vrrp", "github.com/sirupsen/logrus", true},
		{"vrrp/wire", "github.com/sirupsen/logrus", false},
		{"config", "github.com/sirupsen/logrus", false},
		{"config", "github.com/alecthomas/participle/v2/lexer", false},
		{"parser", "github.com/alecthomas/participle/v2/lexer", true},
		{"daemon", "github.com/vishvananda/netlink", false},
		{"vrrp/wire", "github.com/vishvananda/netlink/nl", true},
		{"daemon", "example.org/unheard/of", false},
	} {
		if err := allowed(floors, row.folder, row.imported); (err == nil) != row.ok {
			t.Errorf("%s imports %s: %v, want allowed to be %v", row.folder, row.imported, err, row.ok)
		}
	}
}

// allowed tells why a package must not import another one; nil when it may.
func allowed(floors map[string]int, folder, imported string) error {
	inside, ours := strings.CutPrefix(imported, module+"/")
	standard := !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") && !ours
	for _, p := range pure {
		if folder == p && !standard {
			return fmt.Errorf("%s is pure, and imports %s", folder, imported)
		}
		for _, impure := range impureStandard {
			if folder == p && imported == impure {
				return fmt.Errorf("%s is pure, and imports %s", folder, imported)
			}
		}
	}
	switch {
	case standard:
		return nil
	case ours:
		return allowedInside(floors, folder, inside)
	}
	return allowedLibrary(folder, imported)
}

func allowedInside(floors map[string]int, folder, imported string) error {
	if strings.HasPrefix(folder, "cmd/") && imported != "daemon" {
		return fmt.Errorf("%s imports %s, not daemon alone", folder, imported)
	}
	if strings.SplitN(folder, "/", 2)[0] == strings.SplitN(imported, "/", 2)[0] {
		return nil // of one house; the compiler refuses circles
	}
	from, _ := floorOf(floors, folder)
	to, ok := floorOf(floors, imported)
	if !ok || to >= from {
		return fmt.Errorf("%s on floor %d imports %s on floor %d", folder, from, imported, to)
	}
	return nil
}

func allowedLibrary(folder, imported string) error {
	for library, folders := range libraries {
		if imported != library && !strings.HasPrefix(imported, library+"/") {
			continue
		}
		for _, f := range folders {
			exact, only := strings.CutSuffix(f, ".")
			if folder == exact || !only && strings.HasPrefix(folder, f+"/") {
				return nil
			}
		}
	}
	return fmt.Errorf("%s imports %s", folder, imported)
}

// floorOf finds the floor of a folder, or of the folder that it is in.
func floorOf(floors map[string]int, folder string) (int, bool) {
	for f := folder; f != "."; f = path.Dir(f) {
		if floor, ok := floors[f]; ok {
			return floor, true
		}
	}
	return 0, false
}

// readFloors reads the table "The house" of ARCHITECTURE.md.
func readFloors(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| (\d) \|([^|]*)\|`)
	name := regexp.MustCompile("`([^`]+)`")
	floors := map[string]int{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		floor, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range name.FindAllStringSubmatch(m[2], -1) {
			floors[strings.TrimSuffix(f[1], "/")] = floor
		}
	}
	if floors["daemon"] != 5 || floors["cmd/keepalived"] != 6 || floors["parser"] != 1 {
		t.Fatalf("the table of ARCHITECTURE.md says %v", floors)
	}
	return floors
}

// readSources reads the imports of every package of the module.
func readSources(t *testing.T) map[string]*source {
	t.Helper()
	sources := map[string]*source{}
	err := filepath.WalkDir("..", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := e.Name(); e.IsDir() && file != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		return readImports(sources, file)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func readImports(sources map[string]*source, file string) error {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	inside, err := filepath.Rel("..", file)
	if err != nil {
		return err
	}
	folder := filepath.Dir(inside)
	if sources[folder] == nil {
		sources[folder] = &source{folder: folder, imports: map[string]string{}}
	}
	for _, i := range tree.Imports {
		imported, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		sources[folder].imports[imported] = inside
	}
	return nil
}
