package daemon

import (
	"fmt"
	"sync"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/notify"
)

// scriptStarter starts the scripts of a configuration with the users that it says.
type scriptStarter struct {
	runner *notify.Runner
	log    *logrus.Entry

	mu     sync.Mutex
	global config.Global
}

// use takes the defaults of a (new) configuration.
func (s *scriptStarter) use(g config.Global) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.global = g
}

// Notify starts one script and returns at once. It logs what fails.
func (s *scriptStarter) Notify(script config.Script, label string, arguments ...string) {
	s.mu.Lock()
	user := s.global.ScriptUser
	secure := s.global.ScriptSecurity
	s.mu.Unlock()
	who, err := credentials(script, user)
	if err != nil {
		s.log.Warnf("%s: not run: %v", label, err)
		return
	}
	if secure && who.UID == 0 {
		if reason := notify.Inspect(script.Argv[0]); reason != nil {
			s.log.Warnf("%s: not run: %v", label, reason)
			return
		}
	}
	argv := append(append(make([]string, 0, len(script.Argv)+len(arguments)), script.Argv...), arguments...)
	s.runner.Run(notify.Command{Argv: argv, UID: who.UID, GID: who.GID, Groups: who.Groups, Label: label}, 0, func(r notify.Result) {
		switch {
		case r.Err != nil:
			s.log.Warnf("%v", r.Err)
		case r.Signal != 0:
			s.log.Infof("%s: %s ended by signal %d", label, argv[0], r.Signal)
		}
	})
}

// credentials says who runs a script: its own user, else script_user, else keepalived_script if there is one, else
// whoever we are.
func credentials(script, fallback config.Script) (notify.Credentials, error) {
	switch {
	case script.User != "":
		return lookup(script)
	case fallback.User != "":
		return lookup(fallback)
	}
	if c, err := notify.LookupUser("keepalived_script"); err == nil {
		return c, nil
	}
	return notify.OwnCredentials(), nil
}

func lookup(s config.Script) (notify.Credentials, error) {
	c, err := notify.LookupUser(s.User)
	if err != nil {
		return c, err
	}
	if s.Group != "" {
		if c.GID, err = notify.LookupGroup(s.Group); err != nil {
			return c, fmt.Errorf("user %s: %w", s.User, err)
		}
	}
	if !s.Supplement {
		c.Groups = nil
	}
	return c, nil
}
