package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestVMACKilledEarly kills the VRRP process while it makes its first VMACs, before it has said anything of them: who comes
// after it knows all the same what the host was like.
func TestVMACKilledEarly(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		name := "started again"
		if stop {
			name = "to end"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if checksItself() {
				t.Log("no program of ours to test")
				return
			}
			for range earlyTries {
				if killedEarly(t, stop) {
					return
				}
			}
			t.Errorf("it was killed too late %d times", earlyTries)
		})
	}
}

const (
	earlyLinks = 100 // so many that making them takes some time
	earlyTries = 8   // to kill it in that time, on a machine that has other things to do
)

// earlyKill waits until eth0 is changed, and kills the VRRP process while its parent can do nothing. (What is
// read of a setting has no line end.)
const earlyKill = `until read x </proc/sys/net/ipv4/conf/eth0/arp_ignore; [ "$x" = 1 ]; do :; done
read child </run/vrrp.pid && read parent </run/keepalived.pid && kill -STOP $parent && kill -KILL $child`

// killedEarly tells whether it was in time.
func killedEarly(t *testing.T, stop bool) bool {
	s := vmacStyles[1]
	n := newDualNetwork(t, s.dialect)
	web1 := n.web[0]
	n.must(web1.Sysctl(n.context(time.Second), "net/ipv4/conf/all/rp_filter", "1"))
	n.must(web1.Sysctl(n.context(time.Second), "net/ipv4/conf/eth0/arp_ignore", "2"))
	const settings = "cd /proc/sys/net/ipv4/conf && grep . all/rp_filter default/rp_filter lo/rp_filter eth0/rp_filter eth0/arp_ignore eth0/arp_filter"
	before := n.output(web1, settings)
	var config strings.Builder
	for i := range earlyLinks {
		config.WriteString(s.dialect.instance(fmt.Sprintf("VI_%d", i+1), i+1, "BACKUP", high, fmt.Sprintf("192.168.4.%d", 110+i), fmt.Sprintf("use_vmac early%d\n", i+1)))
	}
	last := fmt.Sprintf("early%d", earlyLinks)
	killer, err := web1.Start("/usr/bin/nice", []string{"-n", "-15", "/bin/sh", "-c", earlyKill}, nil)
	n.must(err)
	daemon := n.start(web1, ours, config.String())
	status, _, err := killer.Wait(n.context(5 * time.Second))
	n.must(err)
	if status != 0 {
		t.Fatalf("killing it: %s", killer.Output())
	}
	if n.output(web1, "ls /sys/class/net | grep -x %s || true", last) != "" {
		return false
	}
	if stop {
		n.must(unix.Kill(daemon.Pid(), unix.SIGTERM))
	}
	n.must(unix.Kill(daemon.Pid(), unix.SIGCONT))
	if stop {
		_, _, err = daemon.Wait(n.context(5 * time.Second))
		n.must(err)
	} else {
		n.must(lab.Until(n.context(10*time.Second), "the last VMAC", func() error {
			if n.output(web1, "ls /sys/class/net | grep -x %s || true", last) == "" {
				return errors.New("it is not there")
			}
			return nil
		}))
		n.stop(daemon)
	}
	n.must(lab.Until(n.context(5*time.Second), "the host to be as it was", func() error {
		if links := n.output(web1, "ls /sys/class/net | grep early || true"); links != "" {
			return errors.New(links)
		}
		if after := n.output(web1, settings); after != before {
			return fmt.Errorf("the settings were\n%sand are\n%s", before, after)
		}
		return nil
	}))
	return true
}
