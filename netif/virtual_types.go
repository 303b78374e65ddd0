package netif

import "errors"

// VirtualLink is an interface on top of another one, as it is to be: a macvlan in private mode with a MAC address of its
// own, or an ipvlan in L2 mode. Two values that are equal ask for the same.
type VirtualLink struct {
	Name, Parent string
	IPVLAN       bool
	MAC          [6]byte // of a macvlan
	IPVLANFlags  uint16  // of an ipvlan: IPVLANBridge, IPVLANPrivate or IPVLANVEPA
	Family       int     // of the virtual router, 4 or 6: some settings follow from it
	IPv6         bool    // addresses of IPv6 may be put on it
	// Group is the link group, that of the parent when it is not set.
	Group Optional[uint32]
	// NotifyMsg makes the kernel tell the listeners about the parent when the link was made.
	NotifyMsg bool
	// Address is put on the link when it is made; without a valid prefix there is none.
	Address Address
}

// The flags of an ipvlan (linux/if_link.h).
const (
	IPVLANBridge  = 0
	IPVLANPrivate = 1
	IPVLANVEPA    = 2
)

// The kinds of virtual link, in the kernel's words.
const (
	kindMACVLAN = "macvlan"
	kindIPVLAN  = "ipvlan"
)

func (l VirtualLink) kind() string {
	if l.IPVLAN {
		return kindIPVLAN
	}
	return kindMACVLAN
}

// ErrNotVirtual says that an interface has the name of a virtual link and is none.
var ErrNotVirtual = errors.New("an interface of this name exists, and is no macvlan or ipvlan")

// Fits tells whether a link of the view is what l asks for: it stands on the parent, and has the MAC address and the
// address. Whether it is up, and in which mode, is not looked at.
func (l VirtualLink) Fits(s State) bool {
	have, ok := s.ByName[l.Name]
	parent, exists := s.ByName[l.Parent]
	if !ok || !exists || have.Kind != l.kind() || !l.standsOn(parent, have) || (!l.IPVLAN && have.HardwareAddr != l.MAC) {
		return false
	}
	if !l.Address.Prefix.IsValid() {
		return true
	}
	for _, p := range have.Addresses {
		if p.Addr() == l.Address.Prefix.Addr() {
			return true
		}
	}
	return false
}

// standsOn tells whether have stands where l does once it is made on parent: the kernel puts what is made on a link of its
// own kind on that one's parent, which another namespace may have, as it has that of a container's macvlan.
func (l VirtualLink) standsOn(parent, have Link) bool {
	if parent.Kind == l.kind() && (parent.Parent != 0 || parent.Far != Far{}) {
		return have.Parent == parent.Parent && have.Far == parent.Far
	}
	return have.Parent == parent.Index
}

// VMAC is the name of a macvlan with a MAC address on a parent, as VirtualLinks makes them, "" when there is none.
func (s State) VMAC(parent string, mac [6]byte) string {
	first := Link{}
	for _, have := range s.Twins(VirtualLink{Parent: parent, MAC: mac}) {
		if have.Private() && have.Name != parent && (first.Index == 0 || have.Index < first.Index) {
			first = have
		}
	}
	return first.Name
}

// Twins are macvlans of other names that have the MAC address of l and stand where it does. Of an ipvlan there are none.
func (s State) Twins(l VirtualLink) (list []Link) {
	parent, ok := s.ByName[l.Parent]
	if !ok || l.IPVLAN {
		return nil
	}
	for _, have := range s.ByIndex {
		if have.Kind == kindMACVLAN && have.HardwareAddr == l.MAC && have.Name != l.Name && l.standsOn(parent, have) {
			list = append(list, have)
		}
	}
	return list
}

// Former is what a host was like before virtual links changed its settings, for a process that ends the work of another.
type Former struct {
	Parents  map[string]ARPMode // by name of the interface under them
	RPFilter *RPFilter          // nil: not changed
}

// ARPMode are the settings of a parent that virtual links for IPv4 change, as they were before.
type ARPMode struct {
	Ignore, Filter uint32 // arp_ignore and arp_filter
}
