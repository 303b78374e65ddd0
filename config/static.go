package config

import (
	"slices"
	"strings"
	"time"

	"keepalived-go/parser"
)

// openTrackGroup begins a track_group.
func (d *decoder) openTrackGroup(l line) {
	args := l.st.Args()
	if len(args) != 1 {
		d.warn(l.st.Pos(), "track_group needs one name, the block is ignored")
		d.skip = true
		return
	}
	if _, again := d.trackGroups[args[0].Text]; again {
		d.warn(args[0].Pos, "track_group %s already defined, this one is ignored", args[0].Text)
		d.skip = true
		return
	}
	d.trackGroups[args[0].Text] = len(d.config.TrackGroups)
	d.config.TrackGroups = append(d.config.TrackGroups, TrackGroup{Name: args[0].Text})
	d.trackGroupPlaces = append(d.trackGroupPlaces, l.st.Pos())
}

func (d *decoder) lastTrackGroup() *TrackGroup {
	return &d.config.TrackGroups[len(d.config.TrackGroups)-1]
}

func (d *decoder) openTrackGroupList(l line) {
	if g := d.lastTrackGroup(); g.Members != nil {
		d.warn(l.st.Pos(), "track_group %s: the members were given before, these are ignored", g.Name)
		d.skip = true
	}
}

func (d *decoder) trackGroupMember(l line) {
	g := d.lastTrackGroup()
	g.Members = append(g.Members, texts(l.st.Words)...)
}

// openSyncGroup begins a vrrp_sync_group.
func (d *decoder) openSyncGroup(l line) {
	args := l.st.Args()
	if len(args) != 1 {
		d.warn(l.st.Pos(), "vrrp_sync_group needs one name, the block is ignored")
		d.skip = true
		return
	}
	if d.groups[args[0].Text] {
		d.warn(args[0].Pos, "vrrp sync group %s already defined, this one is ignored", args[0].Text)
		d.skip = true
		return
	}
	d.groups[args[0].Text] = true
	d.scope.group = &SyncGroup{Name: args[0].Text}
	d.rawGroups = append(d.rawGroups, rawGroup{SyncGroup: d.scope.group, pos: l.st.Pos()})
}

// rawGroup is a sync group whose members are not looked up yet.
type rawGroup struct {
	*SyncGroup
	pos parser.Position
}

func (d *decoder) openSyncMembers(l line) {
	if g := d.scope.group; g.Members != nil {
		d.warn(l.st.Pos(), "sync group %s: the members were given before, these are ignored", g.Name)
		d.skip = true
	}
}

func (d *decoder) syncMember(l line) {
	d.scope.group.Members = append(d.scope.group.Members, texts(l.st.Words)...)
}

func (d *decoder) globalTracking(l line) {
	d.report(l.st.Pos(), warning, statusConfig, "write sync_group_tracking_weight",
		"sync group %s: global_tracking is deprecated", d.scope.group.Name)
	d.scope.group.TrackingWeight = true
}

// openGARPGroup begins a garp_group, which has no name.
func (d *decoder) openGARPGroup(l line) {
	d.scope.garp = &GARPGroup{}
	d.scriptPos = l.st.Pos()
}

func (d *decoder) garpInterface(l line) {
	if w, ok := d.need(l, 0); ok {
		d.addGARPInterface(w)
	}
}

func (d *decoder) garpInterfaces(l line) {
	d.scope.garp.Aggregate = true
	for _, w := range l.st.Words {
		d.addGARPInterface(w)
	}
}

func (d *decoder) addGARPInterface(w parser.Word) {
	link, ok := d.link(w)
	switch {
	case !ok:
		d.warn(w.Pos, "garp_group: interface %s does not exist", w.Text)
	case d.garpInterfacesUsed[w.Text]:
		d.warn(w.Pos, "garp_group: interface %s is in a group already", w.Text)
	case link.VMAC:
		d.warn(w.Pos, "garp_group: %s is a VMAC, which cannot be in a group", w.Text)
	default:
		d.garpInterfacesUsed[w.Text] = true
		d.scope.garp.Interfaces = append(d.scope.garp.Interfaces, w.Text)
	}
}

