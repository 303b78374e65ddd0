package config

import (
	"bufio"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// nameKind is one of iproute2's tables of names.
type nameKind struct {
	file    string // its name below the directories of iproute2
	what    string // what it names, for messages
	max     uint32
	builtin map[string]uint32
}

// The tables of iproute2. The names of builtin count where no file gives the number another name.
var (
	tableNames = &nameKind{"rt_tables", "routing table", 1<<32 - 1, map[string]uint32{"default": 253, "main": 254, "local": 255}}
	protoNames = &nameKind{"rt_protos", "routing protocol", 255, map[string]uint32{
		"none": 0, "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9, "mrt": 10, "zebra": 11,
		"bird": 12, "dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "babel": 42,
	}}
	scopeNames   = &nameKind{"rt_scopes", "scope", 255, map[string]uint32{"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}}
	dsfieldNames = &nameKind{"rt_dsfield", "type of service", 255, nil}
	realmNames   = &nameKind{"rt_realms", "realm", 255, nil}
	groupNames   = &nameKind{"group", "interface group", 1<<31 - 1, nil}
)

// routeTypes are the types of routes, RTN_* of the kernel.
var routeTypes = map[string]uint32{
	"unicast": 1, "local": 2, "broadcast": 3, "brd": 3, "anycast": 4, "multicast": 5, "blackhole": 6,
	"unreachable": 7, "prohibit": 8, "throw": 9, "nat": 10, "xresolve": 11,
}

// routeType finds a type of routes by its name or number.
func routeType(text string) (uint8, bool) {
	if t, ok := routeTypes[text]; ok {
		return uint8(t), true
	}
	n := cNumber(text, 0)
	return uint8(n.value), n.rest == "" && !n.negative && n.value <= 255
}

// The directories of iproute2 where global_defs does not say others, as in upstream 2.4.3. Upstream 2.2.7 reads only
// the files of the first, without the folders beside them.
const (
	IprouteEtcDir = "/etc/iproute2"
	IprouteUsrDir = "/usr/share/iproute2"
)

// names gives a table of names. It is read when it is needed first, with the directories that are set at that point.
func (d *decoder) names(k *nameKind) map[string]uint32 {
	if t, ok := d.nameTables[k]; ok {
		return t
	}
	t := map[string]uint32{}
	g := &d.config.Global
	if d.env.Files != nil {
		readNames(t, d.env.Files, k, orElse(g.IprouteEtcDir, IprouteEtcDir), orElse(g.IprouteUsrDir, IprouteUsrDir))
	}
	named := map[uint32]bool{}
	for _, id := range t {
		named[id] = true
	}
	for name, id := range k.builtin {
		if _, taken := t[name]; !taken && !named[id] {
			t[name] = id
		}
	}
	d.nameTables[k] = t
	return t
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// readNames reads the files of a table: the one of etc, else the one of usr, then the folders of both, where a file of
// etc takes the place of the one with the same name in usr.
func readNames(into map[string]uint32, files fs.FS, k *nameKind, etc, usr string) {
	etc, usr = rooted(etc), rooted(usr)
	if !readNameFile(into, files, path.Join(etc, k.file), k.max) {
		readNameFile(into, files, path.Join(usr, k.file), k.max)
	}
	own := folder(files, path.Join(etc, k.file+".d"))
	for _, name := range folder(files, path.Join(usr, k.file+".d")) {
		if !slices.Contains(own, name) {
			readNameFile(into, files, path.Join(usr, k.file+".d", name), k.max)
		}
	}
	for _, name := range own {
		readNameFile(into, files, path.Join(etc, k.file+".d", name), k.max)
	}
}

// rooted makes a path one of a file system whose root is that of the host.
func rooted(dir string) string { return strings.TrimPrefix(path.Clean("/"+dir), "/") }

// folder lists the names in a folder that end in .conf and are not hidden, in their order.
func folder(files fs.FS, dir string) []string {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil // most hosts have no such folder
	}
	var names []string
	for _, e := range entries {
		if n := e.Name(); !strings.HasPrefix(n, ".") && strings.HasSuffix(n, ".conf") && n != ".conf" {
			names = append(names, n)
		}
	}
	return names
}

// maxNameFile bounds what is read of one file of names, in octets.
const maxNameFile = 1 << 20

// readNameFile reads lines of a number and a name. It tells whether there is such a file. The first line of a name counts.
func readNameFile(into map[string]uint32, files fs.FS, name string, most uint32) bool {
	info, err := fs.Stat(files, name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := files.Open(name)
	if err != nil {
		return true
	}
	defer func() { _ = f.Close() }() // it was only read
	lines := bufio.NewScanner(io.LimitReader(f, maxNameFile))
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		w := strings.Fields(text)
		if len(w) != 2 {
			continue
		}
		n := cNumber(w[0], 0)
		if _, again := into[w[1]]; again || n.negative || n.rest != "" || n.value > uint64(most) {
			continue
		}
		into[w[1]] = uint32(n.value)
	}
	return true
}

// ipProtocols are the protocols that rules can name where the host has no /etc/protocols.
var ipProtocols = map[string]uint8{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "sctp": 132, "udplite": 136}

// protocols gives the numbers of IP protocols by name and alias, from /etc/protocols.
func (d *decoder) protocols() map[string]uint8 {
	if d.protocolNames != nil {
		return d.protocolNames
	}
	d.protocolNames = ipProtocols
	if d.env.Files == nil {
		return d.protocolNames
	}
	text, err := fs.ReadFile(d.env.Files, "etc/protocols")
	if err != nil {
		return d.protocolNames // the well-known ones
	}
	table := map[string]uint8{}
	for l := range strings.Lines(string(text)) {
		l, _, _ = strings.Cut(l, "#")
		w := strings.Fields(l)
		if len(w) < 2 {
			continue
		}
		n := cNumber(w[1], 10)
		if n.rest != "" || n.value > 255 {
			continue
		}
		for _, name := range append(w[:1:1], w[2:]...) {
			if _, again := table[name]; !again {
				table[name] = uint8(n.value)
			}
		}
	}
	d.protocolNames = table
	return table
}
