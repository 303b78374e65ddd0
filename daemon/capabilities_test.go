package daemon

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

func TestLacking(t *testing.T) {
	const admin, raw, ids = 1 << unix.CAP_NET_ADMIN, 1 << unix.CAP_NET_RAW, 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	rows := []struct {
		effective             uint64
		vrrp, checker, others bool
		want                  string
	}{
		{0, false, false, false, ""},
		{0, true, false, false, "CAP_NET_ADMIN CAP_NET_RAW"},
		{admin, true, false, false, "CAP_NET_RAW"},
		{raw, true, true, false, "CAP_NET_ADMIN"},
		{admin | raw, true, true, false, ""},
		{raw, false, true, false, "CAP_NET_ADMIN"},
		{admin, false, true, false, ""},
		{admin | raw, true, false, true, "CAP_SETUID CAP_SETGID"},
		{admin | raw | ids, true, true, true, ""},
	}
	for _, row := range rows {
		said := lacking(row.effective, needed(row.vrrp, row.checker, row.others))
		var named []string
		for _, word := range strings.Fields(said) {
			if strings.HasPrefix(word, "CAP_") {
				named = append(named, word)
			}
		}
		if got := strings.Join(named, " "); got != row.want || (said != "") != strings.Contains(said, "AmbientCapabilities=") || strings.Contains(said, "\n") {
			t.Errorf("%+v: %q", row, said)
		}
	}
}

func TestOwnCapabilities(t *testing.T) {
	effective, err := ownCapabilities()
	if err != nil || effective&(1<<unix.CAP_NET_ADMIN) == 0 {
		t.Errorf("root in a namespace of its own has %#x, %v", effective, err)
	}
}

func TestRunsAsOthers(t *testing.T) {
	script := func(user string) config.Config {
		return config.Config{Instances: []config.Instance{{Notify: config.Script{Argv: []string{"/bin/true"}, User: user}}}}
	}
	for user, want := range map[string]bool{"root": os.Geteuid() != 0, "nobody": true, "nosuchuser": false} {
		if got := runsAsOthers(script(user)); got != want {
			t.Errorf("%s: %v", user, got)
		}
	}
	if runsAsOthers(config.Config{}) {
		t.Error("a configuration without scripts")
	}
}
