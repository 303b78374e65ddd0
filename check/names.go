package check

import (
	"fmt"
	"net/netip"
	"strings"

	"keepalived-go/config"
)

// identity is what a virtual server is called. Over reloads and restarts it is the same one while key stays: its
// address and protocol, its mark and family, or its group and which of the virtual servers of that group it is.
type identity struct {
	key  string
	name string // as logs, mails and pipes have it
}

// identify names every virtual server of a configuration.
func identify(servers []config.VirtualServer) []identity {
	ids := make([]identity, len(servers))
	inGroup := map[string]int{}
	seen := map[string]int{}
	for i := range servers {
		vs := &servers[i]
		switch {
		case vs.Group != "":
			n := inGroup[vs.Group]
			inGroup[vs.Group]++
			ids[i] = identity{fmt.Sprintf("group/%d/%s", n, vs.Group), fmt.Sprintf("[%s]:%d", vs.Group, n)}
		case vs.Mark != 0:
			ids[i] = identity{fmt.Sprintf("mark/%d/%d", vs.Family, vs.Mark), vs.Name()}
		default:
			ids[i] = identity{fmt.Sprintf("%s/%s", protocolWord(vs.Protocol), vs.Addr), vs.Name()}
		}
		// Nothing keeps two virtual servers from having the same address.
		key := ids[i].key
		if n := seen[key]; n > 0 {
			ids[i].key = fmt.Sprintf("%s/%d", key, n)
		}
		seen[key]++
	}
	return ids
}

// Keys identify the virtual servers of a configuration over reloads and restarts.
func Keys(cfg config.Config) []string {
	ids := identify(cfg.VirtualServers)
	keys := make([]string, len(ids))
	for i := range ids {
		keys[i] = ids[i].key
	}
	return keys
}

// serverName is how logs, mails and pipes call a real server.
func serverName(addr netip.AddrPort, p config.Protocol) string {
	return fmt.Sprintf("[%s]:%s:%d", addr.Addr(), protocolWord(p), addr.Port())
}

func protocolWord(p config.Protocol) string { return strings.ToLower(p.String()) }
