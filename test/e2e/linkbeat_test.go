package e2e

import (
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestLinkbeat has the driver asked for the link: a cable that is pulled and mended is seen by that alone, and said.
func TestLinkbeat(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			daemon := n.start(n.web[0], p, "linkbeat_interfaces {\neth0 MII\n}\n"+n.dialect.config("MASTER", high))
			said := func(mark int, line string) {
				t.Helper()
				_, err := daemon.WaitLine(n.context(2*time.Second), mark, line)
				n.must(err)
			}
			said(0, "(eth0): Configured linkbeat type MII not supported, using ETHTOOL")
			said(0, "Entering MASTER STATE")
			mark := daemon.Lines.Len()
			n.must(n.web[0].Cut())
			said(mark, "Linkbeat reports eth0 down")
			said(mark, "(VI_1) Entering FAULT STATE")
			mark = daemon.Lines.Len()
			n.must(n.web[0].Mend())
			said(mark, "Linkbeat reports eth0 up")
			said(mark, "(VI_1) Entering MASTER STATE")
			n.stop(daemon)
		})
	}
}
