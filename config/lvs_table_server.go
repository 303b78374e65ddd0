package config

import "math"

// realServerKeywords are the rows of real_server.
func realServerKeywords() []Keyword {
	return append(checkerKeywords(), []Keyword{
		{
			Name: "alpha", Syntax: "[BOOL]", Default: "virtual server's",
			Since: "1.3.7", Area: "check", Meaning: "see virtual_server/alpha",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.rs.alpha) },
		},
		{
			Name: "connect_timeout", Syntax: "TIMER[0.000001..4294.967295]", Default: "virtual server's",
			Since: "2.0.13", Area: "check", Meaning: "default connection timeout",
			Do: func(d *decoder, l line) { d.readTimer(l, 1, math.MaxUint32, &d.scope.rs.Timing.ConnectTimeout) },
		},
		{
			Name: "delay_before_retry", Syntax: "TIMER[0..]", Default: "virtual server's",
			Since: "1.3.7", Area: "check", Meaning: "default pause between retries",
			Do: func(d *decoder, l line) { d.readTimer(l, 0, maxTimerMicros, &d.scope.rs.Timing.DelayBeforeRetry) },
		},
		{
			Name: "delay_loop", Syntax: "TIMER[0.000001..]", Default: "virtual server's",
			Since: "1.3.7", Area: "check", Meaning: "default check interval",
			Do: func(d *decoder, l line) { d.readTimer(l, 1, maxTimerMicros, &d.scope.rs.Timing.DelayLoop) },
		},
		{
			Name: "inhibit_on_failure", Syntax: "[BOOL]", Default: "virtual server's",
			Since: "1.0.0", Area: "ipvs", Meaning: "weight 0 instead of removal on failure",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.rs.inhibit) },
		},
		{
			Name: "lthreshold", Syntax: "INT[0..4294967295]", Default: "0 (none)",
			Since: "1.1.13", Area: "ipvs", Meaning: "lower connection threshold",
			Do: func(d *decoder, l line) { d.readUint32(l, 0, math.MaxUint32, &d.scope.rs.LowerThreshold) },
		},
		{
			Name: "lvs_method", Syntax: "as lb_kind", Default: "virtual server's method",
			Since: "1.3.6", Area: "ipvs", Meaning: "forwarding method",
			Do:      func(d *decoder, l line) { d.readForwarding(l, &d.scope.rs.Forward) },
			Options: tunnelOptions(),
		},
		{
			Name: "notify_down", Syntax: "SCRIPT [user [[:]group]]", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "run when the server goes down",
			Do: func(d *decoder, l line) { d.readScript(l, &d.scope.rs.NotifyDown) },
		},
		{
			Name: "notify_up", Syntax: "SCRIPT [user [[:]group]]", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "run when the server comes up",
			Do: func(d *decoder, l line) { d.readScript(l, &d.scope.rs.NotifyUp) },
		},
		{
			Name: "retry", Syntax: "INT[1..4294967295]", Default: "virtual server's",
			Since: "1.3.7", Area: "check", Meaning: "default retries of checkers",
			Do: func(d *decoder, l line) { d.readCount(l, 1, &d.scope.rs.Timing.Retry) },
		},
		{
			Name: "smtp_alert", Syntax: "[BOOL]", Default: "smtp_alert_checker, then smtp_alert, then true",
			Since: "2.0.0", Area: "check", Meaning: "mail on server state changes",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.rs.smtpAlert) },
		},
		{
			Name: "snmp_name", Syntax: "STRING (exactly one)", Default: "none",
			Since: "2.2.3", Area: "snmp", Meaning: "free text shown in SNMP",
			Do: func(d *decoder, l line) { d.readName(l, &d.scope.rs.SNMPName) },
		},
		{
			Name: "uthreshold", Syntax: "INT[0..4294967295]", Default: "0 (none)",
			Since: "1.1.13", Area: "ipvs", Meaning: "upper connection threshold",
			Do: func(d *decoder, l line) { d.readUint32(l, 0, math.MaxUint32, &d.scope.rs.UpperThreshold) },
		},
		{
			Name: "virtualhost", Syntax: "STRING", Default: "virtual server's",
			Since: "1.3.6", Area: "check", Meaning: "default HTTP Host",
			Do: func(d *decoder, l line) { d.readText(l, &d.scope.rs.VirtualHost) },
		},
		{
			Name: "warmup", Syntax: "TIMER[0..]", Default: "virtual server's",
			Since: "1.3.7", Area: "check", Meaning: "default maximum random initial delay",
			Do: func(d *decoder, l line) { d.readTimer(l, 0, maxTimerMicros, &d.scope.rs.Timing.Warmup) },
		},
		{
			Name: "weight", Syntax: "INT[0..2147483647]", Default: "virtual server weight",
			Since: "1.0.0", Area: "ipvs", Meaning: "weight",
			Do: (*decoder).readServerWeight,
		},
	}...)
}

