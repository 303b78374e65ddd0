package check

import (
	"fmt"

	"keepalived-go/config"
)

// checkedWhole is for checks that have one part. Failures while the checker is up are repeated retry times before they
// count; one success is enough.
func (s *service) checkedWhole(i, j int, r Result) rest {
	c, cfg := s.checker(i, j)
	enough := c.eager || c.tries >= cfg.Timing.Retry
	defer func() { c.ran, c.eager = true, false }()
	if r.passed() {
		c.tries = 0
		if !c.up || !c.ran {
			s.sayf("%s success.", s.attempt(i, j))
			s.recover(i, j)
		}
		return untilNext
	}
	if c.up && s.logsAll(cfg) {
		s.sayAttempt(i, j, r)
	}
	switch {
	case (c.up || !c.ran) && enough:
		c.tries = 0
		s.sayFailed(i, j, r)
		s.fail(i, j)
	case c.up:
		c.tries++
		return untilRetry
	}
	return untilNext
}

// checkedParts is for checks of several parts, one in each turn: the urls of HTTP_GET and SSL_GET. The checker is up
// when all of them have passed in a row; after a failure the url that failed is asked until it passes, then all.
func (s *service) checkedParts(i, j int, r Result) rest {
	c, cfg := s.checker(i, j)
	h, _ := cfg.Detail.(config.HTTPCheck)
	pause := untilNext
	switch {
	case r.passed():
		s.passedPart(i, j, &h, r)
	case !c.up && c.ran:
		// It is known to be down: no retries. Another url than the one that failed may do so now; however fast the
		// recovery is to be, a server that fails is given its pause.
		return s.failedPause(c)
	default:
		s.failedPart(i, j, r)
		pause = s.failedPause(c)
	}
	if h.FastRecovery && (!c.ran || !c.up && c.failed == none) {
		return noRest
	}
	return pause
}

func (s *service) failedPause(c *checker) rest {
	if c.failed != none {
		return untilLater
	}
	return untilRetry
}

// passedPart goes on to the next url.
func (s *service) passedPart(i, j int, h *config.HTTPCheck, r Result) {
	c, _ := s.checker(i, j)
	if !c.up && r.What != "" {
		s.sayf("%s success to %s url(%s)", r.What, s.serverName(i), h.URLs[min(c.part, len(h.URLs)-1)].Path)
	}
	c.part++
	c.tries = 0
	switch {
	case c.failed != none:
		c.failed, c.part = none, 0
	case c.part >= len(h.URLs):
		c.part = 0
		if !c.up || !c.ran {
			s.sayf("Remote Web server %s succeed on service.", s.serverName(i))
			s.recover(i, j)
			c.ran, c.eager = true, false
		}
	}
}

// failedPart counts a failure of a checker that is up, or has not run.
func (s *service) failedPart(i, j int, r Result) {
	c, cfg := s.checker(i, j)
	if s.logsAll(cfg) {
		s.sayAttempt(i, j, r)
	}
	first := !c.ran
	c.tries++
	if c.eager || c.tries > cfg.Timing.Retry {
		if c.up || first {
			s.sayFailed(i, j, r)
		}
		if c.up { // one that starts as failed tells nobody that it has failed, unlike checks of one part
			s.fail(i, j)
		}
		c.failed = c.part
	}
	c.ran, c.eager = true, false
}

// checker returns the state and the configuration of a checker.
func (s *service) checker(i, j int) (*checker, *config.Checker) {
	return &s.servers[i].checkers[j], &s.cfg.RealServers[i].Checkers[j]
}

func (s *service) logsAll(c *config.Checker) bool { return s.rules.logAll || c.LogAllFailures }

// recover is the verdict that a checker has passed.
func (s *service) recover(i, j int) {
	was := s.servers[i].checkers[j].up
	moved := s.judge(i, j, true)
	if !was {
		s.postServer(i, moved, bodyOf(s.cfg.RealServers[i].Checkers[j].Kind, true))
	}
}

// fail is the verdict that a checker has failed.
func (s *service) fail(i, j int) {
	was := s.servers[i].checkers[j].up
	moved := s.judge(i, j, false)
	if was {
		s.postServer(i, moved, bodyOf(s.cfg.RealServers[i].Checkers[j].Kind, false))
	}
}

// attempt is how the log calls one try of a checker.
func (s *service) attempt(i, j int) string {
	kind := s.cfg.RealServers[i].Checkers[j].Kind
	if kind == config.CheckTCP {
		return "TCP connection to " + s.serverName(i)
	}
	return fmt.Sprintf("%s of %s", kind, s.serverName(i))
}

// sayAttempt logs one failed try.
func (s *service) sayAttempt(i, j int, r Result) {
	switch {
	case r.What != "":
		s.sayf("%s server %s.%s", r.What, s.serverName(i), because(r))
	case r.Timeout:
		s.sayf("%s timeout.", s.attempt(i, j))
	default:
		s.sayf("%s failed.%s", s.attempt(i, j), because(r))
	}
}

// checkWords are the names of kinds of checks where the log does not have the keyword.
var checkWords = map[config.CheckKind]string{config.CheckHTTP: "HTTP_CHECK", config.CheckSSL: "SSL_CHECK"}

// sayFailed logs that a checker has failed for good.
func (s *service) sayFailed(i, j int, r Result) {
	c, cfg := s.checker(i, j)
	word, ok := checkWords[cfg.Kind]
	if !ok {
		word = cfg.Kind.String()
	}
	after := ""
	if c.ran && cfg.Timing.Retry > 0 {
		after = fmt.Sprintf(" after %d retries", cfg.Timing.Retry)
	}
	s.sayf("%s on service %s failed%s.%s", word, s.serverName(i), after, because(r))
}

// because is the reason in brackets, after what upstream writes.
func because(r Result) string {
	if r.Failure == nil {
		return ""
	}
	return fmt.Sprintf(" (%v)", r.Failure)
}

// bodyOf is the text of the mail about a verdict.
func bodyOf(kind config.CheckKind, up bool) string {
	switch {
	case (kind == config.CheckHTTP || kind == config.CheckSSL) && up:
		return "=> CHECK succeed on service <="
	case kind == config.CheckHTTP || kind == config.CheckSSL:
		return "=> CHECK failed on service : HTTP/SSL request failed <="
	case up:
		return "=> TCP CHECK succeed on service <="
	default:
		return "=> TCP CHECK failed on service <="
	}
}
