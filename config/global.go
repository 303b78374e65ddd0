package config

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The defaults of global_defs that are not zero.
func defaultGlobal(hostName string) Global {
	process := Process{RTTime: 10000}
	return Global{
		RouterID:                    hostName,
		DefaultInterface:            "eth0",
		DBusServiceName:             "org.keepalived.Vrrp1",
		DBusNoInterfaceName:         "none",
		JSONVersion:                 1,
		MinAutoPriorityDelay:        1000000,
		NFTablesPriority:            -1,
		NFTablesIPVSPriority:        -1,
		NFTablesIPVSStartFWMark:     1000,
		SMTPConnectTimeout:          30 * time.Second,
		StartupScriptTimeout:        10 * time.Second,
		ShutdownScriptTimeout:       10 * time.Second,
		SNMPVsStatsUpdateInterval:   5 * time.Second,
		VMACPrefix:                  "vrrp",
		VRRPDownTimerAdverts:        3,
		VRRPGARPMasterDelay:         5 * time.Second,
		VRRPGARPMasterRepeat:        5,
		VRRPGARPMasterRefreshRepeat: 1,
		VRRPMcastGroup4:             netip.AddrFrom4([4]byte{224, 0, 0, 18}),
		VRRPMcastGroup6:             netip.MustParseAddr("ff02::12"),
		VRRPRxBufsMultiplier:        3,
		VRRPVersion:                 2,
		ChildWaitTime:               5 * time.Second,
		VRRPProcess:                 process,
		CheckerProcess:              process,
		BFDProcess:                  process,
	}
}

// commLength is the longest name that the kernel keeps for a process.
const commLength = 15

func (d *decoder) processName(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	name := w.Text
	if len(name) > commLength {
		d.warn(w.Pos, "%s: %q is longer than %d bytes, the rest is cut off", l.kw.Name, name, commLength)
		name = name[:commLength]
	}
	store(l.kw.Into(&d.scope), name)
}

func (d *decoder) processNames(line) {
	g := &d.config.Global
	g.VRRPProcess.Name, g.CheckerProcess.Name, g.BFDProcess.Name = "keepalived_vrrp", "keepalived_lvs", "keepalived_bfd"
}

// cpuAffinity reads a list of processors; one that is wrong voids the list.
func (d *decoder) cpuAffinity(l line) {
	place := l.kw.Into(&d.scope).(*[]int)
	if _, ok := l.arg(0); !ok {
		d.warn(l.st.Pos(), "%s: a list of processors is missing", l.kw.Name)
		return
	}
	last := int64(math.MaxInt32)
	if d.env.CPUs > 0 {
		last = int64(d.env.CPUs - 1)
	}
	var cpus []int
	for _, w := range l.st.Args() {
		n, ok := d.number(l.kw.Name, w, intArg(0, last))
		if !ok {
			return
		}
		cpus = append(cpus, int(n))
	}
	*place = cpus
}

// rtPriority reads a realtime priority and limits it to what the kernel has.
func (d *decoder) rtPriority(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "%s: a priority is missing", l.kw.Name)
		return
	}
	n, ok := d.number(l.kw.Name, w, l.kw.Arg)
	if !ok {
		return
	}
	limited := min(max(n, 1), 99)
	if limited != n {
		d.warn(w.Pos, "%s: %d is outside of the range 1 to 99, %d is used", l.kw.Name, n, limited)
	}
	store(l.kw.Into(&d.scope), limited)
}

func (d *decoder) dynamicInterfaces(l line) {
	d.config.Global.DynamicInterfaces = true
	w, ok := l.arg(0)
	switch {
	case !ok:
	case w.Text == "allow_if_changes":
		d.config.Global.AllowIfChanges = true
	default:
		d.warn(w.Pos, "dynamic_interfaces: unknown option %q", w.Text)
	}
}

// includeCheck leaves include_check to the reader of the files, which has checked it and acted on it.
func (d *decoder) includeCheck(line) {}

func (d *decoder) flushOnStop(l line) {
	w, ok := l.arg(0)
	switch {
	case !ok:
		d.config.Global.LVSFlushOnStop = FlushAll
	case w.Text == "VS":
		d.config.Global.LVSFlushOnStop = FlushVS
	default:
		d.warn(w.Pos, "%s: unknown kind %q", l.kw.Name, w.Text)
	}
}

func (d *decoder) fifo(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "%s: a path is missing", l.kw.Name)
		return
	}
	place := l.kw.Into(&d.scope).(*FIFO)
	if place.Path != "" {
		d.warn(w.Pos, "%s was given before, this one is ignored", l.kw.Name)
		return
	}
	f := FIFO{Path: w.Text}
	if args := l.st.Args(); len(args) > 1 {
		var s Script
		s.setUser(texts(args[1:]))
		if what, ok := d.account(s); !ok {
			d.warn(args[1].Pos, "%s: %s does not exist", l.kw.Name, what)
			return
		}
		f.User, f.Group = s.User, s.Group
	}
	*place = f
}

