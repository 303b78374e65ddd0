package config

import "math"

// tcpKeywords are the rows of TCP_CHECK.
func tcpKeywords() []Keyword {
	return connectionKeywords("1.2.13", "real server's, else 1", "real server's, else 1 s", map[string]string{"alpha": "1.3.7", "bind_if": "1.3.7", "bindto": "1.1.2", "connect_port": "1.0.0", "connect_timeout": "1.0.0", "delay_before_retry": "1.2.20", "delay_loop": "1.3.7", "log_all_failures": "2.0.11", "retry": "1.2.20"})
}

// smtpKeywords are the rows of SMTP_CHECK.
func smtpKeywords() []Keyword {
	rows := connectionKeywords("1.2.17", "real server's, else 1", "real server's, else 1 s", map[string]string{"alpha": "1.3.7", "bind_if": "1.3.7", "connect_timeout": "1.1.8", "delay_before_retry": "1.1.8", "delay_loop": "1.3.7", "log_all_failures": "2.0.11", "retry": "1.1.8", "warmup": "1.2.13"})
	return append(rows, []Keyword{
		{
			Name: "helo_name", Syntax: "STRING", Default: "smtpchecker.keepalived.org",
			Since: "1.1.8", Area: "check", Meaning: "HELO argument",
			Do: (*decoder).readHelo,
		},
		{
			Name: "host", Syntax: "{ block }", Default: "-",
			Since: "1.1.8", Area: "check", Meaning: "deprecated: extra destination, each becomes its own checker",
			Deprecated: true,
			Do:         (*decoder).openSMTPHost,
			Block:      &Block{Keywords: hostKeywords(), End: (*decoder).endSMTPHost},
		},
	}...)
}

// hostKeywords are the rows of SMTP_CHECK/host.
func hostKeywords() []Keyword {
	return connectionKeywords("1.3.7", "real server's, else 1", "real server's, else 1 s", map[string]string{"bind_port": "1.2.13", "bindto": "1.1.8", "connect_ip": "1.1.8", "connect_port": "1.1.8", "connect_timeout": "1.2.13", "fwmark": "1.2.13", "log_all_failures": "2.0.11"})
}

// dnsKeywords are the rows of DNS_CHECK.
func dnsKeywords() []Keyword {
	rows := connectionKeywords("1.3.0", "real server's, else 3", "real server's, else delay_loop", map[string]string{"alpha": "1.3.7", "bind_if": "1.3.7", "delay_before_retry": "1.3.7", "delay_loop": "1.3.7", "log_all_failures": "2.0.11", "warmup": "1.3.7"})
	return append(rows, []Keyword{
		{
			Name: "name", Syntax: "DOMAIN (no empty labels; . allowed)", Default: "root (empty name)",
			Since: "1.3.0", Area: "check", Meaning: "query name",
			Do: (*decoder).readDNSName,
		},
		{
			Name: "type", Syntax: "A NS CNAME SOA MX TXT AAAA RRSIG DNSKEY (any case)", Default: "SOA",
			Since: "1.3.0", Area: "check", Meaning: "query type",
			Do: (*decoder).readDNSType,
		},
	}...)
}

// miscKeywords are the rows of MISC_CHECK.
func miscKeywords() []Keyword {
	rows := scheduleKeywords("1.3.7", "real server's, else 0", "real server's, else 1 s", map[string]string{"log_all_failures": "2.0.11", "warmup": "1.2.13"})
	return append(rows, []Keyword{
		{
			Name: "misc_dynamic", Syntax: "(flag)", Default: "off",
			Since: "1.1.8", Area: "check", Meaning: "exit codes 2..255 set the weight to code-2",
			Do: func(d *decoder, l line) { d.scope.misc.Dynamic = true },
		},
		{
			Name: "misc_path", Syntax: `PATH or "PATH ARGS"`, Default: "required",
			Since: "1.0.0", Area: "check", Meaning: "program to run",
			Do: (*decoder).readMiscPath,
		},
		{
			Name: "misc_timeout", Syntax: "INT[0..4294] seconds", Default: "0 = delay_loop of the virtual server",
			Since: "1.1.0", Area: "check", Meaning: "time after which the program is terminated",
			Do: (*decoder).readMiscTimeout,
		},
		{
			Name: "user", Syntax: "USER [[:]GROUP]", Default: "script_user",
			Since: "1.3.0", Area: "check", Meaning: "credentials of the program",
			Do: (*decoder).readMiscUser,
		},
	}...)
}

