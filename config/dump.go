package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"keepalived-go/netif"
)

// Dump writes a configuration as text: what it says, read again, gives the same configuration. Settings that have
// their default are left out of global_defs; instances are written with everything that was resolved.
func Dump(c Config) []byte {
	w := &dumper{}
	w.global(c)
	for i := range c.TrackGroups {
		g := c.TrackGroups[i]
		w.open("track_group", g.Name)
		w.names("group", g.Members)
		w.shut()
	}
	w.trackers(c)
	w.sessions(c.BFD)
	w.static(c)
	for i := range c.GARPGroups {
		w.garpGroup(c.GARPGroups[i])
	}
	w.links(c)
	for i := range c.Instances {
		w.instance(c.Instances[i])
	}
	for i := range c.SyncGroups {
		w.syncGroup(c.SyncGroups[i])
	}
	w.servers(c)
	return []byte(w.String())
}

// dumper writes lines with the indentation of the open blocks.
type dumper struct {
	strings.Builder
	depth int
}

func (w *dumper) line(words ...string) {
	w.WriteString(strings.Repeat("\t", w.depth))
	w.WriteString(strings.TrimRight(strings.Join(words, " "), " "))
	w.WriteByte('\n')
}

func (w *dumper) open(words ...string) {
	w.line(append(words, "{")...)
	w.depth++
}

func (w *dumper) shut() {
	w.depth--
	w.line("}")
}

// names writes a block with one name in each line.
func (w *dumper) names(keyword string, names []string) {
	if len(names) == 0 {
		return
	}
	w.open(keyword)
	for _, n := range names {
		w.line(quoteWord(n))
	}
	w.shut()
}

// values writes the keywords of a block whose values differ from those of the default.
func (w *dumper) values(b *Block, have, def *scope) {
	for i := range b.Keywords {
		k := &b.Keywords[i]
		if k.Into == nil || k.Deprecated || k.Block != nil {
			continue
		}
		place := k.Into(have)
		if reflect.DeepEqual(place, k.Into(def)) {
			continue
		}
		lines := []string(nil)
		if k.Show != nil {
			lines = k.Show(place)
		} else {
			lines = show(k, place)
		}
		for _, l := range lines {
			w.line(k.Name, l)
		}
	}
}

// blockOf finds the table's row of a block by its path.
func blockOf(names ...string) *Block {
	b := language().root
	for _, n := range names {
		b = b.byName[n].Block
	}
	return b
}

func (w *dumper) global(c Config) {
	def := defaultGlobal("")
	have := scope{global: &c.Global}
	w.values(language().root, &have, &scope{global: &def})
	w.open("global_defs")
	w.values(blockOf("global_defs"), &have, &scope{global: &def})
	if c.Global.AllowIfChanges {
		w.line("dynamic_interfaces allow_if_changes")
	}
	w.names("notification_email", c.Global.NotificationEmail)
	w.shut()
}

func (w *dumper) trackers(c Config) {
	for i := range c.Scripts {
		s := c.Scripts[i]
		w.open("vrrp_script", quoteWord(s.Name))
		w.values(blockOf("vrrp_script"), &scope{script: &s}, &scope{script: &TrackScript{}})
		w.shut()
	}
	for i := range c.TrackFiles {
		f := c.TrackFiles[i]
		w.open("track_file", quoteWord(f.Name))
		w.values(blockOf("track_file"), &scope{file: &f}, &scope{file: &TrackFile{Weight: Weight{Value: 1}}})
		w.shut()
	}
	for i := range c.TrackProcesses {
		p := c.TrackProcesses[i]
		w.open("vrrp_track_process", quoteWord(p.Name))
		w.values(blockOf("vrrp_track_process"), &scope{process: &p}, &scope{process: &TrackProcess{Quorum: 1, QuorumMax: Unlimited}})
		w.shut()
	}
}

