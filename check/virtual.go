package check

import (
	"time"

	"keepalived-go/config"
)

// virtual is one virtual_server that runs. Only the engine's goroutine touches it.
type virtual struct {
	identity
	cfg      *config.VirtualServer
	serves   Serves
	position int
	state    *service
	tasks    [][]*task // by server and checker; nil where nothing makes the check

	suspended bool // ha_suspend, and the address is not here
	removed   bool // by a reload
	queued    bool // in Engine.changed
	retable   bool // the wanted table is another one
	swapped   bool // the sorry server serves in the kernel's table
	whole     bool // all of it is to be reported
	servers   map[int]struct{}
	quorum    bool // as reported
	sorry     bool
}

// build makes the virtual servers of a configuration, before anything happened to them.
func (e *Engine) build(cfg config.Config) []*virtual {
	groups := groupsOf(cfg)
	ids := identify(cfg.VirtualServers)
	r := rulesOf(cfg.Global)
	out := make([]*virtual, len(ids))
	for i := range ids {
		vs := &cfg.VirtualServers[i]
		out[i] = &virtual{
			identity: ids[i], cfg: vs, serves: servesOf(vs, groups[vs.Group]), position: i, whole: true,
			state:   newService(vs, ids[i].name, r, e.makes),
			servers: map[int]struct{}{},
		}
	}
	return out
}

// groupsOf finds groups by their names; of those with the same name the first one counts.
func groupsOf(cfg config.Config) map[string]*config.VirtualServerGroup {
	groups := map[string]*config.VirtualServerGroup{}
	for i := range cfg.VirtualServerGroups {
		if g := &cfg.VirtualServerGroups[i]; groups[g.Name] == nil {
			groups[g.Name] = g
		}
	}
	return groups
}

// makes tells whether there is a prober for a kind of check.
func (e *Engine) makes(k config.CheckKind) bool { return e.opt.Probers[k] != nil }

// add lets a virtual server begin: fresh, or as a former process left it.
func (e *Engine) add(v *virtual) {
	e.virtuals[v.key] = v
	e.equip(v)
	if h, ok := e.opt.Resume[v.key]; ok {
		e.perform(v, v.state.resume(h))
	} else {
		e.perform(v, v.state.start())
	}
	v.retable = true
	e.touch(v)
}

// equip makes the tasks of a virtual server.
func (e *Engine) equip(v *virtual) {
	v.tasks = make([][]*task, len(v.cfg.RealServers))
	for i := range v.cfg.RealServers {
		checkers := v.cfg.RealServers[i].Checkers
		v.tasks[i] = make([]*task, len(checkers))
		for j := range checkers {
			if e.makes(checkers[j].Kind) {
				v.tasks[i][j] = e.newTask(v, i, j)
			}
		}
	}
}

// newTask makes one checker. One that cannot be made says so and is tried as any other: its checks are broken.
func (e *Engine) newTask(v *virtual, i, j int) *task {
	rs := &v.cfg.RealServers[i]
	c := &rs.Checkers[j]
	p, err := e.opt.Probers[c.Kind](Target{Checker: c, Server: rs, Service: v.cfg, Identity: e.identity, Dialer: e.opt.Dialer})
	if err != nil {
		p = impossible{err}
	}
	return &task{prober: p, vs: v, server: i, checker: j}
}

// each calls f for every task.
func (v *virtual) each(f func(*task)) {
	for _, list := range v.tasks {
		for _, t := range list {
			if t != nil {
				f(t)
			}
		}
	}
}

// cancelAll ends the checks that are in flight.
func (v *virtual) cancelAll() {
	v.each(func(t *task) {
		t.gone = true
		if t.cancel != nil {
			t.cancel()
		}
	})
}

// activate schedules the tasks that are not scheduled, and says so of those that have something to find out yet.
func (e *Engine) activate(now time.Time, vs []*virtual) {
	for _, v := range vs {
		before := v.suspended
		v.suspended = e.suspense.rests(v)
		v.each(func(t *task) {
			fresh := t.due.IsZero() && !t.inFlight && !t.waiting
			if v.suspended && (fresh || !before) {
				e.sayActive(v, t, "Deactivating")
			} else if !v.suspended && (before || fresh && !v.state.servers[t.server].checkers[t.checker].ran) {
				e.sayActive(v, t, "Activating")
			}
			if fresh {
				e.schedule.set(t, first(now, t.config().Timing.Warmup, e.opt.Random))
			}
		})
	}
}

func (e *Engine) sayActive(v *virtual, t *task, word string) {
	e.log.Infof("%s healthchecker for service %s for VS %s", word, v.state.serverName(t.server), v.name)
}

// sayIdle says once for each kind of check that nothing makes it.
func (e *Engine) sayIdle(cfg config.Config) {
	counts := map[config.CheckKind]int{}
	for i := range cfg.VirtualServers {
		for j := range cfg.VirtualServers[i].RealServers {
			for _, c := range cfg.VirtualServers[i].RealServers[j].Checkers {
				if !e.makes(c.Kind) {
					counts[c.Kind]++
				}
			}
		}
	}
	for k := config.CheckTCP; k <= config.CheckBFD; k++ {
		if n := counts[k]; n > 0 {
			e.log.Warnf("%s has no effect yet: %d of them count as passed", k, n)
		}
	}
}

// touch notes that a virtual server is to be looked at after this turn.
func (e *Engine) touch(v *virtual) {
	if !v.queued {
		v.queued = true
		e.changed = append(e.changed, v)
	}
}

// perform carries out what the state of a virtual server asks for. Lines are written at once; scripts and mails
// follow the kernel's table.
func (e *Engine) perform(v *virtual, actions []action) {
	for _, a := range actions {
		switch a := a.(type) {
		case say:
			e.log.Info(a.text)
		case tell, post:
			e.worker.note(v.key, a)
		case retable:
			v.retable = true
			e.touch(v)
		}
	}
}
