package lvs

import (
	"fmt"
	"strings"
	"testing"

	"keepalived-go/test/lab"
)

// TestEvents reads the pipes of both programs while a server dies and comes
// back and the daemon ends: both write the same. As upstream since 2.3 ours has
// an octet of zero behind each line.
func TestEvents(t *testing.T) {
	t.Parallel()
	pipes := []string{"notify_fifo", "lvs_notify_fifo"}
	global := "global_defs {\nscript_user root\n"
	for _, keyword := range pipes {
		global += fmt.Sprintf("%s %s/tmp/%s\n%s_script \"%s/reader.sh %s\"\n", keyword, lab.Dir, keyword, keyword, lab.Dir, keyword)
	}
	config := global + "}\n" + strings.Replace(twoServers, "delay_loop 1", "delay_loop 1\nomega\nquorum 4", 1)
	rs := func(n int, word string) string {
		return fmt.Sprintf("RS [10.2.0.%d]:tcp:80 [10.9.0.100]:tcp:80 %s\n\x00", n, word)
	}
	vs := func(word string) string { return fmt.Sprintf("VS [10.9.0.100]:tcp:80 %s\n\x00", word) }
	for _, program := range []lab.Program{ours, peer} {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t, 2)
			_, err := f.director.Write("reader.sh", "#!/bin/sh\nexec cat \"$2\" >> "+lab.Dir+"/read.$1\n", 0o755)
			f.must(err)
			d, err := f.director.Keepalived(program, config)
			f.must(err)
			f.daemons = append(f.daemons, d)
			f.await(wrrService, server11, server12)
			events := vs("UP")
			f.events(pipes, events)
			f.open[f.servers[1]].Close()
			events += rs(12, "DOWN") + vs("DOWN")
			f.events(pipes, events)
			f.listen(f.servers[1])
			events += rs(12, "UP") + vs("UP")
			f.events(pipes, events)
			f.stop(d)
			if program.Name != peer.Name { // it ends its readers first
				events += rs(11, "DOWN") + rs(12, "DOWN") + vs("DOWN")
			}
			f.events(pipes, events)
		})
	}
}

// events waits until the readers of the pipes have read just this.
func (f *farm) events(pipes []string, want string) {
	f.t.Helper()
	for _, pipe := range pipes {
		f.must(lab.Until(f.patience(), "the events of "+pipe, func() error {
			got, err := f.director.Read(lab.Dir + "/read." + pipe)
			if !strings.Contains(got, "\x00") { // 2.2.7
				got = strings.ReplaceAll(got, "\n", "\n\x00")
			}
			if err == nil && got != want {
				err = fmt.Errorf("there is\n%q\nwant\n%q", got, want)
			}
			return err
		}))
	}
}
