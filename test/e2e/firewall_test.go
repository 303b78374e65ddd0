package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// refusing is a vrrp_instance of version 3 whose addresses are the words of a line.
func refusing(name string, id, priority int, lines, addresses, excluded string) string {
	return fmt.Sprintf(`vrrp_instance %s {
	state MASTER
	interface eth0
	virtual_router_id %d
	version 3
	priority %d
	advert_int 0.1
	%s
	virtual_ipaddress {
		%s
	}
	virtual_ipaddress_excluded {
		%s
	}
}
`, name, id, priority, lines, strings.ReplaceAll(addresses, ", ", "\n\t\t"), strings.ReplaceAll(excluded, ", ", "\n\t\t"))
}

// rulesets are configurations with the addresses that one router has by them.
var rulesets = []struct {
	name, config string
	addresses    []string
	empty        bool // no table
	leaves       bool // the link goes
	newer        bool // for IPv6 later versions have more than 2.2.7
}{
	{"counters and priority", "global_defs {\nnftables_counters\nnftables_priority -7\nvrrp_version 3\n}\n" +
		refusing("FOUR", 1, 100, "no_accept", "192.168.4.80, 192.168.4.81/24", "192.168.4.82, fd00::82") +
		refusing("SIX", 2, 100, "no_accept", "fe80::80, fd00::80/64", "fd00::81") +
		refusing("OWNER", 3, 255, "strict_mode", "192.168.4.83", ""),
		[]string{"192.168.4.80", "192.168.4.81", "192.168.4.82", "192.168.4.83", "fd00::82", "fe80::80", "fd00::80", "fd00::81"}, false, true, false},
	{"strict_mode", "global_defs {\nvrrp_strict\n}\n" +
		strings.ReplaceAll(refusing("FOUR", 1, 100, "", "192.168.4.80", "")+
			refusing("FOUR_ACCEPT", 2, 100, "accept", "192.168.4.81", "")+
			refusing("SIX", 3, 100, "dont_track_primary", "fe80::80, fe80::81", ""), "state MASTER\n", ""),
		[]string{"192.168.4.80", "192.168.4.81", "fe80::80", "fe80::81"}, false, false, false},
	{"a table by index", "global_defs {\nnftables mine\nnftables_ifindex\n}\n" +
		refusing("SIX", 3, 100, "dont_track_primary\nno_accept", "fe80::80, fe80::81", "192.168.4.81"),
		[]string{"192.168.4.81", "fe80::80", "fe80::81"}, false, false, false},
	{"VMACs", "global_defs {\nnftables\nvrrp_version 3\n}\n" +
		refusing("FOUR", 1, 100, "use_vmac", "192.168.4.80", "") + refusing("SIX", 2, 100, "use_vmac", "fe80::80, fd00::80/64", "") +
		refusing("BASE", 3, 100, "use_vmac\nvmac_xmit_base", "192.168.4.83", ""),
		[]string{"192.168.4.80", "fe80::80", "fd00::80", "192.168.4.83"}, false, false, true},
	{"VMACs that refuse", "global_defs {\nnftables\nvrrp_version 3\n}\n" +
		refusing("FOUR", 1, 100, "use_vmac\nno_accept", "192.168.4.80", "") + refusing("SIX", 2, 100, "use_vmac\nno_accept", "fe80::80, fd00::80/64", ""),
		[]string{"192.168.4.80", "fe80::80", "fd00::80"}, false, false, true},
	{"nobody refuses", "global_defs {\nnftables\n}\n" +
		refusing("FOUR", 1, 100, "accept", "192.168.4.80", "") + refusing("OWNER", 2, 255, "no_accept", "192.168.4.81", ""),
		[]string{"192.168.4.80", "192.168.4.81"}, true, false, false},
}

