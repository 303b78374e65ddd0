package netif

import (
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
	if l.Kind == kindMACVLAN {
		l.Mode = macvlanMode(data)
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
