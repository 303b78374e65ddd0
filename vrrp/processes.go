package vrrp

import (
	"reflect"
	"time"

	"keepalived-go/config"
	"keepalived-go/track"
)

// trackedProcesses are the processes that instances or groups track. Only the engine's goroutine touches them.
type trackedProcesses struct {
	order   []config.TrackProcess // of the configuration
	monitor config.SocketBuffer
	status  map[string]track.ProcessStatus // by name
	watcher *track.Processes               // nil without any
}

func (t *trackedProcesses) close() {
	if t.watcher != nil {
		t.watcher.Close()
	}
}

func (t *trackedProcesses) condition(name string) track.Condition {
	switch s, ok := t.status[name]; {
	case !ok:
		return track.Waived
	case s.Have:
		return track.Up
	}
	return track.Down
}

func (t *trackedProcesses) view() []ProcessView {
	views := make([]ProcessView, 0, len(t.order))
	for _, c := range t.order {
		views = append(views, ProcessView{Config: c, Status: t.status[c.Name]})
	}
	return views
}

// trackProcesses counts the tracked processes of a (new) configuration, and knows how many there are when it returns.
// Where nothing has changed the counting goes on, so that no delay begins anew.
func (e *Engine) trackProcesses(cfg config.Config) {
	used := used(cfg, func(by trackLists) []config.Track { return by.processes })
	processes := &trackedProcesses{monitor: cfg.Global.ProcessMonitor, status: map[string]track.ProcessStatus{}}
	var wanted []track.Process
	for _, c := range cfg.TrackProcesses {
		if used[c.Name] {
			used[c.Name] = false // the first one of a name is the one that is tracked
			processes.order = append(processes.order, c)
			wanted = append(wanted, trackedProcess(c))
		}
	}
	if processes.monitor == e.processes.monitor && reflect.DeepEqual(processes.order, e.processes.order) {
		return
	}
	e.processes.close()
	e.processes = processes
	if len(wanted) == 0 {
		return
	}
	options := track.ProcessOptions{Buffer: processes.monitor.Size, Force: processes.monitor.Force}
	w, first := track.WatchProcesses(options, wanted, func(s track.ProcessStatus) {
		_ = e.do(func() {
			if e.processes == processes { // no reload has taken them away
				e.processChanged(time.Now(), s)
			}
		})
	})
	processes.watcher = w
	for _, s := range first {
		processes.status[s.Name] = s
	}
}

func trackedProcess(c config.TrackProcess) track.Process {
	match := map[config.ParamMatch]track.ParamMatch{
		config.MatchNone: track.AnyParams, config.MatchExact: track.ExactParams,
		config.MatchPartial: track.PartialParams, config.MatchInitial: track.InitialParams,
	}
	return track.Process{
		Name: c.Name, Command: c.Command[0], Params: c.Command[1:], FullCommand: c.FullCommand, Match: match[c.ParamMatch],
		Quorum: c.Quorum, QuorumMax: c.QuorumMax, ForkDelay: c.ForkDelay, TerminateDelay: c.TerminateDelay,
	}
}

// processChanged tells the instances that track a process whether there are enough of it now.
func (e *Engine) processChanged(now time.Time, s track.ProcessStatus) {
	had := e.processes.status[s.Name].Have
	e.processes.status[s.Name] = s
	if s.Have == had {
		return
	}
	word := "lost"
	if s.Have {
		word = "gained"
	}
	e.log.Infof("Quorum %s for tracked process %s", word, s.Name)
	e.applyTracked(now)
}
