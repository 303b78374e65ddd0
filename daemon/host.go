package daemon

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"time"

	"keepalived-go/config"
	"keepalived-go/netif"
	"keepalived-go/notify"
)

// hostEnv answers the questions of the configuration from this host as it is now: interfaces as the kernel has them at
// one moment, users as the system's name service knows them.
func hostEnv() config.Env {
	env := accountsEnv()
	_ = addLinks(&env, "") // without them the question is left to the VRRP child
	return env
}

// addLinks lets the interfaces of a network namespace be looked at; "" is that of this process.
func addLinks(env *config.Env, namespace string) error {
	return within(namespace, func() error {
		state, err := netif.Read()
		if err == nil {
			env.Interface = func(name string) (config.Interface, bool) { return describeLink(state, name) }
			env.VMAC = state.VMAC
		}
		return err
	})
}

// accountsEnv answers all questions but those about interfaces.
func accountsEnv() config.Env {
	host, _ := os.Hostname() // without a name the configuration has no default for it
	return config.Env{HostName: host, User: lookupAccount, Group: lookupGroup, Script: inspectScript, CPUs: runtime.NumCPU(), Files: os.DirFS("/")}
}

// inspectScript looks at the file that a script names, and at who could change it.
func inspectScript(name string, uid, gid uint32) config.ScriptState {
	path, found := notify.Find(name, uid, gid)
	switch found {
	case notify.Missing:
		return config.ScriptState{Missing: true}
	case notify.NotExecutable:
		return config.ScriptState{NotExecutable: true}
	case notify.NotAFile:
		return config.ScriptState{Inhibited: true}
	}
	var unsafe *notify.UnsafeError
	if errors.As(notify.Inspect(path, uid, gid), &unsafe) {
		return config.ScriptState{Insecure: unsafe.Hazard != notify.Unreadable, Inhibited: unsafe.Hazard == notify.Unreadable}
	}
	return config.ScriptState{}
}

func describeLink(s netif.State, name string) (config.Interface, bool) {
	l, ok := s.ByName[name]
	if !ok {
		return config.Interface{}, false
	}
	i := config.Interface{
		MTU: l.MTU, Loopback: l.Loopback, VMAC: l.Kind == "macvlan" || l.Kind == "ipvlan", VRF: l.Kind == "vrf", Addresses: l.Addresses,
	}
	if i.VMAC {
		i.Base = s.ByIndex[l.Parent].Name
	}
	return i, true
}

func lookupAccount(name string) (config.Account, bool) {
	c, err := notify.LookupUser(name)
	return config.Account{Name: name, UID: c.UID, GID: c.GID}, err == nil
}

func lookupGroup(name string) (uint32, bool) {
	gid, err := notify.LookupGroup(name)
	return gid, err == nil
}

// resolvePatience bounds what all questions of one test to the name service may take together. The daemon itself asks
// none while it reads: a start must not wait for a name server.
const resolvePatience = 3 * time.Second

// resolver tells whether names can be resolved, within a time for all of them.
func resolver(patience time.Duration) func(string) bool {
	deadline := time.Now().Add(patience)
	return func(host string) bool {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		addresses, err := net.DefaultResolver.LookupHost(ctx, host)
		return err == nil && len(addresses) > 0
	}
}
