package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestAskReloadOfUpstream asks Debian's program, which still runs when our package
// has been installed over it and nobody has started ours yet.
func TestAskReloadOfUpstream(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, peer, quick)
	n.holder(web, time.Second)
	mark := daemon.Lines.Len()
	if status, output := n.askReload(web); status != 0 || !strings.Contains(output, "SIGHUP") || strings.Count(output, "\n") != 1 {
		t.Errorf("status %d, %q, want one line", status, output)
	}
	_, err := daemon.WaitLine(n.context(time.Second), mark, "Reloading ...")
	n.must(err)
	n.stop(daemon)
}
