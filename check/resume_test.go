package check

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"keepalived-go/config"
)

const family = `
virtual_server_group G {
  10.1.0.100 80
  10.1.0.110-112 80
}
` // and two virtual servers of it

func familyText() string {
	return family + vsAt("group G", "quorum 2\nquorum_up /qu\nquorum_down /qd\nsmtp_alert\nsorry_server 10.1.0.99 80", "notify_down /down\nnotify_up /up", "", "weight 2") +
		vsAt("fwmark 5", "inhibit_on_failure\nalpha", "", "")
}

// kill leaves the kernel as it is, as the death of a process does, and gives what was reported, as it travels.
func (n *node) kill() map[string]Health {
	n.t.Helper()
	n.kernel.set(func() { n.kernel.dead = true })
	n.cancel()
	<-n.done
	text, err := json.Marshal(n.known)
	if err != nil {
		n.t.Fatal(err)
	}
	known := map[string]Health{}
	if err := json.Unmarshal(text, &known); err != nil {
		n.t.Fatal(err)
	}
	return known
}

// succeed starts another process on the same kernel.
func (n *node) succeed(known map[string]Health) *node {
	m := newNode(n.t)
	m.kernel, m.net, m.links = n.kernel, n.net, n.links
	m.kernel.set(func() { m.kernel.dead = false })
	m.kernel.written()
	m.known = maps.Clone(known)
	return m
}

// A process that takes over goes on without a write, a script or a mail, whatever the state is.
func TestSuccessor(t *testing.T) {
	for name, down := range map[string][]string{
		"all is well": nil, "one is down": {"10.1.0.11:80"}, "no quorum": {"10.1.0.11:80", "10.1.0.13:80"}, "nothing is up": {"10.1.0.11:80", "10.1.0.12:80", "10.1.0.13:80"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, n *node) {
				n.start(familyText())
				wait(2 * time.Second)
				for _, d := range down {
					n.net.set(d, syscall.ECONNREFUSED)
				}
				wait(3 * time.Second)
				table := n.kernel.show()
				m := n.succeed(n.kill())
				m.start(familyText(), func(o *Options) { o.Resume = m.known })
				wait(20 * time.Second)
				expect(t, "table", m.kernel.show(), table)
				if w := m.kernel.written(); w != 0 {
					t.Errorf("%d writes", w)
				}
				if told := m.told.take(); told != "" {
					t.Errorf("told:\n%s", told)
				}
				if m.lines.has("quorum") || m.lines.has("Adding") || m.lines.has("Removing") || m.lines.has("success") {
					t.Errorf("lines:\n%s", m.lines.take())
				}
				for _, d := range down {
					m.net.set(d, nil)
				}
				wait(3 * time.Second)
				if m.kernel.show() == table && len(down) > 0 {
					t.Error("the successor does not see servers come back")
				}
				m.stop()
				expect(t, "table after the stop", m.kernel.show(), "")
			})
		})
	}
}

// What was configured when the process died, and is not any more, goes.
func TestSuccessorUnderAnotherConfiguration(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.start(familyText())
		wait(2 * time.Second)
		n.net.set("10.1.0.11:80", syscall.ECONNREFUSED)
		wait(2 * time.Second)
		m := n.succeed(n.kill())
		m.start("global_defs {\n lvs_flush\n}\n"+vsAt("fwmark 5", "inhibit_on_failure\nalpha", "", "weight 6"), func(o *Options) { o.Resume = m.known })
		expect(t, "table", m.kernel.show(), "fwm 5: 10.1.0.11:80=0 10.1.0.12:80=6")
		if len(m.told.take()) > 0 {
			t.Error("told of what another process did")
		}
		m.stop()
	})
}

// A process that died in the midst of a reload may have written what it never reported. The reload is given up, and what
// only the new configuration has goes; what belongs to others stays.
func TestSuccessorOfAnUnfinishedReload(t *testing.T) {
	const group = "virtual_server_group G {\n 10.1.0.100 80\n MORE\n}\n"
	old := strings.Replace(group, "MORE", "", 1) + vsAt("group G", "", "", "")
	next := strings.Replace(group, "MORE", "10.1.0.101 80", 1) + vsAt("group G", "", "", "") + vsAt("10.1.0.102 80", "", "")
	inBubble(t, func(t *testing.T, n *node) {
		n.start(old)
		wait(2 * time.Second)
		n.kernel.put("10.1.0.150:80")
		reported := maps.Clone(n.known)
		n.reload(next)
		n.known = reported
		m := n.succeed(n.kill())
		maps.Copy(m.known, Unreported(decode(t, next)))
		m.start(old, func(o *Options) { o.Resume = m.known })
		expect(t, "table", m.kernel.show(), "10.1.0.100:80: 10.1.0.11:80=1 10.1.0.12:80=1\n10.1.0.150:80:")
		if told := m.told.take(); told != "" || m.lines.has("quorum") {
			t.Errorf("told:\n%s\nlines:\n%s", told, m.lines.take())
		}
		m.stop()
		expect(t, "table after the stop", m.kernel.show(), "10.1.0.150:80:")
	})
}

// A report is of what changed, and the sum of the reports is the whole.
func TestReports(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		n.start(familyText())
		wait(2 * time.Second)
		if len(n.sent) == 0 || len(n.sent[0]) != 2 || len(n.known["group/0/G"].Servers) != 3 {
			t.Fatalf("first reports: %+v", n.sent)
		}
		n.sent = nil
		wait(10 * time.Second)
		if len(n.sent) != 0 {
			t.Errorf("reports without a change: %+v", n.sent)
		}
		n.net.set("10.1.0.12:80", syscall.ECONNREFUSED)
		wait(2 * time.Second)
		for _, report := range n.sent {
			for _, h := range report {
				if len(h.Servers) != 1 || h.Servers[ap("10.1.0.12:80")].Up {
					t.Errorf("report: %+v", h)
				}
			}
		}
		compare := func() {
			t.Helper()
			states, err := n.engine.States()
			if err != nil || len(states) != len(n.known) {
				t.Fatalf("%d states, %d known, %v", len(states), len(n.known), err)
			}
			for _, s := range states {
				if known := n.known[s.Key]; !reflect.DeepEqual(known, s) {
					t.Errorf("known  %+v\nreally %+v", known, s)
				}
			}
		}
		compare()
		n.reload(strings.Replace(familyText(), "real_server 10.1.0.13", "real_server 10.1.0.14", 1))
		wait(3 * time.Second)
		compare()
		n.reload(family + vsAt("group G", "", ""))
		compare()
		n.stop()
		if _, err := n.engine.States(); err == nil {
			t.Error("a stopped engine answers")
		}
		if n.engine.Reload(config.Config{}) == nil || n.engine.Check(config.Config{}) == nil {
			t.Error("a stopped engine reloads")
		}
	})
}
