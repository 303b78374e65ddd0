package config

// vrrpShells are the blocks of VRRP, tracking and static objects, complete but for the lines of a row.
var vrrpShells = map[string]string{
	"":                                "%s\n",
	"global_defs":                     "global_defs {\n%s\n}\n",
	"vrrp_instance":                   "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n%s\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/authentication":    "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nauthentication {\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/auth_hmac":         "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nauth_hmac {\nkey 1 0123456789abcdef0123456789abcdef\nactive_key 1\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/track_file":        "track_file N {\nfile /tmp/n\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 51\ntrack_file {\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/track_interface":   "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\ntrack_interface {\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/track_process":     "vrrp_track_process N {\nprocess n\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 51\ntrack_process {\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/track_script":      "vrrp_script N {\nscript /bin/true\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 51\ntrack_script {\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/unicast_peer":      "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nunicast_peer {\n%s\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/use_vmac":          "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n%s\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/use_ipvlan":        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n%s\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
	"vrrp_instance/virtual_ipaddress": "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.1\n%s\n}\n}\n",
	"vrrp_instance/virtual_ipaddress_excluded": "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.1\n}\n" +
		"virtual_ipaddress_excluded {\n%s\n}\n}\n",
	"vrrp_instance/virtual_routes":    "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.1\n}\nvirtual_routes {\n%s\n}\n}\n",
	"vrrp_instance/virtual_rules":     "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n192.0.2.1\n}\nvirtual_rules {\n%s\n}\n}\n",
	"vrrp_sync_group":                 twoInstances + "vrrp_sync_group G {\ngroup {\nA\nB\n}\n%s\n}\n",
	"vrrp_sync_group/track_file":      "track_file N {\nfile /tmp/n\n}\n" + twoInstances + "vrrp_sync_group G {\ngroup {\nA\nB\n}\ntrack_file {\n%s\n}\n}\n",
	"vrrp_sync_group/track_interface": twoInstances + "vrrp_sync_group G {\ngroup {\nA\nB\n}\ntrack_interface {\n%s\n}\n}\n",
	"vrrp_sync_group/track_process":   "vrrp_track_process N {\nprocess n\n}\n" + twoInstances + "vrrp_sync_group G {\ngroup {\nA\nB\n}\ntrack_process {\n%s\n}\n}\n",
	"vrrp_sync_group/track_script":    "vrrp_script N {\nscript /bin/true\n}\n" + twoInstances + "vrrp_sync_group G {\ngroup {\nA\nB\n}\ntrack_script {\n%s\n}\n}\n",
	"garp_group":                      "garp_group {\ninterface eth0\ngarp_interval 9\n%s\n}\n",
	"interface_up_down_delays":        "interface_up_down_delays {\n%s\n}\n",
	"linkbeat_interfaces":             "linkbeat_interfaces {\n%s\n}\n",
	"vrrp_script":                     "vrrp_script N {\nscript /bin/true\n%s\n}\n" + tracksOne("track_script"),
	"track_file":                      "track_file N {\nfile /tmp/n\n%s\n}\n" + tracksOne("track_file"),
	"vrrp_track_file":                 "vrrp_track_file N {\nfile /tmp/n\n%s\n}\n" + tracksOne("track_file"),
	"vrrp_track_process":              "vrrp_track_process N {\nprocess n\n%s\n}\n" + tracksOne("track_process"),
	"static_ipaddress":                "track_group G {\ngroup {\nA\n}\n}\n" + twoInstances + "static_ipaddress {\n%s\n}\n",
	"static_routes":                   "track_group G {\ngroup {\nA\n}\n}\n" + twoInstances + "static_routes {\n%s\n}\n",
	"static_rules":                    "track_group G {\ngroup {\nA\n}\n}\n" + twoInstances + "static_rules {\n%s\n}\n",
	"track_group":                     twoInstances + "%s\n",
	"=namespace_with_ipsets":          "%s\n",
	"=vrrp_instance/vrf":              "vrrp_instance V {\nvirtual_router_id 51\nunicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}\n%s\nvirtual_ipaddress {\n192.0.2.1 dev eth0\n}\n}\n",
	"=vrrp_track_process/process":     "vrrp_track_process N {\n%s\n}\n" + tracksOne("track_process"),
	"=vrrp_sync_group/group":          twoInstances + tracksOne("track_interface") + "vrrp_sync_group G {\n%s\n}\n",
}

const twoInstances = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n" +
	"vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress {\n192.0.2.2\n}\n}\n"

func tracksOne(block string) string {
	return "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n" + block + " {\nN\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n"
}
