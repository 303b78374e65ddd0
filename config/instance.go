package config

import (
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
	linkbeat   bool // linkbeat_use_polling
	noAccept   bool
	link       Interface
	garp       GARP // defaults where the block stands
	downTimer  int
	sync       *SyncGroup
	hmacPos    parser.Position // of auth_hmac
	broken     bool            // it cannot be
	seen       map[addressKey]bool
}

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
	d.scope.inst.linkbeat = true
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
