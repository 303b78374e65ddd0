package config

import (
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
	d.resolveFirewall()
	for _, i := range d.raw {
		if !i.broken {
			d.config.Instances = append(d.config.Instances, i.Instance)
		}
	}
	d.numberTwins()
	d.noteUnusedScripts()
	d.resolveLVS()
	d.resolveBFD()
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
	d.resolveUnicast(i)
	d.resolveGARP(i)
	d.resolveDevices(i)
	d.resolveExtra(i)
	d.resolveLinkbeat(i)
	d.resolveVMAC(i)
	d.resolveLinks(i)
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

func (d *decoder) resolvePreempt(i *rawInstance) {
	if i.Priority == ownerPriority && i.NoPreempt {
		d.warn(i.Pos, "(%s) nopreempt is ignored with priority %d", i.Name, ownerPriority)
		i.NoPreempt = false
	}
	if i.StateMaster && i.NoPreempt {
		d.warn(i.Pos, "(%s) nopreempt does not work with state MASTER, it is ignored", i.Name)
		i.NoPreempt = false
	}
	if i.TimerExpiredBackup != 0 && !i.NoPreempt {
		d.warn(i.Pos, "(%s) timer_expired_backup needs nopreempt, it is ignored", i.Name)
		i.TimerExpiredBackup = 0
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
