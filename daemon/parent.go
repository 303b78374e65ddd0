package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/parser"
	"keepalived-go/vrrp"
)

// parent supervises: it reads the configuration, starts the children, takes the signals. One goroutine runs it.
type parent struct {
	options  Options
	launcher *net.UnixConn // nil in the foreground
	log      *logSystem

	current    configuration
	generation int
	child      *supervised
	cleanup    *supervised                   // takes addresses off, nil when there is none
	known      map[string]vrrp.InstanceState // the last report of the child
	deaths     []time.Time                   // of the child, recent ones
	beats      *sharedBeats
	announced  bool // READY was said
	pid        *pidFile
	childPID   *pidFile
	reload     *pendingReload
	stopping   bool
	exitCode   int

	signals chan os.Signal
	events  chan childEvent
	timer   <-chan time.Time // the next thing that is due: see due
	due     func()
}

// runParent is the daemon from its start to its end. It gives the exit code.
func runParent(o Options, launcher *net.UnixConn) int {
	p := &parent{options: o, launcher: launcher, log: newLog(o, roleParent), signals: make(chan os.Signal, 16), events: make(chan childEvent, 16)}
	defer p.log.Close()
	catch := []os.Signal{unix.SIGHUP, unix.SIGTERM}
	if o.IgnoreSigint {
		signal.Ignore(unix.SIGINT)
	} else {
		catch = append(catch, unix.SIGINT)
	}
	signal.Notify(p.signals, catch...)
	acceptQuietly()
	if err := p.start(); err != nil {
		p.log.Error(err)
		if errors.Is(err, errRunning) || launcher == nil && !o.Console {
			fmt.Fprintln(os.Stderr, err)
		}
		p.tellLauncher(message{Error: err.Error()})
		return p.exitCode
	}
	p.loop()
	p.end()
	return p.exitCode
}

// start claims the pid files, reads the configuration and starts what it needs.
func (p *parent) start() error {
	p.exitCode = exitFatal
	var err error
	if p.pid, err = claimPIDFile(p.options.PIDFile); err != nil {
		return err
	}
	p.log.Infof("Starting %s", contract)
	p.logHost()
	p.current, err = readConfiguration(p.options)
	if err != nil {
		p.exitCode = exitNoConfig
		p.pid.remove()
		return err
	}
	p.log.Infof("Configuration file %s", p.options.ConfigFile)
	p.logDiagnostics(p.current)
	if d, bad := p.current.fatal(); bad {
		p.exitCode = exitConfig
		p.pid.remove()
		return fmt.Errorf("cannot start: %s", d)
	}
	if p.childPID, err = claimPIDFile(p.options.VRRPPIDFile); err != nil {
		p.pid.remove()
		return err
	}
	if err := p.pid.write(os.Getpid()); err != nil {
		p.pid.remove()
		return err
	}
	if p.beats, err = newSharedBeats(); err != nil {
		p.pid.remove()
		return err
	}
	p.exitCode = exitOK
	p.generation = 1
	if p.wantsVRRP(p.current.config) {
		p.startChild()
	} else {
		p.announced = true
		p.ready()
	}
	return nil
}

func (p *parent) logHost() {
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		p.log.Infof("Running on Linux %s %s", unix.ByteSliceToString(uts.Release[:]), unix.ByteSliceToString(uts.Version[:]))
	}
	p.log.Infof("Command line: '%s'", strings.Join(os.Args, "' '"))
}

// logDiagnostics says everything that the files gave reason to say.
func (p *parent) logDiagnostics(c configuration) {
	for _, d := range c.diagnostics {
		switch {
		case d.Severity == parser.Error:
			p.log.Error(d)
		case d.Status != 0:
			p.log.Warn(d)
		default:
			p.log.Info(d)
		}
	}
}

// wantsVRRP tells whether there is work for the VRRP child.
func (p *parent) wantsVRRP(cfg config.Config) bool {
	if p.options.CheckOnly && !p.options.VRRPOnly {
		return false
	}
	return len(cfg.Instances) > 0 || p.options.All || p.options.VRRPOnly
}

// ready tells everybody who waits for the start that it is over.
func (p *parent) ready() {
	p.tellLauncher(message{Kind: kindReady})
	p.log.Info("Startup complete")
	notifySystemd("READY=1\nMAINPID=" + fmt.Sprint(os.Getpid()))
}

func (p *parent) tellLauncher(m message) {
	if p.launcher == nil {
		return
	}
	_ = sendMessage(p.launcher, m) // a launcher that was killed need not know
	if m.Kind == kindReady {
		_ = p.launcher.Close()
		p.launcher = nil
	}
}

func notifySystemd(state string) {
	_, _ = sd.SdNotify(false, state) // without a service manager there is nobody to tell
}

func (p *parent) loop() {
	for !p.stopping || p.child != nil || p.cleanup != nil {
		select {
		case s := <-p.signals:
			p.signal(s)
		case e := <-p.events:
			p.event(e)
		case <-p.timer:
			due := p.due
			p.timer, p.due = nil, nil
			due()
		}
	}
}

// after has f done in the loop when d has passed. There is one such thing at a time.
func (p *parent) after(d time.Duration, f func()) { p.timer, p.due = time.After(d), f }

func (p *parent) signal(s os.Signal) {
	switch s {
	case unix.SIGHUP:
		p.startReload()
	default:
		p.stop()
	}
}

// defaultChildWait is child_wait_time without configuration.
const defaultChildWait = 5 * time.Second

// stop ends the children, once.
func (p *parent) stop() {
	if p.stopping {
		return
	}
	p.stopping = true
	p.log.Info("Stopping")
	notifySystemd("STOPPING=1")
	if p.child == nil {
		return
	}
	p.child.send(message{Kind: kindStop})
	wait := p.current.config.Global.ChildWaitTime
	if wait <= 0 {
		wait = defaultChildWait
	}
	child := p.child
	p.after(wait, func() {
		p.log.Warnf("VRRP process(%d) did not end within %v, killing it", child.pid(), wait)
		_ = child.process.Kill()
	})
}

// end removes what the daemon has made.
func (p *parent) end() {
	p.childPID.remove()
	p.pid.remove()
	p.log.Infof("Stopped %s", contract)
}
