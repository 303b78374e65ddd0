package check

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/ipvs"
)

// vsWith is the virtual server 10.1.0.100:80 with the given lines.
func vsWith(lines string, servers ...string) string {
	return vsAt("10.1.0.100 80", lines, servers...)
}

// vsAt is a virtual server whose real servers 10.1.0.11 and on are asked each second, or have the given lines.
func vsAt(at, lines string, servers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual_server %s {\n delay_loop 1\n warmup 0\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n%s\n", at, lines)
	for i, s := range servers {
		fmt.Fprintf(&b, " real_server 10.1.0.%d 80 {\n%s\nTCP_CHECK {\n connect_timeout 1\n retry 0\n}\n}\n", 11+i, s)
	}
	b.WriteString("}\n")
	return b.String()
}

func TestStartOnATableThatIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		m := newMachine(t, vsWith("", "weight 3", ""))
		m.start()
		for _, e := range m.want(servesOf(m.cfg, nil)) {
			e.Destinations[0].Weight = 1                // was changed by hand
			e.Destinations[1].Addr = ap("10.1.0.50:80") // is not ours
			n.kernel.table[e.Key] = e
		}
		foreign := ipvs.Entry{Service: ipvs.Service{Key: ipvs.Key{Family: 4, Protocol: 6, Addr: ap("10.9.9.9:80")}, Scheduler: "rr"}}
		n.kernel.table[foreign.Key] = foreign
		n.start(vsWith("", "weight 3", ""))
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=3 10.1.0.12:80=1\n10.9.9.9:80:")
		if w := n.kernel.written(); w != 3 {
			t.Errorf("%d writes, want 3", w)
		}
		n.stop()
		expect(t, "what belongs to others stays", n.kernel.show(), "10.9.9.9:80:")
		if n.kernel.reads != 1 {
			t.Errorf("the kernel was read %d times, want once", n.kernel.reads)
		}
	})
}

func TestFlushAtTheStart(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		foreign := ipvs.Entry{Service: ipvs.Service{Key: ipvs.Key{Family: 4, Protocol: 6, Addr: ap("10.9.9.9:80")}, Scheduler: "rr"}}
		n.kernel.table[foreign.Key] = foreign
		n.start("global_defs {\n lvs_flush\n}\n" + vsWith("", ""))
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		n.stop()
	})
}

func TestEndOfTheTable(t *testing.T) {
	for _, c := range []struct {
		name, global string
		keep         bool
		want         string
	}{
		{"each by itself", "", false, "10.9.9.9:80:"},
		{"lvs_flush_on_stop VS", "lvs_flush_on_stop VS", false, "10.9.9.9:80:"},
		{"lvs_flush_on_stop", "lvs_flush_on_stop", false, ""},
		{"kept", "", true, "10.1.0.100:80: 10.1.0.11:80=1\n10.9.9.9:80:"},
		{"kept although it is to be flushed", "lvs_flush_on_stop", true, "10.1.0.100:80: 10.1.0.11:80=1\n10.9.9.9:80:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *node) {
				n.start("global_defs {\n"+c.global+"\n}\n"+vsWith("omega\nquorum_down /qd", ""), func(o *Options) { o.KeepTable = c.keep })
				n.kernel.put("10.9.9.9:80")
				n.told.take()
				n.stop()
				expect(t, "table", n.kernel.show(), c.want)
				if told := n.told.take(); (told == "") != c.keep {
					t.Errorf("told %q", told)
				}
			})
		})
	}
}

// Somebody else changes the table in between. The next change, or a reload, ends in the configured table.
func TestForeignHands(t *testing.T) {
	text := vsWith("", "", "", "")
	inBubble(t, func(t *testing.T, n *node) {
		n.start(text)
		n.kernel.drop("10.1.0.100:80", "10.1.0.11:80")
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(2 * time.Second)
		expect(t, "deleted by hand, then failed", n.kernel.show(), "10.1.0.100:80: 10.1.0.12:80=1 10.1.0.13:80=1")
		if n.lines.has("10.1.0.11", "no such") {
			t.Error("complains of what is as it should be")
		}
		n.kernel.drop("10.1.0.100:80", "")
		n.net.set("10.1.0.11:80", nil)
		wait(2 * time.Second)
		expect(t, "the whole service deleted, then a server came back", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1 10.1.0.13:80=1")
		n.kernel.drop("10.1.0.100:80", "10.1.0.12:80")
		n.kernel.put("10.1.0.100:80")
		n.reload(text)
		expect(t, "after a reload", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1 10.1.0.13:80=1")
		n.stop()
	})
}

// A service that the kernel refuses keeps no other one back, is said once, and is tried again with pauses.
func TestRefusedService(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		missing := errors.New("adding 10.1.0.101:80: scheduler is missing")
		tries := 0
		n.kernel.refuse = func(op ipvs.Operation) error {
			if op.Service.Addr == ap("10.1.0.101:80") {
				tries++
				return missing
			}
			return nil
		}
		n.start(vsWith("", "") + vsAt("10.1.0.101 80", "", "") + vsAt("10.1.0.102 80", "", ""))
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1\n10.1.0.102:80: 10.1.0.11:80=1")
		wait(1500 * time.Millisecond)
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(time.Hour)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80:\n10.1.0.102:80:")
		if got := strings.Count(n.lines.take(), missing.Error()); got != 1 {
			t.Errorf("said %d times", got)
		}
		if tries < 5 || tries > 5*70 {
			t.Errorf("tried %d times in an hour", tries)
		}
		n.kernel.set(func() { n.kernel.refuse = nil })
		n.net.set("10.1.0.11:80", nil)
		wait(10 * time.Second)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1\n10.1.0.101:80: 10.1.0.11:80=1\n10.1.0.102:80: 10.1.0.11:80=1")
		n.stop()
		expect(t, "table", n.kernel.show(), "")
	})
}

