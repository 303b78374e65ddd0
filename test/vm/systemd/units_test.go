package systemd

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ownUnit is a unit with the directives that upstream's units have, as administrators keep it in /etc.
const ownUnit = `[Unit]
Description=Keepalive Daemon of this site
After=network-online.target
Wants=network-online.target
[Service]
%s
PIDFile=/run/keepalived.pid
KillMode=process
EnvironmentFile=-/etc/default/keepalived
ExecReload=/bin/kill -HUP $MAINPID
[Install]
WantedBy=multi-user.target
`

// units runs the daemon by the packaged unit and by units of others: it starts, is reloaded, writes its dump where
// everybody looks for it, and stops.
func (s *system) units(c *connections) {
	s.t.Helper()
	const file = "/etc/systemd/system/keepalived.service"
	for name, service := range map[string]string{
		"packaged":       "",
		"upstream's":     "Type=notify\nNotifyAccess=all\nExecStart=/usr/sbin/keepalived --dont-fork $DAEMON_ARGS",
		"in the old way": "Type=forking\nExecStart=/usr/sbin/keepalived $DAEMON_ARGS",
	} {
		s.write(configFile, fmt.Sprintf(configuration, 150))
		if service != "" {
			s.write(file, fmt.Sprintf(ownUnit, service))
		}
		s.run("systemctl", "daemon-reload")
		s.run("systemctl", "restart", "keepalived")
		s.master()
		main := s.mainPID()
		if text, err := os.ReadFile(s.path("/run/keepalived.pid")); err != nil || string(text) != fmt.Sprintf("%d\n", main) {
			s.t.Errorf("%s: the main process is %d, the pid file has %q, %v", name, main, text, err)
		}
		if kind := s.property("Type"); service != "" && !strings.HasPrefix(service, "Type="+kind+"\n") {
			s.t.Errorf("%s: it is of type %s", name, kind)
		}
		s.dumps(name, 150)
		mark := s.director.Addresses.Len()
		s.write(configFile, fmt.Sprintf(configuration, 160))
		s.run("systemctl", "reload", "keepalived")
		s.dumps(name, 160)
		if state := s.property("ActiveState"); state != "active" || s.mainPID() != main || s.director.Addresses.Len() != mark {
			s.t.Errorf("%s: after a reload it is %s, process %d, was %d", name, state, s.mainPID(), main)
		}
		c.talk(name)
		s.run("systemctl", "stop", "keepalived")
		if state := s.property("ActiveState"); state != "inactive" {
			s.t.Errorf("%s: after the stop it is %s", name, state)
		}
		if has, err := s.director.Holds(serviceAddress); has || err != nil {
			s.t.Errorf("%s: the address is there after the stop: %v, %v", name, has, err)
		}
		if err := os.Remove(s.path(file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.must(err)
		}
		s.note("a unit that is %s", name)
	}
	s.write(configFile, fmt.Sprintf(configuration, 150))
	s.run("systemctl", "daemon-reload")
	s.run("systemctl", "start", "keepalived")
	s.master()
}

// dumps asks until the dump of the daemon, in the /tmp of everybody, has a priority.
func (s *system) dumps(name string, priority int) {
	s.t.Helper()
	const file = "/tmp/keepalived.data"
	want := fmt.Sprintf("\n   Priority = %d\n", priority)
	s.await(fmt.Sprintf("the dump with %q: %s", want, name), func() error {
		s.kill(unix.SIGUSR1, s.mainPID())
		text, err := os.ReadFile(s.path(file))
		if err == nil && !strings.Contains(string(text), want) {
			err = fmt.Errorf("there is:\n%s", text)
		}
		return err
	})
	s.must(os.Remove(s.path(file)))
}
