package vrrp

import (
	"maps"
	"slices"

	"keepalived-go/config"
)

// Promoter sets whether an interface keeps its secondary addresses. *netif.Handle is one.
type Promoter interface {
	PromoteSecondaries(dev string, on bool) (was bool, err error)
}

// promote has the interfaces of instances keep their secondary addresses where that is asked for, and puts the setting back
// where it is not any more. It is done while a configuration comes into force, which is no time of adverts.
func (e *Engine) promote(cfg config.Config) {
	if e.opt.Promoter == nil {
		return
	}
	wanted := map[string]bool{}
	for i := range cfg.Instances {
		if in := &cfg.Instances[i]; in.PromoteSecondaries && in.Interface != "" {
			wanted[in.Interface] = true
		}
	}
	for _, dev := range slices.Sorted(maps.Keys(wanted)) {
		if _, done := e.promoted[dev]; done {
			continue
		}
		was, err := e.opt.Promoter.PromoteSecondaries(dev, true)
		if err != nil {
			e.log.Errorf("%v", err)
			continue
		}
		e.promoted[dev] = was && !e.inheritedPromotion(dev)
	}
	for dev, was := range e.promoted {
		if wanted[dev] {
			continue
		}
		delete(e.promoted, dev)
		if was {
			continue
		}
		if _, err := e.opt.Promoter.PromoteSecondaries(dev, false); err != nil && e.links.ByName[dev].Index != 0 {
			e.log.Errorf("%v", err)
		}
	}
}

// inheritedPromotion tells whether it was a former process that has changed the setting of an interface.
func (e *Engine) inheritedPromotion(dev string) bool {
	for _, s := range e.opt.Resume {
		if s.Interface == dev && s.Promoted {
			return true
		}
	}
	return false
}

// changedPromotion tells whether the setting of r's interface is another one than before this daemon.
func (e *Engine) changedPromotion(r *router) bool {
	was, done := e.promoted[r.cfg.Interface]
	return r.cfg.PromoteSecondaries && done && !was
}
