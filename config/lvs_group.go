package config

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"keepalived-go/parser"
)

// openGroup begins a virtual_server_group.
func (d *decoder) openGroup(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	if extra, given := l.arg(1); given {
		// Upstream ends here, it takes the word for the block.
		d.stopped = true
		d.report(extra.Pos, parser.Error, parser.StatusMissing, "", "virtual_server_group takes one name, %q is too much", extra.Text)
		return
	}
	if k := d.cursor.peek().kind; k == tokenWords || k == tokenClose {
		d.stopped = true
		d.report(w.Pos, parser.Error, parser.StatusMissing, "", "virtual_server_group %s has no '{'", w.Text)
		return
	}
	d.scope.lvsOpen = inGroup
	d.scope.vsg = VirtualServerGroup{Pos: l.st.Pos(), Name: w.Text}
}

// groupEntry reads a line of virtual_server_group: an address, a range of addresses, or a firewall mark.
func (d *decoder) groupEntry(l line) {
	if words := l.st.Words; words[0].Text == "fwmark" {
		d.groupMark(l)
		return
	}
	r, ok := d.addressRange(l.st.Words)
	if !ok {
		return
	}
	g := &d.scope.vsg
	g.Ranges = append(g.Ranges, r)
	g.HasIPv4 = g.HasIPv4 || r.First.Is4()
	g.HasIPv6 = g.HasIPv6 || !r.First.Is4()
}

// groupMark reads fwmark of a group.
func (d *decoder) groupMark(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.number("fwmark", w, intArg(0, math.MaxUint32))
	if !ok {
		return
	}
	m := GroupMark{Mark: uint32(v)}
	if w, given := l.arg(1); given {
		if m.Family = parseFamily(w.Text); m.Family == 0 {
			d.report(w.Pos, parser.Warning, parser.StatusConfig, "write inet or inet6", "fwmark: the family %q is unknown", w.Text)
			return
		}
	}
	g := &d.scope.vsg
	g.Marks = append(g.Marks, m)
	g.HasIPv4 = g.HasIPv4 || m.Family == 4
	g.HasIPv6 = g.HasIPv6 || m.Family == 6
}

// addressRange reads the words of an address line.
func (d *decoder) addressRange(words []parser.Word) (AddressRange, bool) {
	var r AddressRange
	w := words[0]
	if len(words) > 1 && !noPort(words[1], true) {
		v, ok := d.number("port", words[1], intArg(1, math.MaxUint16))
		if !ok {
			return r, false
		}
		r.Port = uint16(v)
	}
	first, ok := parseAddr(w.Text)
	if !ok {
		d.warn(w.Pos, "%q is not an IP address", w.Text)
		return r, false
	}
	r.First = first
	fault := ""
	r.Last, fault = rangeEnd(w.Text, first)
	if fault != "" {
		d.warn(w.Pos, "%q: %s", w.Text, fault)
	}
	return r, fault == ""
}

// rangeEnd finds the last address of A/LEN, A-B and A-N, and says what is wrong with it.
func rangeEnd(text string, first netip.Addr) (last netip.Addr, fault string) {
	if _, length, ok := strings.Cut(text, "/"); ok {
		return prefixEnd(length, first)
	}
	_, end, ok := strings.Cut(text, "-")
	if !ok {
		return first, ""
	}
	if !strings.ContainsAny(end, ".:") {
		return shortEnd(end, first)
	}
	last, ok = parseAddr(end)
	switch {
	case !ok:
		return last, "the end of the range is not an IP address"
	case family(last) != family(first):
		return last, "the two addresses are not of the same family"
	case last.Less(first):
		return last, "the range ends before it begins"
	}
	return last, ""
}

// prefixEnd is the last address of a network. The first one has to be its beginning.
func prefixEnd(length string, first netip.Addr) (last netip.Addr, fault string) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 1 || n > first.BitLen() {
		return last, "the prefix length is not valid"
	}
	if netip.PrefixFrom(first, n).Masked().Addr() != first {
		return last, "the address has bits beyond its prefix"
	}
	b := first.AsSlice()
	for i := n; i < first.BitLen(); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ = netip.AddrFromSlice(b)
	return last, ""
}

// shortEnd is a range that names only the last byte of an IPv4 address, in decimal, or the last 16 bits of an IPv6
// address, in hexadecimal.
func shortEnd(end string, first netip.Addr) (last netip.Addr, fault string) {
	base, bits := 10, 8
	if !first.Is4() {
		base, bits = 16, 16
	}
	n, err := strconv.ParseUint(end, base, bits)
	if err != nil {
		return last, "the end of the range is not valid"
	}
	b := first.AsSlice()
	if first.Is4() {
		b[3] = byte(n)
	} else {
		binary.BigEndian.PutUint16(b[14:], uint16(n))
	}
	if last, _ = netip.AddrFromSlice(b); !first.Less(last) {
		return last, "the end of the range is not behind its beginning"
	}
	return last, ""
}

// endGroup keeps a group that has something in it.
func (d *decoder) endGroup() {
	d.scope.lvsOpen = noBlock
	g := d.scope.vsg
	switch {
	case len(g.Ranges) == 0 && len(g.Marks) == 0:
		d.warn(g.Pos, "virtual_server_group %s has no entries and is ignored", g.Name)
	case g.HasIPv4 && g.HasIPv6 && g.markWithoutFamily():
		d.warn(g.Pos, "virtual_server_group %s has IPv4, IPv6 and firewall marks without a family, it is ignored", g.Name)
	default:
		d.config.VirtualServerGroups = append(d.config.VirtualServerGroups, g)
	}
}

// markWithoutFamily tells whether a mark of the group leaves its family to the real servers.
func (g *VirtualServerGroup) markWithoutFamily() bool {
	for _, m := range g.Marks {
		if m.Family == 0 {
			return true
		}
	}
	return false
}
