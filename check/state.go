package check

import (
	"math"

	"keepalived-go/config"
)

// maxWeight is the largest weight that the kernel's table has.
const maxWeight = math.MaxInt32

// rules are the settings of global_defs that decide what virtual servers do.
type rules struct {
	initNotifies bool // rs_init_notifies
	quietChecks  bool // no_checker_emails
	logAll       bool // checker_log_all_failures
	flushOnStop  config.FlushOnStop
}

func rulesOf(g config.Global) rules {
	return rules{g.RSInitNotifies, g.NoCheckerEmails, g.CheckerLogAllFailures, g.LVSFlushOnStop}
}

// service is the state of one virtual server: which of its real servers are up, whether there is a quorum, and
// whether the sorry server serves. It has no clock and does nothing by itself; its methods return what is to be done.
type service struct {
	cfg   *config.VirtualServer
	name  string
	rules rules

	quorum  bool // as announced
	sorry   bool // the sorry server serves
	servers []server
	actions []action // of the event that is being handled
}

// server is the state of one real server.
type server struct {
	up       bool
	weight   int64 // effective; beyond what the kernel takes it counts as the nearest value
	checkers []checker
}

// checker is the state of one check of a real server.
type checker struct {
	up     bool
	ran    bool   // a result has counted
	eager  bool   // the first failure is enough: nothing is known of the server yet
	idle   bool   // there is nothing that makes this kind of check: it counts as passed
	tries  int64  // failures since the last success
	part   int    // url that is next
	failed int    // url that failed last, or none
	weight int64  // what it adds to the weight of its server
	id     uint64 // fingerprint of what it checks; 0 until it is asked for
}

// none is no part of a checker.
const none = -1

// newService makes the state of a virtual server before anything was checked. makes tells whether there is a prober
// for a kind of check.
func newService(cfg *config.VirtualServer, name string, r rules, makes func(config.CheckKind) bool) *service {
	s := &service{cfg: cfg, name: name, rules: r, servers: make([]server, len(cfg.RealServers))}
	for i := range cfg.RealServers {
		rs := &cfg.RealServers[i]
		checkers := make([]checker, len(rs.Checkers))
		for j := range rs.Checkers {
			checkers[j] = newChecker(&rs.Checkers[j], makes(rs.Checkers[j].Kind))
		}
		s.servers[i] = server{weight: int64(rs.Weight), checkers: checkers}
	}
	s.quorum = s.sum() >= s.gainAt()
	return s
}

// newChecker is a checker that has not run. With alpha it counts as failed.
func newChecker(cfg *config.Checker, made bool) checker {
	if !made {
		return checker{up: true, ran: true, idle: true, failed: none}
	}
	return checker{up: !cfg.Alpha, eager: true, failed: none}
}

// start brings the virtual server to life: servers without a failed check are up.
func (s *service) start() []action {
	for i := range s.servers {
		if !s.servers[i].failing() {
			s.servers[i].up = true
			if s.rules.initNotifies {
				s.tellServer(i)
			}
		}
	}
	s.actions = append(s.actions, retable{})
	s.weigh(true)
	return s.take()
}

// take returns the actions of this event.
func (s *service) take() []action {
	a := s.actions
	s.actions = nil
	return a
}

// failing tells whether a check of the server has failed.
func (r *server) failing() bool {
	for i := range r.checkers {
		if !r.checkers[i].up {
			return true
		}
	}
	return false
}

// judge takes a verdict of a checker, and moves the server when it makes a difference. It tells whether the server
// has moved.
func (s *service) judge(i, j int, up bool) bool {
	c := &s.servers[i].checkers[j]
	if c.up == up {
		if !c.ran && (!up || s.cfg.RealServers[i].Checkers[j].Alpha) {
			s.tellServer(i)
		}
		return false
	}
	c.up = up
	want := !s.servers[i].failing()
	if s.servers[i].up == want {
		return false
	}
	s.move(i, want)
	return true
}

// move brings a server up or down, and then the quorum.
func (s *service) move(i int, up bool) {
	rs := &s.cfg.RealServers[i]
	verb, where := "Removing", "from"
	switch {
	case rs.InhibitOnFailure && up:
		verb, where = "Enabling", "of"
	case rs.InhibitOnFailure:
		verb, where = "Disabling", "of"
	case up:
		verb, where = "Adding", "to"
	}
	s.sayf("%s service %s %s VS %s", verb, s.serverName(i), where, s.name)
	s.servers[i].up = up
	if !s.sorry {
		s.actions = append(s.actions, retable{})
	}
	s.tellServer(i)
	s.weigh(false)
}

// setWeight takes a new effective weight of a server. settle is false when the quorum is looked at later.
func (s *service) setWeight(i int, weight int64, settle bool) {
	r := &s.servers[i]
	before, after := clampWeight(r.weight), clampWeight(weight)
	r.weight = weight
	if before == after {
		return
	}
	state := "inactive"
	if r.up {
		state = "active"
	}
	s.sayf("Changing weight from %d to %d for %s service %s of VS %s", before, after, state, s.serverName(i), s.name)
	if r.up && !s.sorry {
		s.actions = append(s.actions, retable{})
	}
	if settle {
		s.weigh(false)
	}
}

// clampWeight is the weight that the kernel gets.
func clampWeight(w int64) uint32 { return uint32(min(max(w, 0), maxWeight)) }

// weights adds up what a server and its checkers say.
func (s *service) weights(i int) int64 {
	w := int64(s.cfg.RealServers[i].Weight)
	for j := range s.servers[i].checkers {
		w += s.servers[i].checkers[j].weight
	}
	return w
}

// inTable tells whether the table of the kernel has the server.
func (s *service) inTable(i int) bool {
	return s.cfg.RealServers[i].InhibitOnFailure || s.servers[i].up && !s.sorry
}

// checked takes the result of a check and says how long the checker rests.
func (s *service) checked(i, j int, r Result) (pause rest, actions []action) {
	if r.Broken != nil {
		return untilNext, nil
	}
	switch s.cfg.RealServers[i].Checkers[j].Kind {
	case config.CheckHTTP, config.CheckSSL:
		pause = s.checkedParts(i, j, r)
	default:
		pause = s.checkedWhole(i, j, r)
	}
	return pause, s.take()
}

// rest says how long a checker rests after a check.
type rest uint8

// The rests.
const (
	untilNext  rest = iota // delay_loop
	untilRetry             // delay_before_retry
	untilLater             // the longer one of the two
	noRest                 // go on at once
)
