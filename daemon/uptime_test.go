package daemon

import (
	"testing"
	"time"

	"keepalived-go/config"
)

// TestStartupDelay has both ways to wait; the longer one counts.
func TestStartupDelay(t *testing.T) {
	for _, row := range []struct{ delay, boot, up, want time.Duration }{
		{0, 0, time.Minute, 0},
		{5 * time.Second, 0, time.Minute, 5 * time.Second},
		{0, 90 * time.Second, time.Minute, 30 * time.Second},
		{40 * time.Second, 90 * time.Second, time.Minute, 40 * time.Second},
		{0, 30 * time.Second, time.Minute, 0},
	} {
		g := config.Global{StartupDelay: row.delay, DelayAfterBoot: row.boot}
		if got := startupDelay(g, row.up); got != row.want {
			t.Errorf("%+v: %v", row, got)
		}
	}
	if up := uptime(); up <= 0 || up > 100*365*24*time.Hour {
		t.Errorf("up for %v", up)
	}
}
