package config

import (
	"net/netip"
	"slices"
	"time"

	"keepalived-go/parser"
)

// resolve settles everything that can only be settled when the whole text was read.
func (d *decoder) resolve() {
	if d.linkMissing {
		d.report(d.linkMissingPos, parser.Error, parser.StatusFatal, "put dynamic_interfaces into global_defs if it comes later",
			"Non-existent interface specified in configuration") // operators search for these words
	}
	d.resolveTrackGroups()
	d.checkScripts()
	d.resolveGroups()
	for _, i := range d.raw {
		d.resolveInstance(i)
	}
	d.checkVRIDs()
	for _, i := range d.raw {
		if !i.broken {
			d.config.Instances = append(d.config.Instances, i.Instance)
		}
	}
	d.noteUnusedScripts()
	d.resolveLVS()
	d.resolveBFD()
}

// resolveTrackGroups takes members off the track groups that do not exist, and groups without any.
func (d *decoder) resolveTrackGroups() {
	kept := d.config.TrackGroups[:0]
	for n, g := range d.config.TrackGroups {
		pos := d.trackGroupPlaces[n]
		g.Members = slices.DeleteFunc(g.Members, func(m string) bool {
			if _, ok := d.instances[m]; ok {
				return false
			}
			d.warn(pos, "track_group %s: there is no vrrp_instance %s", g.Name, m)
			return true
		})
		if len(g.Members) == 0 {
			d.warn(pos, "track_group %s has no members, it is removed", g.Name)
			continue
		}
		kept = append(kept, g)
	}
	d.config.TrackGroups = kept
}

// resolveGroups looks the members of the sync groups up and drops groups without any.
func (d *decoder) resolveGroups() {
	for _, g := range d.rawGroups {
		if g.Members == nil {
			d.warn(g.pos, "sync group %s has no members, it is removed", g.Name)
			continue
		}
		g.Members = slices.DeleteFunc(g.Members, func(name string) bool { return !d.joinGroup(g, name) })
		if len(g.Members) == 0 {
			d.warn(g.pos, "sync group %s: no member exists, it is removed", g.Name)
			continue
		}
		if len(g.Members) == 1 {
			d.warn(g.pos, "sync group %s has one member only, which is probably not what is meant", g.Name)
		}
		d.config.SyncGroups = append(d.config.SyncGroups, *g.SyncGroup)
	}
}

// joinGroup makes an instance a member of a group.
func (d *decoder) joinGroup(g rawGroup, name string) bool {
	n, ok := d.instances[name]
	if !ok {
		d.report(g.pos, warning, statusConfig, hint(d, name, d.instances), "sync group %s: there is no vrrp_instance %s, it is ignored", g.Name, name)
		return false
	}
	i := d.raw[n]
	if i.SyncGroup != "" {
		d.warn(g.pos, "vrrp_instance %s is in sync group %s already, group %s does not get it", name, i.SyncGroup, g.Name)
		return false
	}
	i.SyncGroup, i.sync = g.Name, g.SyncGroup
	return true
}

// resolveInstance gives every setting of an instance its value, in the order in which upstream does it. An instance
// that cannot be is marked as broken.
func (d *decoder) resolveInstance(i *rawInstance) {
	g := &d.config.Global
	i.Instance.Strict = i.Strict.Or(g.VRRPStrict)
	if !d.checkIdentity(i) {
		i.broken = true
		return
	}
	d.resolveVersion(i)
	d.resolveState(i)
	d.resolveAuth(i)
	if !d.checkUnicast(i) || !d.checkAddresses(i) {
		i.broken = true
		return
	}
	d.limitAddresses(i)
	d.resolvePreempt(i)
	d.resolveStrict(i)
	d.resolveInterval(i)
	d.resolveMulticast(i)
	d.resolveGARP(i)
	d.resolveDevices(i)
	d.resolveVMAC(i)
	d.dropOwnInterface(i)
	d.resolveTrackers(i)
	d.holdUnsupported(i)
}

// checkIdentity tells whether the instance has what makes it one.
func (d *decoder) checkIdentity(i *rawInstance) bool {
	if i.VRID == 0 {
		d.fail(i.Pos, "(%s) the virtual router id must be set", i.Name)
		return false
	}
	if i.Interface == "" && !(i.unicast && len(i.UnicastPeers) > 0) {
		if !d.linkMissing { // else it was said where the interface stands
			d.fail(i.Pos, "(%s) no interface is given", i.Name)
		}
		return false
	}
	if i.Interface == "" && !i.MulticastSource.IsValid() {
		d.fail(i.Pos, "(%s) an instance without interface needs unicast_src_ip", i.Name)
		return false
	}
	return true
}

func (d *decoder) resolveVersion(i *rawInstance) {
	if i.Family == 6 && i.Version == 2 && i.Instance.Strict {
		d.warn(i.Pos, "(%s) IPv6 needs VRRP version 3, it is used", i.Name)
		i.Version = 3
	}
	if i.Family == 0 {
		i.Family = 4
	}
	switch {
	case i.Version != 0:
	case i.Family == 6:
		i.Version = 3
	default:
		i.Version = d.config.Global.VRRPVersion
	}
}