// optionalText reads a word that may be missing; the bare keyword has a default.
func (d *decoder) optionalPath(l line) {
	text := map[string]string{"reload_check_config": "/dev/null", "reload_file": "keepalived.reload"}[l.kw.Name]
	if w, ok := l.arg(0); ok {
		text = w.Text
	}
	store(l.kw.Into(&d.scope), text)
}

func (d *decoder) nfTable(l line) {
	place := l.kw.Into(&d.scope).(*string)
	if *place != "" {
		d.warn(l.st.Pos(), "%s was given before, this one is ignored", l.kw.Name)
		return
	}
	name := map[string]string{"nftables": "keepalived", "nftables_ipvs": "keepalived_ipvs"}[l.kw.Name]
	if w, ok := l.arg(0); ok {
		if len(w.Text) > 254 {
			d.warn(w.Pos, "%s: the name of the table is longer than 254 bytes", l.kw.Name)
			return
		}
		name = w.Text
	}
	*place = name
}

func (d *decoder) maxAutoPriority(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.config.Global.MaxAutoPriority = 99
		return
	}
	if n, ok := d.number(l.kw.Name, w, intArg(-1, 99)); ok {
		d.config.Global.MaxAutoPriority = int(n)
	}
}

func (d *decoder) email(l line) {
	for _, w := range l.st.Words {
		d.config.Global.NotificationEmail = append(d.config.Global.NotificationEmail, w.Text)
	}
}

// smtpServer reads a host and perhaps a port. Whether the name can be resolved is asked only where Env can tell.
func (d *decoder) smtpServer(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	s := SMTPServer{Host: w.Text}
	if p, ok := l.arg(1); ok {
		n, ok := d.number(l.kw.Name, p, intArg(1, 65535))
		if !ok {
			return
		}
		s.Port = uint16(n)
	}
	if _, err := netip.ParseAddr(s.Host); err != nil && d.env.Resolve != nil && !d.env.Resolve(s.Host) {
		d.warn(w.Pos, "smtp_server: %q cannot be resolved", s.Host)
		return
	}
	d.config.Global.SMTPServer = s
}

func (d *decoder) minGARP(l line) {
	if v, ok := d.boolean(l, 0); !ok || !v.(bool) {
		return
	}
	g, def := &d.config.Global, defaultGlobal("")
	if g.VRRPGARPMasterRepeat == def.VRRPGARPMasterRepeat {
		g.VRRPGARPMasterRepeat = 1
	}
	if g.VRRPGARPMasterRefreshRepeat == def.VRRPGARPMasterRefreshRepeat {
		g.VRRPGARPMasterRefreshRepeat = 0
	}
	if g.VRRPGARPMasterDelay == def.VRRPGARPMasterDelay {
		g.VRRPGARPMasterDelay = 0
	}
}

// mcastGroup reads vrrp_mcast_group4 and vrrp_mcast_group6.
func (d *decoder) mcastGroup(l line) {
	w, ok := d.need(l, 0)
	if !ok {
		return
	}
	v, ok := d.address(l, w)
	if !ok {
		return
	}
	a := v.(netip.Addr)
	switch four := strings.HasSuffix(l.kw.Name, "4"); {
	case four != a.Is4():
		d.warn(w.Pos, "%s: %s is an address of the other family", l.kw.Name, a)
		return
	case !a.IsMulticast():
		d.warn(w.Pos, "%s: %s is not a multicast address", l.kw.Name, a)
		return
	case !four && !a.IsLinkLocalMulticast():
		d.warn(w.Pos, "%s: %s should be a link-local multicast address", l.kw.Name, a)
	}
	store(l.kw.Into(&d.scope), a)
}

// extraIf reads garp_extra_if: seconds and perhaps "all" in any order.
func (d *decoder) extraIf(l line) {
	if l.kw.Alias != "" {
		d.report(l.st.Pos(), warning, statusConfig, "write "+l.kw.Alias, "%s is deprecated", l.kw.Name)
	}
	place := l.kw.Into(&d.scope).(*ExtraIf)
	least := int64(1)
	if place != &d.config.Global.VRRPGARPExtraIf {
		least = 0
	}
	found := false
	for _, w := range l.st.Args() {
		if w.Text == "all" {
			place.All = true
			continue
		}
		n, ok := d.number(l.kw.Name, w, intArg(least, 86400))
		if !ok {
			return
		}
		place.Interval, found = some(int(n)), true
	}
	if !found {
		d.warn(l.st.Pos(), "%s: the interval is missing", l.kw.Name)
	}
}

func (d *decoder) ipsets(l line) {
	sets := &d.config.Global.VRRPIPSets
	*sets = IPSets{Disabled: len(l.st.Args()) == 0}
	for i, w := range l.st.Args() {
		if i >= len(sets.Names) {
			return
		}
		if len(w.Text) > 30 {
			d.warn(w.Pos, "vrrp_ipsets: name %q is longer than 30 bytes", w.Text)
			return
		}
		sets.Names[i] = w.Text
	}
}

