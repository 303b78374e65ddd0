package config

import (
	"slices"
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