// udpKeywords are the rows of UDP_CHECK.
func udpKeywords() []Keyword {
	rows := connectionKeywords("2.1.0", "real server's, else 1", "real server's, else 1 s", map[string]string{})
	return append(rows, []Keyword{
		{
			Name: "max_reply_length", Syntax: "INT[0..65535]", Default: "255",
			Since: "2.2.0", Area: "check", Meaning: "longest acceptable reply",
			Do: func(d *decoder, l line) { d.readUint16(l, 0, &d.scope.udp.MaxReply) },
		},
		{
			Name: "min_reply_length", Syntax: "INT[0..65535]", Default: "0",
			Since: "2.2.0", Area: "check", Meaning: "shortest acceptable reply",
			Do: func(d *decoder, l line) { d.readUint16(l, 0, &d.scope.udp.MinReply) },
		},
		{
			Name: "payload", Syntax: "HEX digits, free spacing", Default: "random bytes",
			Since: "2.2.0", Area: "check", Meaning: "datagram sent",
			Do: (*decoder).readPayload,
		},
		{
			Name: "require_reply", Syntax: "[HEX digits; x or X = ignored nibble]", Default: "off",
			Since: "2.1.0", Area: "check", Meaning: "a reply is required and optionally compared over min(reply, pattern) octets",
			Do: (*decoder).readReply,
		},
	}...)
}

// pingKeywords are the rows of PING_CHECK.
func pingKeywords() []Keyword {
	return connectionKeywords("2.1.0", "real server's, else 1", "real server's, else 1 s", map[string]string{})
}

// bfdCheckKeywords are the rows of BFD_CHECK.
func bfdCheckKeywords() []Keyword {
	return []Keyword{
		{
			Name: "alpha", Syntax: "[BOOL]", Default: "real server's",
			Since: "2.0.0", Area: "check", Meaning: "start in failed state",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.chk.alpha) },
		},
		{
			Name: "name", Syntax: "NAME of a bfd_instance", Default: "required",
			Since: "2.0.0", Area: "check", Meaning: "session to follow",
			Do: (*decoder).readBFDCheckName,
		},
	}
}

// fileCheckKeywords are the rows of FILE_CHECK.
func fileCheckKeywords() []Keyword {
	return []Keyword{
		{
			Name: "dynamic", Syntax: "(documented only, parser rejects it as unknown)", Default: "-",
			Since: "", Area: "check", Meaning: "not implemented",
			Do: (*decoder).refuseKeyword,
		},
		{
			Name: "track_file", Syntax: "NAME of a track_file", Default: "required",
			Since: "2.1.0", Area: "check", Meaning: "file to follow",
			Do: (*decoder).readCheckFile,
		},
		{
			Name: "weight", Syntax: "INT[-2147483647..2147483647] [reverse|noreverse]", Default: "track_file's weight",
			Since: "2.1.0", Area: "check", Meaning: "multiplier of the value added to the server weight",
			Do: (*decoder).readCheckFileWeight,
		},
	}
}