// checkerKeywords are the blocks of the checkers.
func checkerKeywords() []Keyword {
	return []Keyword{
		{
			Name: "BFD_CHECK", Syntax: "{ block }", Default: "-",
			Since: "2.0.0", Area: "check", Meaning: "follows a bfd_instance",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckBFD) },
			Block: &Block{Keywords: bfdCheckKeywords(), End: (*decoder).endChecker},
		},
		{
			Name: "DNS_CHECK", Syntax: "{ block }", Default: "-",
			Since: "1.3.0", Area: "check", Meaning: "DNS query checker (UDP)",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckDNS) },
			Block: &Block{Keywords: dnsKeywords(), End: (*decoder).endChecker},
		},
		{
			Name: "FILE_CHECK", Syntax: "{ block }", Default: "-",
			Since: "2.1.0", Area: "check", Meaning: "follows a track_file",
			Do:    (*decoder).openFileCheck,
			Block: &Block{Keywords: fileCheckKeywords(), End: (*decoder).endFileCheck},
		},
		{
			Name: "HTTP_GET", Syntax: "{ block } (ignored without url)", Default: "-",
			Since: "1.0.0", Area: "check", Meaning: "HTTP checker",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckHTTP) },
			Block: &Block{Keywords: acting(httpKeywords(false)), End: (*decoder).endChecker},
		},
		{
			Name: "MISC_CHECK", Syntax: "{ block } (removed without misc_path)", Default: "-",
			Since: "1.0.0", Area: "check", Meaning: "script checker",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckMisc) },
			Block: &Block{Keywords: miscKeywords(), End: (*decoder).endChecker},
		},
		{
			Name: "PING_CHECK", Syntax: "{ block }", Default: "-",
			Since: "2.1.0", Area: "check", Meaning: "ICMP echo checker (unprivileged ICMP socket, may widen net.ipv4.ping_group_range)",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckPing) },
			Block: &Block{Keywords: pingKeywords(), End: (*decoder).endChecker},
		},
		{
			Name: "SMTP_CHECK", Syntax: "{ block }", Default: "-",
			Since: "1.1.8", Area: "check", Meaning: "SMTP banner/HELO/QUIT checker",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckSMTP) },
			Block: &Block{Keywords: smtpKeywords(), End: (*decoder).endChecker},
		},
		{
			Name: "SSL_GET", Syntax: "{ block } (ignored without url)", Default: "-",
			Since: "1.0.0", Area: "check", Meaning: "HTTPS checker",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckSSL) },
			Block: &Block{Keywords: acting(httpKeywords(true)), End: (*decoder).endChecker},
		},
		{
			Name: "TCP_CHECK", Syntax: "{ block }", Default: "-",
			Since: "1.0.0", Area: "check", Meaning: "TCP connect checker",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckTCP) },
			Block: &Block{Keywords: acting(tcpKeywords()), End: (*decoder).endChecker},
		},
		{
			Name: "UDP_CHECK", Syntax: "{ block }", Default: "-",
			Since: "2.1.0", Area: "check", Meaning: "UDP checker relying on ICMP errors and optional replies",
			Do:    func(d *decoder, l line) { d.openChecker(l, CheckUDP) },
			Block: &Block{Keywords: udpKeywords(), End: (*decoder).endChecker},
		},
	}
}
