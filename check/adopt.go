package check

import (
	"net/netip"
	"reflect"

	"keepalived-go/config"
)

// formerServer is the state of a real server before a reload, or in a former process.
type formerServer struct {
	up       bool
	weight   int64
	checkers []checker
}

// adopt takes over the state of the same virtual server from the configuration before. Servers that failed stay out
// until a check passes; what is new starts as alpha says.
func (s *service) adopt(old *service) []action {
	s.quorum, s.sorry = old.quorum, old.sorry
	s.dropServers(old)
	s.adoptSorry(old)
	before := old.index()
	for i := range s.servers {
		k, ok := before[s.cfg.RealServers[i].Addr]
		if !ok {
			s.welcome(i)
			continue
		}
		was := &old.servers[k]
		pairs := pairCheckers(old.cfg.RealServers[k].Checkers, s.cfg.RealServers[i].Checkers)
		s.adoptServer(i, formerServer{was.up, was.weight, was.checkers}, func(j int) int { return pairs[j] })
	}
	s.weigh(true)
	s.actions = append(s.actions, retable{})
	return s.take()
}

// index finds real servers by their address.
func (s *service) index() map[netip.AddrPort]int {
	index := make(map[netip.AddrPort]int, len(s.cfg.RealServers))
	for i := range s.cfg.RealServers {
		index[s.cfg.RealServers[i].Addr] = i
	}
	return index
}

// dropServers takes the servers away that are not configured any more.
func (s *service) dropServers(old *service) {
	now := s.index()
	for k := range old.servers {
		if _, kept := now[old.cfg.RealServers[k].Addr]; kept {
			continue
		}
		old.sayf("service %s no longer exist", old.serverName(k))
		old.dropServer(k)
	}
	s.actions = append(s.actions, old.take()...)
}

// adoptSorry handles a sorry server that serves and is not the same one any more.
func (s *service) adoptSorry(old *service) {
	if !s.sorry || s.cfg.Sorry.Addr == old.cfg.Sorry.Addr {
		return
	}
	s.sayf("Removing sorry server %s from VS %s", old.sorryName(), s.name)
	if !s.hasSorry() {
		s.sayf("Adding alive servers to the pool for VS %s", s.name)
	}
	s.sorry = false
}

// welcome brings a new server up when no check of it counts as failed.
func (s *service) welcome(i int) {
	s.servers[i].up = !s.servers[i].failing()
	if s.servers[i].up && s.rules.initNotifies {
		s.tellServer(i)
	}
}

// adoptServer takes over the state of one server. pair gives for a checker which of the former ones it is, or none.
func (s *service) adoptServer(i int, was formerServer, pair func(j int) int) {
	r := &s.servers[i]
	r.up, r.weight = was.up, was.weight
	for j := range r.checkers {
		if k := pair(j); k >= 0 {
			s.adoptChecker(i, j, was.checkers[k])
		} else if was.up && !r.checkers[j].idle {
			// A new check of a server that is up need not prove it, alpha or not, and has its retries.
			r.checkers[j].up, r.checkers[j].eager = true, false
		}
	}
	if !was.up {
		s.doubt(i)
	}
	s.setWeight(i, s.weights(i), false)
	if want := !r.failing(); want != r.up {
		s.move(i, want)
	}
}

// doubt lets the checks that have not run count as failed: a server that was out has to pass them first.
func (s *service) doubt(i int) {
	for j := range s.servers[i].checkers {
		if c := &s.servers[i].checkers[j]; !c.ran {
			c.up = false
		}
	}
}

// adoptChecker takes over what a checker has found.
func (s *service) adoptChecker(i, j int, was checker) {
	if c := &s.servers[i].checkers[j]; !c.idle {
		*c = was
	}
}

// pairCheckers finds for each checker after a reload which one it was before, or none. The same checker has the same
// kind and checks the same thing in the same way; when it does so, and how often, does not matter.
func pairCheckers(before, after []config.Checker) []int {
	pairs := make([]int, len(after))
	taken := make([]bool, len(before))
	for j := range after {
		pairs[j] = none
		for k := range before {
			if !taken[k] && sameCheck(&before[k], &after[j]) {
				pairs[j], taken[k] = k, true
				break
			}
		}
	}
	return pairs
}

func sameCheck(a, b *config.Checker) bool {
	return a.Kind == b.Kind && a.Conn == b.Conn && a.Timing.ConnectTimeout == b.Timing.ConnectTimeout &&
		reflect.DeepEqual(a.Detail, b.Detail)
}
