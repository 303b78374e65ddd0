package vrrp

import (
	"errors"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// Promoter sets whether an interface keeps its secondary addresses. *netif.Handle is one.
type Promoter interface {
	PromoteSecondaries(dev string, on bool) (was bool, err error)
}

// promoteKey is the job of the setting, and how it is called in the log.
const promoteKey = "promote_secondaries"

// promotion is an interface that is to keep its secondary addresses.
type promotion struct {
	index int  // of the interface that has the name; 0: none, or not known
	was   bool // how it was before, where that is known
}

// promote has the interfaces of instances keep their secondary addresses where that is asked for, and the setting put back
// where it is not any more. The kernel worker does it.
func (e *Engine) promote(cfg config.Config) {
	if e.opt.Promoter == nil {
		return
	}
	e.promoting = e.promotions(cfg)
	e.worker.promote(e.promoting)
}

// promoteAgain does it for interfaces that have gone and come back: those begin with the kernel's default.
func (e *Engine) promoteAgain() {
	if e.opt.Promoter != nil && !maps.Equal(e.promoting, e.promotions(e.opt.Config)) {
		e.promote(e.opt.Config)
	}
}

// promotions are the interfaces that a configuration asks it for, by name.
func (e *Engine) promotions(cfg config.Config) map[string]promotion {
	wanted := map[string]promotion{}
	for i := range cfg.Instances {
		if in := &cfg.Instances[i]; in.PromoteSecondaries && in.Interface != "" {
			wanted[in.Interface] = promotion{index: e.links.ByName[in.Interface].Index}
		}
	}
	return wanted
}

// inheritedPromotions are the interfaces whose setting a former process has changed.
func inheritedPromotions(resume map[string]InstanceState) map[string]promotion {
	inherited := map[string]promotion{}
	for _, s := range resume {
		if s.Promoted {
			inherited[s.Interface] = promotion{}
		}
	}
	return inherited
}

// changedPromotion tells whether the setting of r's interface is another one than before this daemon.
func (e *Engine) changedPromotion(r *router) bool {
	was, done := e.promoted[r.cfg.Interface]
	return r.cfg.PromoteSecondaries && done && !was
}

// promote makes wanted the interfaces that keep their secondary addresses.
func (w *kernelWorker) promote(wanted map[string]promotion) {
	w.stage(promoteKey, promoteKey, func(j *job) { j.promote = wanted })
}

// workPromotions sets what is not set yet, puts back what is not wanted any more unless it was so before, and tells the
// engine.
func (w *kernelWorker) workPromotions(j job) {
	if j.promote == nil {
		return
	}
	var errs []error
	for _, dev := range slices.Sorted(maps.Keys(j.promote)) {
		p := j.promote[dev]
		before, done := w.promoted[dev]
		if p.index == 0 || done && before.index == p.index {
			continue
		}
		was, err := w.promoter.PromoteSecondaries(dev, true)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.was = was && (!done || before.index != 0)
		w.promoted[dev] = p
	}
	for _, dev := range slices.Sorted(maps.Keys(w.promoted)) {
		if _, wanted := j.promote[dev]; wanted {
			continue
		}
		was := w.promoted[dev].was
		delete(w.promoted, dev)
		if was {
			continue
		}
		if _, err := w.promoter.PromoteSecondaries(dev, false); err != nil && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, err)
		}
	}
	w.results <- result{key: j.key, name: j.name, err: errors.Join(errs...), promoted: formerPromotions(w.promoted)}
}

// formerPromotions tell how the setting of each interface was before.
func formerPromotions(list map[string]promotion) map[string]bool {
	former := map[string]bool{}
	for dev, p := range list {
		former[dev] = p.was
	}
	return former
}

// applyPromotions takes what the kernel worker has done.
func (e *Engine) applyPromotions(r result) {
	e.promoted, e.changes = r.promoted, true
	if r.err != nil {
		e.log.Errorf("%v", r.err)
	}
}
