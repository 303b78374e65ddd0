package config

import "keepalived-go/parser"

// Refuses tells whether packets to and from the addresses are dropped while the instance is Master. The owner of the
// addresses never drops them.
func (in *Instance) Refuses() bool { return !in.Accept && in.Priority != ownerPriority }

// resolveFirewall names the table that is used where none is given, and says loudly which instances lose traffic to it.
func (d *decoder) resolveFirewall() {
	d.resolveIPTables()
	var needs *rawInstance
	for _, i := range d.raw {
		if i.broken {
			continue
		}
		if needs == nil && (!i.Instance.Accept || i.VMAC.Use) {
			needs = i
		}
		if i.Instance.Refuses() {
			d.sayRefused(i)
		}
	}
	if g := &d.config.Global; needs != nil && g.NFTables == "" && g.VRRPIPTables.In == "" {
		g.NFTables = defaultNFTable
		d.note(needs.Pos, "use_vmac or no_accept/strict specified, but no firewall configured - using nftables")
	}
}

// sayRefused is no fault: it is what the RFCs want, and what surprises whoever has copied strict_mode from an example.
func (d *decoder) sayRefused(i *rawInstance) {
	why, hint := "no_accept", "write accept instead of no_accept to have them answered"
	switch {
	case i.noAccept:
	case i.Version == 2:
		why, hint = "strict_mode", "turn strict_mode off to have them answered"
	default:
		why, hint = "strict_mode without accept", "write accept to have them answered"
	}
	d.report(i.Pos, parser.Warning, parser.StatusOK, hint,
		"(%s) packets to its virtual addresses are dropped while it is Master, because of %s", i.Name, why)
}
