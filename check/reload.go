package check

import (
	"fmt"
	"slices"
	"time"

	"keepalived-go/config"
)

// Check tells whether a new configuration can be applied here and now; nothing is changed. It may be called from any
// goroutine.
func (e *Engine) Check(cfg config.Config) error {
	select {
	case <-e.stopped:
		return fmt.Errorf("checking the new configuration: check engine has stopped")
	default:
	}
	if len(cfg.VirtualServers) == 0 {
		return nil
	}
	if _, err := loadIdentity(cfg); err != nil {
		return fmt.Errorf("checking the new configuration: %w", err)
	}
	if _, err := e.kernel.Read(); err != nil {
		return fmt.Errorf("checking the new configuration: %w", err)
	}
	return nil
}

// Reload applies the difference between the running configuration and cfg. A virtual server that is the same in both
// sees nothing of it. It may be called from any goroutine.
func (e *Engine) Reload(cfg config.Config) error {
	var err error
	if stopped := e.do(func() { err = e.reload(time.Now(), cfg) }); stopped != nil {
		return stopped
	}
	return err
}

func (e *Engine) reload(now time.Time, cfg config.Config) error {
	identity, err := loadIdentity(cfg)
	if err != nil {
		return err
	}
	if err := e.watchLinks(cfg); err != nil {
		return err
	}
	e.opt.Config, e.identity = cfg, identity
	vs := e.build(cfg)
	former := e.virtuals
	e.virtuals = make(map[string]*virtual, len(vs))
	for _, v := range vs {
		e.virtuals[v.key] = v
	}
	for _, old := range e.order {
		if e.virtuals[old.key] == nil {
			e.remove(old)
		}
	}
	for _, v := range vs {
		if old := former[v.key]; old != nil {
			e.replace(v, old)
		} else {
			e.add(v)
		}
	}
	e.order = vs
	e.reread, e.exhaust = true, false
	e.activate(now, vs)
	e.sayIdle(cfg)
	return nil
}

// remove ends a virtual server that is not configured any more.
func (e *Engine) remove(v *virtual) {
	e.retire(v)
	e.perform(v, v.state.remove())
	v.removed = true
	e.worker.want(v.key, v.position, nil, false)
	e.gone = append(e.gone, Health{Key: v.key, Name: v.name, Removed: true})
}

// retire takes the tasks of a virtual server out.
func (e *Engine) retire(v *virtual) {
	v.cancelAll()
	v.each(func(t *task) { e.schedule.set(t, time.Time{}) })
}

// replace lets a virtual server go on under a new configuration.
func (e *Engine) replace(v, old *virtual) {
	old.removed = true
	e.sayGroup(v, old)
	e.perform(v, v.state.adopt(old.state))
	v.retable = true
	e.touch(v)
	e.equip(v)
	before := old.state.index()
	for i := range v.cfg.RealServers {
		k, ok := before[v.cfg.RealServers[i].Addr]
		if !ok {
			continue
		}
		for j, m := range pairCheckers(old.cfg.RealServers[k].Checkers, v.cfg.RealServers[i].Checkers) {
			if m >= 0 && v.tasks[i][j] != nil && old.tasks[k][m] != nil {
				e.inherit(v.tasks[i][j], old.tasks[k][m])
				old.tasks[k][m] = nil
			}
		}
	}
	e.retire(old)
	v.suspended, v.swapped = old.suspended, old.swapped
}

// inherit lets a checker that did not change go on: the check in flight counts, and the next one comes when it was
// due. A checker whose times changed begins anew.
func (e *Engine) inherit(t, old *task) {
	same := t.config().Timing == old.config().Timing
	due := old.due
	e.schedule.set(old, time.Time{})
	old.prober, t.broken, t.notices = nil, old.broken, old.notices
	switch {
	case old.inFlight:
		old.forward = t
		t.inFlight, t.cancel = true, old.cancel
	case same && old.waiting:
		e.schedule.set(t, time.Now())
		old.gone = true
	case same:
		e.schedule.set(t, due)
		old.gone = true
	default:
		old.gone = true
	}
}

// sayGroup says which entries of its group a virtual server has got and lost.
func (e *Engine) sayGroup(v, old *virtual) {
	before, after := old.serves.entries(), v.serves.entries()
	for _, n := range before {
		if !slices.Contains(after, n) {
			e.log.Infof("VS [%s] in group %s no longer exists", n, old.cfg.Group)
		}
	}
	for _, n := range after {
		if !slices.Contains(before, n) {
			e.log.Infof("VS [%s] added into group %s", n, v.cfg.Group)
		}
	}
}
