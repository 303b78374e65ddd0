package config

import (
	"net/netip"

	"keepalived-go/parser"
)

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
