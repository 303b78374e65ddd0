package config

import "math"

// lvsKeywords are the rows of virtual_server, virtual_server_group and SSL.
func lvsKeywords() []Keyword {
	return acting([]Keyword{
		{
			Name: "SSL", Syntax: "{ block }", Default: "context generated automatically",
			Since: "1.0.0", Area: "check", Meaning: "client certificate settings of SSL_GET",
			Do:    (*decoder).openSSL,
			Block: &Block{Keywords: acting(sslKeywords())},
		},
		{
			Name: "virtual_server", Syntax: "IPADDR [PORT] or fwmark INT[0..4294967295] or group NAME, then { block } (removed without real_server)", Default: "none",
			Since: "1.0.0", Area: "ipvs", Meaning: "one virtual service",
			Do:    (*decoder).openVirtualServer,
			Block: &Block{Keywords: acting(virtualServerKeywords(), "snmp_name"), End: (*decoder).endVirtualServer},
		},
		{
			Name: "virtual_server_group", Syntax: "NAME { block of address / range / fwmark lines } (removed when empty)", Default: "none",
			Since: "1.0.2", Area: "ipvs", Meaning: "several addresses, ranges or fwmarks sharing one real server pool",
			Do:    (*decoder).openGroup,
			Block: &Block{Keywords: acting(groupKeywords()), Entry: (*decoder).groupEntry, End: (*decoder).endGroup},
		},
	})
}

// sslKeywords are the rows of SSL.
func sslKeywords() []Keyword {
	return []Keyword{
		{
			Name: "ca", Syntax: "PATH", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "CA file",
			Do: func(d *decoder, l line) { d.readText(l, &d.config.SSL.CA) },
		},
		{
			Name: "certificate", Syntax: "PATH", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "client certificate file",
			Do: func(d *decoder, l line) { d.readText(l, &d.config.SSL.Certificate) },
		},
		{
			Name: "key", Syntax: "PATH", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "private key file",
			Do: func(d *decoder, l line) { d.readText(l, &d.config.SSL.Key) },
		},
		{
			Name: "password", Syntax: "STRING", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "pass phrase of the key",
			Do: func(d *decoder, l line) { d.readText(l, &d.config.SSL.Password) },
		},
	}
}

// groupKeywords are the entries of virtual_server_group.
func groupKeywords() []Keyword {
	return []Keyword{
		{
			Name: "<IPADDR RANGE>", Syntax: "A.B.C.D-E (last octet, or last 16 bit group hexadecimal in IPv6), A.B.C.D-W.X.Y.Z, or ADDR/LEN with empty host bits; [PORT]", Default: "-",
			Since: "1.0.2", Area: "ipvs", Meaning: "address range entry, both ends included; end must be larger than start",
		},
		{
			Name: "<IPADDR>", Syntax: "IPADDR [PORT 1..65535; 0 = none]", Default: "-",
			Since: "1.0.2", Area: "ipvs", Meaning: "single address entry",
		},
		{
			Name: "<WEIGHT>", Syntax: "not supported: group entries have no weight option", Default: "-",
			Since: "", Area: "ipvs", Meaning: "recorded because the team asked; weights live on virtual_server and real_server",
		},
		{
			Name: "fwmark", Syntax: "INT[0..4294967295] [inet|inet6]", Default: "family follows the real servers",
			Since: "1.1.0", Area: "ipvs", Meaning: "firewall mark entry; family only needed when all real servers are tunnelled",
		},
	}
}

