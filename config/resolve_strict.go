package config

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