func (d *decoder) closeGARPGroup() {
	g := *d.scope.garp
	if !g.GARPInterval.Set && !g.GNAInterval.Set {
		d.warn(d.scriptPos, "the garp_group sets no interval, it is removed")
		for _, name := range g.Interfaces {
			delete(d.garpInterfacesUsed, name)
		}
		return
	}
	d.config.GARPGroups = append(d.config.GARPGroups, g)
}

// fatalInterface reports an interface that a block cannot do without.
func (d *decoder) fatalInterface(w parser.Word, block string) bool {
	if _, ok := d.env.lookupInterface(w.Text); ok || d.config.Global.DynamicInterfaces {
		return true
	}
	d.report(w.Pos, warning, parser.StatusFatal, "", "%s: interface %s does not exist", block, w.Text)
	return false
}

// upDownDelay reads IFNAME DOWN [UP].
func (d *decoder) upDownDelay(l line) {
	w := l.st.Words[0]
	if !d.fatalInterface(w, l.kw.Name) {
		return
	}
	u := UpDownDelay{Interface: w.Text}
	if len(l.st.Args()) == 0 {
		d.note(w.Pos, "%s: %s has no delay", l.kw.Name, w.Text)
		return
	}
	for i, place := range []*time.Duration{&u.Down, &u.Up} {
		a, ok := l.arg(i)
		if !ok {
			break
		}
		v, ok := d.decimalOf(l.kw.Name, a, decimalArg(0, 255_000_000, 6))
		if !ok {
			return
		}
		*place = asDuration(v)
	}
	d.config.UpDownDelays = append(d.config.UpDownDelays, u)
}

// linkbeatInterface reads IFNAME [MII|ETHTOOL|IOCTL].
func (d *decoder) linkbeatInterface(l line) {
	w := l.st.Words[0]
	if !d.fatalInterface(w, l.kw.Name) {
		return
	}
	b := Linkbeat{Interface: w.Text}
	if m, ok := l.arg(0); ok {
		if !slices.Contains([]string{"MII", "ETHTOOL", "IOCTL"}, m.Text) || len(l.st.Args()) > 1 {
			d.warn(m.Pos, "%s: after %s only one of MII, ETHTOOL and IOCTL can stand", l.kw.Name, w.Text)
		} else {
			b.Method = m.Text
		}
	}
	d.config.Linkbeats = append(d.config.Linkbeats, b)
}

func (d *decoder) staticRoute(l line)  { d.ipLine(l, &d.config.StaticRoutes) }
func (d *decoder) staticRule(l line)   { d.ipLine(l, &d.config.StaticRules) }
func (d *decoder) virtualRoute(l line) { d.ipLine(l, &d.scope.inst.Routes) }
func (d *decoder) virtualRule(l line)  { d.ipLine(l, &d.scope.inst.Rules) }

// destinations that are no prefix.
var anyDestination = []string{"default", "default6", "any", "all"}

// routeTypes may stand in front of a destination.
var routeTypes = []string{"unicast", "local", "broadcast", "anycast", "multicast", "throw", "unreachable", "prohibit", "blackhole", "nat"}

// ipReader goes through the words of a route or a rule.
type ipReader struct {
	d       *decoder
	options map[string]*Keyword
	words   []parser.Word
	next    int
	out     IPLine
	isRoute bool
	dest    bool
}

// ipLine reads a route or a rule: the words are checked against the options of the row.
func (d *decoder) ipLine(l line, list *[]IPLine) {
	r := &ipReader{d: d, options: d.table.options(l.kw), words: l.st.Words, isRoute: strings.HasSuffix(l.kw.Name, "routes")}
	for r.next < len(r.words) {
		if !r.word(l.kw.Name) {
			return
		}
	}
	if r.isRoute && !r.dest {
		d.warn(l.st.Pos(), "%s: the line has no destination, it is ignored", l.kw.Name)
		return
	}
	if !r.isRoute && !r.finishRule(l) {
		return
	}
	*list = append(*list, r.out)
}

// ruleActions are the words of a rule that say what it does; one is required.
var ruleActions = []string{"table", "lookup", "goto", "nop", "blackhole", "prohibit", "unreachable", "l3mdev"}

