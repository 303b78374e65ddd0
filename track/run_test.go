package track

import (
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/notify"
)

// TestRuns shows when runs begin and what is reported when, in milliseconds since the begin.
func TestRuns(t *testing.T) {
	second := time.Second
	for name, row := range map[string]struct {
		interval, timeout, takes time.Duration
		result                   notify.Result
		want                     []string // within 4.9 s
	}{
		"short": {2 * second, second, 100 * time.Millisecond, notify.Result{}, []string{
			"0 start", "100 succeeded", "2000 start", "2100 succeeded", "4000 start", "4100 succeeded"}},
		"longer than the interval": {2 * second, 10 * second, 2500 * time.Millisecond, notify.Result{ExitCode: 1}, []string{
			"0 start", "2000 skipped running", "2500 failed (exited with status 1)", "4000 start"}},
		"heeds the request": {3 * second, second, 1100 * time.Millisecond, notify.Result{ExitCode: -1, Signal: 15, TimedOut: true}, []string{
			"0 start", "1000 timed_out", "3000 start", "4000 timed_out"}},
		"does not heed it": {2 * second, second, 3500 * time.Millisecond, notify.Result{ExitCode: -1, Signal: 9, TimedOut: true}, []string{
			"0 start", "1000 timed_out", "2000 skipped requested termination", "2000 timed_out", "4000 start"}},
		"cannot be killed": {2 * second, second, 100 * second, notify.Result{}, []string{
			"0 start", "1000 timed_out", "2000 skipped requested termination", "2000 timed_out", "4000 skipped forcing termination", "4000 timed_out"}},
		"ends late": {3 * second / 2, 2 * second, 3500 * time.Millisecond, notify.Result{ExitCode: -1, Signal: 9, TimedOut: true}, []string{
			"0 start", "1500 skipped running", "2000 timed_out", "3000 skipped requested termination", "3000 timed_out", "4500 start"}},
		"ended by another": {3 * second, second, 0, notify.Result{ExitCode: -1, Signal: 11}, []string{
			"0 start", "0 failed (due to signal 11)", "3000 start", "3000 failed (due to signal 11)"}},
		"cannot be started": {3 * second, second, 0, notify.Result{Err: exec.ErrNotFound, ExitCode: -1}, []string{
			"0 start", "0 failed (executable file not found in $PATH)", "3000 start", "3000 failed (executable file not found in $PATH)"}},
		"too many processes": {3 * second, second, 0, notify.Result{Err: fmt.Errorf("fork: %w", unix.EAGAIN), ExitCode: -1}, []string{
			"0 start", "3000 start"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var got []string
				say := func(what string) { got = append(got, fmt.Sprint(time.Since(begin).Milliseconds(), " ", what)) }
				r := Run(Job{
					Interval: row.interval, Timeout: row.timeout,
					Start: func(_ time.Duration, until <-chan struct{}, done func(notify.Result)) {
						say("start")
						go func() {
							select {
							case <-until:
							case <-time.After(row.takes):
							}
							done(row.result)
						}()
					},
					Report:  func(o Outcome) { say(o.String()) },
					Skipped: func(p Phase) { say("skipped " + p.String()) },
				})
				time.Sleep(4900 * time.Millisecond)
				r.Close()
				synctest.Wait()
				if !slices.Equal(got, row.want) {
					t.Errorf("%q, want %q", got, row.want)
				}
			})
		})
	}
}

// TestRunsThatNeverEnd runs a script that nobody can end, whose timeout is as long as its interval, as it is without one
// of its own. It fails once at each turn that is left out, but at the turn of its timeout not twice, whichever of the two
// is heard first.
func TestRunsThatNeverEnd(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			s := NewScript(1, 3, Fresh)
			s.Apply(Outcome{})
			var failed, down []time.Duration
			r := Run(Job{
				Interval: time.Second, Timeout: time.Second,
				Start: func(time.Duration, <-chan struct{}, func(notify.Result)) {},
				Report: func(o Outcome) {
					failed = append(failed, time.Since(begin))
					if s.Apply(o).Decided {
						down = append(down, time.Since(begin))
					}
				},
				Skipped: func(Phase) {},
			})
			time.Sleep(4500 * time.Millisecond)
			r.Close()
			synctest.Wait()
			if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}; !slices.Equal(failed, want) {
				t.Errorf("it has failed after %v, want %v", failed, want)
			}
			if want := []time.Duration{3 * time.Second}; !slices.Equal(down, want) {
				t.Errorf("it is down after %v, want %v", down, want)
			}
		})
	}
}

func TestFollowing(t *testing.T) {
	at := time.Unix(1000, 0)
	for _, row := range []struct{ late, want time.Duration }{{0, 5}, {1, 5}, {4, 5}, {5, 10}, {11, 15}, {-1, 5}} {
		if got := following(at, 5*time.Second, at.Add(row.late*time.Second)).Sub(at); got != row.want*time.Second {
			t.Errorf("%d s late: %v, want %d s", row.late, got, row.want)
		}
	}
}
