package config

// routeOptions are the words of a route line. track_group belongs to static ones only.
func routeOptions(area string) []Keyword {
	rows := []Keyword{
		{
			Name: "<DESTINATION>", Syntax: "[to] [TYPE] PREFIX or default/any/all; TYPE is a route type name such as unicast local broadcast anycast multicast throw unreachable prohibit blackhole nat", Default: "required",
			Since: "1.0.1", Area: area, Meaning: "route destination (default6 accepted as deprecated form of inet6 default)",
			Note:       "TYPE and to exclude each other; of several destinations the last counts",
			Deprecated: true,
		},
		{
			Name: "add", Syntax: "(flag)", Default: "prepend",
			Since: "2.2.5", Area: area, Meaning: "fail when a matching route exists",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "advmss", Syntax: "[lock] INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "advertised MSS",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "append", Syntax: "(flag)", Default: "prepend",
			Since: "2.2.5", Area: area, Meaning: "insert after matching routes",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "as", Syntax: "[to] ADDR", Default: "not supported (reported)",
			Since: "1.2.24", Area: area, Meaning: "NAT/MPLS address rewrite, not implemented for ordinary routes",
		},
		{
			Name: "congctl", Syntax: "[lock] NAME", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "congestion control algorithm",
		},
		{
			Name: "cwnd", Syntax: "[lock] INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "congestion window clamp",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "dev", Syntax: "IFNAME", Default: "none",
			Since: "1.0.1", Area: area, Meaning: "output interface",
			Arg: Arg{Kind: Text},
		},
		{
			Name: "dsfield", Syntax: "as tos", Default: "0",
			Since: "1.2.24", Area: area, Meaning: "same as tos",
		},
		{
			Name: "encap", Syntax: "ip | ip6 | mpls LABEL[/LABEL...] | ila LOCATOR64, with options", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "lightweight tunnel encapsulation",
			Options: []Keyword{
				{
					Name: "ila", Syntax: "four 16 bit hexadecimal groups", Default: "-",
					Since: "1.2.24", Area: area, Meaning: "ILA locator",
				},
				{
					Name: "ip", Syntax: "[id INT64] [dst IPv4] [src IPv4] [tos X] [ttl INT[0..255]] [flags INT[0..65535]]; dst or id required", Default: "-",
					Since: "1.2.24", Area: area, Meaning: "IPv4 tunnel encapsulation options",
				},
				{
					Name: "ip6", Syntax: "[id INT64] [dst IPv6] [src IPv6] [tc X] [hoplimit INT[0..255]] [flags INT[0..65535]]; dst or id required", Default: "-",
					Since: "1.2.24", Area: area, Meaning: "IPv6 tunnel encapsulation options",
				},
				{
					Name: "mpls", Syntax: "LABEL[0..1048575] separated by /", Default: "-",
					Since: "1.2.24", Area: area, Meaning: "MPLS label stack",
					Note: "at most two labels",
				},
			},
		},
		{
			Name: "expires", Syntax: "INT[0..4294967295] seconds (IPv6 only)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "route lifetime",
			Arg: secondsArg(0, 4294967295),
		},
		{
			Name: "fastopen_no_cookie", Syntax: "0 or 1", Default: "none",
			Since: "1.4.3", Area: area, Meaning: "TCP fast open without cookie",
			Arg: intArg(0, 1),
		},
		{
			Name: "features", Syntax: "ecn", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "route features",
		},
		{
			Name: "from", Syntax: "IPv6 PREFIX", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "source prefix (IPv6 only)",
		},
		{
			Name: "gw", Syntax: "as via", Default: "none",
			Since: "1.0.1", Area: area, Meaning: "deprecated alias of via (reported)",
			Deprecated: true,
		},
		{
			Name: "hoplimit", Syntax: "INT[0..255]", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "hop limit metric",
			Arg: intArg(0, 255),
		},
		{
			Name: "inet", Syntax: "(flag)", Default: "from addresses, else IPv4",
			Since: "1.2.24", Area: area, Meaning: "force IPv4",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "inet6", Syntax: "(flag)", Default: "from addresses",
			Since: "1.2.24", Area: area, Meaning: "force IPv6",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "initcwnd", Syntax: "INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "initial congestion window",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "initrwnd", Syntax: "INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "initial receive window",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "metric", Syntax: "INT[0..4294967295]", Default: "0",
			Since: "1.1.15", Area: area, Meaning: "route metric",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "mtu", Syntax: "[lock] INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "path MTU",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "nexthop", Syntax: "one or more at the end: nexthop [via [inet|inet6] ADDR] [dev IFNAME] [weight INT[1..256]] [onlink] [encap ...] [realms X]", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "multipath route",
			Options: []Keyword{
				{
					Name: "dev", Syntax: "IFNAME", Default: "none",
					Since: "1.0.1", Area: area, Meaning: "interface of the hop",
					Arg: Arg{Kind: Text},
				},
				{
					Name: "encap", Syntax: "as encap", Default: "none",
					Since: "1.2.24", Area: area, Meaning: "encapsulation of the hop",
				},
				{
					Name: "onlink", Syntax: "(flag)", Default: "off",
					Since: "1.2.24", Area: area, Meaning: "gateway is on link",
					Arg: Arg{Kind: Flag},
				},
				{
					Name: "realms", Syntax: "as realms", Default: "none",
					Since: "1.2.24", Area: area, Meaning: "realms of the hop",
				},
				{
					Name: "via", Syntax: "[inet|inet6] IPADDR", Default: "none",
					Since: "1.0.1", Area: area, Meaning: "gateway of the hop",
					Note: "must be of the family of the destination",
				},
				{
					Name: "weight", Syntax: "INT[1..256]", Default: "1",
					Since: "1.2.24", Area: area, Meaning: "weight of the hop",
					Arg: intArg(1, 256),
				},
			},
		},
		{
			Name: "no_track", Syntax: "(flag)", Default: "off",
			Since: "2.0.3", Area: area, Meaning: "losing the route does not cause a transition nor a re-add",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "oif", Syntax: "IFNAME", Default: "none",
			Since: "1.0.1", Area: area, Meaning: "same as dev",
			Arg: Arg{Kind: Text},
		},
		{
			Name: "onlink", Syntax: "(flag)", Default: "off",
			Since: "1.2.24", Area: area, Meaning: "pretend the gateway is on link",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "or", Syntax: "IPADDR", Default: "none",
			Since: "1.1.16", Area: area, Meaning: "deprecated second gateway, converted to nexthops",
			Deprecated: true,
			Arg:        Arg{Kind: Addr},
		},
		{
			Name: "pref", Syntax: "low, medium, high or INT[0..255] (IPv6 only)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "router preference",
		},
		{
			Name: "preference", Syntax: "as metric", Default: "0",
			Since: "1.2.24", Area: area, Meaning: "same as metric",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "prepend", Syntax: "(flag)", Default: "default",
			Since: "2.2.5", Area: area, Meaning: "insert before matching routes",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "priority", Syntax: "as metric", Default: "0",
			Since: "1.2.24", Area: area, Meaning: "same as metric",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "protocol", Syntax: "name from rt_protos or number", Default: "keepalived (18) unless no_track",
			Since: "1.2.24", Area: area, Meaning: "route protocol; reset with a complaint when tracked",
		},
		{
			Name: "quickack", Syntax: "0 or 1", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "quick ACK",
			Arg: intArg(0, 1),
		},
		{
			Name: "realms", Syntax: "[FROM/]TO names from rt_realms or numbers (IPv4 only)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "routing realm",
		},
		{
			Name: "reordering", Syntax: "[lock] INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "reordering metric",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "rto_min", Syntax: "[lock] TIME (raw ms units)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "minimum RTO",
		},
		{
			Name: "rtt", Syntax: "[lock] TIME: number (raw 1/8 ms units), or with s/sec/secs/ms suffix; limited to 0.2..120 s", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "initial RTT",
		},
		{
			Name: "rttvar", Syntax: "[lock] TIME (raw 1/4 ms units)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "initial RTT variance",
		},
		{
			Name: "scope", Syntax: "name from rt_scopes or number", Default: "global (universe)",
			Since: "1.0.3", Area: area, Meaning: "route scope",
		},
		{
			Name: "src", Syntax: "IPADDR", Default: "none",
			Since: "1.0.2", Area: area, Meaning: "preferred source",
			Arg: Arg{Kind: Addr},
		},
		{
			Name: "ssthresh", Syntax: "[lock] INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "slow start threshold",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "table", Syntax: "name from rt_tables or number", Default: "main (254)",
			Since: "1.0.2", Area: area, Meaning: "routing table",
		},
		{
			Name: "to", Syntax: "keyword before the destination", Default: "-",
			Since: "1.0.1", Area: area, Meaning: "optional noise word",
		},
		{
			Name: "tos", Syntax: "name from rt_dsfield or number", Default: "0",
			Since: "1.2.24", Area: area, Meaning: "type of service",
		},
		{
			Name: "ttl-propagate", Syntax: "enabled or disabled", Default: "none",
			Since: "2.0.8", Area: area, Meaning: "MPLS TTL propagation",
		},
		{
			Name: "via", Syntax: "[inet|inet6] IPADDR", Default: "none",
			Since: "1.0.1", Area: area, Meaning: "gateway (may be of the other family)",
			Note: "must be of the family of the destination",
		},
		{
			Name: "vrf", Syntax: "IFNAME of an existing VRF", Default: "none",
			Since: "2.2.5", Area: area, Meaning: "use the table of that VRF",
			Arg: Arg{Kind: Text},
		},
		{
			Name: "window", Syntax: "INT", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "maximum TCP window",
			Arg: intArg(0, 4294967295),
		},
	}
	if area == "static" {
		rows = append(rows, Keyword{
			Name: "track_group", Syntax: "NAME of a track_group", Default: "none",
			Since: "2.0.3", Area: area, Meaning: "instances that go to FAULT when the route is lost",
			Note: "needs dev/oif",
			Arg:  Arg{Kind: Text},
		})
	}
	return acting(rows)
}