func (w *dumper) static(c Config) {
	w.addresses("static_ipaddress", c.StaticAddresses)
	ipLines(w, "static_routes", c.StaticRoutes)
	ipLines(w, "static_rules", c.StaticRules)
}

// ipLines writes routes or rules.
func ipLines[T fmt.Stringer](w *dumper, block string, list []T) {
	if len(list) == 0 {
		return
	}
	w.open(block)
	for _, l := range list {
		w.line(l.String())
	}
	w.shut()
}

func (w *dumper) addresses(block string, list []Address) {
	if len(list) == 0 {
		return
	}
	w.open(block)
	for _, a := range list {
		w.line(addressText(a))
	}
	w.shut()
}

// addressText writes an address with its options.
func addressText(a Address) string {
	prefix := a.Prefix.String()
	if a.Peer.IsValid() {
		prefix = a.Prefix.Addr().String()
	}
	words := []string{prefix}
	option := func(on bool, w ...string) {
		if on {
			words = append(words, w...)
		}
	}
	option(a.Dev != "", "dev", a.Dev)
	option(a.Peer.IsValid(), "peer", a.Peer.Addr().String())
	option(a.Broadcast.IsValid(), "brd", a.Broadcast.String())
	option(a.Scope != 0, "scope", fmt.Sprint(a.Scope))
	option(a.Label != "", "label", a.Label)
	option(a.Prefix.Addr().Is6() && !a.NoDAD, "-nodad")
	option(a.HomeAddress, "home")
	option(a.MngTmpAddr, "mngtmpaddr")
	option(a.NoPrefixRoute, "noprefixroute")
	option(a.AutoJoin, "autojoin")
	option(a.NoTrack, "no_track")
	option(a.UseVMAC, "use_vmac")
	option(a.TrackGroup != "", "track_group", a.TrackGroup)
	if a.PreferredLife == netif.Forever {
		option(a.Prefix.Addr().Is6() && a.Prefix.IsSingleIP(), "preferred_lft", "forever")
	} else {
		words = append(words, "preferred_lft", fmt.Sprint(a.PreferredLife))
	}
	return strings.Join(words, " ")
}

func (w *dumper) garpGroup(g GARPGroup) {
	w.open("garp_group")
	w.values(blockOf("garp_group"), &scope{garp: &g}, &scope{garp: &GARPGroup{}})
	if g.Aggregate {
		w.names("interfaces", g.Interfaces)
	} else {
		for _, name := range g.Interfaces {
			w.line("interface", name)
		}
	}
	w.shut()
}

func (w *dumper) links(c Config) {
	seconds := func(t time.Duration) string { return formatDecimal(int64(t/time.Microsecond), 6) }
	if len(c.UpDownDelays) > 0 {
		w.open("interface_up_down_delays")
		for _, u := range c.UpDownDelays {
			w.line(u.Interface, seconds(u.Down), seconds(u.Up))
		}
		w.shut()
	}
	if len(c.Linkbeats) > 0 {
		w.open("linkbeat_interfaces")
		for _, b := range c.Linkbeats {
			w.line(b.Interface, b.Method)
		}
		w.shut()
	}
}

func (w *dumper) tracks(keyword string, list []Track) {
	if len(list) == 0 {
		return
	}
	w.open(keyword)
	for _, t := range list {
		direction := ""
		switch {
		case t.Weight.Reverse:
			direction = "reverse"
		case keyword != "track_interface":
			direction = "noreverse"
		}
		w.line(quoteWord(t.Name), "weight", fmt.Sprint(t.Weight.Value), direction)
	}
	w.shut()
}

