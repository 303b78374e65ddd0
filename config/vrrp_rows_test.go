package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"keepalived-go/parser"
)

// row is a text that changes the configuration against the one before it, and one that is complained of. The latter is
// empty where there is nothing to complain of: flags, and words that may stay away.
type row struct{ base, good, bad string }

// notifyRow is the row that all keywords of scripts have.
func notifyRow(name string) row { return row{"", name + " /bin/true", name} }

var globalRows = map[string]row{
	"default_interface":                   {"", "default_interface eth1", "default_interface"},
	"disable_local_igmp":                  {"", "disable_local_igmp", ""},
	"dynamic_interfaces":                  {"", "dynamic_interfaces", "dynamic_interfaces sometimes"},
	"fifo_write_vrrp_states_on_reload":    {"", "fifo_write_vrrp_states_on_reload", ""},
	"log_unknown_vrids":                   {"", "log_unknown_vrids", ""},
	"nftables":                            {"", "nftables own", "nftables " + strings.Repeat("x", 300)},
	"nftables_counters":                   {"", "nftables_counters", ""},
	"nftables_ifindex":                    {"", "nftables_ifindex", ""},
	"nftables_priority":                   {"", "nftables_priority -7", "nftables_priority high"},
	"no_email_faults":                     {"", "no_email_faults", ""},
	"process_monitor_rcv_bufs":            {"", "process_monitor_rcv_bufs 65536", "process_monitor_rcv_bufs large"},
	"process_monitor_rcv_bufs_force":      {"", "process_monitor_rcv_bufs_force", "process_monitor_rcv_bufs_force maybe"},
	"smtp_alert_vrrp":                     {"", "smtp_alert_vrrp", "smtp_alert_vrrp maybe"},
	"v3_checksum_as_v2":                   {"", "v3_checksum_as_v2", ""},
	"vmac_addr_prefix":                    {"", "vmac_addr_prefix vip", "vmac_addr_prefix"},
	"vmac_prefix":                         {"", "vmac_prefix vm", "vmac_prefix"},
	"vrrp_check_unicast_src":              {"", "vrrp_check_unicast_src", ""},
	"vrrp_cpu_affinity":                   {"", "vrrp_cpu_affinity 0", "vrrp_cpu_affinity zero"},
	"vrrp_delay_after_boot":               {"", "vrrp_delay_after_boot 2.5", "vrrp_delay_after_boot soon"},
	"vrrp_down_timer_adverts":             {"", "vrrp_down_timer_adverts 5", "vrrp_down_timer_adverts 101"},
	"vrrp_garp_extra_if":                  {"", "vrrp_garp_extra_if all 10", "vrrp_garp_extra_if all 86401"},
	"vrrp_garp_interval":                  {"", "vrrp_garp_interval 0.5", "vrrp_garp_interval often"},
	"vrrp_garp_lower_prio_delay":          {"", "vrrp_garp_lower_prio_delay 7", "vrrp_garp_lower_prio_delay 4295"},
	"vrrp_garp_lower_prio_repeat":         {"", "vrrp_garp_lower_prio_repeat 7", "vrrp_garp_lower_prio_repeat -1"},
	"vrrp_garp_master_delay":              {"", "vrrp_garp_master_delay 7", "vrrp_garp_master_delay 4295"},
	"vrrp_garp_master_refresh":            {"", "vrrp_garp_master_refresh 7", "vrrp_garp_master_refresh -1"},
	"vrrp_garp_master_refresh_repeat":     {"", "vrrp_garp_master_refresh_repeat 7", "vrrp_garp_master_refresh_repeat 0"},
	"vrrp_garp_master_repeat":             {"", "vrrp_garp_master_repeat 7", "vrrp_garp_master_repeat 0"},
	"vrrp_gna_interval":                   {"", "vrrp_gna_interval 0.5", "vrrp_gna_interval often"},
	"vrrp_higher_prio_send_advert":        {"", "vrrp_higher_prio_send_advert", "vrrp_higher_prio_send_advert maybe"},
	"vrrp_ipsets":                         {"", "vrrp_iptables\nvrrp_ipsets a b", "vrrp_iptables\nvrrp_ipsets same same"},
	"vrrp_iptables":                       {"", "vrrp_iptables IN OUT", "vrrp_iptables SAME SAME"},
	"vrrp_lower_prio_no_advert":           {"", "vrrp_lower_prio_no_advert", "vrrp_lower_prio_no_advert maybe"},
	"vrrp_mcast_group4":                   {"", "vrrp_mcast_group4 224.0.0.19", "vrrp_mcast_group4 10.0.0.1"},
	"vrrp_mcast_group6":                   {"", "vrrp_mcast_group6 ff02::19", "vrrp_mcast_group6 fe80::1"},
	"vrrp_min_garp":                       {"", "vrrp_min_garp", "vrrp_min_garp maybe"},
	"vrrp_netlink_cmd_rcv_bufs":           {"", "vrrp_netlink_cmd_rcv_bufs 65536", "vrrp_netlink_cmd_rcv_bufs large"},
	"vrrp_netlink_cmd_rcv_bufs_force":     {"", "vrrp_netlink_cmd_rcv_bufs_force", "vrrp_netlink_cmd_rcv_bufs_force maybe"},
	"vrrp_netlink_monitor_rcv_bufs":       {"", "vrrp_netlink_monitor_rcv_bufs 65536", "vrrp_netlink_monitor_rcv_bufs large"},
	"vrrp_netlink_monitor_rcv_bufs_force": {"", "vrrp_netlink_monitor_rcv_bufs_force", "vrrp_netlink_monitor_rcv_bufs_force maybe"},
	"vrrp_no_swap":                        {"", "vrrp_no_swap", ""},
	"vrrp_notify_fifo":                    {"", "vrrp_notify_fifo /run/f", "vrrp_notify_fifo"},
	"vrrp_notify_fifo_script":             {"", "vrrp_notify_fifo_script /bin/true", "vrrp_notify_fifo_script"},
	"vrrp_notify_priority_changes":        {"", "vrrp_notify_priority_changes", "vrrp_notify_priority_changes maybe"},
	"vrrp_owner_ignore_adverts":           {"", "vrrp_owner_ignore_adverts", "vrrp_owner_ignore_adverts maybe"},
	"vrrp_priority":                       {"", "vrrp_priority -7", "vrrp_priority 20"},
	"vrrp_process_name":                   {"", "vrrp_process_name v", "vrrp_process_name a_name_that_is_too_long"},
	"vrrp_rlimit_rtime":                   {"", "vrrp_rlimit_rtime 50000", "vrrp_rlimit_rtime long"},
	"vrrp_rlimit_rttime":                  {"", "vrrp_rlimit_rttime 50000", "vrrp_rlimit_rttime long"},
	"vrrp_rt_priority":                    {"", "vrrp_rt_priority 50", "vrrp_rt_priority high"},
	"vrrp_rx_bufs_multiplier":             {"", "vrrp_rx_bufs_multiplier 7", "vrrp_rx_bufs_multiplier 0"},
	"vrrp_rx_bufs_policy":                 {"", "vrrp_rx_bufs_policy ADVERT", "vrrp_rx_bufs_policy SOME"},
	"vrrp_skip_check_adv_addr":            {"", "vrrp_skip_check_adv_addr", "vrrp_skip_check_adv_addr maybe"},
	"vrrp_startup_delay":                  {"", "vrrp_startup_delay 2.5", "vrrp_startup_delay soon"},
	"vrrp_strict":                         {"", "vrrp_strict", "vrrp_strict maybe"},
	"vrrp_version":                        {"", "vrrp_version 3", "vrrp_version 4"},
	"vrrp_vmac_garp_intvl":                {"", "vrrp_vmac_garp_intvl all 10", "vrrp_vmac_garp_intvl all 86401"},
}

