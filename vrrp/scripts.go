package vrrp

import (
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/notify"
	"keepalived-go/track"
)

// trackedScripts are the scripts that instances or groups track. Only the engine's goroutine touches them.
type trackedScripts struct {
	byName map[string]*trackedScript
	order  []*trackedScript // of the configuration
}

// trackedScript is one vrrp_script with how it is.
type trackedScript struct {
	cfg   config.TrackScript
	state track.Script
	runs  *track.Runs // nil without somebody to run it
}

func (t *trackedScripts) condition(name string) track.Condition {
	if s := t.byName[name]; s != nil {
		return s.state.Condition()
	}
	return track.Waived
}

func (t *trackedScripts) close() {
	for _, s := range t.order {
		s.close()
	}
}

func (t *trackedScripts) view() []ScriptView {
	views := make([]ScriptView, 0, len(t.order))
	for _, s := range t.order {
		v := ScriptView{Config: s.cfg, State: s.state}
		if s.runs != nil {
			v.Phase = s.runs.Phase()
		}
		views = append(views, v)
	}
	return views
}

func (s *trackedScript) close() {
	if s.runs != nil {
		s.runs.Close()
	}
}

// trackScripts takes over the tracked scripts of a (new) configuration. One that stays keeps its state.
func (e *Engine) trackScripts(cfg config.Config, reload bool) {
	old := e.scripts
	e.scripts = trackedScripts{byName: map[string]*trackedScript{}}
	used := used(cfg, func(by trackLists) []config.Track { return by.scripts })
	for i := range cfg.Scripts {
		c := cfg.Scripts[i]
		if !used[c.Name] || e.scripts.byName[c.Name] != nil {
			continue
		}
		s := e.trackScript(old.byName[c.Name], c, reload)
		e.scripts.byName[c.Name] = s
		e.scripts.order = append(e.scripts.order, s)
	}
	for name, s := range old.byName {
		if e.scripts.byName[name] != s {
			s.close()
		}
	}
}

// trackScript is a script of a new configuration. old is the one of that name that has run until now, or nil. A script
// is the same as long as its command and its user are.
func (e *Engine) trackScript(old *trackedScript, cfg config.TrackScript, reload bool) *trackedScript {
	same := old != nil && sameCommand(old.cfg.Script, cfg.Script)
	s := &trackedScript{cfg: cfg}
	switch {
	case same && old.cfg.Interval == cfg.Interval && old.cfg.Timeout == cfg.Timeout:
		s = old // it goes on running
		s.state, s.cfg = old.state.Reloaded(cfg.Rise, cfg.Fall), cfg
	case same:
		s.state = old.state.Reloaded(cfg.Rise, cfg.Fall)
	case cfg.InitFail:
		s.state = track.NewScript(cfg.Rise, cfg.Fall, track.Failed)
	case reload:
		s.state = track.NewScript(cfg.Rise, cfg.Fall, track.Added)
	default:
		s.state = track.NewScript(cfg.Rise, cfg.Fall, track.Fresh)
	}
	if same && s.state.Start() == track.Settled {
		word := "unsuccessful"
		if s.state.Good() {
			word = "successful"
		}
		e.log.Infof("VRRP_Script(%s) considered %s on reload", cfg.Name, word)
	}
	if s != old {
		e.runScript(s)
	}
	return s
}

func sameCommand(a, b config.Script) bool {
	return slices.Equal(a.Argv, b.Argv) && a.User == b.User && a.Group == b.Group
}

// runScript begins to run a script. Its outcomes come to the engine as commands, which wait there for their turn.
func (e *Engine) runScript(s *trackedScript) {
	if e.opt.Tracked == nil {
		return
	}
	cfg := s.cfg
	timeout := cfg.Timeout
	if timeout == 0 {
		timeout = cfg.Interval
	}
	s.runs = track.Run(track.Job{
		Interval: cfg.Interval, Timeout: timeout,
		Start: func(timeout time.Duration, until <-chan struct{}, done func(notify.Result)) {
			e.opt.Tracked.Run(cfg.Script, "vrrp_script "+cfg.Name, timeout, until, done)
		},
		Report: func(o track.Outcome) { _ = e.do(func() { e.scriptEnded(time.Now(), s, o) }) },
		Skipped: func(p track.Phase) {
			is := "being timed out"
			if p == track.Busy {
				is = "already running"
			}
			e.log.Infof("Track script %s is %s, expect idle - skipping run", cfg.Name, is)
		},
	})
}

// scriptEnded takes the outcome of a run.
func (e *Engine) scriptEnded(now time.Time, s *trackedScript, o track.Outcome) {
	if e.scripts.byName[s.cfg.Name] != s {
		return // a reload has taken it away
	}
	v := s.state.Apply(o)
	if v.NewStatus {
		e.log.Infof("Script `%s` now returning %d", s.cfg.Name, o.Code)
	}
	if v.Decided {
		e.log.Infof("VRRP_Script(%s) %s", s.cfg.Name, o)
		e.applyTracked(now)
	}
}
