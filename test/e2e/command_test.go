package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestCommandLine compares exit status, and output where programs read it.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, dialects[1])
	good, err := n.web[0].Write("good.conf", dialects[1].config("MASTER", high), 0o644)
	n.must(err)
	bad, err := n.web[0].Write("bad.conf", "vrrp_instance VI_1 {\ninterfaze eth0\n}\n", 0o644)
	n.must(err)
	for _, c := range []struct {
		words      string
		sameOutput bool
	}{
		{"-v", false},
		{"--version", false},
		{"-h", false},
		{"--help", false},
		{"--no-such-option", false},
		{"-f", false},
		{"-t -f " + good, false},
		{"-t -f " + bad, false},
		{"--config-test -f " + good, false},
		{"--signum=STOP", true},
		{"--signum=RELOAD", true},
		{"--signum=DATA", true},
		{"--signum=STATS", true},
		{"--signum=JSON", true},
		{"--signum=NONE", true},
	} {
		var status [2]int
		var output [2]string
		for i, p := range []lab.Program{ours, peer} {
			status[i], output[i], err = n.web[0].Run(n.context(0), p.Path, strings.Fields(c.words), p.Env)
			n.must(err)
		}
		if status[0] != status[1] || c.sameOutput && output[0] != output[1] {
			t.Errorf("%s: status %d, want %d; output %q, %s has %q", c.words, status[0], status[1], output[0], peer.Name, output[1])
		}
	}
}

// TestDaemonises starts without -n: the command ends when the daemon is
// there, and the daemon is found by its pid file.
func TestDaemonises(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			d := dialects[1]
			n := newNetwork(t, d)
			web := n.web[0]
			path, err := web.Write("keepalived.conf", d.config("MASTER", high), 0o644)
			n.must(err)
			launcher, err := web.Start(p.Path, []string{"-f", path}, p.Env)
			n.must(err)
			status, _, err := launcher.Wait(n.context(time.Second))
			if err != nil || status != 0 {
				t.Fatalf("status %d, %v, want 0; it said:\n%s", status, err, launcher.Output())
			}
			n.holds(web, d.masterDown(high))
			content, err := web.Read("/run/keepalived.pid")
			n.must(err)
			inside, err := strconv.Atoi(strings.TrimSpace(content))
			if err != nil {
				t.Fatalf("/run/keepalived.pid has %q", content)
			}
			pid, err := web.Outside(inside)
			n.must(err)

			status, again, err := web.Run(n.context(time.Second), p.Path, []string{"-f", path}, p.Env)
			n.must(err)
			t.Logf("a second daemon: status %d, %s", status, again)

			n.must(unix.Kill(pid, unix.SIGTERM))
			n.must(nobody(n.context(time.Second), web))
			n.onlyHostAddresses(web)
			for _, file := range []string{"/run/keepalived.pid", "/run/vrrp.pid"} {
				if left, err := web.Read(file); err != nil || left != "" {
					t.Errorf("%s is left, with %q, %v", file, left, err)
				}
			}
		})
	}
}

// nobody waits until no process of the host is left.
func nobody(ctx context.Context, host *lab.Host) error {
	return lab.Until(ctx, "the processes to end", func() error {
		table, err := host.Processes()
		if err == nil && len(table) > 0 {
			err = fmt.Errorf("%v: %w", table, errStillThere)
		}
		return err
	})
}

var errStillThere = errors.New("still there")
