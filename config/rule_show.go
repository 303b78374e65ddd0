package config

import (
	"fmt"
	"strings"
)

// String is the line in the form of the configuration. Decode makes the same rule of it, where its interfaces and
// track group exist.
func (r Rule) String() string {
	l := &ipLine{}
	l.flag(r.Not, "not")
	l.flag(r.From.IsValid(), "from", r.From.String())
	l.flag(r.To.IsValid(), "to", r.To.String())
	l.text("iif", r.IIF)
	l.text("oif", r.OIF)
	l.number("tos", uint64(r.TOS), 0)
	if r.FWMark.Set {
		mark := fmt.Sprintf("%#x", r.FWMark.Value)
		if r.FWMask.Set {
			mark += fmt.Sprintf("/%#x", r.FWMask.Value)
		}
		l.flag(true, "fwmark", mark)
	}
	l.number("tunnel-id", r.TunnelID, 0)
	showRange(l, "uidrange", r.UIDs)
	optional(l, "ipproto", r.IPProto)
	showRange(l, "sport", r.SrcPorts)
	showRange(l, "dport", r.DstPorts)
	l.flag(true, "preference", fmt.Sprint(r.Preference))
	l.action(r)
	l.realms(r.Realms)
	optional(l, "suppress_prefixlength", r.SuppressPrefixLength)
	optional(l, "suppress_ifgroup", r.SuppressGroup)
	l.flag(r.NoTrack, "no_track")
	if r.NoTrack {
		l.number("protocol", uint64(r.Protocol), 0)
	}
	l.text("track_group", r.TrackGroup)
	l.flag(r.Family == 6 && !r.From.IsValid() && !r.To.IsValid(), "inet6")
	return strings.Join(l.words, " ")
}

func (l *ipLine) action(r Rule) {
	switch {
	case r.L3MDev:
		l.flag(true, "l3mdev")
	case r.Action == RuleTable:
		l.flag(true, "table", fmt.Sprint(r.Table))
	case r.Action == RuleGoto:
		l.flag(true, "goto", fmt.Sprint(r.Goto))
	default:
		l.flag(true, ruleActionNames[r.Action])
	}
}

func showRange[T uint16 | uint32](l *ipLine, name string, v Optional[Range[T]]) {
	l.flag(v.Set, name, fmt.Sprintf("%d-%d", v.Value.First, v.Value.Last))
}
