package daemon

import (
	"errors"
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/notify"
)

// hostEnv answers the questions of the configuration from this host as it is now.
func hostEnv() config.Env {
	state, err := netif.Read()
	host, _ := os.Hostname()
	env := config.Env{HostName: host, User: lookupAccount, Group: lookupGroup, Script: inspectScript, CPUs: runtime.NumCPU()}
	if err == nil { // without a view of the interfaces the question is left to the VRRP child
		env.Interface = func(name string) (config.Interface, bool) { return describeLink(state, name) }
	}
	return env
}

func describeLink(s netif.State, name string) (config.Interface, bool) {
	l, ok := s.ByName[name]
	if !ok {
		return config.Interface{}, false
	}
	return config.Interface{
		MTU: l.MTU, Loopback: l.Loopback, VMAC: l.Kind == "macvlan" || l.Kind == "ipvlan", VRF: l.Kind == "vrf", Addresses: l.Addresses,
	}, true
}

func lookupAccount(name string) (config.Account, bool) {
	c, err := notify.LookupUser(name)
	return config.Account{Name: name, UID: c.UID, GID: c.GID}, err == nil
}

func lookupGroup(name string) (uint32, bool) {
	gid, err := notify.LookupGroup(name)
	return gid, err == nil
}

// inspectScript looks at the file of a script.
func inspectScript(path string, uid, _ uint32) config.ScriptState {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || (err == nil && info.IsDir()) {
		return config.ScriptState{Missing: true}
	}
	if err != nil || unix.Access(path, unix.X_OK) != nil {
		return config.ScriptState{NotExecutable: true}
	}
	return config.ScriptState{Insecure: uid == 0 && notify.Inspect(path) != nil}
}
