package daemon

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"keepalived-go/check"
	"keepalived-go/config"
	"keepalived-go/status"
	"keepalived-go/vrrp"
)

// dumpSignals ask for a dump.
var dumpSignals = []os.Signal{unix.SIGUSR1, unix.SIGUSR2, sigJSON, sigStatsClear}

// onSignal calls f, one call after the other, for a signal. Several that come during a call make one more call: what
// was asked for is then done after it was asked for.
func onSignal(s os.Signal, f func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, s)
	go func() {
		for range c {
			f()
		}
	}()
}

// placeOf is where the dumps of a process go.
func placeOf(o Options, g config.Global) status.Place {
	p := status.Place{Folder: status.Folder()}
	if g.DataUseInstance {
		p.Suffix = instanceName(o, g)
	}
	return p
}

// dumpMode is the mode of dumps: the owner's alone with the umask that is the default.
func dumpMode() os.FileMode { return 0o666 &^ os.FileMode(processUmask()) }

// processUmask is the umask in force. It is read from the kernel's account of the process: the system call that tells
// it changes it.
func processUmask() int {
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return defaultMask
	}
	_, rest, _ := bytes.Cut(content, []byte("\nUmask:\t"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	mask, err := strconv.ParseUint(string(line), 8, 32)
	if err != nil {
		return defaultMask // the kernel is older than 4.7
	}
	return int(mask)
}

// hostFor is what a dump asks about users; those of scripts are known.
func hostFor(scripts *scriptStarter) status.Host {
	return status.Host{Umask: processUmask(), Identify: func(s config.Script) (status.Account, bool) {
		who := scripts.account(s)
		return status.Account{UID: who.UID, GID: who.GID, Groups: who.Groups}, who.err == nil
	}}
}

// write puts a dump into its file, and logs when it cannot.
func (c *child) write(path string, content []byte) {
	if err := status.WriteFile(path, content, dumpMode()); err != nil {
		c.log.Warn(err)
	}
}

// vrrpDumps are the dumps of the VRRP child.
type vrrpDumps struct {
	*child
	engine *vrrp.Engine
}

// serve writes a dump whenever a signal asks for it. The engine gives one moment of itself and goes on.
func (d vrrpDumps) serve() {
	onSignal(unix.SIGUSR1, d.data)
	onSignal(unix.SIGUSR2, func() { d.stats(false) })
	onSignal(sigStatsClear, func() { d.stats(true) })
	onSignal(sigJSON, d.json)
	d.show = func() []byte {
		v, err := d.engine.View(false)
		if err != nil {
			return nil
		}
		return status.VRRPData(v, hostFor(d.scripts))
	}
}

func (d vrrpDumps) data() {
	d.log.Infof("Printing VRRP data for process(%d) on signal", os.Getpid())
	if v, err := d.engine.View(false); err == nil { // it fails when the end is near
		d.write(d.path(v.Config.Global, v.Config.Global.StateDumpFile, "keepalived.data"), status.VRRPData(v, hostFor(d.scripts)))
	}
}

func (d vrrpDumps) path(g config.Global, setting, name string) string {
	return placeOf(d.options, g).Path(setting, name, "")
}

func (d vrrpDumps) stats(clearing bool) {
	what := ""
	if clearing {
		what = "and clearing "
	}
	d.log.Infof("Printing %sVRRP stats for process(%d) on signal", what, os.Getpid())
	if v, err := d.engine.View(clearing); err == nil {
		d.write(d.path(v.Config.Global, v.Config.Global.StatsDumpFile, "keepalived.stats"), status.Stats(v))
	}
}

func (d vrrpDumps) json() {
	d.log.Infof("Printing VRRP as json for process(%d) on signal", os.Getpid())
	v, err := d.engine.View(false)
	if err != nil {
		return
	}
	content, err := status.JSON(v)
	switch {
	case err != nil:
		d.log.Error(err)
	case content != nil:
		d.write(d.path(v.Config.Global, v.Config.Global.JSONDumpFile, "keepalived.json"), content)
	}
}

// serveCheckerDumps writes the dump of the checker child whenever a signal asks for it.
func (c *child) serveCheckerDumps(engine *check.Engine) {
	acceptQuietly(unix.SIGUSR2, sigStatsClear, sigJSON) // it has none of these
	onSignal(unix.SIGUSR1, func() {
		c.log.Infof("Printing checker data for process(%d) on signal", os.Getpid())
		v, err := engine.View()
		if err != nil {
			return // the end is near
		}
		g := v.Config.Global
		c.write(placeOf(c.options, g).Path(g.StateDumpFile, "keepalived.data", "_check"), status.CheckData(v, hostFor(c.scripts)))
	})
	c.show = func() []byte {
		v, err := engine.View()
		if err != nil {
			return nil
		}
		return status.CheckData(v, hostFor(c.scripts))
	}
}

// dumpOnSignal has the loop write the parent's own dump, and passes every such signal on to the children that it is for.
func (p *parent) dumpOnSignal() {
	for _, s := range dumpSignals {
		onSignal(s, func() { p.work <- func() { p.passDump(s) } })
	}
}

func (p *parent) passDump(s os.Signal) {
	for _, child := range p.children() {
		if s == unix.SIGUSR1 || child.post == p.vrrp {
			_ = child.process.Signal(s) // one that has just ended has nothing to show
		}
	}
	if s != unix.SIGUSR1 {
		return
	}
	p.log.Infof("Printing parent data for process(%d) on signal", os.Getpid())
	cfg := p.current.config
	go func() { // a slow disk holds the loop up for nothing
		scripts := &scriptStarter{global: cfg.Global}
		path := placeOf(p.options, cfg.Global).Path(cfg.Global.StateDumpFile, "keepalived.data", "_parent")
		if err := status.WriteFile(path, status.ParentData(cfg, hostFor(scripts)), dumpMode()); err != nil {
			p.work <- func() { p.log.Warn(err) }
		}
	}()
}

// logText logs a dump line by line, for -d.
func logText(log *logSystem, content []byte) {
	for line := range strings.Lines(string(content)) {
		log.Info(strings.TrimRight(line, "\n"))
	}
}

// saveState keeps a dump in config_save_dir, from before or after a reload. The parent has made the folder.
func (c *child) saveState(when string) {
	if c.saveDir == "" {
		return
	}
	process := map[role]string{roleVRRP: "vrrp", roleChecker: "check"}[c.heritage.role]
	c.write(fmt.Sprintf("%s/keepalived_%s.%d.%d.%s", c.saveDir, process, os.Getpid(), c.reloads, when), c.show())
}
