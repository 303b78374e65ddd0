package daemon

import (
	"fmt"
	"io"
	"runtime"
)

// Version is our own version, set by the linker.
var Version = "0.1.0"

// contract is the upstream version whose command line, files and wire we keep. Programs parse this line.
const contract = "Keepalived v2.4.3 (11/23,2026)"

// printVersion writes what -v says. Programs read the first line, and learn from the options what there is.
func printVersion(w io.Writer) {
	fmt.Fprintf(w, "%s\nkeepalived-go %s, in place of the above\n\n", contract, Version)
	fmt.Fprintf(w, "Built with %s for %s/%s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(w, "configure options: --enable-json")
	fmt.Fprintln(w, "Config options: LVS VRRP VRRP_AUTH JSON")
}

// signalNumbers is what --signum prints.
var signalNumbers = map[string]int{
	"STOP": 15, "RELOAD": 1, "DATA": 10, "STATS": 12, "STATS_CLEAR": int(sigStatsClear), "JSON": int(sigJSON),
}
