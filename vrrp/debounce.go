package vrrp

import (
	"maps"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
)

// debounce holds the changes of links back that interface_up_down_delays names, until they have lasted as long as that
// says. Only whether a link is up is held back; its addresses are always the newest.
type debounce struct {
	shown map[string]netif.Link // by name, as the engine has them
	since map[string]time.Time  // by name, since when a link differs from what is shown
	ready map[string]bool       // by name, whether the link has ever been ready: the first time is not held back
}

// apply gives the view that the engine is to have. next is when it may be another one without any news, the zero time
// when it cannot.
func (d *debounce) apply(now time.Time, raw netif.State, delays map[string]config.UpDownDelay) (view netif.State, next time.Time) {
	view = raw
	for name, delay := range delays {
		link, exists := raw.ByName[name]
		shown, known := d.shown[name]
		if !exists || !known || !d.ready[name] || shown.Index != link.Index || shown.Ready() == link.Ready() {
			d.show(name, link)
			continue
		}
		wait := delay.Down
		if link.Ready() {
			wait = delay.Up
		}
		since, waits := d.since[name]
		if !waits {
			since = now
		}
		end := since.Add(wait)
		if !now.Before(end) {
			d.show(name, link)
			continue
		}
		d.since[name] = since
		view = withFlags(view, link, shown)
		if next.IsZero() || end.Before(next) {
			next = end
		}
	}
	return view, next
}

func (d *debounce) show(name string, link netif.Link) {
	if d.shown == nil {
		d.shown, d.since, d.ready = map[string]netif.Link{}, map[string]time.Time{}, map[string]bool{}
	}
	d.shown[name] = link
	d.ready[name] = d.ready[name] || link.Ready()
	delete(d.since, name)
}

// withFlags is a view in which link has the flags of another one.
func withFlags(view netif.State, link, flags netif.Link) netif.State {
	link.Up, link.Running = flags.Up, flags.Running
	view = netif.State{ByIndex: maps.Clone(view.ByIndex), ByName: maps.Clone(view.ByName)}
	view.ByIndex[link.Index], view.ByName[link.Name] = link, link
	return view
}

// linkDelays are the delays by interface. None is so long that peers would have given an instance up meanwhile.
func (e *Engine) linkDelays() map[string]config.UpDownDelay {
	if len(e.opt.Config.UpDownDelays) == 0 {
		return nil
	}
	delays := map[string]config.UpDownDelay{}
	for _, d := range e.opt.Config.UpDownDelays {
		delays[d.Interface] = d
	}
	for _, r := range e.order {
		d, ok := delays[r.cfg.Interface]
		if !ok {
			continue
		}
		interval := min(r.cfg.AdvertInt, r.machine.Snapshot().MasterInterval)
		delays[d.Interface] = limitDelay(d, r.cfg.DownAdverts, interval)
		if r.cfg.Own.Name != "" { // it goes up and down with its parent
			delays[r.cfg.Own.Name] = delays[d.Interface]
		}
	}
	return delays
}

// limitDelay shortens a delay to what the peers of an instance tolerate: less than down_timer_adverts-1 intervals. A
// link that is down in both directions for longer is missed.
func limitDelay(d config.UpDownDelay, downAdverts int, interval time.Duration) config.UpDownDelay {
	if downAdverts == 1 {
		d.Down, d.Up = 0, 0
		return d
	}
	if most := time.Duration(downAdverts-1)*interval - interval/256; d.Down > most {
		if d.Up == d.Down {
			d.Up = most
		}
		d.Down = most
	}
	return d
}

// logDelays says which delays a configuration cannot have.
func (e *Engine) logDelays() {
	delays := map[string]config.UpDownDelay{}
	for _, d := range e.opt.Config.UpDownDelays {
		delays[d.Interface] = d
	}
	for i := range e.opt.Config.Instances {
		c := &e.opt.Config.Instances[i]
		d, ok := delays[c.Interface]
		if !ok {
			continue
		}
		limited := limitDelay(d, c.DownAdverts, c.AdvertInt)
		switch {
		case limited == d:
		case c.DownAdverts == 1:
			e.log.Infof("%s: cannot use debounce timers with down_timer_adverts = 1 - resetting", c.Name)
		default:
			e.log.Infof("%s: interface %s debounce timer(s) not less that %d * advert_int - resetting", c.Name, c.Interface, c.DownAdverts-1)
		}
		delays[c.Interface] = limited
	}
}
