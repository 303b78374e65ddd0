package config

import (
	"strings"

	"keepalived-go/parser"
)

// ruleReader reads one line of virtual_rules or static_rules.
type ruleReader struct {
	ipWords
	rule       Rule
	from, to   bool
	preference bool
	forTable   parser.Word // an option that only rules with a table can have, empty: there is none
	protocol   parser.Word // what protocol was given, for the message that it is not used
	goal       parser.Word // the value of goto
}

func (d *decoder) staticRule(l line)  { d.ruleLine(l, &d.config.StaticRules) }
func (d *decoder) virtualRule(l line) { d.ruleLine(l, &d.scope.inst.Rules) }

// ruleLine reads a line and appends the rule, unless something is wrong that upstream drops it for.
func (d *decoder) ruleLine(l line, list *[]Rule) {
	r := &ruleReader{ipWords: newIPWords(d, l)}
	for r.more() {
		r.word(r.take())
	}
	if r.finish(l) {
		*list = append(*list, r.rule)
	}
}

// ruleWords read the options of a rule. The next word is the option's value.
var ruleWords = map[string]func(*ruleReader, parser.Word){
	"inet":  func(r *ruleReader, w parser.Word) { r.familyWord(w) },
	"inet6": func(r *ruleReader, w parser.Word) { r.familyWord(w) },
	"from":  (*ruleReader).readPrefix,
	"to":    (*ruleReader).readPrefix,
	"dev":   func(r *ruleReader, _ parser.Word) { r.readDevice(&r.rule.IIF) },
	"iif":   func(r *ruleReader, _ parser.Word) { r.readDevice(&r.rule.IIF) },
	"oif":   func(r *ruleReader, _ parser.Word) { r.readDevice(&r.rule.OIF) },
	"not":   func(r *ruleReader, _ parser.Word) { r.rule.Not = true },

	"preference": (*ruleReader).readPreference,
	"priority":   (*ruleReader).readPreference,
	"order":      (*ruleReader).readPreference,

	"tos":       (*ruleReader).readTOS,
	"dsfield":   (*ruleReader).readTOS,
	"fwmark":    (*ruleReader).readMark,
	"tunnel-id": (*ruleReader).readTunnel,
	"uidrange":  (*ruleReader).readUIDs,
	"ipproto":   (*ruleReader).readIPProtocol,
	"sport":     func(r *ruleReader, w parser.Word) { r.readPorts(w, &r.rule.SrcPorts) },
	"dport":     func(r *ruleReader, w parser.Word) { r.readPorts(w, &r.rule.DstPorts) },
	"protocol":  (*ruleReader).readProtocol,

	"realms":                (*ruleReader).readRealms,
	"suppress_prefixlength": (*ruleReader).readSuppressLength,
	"sup_pl":                (*ruleReader).readSuppressLength,
	"suppress_ifgroup":      (*ruleReader).readSuppressGroup,
	"sup_group":             (*ruleReader).readSuppressGroup,

	"table":  (*ruleReader).readTable,
	"lookup": (*ruleReader).readTable,
	"l3mdev": (*ruleReader).readL3MDev,

	"no_track": func(r *ruleReader, _ parser.Word) { r.rule.NoTrack = true },
}

// ruleActionWords are the words that can stand after type, and without it.
var ruleActionWords = map[string]bool{"goto": true, "nop": true, "blackhole": true, "prohibit": true, "unreachable": true}

// word reads an option, or else an action.
func (r *ruleReader) word(w parser.Word) {
	read := ruleWords[w.Text]
	switch {
	case w.Text == "track_group" && r.options["track_group"] != nil:
		r.trackGroup(w, &r.rule.TrackGroup)
	case read != nil:
		read(r, w)
	default:
		r.readAction(w)
	}
}

// readAction reads [type] ACTION.
func (r *ruleReader) readAction(w parser.Word) {
	if w.Text == "type" {
		next, ok := r.value()
		if !ok {
			return
		}
		w = next
	}
	switch t, ok := routeType(w.Text); {
	case w.Text == "goto":
		v, ok := r.number(w)
		if !ok {
			return
		}
		r.goal = r.words[r.next-1]
		r.rule.Goto = v
		r.act(w, RuleGoto)
	case w.Text == "nop":
		r.act(w, RuleNop)
	case !ok:
		r.unknown(w, r.optionNames())
	case ruleActionNames[RuleAction(t)] == "" || RuleAction(t) == RuleNop:
		r.drop(w.Pos, "", "a rule cannot do %q", w.Text)
	default:
		r.act(w, RuleAction(t))
	}
}

