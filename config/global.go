package config

import (
	"net/netip"
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

// DefaultReloadFile is what reload_file without a path means: a file beside the pid file.
const DefaultReloadFile = "keepalived.reload"

// InitialNamespace is what net_namespace_ipvs without a name means: the network namespace of the first process.
const InitialNamespace = "/proc/1/ns/net"

// optionalPath reads a word that may be missing; the bare keyword has a default.
func (d *decoder) optionalPath(l line) {
	text := map[string]string{
		"reload_check_config": "/dev/null", "reload_file": DefaultReloadFile, "net_namespace_ipvs": InitialNamespace,
	}[l.kw.Name]
	if w, ok := l.arg(0); ok {
		text = w.Text
	}
	store(l.kw.Into(&d.scope), text)
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
