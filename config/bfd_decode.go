package config

import (
	"math"
	"net/netip"
	"time"
)

// The defaults and bounds of a BFD session.
const (
	maxBFDName         = 31 // bytes
	defaultMinRx       = 10 * time.Millisecond
	defaultMinTx       = 10 * time.Millisecond
	defaultIdleTx      = time.Second
	defaultMultiplier  = 5
	maxSensibleBFD     = 10 * time.Second
	maxBFDInterval     = math.MaxUint32 / 1000 // milliseconds
	defaultBFDTTL      = 255
	defaultBFDHopLimit = 64
)

// bfdScope is the BFD session that is being read.
type bfdScope struct {
	bfd bfdDraft
	// bfdOpen is true inside of a bfd_instance.
	bfdOpen bool
	// checkerBFD and vrrpBFD are the names that the checkers and the instances can follow: as upstream, a session
	// that cannot run has its name there too.
	checkerBFD map[string]bool
	vrrpBFD    map[string]Weight // with the weight that the session gives itself
	bfdByAddr  map[bfdKey]bool
	bfdNames   map[string]bool
}

// bfdDraft is a session before its defaults.
type bfdDraft struct {
	BFDInstance
	vrrp, checker bool // the words were given
	disabled      bool // the neighbor is wrong
}

// bfdKey is what must not be there twice. A session without a source clashes with every other to the same neighbor.
type bfdKey struct {
	neighbor, source netip.Addr
	multihop         bool
	anySource        bool // stands for "some session to the neighbor"; source is not set
}

// openBFD begins a bfd_instance.
func (d *decoder) openBFD(l line) {
	d.announceOnce(l.kw)
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	s := &d.scope.bfdScope
	switch {
	case len(w.Text) > maxBFDName:
		d.warn(w.Pos, "bfd_instance: the name %s is longer than %d bytes, the session is ignored", w.Text, maxBFDName)
		d.skip = true
		return
	case s.bfdNames[w.Text]:
		d.warn(w.Pos, "bfd_instance %s was given before, this one is ignored", w.Text)
		d.skip = true
		return
	}
	if s.bfdNames == nil {
		s.bfdNames, s.checkerBFD, s.vrrpBFD = map[string]bool{}, map[string]bool{}, map[string]Weight{}
		s.bfdByAddr = map[bfdKey]bool{}
	}
	s.bfdNames[w.Text] = true
	s.bfdOpen = true
	s.bfd = bfdDraft{BFDInstance: BFDInstance{
		Pos: l.st.Pos(), Name: w.Text,
		MinRx: defaultMinRx, MinTx: defaultMinTx, IdleTx: defaultIdleTx, Multiplier: defaultMultiplier,
	}}
}

// readNeighbor reads neighbor_ip. A wrong one disables the session.
func (d *decoder) readNeighbor(l line) {
	w, ok := d.need(l, 0)
	if !ok || d.scope.bfd.disabled {
		return
	}
	if d.scope.bfd.Neighbor, ok = parseAddr(w.Text); !ok {
		d.warn(w.Pos, "%s: %q is not an IP address, the session is ignored", l.kw.Name, w.Text)
		d.scope.bfd.disabled = true
	}
}

// readBFDSource reads source_ip.
func (d *decoder) readBFDSource(l line) {
	if a, ok := d.readPlainAddr(l); ok {
		d.scope.bfd.Source = a
	}
}

// readInterval reads milliseconds with up to three decimals, of at least lo milliseconds.
func (d *decoder) readInterval(l line, lo int64, p *time.Duration) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.readDecimal(l, w, 3, lo*1000, maxBFDInterval*1000)
	if !ok {
		return
	}
	*p = time.Duration(v) * time.Microsecond
	if *p > maxSensibleBFD {
		d.remark(w.Pos, "%s: %s ms is more than the %d ms that make sense", l.kw.Name, w.Text, maxSensibleBFD.Milliseconds())
	}
}

// readMultiplier reads multiplier.
func (d *decoder) readMultiplier(l line) { d.readUint8(l, &d.scope.bfd.Multiplier) }

// readTTL reads ttl and hoplimit.
func (d *decoder) readTTL(l line) { d.readUint8(l, &d.scope.bfd.TTL) }

// readUint8 reads a number from 1 to 255.
func (d *decoder) readUint8(l line, p *uint8) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, strict(intArg(1, math.MaxUint8))); ok {
		*p = uint8(v)
	}
}

// readMaxHops reads max_hops.
func (d *decoder) readMaxHops(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, strict(intArg(-1, math.MaxUint8))); ok {
		d.scope.bfd.MaxHops = int(v)
	}
}

// readBFDWeight reads weight.
func (d *decoder) readBFDWeight(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if v, ok := d.number(l.kw.Name, w, intArg(-253, 253)); ok {
		d.scope.bfd.Weight.Value = int(v)
	}
	if w, given := l.arg(1); given {
		if w.Text != "reverse" {
			d.warn(w.Pos, "weight: %q is unknown, only reverse may follow the number", w.Text)
			return
		}
		d.scope.bfd.Weight.Reverse = true
	}
}

// endBFD keeps a session that can run.
func (d *decoder) endBFD() {
	s := &d.scope.bfdScope
	s.bfdOpen = false
	b := &s.bfd
	b.VRRP = b.vrrp || !b.checker
	b.Checker = b.checker || !b.vrrp
	if b.VRRP {
		s.vrrpBFD[b.Name] = b.Weight
	}
	if b.Checker {
		s.checkerBFD[b.Name] = true
	}
	if b.disabled || !d.validBFD(b) {
		return
	}
	if b.TTL == 0 {
		b.TTL = defaultBFDHopLimit
		if b.Neighbor.Is4() {
			b.TTL = defaultBFDTTL
		}
	}
	if b.MaxHops > int(b.TTL) {
		d.warn(b.Pos, "bfd_instance %s: max_hops is larger than the ttl, %d is used", b.Name, b.TTL)
		b.MaxHops = int(b.TTL)
	}
	d.config.BFD = append(d.config.BFD, b.BFDInstance)
}

// validBFD checks the addresses of a session.
func (d *decoder) validBFD(b *bfdDraft) bool {
	switch {
	case !b.Neighbor.IsValid():
		d.warn(b.Pos, "bfd_instance %s has no neighbor_ip, it is ignored", b.Name)
		return false
	case b.Source.IsValid() && family(b.Source) != family(b.Neighbor):
		d.warn(b.Pos, "bfd_instance %s: source_ip and neighbor_ip are not of the same address family, it is ignored", b.Name)
		return false
	case d.bfdClash(b):
		d.warn(b.Pos, "bfd_instance %s: there is a session to %s from the same address already, it is ignored", b.Name, b.Neighbor)
		return false
	}
	return true
}

// bfdClash tells whether an earlier session has the same addresses, and remembers these.
func (d *decoder) bfdClash(b *bfdDraft) bool {
	seen := d.scope.bfdByAddr
	own := bfdKey{neighbor: b.Neighbor, source: b.Source, multihop: b.Multihop}
	sourceless, some := own, own
	sourceless.source = netip.Addr{}
	some.source, some.anySource = netip.Addr{}, true
	if seen[sourceless] || seen[own] || !b.Source.IsValid() && seen[some] {
		return true
	}
	seen[own], seen[some] = true, true
	return false
}

// resolveBFD completes a session that is still open at the end of the text.
func (d *decoder) resolveBFD() {
	if d.scope.bfdOpen {
		d.endBFD()
	}
}