var instanceRows = map[string]row{
	"accept":                     {"version 3\nno_accept", "version 3\nno_accept\naccept", "strict_mode on\naccept"},
	"advert_int":                 {"", "advert_int 2", "advert_int 0"},
	"auth_hmac":                  {"", "auth_hmac {\nkey 1 0123456789abcdef0123456789abcdef\nactive_key 1\n}", "auth_hmac {\nkey 1 short\nactive_key 1\n}"},
	"authentication":             {"", "authentication {\nauth_type PASS\nauth_pass 1\n}", "authentication {\nauth_type pass\nauth_pass 1\n}"},
	"check_unicast_src":          {"unicast_peer {\n10.0.0.2\n}", "unicast_peer {\n10.0.0.2\n}\ncheck_unicast_src", "check_unicast_src maybe"},
	"debug":                      {"", "debug 2", "debug 5"},
	"dont_track_primary":         {"", "dont_track_primary", ""},
	"down_timer_adverts":         {"", "down_timer_adverts 5", "down_timer_adverts 101"},
	"garp_extra_if":              {"", "garp_extra_if all 10", "garp_extra_if all 86401"},
	"garp_lower_prio_delay":      {"", "garp_lower_prio_delay 7", "garp_lower_prio_delay 4295"},
	"garp_lower_prio_repeat":     {"", "garp_lower_prio_repeat 7", "garp_lower_prio_repeat -1"},
	"garp_master_delay":          {"", "garp_master_delay 7", "garp_master_delay 4295"},
	"garp_master_refresh":        {"", "garp_master_refresh 7", "garp_master_refresh -1"},
	"garp_master_refresh_repeat": {"", "garp_master_refresh_repeat 7", "garp_master_refresh_repeat 0"},
	"garp_master_repeat":         {"", "garp_master_repeat 7", "garp_master_repeat 0"},
	"higher_prio_send_advert":    {"", "higher_prio_send_advert", "higher_prio_send_advert maybe"},
	"interface":                  {"", "interface eth1", "interface a_name_that_is_too_long"},
	"kernel_rx_buf_size":         {"", "kernel_rx_buf_size 65536", "kernel_rx_buf_size large"},
	"linkbeat_use_polling":       {"", "linkbeat_use_polling", ""},
	"lower_prio_no_advert":       {"", "lower_prio_no_advert", "lower_prio_no_advert maybe"},
	"mcast_dst_ip":               {"", "mcast_dst_ip 224.0.0.19", "mcast_dst_ip 10.0.0.1"},
	"mcast_src_ip":               {"", "mcast_src_ip 10.0.0.1", "mcast_src_ip 10.0.0.300"},
	"native_ipv6":                {"", "virtual_ipaddress {\nfe80::9\n}\nnative_ipv6", "native_ipv6"},
	"no_accept":                  {"version 3", "version 3\nno_accept", "accept\nno_accept"},
	"no_virtual_ipaddress":       {"", "no_virtual_ipaddress", ""},
	"nopreempt":                  {"", "nopreempt", "state MASTER\nnopreempt"},
	"notify":                     notifyRow("notify"),
	"notify_backup":              notifyRow("notify_backup"),
	"notify_deleted":             {"", "notify_deleted /bin/true", ""},
	"notify_fault":               notifyRow("notify_fault"),
	"notify_master":              notifyRow("notify_master"),
	"notify_master_rx_lower_pri": notifyRow("notify_master_rx_lower_pri"),
	"notify_priority_changes":    {"", "notify_priority_changes", "notify_priority_changes maybe"},
	"notify_stop":                notifyRow("notify_stop"),
	"old_unicast_checksum":       {"version 3\nunicast_peer {\n10.0.0.2\n}", "version 3\nunicast_peer {\n10.0.0.2\n}\nold_unicast_checksum never", "old_unicast_checksum sometimes"},
	"owner_ignore_adverts":       {"priority 255", "priority 255\nowner_ignore_adverts", "owner_ignore_adverts maybe"},
	"preempt":                    {"nopreempt", "nopreempt\npreempt", ""},
	"preempt_delay":              {"", "preempt_delay 2.5", "preempt_delay 1001"},
	"priority":                   {"", "priority 7", "priority 256"},
	"promote_secondaries":        {"", "promote_secondaries", ""},
	"skip_check_adv_addr":        {"", "skip_check_adv_addr", "skip_check_adv_addr maybe"},
	"smtp_alert":                 {"", "smtp_alert", "smtp_alert maybe"},
	"state":                      {"", "state MASTER", "state FAULT"},
	"strict_mode":                {"", "strict_mode on", "strict_mode maybe"},
	"thread_timer_expired":       {"nopreempt", "nopreempt\nthread_timer_expired 7", "thread_timer_expired 255"},
	"timer_expired_backup":       {"nopreempt", "nopreempt\ntimer_expired_backup 7", "timer_expired_backup 255"},
	"track_file":                 {"", "track_file {\n}", "track_file {\nnot_there\n}"},
	"track_interface":            {"", "track_interface {\neth1\n}", "track_interface {\neth1 weight 300\n}"},
	"track_process":              {"", "track_process {\n}", "track_process {\nnot_there\n}"},
	"track_script":               {"", "track_script {\n}", "track_script {\nnot_there\n}"},
	"track_src_ip":               {"mcast_src_ip 10.0.0.1", "mcast_src_ip 10.0.0.1\ntrack_src_ip", ""},
	"unicast_fault_no_peer":      {"unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}", "unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}\nunicast_fault_no_peer", "unicast_fault_no_peer"},
	"unicast_peer":               {"", "unicast_peer {\n10.0.0.2\n}", "unicast_peer {\n10.0.0.300\n}"},
	"unicast_src_ip":             {"unicast_peer {\n10.0.0.2\n}", "unicast_peer {\n10.0.0.2\n}\nunicast_src_ip 10.0.0.1", "unicast_src_ip 10.0.0.300"},
	"unicast_ttl":                {"unicast_peer {\n10.0.0.2\n}", "unicast_peer {\n10.0.0.2\n}\nunicast_ttl 7", "unicast_ttl 256"},
	"use_ipvlan":                 {"version 3", "version 3\nuse_ipvlan 10.0.0.9/24", "use_ipvlan a_name_that_is_too_long"},
	"use_vmac":                   {"", "use_vmac", "use_vmac a_name_that_is_too_long"},
	"use_vmac_addr":              {"use_vmac", "use_vmac\nuse_vmac_addr", ""},
	"v3_checksum_as_v2":          {"version 3", "version 3\nv3_checksum_as_v2", "v3_checksum_as_v2 maybe"},
	"version":                    {"", "version 3", "version 4"},
	"virtual_ipaddress":          {"", "virtual_ipaddress {\n192.0.2.9\n}", "virtual_ipaddress {\n192.0.2.900\n}"},
	"virtual_ipaddress_excluded": {"", "virtual_ipaddress_excluded {\n192.0.2.9\n}", "virtual_ipaddress_excluded {\n192.0.2.900\n}"},
	"virtual_router_id":          {"", "virtual_router_id 52", "virtual_router_id 256"},
	"virtual_routes":             {"", "virtual_routes {\n10.0.0.0/8 dev eth0\n}", "virtual_routes {\n10.0.0.0/99 dev eth0\n}"},
	"virtual_rules":              {"", "virtual_rules {\nfrom 10.0.0.0/8 table 7 preference 5\n}", "virtual_rules {\nfrom 10.0.0.0/99 table 7\n}"},
	"vmac_garp_intvl":            {"", "vmac_garp_intvl all 10", "vmac_garp_intvl all 86401"},
	"vmac_xmit_base":             {"use_vmac", "use_vmac\nvmac_xmit_base", "vmac_xmit_base"},
	"vrf":                        {"", "vrf vrf1", "vrf a_name_that_is_too_long"},
}

