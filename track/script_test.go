package track

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestScript runs scripts through sequences of outcomes: a digit is an exit status, S a signal, T a timeout, R a
// refusal. What follows each is the condition, in capitals when it was decided by that outcome.
func TestScript(t *testing.T) {
	outcomes := map[rune]Outcome{'S': {Kind: Signaled, Code: 9}, 'T': {Kind: TimedOut}, 'R': {Kind: Refused, Err: errors.New("no file")}}
	for name, row := range map[string]struct {
		rise, fall int
		start      Start
		runs, want string
	}{
		"up at once":                     {1, 1, Fresh, "000", "UP up up"},
		"down at once":                   {1, 1, Fresh, "111", "DOWN down down"},
		"one success is enough at first": {3, 1, Fresh, "00", "UP up"},
		"one failure is enough at first": {1, 3, Fresh, "10", "DOWN UP"},
		"rise":                           {3, 1, Fresh, "1000", "DOWN down down UP"},
		"rise is interrupted":            {3, 1, Fresh, "1001000", "DOWN down down down down down UP"},
		"fall":                           {1, 3, Fresh, "0111", "UP up up DOWN"},
		"fall is interrupted":            {1, 3, Fresh, "0110111", "UP up up up up up DOWN"},
		"both":                           {2, 2, Fresh, "0110100", "UP up DOWN down down down UP"},
		"init_fail":                      {2, 1, Failed, "00", "down UP"},
		"init_fail stays down":           {1, 1, Failed, "11", "down down"},
		"added":                          {2, 2, Added, "01", "UP up"},
		"added and failing":              {2, 2, Added, "1", "DOWN"},
		"signal":                         {1, 1, Fresh, "0S", "UP DOWN"},
		"timeout":                        {1, 1, Fresh, "0T0", "UP DOWN UP"},
		"refusal":                        {1, 1, Fresh, "R0", "DOWN UP"},
	} {
		s := NewScript(row.rise, row.fall, row.start)
		var got []string
		for _, c := range row.runs {
			o, ok := outcomes[c]
			if !ok {
				o = Outcome{Code: int(c - '0')}
			}
			v, word := s.Apply(o), s.Condition().String()
			if v.Decided {
				word = strings.ToUpper(word)
			}
			got = append(got, word)
		}
		if g := strings.Join(got, " "); g != row.want {
			t.Errorf("%s: %s, want %s", name, g, row.want)
		}
		if s.Good() != (s.Condition() == Up) || s.Start() != Settled {
			t.Errorf("%s: good %v, start %d", name, s.Good(), s.Start())
		}
	}
}

func TestScriptStart(t *testing.T) {
	for start, want := range map[Start]Condition{Fresh: Unknown, Added: Waived, Failed: Down} {
		if s := NewScript(2, 3, start); s.Condition() != want || s.Good() {
			t.Errorf("start %d: %v, result %d", start, s.Condition(), s.Result())
		}
	}
}

// The exit status is news when it differs from that of the last run that exited; at the start that is 0.
func TestScriptStatus(t *testing.T) {
	s := NewScript(1, 1, Fresh)
	var got []bool
	for _, o := range []Outcome{{Code: 0}, {Code: 1}, {Code: 1}, {Kind: TimedOut}, {Code: 1}, {Code: 2}, {Code: 0}} {
		got = append(got, s.Apply(o).NewStatus)
	}
	if fmt.Sprint(got) != "[false true false false false true true]" {
		t.Error(got)
	}
}

func TestOutcomeWords(t *testing.T) {
	for want, o := range map[string]Outcome{
		"succeeded": {}, "failed (exited with status 3)": {Code: 3}, "failed (due to signal 15)": {Kind: Signaled, Code: 15},
		"timed_out": {Kind: TimedOut}, "failed (no file)": {Kind: Refused, Err: errors.New("no file")},
	} {
		if o.String() != want || o.Succeeded() != (want == "succeeded") {
			t.Errorf("%s, want %s", o, want)
		}
	}
}

// A reload with other counts keeps how far a script is from the change.
func TestScriptReloaded(t *testing.T) {
	made := func(rise, fall int, runs string) Script {
		s := NewScript(rise, fall, Fresh)
		for _, c := range runs {
			s.Apply(Outcome{Code: int(c - '0')})
		}
		return s
	}
	for name, row := range map[string]struct {
		before     Script
		rise, fall int
		result     int
		condition  Condition
	}{
		"all is the same":      {made(3, 3, "01"), 3, 3, 4, Up},
		"up":                   {made(1, 1, "0"), 2, 5, 6, Up},
		"up, with one failure": {made(1, 3, "01"), 1, 5, 2, Up},
		"up, fall is shorter":  {made(1, 5, "01"), 1, 2, 2, Up},
		"down":                 {made(1, 1, "1"), 4, 4, 0, Down},
		"on its way up":        {made(4, 1, "100"), 3, 1, 1, Down},
		"as far as it can":     {made(4, 1, "10"), 2, 1, 0, Down},
		"no result yet":        {NewScript(1, 1, Fresh), 3, 3, 2, Unknown},
		"added before":         {NewScript(1, 1, Added), 3, 3, 2, Waived},
		"init_fail":            {NewScript(1, 1, Failed), 3, 3, 0, Down},
	} {
		if got := row.before.Reloaded(row.rise, row.fall); got.Result() != row.result || got.Condition() != row.condition {
			t.Errorf("%s: result %d, %v, want %d, %v", name, got.Result(), got.Condition(), row.result, row.condition)
		}
	}
}
