package iptables

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"keepalived-go/test/lab"
)

// TestMissingChain holds instances in Fault until their chain is there. It may be one of the other family.
func TestMissingChain(t *testing.T) {
	s := newSite(t, "legacy")
	s.run("iptables -N VIPS && iptables -A INPUT -j VIPS")
	d := s.start("global_defs {\nvrrp_iptables VIPS\n}\n" + refusing("FOUR", 1, "no_accept", "192.168.4.80", "") + refusing("SIX", 2, "no_accept", "fe80::80", "fd00::80"))
	s.says(d, "(SIX) held in FAULT state: packets to its virtual addresses cannot be dropped: ip6tables has no chain VIPS, make it with `ip6tables -N VIPS`")
	s.holds(true, "192.168.4.80") // which needs nothing of ip6tables
	s.holds(false, "fd00::80")
	s.run("ip6tables -N VIPS && ip6tables -A INPUT -j VIPS")
	s.holds(true, "192.168.4.80", "fd00::80")
	s.dials(false, "192.168.4.80", "fd00::80")
	s.stop(d)
	s.has("at the end")
}

// TestReload changes over from each kind of firewall to each other.
func TestReload(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	s.addChains("OTHER_IN", "OTHER_OUT")
	byAddress := []string{"ip -A OTHER_IN -d 192.168.4.80/32 -j DROP", "ip -A OTHER_OUT -s 192.168.4.80/32 -j DROP"}
	bySet := append(setRules("VIPS_IN", "VIPS_OUT")[:2:2], sets("keepalived", "keepalived 192.168.4.80")...)
	four := refusing("FOUR", 1, "no_accept", "192.168.4.80", "")
	d := s.start(chains + four)
	s.has("with sets", bySet...)
	s.dials(false, "192.168.4.80")
	for _, step := range []struct {
		name, config string
		want         []string
		nftables     bool
		accepts      bool
	}{
		{"by address", "global_defs {\nvrrp_iptables OTHER_IN OTHER_OUT\nvrrp_ipsets\n}\n" + four, byAddress, false, false},
		{"nftables", "global_defs {\nnftables\n}\n" + four, nil, true, false},
		{"sets again", chains + four, bySet, false, false},
		{"accept", chains + refusing("FOUR", 1, "accept", "192.168.4.80", ""), append(setRules("VIPS_IN", "VIPS_OUT")[:2:2], sets("keepalived")...), false, true},
		{"refuse", chains + four, bySet, false, false},
	} {
		s.must(d.Reconfigure(step.config))
		s.has(step.name, step.want...)
		s.must(lab.Until(s.ctx, step.name, func() error {
			if strings.Contains(s.run("nft list ruleset"), "vips") != step.nftables {
				return errors.New("nftables is not as wanted")
			}
			return nil
		}))
		s.dials(step.accepts, "192.168.4.80")
		s.holds(true, "192.168.4.80")
	}
	s.stop(d)
	s.has("at the end")
}

// TestPutBack has somebody else flush a chain, as a reload of the rules of a host does.
func TestPutBack(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	d := s.start(chains + both)
	full := append(setRules("VIPS_IN", "VIPS_OUT"), fullSets...)
	s.has("as Master", full...)
	s.run("ip6tables -F VIPS_IN && ipset flush keepalived")
	s.has("when it was put back", full...)
	s.says(d, "changed by somebody else")
	s.stop(d)
	s.has("at the end")
}

// TestDeathOfChild kills the VRRP process while it is Master. At no moment is an address without its rule.
func TestDeathOfChild(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	config := strings.ReplaceAll(chains+both, "advert_int 0.2", "advert_int 3") // the next process has time to go on
	d := s.start(config)
	full := append(setRules("VIPS_IN", "VIPS_OUT"), fullSets...)
	s.has("as Master", full...)
	s.says(d, "(SIX) Entering MASTER STATE")
	child, err := d.VRRPChild(s.ctx, 0)
	s.must(err)
	s.must(unix.Kill(child, unix.SIGKILL))
	s.must(lab.Until(s.ctx, "the next process to go on", func() error {
		if now := s.rules(); !slices.Equal(now, full) {
			t.Errorf("meanwhile there is\n%s\nwant\n%s", strings.Join(now, "\n"), strings.Join(full, "\n"))
		}
		if strings.Count(d.Output(), "Resuming as MASTER") != 2 {
			return errors.New("it does not")
		}
		return nil
	}))
	// What the new process has taken over, it takes away.
	s.must(s.web.LinkDown())
	s.has("in Fault", append(setRules("VIPS_IN", "VIPS_OUT"), emptySets...)...)
	s.stop(d)
	s.has("at the end")
}

// TestNoChildLeft kills the only VRRP process that there is to be: rules and sets go with the addresses.
func TestNoChildLeft(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	d := s.start(chains+both+refusing("VMAC", 3, "use_vmac\nno_accept", "192.168.4.83", "fd00::83"), "--dont-respawn")
	s.holds(true, bothAddresses...)
	s.holds(true, "192.168.4.83", "fd00::83")
	if rules := strings.Join(s.rules(), "\n"); !strings.Contains(rules, "keepalived_igmp 224.0.0.0/4,vrrp.3") || !strings.Contains(rules, "keepalived_nd fe80::100,vrrp.3") {
		t.Errorf("the VMAC is not in %s", rules)
	}
	child, err := d.VRRPChild(s.ctx, 0)
	s.must(err)
	s.must(unix.Kill(child, unix.SIGKILL))
	_, _, err = d.Wait(s.ctx)
	s.must(err)
	s.holds(false, bothAddresses...)
	s.has("without a process")
}

// TestLeftOver kills a daemon with all its processes while it drops packets, and starts one that answers: what is in the
// sets goes. One that drops them, too, goes on with what is there.
func TestLeftOver(t *testing.T) {
	s := newSite(t, "legacy")
	s.addChains("VIPS_IN", "VIPS_OUT")
	full := append(setRules("VIPS_IN", "VIPS_OUT"), fullSets...)
	for _, refuses := range []bool{true, false} {
		d := s.start(chains + both)
		s.has("as Master", full...)
		if strings.Contains(d.Output(), "left in the firewall") {
			t.Error("what is wanted again counts as left")
		}
		s.must(d.KillAll(s.ctx))
		s.has("when all is dead", full...)
		if refuses {
			continue
		}
		d = s.start(chains + strings.ReplaceAll(both, "no_accept", "accept"))
		s.says(d, "left in the firewall")
		s.holds(true, bothAddresses...)
		s.dials(true, "192.168.4.80", "192.168.4.82", "fd00::80") // one of a link would need its name
		s.has("where all is answered")
		s.stop(d)
	}
}

// TestNotLegacy has a host whose iptables command belongs to nftables: that is used directly.
func TestNotLegacy(t *testing.T) {
	s := newSite(t, "nft")
	d := s.start(chains + both)
	s.says(d, "vrrp_iptables: nftables is used in its place: the iptables command belongs to nftables")
	s.holds(true, bothAddresses...)
	s.dials(false, "192.168.4.80", "fd00::80")
	if rules := s.run("nft list table ip keepalived"); !strings.Contains(rules, "192.168.4.80") {
		t.Errorf("there is %s", rules)
	}
	s.has("of iptables")
	s.stop(d)
	if rules := s.run("nft list ruleset"); strings.Contains(rules, "vips") {
		t.Errorf("at the end there is %s", rules)
	}
}
