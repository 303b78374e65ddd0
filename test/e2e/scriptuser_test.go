package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// whoScript writes who runs it into a file of its own, with one call.
const whoScript = "#!/bin/sh\necho \"$(id -u) $(id -g) $*\" > " + lab.Dir + "/tmp/$1\n"

// TestScriptUser compares who runs a notify script, and whether it runs at
// all, beside Debian's program.
func TestScriptUser(t *testing.T) {
	const who = lab.Dir + "/who.sh"
	for name, row := range map[string]struct {
		global, script string // %s is the script's path
		passwd         string // added to the accounts of the host
		mode           os.FileMode
		want           string // "": it does not run
		says           string // by ours, at the start
	}{
		"nobody is named":              {"", `notify_master "%s a"`, "", 0o755, "0 0 a", ""},
		"the user of old":              {"", `notify_master "%s a"`, "keepalived_script:x:77:78::/:/bin/false\n", 0o755, "77 78 a", ""},
		"script_user":                  {"script_user nobody", `notify_master "%s a"`, "", 0o755, "65534 65534 a", ""},
		"script_user with a group":     {"script_user nobody daemon", `notify_master "%s a"`, "", 0o755, "65534 1 a", ""},
		"script_user before the other": {"script_user daemon", `notify_master "%s a"`, "keepalived_script:x:77:78::/:/bin/false\n", 0o755, "1 1 a", ""},
		"a user of its own":            {"script_user nobody", `notify_master "%s a" daemon`, "", 0o755, "1 1 a", ""},
		"a user and a group":           {"script_user nobody", `notify_master "%s a" daemon bin`, "", 0o755, "1 2 a", ""},
		"it can be written by anybody": {"script_user root\nenable_script_security", `notify_master "%s a"`, "", 0o777, "", who},
		"safe":                         {"script_user root\nenable_script_security", `notify_master "%s a"`, "", 0o755, "0 0 a", ""},
		"it cannot be executed":        {"script_user root", `notify_master "%s a"`, "", 0o644, "", who},
		"there is none":                {"script_user root", `notify_master "%s.none a"`, "", 0o755, "", who + ".none"},
		"no such user":                 {"script_user nonesuch", `notify_master "%s a"`, "", 0o755, "", "nonesuch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			for i, p := range []lab.Program{ours, peer} {
				web := n.web[i]
				_, err := web.Write("who.sh", whoScript, row.mode)
				n.must(err)
				n.must(os.Chmod(web.Path(lab.Dir+"/tmp"), 0o777))
				n.accounts(web, row.passwd)
				// The second script shows that the first one's turn is over.
				last, err := web.Write("last.sh", whoScript, 0o755)
				n.must(err)
				extra := fmt.Sprintf(row.script, who) + "\nnotify \"" + last + " z\" root\n"
				config := "global_defs {\n" + row.global + "\n}\n" +
					n.dialect.instance("VI_1", vrid+i, "MASTER", high, fmt.Sprintf("192.168.4.%d", 80+i), extra)
				daemon := n.start(web, p, config)
				n.must(lab.Until(n.context(n.dialect.masterDown(high)), "the scripts of "+p.Name, func() error {
					content, err := web.Read(lab.Dir + "/tmp/z")
					if err == nil && !strings.Contains(content, "MASTER") {
						err = fmt.Errorf("it wrote %q", content)
					}
					return err
				}))
				got := ""
				_ = lab.Until(n.context(0), "the script", func() error {
					if got, err = web.Read(lab.Dir + "/tmp/a"); err == nil && !strings.HasSuffix(got, "\n") && row.want != "" {
						err = fmt.Errorf("it wrote %q", got)
					}
					return err
				})
				if strings.TrimSuffix(got, "\n") != row.want {
					t.Errorf("%s: the script wrote %q, want %q", p.Name, got, row.want)
				}
				if i == 0 && !checksItself() && row.says != "" {
					begin, _, _ := strings.Cut(daemon.Output(), "Starting VRRP child process")
					if !strings.Contains(strings.ReplaceAll(begin, "Command line", ""), row.says) {
						t.Errorf("%s is not said before the start", row.says)
					}
				}
				n.stop(daemon)
			}
		})
	}
}

// accounts adds users to those of a host.
func (n *network) accounts(host *lab.Host, lines string) {
	n.t.Helper()
	n.extend(host, "/etc/passwd", lines)
}

// extend adds lines to a file of a host, which all hosts share otherwise.
func (n *network) extend(host *lab.Host, file, lines string) {
	n.t.Helper()
	if lines == "" {
		return
	}
	known, err := os.ReadFile(file)
	n.must(err)
	path, err := host.Write(filepath.Base(file), string(known)+lines, 0o644)
	n.must(err)
	status, output, err := host.Run(n.context(time.Second), "/bin/mount", []string{"--bind", path, file}, nil)
	n.must(err)
	if status != 0 {
		n.t.Fatal(output)
	}
}
