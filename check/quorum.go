package check

import "fmt"

// gainAt is the weight from which on there is a quorum.
func (s *service) gainAt() int64 { return int64(s.cfg.Quorum) + int64(s.cfg.Hysteresis) }

// loseBelow is the weight below which a quorum is lost.
func (s *service) loseBelow() int64 { return int64(s.cfg.Quorum) - int64(s.cfg.Hysteresis) }

// sum is the weight of the servers that are up.
func (s *service) sum() int64 {
	sum := int64(0)
	for i := range s.servers {
		if s.servers[i].up {
			sum += int64(clampWeight(s.servers[i].weight))
		}
	}
	return sum
}

// hasSorry tells whether a sorry server is configured.
func (s *service) hasSorry() bool { return s.cfg.Sorry.Addr.IsValid() }

// weigh compares the weight of the servers with the quorum, and swaps real servers and sorry server. init is true at
// the start and at a reload, when a sorry server may be needed though nothing was lost.
func (s *service) weigh(init bool) {
	sum := s.sum()
	switch {
	case !s.quorum && sum >= s.gainAt():
		s.gain(init, sum)
	case s.quorum && (sum == 0 || sum < s.loseBelow()), init && !s.quorum && s.hasSorry() && !s.sorry:
		s.lose(init, sum)
	}
}

func (s *service) gain(init bool, sum int64) {
	at := s.gainAt()
	s.quorum = true
	s.sayf("Gained quorum %d+%d=%d <= %d for VS %s", s.cfg.Quorum, s.cfg.Hysteresis, at, sum, s.name)
	if s.sorry {
		s.sayf("%s sorry server %s from VS %s", s.sorryVerb("Removing", "Disabling"), s.sorryName(), s.name)
		s.sayf("Adding alive servers to the pool for VS %s", s.name)
		s.sorry = false
		s.actions = append(s.actions, retable{})
	}
	s.tellQuorum(init, at, sum)
}

func (s *service) lose(init bool, sum int64) {
	at := s.gainAt()
	if s.quorum {
		at = s.loseBelow()
	}
	s.quorum = false
	what := "Lost quorum"
	if init {
		what = "Starting with quorum down"
	}
	s.sayf("%s %d-%d=%d > %d for VS %s", what, s.cfg.Quorum, s.cfg.Hysteresis, at, sum, s.name)
	if s.hasSorry() && !s.sorry {
		s.sayf("%s sorry server %s to VS %s", s.sorryVerb("Adding", "Enabling"), s.sorryName(), s.name)
		s.sayf("Removing alive servers from the pool for VS %s", s.name)
		s.sorry = true
		s.actions = append(s.actions, retable{})
	}
	s.tellQuorum(init, at, sum)
}

func (s *service) sorryVerb(plain, inhibited string) string {
	if s.cfg.Sorry.Inhibit {
		return inhibited
	}
	return plain
}

// tellQuorum runs quorum_up or quorum_down and mails.
func (s *service) tellQuorum(init bool, at, sum int64) {
	s.notifyQuorum()
	what := map[[2]bool]string{
		{true, true}: "Starting with quorum up", {true, false}: "Gained quorum",
		{false, true}: "Starting with quorum down", {false, false}: "Lost quorum",
	}[[2]bool{s.quorum, init}]
	s.postQuorum(fmt.Sprintf("=> %s %d+%d=%d <= %d <=", what, s.cfg.Quorum, s.cfg.Hysteresis, at, sum))
}
