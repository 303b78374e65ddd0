package fsm

import (
	"reflect"
	"testing"
	"time"
)

// TestPending has a machine wait for a script, in Fault as all that cannot run, and enter Fault once more when what was
// waited for has failed.
func TestPending(t *testing.T) {
	pending := FaultSet(0).With(FaultPending, true)
	failed := FaultSet(0).With(FaultTracker, true)
	for name, row := range map[string]struct {
		sets []FaultSet // the first one at Startup
		want []State    // what was entered, one after the other
	}{
		"it succeeds":                  {[]FaultSet{pending, 0}, []State{FaultState, Backup}},
		"it fails":                     {[]FaultSet{pending, failed, 0}, []State{FaultState, FaultState, Backup}},
		"another script fails":         {[]FaultSet{pending, pending | failed, failed, 0}, []State{FaultState, FaultState, Backup}},
		"two to wait for":              {[]FaultSet{pending, pending, 0}, []State{FaultState, Backup}},
		"it waits behind a failure":    {[]FaultSet{pending | failed, pending, 0}, []State{FaultState, Backup}},
		"a failure is followed by one": {[]FaultSet{failed, failed | FaultSet(0).With(FaultInterface, true)}, []State{FaultState}},
	} {
		m := New(Config{Version: 3, Priority: 100, AdvertInterval: time.Second, DownAdverts: 3, Preempt: true})
		now := time.Unix(1000, 0)
		var got []State
		note := func(actions []Action) {
			for _, a := range actions {
				if e, ok := a.(Entered); ok {
					got = append(got, e.State)
				}
			}
		}
		for i, set := range row.sets {
			note(m.Step(now, FaultsChanged{Faults: set}))
			if i == 0 {
				note(m.Step(now, Startup{}))
			}
			now = now.Add(time.Second)
		}
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: entered %v, want %v", name, got, row.want)
		}
	}
	if failed.Pending() || FaultSet(0).Pending() || (pending | failed).Pending() || !pending.Pending() {
		t.Error("only a set of nothing else is pending")
	}
}
