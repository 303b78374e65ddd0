package check

// stopLabel ends the label of a script that is started at the stop of the process, which waits for it.
const stopLabel = " at stop"

// stop ends the virtual server with the process. Scripts and mails are for omega only. With a kind of
// lvs_flush_on_stop the servers are not gone through one by one.
func (s *service) stop() []action {
	if s.rules.flushOnStop == 0 {
		for i := range s.servers {
			s.shutServer(i)
		}
	}
	s.quorum = false
	if s.cfg.Omega {
		s.notifyQuorum()
		s.postQuorum("=> Shutting down <=")
	}
	actions := s.take()
	for i, a := range actions {
		if t, ok := a.(tell); ok {
			t.label += stopLabel
			actions[i] = t
		}
	}
	return actions
}

func (s *service) shutServer(i int) {
	s.sayf("Shutting down %sservice %s from VS %s", s.inhibited(i), s.serverName(i), s.name)
	if !s.inTable(i) || !s.servers[i].up {
		return
	}
	s.servers[i].up = false
	if s.cfg.Omega {
		s.tellServer(i)
		s.postServer(i, true, "=> Shutting down <=")
	}
}

// inhibited marks servers that are in the table with weight 0.
func (s *service) inhibited(i int) string {
	if s.cfg.RealServers[i].InhibitOnFailure && !s.servers[i].up {
		return "(inhibited) "
	}
	return ""
}

// remove ends a virtual server that a new configuration does not have.
func (s *service) remove() []action {
	if s.cfg.Group != "" {
		s.sayf("Removing Virtual Server Group [%s]", s.cfg.Group)
	} else {
		s.sayf("Removing Virtual Server %s", s.name)
	}
	for i := range s.servers {
		s.dropServer(i)
	}
	if at := s.loseBelow(); s.quorum {
		s.quorum = false
		s.tellQuorum(false, at, 0)
	}
	return s.take()
}

// dropServer takes a server away that a new configuration does not have.
func (s *service) dropServer(i int) {
	if !s.inTable(i) {
		return
	}
	s.sayf("Removing %sservice %s from VS %s", s.inhibited(i), s.serverName(i), s.name)
	if !s.servers[i].up {
		return
	}
	s.servers[i].up = false
	s.tellServer(i)
	s.postServer(i, true, "=> Removing <=")
}
