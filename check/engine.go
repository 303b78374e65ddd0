package check

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/check/httpget"
	"keepalived-go/config"
	"keepalived-go/ipvs"
	"keepalived-go/netif"
)

// Options is what an Engine needs from outside. Only Config, Kernel and Log are required; Links and Dialer are where
// the configuration needs them.
type Options struct {
	Config config.Config
	Kernel Kernel
	Links  Links  // for ha_suspend
	Dialer Dialer // for checks that connect
	Log    *logrus.Entry
	// Detail turns on the lines that upstream prints with -D only.
	Detail bool
	// Probers are the kinds of checkers that can be made; nil are DefaultProbers.
	Probers Probers
	// Scripts starts notify scripts; nil starts none.
	Scripts Scripts
	// Mail sends alert mails; nil sends none.
	Mail Mailer
	// Event receives the lines of lvs_notify_fifo, without their ends. It must return at once; nil takes none.
	Event func(line string)
	// Resume holds what a former process of this daemon reported, merged by Merge. It is nil for a fresh start. What
	// is in it goes on as it was: nothing is told a second time.
	Resume map[string]Health
	// Report receives what has changed since it was called last.
	Report func([]Health)
	// KeepTable leaves the kernel's table as it is at the end (--dont-release-ipvs), and tells nobody.
	KeepTable bool
	// Late receives how much later than it should have the engine woke up, each time that it was late. It must return
	// at once; nil takes none.
	Late func(time.Duration)
	// Random spreads the first checks; nil is seeded by the system.
	Random *rand.Rand
	// MaxInFlight bounds the checks that run at a time; 0 is what the limit of file descriptors allows.
	MaxInFlight int
}

// Links tells about interfaces.
type Links interface {
	// Watch calls report with the whole state, once before it returns or soon after, and after each change, until stop is called.
	Watch(report func(netif.State, error)) (stop func(), err error)
}

// Scripts starts notify scripts. It must return at once.
type Scripts interface {
	// Notify starts script with the arguments appended. label says what it belongs to.
	Notify(script config.Script, label string, arguments ...string)
}

// Mailer sends alert mails in the order in which it is given them. It must return at once.
type Mailer interface {
	// Send sends one mail. The subject is without the router_id in front.
	Send(subject, body string)
}

// stopPatience bounds how long a clean stop waits for the kernel; the process gets five seconds.
const stopPatience = 4 * time.Second

// Engine checks the real servers of one configuration.
type Engine struct {
	opt Options
	log *logrus.Entry

	virtuals map[string]*virtual // by key
	order    []*virtual          // in the order of the configuration
	schedule schedule
	ready    []*task // due, waiting until fewer checks are in flight
	inFlight int
	limit    int
	crowded  bool // it was said that checks have to wait
	exhaust  bool // it was said that descriptors are out
	worker   *tableWorker
	kernel   *sharedKernel
	changed  []*virtual // to be applied or reported after this turn
	gone     []Health   // removed virtual servers, to be reported
	reread   bool       // the kernel is to be read with this turn's changes
	suspense suspense
	identity httpget.Identity // of SSL_GET

	commands chan func()
	finished chan finding
	results  chan error
	checks   sync.WaitGroup
	stopped  chan struct{}
}

// finding is the end of a check.
type finding struct {
	task   *task
	part   int
	result Result
}

// New prepares an engine; nothing is read or changed before Run.
func New(opt Options) (*Engine, error) {
	if opt.Kernel == nil || opt.Log == nil {
		return nil, errors.New("check engine: kernel and log are required")
	}
	if opt.Probers == nil {
		opt.Probers = DefaultProbers()
	}
	if opt.Scripts == nil {
		opt.Scripts = nobody{}
	}
	if opt.Mail == nil {
		opt.Mail = nobody{}
	}
	if opt.Event == nil {
		opt.Event = func(string) {}
	}
	if opt.Random == nil {
		opt.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	e := &Engine{
		opt:      opt,
		log:      opt.Log,
		virtuals: map[string]*virtual{},
		limit:    opt.MaxInFlight,
		kernel:   &sharedKernel{Kernel: opt.Kernel},
		commands: make(chan func()),
		finished: make(chan finding, 256),
		results:  make(chan error, 64),
		stopped:  make(chan struct{}),
	}
	if e.limit == 0 {
		e.limit = descriptorsForChecks()
	}
	e.suspense.news = make(chan struct{}, 1)
	e.worker = newTableWorker(e.kernel, opt, e.results, e.stopped)
	return e, nil
}

// nobody takes scripts and mails where nothing does.
type nobody struct{}

// Notify does nothing.
func (nobody) Notify(config.Script, string, ...string) {}

// Send does nothing.
func (nobody) Send(string, string) {}

// Run brings the kernel's table to what is configured, checks until ctx has ended, and returns after a clean stop. An
// error before that says why it cannot run at all, such as a kernel without virtual servers.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.stopped)
	defer e.suspense.close()
	var err error
	if e.identity, err = loadIdentity(e.opt.Config); err != nil {
		return fmt.Errorf("preparing SSL_GET: %w", err)
	}
	if len(e.opt.Config.VirtualServers) > 0 {
		if err := e.firstLook(); err != nil {
			return err
		}
	}
	if err := e.watchLinks(e.opt.Config); err != nil {
		return err
	}
	workerDone := make(chan struct{})
	go func() { defer close(workerDone); e.worker.run() }()
	e.start(e.opt.Config)
	e.loop(ctx)
	return e.stop(workerDone)
}

