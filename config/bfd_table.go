package config

// bfdKeywords are the rows of bfd_instance.
func bfdKeywords() []Keyword {
	return []Keyword{
		{
			Name: "bfd_instance", Syntax: "NAME(<32 chars) { block }", Default: "none",
			Since: "2.0.0", Area: "bfd", Meaning: "one BFD session (RFC 5880/5881/5883)",
			Do:    (*decoder).openBFD,
			Block: &Block{Keywords: bfdInstanceKeywords(), End: (*decoder).endBFD},
		},
	}
}

// bfdInstanceKeywords are the rows inside of bfd_instance.
func bfdInstanceKeywords() []Keyword {
	return []Keyword{
		{
			Name: "checker", Syntax: "(flag)", Default: "see vrrp",
			Since: "2.0.0", Area: "bfd", Meaning: "deliver events to the checker process",
			Do: func(d *decoder, l line) { d.scope.bfd.checker = true },
		},
		{
			Name: "hoplimit", Syntax: "INT[1..255]", Default: "255 for IPv4, 64 for IPv6",
			Since: "2.0.0", Area: "bfd", Meaning: "same as ttl",
			Do: (*decoder).readTTL,
		},
		{
			Name: "idle_tx", Syntax: "DECIMAL ms[1000..4294967] (3 decimals)", Default: "1000",
			Since: "2.0.0", Area: "bfd", Meaning: "transmit interval while the session is not up",
			Do: func(d *decoder, l line) { d.readInterval(l, 1000, &d.scope.bfd.IdleTx) },
		},
		{
			Name: "max_hops", Syntax: "INT[-1..255] (limited to ttl)", Default: "0",
			Since: "2.0.0", Area: "bfd", Meaning: "hops a received packet may have used; -1 disables the check",
			Do: (*decoder).readMaxHops,
		},
		{
			Name: "min_rx", Syntax: "DECIMAL ms[1..4294967] (3 decimals; >10000 logs a notice)", Default: "10",
			Since: "2.0.0", Area: "bfd", Meaning: "required minimum receive interval",
			Do: func(d *decoder, l line) { d.readInterval(l, 1, &d.scope.bfd.MinRx) },
		},
		{
			Name: "min_tx", Syntax: "DECIMAL ms[1..4294967] (3 decimals)", Default: "10",
			Since: "2.0.0", Area: "bfd", Meaning: "desired minimum transmit interval",
			Do: func(d *decoder, l line) { d.readInterval(l, 1, &d.scope.bfd.MinTx) },
		},
		{
			Name: "multihop", Syntax: "[BOOL]", Default: "false",
			Since: "2.2.8", Area: "bfd", Meaning: "use the multihop port 4784",
			Do: func(d *decoder, l line) { d.readSwitch(l, &d.scope.bfd.Multihop) },
		},
		{
			Name: "multiplier", Syntax: "INT[1..255]", Default: "5",
			Since: "2.0.0", Area: "bfd", Meaning: "detection multiplier",
			Do: (*decoder).readMultiplier,
		},
		{
			Name: "neighbor_ip", Syntax: "IPADDR", Default: "required",
			Since: "2.0.0", Area: "bfd", Meaning: "peer address (UDP 3784, or 4784 with multihop)",
			Do: (*decoder).readNeighbor,
		},
		{
			Name: "neighbour_ip", Syntax: "IPADDR", Default: "required",
			Since: "2.0.0", Area: "bfd", Meaning: "same as neighbor_ip",
			Do: (*decoder).readNeighbor,
		},
		{
			Name: "passive", Syntax: "(flag)", Default: "off (active)",
			Since: "2.0.0", Area: "bfd", Meaning: "do not send until a packet arrives",
			Do: func(d *decoder, l line) { d.scope.bfd.Passive = true },
		},
		{
			Name: "source_ip", Syntax: "IPADDR (same family)", Default: "kernel choice",
			Since: "2.0.0", Area: "bfd", Meaning: "local address",
			Do: (*decoder).readBFDSource,
		},
		{
			Name: "ttl", Syntax: "INT[1..255]", Default: "255 for IPv4, 64 for IPv6",
			Since: "2.0.0", Area: "bfd", Meaning: "outgoing TTL",
			Do: (*decoder).readTTL,
		},
		{
			Name: "vrrp", Syntax: "(flag)", Default: "events go to both processes unless vrrp and/or checker given",
			Since: "2.0.0", Area: "bfd", Meaning: "deliver events to the VRRP process",
			Do: func(d *decoder, l line) { d.scope.bfd.vrrp = true },
		},
		{
			Name: "weight", Syntax: "INT[-253..253] [reverse]", Default: "0",
			Since: "2.0.0", Area: "bfd", Meaning: "default VRRP weight of this session; 0 = down means FAULT",
			Do: (*decoder).readBFDWeight,
		},
	}
}