// TestFirewallRulesets compares the whole ruleset of the kernel with what Debian's program makes of the same file: as
// Master, after the link has gone, and at the end.
func TestFirewallRulesets(t *testing.T) {
	t.Parallel()
	for _, row := range rulesets {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var got [2][3]string
			for i, p := range []lab.Program{ours, peer} {
				n := newDualNetwork(t, dialects[1])
				web := n.web[0]
				daemon := n.start(web, p, row.config)
				for _, a := range row.addresses {
					n.hasAddress(web, netip.MustParseAddr(a), true)
				}
				got[i][0] = n.ruleset(web)
				if row.leaves {
					n.must(web.LinkDown())
					got[i][1] = n.emptied(web)
				}
				n.stop(daemon)
				got[i][2] = n.ruleset(web)
			}
			for when, name := range []string{"as Master", "after it", "at the end"} {
				mine, theirs := got[0][when], got[1][when]
				if row.newer {
					// nft shows the second link of the host in the map with its octets the other way round, because the
					// library does not say in which order they are; the kernel does not care.
					mine, theirs = strings.ReplaceAll(ofIPv4(mine), `"33554432"`, `"eth0"`), ofIPv4(theirs)
				}
				if mine != theirs {
					t.Errorf("%s ours has\n%s\nthe peer\n%s", name, mine, theirs)
				}
			}
			if there := strings.Contains(got[0][0], "drop"); there == row.empty || got[0][2] != "" {
				t.Errorf("ours has %s, and %s at the end", got[0][0], got[0][2])
			}
		})
	}
}

// ofIPv4 are the lines of a ruleset about IPv4.
func ofIPv4(ruleset string) string {
	var lines []string
	for line := range strings.Lines(ruleset) {
		if strings.Contains(line, `"family":"ip"`) || strings.Contains(line, `"chain":"out"`) && strings.Contains(line, "igmp") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// hasAddress waits until a server has an address, or has it no more.
func (n *network) hasAddress(host *lab.Host, address netip.Addr, want bool) {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), fmt.Sprintf("%s on %s: %v", address, host.Name, want), func() error {
		has, err := host.Holds(address)
		if err == nil && has != want {
			err = errors.New("not yet")
		}
		return err
	}))
}

// ruleset is everything that nftables has on a host, without what differs each time, a line for each thing.
func (n *network) ruleset(host *lab.Host) string {
	n.t.Helper()
	p := lab.Debian(sourceRoot, "usr/sbin/nft")
	status, output, err := host.Run(n.context(time.Second), p.Path, []string{"-j", "list", "ruleset"}, p.Env)
	n.must(err)
	var all struct{ Nftables []map[string]any }
	if err := json.Unmarshal([]byte(output), &all); err != nil || status != 0 {
		n.t.Fatalf("nft: status %d, %v: %s", status, err, output)
	}
	var lines []string
	for _, one := range all.Nftables {
		if one["metainfo"] != nil {
			continue
		}
		line, err := json.Marshal(plain(one))
		n.must(err)
		lines = append(lines, string(line))
	}
	// Which family comes first depends on which one was needed first.
	six := func(line string) int { return strings.Count(line, `"family":"ip6"`) }
	slices.SortStableFunc(lines, func(a, b string) int { return cmp.Compare(six(a), six(b)) })
	return strings.Join(lines, "\n")
}

// emptied waits until no virtual address is left in the ruleset, and returns that.
func (n *network) emptied(host *lab.Host) (rules string) {
	n.t.Helper()
	n.must(lab.Until(n.context(time.Second), "empty sets", func() error {
		rules = n.ruleset(host)
		for _, part := range []string{"192.168.4.8", "fd00::8", "fe80::8"} {
			if strings.Contains(rules, part) {
				return errors.New(rules)
			}
		}
		return nil
	}))
	return rules
}

