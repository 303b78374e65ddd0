package daemon

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/notify"
)

// privilege is a capability that a daemon may need, see capabilities(7).
type privilege struct {
	bit  int
	name string
	use  string // what it is needed for
}

// The capabilities that a configuration may ask for. Those of scheduling are named where they are used.
var (
	netAdmin = privilege{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN", "addresses and virtual servers"}
	netRaw   = privilege{unix.CAP_NET_RAW, "CAP_NET_RAW", "adverts"}
	setUID   = privilege{unix.CAP_SETUID, "CAP_SETUID", "scripts as other users"}
	setGID   = privilege{unix.CAP_SETGID, "CAP_SETGID", "scripts as other users"}
)

// needed lists what a daemon cannot do without that runs a VRRP child, a checker child, or scripts as other users.
func needed(vrrp, checker, others bool) []privilege {
	var all []privilege
	if vrrp || checker {
		all = append(all, netAdmin)
	}
	if vrrp {
		all = append(all, netRaw)
	}
	if others {
		all = append(all, setUID, setGID)
	}
	return all
}

// lacking says in one line what a process with a set of capabilities lacks, and what to do; "" when it lacks nothing.
func lacking(effective uint64, all []privilege) string {
	var missing []string
	for _, p := range all {
		if effective&(1<<p.bit) == 0 {
			missing = append(missing, fmt.Sprintf("%s (%s)", p.name, p.use))
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("the configuration needs %s, which this process does not have: start keepalived as root, or name them in AmbientCapabilities= and CapabilityBoundingSet= of the unit",
		strings.Join(missing, ", "))
}

// ownCapabilities are the effective ones of this thread, which are those of the process.
func ownCapabilities() (uint64, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, fmt.Errorf("asking for the capabilities of this process: %w", err)
	}
	return uint64(data[0].Effective) | uint64(data[1].Effective)<<32, nil
}

// missingPrivileges says what a configuration needs that this process lacks; "" when that is nothing.
func (p *parent) missingPrivileges(cfg config.Config) string {
	effective, err := ownCapabilities()
	if err != nil {
		return err.Error()
	}
	return lacking(effective, needed(p.wantsVRRP(cfg), p.wantsChecker(cfg), runsAsOthers(cfg)))
}

// runsAsOthers tells whether a script of a configuration runs as another user than this process does.
func runsAsOthers(cfg config.Config) bool {
	own := notify.Credentials{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	accounts := map[account]bool{}
	for _, script := range slices.Concat(instanceScripts(cfg), serverScripts(cfg)) {
		if script.Set() {
			accounts[accountOf(script, cfg.Global)] = true
		}
	}
	return slices.ContainsFunc(slices.Collect(maps.Keys(accounts)), func(a account) bool {
		who := identify(a)
		return who.err == nil && (who.UID != own.UID || who.GID != own.GID)
	})
}
