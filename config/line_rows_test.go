package config

// addressOptionRows are the rows of what can stand on the line of an address.
var addressOptionRows = map[string]row{
	"<IPADDR>":      {"192.0.2.9/24 dev eth0", "192.0.2.10/24 dev eth0", "192.0.2.900/24 dev eth0"},
	"dev":           {"192.0.2.9/24 dev eth0", "192.0.2.9/24 dev eth1", "192.0.2.9/24 dev a_name_that_is_too_long"},
	"-nodad":        {"2001:db8::9/64 dev eth0", "2001:db8::9/64 dev eth0 -nodad", ""},
	"autojoin":      {"", "192.0.2.9/24 dev eth0 autojoin", ""},
	"brd":           {"", "192.0.2.9/24 dev eth0 brd +", "192.0.2.9/24 dev eth0 brd far"},
	"broadcast":     {"", "192.0.2.9/24 dev eth0 broadcast -", "192.0.2.9/24 dev eth0 broadcast far"},
	"home":          {"2001:db8::9/64 dev eth0", "2001:db8::9/64 dev eth0 home", ""},
	"label":         {"", "192.0.2.9/24 dev eth0 label eth0:1", "192.0.2.9/24 dev eth0 label a_label_that_is_too_long"},
	"mngtmpaddr":    {"2001:db8::9/64 dev eth0", "2001:db8::9/64 dev eth0 mngtmpaddr", ""},
	"no_track":      {"", "192.0.2.9/24 dev eth0 no_track", ""},
	"noprefixroute": {"", "192.0.2.9/24 dev eth0 noprefixroute", ""},
	"peer":          {"192.0.2.9 dev eth0", "192.0.2.9 dev eth0 peer 192.0.2.10", "192.0.2.9 dev eth0 peer 2001:db8::1"},
	"preferred_lft": {"2001:db8::9/64 dev eth0", "2001:db8::9/64 dev eth0 preferred_lft 7", "2001:db8::9/64 dev eth0 preferred_lft never"},
	"scope":         {"", "192.0.2.9/24 dev eth0 scope link", "192.0.2.9/24 dev eth0 scope far"},
	"use_vmac":      {"", "192.0.2.9/24 dev eth0 use_vmac", ""},
	"track_group":   {"", "192.0.2.9/24 dev eth0 track_group G", "192.0.2.9/24 dev eth0 track_group not_there"},
}

const v6Route = "2001:db8::/32 dev eth0"

// metric is the row of a metric with a number.
func metric(name string) row {
	return row{"", "10.0.0.0/8 dev eth0 " + name + " 7", "10.0.0.0/8 dev eth0 " + name + " many"}
}

func zeroOrOne(name string) row {
	return row{"", "10.0.0.0/8 dev eth0 " + name + " 1", "10.0.0.0/8 dev eth0 " + name + " 2"}
}

func routeFlag(name string) row { return row{"", "10.0.0.0/8 dev eth0 " + name, ""} }

const twoHops = "10.0.0.0/8 nexthop via 192.0.2.7 dev eth0 weight 3"