// plain takes handles and what was counted out of what nft says, and gives the elements of sets an order.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "handle")
		for key, inside := range v {
			if key == "packets" || key == "bytes" {
				v[key] = 0
				continue
			}
			v[key] = plain(inside)
		}
		if list, ok := v["elem"].([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

// dials says what comes of a connection from the client to a port that nobody listens on: an address that is there
// refuses it at once, and one that drops packets says nothing.
func (n *network) dials(address string, answered bool) {
	n.t.Helper()
	n.must(lab.Until(n.context(2*time.Second), fmt.Sprintf("an answer of %s: %v", address, answered), func() error {
		ctx, cancel := context.WithTimeout(n.t.Context(), 300*time.Millisecond)
		defer cancel()
		conn, err := n.client.Dial(ctx, "tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 9).String())
		if err == nil {
			conn.Close()
			return errors.New("somebody listens")
		}
		if refused := errors.Is(err, syscall.ECONNREFUSED); refused != answered {
			return err
		}
		return nil
	}))
}

// TestFirewallTraffic shows what becomes of packets to addresses of each kind, and of the neighbours that ask for them.
func TestFirewallTraffic(t *testing.T) {
	t.Parallel()
	for _, p := range []lab.Program{ours, peer} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			n := newDualNetwork(t, dialects[1])
			web := n.web[0]
			config := "global_defs {\nnftables_counters\n}\n" + refusing("REFUSES", 1, 100, "no_accept", "192.168.4.80", "fd00::80") +
				refusing("ACCEPTS", 2, 100, "accept", "192.168.4.81", "fd00::81") + refusing("SIX", 3, 100, "no_accept", "fe80::82", "fd00::82")
			daemon := n.start(web, p, config)
			for _, a := range []string{"192.168.4.80", "fd00::80", "192.168.4.81", "fd00::81", "fd00::82"} {
				n.hasAddress(web, netip.MustParseAddr(a), true)
			}
			for _, a := range []string{"192.168.4.81", "fd00::81"} {
				n.dials(a, true)
			}
			for _, a := range []string{"192.168.4.80", "fd00::80", "fd00::82"} {
				n.dials(a, false)
				n.knows(netip.MustParseAddr(a), web)
			}
			n.counted(web, "ip", "ip6")
			if p.Name != peer.Name { // Debian's program goes on to drop
				n.must(daemon.Reconfigure(strings.ReplaceAll(config, "no_accept", "accept")))
				for _, a := range []string{"192.168.4.80", "fd00::80", "fd00::82"} {
					n.dials(a, true)
				}
				n.must(daemon.Reconfigure(config))
				n.dials("192.168.4.80", false)
				n.counted(web, "ip")
			}
			n.stop(daemon)
		})
	}
}

// knows waits until the client has found the link-layer address of a virtual address.
func (n *network) knows(address netip.Addr, host *lab.Host) {
	n.t.Helper()
	want, err := host.HardwareAddress()
	n.must(err)
	n.must(lab.Until(n.context(time.Second), "the neighbour "+address.String(), func() error {
		got, err := n.client.Neighbour(address)
		if err == nil && got.String() != want.String() {
			err = fmt.Errorf("it has %q", got)
		}
		return err
	}))
}

// counted waits until the rule that drops packets to addresses has counted some, in each family.
func (n *network) counted(host *lab.Host, families ...string) {
	n.t.Helper()
	p := lab.Debian(sourceRoot, "usr/sbin/nft")
	for _, family := range families {
		n.must(lab.Until(n.context(time.Second), "dropped packets of "+family, func() error {
			_, output, err := host.Run(n.context(time.Second), p.Path, []string{"list", "chain", family, "keepalived", "in"}, p.Env)
			if err == nil && !regexp.MustCompile(`daddr @vips counter packets [1-9].* drop`).MatchString(output) {
				err = errors.New(output)
			}
			return err
		}))
	}
}

// TestFirewallStays kills our VRRP process while it is Master. At no moment is the address without its rule.
func TestFirewallStays(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newDualNetwork(t, dialects[1])
	web := n.web[0]
	config := refusing("FOUR", vrid, 100, "no_accept", "192.168.4.80", "") + refusing("SIX", vrid+1, 100, "no_accept", "fe80::80", "fd00::80")
	config = strings.ReplaceAll(config, "advert_int 0.1", "advert_int 1") // the next process has time to go on
	daemon := n.start(web, ours, config)
	n.hasAddress(web, netip.MustParseAddr("192.168.4.80"), true)
	n.hasAddress(web, netip.MustParseAddr("fd00::80"), true)
	before := n.ruleset(web)
	n.advert(n.Frames.Len(), web, time.Second, "an advert", lives)
	child, err := daemon.VRRPChild(n.context(time.Second), 0)
	n.must(err)
	n.must(unix.Kill(child, unix.SIGKILL))
	n.must(lab.Until(n.context(time.Second), "the next process to go on", func() error {
		if now := n.ruleset(web); now != before {
			n.t.Errorf("meanwhile there is\n%s\nwant\n%s", now, before)
		}
		if strings.Count(daemon.Output(), "Resuming as MASTER") != 2 {
			return errors.New("it does not")
		}
		return nil
	}))
	// What the new process has taken over, it takes away.
	n.must(web.LinkDown())
	n.emptied(web)
	n.stop(daemon)
	if left := n.ruleset(web); left != "" {
		t.Errorf("at the end there is %s", left)
	}
}

