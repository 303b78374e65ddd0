package vrrp

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keepalived-go/config"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// fakeMail remembers what would have been sent.
type fakeMail struct {
	mu       sync.Mutex
	subjects []string
}

func (m *fakeMail) Send(subject, body string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !strings.HasPrefix(body, "=> ") || !strings.HasSuffix(body, " <=") {
		subject += " with the body " + body
	}
	m.subjects = append(m.subjects, subject)
}

func (m *fakeMail) expect(t *testing.T, want ...string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range want {
		want[i] = "VRRP Instance VI_1 - " + want[i]
	}
	if !slices.Equal(m.subjects, want) {
		t.Errorf("mails\n%s\nwant\n%s", strings.Join(m.subjects, "\n"), strings.Join(want, "\n"))
	}
	m.subjects = nil
}

// TestMail follows an instance through its states: each change is one mail, where they are asked for.
func TestMail(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, row := range []struct {
			name           string
			alert, noFault bool
			first, rest    []string
		}{
			{"without smtp_alert", false, false, nil, nil},
			{"with smtp_alert", true, false, []string{"Entering BACKUP state", "Entering MASTER state"},
				[]string{"Entering FAULT state", "Entering BACKUP state", "Entering MASTER state", "Stopping"}},
			{"with no_email_faults", true, true, []string{"Entering BACKUP state", "Entering MASTER state"},
				[]string{"Entering BACKUP state", "Entering MASTER state", "Stopping"}},
		} {
			t.Log(row.name)
			n := newNode(t, wire.NewLAN(), "a", "192.0.2.1/24")
			in := instance(100, time.Second)
			in.SMTPAlert = row.alert
			cfg := configOf(in)
			cfg.Global = config.Global{NoEmailFaults: row.noFault}
			n.start(cfg, nil)
			settle(10 * time.Second)
			expectState(t, n, fsm.Master)
			n.mails.expect(t, row.first...)
			n.links.report(linkState(false, "192.0.2.1/24"), nil)
			settle(time.Second)
			expectState(t, n, fsm.FaultState)
			n.links.report(linkState(true, "192.0.2.1/24"), nil)
			settle(10 * time.Second)
			n.stop()
			n.mails.expect(t, row.rest...)
		}
	})
}
