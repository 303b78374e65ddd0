package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// familyDumpConfig has an instance of each kind, Masters and a Backup that has never heard of a Master.
const familyDumpConfig = `global_defs {
	router_id nodeA
	script_user root
	vrrp_mcast_group6 ff02::112
	vrrp_check_unicast_src
}
vrrp_instance SIX {
	state MASTER
	priority 255
	interface eth0
	virtual_router_id 1
	native_ipv6
	virtual_ipaddress {
		fe80::80/64
		fd00::80 -nodad home
		fd00::81/64 preferred_lft 1000 mngtmpaddr noprefixroute
	}
	virtual_ipaddress_excluded {
		192.168.4.90/24
		fd00::90
	}
}
vrrp_instance SIX_SOURCE {
	priority 255
	interface eth0
	virtual_router_id 2
	mcast_src_ip fe80::100
	track_src_ip
	mcast_dst_ip ff02::113
	advert_int 0.25
	virtual_ipaddress {
		fe80::82/64
	}
}
vrrp_instance UNICAST {
	state MASTER
	priority 255
	interface eth0
	virtual_router_id 3
	unicast_peer {
		192.168.4.200 min_ttl 250
		192.168.4.5 max_ttl 255
	}
	virtual_ipaddress {
		192.168.4.83
	}
}
vrrp_instance UNICAST_SIX {
	priority 255
	interface eth0
	virtual_router_id 4
	unicast_src_ip fd00::100
	unicast_ttl 3
	check_unicast_src
	unicast_peer {
		fd00::200
	}
	virtual_ipaddress {
		fd00::84
	}
}
vrrp_instance UNICAST_OLD {
	version 3
	priority 255
	interface eth0
	virtual_router_id 5
	unicast_src_ip 192.168.4.100
	old_unicast_checksum
	unicast_ttl 9
	unicast_peer {
		192.168.4.200
	}
	virtual_ipaddress {
		192.168.4.85
	}
}
`

// TestFamilyDumps has both programs in the same state write everything that they can.
func TestFamilyDumps(t *testing.T) {
	t.Parallel()
	got := map[string]map[string]string{}
	for _, p := range []lab.Program{ours, peer} {
		n := newDualNetwork(t, dialects[0])
		web := n.web[0]
		daemon := n.start(web, p, familyDumpConfig)
		n.says(daemon, "(UNICAST_OLD) Entering MASTER STATE", 4*time.Second)
		n.must(lab.Until(n.context(time.Second), "all to be Master with all addresses", func() error {
			content := n.dump(web, signalTo(daemon), sigJSON, "keepalived.json")
			if strings.Count(content, `"state":2,`) != 5 || strings.Count(content, ` set"`) != 9 {
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
	// When upstream looked last whether an interface forwards, which it does before announcements, is no business of ours.
	unlike := regexp.MustCompile(older.String() + `|^   (Not )?IPv6 forwarding\. Last checked`)
	if d := firstDifference(stableLines(mine["keepalived.data"], newer), stableLines(theirs["keepalived.data"], unlike)); d != "" {
		t.Errorf("keepalived.data, %s", d)
	}
	compareStats(t, mine["keepalived.stats"], theirs["keepalived.stats"])
	compareJSON(t, mine["keepalived.json"], theirs["keepalived.json"])
}

// says waits until a program has logged something.
func (n *network) says(d *lab.Daemon, text string, span time.Duration) {
	n.t.Helper()
	n.must(lab.Until(n.context(span), d.Program.Name+" to say "+text, func() error {
		if !strings.Contains(d.Output(), text) {
			return errors.New("it does not")
		}
		return nil
	}))
}

// TestFamilyDumpOfBackup compares what a Backup over IPv6 knows of its Master.
func TestFamilyDumpOfBackup(t *testing.T) {
	t.Parallel()
	for _, s := range []style{styles[0], styles[1], styles[3]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var got [2][]string
			for i, p := range []lab.Program{ours, peer} {
				n := newDualNetwork(t, s.dialect)
				n.start(n.web[0], peer, s.config(0, "MASTER", high))
				n.holdsAll(s, n.web[0], s.dialect.masterDown(high))
				daemon := n.start(n.web[1], p, s.config(1, "BACKUP", low))
				n.says(daemon, "(VI_1) Entering BACKUP STATE", s.dialect.interval)
				var lines []string
				n.must(lab.Until(n.context(s.dialect.interval), "the Master to be known", func() error {
					lines = strings.Split(n.dump(n.web[1], signalTo(daemon), unix.SIGUSR1, "keepalived.data"), "\n")
					if !slices.Contains(lines, "   Master priority = 100") {
						return fmt.Errorf("there is %q", lines)
					}
					return nil
				}))
				for _, l := range lines {
					if strings.HasPrefix(l, "   Master router") || strings.HasPrefix(l, "   Master priority") || strings.HasPrefix(l, "   Using ") {
						got[i] = append(got[i], l)
					}
				}
				n.stop(daemon)
			}
			if !slices.Equal(got[0], got[1]) || len(got[0]) < 3 {
				t.Errorf("ours says %q, the peer %q", got[0], got[1])
			}
		})
	}
}

// TestOldPeer has Debian's program send the checksum of old releases, and ours find out.
func TestOldPeer(t *testing.T) {
	t.Parallel()
	for role, side := range map[string]int{"ours first": 0, "peer first": 1} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			s := style{"", fast, peers(fours, ""), fourVIPs, nil, false}
			s.extra[1-side] += "old_unicast_checksum\n"
			n := newDualNetwork(t, fast)
			programs := [2]lab.Program{peer, peer}
			programs[side] = ours
			first := n.start(n.web[0], programs[0], s.config(0, "MASTER", high))
			n.holdsAll(s, n.web[0], 2*fast.masterDown(low))
			n.startBehind(n.web[1], programs[1], s.config(1, "BACKUP", low))
			mine := n.daemons[side]
			n.must(lab.Until(n.context(fast.masterDown(low)), "ours to find out", func() error {
				if got := strings.Count(mine.Output(), "Setting unicast VRRPv3 checksum to old version"); got != 1 {
					return fmt.Errorf("said %d times", got)
				}
				return nil
			}))
			n.holdsAll(s, n.web[0], 2*fast.masterDown(low))
			mark := n.Frames.Len()
			n.must(second(n, mark))
			if taken := n.adverts(mark, n.web[1], vrid); len(taken) > 0 {
				t.Errorf("the Backup sends: %d adverts", len(taken))
			}
			n.stop(first)
			n.holdsAll(s, n.web[1], fast.masterDown(low))
		})
	}
}