// routeOptionRows are the rows of what can stand on the line of a route.
var routeOptionRows = map[string]row{
	"<DESTINATION>":      {"", "blackhole 10.0.0.0/8", "10.0.0.0/99 dev eth0"},
	"add":                routeFlag("add"),
	"advmss":             metric("advmss"),
	"append":             routeFlag("append"),
	"as":                 {"", "10.0.0.0/8 dev eth0 as to 192.0.2.7", "10.0.0.0/8 dev eth0 as to far"},
	"congctl":            {"", "10.0.0.0/8 dev eth0 congctl reno", "10.0.0.0/8 dev eth0 congctl"},
	"cwnd":               metric("cwnd"),
	"dev":                {"", "10.0.0.0/8 dev eth1", "10.0.0.0/8 dev a_name_that_is_too_long"},
	"dsfield":            {"", "10.0.0.0/8 dev eth0 dsfield 0x10", "10.0.0.0/8 dev eth0 dsfield far"},
	"encap":              {"", "10.0.0.0/8 dev eth0 encap mpls 100", "10.0.0.0/8 dev eth0 encap paper"},
	"encap/ila":          {v6Route, v6Route + " encap ila 1:2:3:4", v6Route + " encap ila 1:2"},
	"encap/ip":           {"", "10.0.0.0/8 dev eth0 encap ip id 7 dst 192.0.2.7", "10.0.0.0/8 dev eth0 encap ip ttl 256"},
	"encap/ip6":          {"", "10.0.0.0/8 dev eth0 encap ip6 id 7 dst 2001:db8::7", "10.0.0.0/8 dev eth0 encap ip6 hoplimit 256"},
	"encap/mpls":         {"", "10.0.0.0/8 dev eth0 encap mpls 100/200", "10.0.0.0/8 dev eth0 encap mpls 1048576"},
	"expires":            {v6Route, v6Route + " expires 7", v6Route + " expires soon"},
	"fastopen_no_cookie": zeroOrOne("fastopen_no_cookie"),
	"features":           {"", "10.0.0.0/8 dev eth0 features ecn", "10.0.0.0/8 dev eth0 features many"},
	"from":               {v6Route, v6Route + " from 2001:db8:1::/48", v6Route + " from far"},
	"gw":                 {"", "10.0.0.0/8 dev eth0 gw 192.0.2.7", "10.0.0.0/8 dev eth0 gw far"},
	"hoplimit":           {"", "10.0.0.0/8 dev eth0 hoplimit 7", "10.0.0.0/8 dev eth0 hoplimit 256"},
	"inet":               {"", "10.0.0.0/8 dev eth0 via inet 192.0.2.7", "10.0.0.0/8 dev eth0 via inet 2001:db8::7"},
	"inet6":              {"", "2001:db8::/32 dev eth0 via inet6 2001:db8::7", "10.0.0.0/8 dev eth0 via inet6 192.0.2.7"},
	"initcwnd":           metric("initcwnd"),
	"initrwnd":           metric("initrwnd"),
	"metric":             metric("metric"),
	"mtu":                {"", "10.0.0.0/8 dev eth0 mtu lock 1400", "10.0.0.0/8 dev eth0 mtu large"},
	"nexthop":            {"", twoHops, "10.0.0.0/8 nexthop via far"},
	"nexthop/dev":        {twoHops, "10.0.0.0/8 nexthop via 192.0.2.7 dev eth1 weight 3", "10.0.0.0/8 nexthop dev a_name_that_is_too_long"},
	"nexthop/encap":      {twoHops, twoHops + " encap mpls 100", twoHops + " encap paper"},
	"nexthop/onlink":     {twoHops, twoHops + " onlink", ""},
	"nexthop/realms":     {twoHops, twoHops + " realms 7", twoHops + " realms far"},
	"nexthop/via":        {twoHops, "10.0.0.0/8 nexthop via 192.0.2.8 dev eth0 weight 3", "10.0.0.0/8 nexthop via far dev eth0"},
	"nexthop/weight":     {twoHops, "10.0.0.0/8 nexthop via 192.0.2.7 dev eth0 weight 4", "10.0.0.0/8 nexthop via 192.0.2.7 dev eth0 weight 257"},
	"no_track":           routeFlag("no_track"),
	"oif":                {"", "10.0.0.0/8 oif eth1", "10.0.0.0/8 oif a_name_that_is_too_long"},
	"onlink":             {"10.0.0.0/8 dev eth0 via 192.0.2.7", "10.0.0.0/8 dev eth0 via 192.0.2.7 onlink", ""},
	"or":                 {"10.0.0.0/8 via 192.0.2.7", "10.0.0.0/8 via 192.0.2.7 or 192.0.2.8", "10.0.0.0/8 via 192.0.2.7 or far"},
	"pref":               {v6Route, v6Route + " pref low", v6Route + " pref far"},
	"preference":         metric("preference"),
	"prepend":            routeFlag("prepend"),
	"priority":           metric("priority"),
	"protocol":           {"10.0.0.0/8 dev eth0 no_track", "10.0.0.0/8 dev eth0 no_track protocol static", "10.0.0.0/8 dev eth0 protocol far"},
	"quickack":           zeroOrOne("quickack"),
	"realms":             {"", "10.0.0.0/8 dev eth0 realms 7/8", "10.0.0.0/8 dev eth0 realms far"},
	"reordering":         metric("reordering"),
	"rto_min":            {"", "10.0.0.0/8 dev eth0 rto_min 300ms", "10.0.0.0/8 dev eth0 rto_min long"},
	"rtt":                {"", "10.0.0.0/8 dev eth0 rtt 300ms", "10.0.0.0/8 dev eth0 rtt long"},
	"rttvar":             {"", "10.0.0.0/8 dev eth0 rttvar 300ms", "10.0.0.0/8 dev eth0 rttvar long"},
	"scope":              {"", "10.0.0.0/8 dev eth0 scope link", "10.0.0.0/8 dev eth0 scope far"},
	"src":                {"", "10.0.0.0/8 dev eth0 src 192.0.2.1", "10.0.0.0/8 dev eth0 src far"},
	"ssthresh":           metric("ssthresh"),
	"table":              {"", "10.0.0.0/8 dev eth0 table 7", "10.0.0.0/8 dev eth0 table far"},
	"to":                 {"", "to 10.1.0.0/16 dev eth0", "to far dev eth0"},
	"tos":                {"", "10.0.0.0/8 dev eth0 tos 0x10", "10.0.0.0/8 dev eth0 tos far"},
	"track_group":        {"", "10.0.0.0/8 dev eth0 track_group G", "10.0.0.0/8 dev eth0 track_group not_there"},
	"ttl-propagate":      {"10.0.0.0/8 dev eth0 encap mpls 100", "10.0.0.0/8 dev eth0 encap mpls 100 ttl-propagate enabled", "10.0.0.0/8 dev eth0 ttl-propagate far"},
	"via":                {"", "10.0.0.0/8 dev eth0 via 192.0.2.7", "10.0.0.0/8 dev eth0 via far"},
	"vrf":                {"", "10.0.0.0/8 dev eth0 vrf vrf1", "10.0.0.0/8 dev eth0 vrf a_name_that_is_too_long"},
	"window":             metric("window"),
}

