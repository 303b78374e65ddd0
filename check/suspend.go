package check

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
)

// linkPatience bounds the wait for the first view of the interfaces, which the kernel gives in a millisecond.
const linkPatience = 5 * time.Second

// suspense knows which addresses are on this host, for virtual servers whose checks rest while theirs is not
// (ha_suspend). It watches only where one of them is configured.
type suspense struct {
	stop      func() // nil: not watching
	addresses map[netip.Addr]struct{}

	mu     sync.Mutex
	newest *netif.State
	err    error
	news   chan struct{}
}

// close ends the watch.
func (s *suspense) close() {
	if s.stop != nil {
		s.stop()
	}
	s.stop, s.addresses = nil, nil
}

// tell keeps the newest view for the engine. Any goroutine may call it.
func (s *suspense) tell(state netif.State, err error) {
	s.mu.Lock()
	if err != nil {
		s.err = err
	} else {
		s.newest = &state
	}
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// take fetches what tell kept, and tells whether there was a view.
func (s *suspense) take() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := s.newest, s.err
	s.newest, s.err = nil, nil
	if state == nil {
		return false, err
	}
	s.addresses = map[netip.Addr]struct{}{}
	for _, link := range state.ByIndex {
		for _, p := range link.Addresses {
			s.addresses[p.Addr()] = struct{}{}
		}
	}
	return true, err
}

// rests tells whether the checks of a virtual server rest: no address of it is on this host.
func (s *suspense) rests(v *virtual) bool {
	if !v.cfg.HASuspend {
		return false
	}
	if v.serves.Addr.IsValid() {
		_, here := s.addresses[v.serves.Addr.Addr()]
		return !here
	}
	for a := range s.addresses {
		for _, r := range v.serves.Ranges {
			if a.Compare(r.First) >= 0 && a.Compare(r.Last) <= 0 {
				return false
			}
		}
	}
	return true
}

// watchLinks begins or ends watching the interfaces, as the configuration needs it, and waits for the first view.
func (e *Engine) watchLinks(cfg config.Config) error {
	needed := false
	for i := range cfg.VirtualServers {
		needed = needed || cfg.VirtualServers[i].HASuspend
	}
	switch {
	case !needed:
		e.suspense.close()
		return nil
	case e.suspense.stop != nil:
		return nil
	case e.opt.Links == nil:
		return errors.New("ha_suspend: nothing watches the interfaces")
	}
	stop, err := e.opt.Links.Watch(e.suspense.tell)
	if err != nil {
		return fmt.Errorf("watching interfaces: %w", err)
	}
	e.suspense.stop = stop
	return e.awaitLinks()
}

func (e *Engine) awaitLinks() error {
	deadline := time.NewTimer(linkPatience)
	defer deadline.Stop()
	for {
		select {
		case <-deadline.C:
			return fmt.Errorf("reading interfaces: no answer within %v", linkPatience)
		case <-e.suspense.news:
		}
		switch seen, err := e.suspense.take(); {
		case seen:
			return nil
		case err != nil:
			return fmt.Errorf("reading interfaces: %w", err)
		}
	}
}

// applyLinks lets checks rest and go on after addresses came or went.
func (e *Engine) applyLinks() {
	if _, err := e.suspense.take(); err != nil {
		e.log.Warnf("watching interfaces: %v", err)
	}
	for _, v := range e.order {
		rests := e.suspense.rests(v)
		if rests == v.suspended {
			continue
		}
		v.suspended = rests
		word, event := "Activating", "added"
		if rests {
			word, event = "Suspending", "removed"
		}
		if a := v.serves.Addr; e.opt.Detail && a.IsValid() {
			e.log.Infof("Netlink reflector reports IP %s %s", a.Addr(), event)
		}
		v.each(func(t *task) { e.sayActive(v, t, word) })
	}
}