func (d *decoder) resolveState(i *rawInstance) {
	if i.Priority == 0 {
		i.Priority = defaultPriority
		if i.State == stateMaster {
			i.Priority = ownerPriority
		}
	}
	owner := i.Priority == ownerPriority
	i.StateMaster = i.State == stateMaster
	switch {
	case i.State == stateUnset:
		i.StateMaster = owner
	case i.Instance.Strict && i.StateMaster != owner:
		d.warn(i.Pos, "(%s) in strict mode state MASTER and priority %d go together", i.Name, ownerPriority)
		i.StateMaster = owner
	}
}

func (d *decoder) resolveAuth(i *rawInstance) {
	none := func(why string) {
		d.warn(i.Pos, "(%s) %s: authentication is ignored", i.Name, why)
		i.AuthType = AuthNone
	}
	switch {
	case i.AuthType == AuthNone:
	case i.Instance.Strict:
		none("strict mode has no authentication")
	case i.Version == 3:
		none("VRRP version 3 has no authentication")
	case i.AuthPass == "":
		none("auth_type needs auth_pass")
	case i.Family == 6 && i.AuthType == AuthAH:
		none("AH cannot be used with IPv6")
	case i.AuthType == AuthAH && i.StateMaster && i.Priority != ownerPriority:
		d.warn(i.Pos, "(%s) with AH an instance begins as BACKUP", i.Name)
		i.StateMaster = false
	}
	d.resolveHMAC(i)
}

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
	const ether, ipv4, ipv6, vrrp, auth, ah = 14, 20, 40, 8, 8, 24
	room, size := mtu-ether-ipv4-vrrp, 4
	switch {
	case i.Family == 6:
		room, size = mtu-ether-ipv6-vrrp, 16
	case i.AuthType == AuthAH:
		room -= auth + ah
	case i.Version == 2:
		room -= auth
	}
	most := min(max(room/size, 0), 255)
	if len(i.Addresses) <= most {
		return
	}
	d.warn(i.Pos, "(%s) %d addresses do not fit into the packet, those after the first %d are not advertised", i.Name, len(i.Addresses), most)
	i.ExcludedAddresses = append(i.ExcludedAddresses, i.Addresses[most:]...)
	i.Addresses = i.Addresses[:most:most]
}

func (d *decoder) resolvePreempt(i *rawInstance) {
	if i.Priority == ownerPriority && i.NoPreempt {
		d.warn(i.Pos, "(%s) nopreempt is ignored with priority %d", i.Name, ownerPriority)
		i.NoPreempt = false
	}
	if i.StateMaster && i.NoPreempt {
		d.warn(i.Pos, "(%s) nopreempt does not work with state MASTER, it is ignored", i.Name)
		i.NoPreempt = false
	}
	if i.PreemptDelay == 0 {
		return
	}
	why := ""
	switch {
	case i.StateMaster:
		why = "state MASTER"
	case i.Instance.Strict:
		why = "strict mode"
	case i.NoPreempt:
		why = "nopreempt"
	default:
		return
	}
	d.warn(i.Pos, "(%s) preempt_delay does not work with %s, it is ignored", i.Name, why)
	i.PreemptDelay = 0
}

// resolveStrict settles the switches whose defaults are those of global_defs, or of strict mode.
func (d *decoder) resolveStrict(i *rawInstance) {
	g, strict := &d.config.Global, i.Instance.Strict
	owner := i.Priority == ownerPriority
	i.Instance.Accept = i.Accept.Or(owner || !strict)
	if i.Instance.Accept && !owner && strict && i.Version == 2 {
		d.warn(i.Pos, "(%s) accept is ignored in strict mode of VRRP version 2", i.Name)
		i.Instance.Accept = false
	}
	i.DownAdverts = some(i.DownAdverts.Or(i.downTimer))
	if strict && i.DownAdverts.Value != 3 {
		d.warn(i.Pos, "(%s) down_timer_adverts is 3 in strict mode", i.Name)
		i.DownAdverts.Value = 3
	}
	i.Instance.DownAdverts = i.DownAdverts.Value
	i.Instance.LowerPrioNoAdvert = d.forced(i, "lower_prio_no_advert", i.LowerPrioNoAdvert, g.VRRPLowerPrioNoAdvert, true)
	i.Instance.HigherPrioSendAdvert = d.forced(i, "higher_prio_send_advert", i.HigherPrioSendAdvert, g.VRRPHigherPrioSendAdvert, false)
	d.resolveOwner(i)
	i.Instance.V3ChecksumAsV2 = i.V3ChecksumAsV2.Or(g.V3ChecksumAsV2)
	i.Instance.SMTPAlert = i.SMTPAlert.Or(g.SMTPAlertVRRP.Or(g.SMTPAlert.Or(false)))
	changes := g.VRRPNotifyPriorityChanges
	if i.sync != nil {
		changes = i.sync.NotifyPriorityChanges.Or(changes)
	}
	i.Instance.NotifyPriorityChanges = i.NotifyPriorityChanges.Or(changes)
	i.Instance.UnicastTTL = i.UnicastTTL.Or(0)
	if i.Family == 4 && !i.UnicastTTL.Set && len(i.UnicastPeers) > 0 {
		i.Instance.UnicastTTL = 255
	}
}