// ruleOptions are the words of a rule line. track_group belongs to static ones only.
func ruleOptions(area string) []Keyword {
	rows := []Keyword{
		{
			Name: "blackhole", Syntax: "(flag)", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "action: drop silently",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "dev", Syntax: "IFNAME", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "input interface selector",
			Arg: Arg{Kind: Text},
		},
		{
			Name: "dport", Syntax: "START-END (quirk as sport)", Default: "none",
			Since: "2.0.1", Area: area, Meaning: "destination port selector",
		},
		{
			Name: "dsfield", Syntax: "as tos", Default: "0",
			Since: "1.2.24", Area: area, Meaning: "same as tos",
		},
		{
			Name: "from", Syntax: "PREFIX or default/any/all", Default: "any",
			Since: "1.2.20", Area: area, Meaning: "source selector",
		},
		{
			Name: "fwmark", Syntax: "VALUE[/MASK] (decimal, 0x, 0)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "mark selector",
		},
		{
			Name: "goto", Syntax: "INT[0..4294967295], larger than the own preference", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "action: continue at that rule",
			Arg: intArg(0, 4294967295),
		},
		{
			Name: "iif", Syntax: "IFNAME", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "same as dev",
			Arg: Arg{Kind: Text},
		},
		{
			Name: "inet", Syntax: "(flag)", Default: "from addresses, else IPv4",
			Since: "2.0.1", Area: area, Meaning: "force IPv4",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "inet6", Syntax: "(flag)", Default: "from addresses",
			Since: "2.0.1", Area: area, Meaning: "force IPv6",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "ipproto", Syntax: "protocol name or number[0..255] (man page spells ip_proto)", Default: "none",
			Since: "2.0.1", Area: area, Meaning: "IP protocol selector",
			Note: "numbers up to 127, names of /etc/protocols for the others; ip_proto is not known",
		},
		{
			Name: "l3mdev", Syntax: "(flag)", Default: "off",
			Since: "1.4.3", Area: area, Meaning: "action: use the table of the l3 master device",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "lookup", Syntax: "as table", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "same as table",
		},
		{
			Name: "no_track", Syntax: "(flag)", Default: "off",
			Since: "2.0.3", Area: area, Meaning: "losing the rule does not cause a transition nor a re-add",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "nop", Syntax: "(flag)", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "action: none",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "not", Syntax: "(flag)", Default: "off",
			Since: "1.2.24", Area: area, Meaning: "invert the match",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "oif", Syntax: "IFNAME", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "output interface selector",
			Arg: Arg{Kind: Text},
		},
		{
			Name: "order", Syntax: "as preference", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "same as preference",
			Arg: Arg{Kind: Int, Max: 4294967295},
		},
		{
			Name: "preference", Syntax: "INT[0..4294967295] (0x and 0 prefixes allowed)", Default: "assigned descending from 16384 with a complaint",
			Since: "1.2.24", Area: area, Meaning: "rule priority",
			Arg: Arg{Kind: Int, Max: 4294967295},
		},
		{
			Name: "priority", Syntax: "as preference", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "same as preference",
			Arg: Arg{Kind: Int, Max: 4294967295},
		},
		{
			Name: "prohibit", Syntax: "(flag)", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "action: drop with prohibited",
			Arg: Arg{Kind: Flag},
		},
		{
			Name: "protocol", Syntax: "INT[0..255]", Default: "keepalived (18) unless no_track",
			Since: "2.0.1", Area: area, Meaning: "rule protocol",
			Arg: intArg(0, 255),
		},
		{
			Name: "realms", Syntax: "[FROM/]TO (IPv4 table rules only)", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "realms set by the rule",
		},
		{
			Name: "sport", Syntax: "START-END (quirk: a single port is parsed but then rejected)", Default: "none",
			Since: "2.0.1", Area: area, Meaning: "source port selector",
		},
		{
			Name: "sup_group", Syntax: "as suppress_ifgroup", Default: "off",
			Since: "1.2.24", Area: area, Meaning: "same as suppress_ifgroup",
		},
		{
			Name: "sup_pl", Syntax: "as suppress_prefixlength", Default: "off",
			Since: "1.2.24", Area: area, Meaning: "same as suppress_prefixlength",
			Arg: intArg(0, 2147483647),
		},
		{
			Name: "suppress_ifgroup", Syntax: "group name or number", Default: "off",
			Since: "1.2.24", Area: area, Meaning: "ignore results leaving through this interface group",
		},
		{
			Name: "suppress_prefixlength", Syntax: "INT[0..2147483647]", Default: "off",
			Since: "1.2.24", Area: area, Meaning: "ignore table results with prefix length up to this",
			Arg: intArg(0, 2147483647),
		},
		{
			Name: "table", Syntax: "name from rt_tables or number (not 0)", Default: "one action is required",
			Since: "1.2.20", Area: area, Meaning: "action: look up this table",
		},
		{
			Name: "to", Syntax: "PREFIX or default/any/all", Default: "any",
			Since: "1.2.20", Area: area, Meaning: "destination selector",
		},
		{
			Name: "tos", Syntax: "name from rt_dsfield or number", Default: "0",
			Since: "1.2.24", Area: area, Meaning: "TOS selector",
		},
		{
			Name: "tunnel-id", Syntax: "INT64", Default: "none",
			Since: "1.2.24", Area: area, Meaning: "tunnel id selector",
		},
		{
			Name: "type", Syntax: "followed by an action word", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "optional noise word",
		},
		{
			Name: "uidrange", Syntax: "START-END", Default: "none",
			Since: "1.3.5", Area: area, Meaning: "uid selector",
		},
		{
			Name: "unreachable", Syntax: "(flag)", Default: "-",
			Since: "1.2.24", Area: area, Meaning: "action: drop with unreachable",
			Arg: Arg{Kind: Flag},
		},
	}
	if area == "static" {
		rows = append(rows, Keyword{
			Name: "track_group", Syntax: "NAME of a track_group", Default: "none",
			Since: "2.0.3", Area: area, Meaning: "instances that go to FAULT when the rule is lost",
			Note: "needs dev/iif",
			Arg:  Arg{Kind: Text},
		})
	}
	return acting(rows)
}

