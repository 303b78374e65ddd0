package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"keepalived-go/test/lab"
)

// strictDumpConfig has what strict mode changes, takes away or turns on, for both versions and for an owner.
const strictDumpConfig = `global_defs {
	router_id nodeA
	script_user root
	vrrp_strict
	vrrp_garp_lower_prio_repeat 3
}
vrrp_instance TWO {
	state BACKUP
	interface eth0
	virtual_router_id 1
	priority 100
	preempt_delay 3
	higher_prio_send_advert
	authentication {
		auth_type PASS
		auth_pass 1111
	}
	virtual_ipaddress {
		192.168.4.80
	}
}
vrrp_instance THREE {
	version 3
	interface eth0
	virtual_router_id 2
	priority 100
	advert_int 0.1
	down_timer_adverts 5
	lower_prio_no_advert off
	virtual_ipaddress {
		192.168.4.81
	}
}
vrrp_instance ACCEPTS {
	version 3
	interface eth0
	virtual_router_id 3
	advert_int 0.1
	accept
	virtual_ipaddress {
		192.168.4.82
	}
}
vrrp_instance OWNER {
	version 3
	state MASTER
	interface eth0
	virtual_router_id 4
	priority 255
	advert_int 0.1
	virtual_ipaddress {
		192.168.4.83
	}
}
vrrp_instance SIX {
	interface eth0
	virtual_router_id 5
	advert_int 0.1
	virtual_ipaddress {
		fe80::84
	}
}
vrrp_instance LAX {
	version 3
	interface eth0
	virtual_router_id 6
	advert_int 0.1
	strict_mode off
	no_accept
	virtual_ipaddress {
		192.168.4.85
	}
}
`

// TestStrictDumps has both programs in the same state write what strict mode has made of a file.
func TestStrictDumps(t *testing.T) {
	t.Parallel()
	got := map[string]map[string]string{}
	for _, p := range []lab.Program{ours, peer} {
		n := newDualNetwork(t, dialects[1])
		web := n.web[0]
		daemon := n.start(web, p, strictDumpConfig)
		n.says(daemon, "(TWO) Entering MASTER STATE", 4*time.Second)
		n.must(lab.Until(n.context(4*time.Second), "all to be Master with all addresses", func() error {
			content := n.dump(web, signalTo(daemon), sigJSON, "keepalived.json")
			if strings.Count(content, `"state":2,`) != 6 || strings.Count(content, " set") != 6 {
				return fmt.Errorf("there is %s", content)
			}
			return nil
		}))
		files := map[string]string{}
		for _, d := range dumps {
			files[d.name] = n.dump(web, signalTo(daemon), d.signal, d.name)
		}
		got[p.Name] = files
		n.stop(daemon)
	}
	if checksItself() {
		return
	}
	mine, theirs := got[ours.Name], got[peer.Name]
	unlike := regexp.MustCompile(older.String() + `|^   (Not )?IPv6 forwarding\. Last checked`)
	if d := firstDifference(stableLines(mine["keepalived.data"], newer), stableLines(theirs["keepalived.data"], unlike)); d != "" {
		t.Errorf("keepalived.data, %s", d)
	}
	compareJSON(t, mine["keepalived.json"], theirs["keepalived.json"])
}