func (d *decoder) iptables(l line) {
	t := &d.config.Global.VRRPIPTables
	if t.In != "" {
		d.warn(l.st.Pos(), "vrrp_iptables was given before, this one is ignored")
		return
	}
	d.report(l.st.Pos(), warning, statusConfig, "write nftables", "vrrp_iptables: iptables is not supported, nftables is used instead")
	if d.config.Global.NFTables == "" {
		d.config.Global.NFTables = "keepalived"
	}
	args := l.st.Args()
	if len(args) == 0 {
		*t = IPTables{In: "INPUT", Out: "OUTPUT"}
		return
	}
	for i, place := range []*string{&t.In, &t.Out} {
		if i >= len(args) {
			return
		}
		if len(args[i].Text) > 27 {
			d.warn(args[i].Pos, "vrrp_iptables: chain name %q is longer than 27 bytes", args[i].Text)
			return
		}
		*place = args[i].Text
	}
}

// rxBufsPolicy reads MTU, ADVERT or a size in bytes.
func (d *decoder) rxBufsPolicy(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "vrrp_rx_bufs_policy: a policy is missing")
		return
	}
	policy := strings.ToUpper(w.Text)
	if policy != "MTU" && policy != "ADVERT" {
		n, ok := d.number(l.kw.Name, w, intArg(0, math.MaxUint32))
		if !ok {
			return
		}
		policy = strconv.FormatInt(n, 10)
	}
	d.config.Global.VRRPRxBufsPolicy = policy
}

// umaskBits are the names of the bits as upstream spells them.
var umaskBits = map[string]uint32{
	"IRUSR": 0o400, "IWUSR": 0o200, "IXUSR": 0o100, "IRGRP": 0o40, "IWGRP": 0o20, "IXGRP": 0o10,
	"IROTH": 4, "IWOTH": 2, "IXOTH": 1, "IRWXU": 0o700, "IRWXG": 0o70, "IRWXO": 7,
}

// umask reads a number, or names of bits with a vertical bar between them.
func (d *decoder) umask(l line) {
	w, ok := l.arg(0)
	if !ok {
		d.warn(l.st.Pos(), "umask: a value is missing")
		return
	}
	var mask uint32
	if w.Text != "" && w.Text[0] >= '0' && w.Text[0] <= '9' {
		n, ok := d.number("umask", w, Arg{Min: 0, Max: 0o777, Strict: true})
		if !ok {
			return
		}
		d.config.Global.Umask = some(uint32(n))
		return
	}
	for _, name := range strings.FieldsFunc(strings.Join(texts(l.st.Args()), "|"), func(r rune) bool { return r == '|' || r == ' ' }) {
		bit, ok := umaskBits[name]
		if !ok {
			d.warn(w.Pos, "umask: %q names no bit", name)
			return
		}
		mask |= bit
	}
	d.config.Global.Umask = some(mask)
}

// lvsTimeouts reads pairs of a protocol and seconds.
func (d *decoder) lvsTimeouts(l line) {
	t := &d.config.Global.LVSTimeouts
	places := map[string]*Optional[int]{"tcp": &t.TCP, "tcpfin": &t.TCPFin, "udp": &t.UDP}
	args := l.st.Args()
	if len(args) < 2 {
		d.warn(l.st.Pos(), "lvs_timeouts needs at least one pair of protocol and seconds")
		return
	}
	for i := 0; i < len(args); i++ {
		place := places[args[i].Text]
		if place == nil {
			d.warn(args[i].Pos, "lvs_timeouts: unknown option %q", args[i].Text)
			continue
		}
		if i++; i >= len(args) {
			d.warn(args[i-1].Pos, "lvs_timeouts: the seconds of %s are missing", args[i-1].Text)
			return
		}
		if n, ok := d.number("lvs_timeouts", args[i], strict(intArg(0, 2678400))); ok {
			*place = some(int(n))
		}
	}
}

// syncDaemon reads lvs_sync_daemon IFNAME and its options. Old files have the instance and the id without keywords.
func (d *decoder) syncDaemon(l line) {
	s := &d.config.Global.LVSSyncDaemon
	w, ok := l.arg(0)
	if !ok || s.Interface != "" || len(w.Text) > 15 {
		d.warn(l.st.Pos(), "lvs_sync_daemon needs one interface of at most 15 bytes, once")
		return
	}
	s.Interface = w.Text
	args := l.st.Args()
	for i := 1; i < len(args); i++ {
		name := args[i].Text
		_, known := syncOptions[name]
		switch {
		case !known && i == 1:
			s.Instance = name
		case !known && i == 2:
			d.warn(args[i].Pos, "lvs_sync_daemon: write id before %q", name)
			d.syncOption(s, "id", args[i])
		case !known:
			d.warn(args[i].Pos, "lvs_sync_daemon: unknown option %q", name)
		case i+1 >= len(args):
			d.warn(args[i].Pos, "lvs_sync_daemon: the value of %s is missing", name)
		default:
			i++
			d.syncOption(s, name, args[i])
		}
	}
}
