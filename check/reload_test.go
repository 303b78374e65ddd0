package check

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"keepalived-go/config"
)

func TestReloadWritesInProportion(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after string
		writes        int
		table         string
	}{
		{"nothing", vsWith("", "", ""), vsWith("", "", ""), 0, "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1"},
		{"one weight", vsWith("", "", ""), vsWith("", "", "weight 5"), 1, "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=5"},
		{"a scheduler", vsWith("", "", ""), vsWith("lvs_sched wrr", "", ""), 1, "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1"},
		{"a check", vsWith("", "", ""), strings.Replace(vsWith("", "", ""), "connect_timeout 1", "connect_timeout 2", 1), 0, "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1"},
		{"a server more", vsWith("", ""), vsWith("", "", ""), 1, "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1"},
		{"a server less", vsWith("", "", ""), vsWith("", ""), 1, "10.1.0.100:80: 10.1.0.11:80=1"},
		{"a service more", vsWith("", ""), vsWith("", "") + vsAt("10.1.0.101 80", "", ""), 2, "10.1.0.100:80: 10.1.0.11:80=1\n10.1.0.101:80: 10.1.0.11:80=1"},
		{"a service less", vsWith("", "") + vsAt("10.1.0.101 80", "", "", ""), vsWith("", ""), 1, "10.1.0.100:80: 10.1.0.11:80=1"},
		{"another order", vsWith("", "") + vsAt("10.1.0.101 80", "", ""), vsAt("10.1.0.101 80", "", "") + vsWith("", ""), 0, "10.1.0.100:80: 10.1.0.11:80=1\n10.1.0.101:80: 10.1.0.11:80=1"},
		{"nothing is left", vsWith("", ""), "", 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *node) {
				n.start(c.before)
				wait(3 * time.Second)
				n.kernel.written()
				n.reload(c.after)
				if w := n.kernel.written(); w != c.writes {
					t.Errorf("%d writes, want %d", w, c.writes)
				}
				expect(t, "table", n.kernel.show(), c.table)
				wait(3 * time.Second)
				if w := n.kernel.written(); w != 0 {
					t.Errorf("%d writes later", w)
				}
				n.stop()
				expect(t, "table", n.kernel.show(), "")
			})
		})
	}
}

func TestFailedServersStayOutOverReloads(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.start(web)
		n.net.set("10.1.0.11:80", syscall.EHOSTUNREACH)
		wait(2 * time.Second)
		n.lines.take()
		n.told.take()
		for range 20 {
			n.reload(strings.Replace(web, "weight 2", "weight 3", 1))
			wait(700 * time.Millisecond)
			n.reload(strings.Replace(web, "retry 0", "retry 2", 1))
			wait(900 * time.Millisecond)
			if strings.Contains(n.kernel.show(), "10.1.0.11") {
				t.Fatal("a reload put the failed server back")
			}
		}
		if n.lines.has("[10.1.0.11]", "Adding") || n.told.take() != "" {
			t.Error("it is told of a server that did not move")
		}
		n.net.set("10.1.0.11:80", nil)
		n.reload(web)
		wait(2 * time.Second)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=2")
		n.stop()
	})
}

// What did not change is asked when it was due; what changed begins anew, as at a start.
func TestReloadKeepsTheSchedule(t *testing.T) {
	text := strings.ReplaceAll(vsWith("", "", ""), "delay_loop 1", "delay_loop 10")
	inBubble(t, func(t *testing.T, n *node) {
		n.net.times = map[addrPort][]time.Time{}
		begin := time.Now()
		n.start(text)
		wait(4 * time.Second)
		n.reload(strings.Replace(text, "retry 0", "retry 0\ndelay_loop 20", 1)) // of 11 only
		wait(30 * time.Second)
		expectTimes(t, "11", n.net.asked("10.1.0.11:80", begin), 1, 5, 25)
		expectTimes(t, "12", n.net.asked("10.1.0.12:80", begin), 1, 11, 21, 31)
		n.stop()
	})
}