// finishRule tells whether a rule does something. Rules without preference get one from upstream, counting down.
func (r *ipReader) finishRule(l line) bool {
	has := func(names []string) bool {
		return slices.ContainsFunc(r.out.Words, func(w string) bool { return slices.Contains(names, w) })
	}
	preference := has([]string{"preference", "priority", "order"})
	switch {
	case !has(ruleActions):
		r.d.warn(l.st.Pos(), "%s: the rule has no action, it is ignored", l.kw.Name)
		return false
	case has([]string{"goto"}) && !preference:
		r.d.warn(l.st.Pos(), "%s: goto needs a preference, the rule is ignored", l.kw.Name)
		return false
	case !preference:
		r.d.warn(l.st.Pos(), "%s: the rule has no preference, one is chosen; this is probably not what is meant", l.kw.Name)
	}
	return true
}

// take appends the next n words.
func (r *ipReader) take(n int) {
	for range n {
		if r.next < len(r.words) {
			r.family(r.words[r.next].Text)
			r.out.Words = append(r.out.Words, r.words[r.next].Text)
			r.next++
		}
	}
}

// family learns the address family from a word.
func (r *ipReader) family(w string) {
	switch {
	case w == "inet":
		r.out.Family = 4
	case w == "inet6" || w == "default6":
		r.out.Family = 6
	case r.out.Family == 0:
		if p, err := parsePrefix(w); err == nil {
			r.out.Family = familyOf(p.Addr())
		}
	}
}

// word reads one option with its value, or the destination of a route.
func (r *ipReader) word(block string) bool {
	w := r.words[r.next]
	if w.Text == "track_group" && r.next+1 < len(r.words) && r.options[w.Text] != nil {
		r.out.TrackGroup = r.words[r.next+1].Text
		if _, ok := r.d.trackGroups[r.out.TrackGroup]; !ok {
			r.d.warn(w.Pos, "track_group %s not found", r.out.TrackGroup)
			r.out.TrackGroup = ""
		}
		r.next += 2
		return true
	}
	k := r.options[w.Text]
	if k != nil && k.Deprecated && r.isRoute {
		r.d.warn(w.Pos, "%s: %s is deprecated, write via or nexthop", block, w.Text)
	}
	switch {
	case r.isRoute && !r.dest && (slices.Contains(routeTypes, w.Text) || w.Text == "to"):
		r.take(1)
		return true
	case r.isRoute && !r.dest && (k == nil || w.Text == "default"):
		return r.destination(w, block)
	case k == nil:
		r.d.report(w.Pos, warning, statusConfig, hint(r.d, w.Text, r.options), "%s: unknown option %q, the line is ignored", block, w.Text)
		return false
	case k.Name == "nexthop" || k.Name == "encap":
		r.take(1)
		return true
	case k.Arg.Kind == Flag || strings.HasPrefix(k.Syntax, "(flag") || strings.HasPrefix(k.Syntax, "followed"):
		r.take(1)
		return true
	}
	return r.valued(k, block)
}

func (r *ipReader) destination(w parser.Word, block string) bool {
	_, err := parsePrefix(w.Text)
	if err != nil && !slices.Contains(anyDestination, w.Text) {
		r.d.warn(w.Pos, "%s: %q is no destination, the line is ignored", block, w.Text)
		return false
	}
	r.dest = true
	r.take(1)
	return true
}

// valued reads an option that has a value, with the words that may stand between them.
func (r *ipReader) valued(k *Keyword, block string) bool {
	name := r.words[r.next]
	r.take(1)
	if r.next < len(r.words) && slices.Contains([]string{"lock", "inet", "inet6"}, r.words[r.next].Text) {
		r.take(1)
	}
	if r.next >= len(r.words) {
		r.d.lack(block, name)
		return false
	}
	w := r.words[r.next]
	if slices.Contains([]string{"dev", "oif", "iif"}, k.Name) {
		if _, ok := r.d.link(w); !ok {
			r.d.warn(w.Pos, "%s: interface %s does not exist, the line is ignored", block, w.Text)
			return false
		}
	}
	if k.Arg.Kind == Int {
		if _, ok := r.d.number(k.Name, w, k.Arg); !ok {
			return false
		}
	}
	r.take(1)
	return true
}
