package daemon

import (
	"errors"
	"fmt"
	"os"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/netif/firewall"
	"keepalived-go/vrrp"
	"keepalived-go/vrrp/wire"
)

// buildVRRP makes the engine of the VRRP child, with the kernel under it.
func buildVRRP(c *child, s startMessage) error {
	up := uptime()
	c.fitHost = func(cfg *config.Config) {
		cfg.Global.StartupDelay = startupDelay(cfg.Global, up) // counted from the start, in a reload as well
		if said := thisFirewallHost(c.options, cfg.Global, c.scripts.start).choose(&cfg.Global); said != "" {
			c.log.Warn(said)
		}
	}
	cfg := decodeText(s.text).config
	c.fitHost(&cfg)
	var states map[string]vrrp.InstanceState
	if err := loadJSON(s.legacy, &states); err != nil {
		return fmt.Errorf("loading the last state: %w", err)
	}
	beats, err := mapBeats(s.beats)
	if err != nil {
		return err
	}
	closeFiles([]*os.File{s.legacy, s.beats})
	kernel, err := netif.Open()
	if err != nil {
		return err
	}
	virtual, err := netif.OpenVirtualLinks()
	if err != nil {
		return err
	}
	virtual.Tell = c.tellFormer
	links := &kernelLinks{failed: func(err error) { c.log.Warn(err) }}
	c.use = func(cfg config.Config) {
		links.poll(beatsOf(cfg))
		links.use(cfg.Global.VRRPNetlinkMonitor, cfg.Global.VRRPNetlinkCmd)
		if err := kernel.SetBuffer(kernelBuffer(cfg.Global.VRRPNetlinkCmd)); err != nil {
			c.log.Warn(err)
		}
		c.schedule.use(cfg.Global.VRRPProcess, cfg.Global)
		c.scripts.use(cfg, instanceScripts(cfg))
		c.mails.use(cfg.Global)
		c.events.use(cfg.Global, "vrrp_notify_fifo", cfg.Global.VRRPNotifyFIFO, cfg.Global.VRRPNotifyFIFOScript)
	}
	c.events.end = "\n"
	c.use(cfg)
	c.saveDir = cfg.Global.ConfigSaveDir
	e, err := vrrp.New(vrrp.Options{
		Config: cfg, Network: wire.NewKernel(), Kernel: kernel, Routes: kernel, Promoter: kernel, WatchRoutes: watchRoutes, VirtualLinks: virtual, Links: links, Log: c.log.Entry,
		Detail: c.options.Detail > 0, Resume: states, Scripts: c.scripts, Tracked: c.scripts, Mail: c.mails, Event: c.events.Event, KeepAddresses: c.options.KeepVRRP, Late: c.schedule.late,
		Firewall: firewall.New(func(s string) { c.log.Warn(s) }, c.scripts.start),
		Report:   func(states []vrrp.InstanceState) { c.outbox.report(func() any { return states }) }, Beats: beats,
	})
	if err != nil {
		return err
	}
	c.engine = e
	vrrpDumps{c, e}.serve()
	c.awake = func() error { _, err := e.States(); return err }
	c.exitCode = func(err error) int {
		if errors.Is(err, vrrp.ErrNoInterface) {
			c.log.Error("Non-existent interface specified in configuration")
			return exitConfig
		}
		return exitFatal
	}
	return nil
}

// instanceScripts are the scripts of instances and sync groups that the VRRP child may have to run.
func instanceScripts(cfg config.Config) []config.Script {
	var scripts []config.Script
	for i := range cfg.Instances {
		c := &cfg.Instances[i]
		scripts = append(scripts, c.NotifyMaster, c.NotifyBackup, c.NotifyFault, c.NotifyStop, c.Notify, c.NotifyMasterRxLowerPri)
	}
	for i := range cfg.Scripts {
		scripts = append(scripts, cfg.Scripts[i].Script)
	}
	for i := range cfg.SyncGroups {
		g := &cfg.SyncGroups[i]
		scripts = append(scripts, g.NotifyMaster, g.NotifyBackup, g.NotifyFault, g.NotifyStop, g.Notify)
	}
	return scripts
}

// watchRoutes watches the routes and rules of this network namespace.
func watchRoutes(report func()) (func(), error) {
	m, err := netif.WatchRoutes(report)
	if err != nil {
		return nil, err
	}
	return func() { _ = m.Close() }, nil
}