// A check that is in flight while the configuration changes counts when it is still configured, and not otherwise.
func TestReloadWhileAsking(t *testing.T) {
	for _, c := range []struct {
		name, after, table string
		lines              string
	}{
		{"the same", vsWith("", "", "weight 4"), "10.1.0.100:80: 10.1.0.12:80=4", "TCP_CHECK on service [10.1.0.11]:tcp:80 failed. (no answer in time)"},
		{"other retries", strings.Replace(vsWith("", "", ""), "retry 0", "retry 1", 1), "10.1.0.100:80: 10.1.0.12:80=1", "TCP_CHECK on service [10.1.0.11]:tcp:80 failed. (no answer in time)"},
		{"gone", strings.Replace(vsWith("", "", ""), "10.1.0.11", "10.1.0.13", 1), "10.1.0.100:80: 10.1.0.12:80=1 10.1.0.13:80=1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *node) {
				n.net.set("10.1.0.11:80", errBlackHole)
				n.start(vsWith("", "", ""))
				wait(1500 * time.Millisecond)
				n.reload(c.after)
				n.lines.take()
				wait(600 * time.Millisecond)
				expect(t, "table", n.kernel.show(), c.table)
				if got := n.lines.take(); !strings.Contains(got, c.lines) || c.lines == "" && strings.Contains(got, "failed") {
					t.Errorf("lines:\n%s\nwant %q", got, c.lines)
				}
				wait(5 * time.Second)
				n.stop()
			})
		})
	}
}

func TestReloadOfAGroup(t *testing.T) {
	group := func(lines string) string { return "virtual_server_group G {\n" + lines + "\n}\n" }
	inBubble(t, func(t *testing.T, n *node) {
		n.start(group("10.1.0.100 80\n10.1.0.101 80") + vsAt("group G", "", "", ""))
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(2 * time.Second)
		n.lines.take()
		n.kernel.written()
		n.reload(group("10.1.0.101 80\n10.1.0.102-103 80\nfwmark 5") + vsAt("group G", "", "", ""))
		expect(t, "table", n.kernel.show(), "10.1.0.101:80: 10.1.0.12:80=1\n10.1.0.102:80: 10.1.0.12:80=1\n10.1.0.103:80: 10.1.0.12:80=1\nfwm 5: 10.1.0.12:80=1")
		expect(t, "lines", n.lines.take(), `
VS [[10.1.0.100]:tcp:80] in group G no longer exists
VS [[10.1.0.102]:tcp:80-10.1.0.103] added into group G
VS [FWM 5] added into group G`)
		if w := n.kernel.written(); w != 7 {
			t.Errorf("%d writes, want 7", w)
		}
		n.stop()
	})
}

// Random reloads in a row end like a start with the last configuration, but for servers that have failed.
func TestReloadsEndLikeAStart(t *testing.T) {
	texts := []string{
		vsWith("", "", "weight 2"), vsWith("lvs_sched wlc", "weight 9"), vsWith("quorum 2\nsorry_server 10.1.0.99 80", "", ""),
		vsWith("inhibit_on_failure", "", "", ""), vsWith("", "") + vsAt("10.1.0.101 80", "lvs_method DR", "", ""),
		"virtual_server_group G {\n10.1.0.100 80\nfwmark 4\n}\n" + vsAt("group G", "", "", ""), "",
	}
	fresh := make([]string, len(texts))
	for i, text := range texts {
		inBubble(t, func(t *testing.T, n *node) {
			n.start(text)
			n.net.set("10.1.0.12:80", syscall.ECONNREFUSED)
			wait(5 * time.Second)
			fresh[i] = n.kernel.show()
			n.stop()
		})
	}
	inBubble(t, func(t *testing.T, n *node) {
		n.net.set("10.1.0.12:80", syscall.ECONNREFUSED)
		n.start(texts[0])
		wait(5 * time.Second)
		for i := range 3 * len(texts) * len(texts) {
			k := i * 5 % len(texts)
			if i >= len(texts)*len(texts) {
				k = i * i % len(texts)
			}
			n.reload(texts[k])
			wait(time.Duration(i%4) * time.Second)
			wait(5 * time.Second)
			if got := n.kernel.show(); got != fresh[k] {
				t.Fatalf("reload %d to\n%s\nends in\n%s\nwant\n%s", i, texts[k], got, fresh[k])
			}
		}
		n.stop()
	})
}

func TestKindsThatNothingChecks(t *testing.T) {
	text := strings.ReplaceAll(vsWith("alpha", "", ""), "TCP_CHECK {", "DNS_CHECK {")
	inBubble(t, func(t *testing.T, n *node) {
		n.start(text)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1")
		if !n.lines.has("DNS_CHECK has no effect yet: 2 of them count as passed") || n.lines.has("Activating") {
			t.Errorf("lines:\n%s", n.lines.take())
		}
		n.reload(text)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1")
		n.stop()
	})
	if everyKind(config.CheckDNS) && DefaultProbers()[config.CheckDNS] != nil {
		t.Error("write this test for another kind")
	}
}
