package daemon

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"keepalived-go/check"
	"keepalived-go/check/dial"
	"keepalived-go/config"
	"keepalived-go/ipvs"
)

// buildChecker makes the engine of the checker child, with the kernel's virtual servers under it.
func buildChecker(c *child, s startMessage) error {
	cfg := decodeText(s.text).config
	var known map[string]check.Health
	if err := loadJSON(s.legacy, &known); err != nil {
		return fmt.Errorf("loading the last state: %w", err)
	}
	closeFiles([]*os.File{s.legacy, s.beats})
	links := &kernelLinks{failed: func(err error) { c.log.Warn(err) }}
	c.use = func(cfg config.Config) {
		links.use(cfg.Global.CheckerNetlinkMonitor, cfg.Global.CheckerNetlinkCmd)
		c.schedule.use(cfg.Global.CheckerProcess, cfg.Global)
		c.scripts.use(cfg, serverScripts(cfg))
		c.mails.use(cfg.Global)
		c.events.use(cfg.Global, "lvs_notify_fifo", cfg.Global.LVSNotifyFIFO, cfg.Global.LVSNotifyFIFOScript)
	}
	c.events.end = "\n\x00" // upstream writes the end of its string, too; readers skip it
	c.use(cfg)
	c.saveDir = cfg.Global.ConfigSaveDir
	var reports healthReports
	e, err := check.New(check.Options{
		Config: cfg, Kernel: &lateTable{namespace: cfg.Global.NetNamespaceIPVS}, Links: links, Dialer: dial.Dialer{}, Log: c.log.Entry,
		Detail: c.options.Detail > 0, Resume: known, Scripts: c.scripts, Mail: c.mails, Event: c.events.Event, KeepTable: c.options.KeepIPVS, Late: c.schedule.late,
		Report: func(changes []check.Health) { reports.add(changes); c.outbox.report(reports.take) },
	})
	if err != nil {
		return err
	}
	c.engine = e
	c.serveCheckerDumps(e)
	c.awake = func() error { _, err := e.States(); return err }
	c.exitCode = func(err error) int {
		if errors.Is(err, ipvs.ErrMissing) {
			c.log.Error("IPVS: Can't initialize ipvs")
		}
		return exitFatal
	}
	return nil
}

// checkIPVS tells why there can be no virtual servers in a network namespace, nil when there can.
func checkIPVS(namespace string) error {
	return within(namespace, func() error {
		kernel, err := ipvs.Open()
		if err != nil {
			return err
		}
		kernel.Close()
		return nil
	})
}

// serverScripts are the scripts that the checker child may have to run.
func serverScripts(cfg config.Config) []config.Script {
	var scripts []config.Script
	for i := range cfg.VirtualServers {
		vs := &cfg.VirtualServers[i]
		scripts = append(scripts, vs.QuorumUp, vs.QuorumDown)
		for j := range vs.RealServers {
			scripts = append(scripts, vs.RealServers[j].NotifyUp, vs.RealServers[j].NotifyDown)
		}
	}
	return scripts
}

// healthReports collects what changed until the parent can be told.
type healthReports struct {
	mu      sync.Mutex
	changes []check.Health
}

func (r *healthReports) add(changes []check.Health) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes, changes...)
}

// take is what has not been told yet.
func (r *healthReports) take() any {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes := r.changes
	r.changes = nil
	return changes
}

// lateTable is the kernel's table, opened when it is needed first: a checker child without virtual servers runs where
// the kernel has none.
type lateTable struct {
	namespace string // net_namespace_ipvs; "" is that of this process
	kernel    *ipvs.Kernel
}

func (t *lateTable) open() error {
	if t.kernel != nil {
		return nil
	}
	return within(t.namespace, func() (err error) {
		t.kernel, err = ipvs.Open()
		return err
	})
}

// Read returns the whole table.
func (t *lateTable) Read() (ipvs.Table, error) {
	if err := t.open(); err != nil {
		return nil, err
	}
	return t.kernel.Read()
}

// Apply carries out operations.
func (t *lateTable) Apply(operations []ipvs.Operation) error {
	if err := t.open(); err != nil {
		return err
	}
	return t.kernel.Apply(operations)
}

// Flush empties the table.
func (t *lateTable) Flush() error {
	if err := t.open(); err != nil {
		return err
	}
	return t.kernel.Flush()
}
