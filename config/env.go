package config

import (
	"io/fs"
	"net/netip"

	"keepalived-go/parser"
)

// Env answers what the text alone cannot: every question that upstream asks the host while it reads. A nil function
// means that the question is not asked and the answer is the harmless one, so that tests stay pure.
type Env struct {
	// HostName is the default of router_id and of the mail's sender.
	HostName string
	// Interface gives what is known of an interface and whether it exists.
	Interface func(name string) (Interface, bool)
	// VMAC gives the name of a macvlan in the way that keepalived makes them, "" when there is none.
	VMAC func(parent string, mac [6]byte) string
	// User looks a user up by name or number and gives the ids.
	User func(name string) (Account, bool)
	// Group looks a group up by name or number.
	Group func(name string) (gid uint32, ok bool)
	// Script looks at the file that a script names, as the given user and group would run it.
	Script func(path string, uid, gid uint32) ScriptState
	// Resolve tells whether a host name can be resolved. It must not block.
	Resolve func(host string) bool
	// Files is the root of the host's file system, where iproute2 keeps its names and /etc/protocols is. Without it
	// only the names that upstream has built in are known.
	Files fs.FS
	// CPUs is the number of processors, 0 when unknown.
	CPUs int
}

// Interface is what the decoder needs to know of a network interface.
type Interface struct {
	MTU       int
	Loopback  bool
	VMAC      bool   // a macvlan or ipvlan
	Base      string // the interface below a VMAC, "" when it is in another network namespace
	VRF       bool
	Addresses []netip.Prefix
}

// Account is a user of the host with its primary group.
type Account struct {
	Name     string
	UID, GID uint32
}

// ScriptState is what was found where a script should be.
type ScriptState struct {
	// Missing is true when there is no such file, NotExecutable when the user may not run it.
	Missing, NotExecutable bool
	// Insecure is true when somebody else than root could change the file or a directory above it.
	Insecure bool
	// Inhibited is true for what must not run in any case, such as a directory.
	Inhibited bool
	// OpensFile is set by the decoder for commands that only open a file.
	OpensFile bool
}

// lookupInterface gives an interface; without a function in Env every interface exists.
func (e *Env) lookupInterface(name string) (Interface, bool) {
	if e.Interface == nil {
		return Interface{MTU: 1500}, true
	}
	return e.Interface(name)
}

// link looks an interface up that the configuration cannot do without, unless dynamic_interfaces lets it come later.
// ok tells whether it may be used.
func (d *decoder) link(w parser.Word) (i Interface, ok bool) {
	i, exists := d.env.lookupInterface(w.Text)
	if exists || d.config.Global.DynamicInterfaces {
		return i, true
	}
	if !d.linkMissing {
		d.linkMissing, d.linkMissingPos = true, w.Pos
	}
	return i, false
}
