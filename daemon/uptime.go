package daemon

import (
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// startupDelay is how long instances are to wait: vrrp_startup_delay, or what is left of vrrp_delay_after_boot where
// that is longer.
func startupDelay(g config.Global, uptime time.Duration) time.Duration {
	return max(g.StartupDelay, g.DelayAfterBoot-uptime)
}

// uptime is how long the system has been up, the time that it slept included.
func uptime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return time.Hour // a kernel that has no such clock; what is long up waits for nothing
	}
	return time.Duration(t.Nano())
}
