package config

import "net/netip"

// Rule is one line of virtual_rules or static_rules. Its numbers are those of the kernel, see ip-rule(8). Rules are
// comparable.
type Rule struct {
	Family     int    // 4 or 6
	Preference uint32 // where none was given one counting down from 16384, for each family
	Action     RuleAction
	Table      uint32 // of RuleTable; 0 with L3MDev
	Goto       uint32 // of RuleGoto: greater than Preference

	Not      bool         // the selectors are inverted
	From, To netip.Prefix // invalid: any
	IIF, OIF string       // interfaces, "": any
	TOS      uint8        // 0: any
	FWMark   Optional[uint32]
	FWMask   Optional[uint32]
	TunnelID uint64 // 0: any
	UIDs     Optional[Range[uint32]]
	IPProto  Optional[uint8]
	SrcPorts Optional[Range[uint16]]
	DstPorts Optional[Range[uint16]]
	L3MDev   bool // the table is that of the l3 master device

	Realms uint32 // FRA_FLOW: the realm of the source in the upper 16 bits; 0: none
	// SuppressPrefixLength rejects results of the table whose prefix is not longer.
	SuppressPrefixLength Optional[uint32]
	// SuppressGroup rejects results that leave through an interface of this group.
	SuppressGroup Optional[uint32]

	Protocol   uint8 // RTPROT_*; 0: none, which only a rule with NoTrack can have
	NoTrack    bool
	TrackGroup string // static_rules only, "": none
}

// Range is what lies between two numbers, both included. The first one may be the greater, as it was written.
type Range[T uint16 | uint32] struct{ First, Last T }

// RuleAction is what a rule does, FR_ACT_* of the kernel.
type RuleAction uint8

// The actions of rules.
const (
	RuleTable       RuleAction = 1 // looks a table up
	RuleGoto        RuleAction = 2
	RuleNop         RuleAction = 3
	RuleBlackhole   RuleAction = 6
	RuleUnreachable RuleAction = 7
	RuleProhibit    RuleAction = 8
)

// ruleActionNames are the words of actions that have no value.
var ruleActionNames = map[RuleAction]string{
	RuleNop: "nop", RuleBlackhole: "blackhole", RuleUnreachable: "unreachable", RuleProhibit: "prohibit",
}
