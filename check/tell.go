package check

import "fmt"

func (s *service) sayf(format string, arguments ...any) {
	s.actions = append(s.actions, say{fmt.Sprintf(format, arguments...)})
}

func (s *service) serverName(i int) string {
	return serverName(s.cfg.RealServers[i].Addr, s.cfg.Protocol)
}

func (s *service) sorryName() string { return serverName(s.cfg.Sorry.Addr, s.cfg.Protocol) }

func stateWord(up bool) string {
	if up {
		return "UP"
	}
	return "DOWN"
}

// tellServer runs notify_up or notify_down of a server.
func (s *service) tellServer(i int) {
	rs := &s.cfg.RealServers[i]
	name := s.serverName(i)
	t := tell{script: rs.NotifyDown, label: name + " notify_down"}
	if s.servers[i].up {
		t = tell{script: rs.NotifyUp, label: name + " notify_up"}
	}
	t.event = fmt.Sprintf("RS %s %s %s", name, s.name, stateWord(s.servers[i].up))
	s.actions = append(s.actions, t)
}

// notifyQuorum runs quorum_up or quorum_down.
func (s *service) notifyQuorum() {
	t := tell{script: s.cfg.QuorumDown, label: s.name + " quorum_down"}
	if s.quorum {
		t = tell{script: s.cfg.QuorumUp, label: s.name + " quorum_up"}
	}
	t.event = fmt.Sprintf("VS %s %s", s.name, stateWord(s.quorum))
	s.actions = append(s.actions, t)
}

// postServer mails about a server. A check that moved nothing is worth a mail unless no_checker_emails says otherwise.
func (s *service) postServer(i int, moved bool, body string) {
	if !s.cfg.RealServers[i].SMTPAlert || !moved && s.rules.quietChecks {
		return
	}
	s.actions = append(s.actions, post{s.serverSubject(i), body})
}

func (s *service) serverSubject(i int) string {
	return fmt.Sprintf("Realserver %s of virtual server %s - %s", s.serverName(i), s.name, stateWord(s.servers[i].up))
}

// postQuorum mails about the quorum.
func (s *service) postQuorum(body string) {
	if s.cfg.SMTPAlert {
		s.actions = append(s.actions, post{fmt.Sprintf("Virtualserver %s - %s", s.name, stateWord(s.quorum)), body})
	}
}
