package config

import (
	"net/netip"

	"keepalived-go/parser"
)

func (d *decoder) flushOnStop(l line) {
	w, ok := l.arg(0)
	switch {
	case !ok:
		d.config.Global.LVSFlushOnStop = FlushAll
	case w.Text == "VS":
		d.config.Global.LVSFlushOnStop = FlushVS
	default:
		d.warn(w.Pos, "%s: unknown kind %q", l.kw.Name, w.Text)
	}
}

// lvsTimeouts reads pairs of a protocol and seconds.
func (d *decoder) lvsTimeouts(l line) {
	t := &d.config.Global.LVSTimeouts
	places := map[string]*Optional[int]{"tcp": &t.TCP, "tcpfin": &t.TCPFin, "udp": &t.UDP}
	args := l.st.Args()
	if len(args) < 2 {
		d.warn(l.st.Pos(), "lvs_timeouts needs at least one pair of protocol and seconds")
		return
	}
	for i := 0; i < len(args); i++ {
		place := places[args[i].Text]
		if place == nil {
			d.warn(args[i].Pos, "lvs_timeouts: unknown option %q", args[i].Text)
			continue
		}
		if i++; i >= len(args) {
			d.warn(args[i-1].Pos, "lvs_timeouts: the seconds of %s are missing", args[i-1].Text)
			return
		}
		if n, ok := d.number("lvs_timeouts", args[i], strict(intArg(0, 2678400))); ok {
			*place = some(int(n))
		}
	}
}

// syncDaemon reads lvs_sync_daemon IFNAME and its options. Old files have the instance and the id without keywords.
func (d *decoder) syncDaemon(l line) {
	s := &d.config.Global.LVSSyncDaemon
	w, ok := l.arg(0)
	if !ok || s.Interface != "" || len(w.Text) > 15 {
		d.warn(l.st.Pos(), "lvs_sync_daemon needs one interface of at most 15 bytes, once")
		return
	}
	s.Interface = w.Text
	args := l.st.Args()
	for i := 1; i < len(args); i++ {
		name := args[i].Text
		_, known := syncOptions[name]
		switch {
		case !known && i == 1:
			s.Instance = name
		case !known && i == 2:
			d.warn(args[i].Pos, "lvs_sync_daemon: write id before %q", name)
			d.syncOption(s, "id", args[i])
		case !known:
			d.warn(args[i].Pos, "lvs_sync_daemon: unknown option %q", name)
		case i+1 >= len(args):
			d.warn(args[i].Pos, "lvs_sync_daemon: the value of %s is missing", name)
		default:
			i++
			d.syncOption(s, name, args[i])
		}
	}
}

// syncOptions are the ranges of the numbers of lvs_sync_daemon; inst and group are no numbers.
var syncOptions = map[string]Arg{
	"inst": {}, "group": {},
	"id": strict(intArg(0, 255)), "maxlen": strict(intArg(1, 65507)),
	"port": strict(intArg(1, 65535)), "ttl": strict(intArg(1, 255)),
}

// syncOption reads the value of one option of lvs_sync_daemon.
func (d *decoder) syncOption(s *SyncDaemon, name string, w parser.Word) {
	switch name {
	case "inst":
		s.Instance = w.Text
		return
	case "group":
		a, err := netip.ParseAddr(w.Text)
		if err != nil || !a.IsMulticast() {
			d.warn(w.Pos, "lvs_sync_daemon: group %q is not a multicast address", w.Text)
			return
		}
		s.Group = a
		return
	}
	n, ok := d.number("lvs_sync_daemon "+name, w, syncOptions[name])
	if !ok {
		return
	}
	switch name {
	case "id":
		s.ID = some(int(n))
	case "maxlen":
		s.MaxLen = int(n)
	case "port":
		s.Port = int(n)
	case "ttl":
		s.TTL = int(n)
	}
}
