package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// vmacDumpConfig has a VMAC of each kind.
const vmacDumpConfig = `global_defs {
	router_id nodeA
	script_user root
	vrrp_version 3
}
vrrp_instance FOUR {
	state MASTER
	priority 255
	interface eth0
	virtual_router_id 1
	use_vmac
	virtual_ipaddress {
		192.168.4.80
	}
}
vrrp_instance SIX {
	priority 255
	interface eth0
	virtual_router_id 1
	use_vmac 02:00:00:00:01
	virtual_ipaddress {
		fe80::81/64
	}
}
vrrp_instance BASE {
	priority 255
	interface eth0
	virtual_router_id 3
	use_vmac vmac3
	vmac_xmit_base
	virtual_ipaddress {
		192.168.4.83/24
	}
}
vrrp_instance ADDRESSES {
	priority 255
	interface eth0
	virtual_router_id 4
	virtual_ipaddress {
		192.168.4.84 use_vmac
		192.168.4.85
	}
}
vrrp_instance OTHERS {
	priority 255
	interface eth0
	virtual_router_id 5
	use_vmac
	use_vmac_addr
	virtual_ipaddress {
		192.168.4.86
	}
	virtual_ipaddress_excluded {
		fd00::86/64
	}
}
`

// TestVMACDumps has both programs in the same state write what they know.
func TestVMACDumps(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	got := map[string]map[string]string{}
	for _, p := range []lab.Program{ours, peer} {
		n := newDualNetwork(t, dialects[0])
		web := n.web[0]
		daemon := n.start(web, p, vmacDumpConfig)
		n.says(daemon, "(OTHERS) Entering MASTER STATE", 4*time.Second)
		n.must(lab.Until(n.context(4*time.Second), "all to be Master with all addresses", func() error {
			content := n.dump(web, signalTo(daemon), sigJSON, "keepalived.json")
			if strings.Count(content, `"state":2,`) != 5 || strings.Count(content, ` set"`) != 7 {
				return fmt.Errorf("there is %s", content)
			}
			return nil
		}))
		got[p.Name] = map[string]string{
			"data": n.dump(web, signalTo(daemon), unix.SIGUSR1, "keepalived.data"),
			"json": n.dump(web, signalTo(daemon), sigJSON, "keepalived.json"),
		}
		n.stop(daemon)
	}
	mine, theirs := got[ours.Name], got[peer.Name]
	// Version 2.2.7 takes the settings that it has made for those that were before, which ours does not.
	settings := `|^ +Use VMAC for VIPs on other interfaces|^   (Original arp_|rp_filter|(Not )?IPv6 forwarding\. Last checked)|^ nftables |^ Default script uid:gid`
	newerToo, olderToo := regexp.MustCompile(newer.String()+settings), regexp.MustCompile(older.String()+settings)
	if d := firstDifference(stableLines(mine["data"], newerToo), stableLines(theirs["data"], olderToo)); d != "" {
		t.Errorf("keepalived.data, %s", d)
	}
	compareJSON(t, mine["json"], theirs["json"])
}
