package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"keepalived-go/parser"
)

// resolveCase is an instance with some lines, what global_defs says before it, and what must come out.
type resolveCase struct {
	name   string
	global string
	lines  string
	check  func(Instance) bool
	status parser.Status // of -t
	says   string        // part of a message, "" when it does not matter
}

const vip = "virtual_ipaddress {\n192.0.2.1\n}\n"

func TestResolve(t *testing.T) {
	const ok, warn = parser.StatusOK, parser.StatusConfig
	for _, c := range []resolveCase{
		{"defaults", "", vip, func(i Instance) bool {
			return i.Version == 2 && i.Priority == 100 && i.AdvertInt == time.Second && !i.StateMaster && i.DownAdverts == 3 && i.Accept &&
				i.MulticastGroup == netip.MustParseAddr("224.0.0.18") && i.Family == 4 && i.Addresses[0].Dev == "eth0" &&
				i.GARP == GARP{5 * time.Second, 5, 0, 1, 5 * time.Second, 5} && len(i.Unsupported) == 0
		}, ok, ""},
		{"master without priority is owner", "", "state MASTER\n" + vip, func(i Instance) bool { return i.Priority == 255 && i.StateMaster }, ok, ""},
		{"owner without state is master", "", "priority 255\n" + vip, func(i Instance) bool { return i.StateMaster }, ok, ""},
		{"owner as backup", "", "priority 255\nstate BACKUP\n" + vip, func(i Instance) bool { return !i.StateMaster && i.Priority == 255 }, ok, ""},
		{"master stays master", "", "state MASTER\nstate BACKUP\n" + vip, func(i Instance) bool { return i.StateMaster }, warn, "BACKUP is ignored"},
		{"nopreempt with master", "", "state MASTER\npriority 100\nnopreempt\n" + vip, func(i Instance) bool { return !i.NoPreempt && i.StateMaster }, warn, "nopreempt"},
		{"nopreempt with owner", "", "priority 255\nstate BACKUP\nnopreempt\n" + vip, func(i Instance) bool { return !i.NoPreempt }, warn, "nopreempt"},
		{"timer_expired_backup", "", "nopreempt\ntimer_expired_backup 200\n" + vip, func(i Instance) bool { return i.TimerExpiredBackup == 200 }, ok, ""},
		{"timer_expired_backup with preemption", "", "timer_expired_backup\n" + vip, func(i Instance) bool { return i.TimerExpiredBackup == 0 }, warn, "timer_expired_backup"},
		{"preempt takes it back", "", "nopreempt\npreempt\n" + vip, func(i Instance) bool { return !i.NoPreempt }, ok, ""},
		{"preempt_delay", "", "preempt_delay 2.5\n" + vip, func(i Instance) bool { return i.PreemptDelay == 2500*time.Millisecond }, ok, ""},
		{"preempt_delay with nopreempt", "", "preempt_delay 5\nnopreempt\n" + vip, func(i Instance) bool { return i.PreemptDelay == 0 && i.NoPreempt }, warn, "preempt_delay"},
		{"preempt_delay with master", "", "preempt_delay 5\nstate MASTER\npriority 9\n" + vip, func(i Instance) bool { return i.PreemptDelay == 0 }, warn, "preempt_delay"},
		{"v2 rounds up", "", "advert_int 1.6\n" + vip, func(i Instance) bool { return i.AdvertInt == 2*time.Second }, warn, "multiple"},
		{"v2 never below a second", "", "advert_int 0.02\n" + vip, func(i Instance) bool { return i.AdvertInt == time.Second }, warn, ""},
		{"v2 longest", "", "advert_int 255\n" + vip, func(i Instance) bool { return i.AdvertInt == 255*time.Second }, ok, ""},
		{"v3 rounds to 10 ms", "", "version 3\nadvert_int 1.234\n" + vip, func(i Instance) bool { return i.AdvertInt == 1230*time.Millisecond }, warn, ""},
		{"v3 shortest", "", "version 3\nadvert_int 0.01\n" + vip, func(i Instance) bool { return i.AdvertInt == 10*time.Millisecond }, ok, ""},
		{"v3 longest", "", "version 3\nadvert_int 60\n" + vip, func(i Instance) bool { return i.AdvertInt == 40950*time.Millisecond }, warn, "too long"},
		{"v3 a little too long", "", "version 3\nadvert_int 40.96\n" + vip, func(i Instance) bool { return i.AdvertInt == 40950*time.Millisecond }, warn, "too long"},
		{"v3 rounds no further than it can", "", "version 3\nadvert_int 40.956\n" + vip, func(i Instance) bool { return i.AdvertInt == 40950*time.Millisecond }, warn, "multiple"},
		{"owner_ignore_adverts needs an owner", "", "owner_ignore_adverts\n" + vip, func(i Instance) bool { return !i.OwnerIgnoreAdverts }, warn, "owner_ignore_adverts"},
		{"owner_ignore_adverts", "", "priority 255\nowner_ignore_adverts\n" + vip, func(i Instance) bool { return i.OwnerIgnoreAdverts }, ok, ""},
		{"owner_ignore_adverts off", "", "priority 255\nowner_ignore_adverts off\n" + vip, func(i Instance) bool { return i.OwnerIgnoreAdverts }, warn, "owner_ignore_adverts"},
		{"owner_ignore_adverts from global", "vrrp_owner_ignore_adverts", "priority 255\n" + vip, func(i Instance) bool { return i.OwnerIgnoreAdverts }, ok, ""},
		{"it is not for others", "vrrp_owner_ignore_adverts", vip, func(i Instance) bool { return !i.OwnerIgnoreAdverts }, ok, ""},
		{"advert_int with rubbish", "", "advert_int 2x\n" + vip, func(i Instance) bool { return i.AdvertInt == time.Second }, warn, ""},
		{"garp delay with rubbish counts", "", "garp_master_delay 7x\n" + vip, func(i Instance) bool { return i.GARP.MasterDelay == 7*time.Second }, warn, ""},
		{"priority with rubbish does not", "", "priority 50x\n" + vip, func(i Instance) bool { return i.Priority == 100 }, warn, ""},
		{"auth", "", "authentication {\nauth_type PASS\nauth_pass 1234567890\n}\n" + vip, func(i Instance) bool { return i.AuthType == AuthPass && i.AuthPass == "12345678" }, warn, "cut off"},
		{"auth on v3", "", "version 3\nauthentication {\nauth_type PASS\nauth_pass 1\n}\n" + vip, func(i Instance) bool { return i.AuthType == AuthNone }, warn, "version 3"},
		{"auth without password", "", "authentication {\nauth_type PASS\n}\n" + vip, func(i Instance) bool { return i.AuthType == AuthNone }, warn, "auth_pass"},
		{"auth type in lower case", "", "authentication {\nauth_type pass\nauth_pass 1111\n}\n" + vip, func(i Instance) bool { return i.AuthType == AuthNone }, warn, "authentication type"},
		{"AH begins as backup", "", "state MASTER\npriority 9\nauthentication {\nauth_type AH\nauth_pass 1\n}\n" + vip,
			func(i Instance) bool {
				return !i.StateMaster && i.AuthType == AuthAH && i.Unsupported == nil
			}, warn, "AH"},
		{"version from global", "vrrp_version 3", vip, func(i Instance) bool { return i.Version == 3 }, ok, ""},
		{"IPv6 is version 3", "", "virtual_ipaddress {\nfe80::1/64\n}\n", func(i Instance) bool {
			return i.Version == 3 && i.Family == 6 && !i.Held() && i.MulticastGroup == netip.MustParseAddr("ff02::12")
		}, ok, ""},
		{"IPv6 without a link-local address first", "", "virtual_ipaddress {\nfd00::1/64\n}\n", func(i Instance) bool { return i.Family == 6 && !i.Held() }, ok, "should be link-local"},
		{"native_ipv6", "", "native_ipv6\nno_virtual_ipaddress\n", func(i Instance) bool { return i.Family == 6 && i.Version == 3 && !i.Held() }, ok, ""},
		{"native_ipv6 with IPv4", "", vip + "native_ipv6\n", func(i Instance) bool { return i.Family == 4 && i.Version == 2 }, warn, "native_ipv6"},
		{"vrrp_mcast_group6", "vrrp_mcast_group6 ff02::99", "virtual_ipaddress {\nfe80::1/64\n}\n", func(i Instance) bool {
			return i.MulticastGroup == netip.MustParseAddr("ff02::99")
		}, ok, ""},
		{"mcast_dst_ip of IPv6", "", "mcast_dst_ip ff02::98\nvirtual_ipaddress {\nfe80::1/64\n}\n", func(i Instance) bool {
			return i.MulticastGroup == netip.MustParseAddr("ff02::98") && i.Family == 6
		}, ok, ""},
		{"mcast_dst_ip beyond the link", "", "mcast_dst_ip ff05::98\nvirtual_ipaddress {\nfe80::1/64\n}\n", func(i Instance) bool {
			return i.MulticastGroup == netip.MustParseAddr("ff02::12")
		}, warn, "mcast_dst_ip"},
		{"excluded addresses of both families", "", vip + "virtual_ipaddress_excluded {\nfd00::7\n192.0.2.7\n}\n", func(i Instance) bool {
			return i.Family == 4 && len(i.ExcludedAddresses) == 2 && i.ExcludedAddresses[0].PreferredLife == 0 && i.ExcludedAddresses[0].NoDAD
		}, ok, ""},
		{"first family wins", "", "virtual_ipaddress {\n192.0.2.1\nfe80::1\n}\n", func(i Instance) bool { return i.Family == 4 && len(i.Addresses) == 1 }, warn, "family"},
		{"no address in v2", "", "", func(i Instance) bool { return len(i.Addresses) == 0 }, warn, "sensible"},
		{"no address wanted", "", "no_virtual_ipaddress\nversion 3\n", func(i Instance) bool { return i.NoVIP }, ok, ""},
		{"garp from global", "vrrp_garp_master_delay 0\nvrrp_garp_master_repeat 2\nvrrp_garp_lower_prio_repeat 7", vip,
			func(i Instance) bool { return i.GARP == GARP{0, 2, 0, 1, 0, 7} }, ok, ""},
		{"min garp", "vrrp_min_garp", vip, func(i Instance) bool { return i.GARP == GARP{0, 1, 0, 0, 0, 1} }, ok, ""},
		{"strict", "vrrp_strict", "priority 9\n" + vip, func(i Instance) bool {
			return i.Strict && i.LowerPrioNoAdvert && !i.Accept && i.GARP.LowerPrioRepeat == 0 && i.Refuses() && i.Unsupported == nil
		}, ok, ""},
		{"strict instance forbids auth", "", "strict_mode on\nauthentication {\nauth_type PASS\nauth_pass 1\n}\n" + vip, func(i Instance) bool { return i.AuthType == AuthNone }, warn, "strict"},
		{"strict master must be owner", "", "strict_mode\nstate MASTER\npriority 5\n" + vip, func(i Instance) bool { return !i.StateMaster }, warn, "strict"},
		{"not strict after all", "vrrp_strict", "strict_mode off\n" + vip, func(i Instance) bool { return !i.Strict && len(i.Unsupported) == 0 }, ok, ""},
		{"no_accept refuses", "", "no_accept\n" + vip, func(i Instance) bool { return i.Refuses() && i.Unsupported == nil }, ok, "because of no_accept"},
		{"the owner accepts", "", "no_accept\npriority 255\n" + vip, func(i Instance) bool { return !i.Accept && !i.Refuses() }, ok, "using nftables"},
		{"strict version 3 accepts", "", "version 3\nstrict_mode\naccept\n" + vip, func(i Instance) bool { return i.Accept && !i.Refuses() }, ok, ""},
		{"strict version 2 does not", "", "strict_mode\naccept\n" + vip, func(i Instance) bool { return i.Refuses() }, warn, "accept is ignored"},
		{"unicast of anybody", "", "unicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool { return !i.PeersOnly && !i.CheckUnicastSource }, ok, ""},
		{"check_unicast_src", "", "check_unicast_src\nunicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool { return i.PeersOnly && i.CheckUnicastSource }, ok, ""},
		{"vrrp_check_unicast_src", "vrrp_check_unicast_src", "unicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool { return i.PeersOnly && !i.CheckUnicastSource }, ok, ""},
		{"it is not for multicast", "vrrp_check_unicast_src", vip, func(i Instance) bool { return !i.PeersOnly }, ok, ""},
		{"a unicast peer twice", "", "unicast_peer {\n192.0.2.8\n192.0.2.9\n192.0.2.8\n}\n" + vip, func(i Instance) bool { return len(i.UnicastPeers) == 2 }, warn, "192.0.2.8 is there twice"},
		{"a unicast peer of the other family", "", vip + "unicast_peer {\n192.0.2.8\nfd00::8\n}\n", func(i Instance) bool { return len(i.UnicastPeers) == 1 }, warn, "family"},
		{"ourselves as unicast peer", "", "unicast_src_ip 192.0.2.8\nunicast_peer {\n192.0.2.8\n192.0.2.9\n}\n" + vip, func(i Instance) bool { return len(i.UnicastPeers) == 2 }, ok, "this router itself"},
		{"unicast over IPv6", "", "unicast_peer {\nfd00::8\n}\nvirtual_ipaddress {\nfd00::1\n}\n", func(i Instance) bool {
			return i.Family == 6 && i.Version == 3 && i.UnicastTTL == 0 && !i.ChecksumGroup.IsValid() && !i.Held()
		}, ok, ""},
		{"unicast_ttl of IPv6", "", "unicast_ttl 9\nunicast_peer {\nfd00::8\n}\nvirtual_ipaddress {\nfd00::1\n}\n", func(i Instance) bool { return i.UnicastTTL == 9 }, ok, ""},
		{"unicast_fault_no_peer", "", "unicast_fault_no_peer\n" + vip, func(i Instance) bool { return i.Held() && i.LacksPeers() && len(i.Unsupported) == 0 }, ok, "stays in FAULT"},
		{"unicast_fault_no_peer with a peer", "", "unicast_fault_no_peer\nunicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool { return !i.Held() && !i.LacksPeers() }, ok, ""},
		{"unicast without peers is multicast", "", "unicast_src_ip 192.0.2.9\n" + vip, func(i Instance) bool {
			return !i.Unicast() && !i.Held() && i.MulticastGroup == netip.MustParseAddr("224.0.0.18")
		}, warn, "multicast is used"},
		{"the old checksum is looked for", "vrrp_mcast_group4 224.0.0.77", "version 3\nunicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool {
			return i.ChecksumGroup == netip.MustParseAddr("224.0.0.77") && i.OldUnicastChecksum == ""
		}, ok, ""},
		{"the old checksum is sent", "", "version 3\nold_unicast_checksum\nunicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool {
			return i.ChecksumGroup == netip.MustParseAddr("224.0.0.18") && i.OldUnicastChecksum == "yes"
		}, ok, ""},
		{"the old checksum never", "", "version 3\nold_unicast_checksum never\nunicast_peer {\n192.0.2.8\n}\n" + vip, func(i Instance) bool {
			return !i.ChecksumGroup.IsValid() && i.OldUnicastChecksum == "never"
		}, ok, ""},
		{"track_src_ip", "", "track_src_ip\nmcast_src_ip 192.0.2.9\n" + vip, func(i Instance) bool { return i.TrackSource }, ok, ""},
		{"track_src_ip without one", "", "track_src_ip\n" + vip, func(i Instance) bool { return !i.TrackSource }, ok, ""},
		{"unicast", "", "unicast_src_ip 192.0.2.9\nunicast_peer {\n192.0.2.8 min_ttl 3\n}\n" + vip, func(i Instance) bool {
			return !i.Held() && i.PeersOnly && !i.ChecksumGroup.IsValid() && i.UnicastPeers[0] == UnicastPeer{netip.MustParseAddr("192.0.2.8"), 3, 255} && i.UnicastTTL == 255 && !i.MulticastGroup.IsValid()
		}, ok, ""},
		{"vmac", "", "use_vmac vrrp.1\n" + vip, func(i Instance) bool {
			return len(i.Unsupported) == 0 && i.Own.Name == "vrrp.1" && i.Addresses[0].Link == "vrrp.1"
		}, ok, ""},
		{"bad MAC", "", "use_vmac 01:00:5e:00:00:01\n" + vip, func(i Instance) bool { return i.VMAC.MAC == "" }, warn, "multicast"},
		{"ipvlan", "", "use_ipvlan 192.0.2.3/24 private\n" + vip, func(i Instance) bool {
			return i.Own.IPVLAN && i.Own.Mode == "private" && len(i.Unsupported) == 0 && i.Addresses[0].Link == ""
		}, ok, ""},
		{"hmac", "", "auth_hmac {\nkey 1 " + strings.Repeat("k", 32) + "\nactive_key 1\n}\n" + vip, func(i Instance) bool { return i.Unsupported == nil && len(i.HMAC.Keys) == 1 }, ok, ""},
		{"tracked interface", "", "track_interface {\neth1\neth2 weight 5 reverse\n}\n" + vip, func(i Instance) bool {
			return len(i.Unsupported) == 0 && reflect.DeepEqual(i.TrackInterfaces, []Track{{Name: "eth1"}, {Name: "eth2", Weight: Weight{5, true}}})
		}, ok, ""},
		{"own interface is not tracked", "", "track_interface {\neth0\n}\n" + vip, func(i Instance) bool { return len(i.TrackInterfaces) == 0 && len(i.Unsupported) == 0 }, warn, "own interface"},
		{"owner has no weights", "", "priority 255\ntrack_interface {\neth1 weight 5\n}\n" + vip, func(i Instance) bool { return len(i.TrackInterfaces) == 0 }, warn, "owner"},
		{"weight limit", "", "track_interface {\neth1 weight -254\n}\n" + vip, func(i Instance) bool { return i.TrackInterfaces[0].Weight.Value == -253 }, warn, "253"},
		{"skip_check_adv_addr false turns it on", "", "skip_check_adv_addr false\n" + vip, func(i Instance) bool { return i.SkipCheckAdvAddr }, ok, ""},
		{"excluded addresses", "", vip + "virtual_ipaddress_excluded {\n192.0.2.1\n2001:db8::1\n}\n", func(i Instance) bool { return len(i.ExcludedAddresses) == 1 }, warn, "twice"},
		{"mcast_dst_ip", "", "mcast_dst_ip 224.0.0.19\n" + vip, func(i Instance) bool { return i.MulticastGroup == netip.MustParseAddr("224.0.0.19") }, ok, ""},
		{"mcast_dst_ip must be multicast", "", "mcast_dst_ip 192.0.2.9\n" + vip, func(i Instance) bool { return i.MulticastGroup == netip.MustParseAddr("224.0.0.18") }, warn, "multicast"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "global_defs {\n" + c.global + "\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n" + c.lines + "}\n"
			got, diags := decodeText(t, text)
			if len(got.Instances) != 1 {
				t.Fatalf("%d instances: %v", len(got.Instances), diags)
			}
			if !c.check(got.Instances[0]) {
				t.Errorf("decoded as %+v: %v", got.Instances[0], diags)
			}
			if s := status(diags); s != c.status {
				t.Errorf("status %d, want %d: %v", s, c.status, diags)
			}
			if !says(diags, c.says) {
				t.Errorf("nothing says %q: %v", c.says, diags)
			}
		})
	}
}

// says tells whether a message contains a text.
func says(diags []parser.Diagnostic, text string) bool {
	for _, d := range diags {
		if strings.Contains(d.Message, text) {
			return true
		}
	}
	return text == ""
}

// Instances that cannot be are errors, and leave the others alone.
func TestImpossibleInstances(t *testing.T) {
	const good = "vrrp_instance G {\ninterface eth9\nvirtual_router_id 9\nvirtual_ipaddress {\n192.0.2.9\n}\n}\n"
	for name, lines := range map[string]string{
		"no interface":           "virtual_router_id 51\n" + vip,
		"loopback":               "interface lo\nvirtual_router_id 51\n" + vip,
		"interface that is gone": "interface gone\nvirtual_router_id 51\n" + vip,
		"no VRID":                "interface eth0\n" + vip,
		"VRID out of range":      "interface eth0\nvirtual_router_id 256\n" + vip,
		"no address in v3":       "interface eth0\nvirtual_router_id 51\nversion 3\n",
		"no address in strict":   "interface eth0\nvirtual_router_id 51\nstrict_mode\n",
		"VRID of another":        "interface eth9\nvirtual_router_id 9\n" + vip,
	} {
		env := Env{Interface: func(n string) (Interface, bool) { return Interface{MTU: 1500, Loopback: n == "lo"}, n != "gone" }}
		c, diags := decodeOn(t, good+"vrrp_instance V {\n"+lines+"}\n", env)
		if len(c.Instances) != 1 || c.Instances[0].Name != "G" {
			t.Errorf("%s: instances %+v", name, c.Instances)
		}
		fatal := false
		for _, d := range diags {
			fatal = fatal || d.Severity == parser.Error
		}
		if !fatal || status(diags) != parser.StatusConfig {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// Sessions are tracked by name, and must have been defined above with events for VRRP.
func TestTrackedSessions(t *testing.T) {
	const session = "bfd_instance abc {\nneighbor_ip 10.0.0.1\nweight -7 reverse\n%s}\n"
	instance := func(lines, track string) string {
		return "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n" + lines + "track_bfd {\n" + track + "\n}\n" + vip + "}\n"
	}
	own := Track{Name: "abc", Weight: Weight{Value: -7, Reverse: true}}
	for _, c := range []struct {
		name, text string
		want       []Track
		status     parser.Status
		says       string
	}{
		{"its own weight", fmt.Sprintf(session, "") + instance("", "abc"), []Track{own}, parser.StatusOK, ""},
		{"another weight", fmt.Sprintf(session, "") + instance("", "abc weight 5 noreverse"), []Track{{Name: "abc", Weight: Weight{Value: 5}}}, parser.StatusOK, ""},
		{"twice", fmt.Sprintf(session, "") + instance("", "abc\nabc"), []Track{own}, parser.StatusConfig, "duplicate"},
		{"misspelt", fmt.Sprintf(session, "") + instance("", "abd"), nil, parser.StatusConfig, "track bfd abd not found"},
		{"none is defined", instance("", "abc"), nil, parser.StatusConfig, "track bfd abc not found"},
		{"defined later", instance("", "abc") + fmt.Sprintf(session, ""), nil, parser.StatusConfig, "not found"},
		{"for checkers only", fmt.Sprintf(session, "checker\n") + instance("", "abc"), nil, parser.StatusConfig, "not found"},
		{"for both", fmt.Sprintf(session, "checker\nvrrp\n") + instance("", "abc"), []Track{own}, parser.StatusOK, ""},
		{"session that cannot run", "bfd_instance abc {\n}\n" + instance("", "abc"), []Track{{Name: "abc"}}, parser.StatusConfig, "neighbor_ip"},
		{"an owner has no weight", fmt.Sprintf(session, "") + instance("priority 255\n", "abc"), nil, parser.StatusConfig, "abc has a weight"},
	} {
		got, diags := decodeText(t, c.text)
		if in := got.Instances[0]; len(in.TrackBFD) != len(c.want) || !slices.Equal(in.TrackBFD, c.want) || status(diags) != c.status || !says(diags, c.says) {
			t.Errorf("%s: %+v, status %d, %v", c.name, in.TrackBFD, status(diags), diags)
		}
	}
	group, diags := decodeText(t, fmt.Sprintf(session, "")+instance("", "abc")+"vrrp_sync_group G {\ngroup {\nV\n}\ntrack_bfd {\nabc\nnosuch\n}\n}\n")
	if !slices.Equal(group.SyncGroups[0].TrackBFD, []Track{own}) || !says(diags, "(G) track bfd nosuch not found") {
		t.Errorf("group: %+v %v", group.SyncGroups, diags)
	}
}

func TestDynamicInterfaces(t *testing.T) {
	env := Env{Interface: func(string) (Interface, bool) { return Interface{}, false }}
	c, diags := decodeOn(t, "global_defs {\ndynamic_interfaces\n}\nvrrp_instance V {\ninterface later0\nvirtual_router_id 1\n"+vip+"}\n", env)
	if len(c.Instances) != 1 || c.Instances[0].Interface != "later0" || status(diags) != parser.StatusOK {
		t.Errorf("%+v %v", c.Instances, diags)
	}
}

func TestTooManyAddresses(t *testing.T) {
	var b strings.Builder
	for i := range 400 {
		b.WriteString(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String() + "\n")
	}
	text := "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n" + b.String() + "}\n}\n"
	c, diags := decodeText(t, text)
	if i := c.Instances[0]; len(i.Addresses) != 255 || len(i.ExcludedAddresses) != 145 || status(diags) != parser.StatusConfig {
		t.Errorf("%d and %d addresses, %v", len(i.Addresses), len(i.ExcludedAddresses), diags)
	}
	small := Env{Interface: func(string) (Interface, bool) { return Interface{MTU: 576}, true }}
	for lines, want := range map[string]int{ // of version 2, where the headers take 50 bytes without anything more
		"authentication {\nauth_type AH\nauth_pass x\n}\n":                                          (526 - 24) / 4,
		"auth_hmac {\nkey 1 0123456789abcdef0123456789abcdef\nactive_key 1\n}\n":                    (526 - 28) / 4,
		"auth_hmac {\nkey 1 0123456789abcdef0123456789abcdef\nactive_key 1\nmode receive-only\n}\n": 526 / 4,
	} {
		c, _ := decodeOn(t, strings.Replace(text, "virtual_ipaddress", lines+"virtual_ipaddress", 1), small)
		if got := len(c.Instances[0].Addresses); got != want {
			t.Errorf("%q leaves room for %d addresses, want %d", lines, got, want)
		}
	}
	c, _ = decodeOn(t, text, small)
	// Ethernet, IP and VRRP headers and the authentication take 50 bytes, an address takes 4.
	if got := len(c.Instances[0].Addresses); got != (576-50)/4 {
		t.Errorf("%d addresses in 576 bytes", got)
	}
}

func TestOrderDecides(t *testing.T) {
	const instance = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n" + vip + "}\n"
	before, _ := decodeText(t, "global_defs {\nvrrp_garp_master_repeat 9\n}\n"+instance)
	after, _ := decodeText(t, instance+"global_defs {\nvrrp_garp_master_repeat 9\n}\n")
	if before.Instances[0].GARP.MasterRepeat != 9 || after.Instances[0].GARP.MasterRepeat != 5 {
		t.Errorf("repeat is %d before, %d after", before.Instances[0].GARP.MasterRepeat, after.Instances[0].GARP.MasterRepeat)
	}
	_, diags := decodeText(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\ntrack_script {\nchk\n}\n"+vip+"}\nvrrp_script chk {\nscript /bin/true\n}\n")
	if !says(diags, "chk not found") {
		t.Errorf("a script that is defined later is found: %v", diags)
	}
}

func TestScriptsOnTheHost(t *testing.T) {
	host := func(s ScriptState, user bool) Env {
		return Env{
			Script: func(string, uint32, uint32) ScriptState { return s },
			User:   func(string) (Account, bool) { return Account{UID: 7, GID: 7}, user },
			Group:  func(string) (uint32, bool) { return 7, user },
		}
	}
	const text = "vrrp_script chk {\nscript /bin/x\nweight 5\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nnotify /bin/y\ntrack_script {\nchk\n}\n" + vip + "}\n"
	const secure = "global_defs {\nenable_script_security\n}\n"
	for _, c := range []struct {
		name    string
		text    string
		env     Env
		status  parser.Status
		scripts int
		notify  bool
	}{
		{"all is well", secure + text, host(ScriptState{}, true), parser.StatusOK, 1, true},
		{"security is off", text, host(ScriptState{}, true), parser.StatusSecurity, 1, true},
		{"missing", secure + text, host(ScriptState{Missing: true}, true), parser.StatusConfig, 0, false},
		{"insecure", secure + text, host(ScriptState{Insecure: true}, true), parser.StatusConfig, 0, false},
		{"insecure without security", text, host(ScriptState{Insecure: true}, true), parser.StatusSecurity, 1, true},
		{"not executable", secure + text, host(ScriptState{NotExecutable: true}, true), parser.StatusOK, 0, false},
		{"no user", secure + text, host(ScriptState{}, false), parser.StatusConfig, 0, false},
		{"no user without security", text, host(ScriptState{}, false), parser.StatusSecurity, 1, true},
	} {
		got, diags := decodeOn(t, c.text, c.env)
		in := got.Instances[0]
		if status(diags) != c.status || len(got.Scripts) != c.scripts || len(in.TrackScripts) != c.scripts || in.Notify.Set() != c.notify {
			t.Errorf("%s: status %d, %d scripts, tracks %v, notify %v: %v", c.name, status(diags), len(got.Scripts), in.TrackScripts, in.Notify, diags)
		}
	}
}

func TestScriptWords(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		bad  bool
	}{
		{`script /bin/true a b`, []string{"script", "/bin/true", "a", "b"}, false},
		{`script "/bin/true a b" root`, []string{"script", "/bin/true a b", "root"}, false},
		{`x 'a "b" c'd`, []string{"x", `a "b" cd`}, false},
		{`x "a\tb\x41\101\cA\E\"\q"`, []string{"x", "a\tbAA\x01\x1b\"q"}, false},
		{`x ""`, []string{"x", ""}, false},
		{"  ", nil, false},
		{`x "abc`, nil, true},
		{`x 'abc`, nil, true},
		{`x abc\`, nil, true},
	} {
		got, fault := scriptWords(c.in)
		if !reflect.DeepEqual(got, c.want) || (fault != "") != c.bad {
			t.Errorf("%s: %q %q, want %q", c.in, got, fault, c.want)
		}
	}
}

// A keyword without effect is said once, and does not change the exit status.
func TestNoticesOnce(t *testing.T) {
	_, diags := decodeText(t, "global_defs {\nenable_traps\nenable_traps\n}\nvrrp_instance A {\ninterface eth0\nvirtual_router_id 1\n"+vip+"}\nglobal_defs {\nenable_traps\n}\n")
	if len(diags) != 1 || diags[0].Severity != parser.Notice || diags[0].Status != parser.StatusOK || !says(diags, "enable_traps has no effect yet") {
		t.Errorf("%v", diags)
	}
	_, diags = decodeText(t, "vrrp_script s {\nscript /bin/true\ninterval 3\nrise 2\n}\n")
	_, tracked := decodeText(t, "vrrp_script s {\nscript /bin/true\n}\nvrrp_instance A {\ninterface eth0\nvirtual_router_id 1\ntrack_script {\ns weight 3\n}\n"+vip+"}\n")
	if len(tracked) != 0 {
		t.Errorf("%v", tracked)
	}
	if len(diags) != 1 || !says(diags, "tracked by nobody") {
		t.Errorf("%v", diags)
	}
}

func TestTooManyIPv6Addresses(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "fe80::%x/64\n", i+1)
	}
	c, diags := decodeText(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n"+b.String()+"}\n}\n")
	// Ethernet, IPv6 and VRRP headers take 62 of 1500 bytes, an address takes 16.
	if i := c.Instances[0]; len(i.Addresses) != (1500-62)/16 || !says(diags, "do not fit") {
		t.Errorf("%d addresses, %v", len(i.Addresses), diags)
	}
}

// A brace without a block ends the block that lacked its opening one, as in upstream's reading by lines.
func TestMissingBrace(t *testing.T) {
	c, diags := decodeText(t, "global_defs\nrouter_id abc\n}\nchild_wait_time 9\n")
	if c.Global.RouterID != "abc" || c.Global.ChildWaitTime != 9*time.Second || !says(diags, "'{' is missing") {
		t.Errorf("%q %s %v", c.Global.RouterID, c.Global.ChildWaitTime, diags)
	}
	// Without the brace everything that follows stands in the block.
	c, diags = decodeText(t, "global_defs {\nrouter_id abc\nchild_wait_time 9\n")
	if c.Global.ChildWaitTime != 5*time.Second || !says(diags, `unknown keyword "child_wait_time"`) {
		t.Errorf("%s %v", c.Global.ChildWaitTime, diags)
	}
}

// Decimals beyond the last that counts round it. Of rubbish upstream takes the digits in front of it in units of that last one.
func TestTooManyDecimals(t *testing.T) {
	for text, want := range map[string]time.Duration{"0.0000015": 2 * time.Microsecond, "0.0000014": time.Microsecond, "1.5": 1500 * time.Millisecond, "1.x": time.Microsecond, "-1": 0} {
		c, diags := decodeText(t, "global_defs {\nvrrp_garp_interval "+text+"\n}\n")
		if c.Global.GARPInterval != want || (status(diags) == parser.StatusOK) != (text == "1.5") {
			t.Errorf("%s: %s %v", text, c.Global.GARPInterval, diags)
		}
	}
}

// Where an interface is missing, upstream does not come to the check of scripts, and -t says so.
func TestMissingInterfaceComesFirst(t *testing.T) {
	env := Env{
		Interface: func(n string) (Interface, bool) { return Interface{}, n != "gone" },
		Script:    func(string, uint32, uint32) ScriptState { return ScriptState{} },
	}
	for _, lines := range []string{"track_interface {\ngone\n}\n", "virtual_routes {\n192.0.2.0/24 dev gone\n}\n", "virtual_ipaddress_excluded {\n192.0.2.9 dev gone\n}\n"} {
		_, diags := decodeOn(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nnotify /bin/x\n"+lines+vip+"}\n", env)
		if status(diags) != parser.StatusConfig || !says(diags, "Non-existent interface specified in configuration") {
			t.Errorf("%s: %v", lines, diags)
		}
	}
}
