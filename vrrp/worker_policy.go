package vrrp

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
)

// policy is what an instance puts into the kernel beside its addresses: routes first, then the rules that may lead to
// them.
type policy struct {
	routes []config.Route
	rules  []config.Rule
}

func (p policy) empty() bool { return len(p.routes)+len(p.rules) == 0 }

// less is p without what keep has.
func (p policy) less(keep policy) policy {
	routes, _ := config.DiffRoutes(p.routes, keep.routes)
	rules, _ := config.DiffRules(p.rules, keep.rules)
	return policy{routes, rules}
}

func (p policy) with(more policy) policy {
	return policy{slices.Concat(p.routes, more.routes), slices.Concat(p.rules, more.rules)}
}

// tracked is p without what may be taken away by others (no_track).
func (p policy) tracked() policy {
	return policy{
		slices.DeleteFunc(slices.Clone(p.routes), func(r config.Route) bool { return r.NoTrack }),
		slices.DeleteFunc(slices.Clone(p.rules), func(r config.Rule) bool { return r.NoTrack }),
	}
}

// policyWork is the part of a job that is about routes and rules.
type policyWork struct {
	assert     bool   // want and drop are to be applied
	known      bool   // want may be there already: a former process has put it there
	want, drop policy // to be there, and to be gone
	again      policy // to be put back where it is missing
}

// wantPolicy makes want the routes and rules of the instance, after its addresses, and drop those that must be gone, before
// its addresses go. known tells that a former process may have put them there.
func (w *kernelWorker) wantPolicy(key, name string, want, drop policy, known bool) {
	if w.routes == nil || want.empty() && drop.empty() {
		return
	}
	w.stage(key, name, func(j *job) {
		p := &j.policy
		p.drop = p.drop.with(drop)
		if p.assert {
			p.drop = p.drop.with(p.want)
		}
		p.drop, p.want, p.again, p.assert, p.known = p.drop.less(want), want, policy{}, true, known
		w.holdPolicy(key, want)
	})
}

// putBack has what others have taken away put back.
func (w *kernelWorker) putBack(key, name string, p policy) {
	if w.routes == nil || p.empty() {
		return
	}
	w.stage(key, name, func(j *job) { j.policy.again = p })
}

// holdPolicy notes what an instance wants now. The caller has the lock.
func (w *kernelWorker) holdPolicy(key string, want policy) {
	var keys []string
	for _, r := range want.routes {
		keys = append(keys, routeKey(r))
	}
	for _, r := range want.rules {
		keys = append(keys, ruleKey(r))
	}
	w.texts.set(key, keys)
}

// routeKey says what makes a route the same to the kernel: two instances may differ in what is said of it to this daemon.
func routeKey(r config.Route) string {
	k := KernelRoute(r)
	k.Placement = 0
	return fmt.Sprintf("route %+v", k)
}

// ruleKey is routeKey of a rule.
func ruleKey(r config.Rule) string { return fmt.Sprintf("rule %+v", KernelRule(r)) }

// heldElsewhere tells whether another instance wants what this one gives up.
func (w *kernelWorker) heldElsewhere(key, what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.texts.elsewhere(key, what)
}

// dropPolicy takes rules and routes away, in the opposite order of their coming.
func (w *kernelWorker) dropPolicy(j job) {
	for _, r := range slices.Backward(j.policy.drop.rules) {
		if !w.heldElsewhere(j.key, ruleKey(r)) {
			w.failed(j, "removing", "", w.routes.DeleteRule(KernelRule(r)))
		}
	}
	for _, r := range slices.Backward(j.policy.drop.routes) {
		if !w.heldElsewhere(j.key, routeKey(r)) {
			w.failed(j, "removing", "", w.routes.DeleteRoute(KernelRoute(r)))
		}
	}
}

// addPolicy puts routes and rules on, and back where they are missing.
func (w *kernelWorker) addPolicy(j job) {
	if w.policySuperseded(j.key) {
		return
	}
	add := func(doing string, p policy, known bool) {
		for _, r := range p.routes {
			err := w.routes.AddRoute(KernelRoute(r))
			if known && errors.Is(err, unix.EEXIST) {
				err = nil // with the placement add
			}
			w.failed(j, doing, routeKey(r), err)
		}
		for _, r := range p.rules {
			w.failed(j, doing, ruleKey(r), w.routes.AddRule(KernelRule(r)))
		}
	}
	add("adding", j.policy.want, j.policy.known)
	add("putting back", j.policy.again, true)
}

// failed tells of an error. What cannot be put where it belongs for the static objects is remembered by its text, and told
// once.
func (w *kernelWorker) failed(j job, doing, text string, err error) {
	known := w.staticLost[text]
	if j.key == staticKey && text != "" {
		if delete(w.staticLost, text); err != nil {
			w.staticLost[text] = true
		}
	}
	if err != nil && !known {
		w.fail(j, fmt.Errorf("%s %w", doing, err))
	}
}

// tellStatic tells the engine which static objects are not where they belong. Those that a reload has removed are lost to
// nobody.
func (w *kernelWorker) tellStatic(j job) {
	if j.key != staticKey {
		return
	}
	wanted := w.wantedStatic()
	maps.DeleteFunc(w.staticLost, func(text string, _ bool) bool { return !wanted[text] })
	w.results <- result{key: j.key, name: j.name, static: true, lost: maps.Clone(w.staticLost)}
}

// wantedStatic are the static objects that are to be there, as failed names them.
func (w *kernelWorker) wantedStatic() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted := map[string]bool{}
	for _, text := range w.texts.things[staticKey] {
		wanted[text] = true
	}
	for _, p := range w.places.things[staticKey] {
		wanted[p.text()] = true
	}
	return wanted
}

// policySuperseded tells whether other routes and rules are desired by now.
func (w *kernelWorker) policySuperseded(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	newer, ok := w.jobs[key]
	return ok && newer.policy.assert
}
