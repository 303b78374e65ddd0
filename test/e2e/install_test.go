package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The tests of this file are not run beside others: they make the machine busy,
// and those measure times.

// runHere runs a program in the source tree, on this machine, and returns what
// it says.
func runHere(t *testing.T, env []string, words ...string) string {
	t.Helper()
	command := exec.Command(words[0], words[1:]...)
	command.Dir = sourceRoot
	command.Env = append(append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000", "LC_ALL=C"), env...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, output)
	}
	return string(output)
}

// below lists the files below a folder, by their paths from there.
func below(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, strings.TrimPrefix(path, folder))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// installed is what every way of installing brings along, below /usr.
var installed = []string{
	"/usr/sbin/keepalived", "/usr/bin/genhash", "/usr/share/bash-completion/completions/keepalived",
	"/usr/share/bash-completion/completions/genhash", "/usr/share/doc/keepalived/samples/vrrp.conf",
	"/usr/share/doc/keepalived/systemd/non-root.conf",
}

// pages are the manual pages, in the package with .gz behind.
var pages = []string{"/usr/share/man/man1/genhash.1", "/usr/share/man/man5/keepalived.conf.5", "/usr/share/man/man8/keepalived.8"}

func holdsAll(t *testing.T, what string, all, wanted []string) {
	t.Helper()
	for _, w := range wanted {
		if !slices.Contains(all, w) {
			t.Errorf("%s lacks %s; it has %s", what, w, strings.Join(all, " "))
		}
	}
}