// instance writes an instance. Its settings are put back into the form in which they are read.
func (w *dumper) instance(in Instance) {
	w.open("vrrp_instance", quoteWord(in.Name))
	raw := unresolve(in)
	w.values(blockOf("vrrp_instance"), &scope{inst: raw}, &scope{inst: &rawInstance{}})
	if !in.Accept && !in.Strict && in.Priority != ownerPriority {
		w.line("no_accept")
	}
	if in.AuthType != AuthNone || in.AuthPass != "" {
		w.open("authentication")
		w.values(blockOf("vrrp_instance", "authentication"), &scope{inst: raw}, &scope{inst: &rawInstance{}})
		w.shut()
	}
	if in.HMAC.Use {
		w.hmac(raw)
	}
	if len(in.UnicastPeers) > 0 {
		w.open("unicast_peer")
		for _, p := range in.UnicastPeers {
			w.line(peerText(p))
		}
		w.shut()
	}
	w.tracks("track_interface", in.TrackInterfaces)
	w.tracks("track_script", in.TrackScripts)
	w.tracks("track_file", in.TrackFiles)
	w.tracks("track_process", in.TrackProcesses)
	w.tracks("track_bfd", in.TrackBFD)
	w.addresses("virtual_ipaddress", in.Addresses)
	w.addresses("virtual_ipaddress_excluded", in.ExcludedAddresses)
	ipLines(w, "virtual_routes", in.Routes)
	ipLines(w, "virtual_rules", in.Rules)
	w.shut()
}

func peerText(p UnicastPeer) string {
	out := p.Addr.String()
	if p.MinTTL != 0 {
		out += fmt.Sprintf(" min_ttl %d", p.MinTTL)
	}
	if p.MaxTTL != 255 {
		out += fmt.Sprintf(" max_ttl %d", p.MaxTTL)
	}
	return out
}

func (w *dumper) hmac(raw *rawInstance) {
	w.open("auth_hmac")
	w.values(blockOf("vrrp_instance", "auth_hmac"), &scope{inst: raw}, &scope{inst: &rawInstance{}})
	for _, k := range raw.HMAC.Keys {
		w.line("key", fmt.Sprint(k.ID), quoteWord(k.Value))
	}
	w.shut()
}

// unresolve is what an instance's own keywords would have to say.
func unresolve(in Instance) *rawInstance {
	raw := &rawInstance{Instance: in, State: stateBackup}
	if in.StateMaster {
		raw.State = stateMaster
	}
	raw.Strict = some(in.Strict)
	if in.Accept {
		raw.Accept = some(true)
	}
	raw.LowerPrioNoAdvert, raw.HigherPrioSendAdvert = some(in.LowerPrioNoAdvert), some(in.HigherPrioSendAdvert)
	raw.OwnerIgnoreAdverts.Set = in.OwnerIgnoreAdverts
	raw.OwnerIgnoreAdverts.Value = in.OwnerIgnoreAdverts
	raw.V3ChecksumAsV2, raw.SMTPAlert = some(in.V3ChecksumAsV2), some(in.SMTPAlert)
	raw.NotifyPriorityChanges = some(in.NotifyPriorityChanges)
	raw.DownAdverts = some(in.DownAdverts)
	if len(in.UnicastPeers) > 0 && (in.UnicastTTL != 0 || in.Family == 4) {
		raw.UnicastTTL = some(in.UnicastTTL)
	}
	g := in.GARP
	raw.GARPMasterDelay, raw.GARPMasterRepeat = some(g.MasterDelay), some(g.MasterRepeat)
	raw.GARPRefresh, raw.GARPRefreshRepeat = some(g.Refresh), some(g.RefreshRepeat)
	raw.GARPLowerPrioDelay, raw.GARPLowerPrioRepeat = some(g.LowerPrioDelay), some(g.LowerPrioRepeat)
	return raw
}

func (w *dumper) syncGroup(g SyncGroup) {
	w.open("vrrp_sync_group", quoteWord(g.Name))
	w.names("group", g.Members)
	w.values(blockOf("vrrp_sync_group"), &scope{group: &g}, &scope{group: &SyncGroup{}})
	w.tracks("track_interface", g.TrackInterfaces)
	w.tracks("track_script", g.TrackScripts)
	w.tracks("track_file", g.TrackFiles)
	w.tracks("track_process", g.TrackProcesses)
	w.tracks("track_bfd", g.TrackBFD)
	w.shut()
}
