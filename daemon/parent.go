package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"keepalived-go/check"
	"keepalived-go/config"
	"keepalived-go/daemon/early"
	"keepalived-go/netif"
	"keepalived-go/notify"
	"keepalived-go/parser"
	"keepalived-go/status"
	"keepalived-go/vrrp"
)

// parent supervises: it reads the configuration, starts the children, takes the signals. One goroutine runs it.
type parent struct {
	options     Options
	launcher    *net.UnixConn // nil in the foreground, and when nobody waits for the start any more
	background  bool
	witness     *spawned      // nil when there is none
	witnessGone chan struct{} // closed when the last one has ended
	log         *logSystem

	current       configuration
	generation    int
	posts         []*post
	pid           *pidFile
	folders       []string       // of pid files, beside the usual one
	reload        *pendingReload // nil when there is none
	coreLimit     *uint64        // that of scripts, with -m
	corePattern   *corePattern   // with -M
	saved         int            // copies in config_save_dir
	control       *control       // nil when it could not be opened
	asking        []*asker       // who waits for the reload after the pending one
	announced     bool           // READY was said
	guard         *watchdog      // nil when nobody asks for signs of life
	status        string         // the last line about the instances
	reloadFailure error          // of the last reload
	stopping      bool
	exitCode      int

	health     map[string]check.Health // what the checker child has reported, for its successor
	unreported map[string]check.Health // what one may have begun without a report, until its successor runs

	// What the VRRP child's successors, or the clean-up after it, have to know.
	vrrp        *post
	known       map[string]vrrp.InstanceState // the last report
	former      netif.Former                  // what the host was like before the VRRP child changed it
	diedAt      int64                         // when the last one died, CLOCK_MONOTONIC
	beats       *sharedBeats
	cleanups    map[*supervised]bool // processes that take addresses off
	resumeTimer *time.Timer          // nil or past when not armed

	appointment *appointment // reload_time_file; nil without it

	igmp quietIGMP // disable_local_igmp

	starting   chan struct{} // not nil while startup_script runs; closed to end it
	runner     *notify.Runner
	runnerOnce sync.Once

	stops   chan os.Signal // SIGTERM and SIGINT
	hangups chan os.Signal // SIGHUP; apart, so that however many there are, no stop is lost
	work    chan func()    // what children and timers ask the loop to do
}

func newParent(o Options, h heritage) *parent {
	p := &parent{
		exitCode: exitFatal, options: o, launcher: h.conn, background: h.conn != nil, log: newLog(o, roleParent), cleanups: map[*supervised]bool{},
		stops: make(chan os.Signal, 1), hangups: make(chan os.Signal, 1), work: make(chan func(), 16),
	}
	p.vrrp = p.vrrpPost()
	p.posts = []*post{p.checkerPost(), p.vrrp} // in the order of the start, as upstream
	return p
}

// runParent is the daemon from its start to its end. It gives the exit code.
func runParent(o Options, h heritage) int {
	p := newParent(o, h)
	defer p.log.Close()
	defer func() { _ = p.corePattern.restore() }()
	defer func() { _ = p.igmp.restore() }()
	debug.SetTraceback("crash") // a fault of ours ends it by a signal: its exit code would be that of a bad configuration
	signal.Notify(p.hangups, unix.SIGHUP)
	signal.Notify(p.stops, unix.SIGTERM)
	if o.IgnoreSigint {
		acceptQuietly(unix.SIGINT)
	} else {
		signal.Notify(p.stops, unix.SIGINT)
	}
	acceptQuietly(quietSignals...)
	p.dumpOnSignal()
	early.HandOver()
	p.reapOrphans()
	text := read(o)
	err := p.settleDown(text, h)
	if err == nil {
		p.startWatchdog() // it takes from the environment what this program would need to be executed again
		err = p.start(text)
	}
	if err != nil {
		p.log.Error(err)
		p.complain(err)
		p.removePIDFiles()
		return p.exitCode
	}
	p.loop()
	p.removeChildFiles()
	p.shutDown()
	p.end()
	return p.exitCode
}

// quietSignals have no effect. SIGPIPE is not ignored, because a script would inherit that.
var quietSignals = []os.Signal{unix.SIGPIPE, sigThreadDump}

// acceptQuietly keeps signals from ending the process.
func acceptQuietly(signals ...os.Signal) { signal.Notify(make(chan os.Signal, 1), signals...) }

// complain tells whoever started the daemon why it does not run.
func (p *parent) complain(err error) {
	switch {
	case p.launcher != nil:
		p.tellLauncher(message{Error: err.Error()})
	case !p.options.Console:
		fmt.Fprintln(os.Stderr, err)
	}
}