// TestDebianPackage builds the package twice: the bytes are the same, the version
// is above Debian's, and dpkg asks about no file that an administrator changes.
func TestDebianPackage(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	var built [2][]byte
	var path string
	for i := range built {
		path = filepath.Join(t.TempDir(), "keepalived.deb")
		runHere(t, nil, "packaging/deb/build", "1:2.4.3+go1-1", "amd64", path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		built[i] = content
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("two packages of the same files are not the same")
	}
	var all []string
	for line := range strings.Lines(runHere(t, nil, "dpkg-deb", "-c", path)) {
		fields := strings.Fields(line)
		if fields[1] != "root/root" || fields[0][0] != 'l' && (fields[0][5] == 'w' || fields[0][8] == 'w') {
			t.Errorf("owner or mode: %s", line)
		}
		all = append(all, strings.TrimPrefix(fields[5], "."))
	}
	if fields := strings.Fields(runHere(t, nil, "dpkg-deb", "-c", path)); fields[0] != "drwxr-xr-x" {
		t.Errorf("its top folder has the mode %s", fields[0])
	}
	holdsAll(t, "the package", all, installed)
	holdsAll(t, "the package", all, []string{"/etc/init.d/keepalived", "/lib/systemd/system/keepalived.service", "/usr/share/keepalived/default"})
	for _, page := range pages {
		holdsAll(t, "the package", all, []string{page + ".gz"})
	}
	if slices.Contains(all, "/etc/default/keepalived") {
		t.Error("it has the defaults file, about which dpkg would ask")
	}
	version := strings.TrimSpace(runHere(t, nil, "dpkg-deb", "-f", path, "Version"))
	for _, debians := range []string{"1:2.2.7-1+b2", "1:2.3.3-1"} {
		runHere(t, nil, "dpkg", "--compare-versions", version, "gt", debians)
	}
	if conffiles := runHere(t, nil, "dpkg-deb", "-I", path, "conffiles"); conffiles != "/etc/init.d/keepalived\n" {
		t.Errorf("conffiles are %q", conffiles)
	}
	for _, script := range []string{"preinst", "postinst", "prerm", "postrm"} {
		runHere(t, nil, "sh", "-n", "packaging/deb/"+script)
	}
}

// TestTarball installs from the tarball, over an administrator's options, and
// takes everything away again.
func TestTarball(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	folder := t.TempDir()
	to := filepath.Join(folder, "to")
	runHere(t, nil, "packaging/redhat/build", folder+"/k.tar.gz")
	runHere(t, nil, "tar", "-xzf", folder+"/k.tar.gz", "-C", folder)
	for _, file := range []string{"SELINUX.md", "keepalived_go.te", "licenses/keepalived-go", "README.md"} {
		if _, err := os.Stat(filepath.Join(folder, "keepalived-go", file)); err != nil {
			t.Error(err)
		}
	}
	options := to + "/etc/sysconfig/keepalived"
	if err := os.MkdirAll(filepath.Dir(options), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(options, []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		runHere(t, []string{"DESTDIR=" + to}, folder+"/keepalived-go/install.sh")
	}
	holdsAll(t, "the tarball", below(t, to), slices.Concat(installed, pages, []string{"/usr/lib/systemd/system/keepalived.service"}))
	if content, err := os.ReadFile(options); err != nil || string(content) != "mine\n" {
		t.Errorf("the options are %q, %v", content, err)
	}
	runHere(t, []string{"DESTDIR=" + to}, folder+"/keepalived-go/install.sh", "--remove")
	if left := below(t, to); !slices.Equal(left, []string{"/etc/sysconfig/keepalived"}) {
		t.Errorf("it has left %v", left)
	}
}

// TestMakeInstallItself has make do it, which knows the usual folders.
func TestMakeInstallItself(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for prefix, units := range map[string]string{"/usr/local": "/usr/local/lib/systemd/system", "/opt/k": "/lib/systemd/system"} {
		to := t.TempDir()
		words := []string{"make", "-s", "-o", "build", "install", "DESTDIR=" + to} // what is built is used by others now
		if prefix != "/usr/local" {
			words = append(words, "PREFIX="+prefix, "UNITDIR="+units)
		}
		runHere(t, nil, words...)
		holdsAll(t, strings.Join(words, " "), below(t, to), []string{
			prefix + "/sbin/keepalived", prefix + "/bin/genhash", prefix + "/share/man/man8/keepalived.8", prefix + "/share/man/man5/keepalived.conf.5",
			prefix + "/share/doc/keepalived/samples/vrrp.conf", prefix + "/share/bash-completion/completions/keepalived", units + "/keepalived.service",
		})
		for _, path := range below(t, to) {
			if !strings.HasPrefix(path, prefix+"/") && !strings.HasPrefix(path, units+"/") {
				t.Errorf("%s is outside of %s and %s", path, prefix, units)
			}
		}
		unit, err := os.ReadFile(to + units + "/keepalived.service")
		if err != nil || !strings.Contains(string(unit), "ExecStart="+prefix+"/sbin/keepalived ") {
			t.Errorf("%v, the unit is:\n%s", err, unit)
		}
		if version := runHere(t, nil, to+prefix+"/sbin/keepalived", "--version"); !strings.HasPrefix(version, "Keepalived v") {
			t.Errorf("the program says %q", version)
		}
	}
}

// TestMakeInstall gives make install other folders: the unit names the program
// where it is.
func TestMakeInstall(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	to := t.TempDir()
	runHere(t, []string{
		"DESTDIR=" + to, "SBINDIR=/opt/k/sbin", "BINDIR=/opt/k/bin", "MANDIR=/opt/k/man", "DOCDIR=/opt/k/doc",
		"COMPLETIONDIR=/opt/k/completions", "UNITDIR=/opt/k/units",
	}, "packaging/install")
	holdsAll(t, "make install", below(t, to), []string{
		"/opt/k/sbin/keepalived", "/opt/k/bin/genhash", "/opt/k/man/man8/keepalived.8", "/opt/k/doc/samples/vrrp.conf",
		"/opt/k/completions/genhash", "/opt/k/units/keepalived.service",
	})
	unit, err := os.ReadFile(to + "/opt/k/units/keepalived.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"ExecStart=/opt/k/sbin/keepalived --dont-fork ", "ExecReload=/opt/k/sbin/keepalived --reload "} {
		if !strings.Contains(string(unit), line) {
			t.Errorf("the unit has no line %s:\n%s", line, unit)
		}
	}
}

// TestCompletion asks bash what it offers.
func TestCompletion(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for _, row := range []struct{ program, words, want string }{
		{ours.Path, "--rel", "--release-vips --reload"},
		{ours.Path, "--signum ST", "STOP STATS STATS_CLEAR"},
		{ours.Path, "-S u", "user"},
		{filepath.Join(sourceRoot, "bin/genhash"), "--use", "--use-ssl --use-sni --use-virtualhost"},
	} {
		name := filepath.Base(row.program)
		words := append([]string{row.program}, strings.Fields(row.words)...)
		script := `source packaging/completion/keepalived; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _` + name + ` "$1"; echo "${COMPREPLY[@]}"`
		got := strings.TrimSpace(runHere(t, nil, append([]string{"bash", "-c", script, "bash"}, words...)...))
		if got != row.want {
			t.Errorf("%s %s: %q, want %q", name, row.words, got, row.want)
		}
	}
}