// firstLook finds out whether there is a table at all, and empties it for lvs_flush. A successor leaves it alone.
func (e *Engine) firstLook() error {
	e.log.Info("Initializing ipvs")
	if e.opt.Config.Global.LVSFlush && e.opt.Resume == nil {
		if err := e.kernel.Flush(); err != nil {
			return fmt.Errorf("emptying the kernel's table of virtual servers: %w", err)
		}
		e.worker.first = ipvs.Table{}
		return nil
	}
	table, err := e.kernel.Read()
	if err != nil {
		return fmt.Errorf("reading the kernel's table of virtual servers: %w", err)
	}
	e.worker.first = table
	return nil
}

// start brings every virtual server of a configuration to life.
func (e *Engine) start(cfg config.Config) {
	now := time.Now()
	for _, h := range e.opt.Resume {
		e.worker.table.own(h.Serves.keys())
	}
	vs := e.build(cfg)
	for _, v := range vs {
		e.add(v)
	}
	e.order = vs
	e.reread = true
	e.activate(now, vs)
	e.sayIdle(cfg)
	e.opt.Resume = nil
	e.flush()
}

func (e *Engine) loop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		sleep := e.untilNext()
		due := time.Now().Add(sleep)
		timer.Reset(sleep)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			e.woke(due)
		case f := <-e.finished:
			e.woke(due)
			e.finish(time.Now(), f)
		case command := <-e.commands:
			e.woke(due)
			command()
		case <-e.suspense.news:
			e.woke(due)
			e.applyLinks()
		case err := <-e.results:
			e.woke(due)
			e.log.Error(err)
		}
		e.launchDue(time.Now())
		e.flush()
	}
}

// woke tells by how much the engine has slept too long.
func (e *Engine) woke(due time.Time) {
	if late := time.Since(due); late > 0 && e.opt.Late != nil {
		e.opt.Late(late)
	}
}

// untilNext is how long the engine may sleep.
func (e *Engine) untilNext() time.Duration {
	if at, ok := e.schedule.next(); ok {
		return max(time.Until(at), 0)
	}
	return time.Hour
}

// flush hands what this turn changed to the kernel worker, and reports it.
func (e *Engine) flush() {
	report := e.gone
	e.gone = nil
	for _, v := range e.changed {
		v.queued = false
		if v.retable && !v.removed {
			e.worker.want(v.key, v.position, v.state.want(v.serves), v.swapped != v.state.sorry)
			v.swapped = v.state.sorry
		}
		v.retable = false
		if v.moved() && !v.removed {
			report = append(report, v.health(false))
		}
		v.settle()
	}
	e.changed = e.changed[:0]
	e.worker.release(e.reread)
	e.reread = false
	if len(report) > 0 && e.opt.Report != nil {
		e.opt.Report(report)
	}
}

// do runs f on the engine's goroutine and waits for it.
func (e *Engine) do(f func()) error {
	done := make(chan struct{})
	select {
	case e.commands <- func() { f(); close(done) }:
		<-done
		return nil
	case <-e.stopped:
		return errors.New("check engine has stopped")
	}
}

// stop ends every virtual server and waits for the kernel worker, in bounded time.
func (e *Engine) stop(workerDone <-chan struct{}) error {
	for _, v := range e.order {
		v.cancelAll()
		if !e.opt.KeepTable {
			e.perform(v, v.state.stop())
			v.retable = false
			e.worker.want(v.key, v.position, nil, false)
		}
	}
	e.worker.close(!e.opt.KeepTable && e.opt.Config.Global.LVSFlushOnStop == config.FlushAll)
	checksDone := make(chan struct{})
	go func() { e.checks.Wait(); close(checksDone) }()
	deadline := time.NewTimer(stopPatience)
	defer deadline.Stop()
	for workerDone != nil || checksDone != nil {
		select {
		case <-workerDone:
			workerDone = nil
		case <-checksDone:
			checksDone = nil
		case <-e.finished:
		case err := <-e.results:
			e.log.Error(err)
		case <-deadline.C:
			return fmt.Errorf("virtual servers were not off within %v", stopPatience)
		}
	}
	return e.drain()
}

// drain logs what the worker said last.
func (e *Engine) drain() error {
	for {
		select {
		case err := <-e.results:
			e.log.Error(err)
		default:
			return nil
		}
	}
}