var trackRow = row{"N", "N weight 7", "N weight 300"}

// nestedRows are those of blocks and options below others.
var nestedRows = map[string]map[string]row{
	"": {
		"linkbeat_use_polling": {"", "linkbeat_use_polling", ""},
		"vrrp_instance":        {"", "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}", "vrrp_instance V {\n}"},
		"vrrp_sync_group": {twoInstances, twoInstances + "vrrp_sync_group G {\ngroup {\nA\nB\n}\n}",
			"vrrp_sync_group G {\n}"},
		"garp_group":               {"", "garp_group {\ninterface eth0\ngarp_interval 1\n}", "garp_group {\n}"},
		"interface_up_down_delays": {"", "interface_up_down_delays {\neth0 2 3\n}", "interface_up_down_delays {\neth0 soon\n}"},
		"linkbeat_interfaces":      {"", "linkbeat_interfaces {\neth0 MII\n}", "linkbeat_interfaces {\neth0 RADIO\n}"},
		"vrrp_script":              {"", "vrrp_script N {\nscript /bin/true\n}\n" + tracksOne("track_script"), "vrrp_script N {\n}"},
		"track_file":               {"", "track_file N {\nfile /tmp/n\n}\n" + tracksOne("track_file"), "track_file N {\n}"},
		"vrrp_track_file":          {"", "vrrp_track_file N {\nfile /tmp/n\n}\n" + tracksOne("track_file"), "vrrp_track_file N {\n}"},
		"vrrp_track_process":       {"", "vrrp_track_process N {\nprocess n\n}\n" + tracksOne("track_process"), "vrrp_track_process N {\n}"},
		"static_ipaddress":         {"", "static_ipaddress {\n192.0.2.9/24 dev eth0\n}", "static_ipaddress {\n192.0.2.900/24 dev eth0\n}"},
		"static_routes":            {"", "static_routes {\n10.0.0.0/8 dev eth0\n}", "static_routes {\n10.0.0.0/99 dev eth0\n}"},
		"static_rules":             {"", "static_rules {\nfrom 10.0.0.0/8 table 7 preference 5\n}", "static_rules {\nfrom 10.0.0.0/99 table 7\n}"},
		"track_group":              {twoInstances, twoInstances + "track_group G {\ngroup {\nA\n}\n}\nstatic_routes {\n10.0.0.0/8 dev eth0 track_group G\n}", "track_group G {\n}"},
	},
	"vrrp_instance/authentication": {
		"auth_pass": {"auth_type PASS\nauth_pass 1", "auth_type PASS\nauth_pass 2", "auth_type PASS\nauth_pass 123456789"},
		"auth_type": {"auth_pass 1", "auth_pass 1\nauth_type AH", "auth_pass 1\nauth_type ah"},
	},
	"vrrp_instance/auth_hmac": {
		"active_key":  {"key 2 0123456789abcdef0123456789abcdef", "key 2 0123456789abcdef0123456789abcdef\nactive_key 2", "active_key 256"},
		"anti_replay": {"", "anti_replay monotonic", "anti_replay never"},
		"key":         {"", "key 2 0123456789abcdef0123456789abcdef", "key 2 short"},
		"mode":        {"", "mode permissive", "mode lax"},
		"time_window": {"", "time_window 7", "time_window 301"},
	},
	"vrrp_instance/track_file":      {"<NAME>": trackRow},
	"vrrp_instance/track_interface": {"<IFNAME>": {"eth1", "eth1 weight 7", "eth1 weight 300"}},
	"vrrp_instance/track_process":   {"<NAME>": trackRow},
	"vrrp_instance/track_script":    {"<NAME>": trackRow},
	"vrrp_instance/unicast_peer": {
		"max_ttl": {"10.0.0.2", "10.0.0.2 max_ttl 7", "10.0.0.2 max_ttl 256"},
		"min_ttl": {"10.0.0.2", "10.0.0.2 min_ttl 7", "10.0.0.2 min_ttl 256"},
	},
	"vrrp_instance/use_vmac": {
		"group":              {"use_vmac", "use_vmac group 7", "use_vmac group no_such_group"},
		"name":               {"use_vmac", "use_vmac name new", "use_vmac name a_name_that_is_too_long"},
		"netlink_notify_msg": {"use_vmac", "use_vmac netlink_notify_msg", ""},
	},
	"vrrp_instance/use_ipvlan": {
		"bridge":  {"version 3\nuse_ipvlan 10.0.0.9/24 private", "version 3\nuse_ipvlan 10.0.0.9/24 bridge", ""},
		"group":   {"version 3\nuse_ipvlan 10.0.0.9/24", "version 3\nuse_ipvlan 10.0.0.9/24 group 7", "version 3\nuse_ipvlan group no_such_group"},
		"name":    {"version 3\nuse_ipvlan 10.0.0.9/24", "version 3\nuse_ipvlan name new 10.0.0.9/24", "version 3\nuse_ipvlan name a_name_that_is_too_long"},
		"private": {"version 3\nuse_ipvlan 10.0.0.9/24", "version 3\nuse_ipvlan 10.0.0.9/24 private", ""},
		"vepa":    {"version 3\nuse_ipvlan 10.0.0.9/24", "version 3\nuse_ipvlan 10.0.0.9/24 vepa", ""},
	},
	"vrrp_sync_group": {
		"global_tracking":            {"", "global_tracking", ""},
		"group":                      {"group {\nA\nB\n}", "group {\nA\nV\n}", "group {\nA\nnot_there\n}"},
		"notify":                     notifyRow("notify"),
		"notify_backup":              notifyRow("notify_backup"),
		"notify_fault":               notifyRow("notify_fault"),
		"notify_master":              notifyRow("notify_master"),
		"notify_priority_changes":    {"", "notify_priority_changes", "notify_priority_changes maybe"},
		"notify_stop":                notifyRow("notify_stop"),
		"smtp_alert":                 {"", "smtp_alert", "smtp_alert maybe"},
		"sync_group_tracking_weight": {"", "sync_group_tracking_weight", ""},
		"track_file":                 {"", "track_file {\n}", "track_file {\nnot_there\n}"},
		"track_interface":            {"", "track_interface {\neth1\n}", "track_interface {\neth1 weight 300\n}"},
		"track_process":              {"", "track_process {\n}", "track_process {\nnot_there\n}"},
		"track_script":               {"", "track_script {\n}", "track_script {\nnot_there\n}"},
	},
	"vrrp_sync_group/track_file":      {"<NAME>": trackRow},
	"vrrp_sync_group/track_interface": {"<IFNAME>": {"eth1", "eth1 weight 7", "eth1 weight 300"}},
	"vrrp_sync_group/track_process":   {"<NAME>": trackRow},
	"vrrp_sync_group/track_script":    {"<NAME>": trackRow},
	"garp_group": {
		"garp_interval": {"", "garp_interval 2.5", "garp_interval often"},
		"gna_interval":  {"", "gna_interval 2.5", "gna_interval often"},
		"interface":     {"", "interface eth1", "interface a_name_that_is_too_long"},
		"interfaces":    {"", "interfaces {\neth1\neth2\n}", "interfaces {\na_name_that_is_too_long\n}"},
	},
	"interface_up_down_delays": {"<IFNAME>": {"", "eth0 2 3", "eth0 256"}},
	"linkbeat_interfaces":      {"<IFNAME>": {"eth0", "eth0 ETHTOOL", "eth0 ethtool"}},
	"vrrp_script": {
		"fall":      {"", "fall 7", "fall 0"},
		"init_fail": {"", "init_fail", ""},
		"interval":  {"", "interval 7", "interval 0"},
		"rise":      {"", "rise 7", "rise 0"},
		"script":    {"", "script /bin/false", "script"},
		"timeout":   {"", "timeout 7", "timeout 0"},
		"user":      {"", "user root", "user"},
		"weight":    {"", "weight 7", "weight 300"},
	},
	"track_file":      trackFileRows,
	"vrrp_track_file": trackFileRows,
	"vrrp_track_process": {
		"delay":           {"", "delay 7", "delay 3601"},
		"fork_delay":      {"", "fork_delay 7", "fork_delay 3601"},
		"full_command":    {"", "full_command", ""},
		"param_match":     {"", "param_match initial", "param_match final"},
		"process":         {"process n", "process /bin/n with words", "process"},
		"quorum":          {"", "quorum 7", "quorum 0"},
		"quorum_max":      {"", "quorum_max 7", "quorum_max 65536"},
		"terminate_delay": {"", "terminate_delay 7", "terminate_delay 3601"},
		"weight":          {"", "weight 7", "weight 300"},
	},
	"track_group": {"group": {"track_group G {\ngroup {\nA\n}\n}\nstatic_routes {\n10.0.0.0/8 dev eth0 track_group G\n}",
		"track_group G {\ngroup {\nA\nB\n}\n}\nstatic_routes {\n10.0.0.0/8 dev eth0 track_group G\n}", "track_group G {\ngroup {\nnot_there\n}\n}"}},
}

