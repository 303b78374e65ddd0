package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/track"
	"keepalived-go/vrrp/fsm"
	"keepalived-go/vrrp/wire"
)

// View is one moment of an engine, for those who look at it from outside. Nothing in it changes any more.
type View struct {
	Config    config.Config
	Instances []InstanceView // in the order of the configuration
	Groups    []GroupView    // in the order of the configuration
	Links     netif.State
	Sockets   []SocketView // in the order of their descriptors
	Scripts   []ScriptView // those that are tracked, in the order of the configuration
	Files     []FileView   // likewise
	Processes []ProcessView
	// Parents are the settings of interfaces under virtual links as they were before.
	Parents map[string]netif.ARPMode
	// Delayed names the interfaces whose change is held back by interface_up_down_delays.
	Delayed map[string]bool
}

// InstanceView is one moment of an instance.
type InstanceView struct {
	Config   config.Instance
	Machine  fsm.Snapshot
	Stats    Stats
	Tracked  track.Influence // of everything that it tracks
	Source   netip.Addr      // primary address, invalid when there is none
	LastSent time.Time       // last advert, zero when there was none
	Deadline time.Time       // when the machine wants to act next, zero when only an event can move it
	Index    int             // of the interface of its adverts, 0 when that is missing
	OwnUp    bool            // the interface of its own is there and up
	In, Out  int             // descriptors of its socket, -1 without one
	// OldChecksum says that a peer has been heard that knows the checksum of old releases alone.
	OldChecksum bool
}

// ScriptView is one moment of a tracked script.
type ScriptView struct {
	Config config.TrackScript
	State  track.Script
	Phase  track.Phase
}

// FileView is one moment of a tracked file.
type FileView struct {
	Config config.TrackFile
	Status int // the number in it
}

// ProcessView is one moment of a tracked process.
type ProcessView struct {
	Config config.TrackProcess
	Status track.ProcessStatus
}

// SocketView is one socket with the instances that use it.
type SocketView struct {
	Interface     string
	Group         netip.Addr // the multicast group that it has joined, invalid for unicast
	Local         netip.Addr // the address that unicast comes to
	In, Out       int        // descriptors
	ReceiveBuffer int        // bytes as configured, 0: the kernel's default
	Instances     []string
	VRIDs         []uint8 // of Instances
}

// View describes the engine as it is. clearing sets the counters of every instance to 0 in the same moment, so that
// no event is lost between what was seen and what is counted next. It may be called from any goroutine.
func (e *Engine) View(clearing bool) (View, error) {
	var v View
	err := e.do(func() {
		v = e.view()
		if clearing {
			for _, r := range e.order {
				r.stats = Stats{}
			}
		}
	})
	return v, err
}

func (e *Engine) view() View {
	v := View{Config: e.opt.Config, Links: e.links, Instances: make([]InstanceView, 0, len(e.order)), Scripts: e.scripts.view(), Files: e.files.view(),
		Processes: e.processes.view(), Delayed: map[string]bool{}}
	if e.opt.VirtualLinks != nil {
		v.Parents = e.opt.VirtualLinks.Saved()
	}
	for name := range e.debounce.since {
		v.Delayed[name] = true
	}
	for _, r := range e.order {
		v.Instances = append(v.Instances, r.view(e.links))
	}
	for _, g := range e.groups {
		v.Groups = append(v.Groups, g.view())
	}
	for _, s := range e.sockets.sockets {
		v.Sockets = append(v.Sockets, s.view())
	}
	slices.SortFunc(v.Sockets, func(a, b SocketView) int { return a.In - b.In })
	return v
}

func (r *router) view(links netif.State) InstanceView {
	v := InstanceView{
		Config: r.cfg, Machine: r.machine.Snapshot(), Stats: r.stats, Tracked: r.tracked, Source: r.source,
		LastSent: r.lastSent, Deadline: r.deadline, Index: r.link.Index, In: -1, Out: -1, OldChecksum: r.oldChecksum,
	}
	if r.cfg.Own.Name != "" {
		v.OwnUp = links.ByName[r.cfg.Own.Name].Ready()
	}
	if r.socket != nil {
		v.In, v.Out = descriptors(r.socket.socket)
	}
	return v
}

func (s *sharedSocket) view() SocketView {
	v := SocketView{Interface: s.key.Interface, Group: s.key.Group, Local: s.key.Local, ReceiveBuffer: s.room}
	v.In, v.Out = descriptors(s.socket)
	for r := range s.all() {
		v.Instances, v.VRIDs = append(v.Instances, r.cfg.Name), append(v.VRIDs, r.cfg.VRID)
	}
	return v
}

// descriptors are those of a socket of the kernel, -1 for any other one.
func descriptors(s wire.Socket) (in, out int) {
	if k, ok := s.(interface{ Descriptors() (in, out int) }); ok {
		return k.Descriptors()
	}
	return -1, -1
}
