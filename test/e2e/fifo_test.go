package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// fifoReader says what it was started with, then copies what it reads.
const fifoReader = "#!/bin/sh\necho \"reader $*\" >> " + lab.Dir + "/read.$1\nexec cat \"$2\" >> " + lab.Dir + "/read.$1\n"

// TestFIFO takes one server through its states while programs read its two
// pipes: both programs write the same lines, and leave nothing behind.
func TestFIFO(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			_, err := web.Write("reader.sh", fifoReader, 0o755)
			n.must(err)
			global := "global_defs {\nscript_user root\nvrrp_notify_priority_changes true\nfifo_write_vrrp_states_on_reload\n"
			for _, keyword := range []string{"notify_fifo", "vrrp_notify_fifo"} {
				global += fmt.Sprintf("%s %s/tmp/%s\n%s_script \"%s/reader.sh %s\"\n", keyword, lab.Dir, keyword, keyword, lab.Dir, keyword)
			}
			config := func(priority int) string { return global + "}\n" + n.dialect.config("MASTER", priority) }
			daemon := n.start(web, p, config(high))
			states := fmt.Sprintf("INSTANCE %q BACKUP %d\nINSTANCE %q MASTER %d\n", "VI_1", high, "VI_1", high)
			n.read(web, states)
			if st, err := os.Stat(web.Path(lab.Dir + "/tmp/vrrp_notify_fifo")); err != nil || st.Mode() != os.ModeNamedPipe|0o600 {
				t.Errorf("the pipe is %v, %v, want a fifo of mode 0600", st, err)
			}
			n.must(web.Cut())
			n.read(web, states+fmt.Sprintf("INSTANCE %q FAULT %d\n", "VI_1", high))
			n.must(web.Mend())
			states += fmt.Sprintf("INSTANCE %q FAULT %d\n", "VI_1", high) + states
			n.read(web, states)
			if p.Name == ours.Name && !checksItself() {
				// The readers stay over a reload here. Debian's are ended, and started again.
				n.must(daemon.Reconfigure(config(high + 1)))
				states += fmt.Sprintf("INSTANCE %q MASTER_PRIORITY %d\nINSTANCE %q MASTER %d\n", "VI_1", high+1, "VI_1", high+1)
				n.read(web, states)
			}
			n.stop(daemon)
			if p.Name == ours.Name && !checksItself() {
				n.read(web, states+fmt.Sprintf("INSTANCE %q STOP %d\n", "VI_1", high+1))
			}
			for _, pipe := range []string{"notify_fifo", "vrrp_notify_fifo"} {
				if _, err := os.Lstat(web.Path(lab.Dir + "/tmp/" + pipe)); !os.IsNotExist(err) {
					t.Errorf("%s is left: %v", pipe, err)
				}
			}
			n.noReader(web)
		})
	}
}

// read waits until the programs of both pipes have read just this.
func (n *network) read(host *lab.Host, lines string) {
	n.t.Helper()
	for _, pipe := range []string{"notify_fifo", "vrrp_notify_fifo"} {
		want := fmt.Sprintf("reader %s %s/tmp/%s\n%s", pipe, lab.Dir, pipe, lines)
		n.must(lab.Until(n.context(n.dialect.masterDown(high)), "the events of "+pipe, func() error {
			got, err := host.Read(lab.Dir + "/read." + pipe)
			if err == nil && got != want {
				err = fmt.Errorf("there is\n%swant\n%s", got, want)
			}
			return err
		}))
	}
}

// noReader waits until no program reads any more.
func (n *network) noReader(host *lab.Host) {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), "the readers to end", func() error {
		_, output, err := host.Run(n.context(time.Second), "/bin/sh", []string{"-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"}, nil)
		if err == nil && strings.Contains(output, "cat "+lab.Dir) {
			err = fmt.Errorf("there are %s", output)
		}
		return err
	}))
}

// TestFIFOOfSomebodyElse has something else at the path of the pipe, or a
// reader that is not there: nothing is written anywhere else, and nothing
// waits.
func TestFIFOOfSomebodyElse(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	for name, row := range map[string]struct {
		make func(path string) error
		says string
	}{
		"a file":          {func(path string) error { return os.WriteFile(path, []byte("mine\n"), 0o600) }, "is not a fifo we own - not using"},
		"a symbolic link": {func(path string) error { return os.Symlink("/etc/passwd", path) }, "opening the fifo"},
		"nothing to read": {func(string) error { return nil }, ""},
		"no folder":       {func(path string) error { return os.Remove(strings.TrimSuffix(path, "/fifo")) }, "making the fifo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			folder := lab.Dir + "/tmp/pipes"
			n.must(os.Mkdir(web.Path(folder), 0o755))
			n.must(row.make(web.Path(folder + "/fifo")))
			daemon := n.start(web, ours, "global_defs {\nvrrp_notify_fifo "+folder+"/fifo\n}\n"+n.dialect.config("MASTER", high))
			n.holds(web, n.dialect.masterDown(high))
			n.stop(daemon)
			if !strings.Contains(daemon.Output(), row.says) {
				t.Errorf("it does not say %q", row.says)
			}
			if content, err := os.ReadFile(web.Path(folder + "/fifo")); name == "a file" && string(content) != "mine\n" {
				t.Errorf("the file holds %q, %v", content, err)
			}
		})
	}
}
