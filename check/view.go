package check

import "keepalived-go/config"

// View is one moment of an engine, for those who look at it from outside. Nothing in it changes any more.
type View struct {
	Config   config.Config
	Services []ServiceView // in the order of the configuration
}

// ServiceView is one moment of a virtual server.
type ServiceView struct {
	Config    *config.VirtualServer // never changed
	Name      string                // as logs have it
	Quorum    bool                  // there is one
	Sorry     bool                  // the sorry server serves
	SorryName string                // as logs have it, "" without one
	Suspended bool                  // its checks rest (ha_suspend)
	Servers   []ServerView          // as in Config
}

// ServerView is one moment of a real server.
type ServerView struct {
	Name     string // as logs have it
	Up       bool
	Weight   int64 // effective
	Kernel   int   // the weight as the kernel takes it
	Set      bool  // it is in the kernel's table
	Checkers []CheckerView
}

// CheckerView is one moment of a checker.
type CheckerView struct {
	Enabled bool
	Up      bool
	Ran     bool  // a result has counted
	Tries   int64 // failures since the last success
	Weight  int64 // what it adds to the weight of its server
	Failed  int   // url that failed last, -1: none
}

// View describes the engine as it is. It may be called from any goroutine.
func (e *Engine) View() (View, error) {
	var v View
	err := e.do(func() { v = e.view() })
	return v, err
}

func (e *Engine) view() View {
	v := View{Config: e.opt.Config, Services: make([]ServiceView, 0, len(e.order))}
	for _, vs := range e.order {
		v.Services = append(v.Services, vs.view())
	}
	return v
}

func (v *virtual) view() ServiceView {
	s := v.state
	out := ServiceView{
		Config: v.cfg, Name: v.name, Quorum: s.quorum, Sorry: s.sorry, Suspended: v.suspended,
		Servers: make([]ServerView, len(s.servers)),
	}
	if s.hasSorry() {
		out.SorryName = s.sorryName()
	}
	for i := range s.servers {
		r := &s.servers[i]
		view := ServerView{
			Name: s.serverName(i), Up: r.up, Weight: r.weight, Kernel: int(clampWeight(r.weight)),
			Set: (r.up || v.cfg.RealServers[i].InhibitOnFailure) && (!s.sorry || v.cfg.RealServers[i].InhibitOnFailure),
		}
		for j := range r.checkers {
			c := &r.checkers[j]
			view.Checkers = append(view.Checkers, CheckerView{
				Enabled: !v.suspended && !c.idle, Up: c.up, Ran: c.ran, Tries: c.tries, Weight: c.weight, Failed: c.failed,
			})
		}
		out.Servers[i] = view
	}
	return out
}