// start gives the text its meaning, claims the pid files and starts what it needs.
func (p *parent) start(text readText) error {
	if p.launcher != nil {
		if err := p.leaveFolder(); err != nil {
			return err
		}
		p.watchLauncher()
	}
	unix.Umask(p.options.mask())
	p.log.Infof("Starting %s", contract)
	p.logHost()
	p.prepareCores()
	var err error
	if p.current, err = text.decode(hostEnv()); err != nil {
		p.exitCode = exitNoConfig
		return err
	}
	p.log.Infof("Configuration file %s", p.options.ConfigFile)
	p.logDiagnostics(p.current)
	if d, bad := p.current.fatal(); bad {
		p.exitCode = exitConfig
		return fmt.Errorf("cannot start: %s", d)
	}
	if err := p.takePlace(); err != nil {
		return err
	}
	p.saveText(p.current)
	p.readingEnds(p.current.config.Global) // a daemon that was killed may have left it
	if err := p.claim(); err != nil {
		if errors.Is(err, errRunning) && p.launcher == nil {
			p.exitCode = exitOK // as upstream in the foreground
		}
		return err
	}
	if missing := p.missingPrivileges(p.current.config); missing != "" {
		p.log.Error(missing)
	}
	p.dump()
	p.applyUmask()
	p.applyName()
	if err := p.pid.write(os.Getpid()); err != nil {
		return err
	}
	if p.current.config.Global.MaxAutoPriority == 0 {
		p.log.Info("NOTICE: setting config option max_auto_priority should result in better keepalived performance")
	}
	if p.beats, err = newSharedBeats(); err != nil {
		return err
	}
	p.openControl()
	p.quietenIGMP()
	p.generation = 1
	p.exitCode = exitOK
	p.startChildren()
	return nil
}

// leaveFolder moves a daemon to /, so that it keeps no file system busy. Paths stay those that the user meant.
func (p *parent) leaveFolder() error {
	o := &p.options
	for _, path := range []*string{&o.ConfigFile, &o.PIDFile, &o.VRRPPIDFile, &o.CheckPIDFile, &o.BFDPIDFile} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("finding %s: %w", *path, err)
		}
		*path = abs
	}
	return os.Chdir("/")
}

func (p *parent) applyUmask() { setUmask(p.options, p.current.config.Global) }

// setUmask sets the configuration's umask, unless the command line has one.
func setUmask(o Options, g config.Global) {
	if o.Umask == "" && g.Umask.Set {
		unix.Umask(int(g.Umask.Value))
	}
}

// applyName sets process_name.
func (p *parent) applyName() {
	setProcessName(cmp.Or(p.current.config.Global.ParentName, processName))
}

func (p *parent) logHost() {
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		p.log.Infof("Running on Linux %s %s", unix.ByteSliceToString(uts.Release[:]), unix.ByteSliceToString(uts.Version[:]))
	}
	p.log.Infof("Command line: '%s'", strings.Join(os.Args, "' '"))
	for _, name := range p.options.withoutEffect {
		p.log.Infof("option --%s has no effect yet", name)
	}
}

// logDiagnostics says everything that the files gave reason to say.
func (p *parent) logDiagnostics(c configuration) {
	for _, d := range c.diagnostics {
		switch {
		case d.Severity == parser.Error:
			p.log.Error(d)
		case d.Status != parser.StatusOK:
			p.log.Warn(d)
		default:
			p.log.Info(d)
		}
	}
}

// dump logs what the parent has, for -d; each child does so too.
func (p *parent) dump() {
	if p.options.Dump {
		cfg := p.current.config
		logText(p.log, status.ParentData(cfg, hostFor(&scriptStarter{global: cfg.Global})))
	}
}

// ready tells everybody who waits for the start that it is over. It does so once.
func (p *parent) ready() {
	if p.announced {
		return
	}
	p.announced = true
	if p.background && len(p.children()) == 0 {
		p.callWitness() // before the launcher goes, who is one
	}
	p.tellLauncher(message{Kind: kindReady})
	p.log.Info("Startup complete")
	notifySystemd("READY=1\nMAINPID=" + fmt.Sprint(os.Getpid()))
	p.showStatus()
	settle(roleParent)
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
	for !p.stopping || p.starting != nil || len(p.children())+len(p.cleanups) > 0 {
		p.keepWitness()
		select {
		case <-p.stops:
			p.stop()
		case <-p.hangups:
			p.startReload()
		case f := <-p.work:
			p.takeStop()
			f()
		}
	}
}

// takeStop handles a stop that waits. One that goes to all processes at once is seen before the end of a child, which
// would be started again otherwise.
func (p *parent) takeStop() {
	select {
	case <-p.stops:
		p.stop()
	default:
	}
}

// after has f done in the loop when d has passed.
func (p *parent) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { p.work <- f })
}

// stop ends the daemon because somebody wants it, once.
func (p *parent) stop() {
	if p.stopping {
		return
	}
	p.log.Info("Stopping")
	p.stopChildren()
}

// stopChildren tells every child to end, and ends those that do not.
func (p *parent) stopChildren() {
	p.stopping = true
	p.leaveAppointment()
	if p.starting != nil {
		close(p.starting)
	}
	notifySystemd("STOPPING=1")
	p.turnAway()
	if p.vrrp.child == nil {
		p.cleanUpAll()
	}
	wait := p.current.config.Global.ChildWaitTime
	for _, child := range p.children() {
		child.send(message{Kind: kindStop})
		p.after(wait, func() {
			if child.post.child == child {
				p.log.Warnf("%s process(%d) did not end within %v, killing it", child.post.title, child.pid(), wait)
				_ = child.process.Kill()
			}
		})
	}
}

// end removes what the daemon has made.
func (p *parent) end() {
	p.endWitness()
	p.removePIDFiles()
	p.log.Infof("Stopped %s", contract)
}

func (p *parent) removePIDFiles() {
	p.control.close() // while the lock says that the socket is ours
	p.removeChildFiles()
	p.pid.remove()
	p.removeFolders()
}

// removeChildFiles removes the pid files of children that have ended.
func (p *parent) removeChildFiles() {
	for _, place := range p.posts {
		place.pid.remove()
		place.pid = nil
	}
}