var trackFileRows = map[string]row{
	"file":      {"", "file /tmp/other", "file"},
	"init_file": {"", "init_file 7", "init_file overwriting"},
	"weight":    {"", "weight 7", "weight 300"},
}

// topRows are of keywords outside of blocks.
var topRows = map[string]row{"namespace_with_ipsets": {"", "namespace_with_ipsets", ""}}

// rowOf finds the row of a keyword.
func rowOf(block, name string) (row, bool) {
	if r, ok := topRows[name]; block == "" && ok {
		return r, ok
	}
	switch block {
	case "global_defs":
		r, ok := globalRows[name]
		return r, ok
	case "vrrp_instance":
		r, ok := instanceRows[name]
		return r, ok
	case "vrrp_instance/virtual_ipaddress", "vrrp_instance/virtual_ipaddress_excluded", "static_ipaddress":
		return lineRow(addressOptionRows, "192.0.2.9/24 dev eth0", name)
	}
	top, rest, _ := strings.Cut(strings.TrimPrefix(block, "vrrp_instance/"), "/")
	switch top {
	case "virtual_routes", "static_routes":
		if rest != "" {
			name = rest + "/" + name
		}
		return lineRow(routeOptionRows, "10.0.0.0/8 dev eth0", name)
	case "virtual_rules", "static_rules":
		return lineRow(ruleOptionRows, rule, name)
	}
	r, ok := nestedRows[block][name]
	return r, ok
}

