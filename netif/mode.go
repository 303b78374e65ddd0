package netif

import (
	"encoding/binary"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Mode is how the links of a macvlan's or ipvlan's kind on one interface hear each other, in the kernel's numbers. The zero
// value is of other links, and where the kernel does not tell.
type Mode struct {
	Known bool
	Mode  uint32
	Flags uint16 // of an ipvlan
}

var privateMACVLAN = Mode{Known: true, Mode: nl.MACVLAN_MODE_PRIVATE}

// Private tells whether the link is a macvlan in private mode, as VirtualLinks makes them.
func (l Link) Private() bool { return l.Kind == kindMACVLAN && l.Mode == privateMACVLAN }

// parseKind reads what kind of link there is, and its mode.
func (l *Link) parseKind(info []byte) {
	var data []byte
	for _, a := range nested(info) {
		switch a.Attr.Type {
		case unix.IFLA_INFO_KIND:
			l.Kind = unix.ByteSliceToString(a.Value)
		case unix.IFLA_INFO_DATA:
			data = a.Value
		}
	}
	switch l.Kind {
	case kindMACVLAN:
		l.Mode = macvlanMode(data)
	case kindIPVLAN:
		l.Mode = ipvlanModeOf(data)
	}
}

func macvlanMode(data []byte) (m Mode) {
	for _, a := range nested(data) {
		if a.Attr.Type == nl.IFLA_MACVLAN_MODE {
			m = Mode{Known: true, Mode: native32(a.Value)}
		}
	}
	return m
}

// ipvlanModeOf is not known of a kernel before 4.15, which has no flags.
func ipvlanModeOf(data []byte) (m Mode) {
	for _, a := range nested(data) {
		switch a.Attr.Type {
		case ipvlanMode:
			m.Mode = uint32(native16(a.Value))
		case ipvlanFlags:
			m.Known, m.Flags = true, native16(a.Value)
		}
	}
	return m
}

// native16 reads an attribute of 2 bytes in the machine's order; a shorter one is 0.
func native16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.NativeEndian.Uint16(b)
}

// mode is how l is to be.
func (l VirtualLink) mode() Mode {
	if l.IPVLAN {
		return Mode{Known: true, Mode: ipvlanModeL2, Flags: l.IPVLANFlags}
	}
	return privateMACVLAN
}

// inMode tells whether have, a link of l's kind, is in the mode of l, as far as the kernel tells.
func (l VirtualLink) inMode(have Link) bool { return !have.Mode.Known || have.Mode == l.mode() }

// InMode tells whether the link of the view that fits l is in its mode, too. One that is not carries packets all the same.
func (l VirtualLink) InMode(s State) bool { return l.inMode(s.ByName[l.Name]) }