// addressOptions are the words of an address line in the given block.
func addressOptions(block string) []Keyword {
	area, since, dev := "vrrp", "1.0.0", "interface (VMAC) of the instance, else default_interface"
	if block == "static_ipaddress" {
		area, since, dev = "static", "1.1.0", "default_interface (fatal error if it does not exist)"
	}
	rows := []Keyword{
		{
			Name: "<IPADDR>", Syntax: "IPADDR[/PREFIXLEN] first on the line", Default: "/32 or /128",
			Since: since, Area: area, Meaning: "address to manage",
			Effect: Acts,
			Arg:    Arg{Kind: Addr},
		},
		{
			Name: "dev", Syntax: "IFNAME", Default: dev,
			Since: "1.0.1", Area: area, Meaning: "interface for the address",
			Effect: Acts,
			Arg:    Arg{Kind: Text},
		},
		{
			Name: "-nodad", Syntax: "(flag)", Default: "nodad set for IPv6",
			Since: "1.3.6", Area: area, Meaning: "let duplicate address detection run",
			Effect: Acts,
			Arg:    Arg{Kind: Flag},
		},
		{
			Name: "autojoin", Syntax: "(flag)", Default: "off",
			Since: "1.3.6", Area: area, Meaning: "join multicast group automatically",
			Effect: Acts,
			Arg:    Arg{Kind: Flag},
		},
		{
			Name: "brd", Syntax: "IPv4 ADDR, + (set host bits) or - (clear host bits)", Default: "none",
			Since: "1.1.3", Area: area, Meaning: "broadcast address; not for IPv6 (entry dropped)",
			Effect: Acts,
		},
		{
			Name: "broadcast", Syntax: "as brd", Default: "none",
			Since: "1.1.3", Area: area, Meaning: "same as brd",
			Effect: Acts,
		},
		{
			Name: "home", Syntax: "(flag)", Default: "off",
			Since: "1.3.6", Area: area, Meaning: "IPv6 home address flag",
			Effect: Acts,
			Arg:    Arg{Kind: Flag},
		},
		{
			Name: "label", Syntax: "STRING (<16 chars; longer drops the entry)", Default: "none",
			Since: "1.1.14", Area: area, Meaning: "IPv4 address label",
			Effect: Acts,
			Arg:    Arg{Kind: Text},
		},
		{
			Name: "mngtmpaddr", Syntax: "(flag)", Default: "off",
			Since: "1.3.6", Area: area, Meaning: "kernel manages temporary addresses",
			Effect: Acts,
			Arg:    Arg{Kind: Flag},
		},
		{
			Name: "no_track", Syntax: "(flag)", Default: "off",
			Since: "2.0.3", Area: area, Meaning: "losing the address does not cause a transition nor a re-add",
			Effect: Acts,
			Arg:    Arg{Kind: Flag},
		},
		{
			Name: "noprefixroute", Syntax: "(flag)", Default: "off",
			Since: "1.3.6", Area: area, Meaning: "no automatic prefix route",
			Effect: Acts,
			Arg:    Arg{Kind: Flag},
		},
		{
			Name: "peer", Syntax: "IPADDR[/LEN] same family", Default: "none",
			Since: "2.0.0", Area: area, Meaning: "point-to-point peer address, its prefix replaces the entry's",
			Effect: Acts,
			Arg:    Arg{Kind: Addr},
		},
		{
			Name: "preferred_lft", Syntax: "INT[0..4294967295] seconds or forever", Default: "IPv6 /128: 0 (deprecated); otherwise forever",
			Since: "2.0.20", Area: area, Meaning: "preferred lifetime",
			Effect: Acts,
			Arg:    secondsArg(0, 4294967295),
		},
		{
			Name: "scope", Syntax: "SCOPE name (site link host nowhere global) or number", Default: "global",
			Since: "1.0.3", Area: area, Meaning: "IPv4 address scope (ignored with complaint for IPv6)",
			Effect: Acts,
		},
	}
	if block == "static_ipaddress" {
		return append(rows, Keyword{
			Name: "track_group", Syntax: "NAME of a track_group", Default: "none",
			Since: "2.0.3", Area: area, Meaning: "instances that go to FAULT when the address is lost",
			Note:   "needs dev",
			Effect: Acts,
			Arg:    Arg{Kind: Text},
		})
	}
	return append(rows, Keyword{
		Name: "use_vmac", Syntax: "(flag)", Default: "off",
		Since: "2.2.0", Area: area, Meaning: "put this address on a VMAC of its interface",
		Effect: Acts,
		Note:   "only useful with dev on another interface",
		Arg:    Arg{Kind: Flag},
	})
}
