package fsm

import "testing"

// TestTimerExpired has a Master without preemption run so late that a router of the priority in timer_expired_backup
// has taken over: it does not fight for the role.
func TestTimerExpired(t *testing.T) {
	cfg := with(v2Config(), func(c *Config) { c.Preempt, c.ExpiresAt = false, 128 }) // its patience: 3.5 s
	begin := []step{
		{0, Startup{}, initBackup, Backup, 3*sec + skew150},
		{4 * sec, Tick{}, timeout, Master, 5 * sec},
	}
	gone := []string{"report expired", "remove", "entered BACKUP 150"}
	late := advertOf(larger, 100)
	late.Waited = 2 * sec
	runScenarios(t, []scenario{
		{"a little late", cfg, append(begin[:2:2], step{7499 * milli, Tick{}, []string{"advert 150"}, Master, 8 * sec})},
		{"too late", cfg, append(begin[:2:2], step{7500 * milli, Tick{}, gone, Backup, 10500*milli + skew150})},
		{"adverts of the successor lay unread", cfg, append(begin[:2:2],
			step{7600 * milli, late, append(gone[:3:3], "report master set"), Backup, 10600*milli + skew150})},
		{"an advert that came in time", cfg, append(begin[:2:2],
			step{5 * sec, advertOf(larger, 100), []string{"report lower, new election", "advert 150", "announce lower priority x4", "report lower priority received"}, Master, 6 * sec})},
		{"off", with(cfg, func(c *Config) { c.ExpiresAt = 0 }), append(begin[:2:2], step{60 * sec, Tick{}, []string{"advert 150"}, Master, 61 * sec})},
	})
}
