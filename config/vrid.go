package config

import (
	"cmp"
	"net/netip"
)

// vridKey finds instances that would share the packets of one virtual router.
type vridKey struct {
	vrid   uint8
	family int
	link   string
	own    bool       // of IPv6: the instance has an interface of its own on link
	group  netip.Addr // of multicast
	source netip.Addr // of unicast
	peer   netip.Addr
}

// checkVRIDs reports instances that cannot be told apart on the wire. The later one is left out.
func (d *decoder) checkVRIDs() {
	seen, near := map[vridKey]*rawInstance{}, map[vridKey]*rawInstance{}
	for _, i := range d.raw {
		if i.broken {
			continue
		}
		for _, key := range i.keys() {
			if other := seen[key]; other != nil {
				d.fail(i.Pos, "(%s) uses VRID %d with IPv%d on interface %s, and so does %s", i.Name, i.VRID, i.Family, i.base(), other.Name)
				i.broken = true
				break
			}
		}
		for _, key := range i.keys() {
			if seen[key] == nil {
				seen[key] = i
			}
		}
		if !i.broken && len(i.UnicastPeers) == 0 {
			d.noteNear(i, near)
		}
	}
}

// noteNear says of instances that can be told apart that each hears what is for the other.
func (d *decoder) noteNear(i *rawInstance, near map[vridKey]*rawInstance) {
	key := vridKey{vrid: i.VRID, family: i.Family, link: i.base(), group: i.MulticastGroup}
	if other := near[key]; other != nil {
		d.note(i.Pos, "(%s) uses VRID %d with IPv%d on the network of interface %s, and so does %s: each hears the adverts for the other",
			i.Name, i.VRID, i.Family, i.base(), other.Name)
		return
	}
	near[key] = i
}

// base is the interface that leads to the network, the one below a macvlan that was there before.
func (i *rawInstance) base() string { return cmp.Or(i.link.Base, i.Interface) }

// keys are what an instance must not share: its group, or each of its unicast peers.
func (i *rawInstance) keys() []vridKey {
	key := vridKey{vrid: i.VRID, family: i.Family, link: i.Interface, group: i.MulticastGroup}
	if len(i.UnicastPeers) == 0 {
		// What is sent to the group on an interface is heard on the macvlans of it. With IPv6 upstream refuses it only of
		// interfaces of instances' own.
		own := i.VMAC.Use || i.IPVLAN.Use
		plain := key
		if i.Family == 4 || own {
			key.link, key.own = i.base(), i.Family == 6
		}
		if key.own && i.VMACXmitBase {
			return []vridKey{key, plain} // adverts leave where those of an instance without one do
		}
		return []vridKey{key}
	}
	keys := make([]vridKey, 0, len(i.UnicastPeers))
	key.source = i.MulticastSource
	for _, p := range i.UnicastPeers {
		key.peer = p.Addr
		keys = append(keys, key)
	}
	return keys
}
