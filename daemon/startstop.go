package daemon

import (
	"time"

	"keepalived-go/config"
	"keepalived-go/notify"
)

// endingPatience is how long a script that was killed may take to be gone; one that hangs in the kernel is left behind.
const endingPatience = 10 * time.Second

// startChildren starts every child that is wanted, after startup_script has ended, however it does.
func (p *parent) startChildren() {
	g := p.current.config.Global
	if !g.StartupScript.Set() {
		p.fillFirst()
		return
	}
	p.starting = make(chan struct{})
	go func() {
		p.runScript(g, g.StartupScript, "startup script", g.StartupScriptTimeout, p.starting)
		p.work <- p.fillFirst
	}()
}

// fillFirst starts the first children. A daemon without any is ready.
func (p *parent) fillFirst() {
	p.starting = nil
	if p.stopping {
		return
	}
	p.fillWanted()
	if p.appointment == nil { // else a reload was faster
		p.makeAppointment(p.current.config.Global)
	}
	if len(p.children()) == 0 && !p.stopping {
		p.ready()
	}
}

// shutDown runs shutdown_script, after the last child has ended.
func (p *parent) shutDown() {
	g := p.current.config.Global
	if g.ShutdownScript.Set() {
		if p.background {
			p.callWitness()
		}
		p.runScript(g, g.ShutdownScript, "shutdown script", g.ShutdownScriptTimeout, nil)
	}
}

// runScript runs a script of the parent's own and returns when it has ended, or was ended after its time or because
// until was closed.
func (p *parent) runScript(g config.Global, script config.Script, title string, timeout time.Duration, until <-chan struct{}) {
	who := identify(accountOf(script, g))
	if who.err != nil {
		p.log.Warnf("%s: not run: %v", title, who.err)
		return
	}
	if p.options.Detail > 0 {
		p.log.Infof("Running %s %s", title, script.Argv[0])
	}
	ended := make(chan notify.Result, 1)
	p.scripts().Run(notify.Command{
		Argv: script.Argv, UID: who.UID, GID: who.GID, Groups: who.Groups, Label: title,
		Secure: g.ScriptSecurity, KeepLink: g.UseSymlinkPaths, Until: until,
	}, timeout, func(r notify.Result) { ended <- r })
	select {
	case r := <-ended:
		p.scriptEnded(title, r)
	case <-time.After(timeout + endingPatience):
		p.log.Warnf("%s: %s does not end", title, script.Argv[0])
	}
}

// scriptEnded says how a script of the parent's own has ended.
func (p *parent) scriptEnded(title string, r notify.Result) {
	switch {
	case r.Err != nil:
		p.log.Warn(r.Err)
	case r.TimedOut:
		p.log.Warnf("%s timed out", title)
	case r.Signal != 0:
		p.log.Warnf("%s was ended by signal %d", title, r.Signal)
	case r.ExitCode != 0:
		p.log.Warnf("%s failed, status %d", title, r.ExitCode)
	case p.options.Detail > 0:
		p.log.Infof("%s succeeded", title)
	}
}

// scripts starts the parent's own scripts. The thread for it is there from the first one on.
func (p *parent) scripts() *notify.Runner {
	p.runnerOnce.Do(func() { p.runner = notify.NewRunner() })
	return p.runner
}
