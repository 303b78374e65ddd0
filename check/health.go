package check

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"

	"keepalived-go/config"
)

// Health is what a process that takes over needs of one virtual server. As a report it has the servers that changed;
// Merge keeps the whole.
type Health struct {
	Key     string // over reloads and restarts the same
	Name    string
	Removed bool `json:",omitempty"` // by a reload
	Serves  Serves
	Quorum  bool // there is one
	Sorry   bool // the sorry server serves
	Servers map[netip.AddrPort]ServerHealth
	Whole   bool // Servers has all of them
}

// ServerHealth is one real server.
type ServerHealth struct {
	Up       bool
	Weight   int64 // effective
	Checkers []CheckerHealth
}

// CheckerHealth is one checker.
type CheckerHealth struct {
	ID     uint64 // of what it checks
	Up     bool
	Weight int64 `json:",omitempty"` // what it adds to that of the server
}

// Merge brings what is known of the virtual servers up to date with a report.
func Merge(known map[string]Health, changes []Health) {
	for _, h := range changes {
		old, ok := known[h.Key]
		if h.Removed {
			delete(known, h.Key)
			continue
		}
		if ok && !h.Whole {
			servers := maps.Clone(old.Servers)
			maps.Copy(servers, h.Servers)
			h.Servers, h.Whole = servers, old.Whole
		}
		known[h.Key] = h
	}
}

// Unreported describes what a process may have begun to serve that died while it changed over to a configuration, for
// Options.Resume of a successor that has another one: it takes those services off unless it wants them. Nothing goes on
// from it.
func Unreported(cfg config.Config) map[string]Health {
	groups := groupsOf(cfg)
	list := map[string]Health{}
	for i, id := range identify(cfg.VirtualServers) {
		vs := &cfg.VirtualServers[i]
		// No virtual server has such a key, so none takes its state from here.
		key := "unreported/" + id.key
		list[key] = Health{Key: key, Name: id.name, Serves: servesOf(vs, groups[vs.Group])}
	}
	return list
}

// States describes every virtual server. It may be called from any goroutine.
func (e *Engine) States() ([]Health, error) {
	var states []Health
	err := e.do(func() {
		for _, v := range e.order {
			states = append(states, v.health(true))
		}
	})
	return states, err
}

// health describes a virtual server, whole or what changed.
func (v *virtual) health(whole bool) Health {
	whole = whole || v.whole
	h := Health{
		Whole: whole, Key: v.key, Name: v.name, Serves: v.serves, Quorum: v.state.quorum, Sorry: v.state.sorry,
		Servers: map[netip.AddrPort]ServerHealth{},
	}
	for i := range v.cfg.RealServers {
		if _, changed := v.servers[i]; changed || whole {
			h.Servers[v.cfg.RealServers[i].Addr] = v.state.serverHealth(i)
		}
	}
	return h
}

// moved tells whether there is something to report.
func (v *virtual) moved() bool {
	return v.whole || len(v.servers) > 0 || v.quorum != v.state.quorum || v.sorry != v.state.sorry
}

// settle notes that all of it was reported.
func (v *virtual) settle() {
	v.whole = false
	clear(v.servers)
	v.quorum, v.sorry = v.state.quorum, v.state.sorry
}

func (s *service) serverHealth(i int) ServerHealth {
	r := &s.servers[i]
	h := ServerHealth{Up: r.up, Weight: r.weight, Checkers: make([]CheckerHealth, len(r.checkers))}
	for j := range r.checkers {
		c, cfg := s.checker(i, j)
		if c.id == 0 {
			c.id = fingerprint(cfg)
		}
		h.Checkers[j] = CheckerHealth{ID: c.id, Up: c.up, Weight: c.weight}
	}
	return h
}

// fingerprint tells checkers apart over processes: by what they check, not by when.
func fingerprint(c *config.Checker) uint64 {
	h := fnv.New64a()
	// Writing to a hash does not fail.
	_, _ = fmt.Fprintf(h, "%d %+v %v %+v", c.Kind, c.Conn, c.Timing.ConnectTimeout, c.Detail)
	return h.Sum64()
}

// resume goes on as a former process was. Nothing is said or told unless the configuration is another one.
func (s *service) resume(h Health) []action {
	s.quorum, s.sorry = h.Quorum, h.Sorry && s.hasSorry()
	for i := range s.servers {
		known, ok := h.Servers[s.cfg.RealServers[i].Addr]
		if !ok {
			s.servers[i].up = !s.servers[i].failing()
			continue
		}
		former := formerServer{up: known.Up, weight: known.Weight}
		for _, c := range known.Checkers {
			former.checkers = append(former.checkers, checker{up: c.Up, ran: true, failed: none, weight: c.Weight})
		}
		ids := slices.Clone(known.Checkers)
		s.adoptServer(i, former, func(j int) int {
			id := fingerprint(&s.cfg.RealServers[i].Checkers[j])
			k := slices.IndexFunc(ids, func(c CheckerHealth) bool { return c.ID == id })
			if k >= 0 {
				ids[k].ID = 0 // each one is taken once
			}
			return k
		})
	}
	s.weigh(true)
	s.actions = append(s.actions, retable{})
	return s.take()
}
