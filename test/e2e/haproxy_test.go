package e2e

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// watchers are the two ways to notice that haproxy is gone.
var watchers = map[string]string{
	"vrrp_script":   "vrrp_script chk {\nscript \"" + lab.Dir + "/check.sh\"\ninterval 1\nfall 1\nrise 1\n}\n%strack_script {\nchk\n}\n",
	"track_process": "vrrp_track_process chk {\nprocess haproxy\n}\n%strack_process {\nchk\n}\n",
}

// haproxyRuns looks for the process in the list of the host, without any program that may not be installed.
const haproxyRuns = `#!/bin/sh
for name in /proc/[0-9]*/comm; do
	read -r word 2>/dev/null < "$name" && [ "$word" = haproxy ] && exit 0
done
exit 1
`

// TestHAProxy keeps a proxy available: two nodes with haproxy share an address, which leaves the node whose haproxy dies,
// and returns with it.
func TestHAProxy(t *testing.T) {
	t.Parallel()
	for name, watcher := range watchers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			for _, server := range []string{"192.168.4.31", "192.168.4.32"} {
				host, err := n.AddHost("www"+server[len(server)-1:], netip.MustParsePrefix(server+"/24"))
				n.must(err)
				n.must(host.Serve(n.context(time.Second), sourceRoot, server))
			}
			global, lines, _ := strings.Cut(watcher, "%s")
			var proxies [2]*lab.Process
			for i, node := range n.web {
				_, err := node.Write("check.sh", haproxyRuns, 0o755)
				n.must(err)
				proxies[i] = n.haproxy(node)
				n.start(node, ours, "global_defs {\nscript_user root\n}\n"+global+
					n.dialect.instance("VI_1", vrid, []string{"MASTER", "BACKUP"}[i], []int{high, low}[i], vip.String(), lines))
			}
			span := n.dialect.masterDown(low) + 2*time.Second // a script runs once a second
			n.holder(n.web[0], span)
			n.balanced()
			n.statistics()

			n.must(unix.Kill(proxies[0].Pid(), unix.SIGKILL))
			n.holder(n.web[1], span)
			n.balanced()
			n.statistics()

			n.haproxy(n.web[0])
			n.holder(n.web[0], span)
			n.balanced()
			for _, d := range n.daemons {
				n.stop(d)
			}
		})
	}
}

// haproxy starts Debian's haproxy on a host and waits until it answers.
func (n *network) haproxy(host *lab.Host) *lab.Process {
	n.t.Helper()
	config, err := lab.ProxyConfig(sourceRoot)
	n.must(err)
	config = strings.NewReplacer("4.100", "4.31", "4.200", "4.32").Replace(config) // the servers' places are the proxies' here
	process, err := host.Proxy(n.context(time.Second), sourceRoot, config)
	n.must(err)
	return process
}

// balanced has the client read the pages of both web servers at the virtual address.
func (n *network) balanced() {
	n.t.Helper()
	seen := map[string]bool{}
	n.must(lab.Until(n.context(2*time.Second), "the pages of both web servers", func() error {
		page, err := n.client.Fetch(n.context(time.Second), "http://"+vip.String()+"/", "", "")
		if err != nil {
			return err
		}
		page = strings.TrimSpace(page)
		if seen[page] = true; len(seen) < 2 {
			return fmt.Errorf("only %v", seen)
		}
		return nil
	}))
	if !seen["192.168.4.31"] || !seen["192.168.4.32"] {
		n.t.Errorf("the client read %v", seen)
	}
}

// statistics has the client read the page of statistics at the virtual address.
func (n *network) statistics() {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), "the page of statistics", func() error {
		page, err := n.client.Fetch(n.context(time.Second), "http://"+vip.String()+":1080/stats", "admin", "admin")
		if err == nil && !strings.Contains(page, "webserv-rewrite") {
			err = errors.New("it is not the page of statistics")
		}
		return err
	}))
}
