package config

import (
	"math"

	"keepalived-go/parser"
)

// readForwarding reads NAT, DR or TUN with the options of a tunnel. A fault in the options leaves the method in force
// and the tunnel as it was.
func (d *decoder) readForwarding(l line, p *Forwarding) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	method := ForwardUnset
	for m := NAT; m <= TUN; m++ {
		if m.String() == w.Text {
			method = m
		}
	}
	if method == ForwardUnset {
		d.report(w.Pos, parser.Warning, parser.StatusConfig, "write NAT, DR or TUN", "%s: there is no method %q", l.kw.Name, w.Text)
		return
	}
	p.Method = method
	f := Forwarding{Method: method}
	if d.tunnel(l, &f) && d.tunnelFits(l, f) {
		*p = f
	}
}

// tunnel reads the words after the method.
func (d *decoder) tunnel(l line, f *Forwarding) bool {
	args := l.st.Args()
	for i := 1; i < len(args); i++ {
		value := parser.Word{Pos: args[i].Pos}
		if i+1 < len(args) {
			value = args[i+1]
		}
		switch w := args[i]; w.Text {
		case "type":
			if !d.tunnelType(w, value, f) {
				return false
			}
			i++
		case "port":
			v, ok := d.number("port of the tunnel", value, strict(intArg(1, math.MaxUint16)))
			if !ok {
				return false
			}
			f.TunnelPort = uint16(v)
			i++
		case "nocsum":
			f.Checksum = NoChecksum
		case "csum":
			f.Checksum = Checksum
		case "remcsum":
			f.Checksum = RemoteChecksum
		default:
			d.warn(w.Pos, "%s: there is no tunnel option %q", l.kw.Name, w.Text)
			return false
		}
	}
	return true
}

// tunnelType reads the word after type.
func (d *decoder) tunnelType(keyword, value parser.Word, f *Forwarding) bool {
	for t := IPIP; t <= GRE; t++ {
		if t.String() == value.Text {
			f.Tunnel = t
			return true
		}
	}
	d.report(keyword.Pos, parser.Warning, parser.StatusConfig, "write ipip, gue or gre", "there is no tunnel type %q", value.Text)
	return false
}

// tunnelFits checks the options against the type.
func (d *decoder) tunnelFits(l line, f Forwarding) bool {
	switch {
	case f.Tunnel == GUE && f.TunnelPort == 0:
		d.warn(l.st.Pos(), "a gue tunnel needs a port")
	case f.Tunnel != GUE && f.TunnelPort != 0:
		d.warn(l.st.Pos(), "only a gue tunnel has a port")
	case f.Tunnel == IPIP && f.Checksum != NoChecksum:
		d.warn(l.st.Pos(), "an ipip tunnel has no checksum option")
	case f.Tunnel == GRE && f.Checksum == RemoteChecksum:
		d.warn(l.st.Pos(), "a gre tunnel has no remote checksum")
	default:
		return true
	}
	return false
}
