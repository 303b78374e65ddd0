package config

// authType reads PASS or AH. Anything else leaves the instance without authentication, as upstream does: the password
// alone puts nothing into the packets.
func (d *decoder) authType(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	switch w.Text {
	case "PASS":
		i.AuthType = AuthPass
	case "AH":
		i.AuthType = AuthAH
	default:
		d.report(w.Pos, warning, statusConfig, "write PASS or AH in capitals; as it stands the adverts carry no authentication",
			"(%s) unknown authentication type %q", i.Name, w.Text)
	}
}

// maxPassword is the room that the packet has for the password.
const maxPassword = 8

func (d *decoder) authPass(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	pass := w.Text
	if len(pass) > maxPassword {
		d.warn(w.Pos, "(%s) auth_pass is cut off after %d characters", d.scope.inst.Name, maxPassword)
		pass = pass[:maxPassword]
	}
	d.scope.inst.AuthPass = pass
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
