package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// differencesFile lists the files whose exit status is not the peer's, with
// the reason: path, tab, ours, tab, theirs, tab, reason.
const differencesFile = "testdata/differences.tsv"

// folders hold the configurations of the tests and of the demonstration.
var folders = []string{"config/testdata/conf", "testdata/demo"}

// TestConfigTestStatus compares the exit status of -t for every configuration
// in the folders, on the same host.
func TestConfigTestStatus(t *testing.T) {
	t.Parallel()
	files := configFiles(t)
	differences := knownDifferences(t)
	n := newNetwork(t, dialects[0])
	for _, file := range files {
		name, err := filepath.Rel(sourceRoot, file)
		n.must(err)
		got, said := n.configTest(ours, file)
		want, _ := n.configTest(peer, file)
		if known, ok := differences[name]; ok && !checksItself() {
			if pair := [2]string{status(got), status(want)}; pair != known {
				t.Errorf("%s: status %v, but %s says %v", name, pair, differencesFile, known)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: status %d, %s says %d; ours wrote:\n%s", name, got, peer.Name, want, said)
		}
	}
	t.Logf("%d files", len(files))
}

func status(n int) string { return string(rune('0' + n%10)) }

func (n *network) configTest(p lab.Program, file string) (int, string) {
	n.t.Helper()
	status, output, err := n.web[0].Run(n.context(0), p.Path, []string{"-t", "-f", file}, p.Env)
	if err != nil {
		n.t.Fatalf("%s -t -f %s: %v", p.Name, file, err)
	}
	return status, output
}

// configFiles are the configurations in the folders, without those that
// others include.
func configFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(sourceRoot, folder), func(path string, e fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".conf") && !strings.Contains(path, "/include") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		t.Fatal("no configuration to test")
	}
	return files
}

func knownDifferences(t *testing.T) map[string][2]string {
	t.Helper()
	content, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][2]string{}
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(fields) < 4 {
			continue
		}
		known[fields[0]] = [2]string{fields[1], fields[2]}
	}
	return known
}
