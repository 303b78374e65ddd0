package config

import (
	"net/netip"
	"time"

	"keepalived-go/parser"
)

const (
	warning      = parser.Warning
	statusConfig = parser.StatusConfig
)

// startState is what the keyword state asks for.
type startState uint8

const (
	stateUnset startState = iota
	stateBackup
	stateMaster
)

// rawInstance is an instance as read. What the keywords settle by themselves is in the Instance already; what has a
// default that depends on something else waits here for resolve.
type rawInstance struct {
	Instance

	State                                   startState
	Accept, Strict                          Optional[bool]
	LowerPrioNoAdvert, HigherPrioSendAdvert Optional[bool]
	OwnerIgnoreAdverts, V3ChecksumAsV2      Optional[bool]
	SMTPAlert, NotifyPriorityChanges        Optional[bool]
	DownAdverts, UnicastTTL                 Optional[int]
	GARPMasterDelay, GARPRefresh            Optional[time.Duration]
	GARPLowerPrioDelay                      Optional[time.Duration]
	GARPMasterRepeat, GARPRefreshRepeat     Optional[int]
	GARPLowerPrioRepeat                     Optional[int]

	unicast    bool // some unicast keyword was given
	nativeIPv6 bool
	noAccept   bool
	link       Interface
	garp       GARP // defaults where the block stands
	downTimer  int
	sync       *SyncGroup
	broken     bool // it cannot be
	seen       map[addressKey]bool
}

// maxInterfaceName is the longest name that an interface can have, in bytes.
const maxInterfaceName = 15

// openInstance begins a vrrp_instance. What global_defs said so far is its default.
func (d *decoder) openInstance(l line) {
	args := l.st.Args()
	if len(args) != 1 {
		d.warn(l.st.Pos(), "vrrp_instance needs one name, the block is ignored")
		d.skip = true
		return
	}
	name := args[0].Text
	if i, again := d.instances[name]; again {
		d.warn(args[0].Pos, "vrrp instance %s already defined at %s, this one is ignored", name, d.raw[i].Pos)
		d.skip = true
		return
	}
	g := &d.config.Global
	d.scope.inst = &rawInstance{garp: garpDefaults(g), downTimer: g.VRRPDownTimerAdverts}
	d.scope.inst.Name, d.scope.inst.Pos = name, l.st.Pos()
	d.scope.inst.SkipCheckAdvAddr = g.VRRPSkipCheckAdvAddr
	d.instances[name] = len(d.raw)
	d.raw = append(d.raw, d.scope.inst)
}

// garpDefaults are the announcements that an instance takes over where it stands.
func garpDefaults(g *Global) GARP {
	return GARP{
		MasterDelay: g.VRRPGARPMasterDelay, MasterRepeat: g.VRRPGARPMasterRepeat,
		Refresh: g.VRRPGARPMasterRefresh, RefreshRepeat: g.VRRPGARPMasterRefreshRepeat,
	}
}

// closeInstance settles what upstream settles at the end of the block.
func (d *decoder) closeInstance() {
	i := d.scope.inst
	if i.unicast && (i.VMAC.Use || i.IPVLAN.Use) {
		if i.Interface == "" {
			d.warn(i.Pos, "(%s) use_vmac and use_ipvlan with unicast need an interface, they are ignored", i.Name)
			i.VMAC, i.IPVLAN = VMAC{}, IPVLAN{}
		} else if !i.VMACXmitBase {
			d.warn(i.Pos, "(%s) unicast with use_vmac needs vmac_xmit_base, it is turned on", i.Name)
			i.VMACXmitBase = true
		}
	}
	if i.UnicastTTL.Set && len(i.UnicastPeers) == 0 {
		d.warn(i.Pos, "(%s) unicast_ttl needs unicast_peer, it is ignored", i.Name)
		i.UnicastTTL = Optional[int]{}
	}
}

func (d *decoder) debugLevel(l line) {
	if w, ok := d.need(l, 0); ok {
		d.number("debug", w, l.kw.Arg)
	}
}

func (d *decoder) unicastFlag(l line) {
	d.scope.inst.unicast = true
	store(l.kw.Into(&d.scope), true)
}

func (d *decoder) priority(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	n, ok := d.number("priority", w, l.kw.Arg)
	if !ok {
		n = defaultPriority
	}
	d.scope.inst.Priority = uint8(n)
}

const (
	defaultPriority = 100
	ownerPriority   = 255
)

func (d *decoder) state(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	switch {
	case w.Text == "MASTER":
		i.State = stateMaster
	case w.Text == "BACKUP" && i.State == stateMaster:
		d.warn(w.Pos, "(%s) state was given before as MASTER, BACKUP is ignored", i.Name)
	case w.Text == "BACKUP":
		i.State = stateBackup
	default:
		d.report(w.Pos, warning, statusConfig, "write MASTER or BACKUP in capitals",
			"(%s) unknown state %q, defaulting to BACKUP", i.Name, w.Text)
		i.State = stateBackup
	}
}

