package e2e

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"keepalived-go/test/lab"
)

// TestSyslog looks for the lines that operators search for, in the files
// where the distributions' rules put them.
func TestSyslog(t *testing.T) {
	t.Parallel()
	debian, err := os.ReadFile(lab.SyslogConfig(sourceRoot))
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]struct{ config, file string }{
		"rule of Red Hat": {
			"module(load=\"imuxsock\")\n*.info;mail.none;authpriv.none;cron.none /var/log/messages\n", "/var/log/messages",
		},
		"file of Debian": {string(debian), "/var/log/syslog"},
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web := n.web[0]
			path, err := web.Write("rsyslog.conf", rule.config, 0o644)
			n.must(err)
			syslog, err := web.Syslog(n.context(d.interval), sourceRoot, path)
			n.must(err)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("rsyslogd says:\n%s", syslog.Output())
				}
			})
			daemon := n.start(web, ours, d.config("MASTER", high))
			child, err := daemon.VRRPChild(n.context(d.interval), 0)
			n.must(err)
			inside := 0
			table, err := web.Processes()
			n.must(err)
			for _, e := range table {
				if e.Pid == child {
					inside = e.Inside
				}
			}
			for _, want := range []string{
				fmt.Sprintf(`(?m) Keepalived_vrrp\[%d\]: \(VI_1\) Entering MASTER STATE$`, inside),
				`(?m) Keepalived\[\d+\]: Starting VRRP child process`,
			} {
				n.must(lab.Until(n.context(d.masterDown(high)), want+" in "+rule.file, func() error {
					content, err := web.Read(rule.file)
					if err == nil && !regexp.MustCompile(want).MatchString(content) {
						err = fmt.Errorf("it has:\n%s", content)
					}
					return err
				}))
			}
		})
	}
}