// forced is a switch whose value strict mode prescribes.
func (d *decoder) forced(i *rawInstance, name string, given Optional[bool], otherwise, strict bool) bool {
	if !i.Instance.Strict {
		return given.Or(otherwise)
	}
	if given.Or(strict) != strict {
		d.warn(i.Pos, "(%s) strict mode prescribes %s, the setting is ignored", i.Name, name)
	}
	return strict
}

// resolveOwner settles owner_ignore_adverts, which only an address owner can have.
func (d *decoder) resolveOwner(i *rawInstance) {
	owner := i.Priority == ownerPriority
	v := i.OwnerIgnoreAdverts.Or(owner && (i.Instance.Strict || d.config.Global.VRRPOwnerIgnoreAdverts))
	if i.OwnerIgnoreAdverts.Set && v != owner {
		d.warn(i.Pos, "(%s) owner_ignore_adverts goes with priority %d, it is changed", i.Name, ownerPriority)
		v = owner
	}
	i.Instance.OwnerIgnoreAdverts = v
}

// The largest intervals that the packets can carry, and their units.
const (
	maxIntervalV2 = 255 * time.Second
	maxIntervalV3 = 4095 * 10 * time.Millisecond
)

func (d *decoder) resolveInterval(i *rawInstance) {
	if i.AdvertInt == 0 {
		i.AdvertInt = time.Second
	}
	unit, most := time.Second, maxIntervalV2
	if i.Version == 3 {
		unit, most = 10*time.Millisecond, maxIntervalV3
	}
	switch {
	case i.AdvertInt >= most+unit:
		d.warn(i.Pos, "(%s) advert_int %s is too long for VRRP version %d, %s is used", i.Name, i.AdvertInt, i.Version, most)
		i.AdvertInt = most
	case i.AdvertInt%unit != 0:
		rounded := min(max(i.AdvertInt.Round(unit), unit), most)
		d.warn(i.Pos, "(%s) advert_int %s is not a multiple of %s, %s is used", i.Name, i.AdvertInt, unit, rounded)
		i.AdvertInt = rounded
	}
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

func (d *decoder) resolveGARP(i *rawInstance) {
	g := &d.config.Global
	i.GARP = GARP{
		MasterDelay:   i.GARPMasterDelay.Or(i.garp.MasterDelay),
		MasterRepeat:  i.GARPMasterRepeat.Or(i.garp.MasterRepeat),
		Refresh:       i.GARPRefresh.Or(i.garp.Refresh),
		RefreshRepeat: i.GARPRefreshRepeat.Or(i.garp.RefreshRepeat),
	}
	delay := g.VRRPGARPLowerPrioDelay.Or(g.VRRPGARPMasterDelay)
	repeat := g.VRRPGARPLowerPrioRepeat.Or(g.VRRPGARPMasterRepeat)
	if i.Instance.Strict {
		if i.GARPLowerPrioDelay.Or(0) != 0 || i.GARPLowerPrioRepeat.Or(0) != 0 {
			d.warn(i.Pos, "(%s) strict mode has no repeated announcements, garp_lower_prio_* is ignored", i.Name)
		}
		return
	}
	i.GARP.LowerPrioDelay = i.GARPLowerPrioDelay.Or(delay)
	i.GARP.LowerPrioRepeat = i.GARPLowerPrioRepeat.Or(repeat)
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

// resolveVMAC settles what an interface of the instance's own means for other settings.
func (d *decoder) resolveVMAC(i *rawInstance) {
	own := i.VMAC.Use || i.IPVLAN.Use
	if own && i.PromoteSecondaries {
		d.warn(i.Pos, "(%s) promote_secondaries is set for a VMAC anyway, it is ignored", i.Name)
		i.PromoteSecondaries = false
	}
	switch {
	case !i.VMACXmitBase:
	case i.VMAC.Use && i.Instance.Strict:
		d.warn(i.Pos, "(%s) vmac_xmit_base is ignored in strict mode", i.Name)
		i.VMACXmitBase = false
	case !own:
		d.warn(i.Pos, "(%s) vmac_xmit_base needs use_vmac, it is ignored", i.Name)
		i.VMACXmitBase = false
	}
	if i.IPVLAN.Use && i.Family == 4 && !i.IPVLAN.Addr.IsValid() {
		d.warn(i.Pos, "(%s) use_ipvlan with IPv4 needs an address", i.Name)
	}
}