// shellOf is the text around the row of a keyword: its own, or that of the block that it is in.
func shellOf(path string, r row) string {
	if shell, ok := vrrpShells["="+path]; ok {
		return shell
	}
	for path != "" {
		path = path[:max(0, strings.LastIndexByte(path, '/'))]
		if path == "vrrp_instance/virtual_ipaddress" && strings.Contains(r.base, ":") {
			return strings.Replace(vrrpShells[path], "192.0.2.1", "fe80::1", 1) // all are of one family
		}
		if shell, ok := vrrpShells[path]; ok {
			return shell
		}
	}
	return vrrpShells[""]
}

// lineRow is the row of an option of a line.
func lineRow(options map[string]row, usual, name string) (row, bool) {
	r, ok := options[name]
	if r.base == "" {
		r.base = usual
	}
	return r, ok
}

// TestInstancePairs has for each keyword of VRRP, tracking and static objects a text that changes the configuration and
// one that is complained of.
func TestInstancePairs(t *testing.T) {
	tried := 0
	Walk(func(path string, k *Keyword) {
		if k.Effect != Acts || k.Since == "" || k.Area != "vrrp" && k.Area != "track" && k.Area != "static" {
			return
		}
		block, name := "", path
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			block, name = path[:i], path[i+1:]
		}
		r, ok := rowOf(block, name)
		if !ok {
			t.Errorf("%s has no row", path)
			return
		}
		tried++
		checkRow(t, path, k, shellOf(path, r), r)
	})
	if tried < 400 {
		t.Errorf("only %d keywords were tried", tried)
	}
}

