package main

import (
	"fmt"
	"strings"
)

// perInterface is how many virtual routers share an interface.
const perInterface = 255

func interfaceName(i int) string {
	if i == 0 {
		return "eth0"
	}
	return fmt.Sprintf("extra%d", i)
}

// instances is a configuration of n virtual routers with an address each.
func instances(n int, state string, priority int, lines string) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "vrrp_instance VI_%d {\n    state %s\n    interface %s\n    virtual_router_id %d\n    priority %d\n    %s\n"+
			"    virtual_ipaddress {\n        10.%d.%d.%d/32\n    }\n}\n",
			i+1, state, interfaceName(i/perInterface), i%perInterface+1, priority, lines, 64+i/perInterface, i%perInterface, 1)
	}
	return all.String()
}

// virtualServers is a configuration of n virtual servers with m real servers
// each, all with a check every so many seconds.
func virtualServers(n, m, delay int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "virtual_server 10.%d.%d.1 80 {\n    delay_loop %d\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n", 64+i/250, i%250, delay)
		for j := range m {
			fmt.Fprintf(&all, "    real_server 10.%d.%d.%d 80 {\n        weight 1\n        TCP_CHECK {\n            connect_timeout 3\n        }\n    }\n",
				128+i/250, i%250, j+1)
		}
		all.WriteString("}\n")
	}
	return all.String()
}
