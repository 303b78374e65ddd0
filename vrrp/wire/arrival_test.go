package wire

import (
	"testing"
	"time"
)

func TestArrival(t *testing.T) {
	now := time.Now()
	wall := now.UnixNano()
	for _, tt := range []struct {
		name  string
		empty time.Duration // before now
		stamp int64
		age   time.Duration
	}{
		{"just now", time.Minute, wall, 0},
		{"3 ms ago", time.Minute, wall - 3e6, 3 * time.Millisecond},
		{"9 s ago", time.Minute, wall - 9e9, 9 * time.Second},
		{"11 s ago is not believed", time.Minute, wall - 11e9, 10 * time.Second},
		{"clock set back meanwhile", time.Minute, wall + 3600e9, 0},
		{"clock set forward meanwhile", 200 * time.Millisecond, wall - 3600e9, 200 * time.Millisecond},
		{"clock set forward a little", 200 * time.Millisecond, wall - 1e9, 200 * time.Millisecond},
		{"the epoch", time.Minute, 0, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := arrival(now, now.Add(-tt.empty), tt.stamp)
			if age := now.Sub(got); age != tt.age {
				t.Errorf("age %v, want %v", age, tt.age)
			}
		})
	}
}
