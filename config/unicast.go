package config

import (
	"net/netip"

	"keepalived-go/parser"
)

func (d *decoder) unicastFlag(l line) {
	d.scope.inst.unicast = true
	store(l.kw.Into(&d.scope), true)
}

func (d *decoder) oldUnicastChecksum(l line) {
	i := d.scope.inst
	i.unicast = true
	w, ok := l.arg(0)
	switch {
	case !ok:
		i.OldUnicastChecksum = "yes"
	case w.Text == "never":
		i.OldUnicastChecksum = "never"
	default:
		d.warn(w.Pos, "(%s) old_unicast_checksum: unknown mode %q", i.Name, w.Text)
	}
}

func (d *decoder) openUnicastPeers(line) { d.scope.inst.unicast = true }

// unicastPeer reads ADDRESS [min_ttl N] [max_ttl N].
func (d *decoder) unicastPeer(l line) {
	i, w := d.scope.inst, l.st.Words[0]
	a, err := netip.ParseAddr(w.Text)
	if err != nil {
		d.warn(w.Pos, "(%s) unicast peer %q is not an IP address, it is ignored", i.Name, w.Text)
		return
	}
	if !i.family(a) {
		d.warn(w.Pos, "(%s) unicast peer %s is not of the instance's address family, it is ignored", i.Name, a)
		return
	}
	p := UnicastPeer{Addr: a, MaxTTL: 255}
	for n := 0; ; n += 2 {
		name, ok := l.arg(n)
		if !ok {
			break
		}
		d.peerOption(i, &p, name, l, n+1)
	}
	if p.MinTTL > p.MaxTTL {
		d.warn(w.Pos, "(%s) min_ttl %d is greater than max_ttl %d: every packet will be dropped", i.Name, p.MinTTL, p.MaxTTL)
	}
	i.UnicastPeers = append(i.UnicastPeers, p)
}

func (d *decoder) peerOption(i *rawInstance, p *UnicastPeer, name parser.Word, l line, n int) {
	w, ok := l.arg(n)
	if !ok {
		d.warn(name.Pos, "(%s) the value of %s is missing", i.Name, name.Text)
		return
	}
	v, ok := d.number(name.Text, w, strict(intArg(0, 255)))
	switch {
	case !ok:
		return
	case name.Text == "min_ttl":
		p.MinTTL = uint8(v)
	case name.Text == "max_ttl":
		p.MaxTTL = uint8(v)
	default:
		d.warn(name.Pos, "(%s) unicast_peer: unknown option %q", i.Name, name.Text)
		return
	}
	i.CheckUnicastSource = true
}
