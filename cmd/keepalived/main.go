// Keepalived keeps addresses reachable: VRRP and, later, virtual servers. See keepalived(8).
package main

import (
	"os"

	"keepalived-go/daemon"
)

func main() { os.Exit(daemon.Run(os.Args)) }