// optionNames are the words that a line of the block knows, for suggestions.
func (r *ruleReader) optionNames() map[string]bool {
	names := map[string]bool{"type": true}
	for n := range ruleWords {
		names[n] = true
	}
	for n := range ruleActionWords {
		names[n] = true
	}
	if r.options["track_group"] != nil {
		names["track_group"] = true
	}
	return names
}

// act gives the rule its action, which it must not have yet.
func (r *ruleReader) act(w parser.Word, a RuleAction) {
	if r.rule.Action != 0 {
		r.drop(w.Pos, "", "%s: the rule does something else already", w.Text)
		return
	}
	r.rule.Action = a
}

func (r *ruleReader) readPrefix(option parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	p, ok := r.prefix(w, "", "prefix")
	switch {
	case !ok:
	case option.Text == "from":
		r.rule.From, r.from = p, true
	default:
		r.rule.To, r.to = p, true
	}
}

func (r *ruleReader) readDevice(place *string) {
	if name, ok := r.device(); ok {
		*place = name
	}
}

func (r *ruleReader) readTable(w parser.Word) {
	v, ok := r.id(w, tableNames)
	switch {
	case !ok:
	case v == 0:
		r.drop(r.words[r.next-1].Pos, "", "%s: there is no table 0", w.Text)
	default:
		r.rule.Table = v
		r.act(w, RuleTable)
	}
}

func (r *ruleReader) readL3MDev(w parser.Word) {
	r.rule.L3MDev = true
	r.act(w, RuleTable)
}

func (r *ruleReader) readPreference(w parser.Word) {
	if v, ok := r.number(w); ok {
		r.rule.Preference, r.preference = v, true
	}
}

func (r *ruleReader) readTOS(w parser.Word) {
	if v, ok := r.id(w, dsfieldNames); ok {
		r.rule.TOS = uint8(v)
	}
}

// readMark reads MARK[/MASK]. Nothing behind the slash counts as 0.
func (r *ruleReader) readMark(option parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	mark, mask, two := strings.Cut(w.Text, "/")
	m, fault := parseUnsigned(mark, 0, 1<<32-1)
	if fault != faultNone {
		r.drop(w.Pos, "", "fwmark: %q %s", mark, fault)
		return
	}
	r.rule.FWMark = some(uint32(m))
	r.rule.FWMask = Optional[uint32]{}
	if !two {
		return
	}
	if m, fault = parseUnsigned(mask, 0, 1<<32-1); fault != faultNone {
		r.drop(w.Pos, "", "fwmark: mask %q %s", mask, fault)
		return
	}
	r.rule.FWMask = some(uint32(m))
}

func (r *ruleReader) readTunnel(w parser.Word) {
	if v, ok := r.unsigned(w, 10, 1<<64-1); ok {
		r.rule.TunnelID = v
	}
}

// scanRange reads FIRST-LAST as upstream does: numbers wrap around at the given number of bits, and what follows the
// second one is passed over. odd says that one of this happened.
func scanRange(s string, bits int) (first, last uint64, odd, ok bool) {
	a := cNumber(s, 10)
	if !a.digits || !strings.HasPrefix(a.rest, "-") {
		return 0, 0, false, false
	}
	b := cNumber(a.rest[1:], 10)
	if !b.digits {
		return 0, 0, false, false
	}
	mask := uint64(1)<<bits - 1
	odd = a.negative || b.negative || a.value > mask || b.value > mask || b.rest != ""
	return a.value & mask, b.value & mask, odd, true
}

func (r *ruleReader) readUIDs(parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	first, last, odd, ok := scanRange(w.Text, 32)
	if !ok {
		r.drop(w.Pos, "", "uidrange: %q is not FIRST-LAST", w.Text)
		return
	}
	r.remarkRange("uidrange", w, first, last, odd)
	r.rule.UIDs = some(Range[uint32]{uint32(first), uint32(last)})
}

// readPorts reads FIRST-LAST. What is none leaves the rule without the ports, as in upstream.
func (r *ruleReader) readPorts(option parser.Word, place *Optional[Range[uint16]]) {
	w, ok := r.value()
	if !ok {
		return
	}
	first, last, odd, ok := scanRange(w.Text, 16)
	if !ok {
		suggestion := ""
		if n := cNumber(w.Text, 10); n.digits && n.rest == "" {
			suggestion = "write " + w.Text + "-" + w.Text
		}
		r.d.report(w.Pos, warning, statusConfig, suggestion, "%s: %s: %q is not FIRST-LAST, the rule is used without it", r.block, option.Text, w.Text)
		return
	}
	r.remarkRange(option.Text, w, first, last, odd)
	*place = some(Range[uint16]{uint16(first), uint16(last)})
}

