package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/daemon/early"
	"keepalived-go/notify"
)

// engine is what a child runs.
type engine interface {
	// Run returns after a clean stop, when ctx has ended.
	Run(ctx context.Context) error
	// Check says why a configuration cannot work here, nil when it can.
	Check(config.Config) error
	// Reload changes over to a configuration.
	Reload(config.Config) error
}

// child is a process that runs an engine for the parent.
type child struct {
	options  Options
	heritage heritage
	lock     *os.File // of the pid file, held to the end
	log      *logSystem
	scripts  *scriptStarter
	mails    *postOffice
	events   *eventPipes
	schedule *scheduling
	engine   engine
	awake    func() error         // returns when the engine runs, with an error when it has stopped instead
	fitHost  func(*config.Config) // has it name what this host can use; nil: there is nothing to do
	use      func(config.Config)
	exitCode func(error) int // of a process whose engine could not start
	show     func() []byte   // the dump of the process, nil when its end is near
	saveDir  string          // config_save_dir
	reloads  int             // how many there were
	cancel   context.CancelFunc
	ready    atomic.Bool
	asked    atomic.Bool // the engine owes a sign of life

	crashOnce sync.Once

	checked    config.Config // the configuration of the last check
	generation int
	outbox     outbox
}

// runChild is a child from exec to exit. build makes its engine. It gives the exit code.
func runChild(o Options, h heritage, build func(*child, startMessage) error) int {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, unix.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM)
	if o.IgnoreSigint {
		acceptQuietly(unix.SIGINT)
	} else {
		signal.Notify(stop, unix.SIGINT)
	}
	acceptQuietly(quietSignals...)
	early.HandOver()

	c := &child{options: o, heritage: h, log: newLog(o, h.role)}
	defer c.log.Close()
	c.outbox.init(h.conn)
	c.scripts = &scriptStarter{runner: notify.NewRunner(), log: c.log.Entry}
	c.mails = newPostOffice(c.log.Entry, o.Detail > 0)
	c.events = &eventPipes{log: c.log.Entry, runner: c.scripts.runner}
	c.schedule = newScheduling(c.log.Entry, h.role, c.scripts.runner)
	start, err := receiveStart(h.conn)
	if err == nil {
		c.log.rename(start.instance)
		c.lock = start.lock
		if start.coreLimit != nil {
			debug.SetTraceback("crash") // the limit is inherited
			c.scripts.runner.LimitBefore(unix.RLIMIT_CORE, *start.coreLimit)
		}
		err = build(c, start)
	}
	if err != nil {
		return c.fail(exitFatal, fmt.Errorf("starting: %w", err))
	}
	if o.AddressChange {
		addresses := addressLog{log: c.log.Entry}
		addresses.watch()
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	defer cancel()
	go c.listen()
	go c.signals(hup, stop)
	return c.run(ctx)
}

// fail logs why the process cannot run, and tells the parent that another attempt would end as this one. The exit
// code alone would not do: a Go process that panics exits with the code of a bad configuration.
func (c *child) fail(code int, err error) int {
	c.log.Error(err)
	c.outbox.put(message{Kind: kindFailed, Code: code, Error: err.Error()})
	c.outbox.close()
	return code
}

// run drives the engine to its end.
func (c *child) run(ctx context.Context) int {
	started := make(chan struct{})
	go func() {
		defer close(started)
		if c.awake() == nil {
			c.ready.Store(true)
			c.outbox.put(message{Kind: kindReady})
			settle(c.heritage.role)
			if c.options.Dump {
				logText(c.log, c.show())
			}
		}
	}()
	err := c.engine.Run(ctx)
	<-started
	patience, cancel := context.WithTimeout(context.Background(), scriptPatience)
	defer cancel()
	c.events.close()
	c.scripts.runner.Stop(patience)
	c.mails.close(patience)
	c.parentsWords() // it may have died while we were stopping
	switch failed := err != nil && !errors.Is(err, context.Canceled); {
	case failed && !c.ready.Load():
		return c.fail(c.exitCode(err), err)
	case failed:
		c.log.Error(err)
		c.outbox.close()
		return exitProgramError
	}
	c.outbox.close()
	c.log.Info("Stopped")
	return exitOK
}

// parentsWords logs the last words of the parent, once, if there are any.
func (c *child) parentsWords() {
	c.crashOnce.Do(func() { logCrash(c.log.Entry, "parent", c.heritage.parentCrash) })
}

// scriptPatience is how long stop scripts, and with them the last mails, may delay the end.
const scriptPatience = time.Second

// maxUndone is how many requests of the parent wait while one is carried out. It asks for two at a time.
const maxUndone = 64

// listen takes what the parent says. When the parent is gone, so are we: nobody would look after us. A stop overtakes
// what a child has not done yet: a large configuration or a kernel that does not answer keeps it from nothing.
func (c *child) listen() {
	defer c.cancel()
	requests := make(chan message, maxUndone)
	defer close(requests)
	go c.serve(requests)
	buffer := make([]byte, maxPacket)
	for {
		m, err := receiveMessage(c.heritage.conn, buffer)
		switch {
		case errors.Is(err, io.EOF):
			c.log.Warn("the parent process is gone, stopping")
			c.parentsWords()
			return
		case err != nil:
			c.log.Errorf("listening to the parent: %v", err)
			return
		}
		switch m.Kind {
		case kindStop:
			return
		case kindPing:
			c.pong()
		default:
			requests <- m
		}
	}
}

// serve carries out what the parent asks for, one after the other.
func (c *child) serve(requests <-chan message) {
	for m := range requests {
		switch m.Kind {
		case kindCheck:
			c.answer(m.Generation, c.check(m))
		case kindApply:
			c.answer(m.Generation, c.apply(m.Generation))
		}
		closeFiles(m.files)
	}
}

func (c *child) answer(generation int, err error) {
	m := message{Kind: kindAnswer, Generation: generation}
	if err != nil {
		m.Error = err.Error()
	}
	c.outbox.put(m)
}

// check loads a new configuration and says whether it can work here.
func (c *child) check(m message) error {
	if len(m.files) != 1 {
		return fmt.Errorf("the parent sent %d files", len(m.files))
	}
	text, err := loadText(m.files[0])
	if err != nil {
		return fmt.Errorf("loading the new configuration: %w", err)
	}
	cfg := decodeText(text).config
	if c.fitHost != nil {
		c.fitHost(&cfg)
	}
	if err := c.engine.Check(cfg); err != nil {
		return err
	}
	c.checked, c.generation = cfg, m.Generation
	return nil
}

// apply makes the configuration that was checked the running one.
func (c *child) apply(generation int) error {
	if generation != c.generation {
		return fmt.Errorf("configuration %d was not checked", generation)
	}
	c.log.Info("Reloading")
	c.reloads++
	c.saveState("pre")
	setUmask(c.options, c.checked.Global)
	c.use(c.checked)
	err := c.engine.Reload(c.checked)
	c.saveDir = c.checked.Global.ConfigSaveDir
	c.saveState("post")
	return err
}

// signals: a reload is asked of the parent, which reads the files; a stop is a stop.
func (c *child) signals(hup, stop <-chan os.Signal) {
	for {
		select {
		case <-hup:
			c.outbox.put(message{Kind: kindReload})
		case <-stop:
			c.cancel()
		}
	}
}
