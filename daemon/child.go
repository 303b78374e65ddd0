package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/notify"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/wire"
)

// vrrpChild is the process that runs the virtual routers.
type vrrpChild struct {
	options Options
	conn    *net.UnixConn
	log     *logSystem
	scripts *scriptStarter
	engine  *vrrp.Engine
	beats   vrrp.Beats
	cancel  context.CancelFunc

	checked    config.Config // the configuration of the last check
	generation int
	outbox     outbox
}

// runVRRP is the VRRP child from exec to exit. It gives the exit code.
func runVRRP(o Options, conn *net.UnixConn) int {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, unix.SIGHUP)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	acceptQuietly()

	c := &vrrpChild{options: o, conn: conn, log: newLog(o, roleVRRP)}
	defer c.log.Close()
	c.outbox.init(conn)
	cfg, resume, err := c.receiveStart()
	if err != nil {
		c.log.Errorf("starting: %v", err)
		return exitFatal
	}
	if err := c.build(cfg, resume); err != nil {
		c.log.Errorf("starting: %v", err)
		return exitFatal
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	defer cancel()
	go c.listen()
	go c.signals(hup, stop)
	return c.run(ctx)
}

// acceptQuietly keeps signals from ending the process that have no effect yet.
func acceptQuietly() {
	signal.Notify(make(chan os.Signal, 1), unix.SIGUSR1, unix.SIGUSR2, sigJSON, sigStatsClear)
	signal.Ignore(unix.SIGPIPE)
}

// receiveStart reads the first message: what to run and what to go on with.
func (c *vrrpChild) receiveStart() (config.Config, map[string]vrrp.InstanceState, error) {
	m, err := receiveMessage(c.conn, make([]byte, maxPacket))
	if err != nil {
		return config.Config{}, nil, fmt.Errorf("waiting for the configuration: %w", err)
	}
	if m.Kind != kindStart || len(m.files) != 3 {
		return config.Config{}, nil, fmt.Errorf("the parent sent %q with %d files", m.Kind, len(m.files))
	}
	defer closeFiles(m.files)
	text, err := loadText(m.files[0])
	if err != nil {
		return config.Config{}, nil, fmt.Errorf("loading the configuration: %w", err)
	}
	states, err := loadStates(m.files[1])
	if err != nil {
		return config.Config{}, nil, fmt.Errorf("loading the last state: %w", err)
	}
	if c.beats, err = mapBeats(m.files[2]); err != nil {
		return config.Config{}, nil, err
	}
	return decodeText(text).config, states, nil
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// build makes the engine with the kernel under it.
func (c *vrrpChild) build(cfg config.Config, resume map[string]vrrp.InstanceState) error {
	kernel, err := netif.Open()
	if err != nil {
		return err
	}
	c.scripts = &scriptStarter{runner: notify.NewRunner(), log: c.log.Entry}
	c.scripts.use(cfg)
	c.engine, err = vrrp.New(vrrp.Options{
		Config: cfg, Network: wire.NewKernel(), Kernel: kernel, Links: kernelLinks{}, Log: c.log.Entry,
		Detail: c.options.Detail > 0, Resume: resume, Scripts: c.scripts, KeepAddresses: c.options.KeepVRRP,
		Report: c.outbox.report, Beats: c.beats,
	})
	return err
}

// kernelLinks watches the interfaces of this network namespace.
type kernelLinks struct{}

func (kernelLinks) Watch(report func(netif.State, error)) (func(), error) {
	m, err := netif.Watch(report)
	if err != nil {
		return nil, err
	}
	return func() { _ = m.Close() }, nil
}

// run drives the engine to its end.
func (c *vrrpChild) run(ctx context.Context) int {
	started := make(chan struct{})
	go func() {
		defer close(started)
		if _, err := c.engine.States(); err == nil { // answers when the engine runs
			c.outbox.put(message{Kind: kindReady})
		}
	}()
	err := c.engine.Run(ctx)
	<-started
	patience, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.scripts.runner.Stop(patience) // stop scripts get at most a second, as upstream gives them
	c.outbox.close()
	switch {
	case errors.Is(err, vrrp.ErrNoInterface):
		c.log.Error("Non-existent interface specified in configuration")
		c.log.Error(err)
		return exitConfig
	case err != nil && !errors.Is(err, context.Canceled):
		c.log.Error(err)
		return exitFatal
	}
	c.log.Info("Stopped")
	return exitOK
}

// listen carries out what the parent says. When the parent is gone, so are we: nobody would look after us.
func (c *vrrpChild) listen() {
	defer c.cancel()
	buffer := make([]byte, maxPacket)
	for {
		m, err := receiveMessage(c.conn, buffer)
		switch {
		case errors.Is(err, io.EOF):
			c.log.Warn("the parent process is gone, stopping")
			return
		case err != nil:
			c.log.Errorf("listening to the parent: %v", err)
			return
		}
		switch m.Kind {
		case kindStop:
			return
		case kindCheck:
			c.answer(m.Generation, c.check(m))
		case kindApply:
			c.answer(m.Generation, c.apply(m.Generation))
		}
		closeFiles(m.files)
	}
}

func (c *vrrpChild) answer(generation int, err error) {
	m := message{Kind: kindAnswer, Generation: generation}
	if err != nil {
		m.Error = err.Error()
	}
	c.outbox.put(m)
}

// check loads a new configuration and says whether it can work here.
func (c *vrrpChild) check(m message) error {
	if len(m.files) != 1 {
		return fmt.Errorf("the parent sent %d files", len(m.files))
	}
	text, err := loadText(m.files[0])
	if err != nil {
		return fmt.Errorf("loading the new configuration: %w", err)
	}
	cfg := decodeText(text).config
	if err := c.engine.Check(cfg); err != nil {
		return err
	}
	c.checked, c.generation = cfg, m.Generation
	return nil
}

// apply makes the configuration that was checked the running one.
func (c *vrrpChild) apply(generation int) error {
	if generation != c.generation {
		return fmt.Errorf("configuration %d was not checked", generation)
	}
	c.log.Info("Reloading")
	c.scripts.use(c.checked)
	return c.engine.Reload(c.checked)
}

// signals: a reload is asked of the parent, which reads the files; a stop is a stop.
func (c *vrrpChild) signals(hup, stop <-chan os.Signal) {
	for {
		select {
		case <-hup:
			c.outbox.put(message{Kind: kindReload})
		case <-stop:
			c.cancel()
		}
	}
}
