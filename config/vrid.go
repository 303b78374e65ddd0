package config

import "net/netip"

// vridKey finds instances that would share the packets of one virtual router.
type vridKey struct {
	vrid   uint8
	family int
	link   string
	group  netip.Addr // of multicast
	source netip.Addr // of unicast
	peer   netip.Addr
}

// checkVRIDs reports instances that cannot be told apart on the wire. The later one is left out.
func (d *decoder) checkVRIDs() {
	seen := map[vridKey]*rawInstance{}
	for _, i := range d.raw {
		if i.broken {
			continue
		}
		for _, key := range i.keys() {
			if other := seen[key]; other != nil {
				d.fail(i.Pos, "(%s) uses VRID %d with IPv%d on interface %s, and so does %s", i.Name, i.VRID, i.Family, key.link, other.Name)
				i.broken = true
				break
			}
		}
		for _, key := range i.keys() {
			if seen[key] == nil {
				seen[key] = i
			}
		}
	}
}

// keys are what an instance must not share: its group, or each of its unicast peers.
func (i *rawInstance) keys() []vridKey {
	key := vridKey{vrid: i.VRID, family: i.Family, link: i.Interface, group: i.MulticastGroup}
	if len(i.UnicastPeers) == 0 {
		if i.link.Base != "" {
			key.link = i.link.Base // what is sent to the group on one of them is heard on the other
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
