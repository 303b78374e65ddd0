package daemon

import (
	"fmt"
	"maps"
	"os"
	"time"

	"keepalived-go/check"
	"keepalived-go/config"
)

// post is the place of one child in the daemon. It outlives the processes that fill it one after the other.
type post struct {
	role    role
	title   string        // as the log has it
	pidPath func() string // a daemon makes it absolute when it leaves the folder of its user
	wanted  func(config.Config) bool
	// legacy is what a successor has to know of the process before it.
	legacy func() any
	// reported takes the report of the process that fills the post.
	reported func(report *os.File) error

	pid          *pidFile    // held until the daemon ends
	child        *supervised // nil while there is none
	deaths       []time.Time // recent ones
	respawnTimer *time.Timer
}

// children are the processes that fill posts now.
func (p *parent) children() []*supervised {
	var running []*supervised
	for _, place := range p.posts {
		if place.child != nil {
			running = append(running, place.child)
		}
	}
	return running
}

// allReady tells whether every child that was started has said that it runs.
func (p *parent) allReady() bool {
	for _, c := range p.children() {
		if !c.ready {
			return false
		}
	}
	return true
}

// fill starts the child of a post with the running configuration and what its predecessor has left.
func (p *parent) fill(place *post) error {
	if place.pid == nil {
		var err error
		if place.pid, err = claimPIDFileSoon(place.pidPath()); err != nil {
			return fmt.Errorf("starting the %s child: %w", place.title, err)
		}
	}
	child, err := p.launchChild(place, place.role, place.legacy())
	if err != nil {
		return fmt.Errorf("starting the %s child: %w", place.title, err)
	}
	place.child = child
	p.join(child)
	return place.pid.write(child.pid())
}

// fillAgain starts a child that the daemon cannot do without, while it runs.
func (p *parent) fillAgain(place *post) {
	if place.child != nil || p.stopping {
		return
	}
	if err := p.fill(place); err != nil {
		p.log.Error(err)
		p.complain(err)
		p.giveUp(exitFatal)
	}
}

// fillWanted starts every child that a configuration has work for and that does not run. While startup_script runs it
// is left to its end.
func (p *parent) fillWanted() {
	if p.starting != nil {
		return
	}
	for _, place := range p.posts {
		if place.wanted(p.current.config) {
			p.fillAgain(place)
		}
	}
}

// vrrpPost is the post of the process that runs the virtual routers.
func (p *parent) vrrpPost() *post {
	return &post{
		role: roleVRRP, title: "VRRP", pidPath: func() string { return p.options.VRRPPIDFile },
		wanted:   p.wantsVRRP,
		legacy:   func() any { return p.known },
		reported: p.instancesReported,
	}
}

// wantsVRRP tells whether there is work for the VRRP child.
func (p *parent) wantsVRRP(cfg config.Config) bool {
	if p.options.CheckOnly && !p.options.VRRPOnly {
		return false
	}
	return cfg.NeedsVRRP() || p.options.All // as upstream, -P alone starts nobody without work
}

// checkerPost is the post of the process that checks real servers.
func (p *parent) checkerPost() *post {
	return &post{
		role: roleChecker, title: "Healthcheck", pidPath: func() string { return p.options.CheckPIDFile },
		wanted:   p.wantsChecker,
		legacy:   p.healthLegacy,
		reported: p.healthReported,
	}
}

// wantsChecker tells whether there is work for the checker child.
func (p *parent) wantsChecker(cfg config.Config) bool {
	if p.options.VRRPOnly && !p.options.CheckOnly {
		return false
	}
	return len(cfg.VirtualServers) > 0 || p.options.All
}

// healthLegacy is what the checker child has reported, with what it may have done since.
func (p *parent) healthLegacy() any {
	if len(p.unreported) == 0 {
		return p.health
	}
	all := maps.Clone(p.unreported)
	maps.Copy(all, p.health)
	return all
}

// checkerDied keeps what a checker child may have begun that died while it applied a new configuration: the kernel has
// it, and the successor, which gets the former configuration, would take it for somebody else's.
func (p *parent) checkerDied() {
	if p.reload != nil && p.reload.applying {
		p.unreported = check.Unreported(p.reload.next.config)
	}
}

// healthReported remembers how the virtual servers are that a report is about.
func (p *parent) healthReported(report *os.File) error {
	var changes []check.Health
	if err := loadJSON(report, &changes); err != nil {
		return err
	}
	if p.health == nil {
		p.health = map[string]check.Health{}
	}
	check.Merge(p.health, changes)
	return nil
}
