package vrrp

import (
	"time"

	"github.com/sirupsen/logrus"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/notify"
	"keepalived-go/vrrp/wire"
)

// Options is what an Engine needs from outside. Only Config, Network, Kernel, Links and Log are required.
type Options struct {
	Config  config.Config
	Network wire.Network
	Kernel  Kernel
	Links   Links
	Log     *logrus.Entry
	// Detail turns on the lines that upstream prints with -D only.
	Detail bool
	// Resume holds what a former process of this daemon reported last, by Key. A Master in it whose last advert is
	// younger than its Master_Down_Interval goes on as Master.
	Resume map[string]InstanceState
	// Report receives the state of every instance whenever one of them changes.
	Report func([]InstanceState)
	// Beats, when not nil, is told when each instance sends.
	Beats Beats
	// Scripts starts notify scripts; nil starts none.
	Scripts Scripts
	// Tracked runs the tracked scripts; nil runs none, and each stays without a result.
	Tracked ScriptRunner
	// Mail sends alert mails; nil sends none.
	Mail Mailer
	// Firewall keeps packets from the addresses of instances that do not accept them; without it they are in Fault.
	Firewall Firewall
	// Event receives the lines of vrrp_notify_fifo, without their ends. It must return at once; nil takes none.
	Event func(line string)
	// VirtualLinks makes the interfaces of VMACs and ipvlans; nil makes none, and instances that need one stay in Fault.
	VirtualLinks VirtualLinks
	// Promoter sets promote_secondaries of interfaces; nil leaves it as it is.
	Promoter Promoter
	// Routes puts routes and rules into the kernel; nil puts none.
	Routes Routes
	// WatchRoutes calls report when somebody has taken a route or a rule of ours away, until stop is called; nil does not
	// look.
	WatchRoutes func(report func()) (stop func(), err error)
	// KeepAddresses leaves the addresses of Masters on the interfaces at the end, with no farewell to the peers
	// (--dont-release-vrrp).
	KeepAddresses bool
	// Late receives how much later than it should have the engine woke up, each time that it was late. It must return
	// at once; nil takes none.
	Late func(time.Duration)
}

// Kernel puts addresses on interfaces. Both calls are idempotent. *netif.Handle is one.
type Kernel interface {
	AddAddress(netif.Address) error
	DeleteAddress(netif.Address) error
}

// Routes puts routes and rules into the kernel and takes them out. All calls are idempotent, but for adding a route with
// the placement add. *netif.Handle is one.
type Routes interface {
	AddRoute(netif.Route) error
	DeleteRoute(netif.Route) error
	AddRule(netif.Rule) error
	DeleteRule(netif.Rule) error
}

// VirtualLinks makes and removes the interfaces that instances bring along. *netif.VirtualLinks is one.
type VirtualLinks interface {
	// Set makes a link what it is to be; that it is there already is success. created tells that it was not.
	Set(netif.VirtualLink) (created bool, err error)
	// RemoveAll takes links away; that one is not there is success.
	RemoveAll([]netif.VirtualLink) error
	// Adopt takes a link over from another process. before is how its parent was without it.
	Adopt(l netif.VirtualLink, before netif.ARPMode)
	// AdoptRPFilter takes over what another process has changed of rp_filter.
	AdoptRPFilter(before *netif.RPFilter)
	// Saved are the settings of parents as they were. It returns at once.
	Saved() map[string]netif.ARPMode
}

// Links tells about interfaces.
type Links interface {
	// Watch calls report with the whole state, once before it returns or soon after, and after each change, until stop is called.
	Watch(report func(netif.State, error)) (stop func(), err error)
}

// Scripts starts the notify scripts of an instance. It must return at once.
type Scripts interface {
	// Notify starts script with the arguments appended. label says what it belongs to.
	Notify(script config.Script, label string, arguments ...string)
}

// ScriptRunner runs tracked scripts.
type ScriptRunner interface {
	// Run starts script and returns at once. label says what it belongs to. After timeout, or when until is closed,
	// the script is ended with its process group. done is called once, from any goroutine.
	Run(script config.Script, label string, timeout time.Duration, until <-chan struct{}, done func(notify.Result))
}

// Mailer sends alert mails in the order in which it is given them. It must return at once.
type Mailer interface {
	// Send sends one mail. The subject is without the router_id in front.
	Send(subject, body string)
}