func (r *ruleReader) remarkRange(name string, w parser.Word, first, last uint64, odd bool) {
	switch {
	case odd:
		r.remark(w.Pos, "%s: %q is read as %d-%d", name, w.Text, first, last)
	case first > last:
		r.remark(w.Pos, "%s: in %q the first number is the greater one, the kernel will refuse the rule", name, w.Text)
	}
}

// readIPProtocol reads a name of /etc/protocols or a number. What is none leaves the rule without it, as in upstream.
func (r *ruleReader) readIPProtocol(parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	const most = 127 // upstream's bound for numbers; names may stand for larger ones
	if n := cNumber(w.Text, 10); n.digits && n.rest == "" && !n.negative && n.value <= most {
		r.rule.IPProto = some(uint8(n.value))
		return
	}
	names := r.d.protocols()
	if v, ok := names[w.Text]; ok {
		r.rule.IPProto = some(v)
		return
	}
	r.d.report(w.Pos, warning, statusConfig, hint(r.d, w.Text, names),
		"%s: ipproto: %q is no IP protocol and no number up to %d, the rule is used without it", r.block, w.Text, most)
}

// readProtocol reads the routing protocol, a number. What is none is not used.
func (r *ruleReader) readProtocol(parser.Word) {
	w, ok := r.value()
	if !ok {
		return
	}
	v, fault := parseUnsigned(w.Text, 10, 255)
	if fault != faultNone {
		r.fault(w.Pos, "protocol: %q %s, it is ignored", w.Text, fault)
		return
	}
	r.rule.Protocol, r.protocol = uint8(v), w
}

func (r *ruleReader) readRealms(w parser.Word) {
	if v, ok := r.realms(w); ok && r.only(w, 4) {
		r.rule.Realms, r.forTable = v, w
	}
}

func (r *ruleReader) readSuppressLength(w parser.Word) {
	if v, ok := r.number(w); ok {
		r.rule.SuppressPrefixLength, r.forTable = some(v), w
	}
}

func (r *ruleReader) readSuppressGroup(w parser.Word) {
	if v, ok := r.id(w, groupNames); ok {
		r.rule.SuppressGroup, r.forTable = some(v), w
	}
}

// finish settles what depends on several words, and tells whether there is a rule.
func (r *ruleReader) finish(l line) bool {
	if r.dropped || r.d.stopped || !r.checkAction(l) {
		return false
	}
	if r.family == 0 {
		r.family = 4
	}
	r.rule.Family = r.family
	r.everything(&r.rule.From, r.from)
	r.everything(&r.rule.To, r.to)
	if !r.rule.NoTrack {
		if r.protocol.Text != "" && r.rule.Protocol != ProtocolKeepalived {
			r.d.report(r.protocol.Pos, warning, statusConfig, "write no_track too",
				"%s: a rule that is tracked has protocol %d, the one that is given is ignored", r.block, ProtocolKeepalived)
		}
		r.rule.Protocol = ProtocolKeepalived
	}
	if r.rule.TrackGroup != "" && r.rule.IIF == "" {
		r.fault(l.st.Pos(), "track_group needs iif, it is ignored")
		r.rule.TrackGroup = ""
	}
	if !r.preference {
		r.choosePreference(l)
	}
	return true
}

// checkAction tells whether the rule does something, and has no option that does not go with it.
func (r *ruleReader) checkAction(l line) bool {
	a := r.rule.Action
	switch {
	case a == 0:
		r.drop(l.st.Pos(), "", "there is no action")
	case a == RuleGoto && !r.preference:
		r.drop(r.goal.Pos, "", "goto needs a preference")
	case a == RuleGoto && r.rule.Preference >= r.rule.Goto:
		r.drop(r.goal.Pos, "", "goto %d does not lead behind preference %d", r.rule.Goto, r.rule.Preference)
	case a != RuleTable && r.forTable.Text != "":
		r.drop(r.forTable.Pos, "", "%s needs a table", r.forTable.Text)
	}
	return !r.dropped
}

// firstPreference is where the preferences begin that are chosen for rules without one. They count down.
const firstPreference = 16384

func (r *ruleReader) choosePreference(l line) {
	n := &r.d.preferences[0]
	if r.family == 6 {
		n = &r.d.preferences[1]
	}
	r.rule.Preference = firstPreference - *n
	*n++
	r.fault(l.st.Pos(), "the rule has no preference, %d is used; this is probably not what is meant", r.rule.Preference)
}
