package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// TestDisableLocalIGMP has both programs quieten the kernel while they run, and put back what was there.
func TestDisableLocalIGMP(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			reports := func() string {
				const file = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports"
				_, output, err := web.Run(n.context(time.Second), "/bin/cat", []string{file}, nil)
				n.must(err)
				return strings.TrimSpace(output)
			}
			if got := reports(); got != "1" {
				t.Fatalf("before anything it is %q", got)
			}
			config := n.dialect.config("MASTER", high)
			daemon := n.start(web, p, "global_defs {\ndisable_local_igmp\n}\n"+config)
			n.must(lab.Until(n.context(time.Second), "no reports", func() error {
				if reports() != "0" {
					return errors.New("there are some")
				}
				return nil
			}))
			n.holds(web, n.dialect.masterDown(high))
			if p.Name != peer.Name {
				n.reload(daemon, config, "Cannot change disable_local_igmp at a reload - please restart keepalived")
			}
			n.stop(daemon)
			if got := reports(); got != "1" {
				t.Errorf("at the end it is %q", got)
			}
		})
	}
}