func (d *decoder) instanceInterface(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	if len(w.Text) > maxInterfaceName {
		d.warn(w.Pos, "interface name %q is longer than %d bytes, it is ignored", w.Text, maxInterfaceName)
		return
	}
	link, ok := d.link(w)
	i.Interface, i.link = w.Text, link
	switch {
	case !ok:
		d.warn(w.Pos, "interface %s for vrrp_instance %s does not exist", w.Text, i.Name)
		i.Interface = ""
	case link.Loopback:
		d.warn(w.Pos, "(%s) the loopback interface %s cannot be used", i.Name, w.Text)
		i.Interface = ""
	}
}

func (d *decoder) vrf(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	switch {
	case len(w.Text) > maxInterfaceName:
		d.warn(w.Pos, "(%s) vrf name %q is longer than %d bytes", i.Name, w.Text, maxInterfaceName)
	case i.Interface != "":
		d.warn(w.Pos, "(%s) vrf cannot be used with interface, it is ignored", i.Name)
	case i.VRF != "":
		d.warn(w.Pos, "(%s) vrf was given before as %s, it is ignored", i.Name, i.VRF)
	default:
		i.VRF = w.Text
		if _, ok := d.link(w); !ok {
			d.warn(w.Pos, "(%s) vrf %s does not exist", i.Name, w.Text)
			i.VRF = ""
		}
	}
}

func (d *decoder) version(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	i := d.scope.inst
	n, ok := d.number("version", w, l.kw.Arg)
	if !ok {
		return
	}
	if (i.Version != 0 && i.Version != int(n)) || (n == 2 && i.Family == 6) {
		d.warn(w.Pos, "(%s) version %d conflicts with what was given before, it is ignored", i.Name, n)
		return
	}
	i.Version = int(n)
}

// family takes over the family of an address, or tells that it is not that of the instance.
func (i *rawInstance) family(a netip.Addr) bool {
	f := familyOf(a)
	if i.Family == 0 {
		i.Family = f
	}
	return i.Family == f
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// sourceAddress reads mcast_src_ip and unicast_src_ip, which are one setting.
func (d *decoder) sourceAddress(l line) {
	i := d.scope.inst
	if l.kw.Name == "unicast_src_ip" {
		i.unicast = true
	}
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.address(line{l.st, l.kw}, w)
	if !ok {
		return
	}
	a := v.(netip.Addr)
	if !i.family(a) {
		d.warn(w.Pos, "(%s) %s %s is not of the instance's address family, it is ignored", i.Name, l.kw.Name, a)
		i.MulticastSource = netip.Addr{}
		return
	}
	i.MulticastSource = a
}

func (d *decoder) mcastDestination(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.address(l, w)
	if !ok {
		return
	}
	i, a := d.scope.inst, v.(netip.Addr)
	switch {
	case !i.family(a):
		d.warn(w.Pos, "(%s) mcast_dst_ip %s is not of the instance's address family, it is ignored", i.Name, a)
	case a.Is4() && !a.IsMulticast(), a.Is6() && !a.IsLinkLocalMulticast():
		d.warn(w.Pos, "(%s) mcast_dst_ip %s is not a (link-local) multicast address, it is ignored", i.Name, a)
	default:
		i.MulticastGroup = a
	}
}

func (d *decoder) nativeIPv6(line) {
	i := d.scope.inst
	if i.Family == 4 {
		d.warn(i.Pos, "(%s) native_ipv6 cannot be used with IPv4 addresses", i.Name)
		return
	}
	i.Family, i.Version, i.nativeIPv6 = 6, 3, true
}

func (d *decoder) noAccept(line) {
	d.scope.inst.Accept, d.scope.inst.noAccept = some(false), true
}

func (d *decoder) preempt(line) { d.scope.inst.NoPreempt = false }

// skipCheckAdvAddr turns the setting on whatever the word says, as upstream does: false cannot take it back.
func (d *decoder) skipCheckAdvAddr(l line) {
	v, ok := d.boolean(l, 0)
	if !ok {
		return
	}
	if !v.(bool) {
		d.note(l.st.Pos(), "(%s) skip_check_adv_addr is on, whatever the word after it says", d.scope.inst.Name)
	}
	d.scope.inst.SkipCheckAdvAddr = true
}

func (d *decoder) deprecatedLinkbeat(l line) {
	d.report(l.st.Pos(), warning, statusConfig, "use a linkbeat_interfaces block",
		"(%s) linkbeat_use_polling in an instance is deprecated", d.scope.inst.Name)
}

func (d *decoder) instanceSyncDaemon(l line) {
	d.report(l.st.Pos(), warning, statusConfig, "use lvs_sync_daemon in global_defs",
		"(%s) lvs_sync_daemon_interface in an instance is deprecated", d.scope.inst.Name)
	w, ok := d.need(l, 0)
	s := &d.config.Global.LVSSyncDaemon
	if !ok || s.Interface != "" {
		return
	}
	*s = SyncDaemon{Interface: w.Text, Instance: d.scope.inst.Name}
}

func (d *decoder) oldUnicastChecksum(l line) {
	i := d.scope.inst
	i.unicast = true
	w, ok := l.arg(0)
	switch {
	case !ok:
		i.OldUnicastChecksum = "yes"
	case w.Text == "never":
		i.OldUnicastChecksum = "never"
	default:
		d.warn(w.Pos, "(%s) old_unicast_checksum: unknown mode %q", i.Name, w.Text)
	}
}

// timerExpired reads timer_expired_backup and its misspelt alias.
func (d *decoder) timerExpired(l line) {
	if l.kw.Alias != "" {
		d.report(l.st.Pos(), warning, statusConfig, "write "+l.kw.Alias, "%s is deprecated", l.kw.Name)
	}
	n := int64(254)
	if w, ok := l.arg(0); ok {
		if n, ok = d.number(l.kw.Name, w, intArg(1, 254)); !ok {
			return
		}
	}
	d.scope.inst.TimerExpiredBackup = int(n)
}

func (d *decoder) notifyDeleted(l line) {
	i := d.scope.inst
	if i.NotifyDeleted.Use {
		d.warn(l.st.Pos(), "(%s) notify_deleted was given before, this one is ignored", i.Name)
		return
	}
	i.NotifyDeleted.Use = true
	if _, ok := l.arg(0); !ok {
		return
	}
	if s, ok := d.script(l); ok {
		i.NotifyDeleted.Script = s
		d.checkScript(l.st.Pos(), s)
	}
}

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

func (d *decoder) openHMAC(line) { d.scope.inst.HMAC.Use = true }

func (d *decoder) antiReplay(l line) {
	d.choose(l, &d.scope.inst.HMAC.AntiReplay, "time", "monotonic")
}

func (d *decoder) hmacMode(l line) {
	d.choose(l, &d.scope.inst.HMAC.Mode, "enforce", "permissive", "receive-only")
}

// choose reads one of some words.
func (d *decoder) choose(l line, place *string, words ...string) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	for _, c := range words {
		if c == w.Text {
			*place = c
			return
		}
	}
	d.warn(w.Pos, "%s: unknown word %q", l.kw.Name, w.Text)
}

