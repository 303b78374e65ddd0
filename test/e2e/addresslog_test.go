package e2e

import (
	"net/netip"
	"testing"

	"keepalived-go/test/lab"
)

// TestAddressMonitoring has every address named that is there at the start,
// comes, or goes.
func TestAddressMonitoring(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, dialects[1])
			web := n.web[0]
			daemon := n.start(web, p, n.dialect.config("MASTER", high), "-a")
			said := func(mark int, what string) {
				t.Helper()
				_, err := daemon.WaitLine(n.context(0), mark, "Netlink reflector reports IP "+what)
				n.must(err)
			}
			said(0, "127.0.0.1 added to lo")
			said(0, "192.168.4.100 added to eth0")
			n.holds(web, n.dialect.masterDown(high))
			mark := daemon.Lines.Len()
			other := netip.MustParsePrefix("192.168.4.9/24")
			n.must(web.AddAddress(other))
			said(mark, "192.168.4.9 added to eth0")
			n.must(web.RemoveAddress(other))
			said(mark, "192.168.4.9 removed from eth0")
			n.stop(daemon)
		})
	}
}