func checkRow(t *testing.T, path string, k *Keyword, shell string, r row) {
	t.Helper()
	env := Env{
		HostName: "host", CPUs: 8,
		Interface: func(n string) (Interface, bool) {
			return Interface{MTU: 1500, VRF: n == "vrf1"}, len(n) < 16 && n != "new"
		},
		User: func(n string) (Account, bool) { return Account{Name: n, UID: 7, GID: 7}, true },
	}
	decode := func(lines string) (Config, []parser.Diagnostic) {
		return decodeOn(t, fmt.Sprintf(strings.ReplaceAll(shell, "%s", "%[1]s"), lines), env)
	}
	without, diags := decode(r.base)
	if got := status(diags); got != parser.StatusOK {
		t.Errorf("%s: the text without it is faulty: %v", path, diags)
	}
	with, diags := decode(r.good)
	if got := status(diags); got != parser.StatusOK && !mayComplain[path] && !k.Deprecated {
		t.Errorf("%s: %q has status %d: %v", path, r.good, got, diags)
	}
	if reflect.DeepEqual(without, with) && !changesNothing[path] {
		t.Errorf("%s: %q changes nothing", path, r.good)
	}
	optional := strings.HasPrefix(k.Syntax, "(flag") || strings.HasPrefix(k.Syntax, "[")
	if _, diags = decode(r.bad); len(diags) == 0 && (r.bad != "" || !optional) {
		t.Errorf("%s: nothing is said of %q", path, r.bad)
	}
}

// mayComplain are keywords of which something is said even where they are right.
var mayComplain = map[string]bool{
	"vrrp_instance/linkbeat_use_polling": true,                           // a block is better
	"vrrp_instance/native_ipv6":          true,                           // the other address is not of this family
	"vrrp_instance/virtual_routes/as":    true, "static_routes/as": true, // of MPLS routes, which cannot be given
}

// changesNothing are keywords that only say what is so anyway.
var changesNothing = map[string]bool{"vrrp_instance/virtual_routes/as": true, "static_routes/as": true}
