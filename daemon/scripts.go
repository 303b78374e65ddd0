package daemon

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

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
	known  map[account]identity // of the running configuration: a notification asks no directory server
}

// start starts a command of our own with what scripts inherit: not with the priority and the limits of this process.
func (s *scriptStarter) start(cmd *exec.Cmd) error {
	return s.runner.Do(cmd.Start)
}

// account is a script's user as it is written.
type account struct {
	user, group string
	supplement  bool
}

// identity is the answer of the system to an account.
type identity struct {
	notify.Credentials
	err error
}

// use takes the rules of a (new) configuration, and looks the users of its scripts up.
func (s *scriptStarter) use(cfg config.Config, scripts []config.Script) {
	known := map[account]identity{}
	for _, script := range scripts {
		a := accountOf(script, cfg.Global)
		if _, ok := known[a]; script.Set() && !ok {
			if who := identify(a); who.lasts() {
				known[a] = who
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.global, s.known = cfg.Global, known
}

// account is who runs a script, or owns a pipe.
func (s *scriptStarter) account(script config.Script) identity {
	s.mu.Lock()
	a := accountOf(script, s.global)
	who, ok := s.known[a]
	s.mu.Unlock()
	if ok {
		return who
	}
	who = identify(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[account]identity{}
	}
	if who.lasts() {
		s.known[a] = who
	}
	return who
}

// lasts tells whether the answer need not be asked for again: a directory that did not answer may do so later.
func (i identity) lasts() bool { return i.err == nil || errors.Is(i.err, notify.ErrNoAccount) }

// Notify starts one script and returns at once. It logs what fails.
func (s *scriptStarter) Notify(script config.Script, label string, arguments ...string) {
	// That of an instance that has just left the configuration may have to be looked up.
	who := s.account(script)
	s.mu.Lock()
	secure, keep := s.global.ScriptSecurity, s.global.UseSymlinkPaths
	s.mu.Unlock()
	if who.err != nil {
		s.log.Warnf("%s: not run: %v", label, who.err)
		return
	}
	argv := append(append(make([]string, 0, len(script.Argv)+len(arguments)), script.Argv...), arguments...)
	s.runner.Run(notify.Command{
		Argv: argv, UID: who.UID, GID: who.GID, Groups: who.Groups, Label: label,
		Secure: secure, KeepLink: keep, Await: isStopScript(label, arguments),
	}, 0, s.ended)
}

// Run starts one run of a tracked script and returns at once.
func (s *scriptStarter) Run(script config.Script, label string, timeout time.Duration, until <-chan struct{}, done func(notify.Result)) {
	who := s.account(script)
	s.mu.Lock()
	secure, keep := s.global.ScriptSecurity, s.global.UseSymlinkPaths
	s.mu.Unlock()
	c := notify.Command{
		Argv: trackedArgv(script.Argv), UID: who.UID, GID: who.GID, Groups: who.Groups, Label: label, Secure: secure, KeepLink: keep, Until: until,
	}
	if who.err != nil {
		go done(notify.Result{Command: c, Err: who.err, ExitCode: -1})
		return
	}
	s.runner.Run(c, timeout, done)
}

// trackedArgv is the command of a tracked script. One that begins with "</" asks whether a file can be opened.
func trackedArgv(argv []string) []string {
	file, ok := strings.CutPrefix(argv[0], "<")
	if file = strings.TrimLeft(file, " \t"); !ok || !strings.HasPrefix(file, "/") {
		return argv
	}
	return []string{"/bin/sh", "-c", `: < "$1"`, "sh", file}
}

// isStopScript tells whether the end of the process waits for a script.
func isStopScript(label string, arguments []string) bool {
	return strings.HasSuffix(label, " notify_stop") || strings.HasSuffix(label, " at stop") || len(arguments) > 2 && arguments[2] == "STOP"
}

func (s *scriptStarter) ended(r notify.Result) {
	switch {
	case r.Err != nil:
		s.log.Warnf("%v", r.Err)
	case r.Signal != 0:
		s.log.Infof("%s: %s ended by signal %d", r.Command.Label, r.Command.Argv[0], r.Signal)
	case r.ExitCode != 0:
		s.log.Debugf("%s: %s exited with status %d", r.Command.Label, r.Command.Argv[0], r.ExitCode)
	}
}

// accountOf is who runs a script: its own user, else script_user, else keepalived_script.
func accountOf(script config.Script, g config.Global) account {
	if script.User == "" {
		script = g.ScriptUser
	}
	return account{script.User, script.Group, script.Supplement || g.SetSupplementaryGroups}
}

// identify looks an account up. Without any configured one it is keepalived_script, or ourselves where that does not
// exist.
func identify(a account) identity {
	if a.user == "" {
		if c, err := notify.LookupUser(config.DefaultScriptUser); err == nil {
			if !a.supplement {
				c.Groups = nil
			}
			return identity{Credentials: c}
		}
		return identity{Credentials: notify.OwnCredentials()}
	}
	c, err := notify.LookupUser(a.user)
	if err == nil && a.group != "" {
		if c.GID, err = notify.LookupGroup(a.group); err != nil {
			err = fmt.Errorf("user %s: %w", a.user, err)
		}
	}
	if !a.supplement {
		c.Groups = nil
	}
	return identity{c, err}
}