// A refusal that ends by itself is repaired without anything else happening.
func TestRepairByItself(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		until := time.Now().Add(10 * time.Second)
		n.kernel.refuse = func(ipvs.Operation) error {
			if time.Now().Before(until) {
				return syscall.ENOMEM
			}
			return nil
		}
		n.start(vsWith("", ""))
		expect(t, "table", n.kernel.show(), "")
		wait(30 * time.Second)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		reads := n.kernel.reads
		wait(time.Hour)
		if n.kernel.reads != reads {
			t.Error("the kernel is read though nothing is wrong")
		}
		n.stop()
	})
}

// A kernel that refuses for hours, for want of memory or of a module, gets its table soon after it does no more, though
// nothing else happens; and trouble that comes later is repaired as quickly as the first one.
func TestRepairAfterHours(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		until := time.Now().Add(3 * time.Hour)
		n.kernel.refuse = func(ipvs.Operation) error {
			if time.Now().Before(until) {
				return syscall.ENOMEM
			}
			return nil
		}
		n.start(vsWith("", ""))
		wait(3*time.Hour - time.Second)
		reads := 0
		n.kernel.set(func() { reads = n.kernel.reads })
		if reads > 3*60+12 {
			t.Errorf("the kernel was read %d times in three hours", reads)
		}
		wait(maxRepairPause + time.Second)
		expect(t, "table after hours", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		n.kernel.set(func() { until = time.Now().Add(5 * time.Second) })
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(4 * time.Second)
		expect(t, "table in trouble", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		wait(10 * time.Second)
		expect(t, "table after it", n.kernel.show(), "10.1.0.100:80:")
		n.stop()
	})
}

func TestUnreadableKernel(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.start(vsWith("", ""))
		n.kernel.set(func() { n.kernel.broken = syscall.ENOBUFS })
		n.kernel.drop("10.1.0.100:80", "")
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(time.Minute)
		if got := strings.Count(n.lines.take(), "the kernel's table of virtual servers"); got != 1 {
			t.Errorf("said %d times", got)
		}
		if err := n.engine.Check(decode(t, vsWith("", ""))); !errors.Is(err, syscall.ENOBUFS) {
			t.Errorf("a new configuration is checked with %v", err)
		}
		n.kernel.set(func() { n.kernel.broken = nil })
		wait(2 * time.Minute)
		expect(t, "table", n.kernel.show(), "10.1.0.100:80:")
		n.stop()
	})
}

func TestNoTableAtAll(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.kernel.broken = syscall.ENOPROTOOPT
		n.start(vsWith("", ""))
		if err := <-n.done; !errors.Is(err, syscall.ENOPROTOOPT) {
			t.Errorf("runs with %v", err)
		}
	})
}

// Without virtual servers nobody asks the kernel; it may have no such table.
func TestNothingConfigured(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.kernel.broken = syscall.ENOPROTOOPT
		n.start("")
		if err := n.engine.Check(config.Config{}); err != nil {
			t.Error(err)
		}
		if err := n.engine.Check(decode(t, vsWith("", ""))); !errors.Is(err, syscall.ENOPROTOOPT) {
			t.Errorf("a new configuration is checked with %v", err)
		}
		n.kernel.set(func() { n.kernel.broken = nil })
		n.reload(vsWith("", ""))
		expect(t, "table", n.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1")
		n.stop()
	})
}

// Two virtual servers of a group share the service of its mark: it has the servers of both, and stays until both go.
func TestSharedMark(t *testing.T) {
	const group = "virtual_server_group G {\n 10.1.0.100 80\n fwmark 7\n}\n"
	tcp := vsAt("group G", "", "")
	udp := strings.ReplaceAll(vsAt("group G", "", "", "weight 2"), "protocol TCP", "protocol UDP")
	inBubble(t, func(t *testing.T, n *node) {
		n.start(group + tcp + udp)
		both := "10.1.0.100:80: 10.1.0.11:80=1\n10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=2\nfwm 7: 10.1.0.11:80=1 10.1.0.12:80=2"
		expect(t, "table", sorted(n.kernel.show()), both)
		n.reload(group + tcp)
		expect(t, "table", sorted(n.kernel.show()), "10.1.0.100:80: 10.1.0.11:80=1\nfwm 7: 10.1.0.11:80=1")
		n.reload(group + tcp + udp)
		expect(t, "table", sorted(n.kernel.show()), both)
		n.stop()
		expect(t, "table", n.kernel.show(), "")
	})
}
