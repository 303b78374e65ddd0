package daemon

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"keepalived-go/check"
	"keepalived-go/config"
	"keepalived-go/parser"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/fsm"
)

func TestTakeOverdue(t *testing.T) {
	second := int64(time.Second)
	at := func(state fsm.State, last int64, down time.Duration) vrrp.InstanceState {
		return vrrp.InstanceState{State: state, LastAdvert: last, MasterDown: down}
	}
	rows := []struct {
		name    string
		known   map[string]vrrp.InstanceState
		overdue []string
		next    time.Duration
	}{
		{"nothing is known", nil, nil, 0},
		{"a backup counts from the death", map[string]vrrp.InstanceState{"a": at(fsm.Backup, 1, 3*time.Second)}, nil, 2 * time.Second},
		{"a backup's time is over", map[string]vrrp.InstanceState{"a": at(fsm.Backup, 1, time.Second)}, []string{"a"}, 0},
		{"a master has time left", map[string]vrrp.InstanceState{"a": at(fsm.Master, 99*second, 4*time.Second)}, nil, 3 * time.Second},
		{"a master's time is over", map[string]vrrp.InstanceState{"a": at(fsm.Master, 96*second, 4*time.Second)}, []string{"a"}, 0},
		{"a master that never sent", map[string]vrrp.InstanceState{"a": at(fsm.Master, 0, 4*time.Second)}, []string{"a"}, 0},
		{
			"each has its own time",
			map[string]vrrp.InstanceState{
				"a": at(fsm.Master, 99*second, time.Second/2), "b": at(fsm.Master, 99*second, 3*time.Second), "c": at(fsm.Master, 98*second, 10*time.Second),
			},
			[]string{"a"},
			2 * time.Second,
		},
	}
	for _, row := range rows {
		before := len(row.known)
		overdue, next := takeOverdue(row.known, 99*second, 100*second)
		if got := slices.Sorted(maps.Keys(overdue)); !slices.Equal(got, row.overdue) || next != row.next {
			t.Errorf("%s: %v and %v, want %v and %v", row.name, got, next, row.overdue, row.next)
		}
		if len(row.known)+len(overdue) != before {
			t.Errorf("%s: %d are left", row.name, len(row.known))
		}
	}
}

// What a checker child may have written in the midst of a reload is in what its successor gets, and in no other case.
func TestLegacyOfAnUnfinishedReload(t *testing.T) {
	next := configuration{config: config.Config{VirtualServers: []config.VirtualServer{{Mark: 7, Family: 4}}}}
	for name, row := range map[string]struct {
		reload *pendingReload
		want   int
	}{
		"no reload":     {nil, 1},
		"being judged":  {&pendingReload{next: next}, 1},
		"being applied": {&pendingReload{next: next, applying: true}, 2},
	} {
		p := &parent{reload: row.reload, health: map[string]check.Health{"mark/4/5": {Key: "mark/4/5", Serves: check.Serves{Mark: 5}}}}
		p.checkerDied()
		f, err := sealedJSON("test", p.healthLegacy())
		if err != nil {
			t.Fatal(err)
		}
		var known map[string]check.Health
		if err := loadJSON(f, &known); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		marks := 0
		for _, h := range known {
			marks += int(h.Serves.Mark)
		}
		if len(known) != row.want || marks != 5+7*(row.want-1) || len(p.health) != 1 {
			t.Errorf("%s: %+v", name, known)
		}
		checker := &supervised{post: &post{}}
		p.vrrp, p.posts = &post{}, nil
		p.announced = true
		p.heard(checker, message{Kind: kindReady})
		if len(p.unreported) != 0 {
			t.Errorf("%s: it is kept after the successor runs", name)
		}
	}
}

func TestRecentDeaths(t *testing.T) {
	start := time.Unix(1000, 0)
	var deaths []time.Time
	for i := range 5 {
		deaths = recent(deaths, start.Add(time.Duration(i)*time.Second))
	}
	if len(deaths) != 5 {
		t.Errorf("%d deaths within the window", len(deaths))
	}
	if deaths = recent(deaths, start.Add(crashWindow+2*time.Second)); len(deaths) != 3 {
		t.Errorf("%d deaths, want 3: those of seconds 3, 4 and now", len(deaths))
	}
}

func TestExitStatus(t *testing.T) {
	rows := []struct {
		statuses []parser.Status
		want     int
	}{
		{nil, 0},
		{[]parser.Status{parser.StatusOK}, 0},
		{[]parser.Status{parser.StatusFatal, parser.StatusOK}, 4},
		{[]parser.Status{parser.StatusFatal, parser.StatusConfig}, 5},
		{[]parser.Status{parser.StatusSecurity, parser.StatusConfig}, 6},
		{[]parser.Status{parser.StatusSecurity, parser.StatusMissing}, 2},
	}
	for _, row := range rows {
		var diagnostics []parser.Diagnostic
		for _, s := range row.statuses {
			diagnostics = append(diagnostics, parser.Diagnostic{Status: s})
		}
		if got := exitStatus(diagnostics); got != row.want {
			t.Errorf("%v: %d, want %d", row.statuses, got, row.want)
		}
	}
}

func TestPermanentFailureEndsTheDaemon(t *testing.T) {
	for _, code := range []int{exitConfig, exitFatal} {
		p := newParent(Options{Console: true, NoSyslog: true}, heritage{})
		child := &supervised{spawned: &spawned{process: &os.Process{Pid: 1}}, post: p.vrrp}
		p.heard(child, message{Kind: kindFailed, Code: code, Error: "cannot"})
		p.permanentFailure(child)
		if !p.stopping || p.exitCode != code {
			t.Errorf("code %d: stopping %v, exit code %d", code, p.stopping, p.exitCode)
		}
	}
}

// TestStopBesideChild has the daemon told to stop just when a child, which was told before it, would be started again.
func TestStopBesideChild(t *testing.T) {
	var said bytes.Buffer
	p := &parent{log: newLog(Options{NoSyslog: true}, roleParent), work: make(chan func(), 1)}
	p.log.Logger.SetOutput(&said)
	place := &post{title: "VRRP", role: roleVRRP}
	p.vrrp = place
	p.replace(&supervised{spawned: &spawned{process: &os.Process{Pid: 1}}, post: place}, nil, true)
	var again func()
	select {
	case again = <-p.work:
	case <-time.After(testPatience):
		t.Fatal("nothing comes after the pause")
	}
	p.stopping = true
	again()
	if place.child != nil || said.Len() > 0 {
		t.Errorf("it says %q", said.String())
	}
}
