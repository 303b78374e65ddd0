package e2e

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// haproxyConfig spreads requests over two web servers and has a page of statistics. Newer versions want a bind line for the
// address of a listen section; user and folder are those of the test.
const haproxyConfig = `global
pidfile %[1]s/haproxy.pid
maxconn 4000
defaults
mode http
option dontlognull
option httpclose
option forwardfor
option redispatch
timeout connect 10000
timeout client 300000
timeout server 300000
maxconn 3000
retries 3
listen stats
bind 0.0.0.0:1080
stats refresh 30s
stats uri /stats
stats realm Haproxy\ Manager
stats auth admin:admin
listen webserv-rewrite
bind 0.0.0.0:80
balance roundrobin
server web1 192.168.4.31:80 check inter 2000 rise 2 fall 5
server web2 192.168.4.32:80 check inter 2000 rise 2 fall 5
`

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
	path, err := host.Write("haproxy.cfg", fmt.Sprintf(haproxyConfig, lab.Dir), 0o644)
	n.must(err)
	p := lab.Debian(sourceRoot, "usr/sbin/haproxy")
	process, err := host.Start(p.Path, []string{"-db", "-f", path}, p.Env)
	n.must(err)
	err = lab.Until(n.context(time.Second), "haproxy to answer", func() error {
		_, err := n.client.Get(n.context(time.Second), host.Address.Addr().String())
		return err
	})
	if err != nil {
		n.t.Fatalf("%v\n%s", err, process.Output())
	}
	return process
}

// balanced has the client read the pages of both web servers at the virtual address.
func (n *network) balanced() {
	n.t.Helper()
	seen := map[string]bool{}
	n.must(lab.Until(n.context(2*time.Second), "the pages of both web servers", func() error {
		page, err := n.client.Get(n.context(time.Second), vip.String())
		if err != nil {
			return err
		}
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
		connection, err := n.client.Dial(n.context(time.Second), "tcp", net.JoinHostPort(vip.String(), "1080"))
		if err != nil {
			return err
		}
		defer func() { _ = connection.Close() }()
		if err := connection.SetDeadline(time.Now().Add(patience(0))); err != nil {
			return err
		}
		key := base64.StdEncoding.EncodeToString([]byte("admin:admin"))
		if _, err := fmt.Fprintf(connection, "GET /stats HTTP/1.0\r\nAuthorization: Basic %s\r\n\r\n", key); err != nil {
			return err
		}
		text, err := io.ReadAll(connection)
		if err == nil && (!strings.Contains(string(text), " 200 "+http.StatusText(http.StatusOK)) || !strings.Contains(string(text), "webserv-rewrite")) {
			err = errors.New("it is not the page of statistics")
		}
		return err
	}))
}