// TestFirewallPutBack empties the ruleset, as a reload of the rules of a host does.
func TestFirewallPutBack(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newDualNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, refusing("FOUR", 1, 100, "no_accept", "192.168.4.80", "fd00::80"))
	n.hasAddress(web, netip.MustParseAddr("fd00::80"), true)
	before := n.ruleset(web)
	p := lab.Debian(sourceRoot, "usr/sbin/nft")
	status, output, err := web.Run(n.context(time.Second), p.Path, []string{"flush", "ruleset"}, p.Env)
	n.must(err)
	if status != 0 {
		t.Fatal(output)
	}
	n.must(lab.Until(n.context(10*time.Second), "the rules to be there again", func() error {
		if now := n.ruleset(web); now != before {
			return fmt.Errorf("there is %q", now)
		}
		return nil
	}))
	n.says(daemon, "changed by somebody else", time.Second)
	n.stop(daemon)
}

// TestFirewallAfterDeath kills every VRRP process until the time to go on is over: the rules go with the addresses.
func TestFirewallAfterDeath(t *testing.T) {
	t.Parallel()
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	n := newDualNetwork(t, dialects[1])
	web := n.web[0]
	daemon := n.start(web, ours, refusing("FOUR", 1, 100, "no_accept", "192.168.4.80", "fd00::80"))
	n.hasAddress(web, netip.MustParseAddr("fd00::80"), true)
	ctx, stop := context.WithCancel(n.context(10 * time.Second))
	killer := make(chan struct{})
	go func() {
		defer close(killer)
		for child := 0; ; {
			pid, err := daemon.VRRPChild(ctx, child)
			if err != nil {
				return
			}
			child = pid
			_ = unix.Kill(child, unix.SIGKILL) // it may have ended by itself
		}
	}()
	n.hasAddress(web, netip.MustParseAddr("192.168.4.80"), false)
	n.hasAddress(web, netip.MustParseAddr("fd00::80"), false)
	n.emptied(web)
	stop()
	<-killer
}

// TestLeftOverRules kills a daemon with all its processes while it drops packets to its address, and starts one that
// answers for that: packets pass again, with a word about it.
func TestLeftOverRules(t *testing.T) {
	if checksItself() {
		t.Log("no program of ours to test")
		return
	}
	t.Parallel()
	n := newDualNetwork(t, dialects[1])
	web, address := n.web[0], netip.MustParseAddr("192.168.4.80")
	former := n.start(web, ours, "global_defs {\nnftables\n}\n"+refusing("FOUR", 1, 100, "no_accept", "192.168.4.80, 192.168.4.81", "fe80::80"))
	n.hasAddress(web, address, true)
	n.must(former.KillAll(n.context(5 * time.Second)))
	if !strings.Contains(n.ruleset(web), "192.168.4.80") {
		t.Fatalf("nothing is left: %s", n.ruleset(web))
	}
	daemon := n.start(web, ours, "global_defs {\nnftables\n}\n"+refusing("FOUR", 1, 100, "accept", "192.168.4.80", "fe80::80"))
	_, err := daemon.WaitLine(n.context(time.Second), 0, "left in the firewall")
	n.must(err)
	n.hasAddress(web, address, true)
	if rules := n.ruleset(web); strings.Contains(rules, "192.168.4.80") || strings.Contains(rules, "fe80::80") || !strings.Contains(rules, "192.168.4.81") {
		t.Errorf("there is %s", rules)
	}
	n.stop(daemon)
}
