package config

import (
	"net/netip"
)

// checkUnicast settles what the unicast keywords mean together.
func (d *decoder) checkUnicast(i *rawInstance) bool {
	if !i.unicast {
		return true
	}
	if len(i.UnicastPeers) == 0 && !i.UnicastFaultNoPeer {
		d.warn(i.Pos, "(%s) unicast keywords without unicast_peer are deprecated: multicast is used", i.Name)
	}
	if i.Family == 6 && i.Interface == "" && i.MulticastSource.IsLinkLocalUnicast() {
		d.fail(i.Pos, "(%s) without interface the source address cannot be link-local", i.Name)
		return false
	}
	if i.VRF != "" && len(i.UnicastPeers) == 0 {
		d.warn(i.Pos, "(%s) vrf needs unicast, it is ignored", i.Name)
		i.VRF = ""
	}
	if len(i.UnicastPeers) > 0 && i.MulticastGroup.IsValid() {
		d.warn(i.Pos, "(%s) mcast_dst_ip is ignored with unicast", i.Name)
		i.MulticastGroup = netip.Addr{}
	}
	return true
}

func (d *decoder) resolveMulticast(i *rawInstance) {
	switch {
	case len(i.UnicastPeers) > 0 || i.MulticastGroup.IsValid():
	case i.Family == 6:
		i.MulticastGroup = d.config.Global.VRRPMcastGroup6
	default:
		i.MulticastGroup = d.config.Global.VRRPMcastGroup4
	}
	if !i.MulticastSource.IsValid() {
		i.TrackSource = false
	}
}

// checkAddresses tells whether the addresses are enough for the version.
func (d *decoder) checkAddresses(i *rawInstance) bool {
	if len(i.Addresses) > 0 {
		if i.Family == 6 && len(i.UnicastPeers) == 0 && !i.Addresses[0].Prefix.Addr().IsLinkLocalUnicast() {
			d.firstLinkLocal(i)
		}
		return true
	}
	if i.NoVIP && !i.Instance.Strict {
		return true
	}
	if i.Version == 3 || i.Instance.Strict {
		d.fail(i.Pos, "(%s) No VIP specified; at least one is required", i.Name)
		return false
	}
	d.warn(i.Pos, "(%s) No VIP specified; at least one is sensible", i.Name)
	return true
}

func (d *decoder) firstLinkLocal(i *rawInstance) {
	if i.Instance.Strict {
		d.warn(i.Pos, "(%s) the first IPv6 address must be link-local", i.Name)
		return
	}
	d.note(i.Pos, "(%s) the first IPv6 address should be link-local", i.Name)
}

// limitAddresses moves the addresses that the packet has no room for to the excluded ones.
func (d *decoder) limitAddresses(i *rawInstance) {
	mtu := i.link.MTU
	if mtu == 0 {
		mtu = 1500
	}
	const ether, ipv4, ipv6, vrrp, auth, ah, hmac = 14, 20, 40, 8, 8, 24, 28
	room, size := mtu-ether-ipv4-vrrp, 4
	switch {
	case i.Family == 6:
		room, size = mtu-ether-ipv6-vrrp, 16
	case i.AuthType == AuthAH:
		room -= auth + ah
	case i.Version == 2:
		room -= auth
	}
	if i.HMAC.Use && i.HMAC.Mode != "receive-only" {
		room -= hmac
	}
	most := min(max(room/size, 0), 255)
	if len(i.Addresses) <= most {
		return
	}
	d.warn(i.Pos, "(%s) %d addresses do not fit into the packet, those after the first %d are not advertised", i.Name, len(i.Addresses), most)
	i.ExcludedAddresses = append(i.ExcludedAddresses, i.Addresses[most:]...)
	i.Addresses = i.Addresses[:most:most]
}

// resolveDevices gives every address its interface.
func (d *decoder) resolveDevices(i *rawInstance) {
	for _, list := range [][]Address{i.Addresses, i.ExcludedAddresses} {
		for n := range list {
			if list[n].Dev == "" {
				list[n].Dev = i.Interface
			}
			if list[n].Dev == "" {
				list[n].Dev = d.config.Global.DefaultInterface
			}
		}
	}
}