func (d *decoder) hmacKey(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.need(l, 1)
	if !ok {
		return
	}
	if n, ok := d.number("key", w, intArg(1, 255)); ok {
		h := &d.scope.inst.HMAC
		h.Keys = append(h.Keys, HMACKey{ID: int(n), Value: v.Text})
	}
}

func (d *decoder) openUnicastPeers(line) { d.scope.inst.unicast = true }

// unicastPeer reads ADDRESS [min_ttl N] [max_ttl N].
func (d *decoder) unicastPeer(l line) {
	i, w := d.scope.inst, l.st.Words[0]
	a, err := netip.ParseAddr(w.Text)
	if err != nil {
		d.warn(w.Pos, "(%s) unicast peer %q is not an IP address, it is ignored", i.Name, w.Text)
		return
	}
	if !i.family(a) {
		d.warn(w.Pos, "(%s) unicast peer %s is not of the instance's address family, it is ignored", i.Name, a)
		return
	}
	p := UnicastPeer{Addr: a, MaxTTL: 255}
	for n := 0; ; n += 2 {
		name, ok := l.arg(n)
		if !ok {
			break
		}
		d.peerOption(i, &p, name, l, n+1)
	}
	if p.MinTTL > p.MaxTTL {
		d.warn(w.Pos, "(%s) min_ttl %d is greater than max_ttl %d: every packet will be dropped", i.Name, p.MinTTL, p.MaxTTL)
	}
	i.UnicastPeers = append(i.UnicastPeers, p)
}

func (d *decoder) peerOption(i *rawInstance, p *UnicastPeer, name parser.Word, l line, n int) {
	w, ok := l.arg(n)
	if !ok {
		d.warn(name.Pos, "(%s) the value of %s is missing", i.Name, name.Text)
		return
	}
	v, ok := d.number(name.Text, w, strict(intArg(0, 255)))
	switch {
	case !ok:
		return
	case name.Text == "min_ttl":
		p.MinTTL = uint8(v)
	case name.Text == "max_ttl":
		p.MaxTTL = uint8(v)
	default:
		d.warn(name.Pos, "(%s) unicast_peer: unknown option %q", i.Name, name.Text)
		return
	}
	i.CheckUnicastSource = true
}
