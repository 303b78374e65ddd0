package config

import (
	"net/netip"
	"slices"

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
	if slices.ContainsFunc(i.UnicastPeers, func(o UnicastPeer) bool { return o.Addr == a }) {
		d.warn(w.Pos, "(%s) unicast peer %s is there twice, this one is ignored", i.Name, a)
		return
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

// Unicast tells whether adverts go to peers and not to a group.
func (in *Instance) Unicast() bool { return len(in.UnicastPeers) > 0 }

// LacksPeers tells whether the instance must not run because it is to use unicast and has no peers
// (unicast_fault_no_peer).
func (in *Instance) LacksPeers() bool { return in.UnicastFaultNoPeer && !in.Unicast() }

// Held tells whether the instance stays in Fault whatever happens.
func (in *Instance) Held() bool { return len(in.Unsupported) > 0 || in.LacksPeers() }

// resolveUnicast settles what depends on global_defs.
func (d *decoder) resolveUnicast(i *rawInstance) {
	g := &d.config.Global
	if i.LacksPeers() {
		d.note(i.Pos, "(%s) unicast_fault_no_peer without unicast_peer: the instance stays in FAULT", i.Name)
	}
	if !i.Unicast() {
		return
	}
	i.PeersOnly = i.CheckUnicastSource || g.VRRPCheckUnicastSrc
	if i.Family == 4 && i.Version == 3 && i.OldUnicastChecksum != "never" {
		i.ChecksumGroup = g.VRRPMcastGroup4
	}
	for _, p := range i.UnicastPeers {
		if p.Addr == i.MulticastSource {
			d.note(i.Pos, "(%s) unicast peer %s is this router itself, nothing is sent to it", i.Name, p.Addr)
		}
	}
}

// numberTwins tells instances apart that have the same key.
func (d *decoder) numberTwins() {
	seen := map[string]int{}
	for n := range d.config.Instances {
		in := &d.config.Instances[n]
		if in.Unicast() {
			key := in.Key()
			in.Twin = seen[key]
			seen[key]++
		}
	}
}