const rule = "from 10.0.0.0/8 table 7 preference 5"

func ruleAction(name string) row { return row{"", "from 10.0.0.0/8 preference 5 " + name, ""} }

// ruleNumber is the row of a selector with a number.
func ruleNumber(name string) row {
	return row{"", rule + " " + name + " 9", rule + " " + name + " far"}
}

// ruleOptionRows are the rows of what can stand on the line of a rule.
var ruleOptionRows = map[string]row{
	"blackhole":             ruleAction("blackhole"),
	"dev":                   {"", rule + " dev eth0", rule + " dev a_name_that_is_too_long"},
	"dport":                 {"", rule + " dport 7-9", rule + " dport far"},
	"dsfield":               {"", rule + " dsfield 0x10", rule + " dsfield far"},
	"from":                  {"", "from 10.1.0.0/16 table 7 preference 5", "from far table 7"},
	"fwmark":                {"", rule + " fwmark 7/0xff", rule + " fwmark far"},
	"goto":                  {"", "from 10.0.0.0/8 preference 5 goto 9", "from 10.0.0.0/8 preference 7 goto 5"},
	"iif":                   {"", rule + " iif eth0", rule + " iif a_name_that_is_too_long"},
	"inet":                  {"table 7 preference 5 fwmark 1 inet6", "table 7 preference 5 fwmark 1 inet", ""},
	"inet6":                 {"table 7 preference 5 fwmark 1", "table 7 preference 5 fwmark 1 inet6", ""},
	"ipproto":               {"", rule + " ipproto 17", rule + " ipproto far"},
	"l3mdev":                {"", "from 10.0.0.0/8 preference 5 l3mdev", ""},
	"lookup":                {"", "from 10.0.0.0/8 preference 5 lookup 8", "from 10.0.0.0/8 lookup far"},
	"no_track":              {"", rule + " no_track", ""},
	"nop":                   ruleAction("nop"),
	"not":                   {"", "not " + rule, ""},
	"oif":                   {"", rule + " oif eth0", rule + " oif a_name_that_is_too_long"},
	"order":                 ruleNumber("order"),
	"preference":            ruleNumber("preference"),
	"priority":              ruleNumber("priority"),
	"prohibit":              ruleAction("prohibit"),
	"protocol":              {rule + " no_track", rule + " no_track protocol 9", rule + " protocol 256"},
	"realms":                {"", rule + " realms 7/8", rule + " realms far"},
	"sport":                 {"", rule + " sport 7-9", rule + " sport far"},
	"sup_group":             {"", rule + " sup_group 7", rule + " sup_group far"},
	"sup_pl":                ruleNumber("sup_pl"),
	"suppress_ifgroup":      {"", rule + " suppress_ifgroup 7", rule + " suppress_ifgroup far"},
	"suppress_prefixlength": ruleNumber("suppress_prefixlength"),
	"table":                 {"", "from 10.0.0.0/8 preference 5 table 8", "from 10.0.0.0/8 table far"},
	"to":                    {"", rule + " to 10.1.0.0/16", rule + " to far"},
	"tos":                   {"", rule + " tos 0x10", rule + " tos far"},
	"track_group":           {rule + " iif eth0", rule + " iif eth0 track_group G", rule + " track_group not_there"},
	"tunnel-id":             ruleNumber("tunnel-id"),
	"type":                  {"", "from 10.0.0.0/8 preference 5 type prohibit", "from 10.0.0.0/8 type far"},
	"uidrange":              {"", rule + " uidrange 7-9", rule + " uidrange far"},
	"unreachable":           ruleAction("unreachable"),
}