// tunnelOptions are the words after TUN.
func tunnelOptions() []Keyword {
	return []Keyword{
		{
			Name: "csum", Syntax: "(flag)", Default: "off",
			Since: "2.0.18", Area: "ipvs", Meaning: "tunnel checksum (gue, gre)",
			Note: "only with TUN",
		},
		{
			Name: "nocsum", Syntax: "(flag)", Default: "default",
			Since: "2.0.18", Area: "ipvs", Meaning: "no tunnel checksum",
			Note: "only with TUN",
		},
		{
			Name: "port", Syntax: "INT[1..65535]", Default: "required for gue, forbidden otherwise",
			Since: "2.0.18", Area: "ipvs", Meaning: "GUE destination port",
			Note: "only with TUN",
		},
		{
			Name: "remcsum", Syntax: "(flag)", Default: "off",
			Since: "2.0.18", Area: "ipvs", Meaning: "remote checksum offload (gue)",
			Note: "only with TUN",
		},
		{
			Name: "type", Syntax: "ipip, gue or gre", Default: "ipip",
			Since: "2.0.18", Area: "ipvs", Meaning: "tunnel type",
			Note: "only with TUN",
		},
	}
}

// virtualServerKeywords are the rows of virtual_server.
func virtualServerKeywords() []Keyword {
	return []Keyword{
		{
			Name: "alpha", Syntax: "(flag)", Default: "off",
			Since: "1.1.16", Area: "check", Meaning: "assume all real servers down at start until a check succeeds",
			Do: func(d *decoder, l line) { d.scope.vs.Alpha = true },
		},
		{
			Name: "connect_timeout", Syntax: "TIMER[0.000001..4294.967295]", Default: "5",
			Since: "2.0.13", Area: "check", Meaning: "default connection timeout",
			Do: func(d *decoder, l line) { d.readTimer(l, 1, math.MaxUint32, &d.scope.vs.Timing.ConnectTimeout) },
		},
		{
			Name: "delay_before_retry", Syntax: "TIMER[0..]", Default: "unset (checker default)",
			Since: "1.3.7", Area: "check", Meaning: "default pause between retries",
			Do: func(d *decoder, l line) { d.readTimer(l, 0, maxTimerMicros, &d.scope.vs.Timing.DelayBeforeRetry) },
		},
		{
			Name: "delay_loop", Syntax: "TIMER[0.000001..]", Default: "60",
			Since: "1.0.0", Area: "check", Meaning: "default interval between checks",
			Do: func(d *decoder, l line) { d.readTimer(l, 1, maxTimerMicros, &d.scope.vs.Timing.DelayLoop) },
		},
		{
			Name: "flag-1", Syntax: "(flag)", Default: "off",
			Since: "1.3.0", Area: "ipvs", Meaning: "scheduler flag 1",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "flag-2", Syntax: "(flag)", Default: "off",
			Since: "1.3.0", Area: "ipvs", Meaning: "scheduler flag 2",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "flag-3", Syntax: "(flag)", Default: "off",
			Since: "1.3.0", Area: "ipvs", Meaning: "scheduler flag 3",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "ha_suspend", Syntax: "(flag)", Default: "off",
			Since: "1.0.0", Area: "check", Meaning: "suspend checks while the VIP is not on this host; not for fwmarks",
			Do: func(d *decoder, l line) { d.scope.vs.HASuspend = true },
		},
		{
			Name: "hashed", Syntax: "(flag)", Default: "off",
			Since: "1.3.0", Area: "ipvs", Meaning: "accepted for compatibility, has no effect (sh/mh) or is reported",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "hysteresis", Syntax: "INT[0..4294967295] (limited to quorum-1)", Default: "0",
			Since: "1.1.16", Area: "check", Meaning: "dampening added/subtracted from the quorum",
			Do: func(d *decoder, l line) { d.readUint32(l, 0, math.MaxUint32, &d.scope.vs.Hysteresis) },
		},
		{
			Name: "inhibit_on_failure", Syntax: "(flag)", Default: "off",
			Since: "1.3.7", Area: "ipvs", Meaning: "set weight 0 instead of removing failed real servers",
			Do: func(d *decoder, l line) { d.scope.vs.InhibitOnFailure = true },
		},
		{
			Name: "ip_family", Syntax: "inet or inet6", Default: "from addresses (IPv4 if undecidable)",
			Since: "1.2.20", Area: "ipvs", Meaning: "family of a fwmark service",
			Do: (*decoder).readFamily,
		},
		{
			Name: "lb_algo", Syntax: "rr wrr lc wlc lblc sh mh dh fo ovf lblcr sed nq twos", Default: "wlc (reported when missing)",
			Since: "1.0.0", Area: "ipvs", Meaning: "IPVS scheduler",
			Alias: "lvs_sched",
			Do:    (*decoder).readScheduler,
		},
		{
			Name: "lb_kind", Syntax: "NAT, DR or TUN [type ipip|gue|gre] [port INT[1..65535]] [nocsum|csum|remcsum]", Default: "NAT (reported when missing); tunnel ipip, nocsum",
			Since: "1.0.0", Area: "ipvs", Meaning: "forwarding method; gue requires port, others forbid it; ipip only nocsum; gre no remcsum",
			Alias:   "lvs_method",
			Do:      func(d *decoder, l line) { d.readForwarding(l, &d.scope.vs.Forward) },
			Options: tunnelOptions(),
		},
		{
			Name: "lvs_method", Syntax: "as lb_kind", Default: "NAT",
			Since: "1.1.5", Area: "ipvs", Meaning: "same as lb_kind (preferred name)",
			Do:      func(d *decoder, l line) { d.readForwarding(l, &d.scope.vs.Forward) },
			Options: tunnelOptions(),
		},
		{
			Name: "lvs_sched", Syntax: "as lb_algo", Default: "wlc",
			Since: "1.1.5", Area: "ipvs", Meaning: "same as lb_algo (preferred name)",
			Do: (*decoder).readScheduler,
		},
		{
			Name: "mh-fallback", Syntax: "(flag; must follow lb_algo mh)", Default: "off",
			Since: "2.0.20", Area: "ipvs", Meaning: "mh fallback",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "mh-port", Syntax: "(flag; must follow lb_algo mh)", Default: "off",
			Since: "2.0.20", Area: "ipvs", Meaning: "include the port in the mh hash",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "omega", Syntax: "(flag)", Default: "off",
			Since: "1.1.16", Area: "check", Meaning: "run down notifies and quorum_down at shutdown",
			Do: func(d *decoder, l line) { d.scope.vs.Omega = true },
		},
		{
			Name: "ops", Syntax: "(flag)", Default: "off",
			Since: "1.2.8", Area: "ipvs", Meaning: "one-packet scheduling (UDP only, else reset)",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "persistence_engine", Syntax: "STRING (e.g. sip)", Default: "none",
			Since: "1.2.20", Area: "ipvs", Meaning: "persistence engine name",
			Do: (*decoder).readPersistenceEngine,
		},
		{
			Name: "persistence_granularity", Syntax: "IPv4 NETMASK or IPv6 prefix length INT[1..128]", Default: "255.255.255.255 / 128",
			Since: "1.0.0", Area: "ipvs", Meaning: "client grouping for persistence; also determines the family when unknown",
			Do: (*decoder).readGranularity,
		},
		{
			Name: "persistence_timeout", Syntax: "[INT[1..2678400]] seconds (bare = 360)", Default: "off",
			Since: "1.0.0", Area: "ipvs", Meaning: "client affinity; set to 360 automatically for port-less services and when a granularity is given",
			Do: (*decoder).readPersistence,
		},
		{
			Name: "protocol", Syntax: "TCP, UDP or SCTP (any case)", Default: "UDP for address services (reported), none for fwmark (ignored with a warning)",
			Since: "1.0.0", Area: "ipvs", Meaning: "transport protocol",
			Do: (*decoder).readProtocol,
		},
		{
			Name: "quorum", Syntax: "INT[1..4294967295] (reduced to total weight)", Default: "1",
			Since: "1.1.16", Area: "check", Meaning: "minimum total weight of live servers",
			Do: (*decoder).readQuorum,
		},
		{
			Name: "quorum_down", Syntax: "SCRIPT [user [[:]group]]", Default: "none",
			Since: "1.1.16", Area: "check", Meaning: "run when the quorum is lost",
			Do: func(d *decoder, l line) { d.readScript(l, &d.scope.vs.QuorumDown) },
		},
		{
			Name: "quorum_up", Syntax: "SCRIPT [user [[:]group]]", Default: "none",
			Since: "1.1.16", Area: "check", Meaning: "run when the quorum is gained",
			Do: func(d *decoder, l line) { d.readScript(l, &d.scope.vs.QuorumUp) },
		},
		{
			Name: "real_server", Syntax: "IPADDR [PORT] { block }", Default: "required; port of the virtual server",
			Since: "1.0.0", Area: "ipvs", Meaning: "one real server; duplicates removed; non-NAT ports are reset to the service port",
			Do:    (*decoder).openRealServer,
			Block: &Block{Keywords: acting(realServerKeywords(), notChecked...), End: (*decoder).endRealServer},
		},
		{
			Name: "retry", Syntax: "INT[1..4294967295]", Default: "unset (checker default)",
			Since: "1.3.7", Area: "check", Meaning: "default retries for the real servers",
			Do: func(d *decoder, l line) { d.readCount(l, 1, &d.scope.vs.Timing.Retry) },
		},
		{
			Name: "sh-fallback", Syntax: "(flag; must follow lb_algo sh)", Default: "off",
			Since: "1.3.0", Area: "ipvs", Meaning: "sh falls back to another server when the chosen one is unavailable",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "sh-port", Syntax: "(flag; must follow lb_algo sh)", Default: "off",
			Since: "1.3.0", Area: "ipvs", Meaning: "include the port in the sh hash",
			Do: (*decoder).readSchedulerFlag,
		},
		{
			Name: "smtp_alert", Syntax: "[BOOL]", Default: "smtp_alert_checker, then smtp_alert, then false",
			Since: "2.0.0", Area: "check", Meaning: "mail on quorum changes",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.vs.smtpAlert) },
		},
		{
			Name: "snmp_name", Syntax: "STRING (exactly one)", Default: "none",
			Since: "2.2.3", Area: "snmp", Meaning: "free text shown in SNMP",
			Do: func(d *decoder, l line) { d.readName(l, &d.scope.vs.SNMPName) },
		},
		{
			Name: "sorry_server", Syntax: "IPADDR [PORT]", Default: "none",
			Since: "1.0.0", Area: "ipvs", Meaning: "server used while there is no quorum",
			Do: (*decoder).readSorryServer,
		},
		{
			Name: "sorry_server_inhibit", Syntax: "(flag, after sorry_server)", Default: "off",
			Since: "1.2.13", Area: "ipvs", Meaning: "keep the sorry server in IPVS with weight 0 when unused",
			Do: (*decoder).readSorryInhibit,
		},
		{
			Name: "sorry_server_lvs_method", Syntax: "as lb_kind (after sorry_server)", Default: "virtual server's method",
			Since: "1.3.6", Area: "ipvs", Meaning: "forwarding method of the sorry server",
			Do:      (*decoder).readSorryForwarding,
			Options: tunnelOptions(),
		},
		{
			Name: "virtualhost", Syntax: "STRING", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "default HTTP Host",
			Do: func(d *decoder, l line) { d.readText(l, &d.scope.vs.VirtualHost) },
		},
		{
			Name: "warmup", Syntax: "TIMER[0..]", Default: "delay_loop",
			Since: "1.3.7", Area: "check", Meaning: "default maximum of the random initial delay",
			Do: func(d *decoder, l line) { d.readTimer(l, 0, maxTimerMicros, &d.scope.vs.Timing.Warmup) },
		},
		{
			Name: "weight", Syntax: "INT[1..2147483647]", Default: "1",
			Since: "1.3.7", Area: "ipvs", Meaning: "default weight of real servers",
			Do: func(d *decoder, l line) { d.readUint32(l, 1, math.MaxInt32, &d.scope.vs.Weight) },
		},
	}
}
