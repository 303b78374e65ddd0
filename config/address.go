package config

import (
	"math"
	"net/netip"
	"strings"

	"keepalived-go/netif"
	"keepalived-go/parser"
)

// addressLine is an address line that is being read. dropped says that upstream drops the whole address.
type addressLine struct {
	d         *decoder
	l         line
	a         Address
	broadcast string // "+", "-" or an address
	lifetime  bool
	dropped   bool
	static    bool
	next      int // index of the next argument
}

// addressEntry reads a line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress.
func (d *decoder) addressEntry(l line, static bool) (Address, bool) {
	r := &addressLine{d: d, l: l, static: static}
	r.a.PreferredLife = netif.Forever
	if !r.prefix(l.st.Words[0]) {
		return Address{}, false
	}
	for !r.dropped {
		w, ok := l.arg(r.next)
		if !ok {
			break
		}
		r.next++
		r.option(w)
	}
	if r.dropped {
		return Address{}, false
	}
	r.finish()
	return r.a, true
}

// prefix reads the address itself. A length that is out of range is the family's longest.
func (r *addressLine) prefix(w parser.Word) bool {
	text, length, cut := strings.Cut(w.Text, "/")
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		r.d.warn(w.Pos, "invalid IP address %q, it is skipped", w.Text)
		return false
	}
	bits := a.BitLen()
	if cut {
		n, ok := r.d.number("prefix length", parser.Word{Text: length, Pos: w.Pos}, intArg(0, int64(bits)))
		if ok {
			bits = int(n)
		}
	}
	r.a.Prefix = netip.PrefixFrom(a, bits)
	r.a.NoDAD = a.Is6()
	return true
}

// flag options take no value.
func (r *addressLine) flag(name string) *bool {
	switch name {
	case "home":
		return &r.a.HomeAddress
	case "mngtmpaddr":
		return &r.a.MngTmpAddr
	case "noprefixroute":
		return &r.a.NoPrefixRoute
	case "autojoin":
		return &r.a.AutoJoin
	case "no_track":
		return &r.a.NoTrack
	case "use_vmac":
		if !r.static {
			return &r.a.UseVMAC
		}
	}
	return nil
}

// option reads one option with its value.
func (r *addressLine) option(w parser.Word) {
	if f := r.flag(w.Text); f != nil {
		*f = true
		return
	}
	switch w.Text {
	case "-nodad":
		r.a.NoDAD = false
	case "dev", "scope", "brd", "broadcast", "label", "peer", "preferred_lft":
		r.valued(w)
	case "track_group":
		if r.static {
			r.valued(w)
			return
		}
		fallthrough
	default:
		r.d.report(w.Pos, warning, statusConfig, hint(r.d, w.Text, r.d.table.options(r.l.kw)), "unknown option %q for address %s, it is ignored", w.Text, r.a.Prefix)
	}
}

func (r *addressLine) drop(pos parser.Position, format string, args ...any) {
	r.d.warn(pos, format, args...)
	r.dropped = true
}

// valued reads an option that has a value.
func (r *addressLine) valued(name parser.Word) {
	v, ok := r.l.arg(r.next)
	if !ok {
		r.drop(name.Pos, "the value of %s is missing, address %s is removed", name.Text, r.a.Prefix)
		return
	}
	r.next++
	switch name.Text {
	case "dev":
		r.device(v)
	case "scope":
		r.scope(v)
	case "brd", "broadcast":
		r.readBroadcast(v)
	case "label":
		if len(v.Text) > maxInterfaceName {
			r.drop(v.Pos, "label %q is longer than %d bytes, address %s is removed", v.Text, maxInterfaceName, r.a.Prefix)
		}
		r.a.Label = v.Text
	case "peer":
		r.peer(v)
	case "preferred_lft":
		r.preferredLife(v)
	case "track_group":
		r.trackGroup(v)
	}
}

func (r *addressLine) device(v parser.Word) {
	_, ok := r.d.link(v)
	switch {
	case r.a.Dev != "":
		r.drop(v.Pos, "dev is given twice, address %s is removed", r.a.Prefix)
	case !ok:
		r.drop(v.Pos, "interface %s for address %s does not exist, the address is removed", v.Text, r.a.Prefix)
	}
	r.a.Dev = v.Text
}

func (r *addressLine) scope(v parser.Word) {
	if n := cNumber(v.Text, 0); n.digits && n.rest == "" && uint32(n.value) <= scopeNames.max {
		r.a.Scope = uint8(n.value)
		return
	}
	names := r.d.names(scopeNames)
	s, ok := names[v.Text]
	if !ok {
		r.d.report(v.Pos, warning, statusConfig, hint(r.d, v.Text, names), "invalid scope %q for %s, it is ignored", v.Text, r.a.Prefix)
		return
	}
	r.a.Scope = uint8(s)
}

func (r *addressLine) readBroadcast(v parser.Word) {
	if r.a.Prefix.Addr().Is6() {
		r.drop(v.Pos, "an IPv6 address has no broadcast address, %s is removed", r.a.Prefix)
		return
	}
	if v.Text != "+" && v.Text != "-" {
		b, err := netip.ParseAddr(v.Text)
		if err != nil || !b.Is4() {
			r.drop(v.Pos, "invalid broadcast address %q, address %s is removed", v.Text, r.a.Prefix)
			return
		}
		r.a.Broadcast = b
	}
	r.broadcast = v.Text
}

