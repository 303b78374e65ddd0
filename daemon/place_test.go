package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

func TestInstanceName(t *testing.T) {
	for _, row := range []struct{ option, namespace, instance, want string }{
		{"", "", "", ""},
		{"", "", "one", "one"},
		{"", "red", "", "red"},
		{"", "red", "one", "red_one"},
		{"blue", "red", "one", "blue_one"},
		{"blue", "", "", "blue"},
	} {
		o, g := Options{Namespace: row.option}, config.Global{NetNamespace: row.namespace, InstanceName: row.instance}
		if got := instanceName(o, g); got != row.want {
			t.Errorf("%+v: %q", row, got)
		}
	}
}

func TestUnchangeable(t *testing.T) {
	now := config.Global{NetNamespace: "red", NetNamespaceIPVS: "blue", InstanceName: "one", TmpConfigDirectory: "/var/tmp"}
	for name, row := range map[string]struct {
		option string
		change func(*config.Global)
		fault  string
	}{
		"nothing":             {"", func(*config.Global) {}, ""},
		"something else":      {"", func(g *config.Global) { g.UsePidDir = true }, ""},
		"namespace":           {"", func(g *config.Global) { g.NetNamespace = "" }, "Cannot change network namespace"},
		"namespace, with -s":  {"red", func(g *config.Global) { g.NetNamespace = "green" }, ""},
		"namespace of IPVS":   {"", func(g *config.Global) { g.NetNamespaceIPVS = "green" }, "Cannot change IPVS network namespace"},
		"instance":            {"", func(g *config.Global) { g.InstanceName = "two" }, "Cannot change instance name"},
		"folder of the texts": {"", func(g *config.Global) { g.TmpConfigDirectory = "" }, "Cannot change config_directory"},
	} {
		p := &parent{options: Options{Namespace: row.option}}
		p.current.config.Global = now
		next := now
		row.change(&next)
		err := p.unchangeable(next)
		if (err == nil) != (row.fault == "") || err != nil && !strings.Contains(err.Error(), row.fault) {
			t.Errorf("%s: %v, want %q", name, err, row.fault)
		}
	}
}

func TestWantedNamespace(t *testing.T) {
	dir := t.TempDir()
	for name, row := range map[string]struct{ option, text, want string }{
		"none":           {"", "instance one\n", ""},
		"named":          {"", "net_namespace red\n", "red"},
		"by a variable":  {"", "$KEY=net_namespace\n$KEY red\n", "red"},
		"the first wins": {"", "net_namespace red\nnet_namespace blue\n", "red"},
		"a comment":      {"", "# net_namespace red\n", ""},
		"of IPVS alone":  {"", "net_namespace_ipvs red\n", ""},
		"option":         {"blue", "net_namespace red\n", "blue"},
	} {
		file := filepath.Join(dir, "conf")
		must(t, os.WriteFile(file, []byte(row.text), 0o600))
		o := Options{ConfigFile: file, Namespace: row.option}
		if got := wantedNamespace(o, read(o).text); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	o := Options{ConfigFile: filepath.Join(dir, "missing")}
	if got := wantedNamespace(o, read(o).text); got != "" {
		t.Errorf("no file: %q", got)
	}
}

func TestNamespaceErrors(t *testing.T) {
	for cause, want := range map[error]string{
		unix.ENOENT: `ip netns add red`, unix.EPERM: "CAP_SYS_ADMIN", unix.EINVAL: "is not a network namespace", unix.EMFILE: "too many",
	} {
		if err := namespaceError("red", cause); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "red") {
			t.Errorf("%v: %v, want %q", cause, err, want)
		}
	}
	for _, name := range []string{"../red", "/proc/1/ns/net"} {
		asked := errors.New("asked")
		if err := enterNamespace(name, heritage{}, func() error { return asked }); err == nil || errors.Is(err, asked) {
			t.Errorf("%s: %v, want that it is no name", name, err)
		}
	}
}
