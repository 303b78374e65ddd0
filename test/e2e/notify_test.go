package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// notifyScript writes its arguments into a file, a line each time. It writes
// with one call, so that lines of two scripts do not mix.
const notifyScript = "#!/bin/sh\necho \"$*\" >> " + lab.Dir + "/notified\n"

// scripts are all notify keywords of an instance, with words that say which
// one was called.
const scripts = `notify "` + lab.Dir + `/notify.sh any"
notify_master "` + lab.Dir + `/notify.sh master with words"
notify_backup "` + lab.Dir + `/notify.sh backup 'one word'"
notify_fault "` + lab.Dir + `/notify.sh fault"
notify_stop "` + lab.Dir + `/notify.sh stop"
`

// TestNotify takes one server through all states: both programs call the
// scripts with the same arguments, in the same order for each keyword.
func TestNotify(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web := n.web[0]
			_, err := web.Write("notify.sh", notifyScript, 0o755)
			n.must(err)
			config := "global_defs {\nscript_user root\n}\n" + d.instance("VI_1", vrid, "BACKUP", high, vip.String(), scripts)
			daemon := n.start(web, p, config)
			n.notified(web, "any INSTANCE VI_1 MASTER 100", 1)
			n.must(web.Cut())
			n.notified(web, "any INSTANCE VI_1 FAULT 100", 1)
			n.must(web.Mend())
			n.notified(web, "any INSTANCE VI_1 MASTER 100", 2)
			n.stop(daemon)
			n.notified(web, "stop", 1)
			n.notified(web, "any INSTANCE VI_1 STOP 100", 1)

			content, err := web.Read(lab.Dir + "/notified")
			n.must(err)
			checkNotified(t, strings.Fields(strings.ReplaceAll(strings.TrimSpace(content), " ", "_")))
		})
	}
}

// notified waits until a script has written a line as often as said.
func (n *network) notified(host *lab.Host, line string, times int) {
	n.t.Helper()
	n.must(lab.Until(n.context(n.dialect.masterDown(high)), "a script to write "+line, func() error {
		content, err := host.Read(lab.Dir + "/notified")
		if err != nil {
			return err
		}
		if got := strings.Count("\n"+content, "\n"+line+"\n"); got < times {
			return fmt.Errorf("%d times, want %d, in:\n%s", got, times, content)
		}
		return nil
	}))
}

// checkNotified compares the calls of each keyword, blanks as underscores.
func checkNotified(t *testing.T, got []string) {
	t.Helper()
	for keyword, want := range map[string][]string{
		"any": {
			"any_INSTANCE_VI_1_BACKUP_100", "any_INSTANCE_VI_1_MASTER_100", "any_INSTANCE_VI_1_FAULT_100",
			"any_INSTANCE_VI_1_BACKUP_100", "any_INSTANCE_VI_1_MASTER_100", "any_INSTANCE_VI_1_STOP_100",
		},
		"master": {"master_with_words", "master_with_words"},
		"backup": {"backup_one_word", "backup_one_word"},
		"fault":  {"fault"},
		"stop":   {"stop"},
	} {
		var calls []string
		for _, line := range got {
			if line == keyword || strings.HasPrefix(line, keyword+"_") {
				calls = append(calls, line)
			}
		}
		if !slices.Equal(calls, want) {
			t.Errorf("%s was called as %q, want %q", keyword, calls, want)
		}
	}
}