// peer reads the address of the other end. The documentation shows a length behind it, which the program refuses.
func (r *addressLine) peer(v parser.Word) {
	a, err := netip.ParseAddr(v.Text)
	switch {
	case r.a.Peer.IsValid():
		r.d.warn(v.Pos, "peer %s: a peer was given before", v.Text)
	case err != nil:
		r.d.warn(v.Pos, "invalid peer address %q", v.Text)
	case a.Is4() != r.a.Prefix.Addr().Is4():
		r.d.warn(v.Pos, "peer address %s is not of the address's family", v.Text)
	default:
		if !r.a.Prefix.IsSingleIP() {
			r.d.warn(v.Pos, "%s: with a peer there is no prefix length, it is ignored", r.a.Prefix)
		}
		r.a.Peer = netip.PrefixFrom(a, a.BitLen())
		r.a.Prefix = netip.PrefixFrom(r.a.Prefix.Addr(), a.BitLen())
	}
}

func (r *addressLine) preferredLife(v parser.Word) {
	if v.Text == "forever" {
		r.a.PreferredLife, r.lifetime = netif.Forever, true
		return
	}
	if n, ok := r.d.number("preferred_lft", v, intArg(0, math.MaxUint32)); ok {
		r.a.PreferredLife, r.lifetime = uint32(n), true
	}
}

func (r *addressLine) trackGroup(v parser.Word) {
	if _, ok := r.d.trackGroups[v.Text]; !ok {
		r.d.warn(v.Pos, "track_group %s not found", v.Text)
		return
	}
	r.a.TrackGroup = v.Text
}

// finish settles what depends on several options.
func (r *addressLine) finish() {
	pos := r.l.st.Pos()
	r.finishBroadcast(pos)
	if r.a.Prefix.Addr().Is4() {
		return
	}
	if r.a.Scope != 0 {
		r.d.warn(pos, "an IPv6 address has no scope that could be set, that of %s is ignored", r.a.Prefix)
		r.a.Scope = 0
	}
	if r.a.Label != "" {
		r.d.warn(pos, "an IPv6 address has no label, that of %s is ignored", r.a.Prefix)
		r.a.Label = ""
	}
	if !r.lifetime && r.a.Prefix.Bits() == 128 {
		r.a.PreferredLife = 0
	}
}

func (r *addressLine) finishBroadcast(pos parser.Position) {
	switch {
	case r.broadcast == "":
	case r.a.Peer.IsValid():
		r.d.warn(pos, "%s: broadcast and peer exclude each other, the broadcast address is ignored", r.a.Prefix)
		r.a.Broadcast = netip.Addr{}
	case r.broadcast != "+" && r.broadcast != "-":
	case r.a.Prefix.Bits() > 30:
		r.d.warn(pos, "%s: the prefix is too long for a broadcast address", r.a.Prefix)
	default:
		r.a.Broadcast = hostBits(r.a.Prefix, r.broadcast == "+")
	}
}

// hostBits sets or clears the bits of an IPv4 address that are behind the prefix.
func hostBits(p netip.Prefix, set bool) netip.Addr {
	b := p.Masked().Addr().As4()
	if set {
		for i := p.Bits(); i < 32; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	return netip.AddrFrom4(b)
}

// addressKey finds addresses that an instance has twice.
type addressKey struct {
	addr     netip.Addr
	excluded bool
	dev      string // of excluded addresses
}

// once tells whether an instance does not have the address yet, and remembers it. An excluded address may be there
// again on another interface.
func (i *rawInstance) once(a Address, excluded bool) bool {
	if i.seen == nil {
		i.seen = map[addressKey]bool{}
	}
	key := addressKey{addr: a.Prefix.Addr(), dev: a.Dev}
	plain := addressKey{addr: key.addr}
	other := key
	other.excluded = true
	if i.seen[other] || i.seen[key] || !excluded && i.seen[plain] {
		return false
	}
	if excluded {
		i.seen[other] = true
		return true
	}
	i.seen[key], i.seen[plain] = true, true
	return true
}

// virtualAddress reads a line of virtual_ipaddress.
func (d *decoder) virtualAddress(l line) {
	i := d.scope.inst
	a, ok := d.addressEntry(l, false)
	if !ok {
		return
	}
	if !i.family(a.Prefix.Addr()) {
		d.warn(l.st.Pos(), "(%s) %s is not of the instance's address family, it is ignored", i.Name, a.Prefix)
		return
	}
	if !i.once(a, false) {
		d.warn(l.st.Pos(), "(%s) %s is there twice, this one is ignored", i.Name, a.Prefix)
		return
	}
	i.Addresses = append(i.Addresses, a)
}

// excludedAddress reads a line of virtual_ipaddress_excluded, where families may be mixed.
func (d *decoder) excludedAddress(l line) {
	i := d.scope.inst
	a, ok := d.addressEntry(l, false)
	if !ok {
		return
	}
	if !i.once(a, true) {
		d.warn(l.st.Pos(), "(%s) %s is there twice, this one is ignored", i.Name, a.Prefix)
		return
	}
	i.ExcludedAddresses = append(i.ExcludedAddresses, a)
}

// staticAddress reads a line of static_ipaddress.
func (d *decoder) staticAddress(l line) {
	a, ok := d.addressEntry(l, true)
	if !ok {
		return
	}
	if a.Dev == "" {
		a.Dev = d.config.Global.DefaultInterface
		if _, ok := d.link(parser.Word{Text: a.Dev, Pos: l.st.Pos()}); !ok {
			d.report(l.st.Pos(), warning, parser.StatusFatal, "", "static address %s needs dev, because there is no interface %s", a.Prefix, a.Dev)
			return
		}
	}
	d.config.StaticAddresses = append(d.config.StaticAddresses, a)
}