// scheduleKeywords are the rows that every checker with a schedule has, with its defaults and the version of
// upstream that brought them; other names the rows that are of another version.
func scheduleKeywords(since, retry, delay string, other map[string]string) []Keyword {
	rows := []Keyword{
		{
			Name: "alpha", Syntax: "[BOOL]", Default: "real server's",
			Area: "check", Meaning: "start in failed state",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.chk.alpha) },
		},
		{
			Name: "delay_before_retry", Syntax: "TIMER[0..]", Default: delay,
			Area: "check", Meaning: "pause before each extra attempt",
			Do: func(d *decoder, l line) { d.readTimer(l, 0, maxTimerMicros, &d.scope.chk.Timing.DelayBeforeRetry) },
		},
		{
			Name: "delay_loop", Syntax: "TIMER[0.000001..]", Default: "real server's (60)",
			Area: "check", Meaning: "interval between checks",
			Do: func(d *decoder, l line) { d.readTimer(l, 1, maxTimerMicros, &d.scope.chk.Timing.DelayLoop) },
		},
		{
			Name: "log_all_failures", Syntax: "[BOOL]", Default: "checker_log_all_failures",
			Area: "check", Meaning: "log each failure even if retries remain",
			Do: func(d *decoder, l line) { d.readSwitch(l, &d.scope.chk.LogAllFailures) },
		},
		{
			Name: "retry", Syntax: "INT[0..4294967295]", Default: retry,
			Area: "check", Meaning: "extra attempts before a live server is declared down",
			Do: func(d *decoder, l line) { d.readCount(l, 0, &d.scope.chk.Timing.Retry) },
		},
		{
			Name: "warmup", Syntax: "TIMER[0..] (0 disables)", Default: "real server's, else delay_loop",
			Area: "check", Meaning: "upper bound of the random delay before the first check (on top of 1 s)",
			Do: func(d *decoder, l line) { d.readTimer(l, 0, maxTimerMicros, &d.scope.chk.Timing.Warmup) },
		},
	}
	return dated(rows, since, other)
}

// connectionKeywords are scheduleKeywords and the rows that say where a checker connects to.
func connectionKeywords(since, retry, delay string, other map[string]string) []Keyword {
	rows := []Keyword{
		{
			Name: "bind_if", Syntax: "IFNAME (<16 chars)", Default: "none (needed for link-local IPv6)",
			Area: "check", Meaning: "bind to this interface",
			Do: (*decoder).readBindIf,
		},
		{
			Name: "bind_port", Syntax: "INT[1..65535]", Default: "kernel choice",
			Area: "check", Meaning: "local port",
			Do: (*decoder).readBindPort,
		},
		{
			Name: "bindto", Syntax: "IPADDR", Default: "kernel choice",
			Area: "check", Meaning: "local address",
			Do: (*decoder).readBindAddr,
		},
		{
			Name: "connect_ip", Syntax: "IPADDR", Default: "real server address",
			Area: "check", Meaning: "address to connect to",
			Do: (*decoder).readConnectAddr,
		},
		{
			Name: "connect_port", Syntax: "INT[1..65535]", Default: "real server port",
			Area: "check", Meaning: "port to connect to",
			Do: (*decoder).readConnectPort,
		},
		{
			Name: "connect_timeout", Syntax: "TIMER[0.000001..4294.967295]", Default: "real server's (5)",
			Area: "check", Meaning: "connection timeout",
			Do: func(d *decoder, l line) { d.readTimer(l, 1, math.MaxUint32, &d.scope.connection().timeout) },
		},
		{
			Name: "fwmark", Syntax: "INT[0..4294967295]", Default: "0",
			Area: "check", Meaning: "SO_MARK of checker packets",
			Do: func(d *decoder, l line) { d.readUint32(l, 0, math.MaxUint32, &d.scope.connection().Mark) },
		},
	}
	return append(scheduleKeywords(since, retry, delay, other), dated(rows, since, other)...)
}

// dated fills Since in.
func dated(rows []Keyword, since string, other map[string]string) []Keyword {
	for i := range rows {
		rows[i].Since = since
		if v, ok := other[rows[i].Name]; ok {
			rows[i].Since = v
		}
	}
	return rows
}
