package check

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// web is a virtual server with two real servers that are asked each second.
const web = `
virtual_server 10.1.0.100 80 {
  delay_loop 1
  lvs_sched wrr
  lvs_method NAT
  protocol TCP
  warmup 0
  quorum_up "/n quorum_up"
  quorum_down "/n quorum_down"
  smtp_alert
  real_server 10.1.0.11 80 {
    weight 1
    notify_up "/n up 11"
    notify_down "/n down 11"
    TCP_CHECK {
      connect_timeout 1
      retry 0
    }
  }
  real_server 10.1.0.12 80 {
    weight 2
    notify_up "/n up 12"
    notify_down "/n down 12"
    TCP_CHECK {
      connect_timeout 1
      retry 0
    }
  }
}
`

// inBubble runs a test in a bubble of its own time.
func inBubble(t *testing.T, f func(t *testing.T, n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newNode(t)) })
}

// sorted puts lines in order whose order is not given: checks that are due together end in any order.
func sorted(lines string) string {
	list := strings.Split(lines, "\n")
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if want = strings.TrimSpace(want); strings.TrimSpace(got) != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

func TestServerFailsAndComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.start(web)
		expect(t, "table at the start", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=2")
		expect(t, "lines at the start", n.lines.take(), `
Initializing ipvs
Gained quorum 1+0=1 <= 3 for VS [10.1.0.100]:tcp:80
Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80
Activating healthchecker for service [10.1.0.12]:tcp:80 for VS [10.1.0.100]:tcp:80`)
		expect(t, "told at the start", n.told.take(), `
run /n quorum_up
mail Virtualserver [10.1.0.100]:tcp:80 - UP | => Starting with quorum up 1+0=1 <= 3 <=`)
		wait(1500 * time.Millisecond)
		expect(t, "first results", sorted(n.lines.take()), `
TCP connection to [10.1.0.11]:tcp:80 success.
TCP connection to [10.1.0.12]:tcp:80 success.`)
		n.kernel.written()

		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(3 * time.Second)
		expect(t, "table without 11", n.kernel.show(), "10.1.0.100:80: 10.1.0.12:80=2")
		expect(t, "lines when 11 fails", n.lines.take(), `
TCP_CHECK on service [10.1.0.11]:tcp:80 failed. (connection refused)
Removing service [10.1.0.11]:tcp:80 from VS [10.1.0.100]:tcp:80`)
		expect(t, "told when 11 fails", n.told.take(), `
run /n down 11
mail Realserver [10.1.0.11]:tcp:80 of virtual server [10.1.0.100]:tcp:80 - DOWN | => TCP CHECK failed on service <=`)
		if w := n.kernel.written(); w != 1 {
			t.Errorf("%d writes for one server, want 1", w)
		}

		n.net.set("10.1.0.12:80", errBlackHole)
		wait(3 * time.Second)
		expect(t, "empty table", n.kernel.show(), "10.1.0.100:80:")
		expect(t, "lines when 12 fails", n.lines.take(), `
TCP_CHECK on service [10.1.0.12]:tcp:80 failed. (no answer in time)
Removing service [10.1.0.12]:tcp:80 from VS [10.1.0.100]:tcp:80
Lost quorum 1-0=1 > 0 for VS [10.1.0.100]:tcp:80`)

		n.net.set("10.1.0.11:80", nil)
		n.net.set("10.1.0.12:80", nil)
		wait(3 * time.Second)
		expect(t, "table at the end", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=2")
		n.lines.take()
		n.stop()
		expect(t, "table after the stop", n.kernel.show(), "")
		expect(t, "lines of the stop", n.lines.take(), `
Shutting down service [10.1.0.11]:tcp:80 from VS [10.1.0.100]:tcp:80
Shutting down service [10.1.0.12]:tcp:80 from VS [10.1.0.100]:tcp:80`)
	})
}
