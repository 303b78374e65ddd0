package config

// httpKeywords are the rows of HTTP_GET and, with ssl, of SSL_GET.
func httpKeywords(ssl bool) []Keyword {
	rows := connectionKeywords("1.3.7", "real server's, else 1", "real server's, else 3 s", map[string]string{"bind_port": "1.2.13", "bindto": "1.1.2", "connect_ip": "1.2.13", "connect_port": "1.0.0", "connect_timeout": "1.0.0", "delay_before_retry": "1.0.0", "fwmark": "1.2.13", "log_all_failures": "2.0.11", "warmup": "1.2.13"})
	rows = append(rows, []Keyword{
		{
			Name: "enable_sni", Syntax: "[BOOL]", Default: "false",
			Since: "1.4.3", Area: "check", Meaning: "send SNI in the TLS handshake",
			Do: func(d *decoder, l line) { d.readSwitch(l, &d.scope.http.SNI) },
		},
		{
			Name: "fast_recovery", Syntax: "[BOOL]", Default: "false",
			Since: "2.0.17", Area: "check", Meaning: "no delay between urls while starting or recovering",
			Do: func(d *decoder, l line) { d.readSwitch(l, &d.scope.http.FastRecovery) },
		},
		{
			Name: "http_protocol", Syntax: "1.0, 1.0C (or 1.0c), 1.1", Default: "1.0",
			Since: "2.0.17", Area: "check", Meaning: "request version; 1.0C and 1.1 add Connection: close",
			Do: (*decoder).readHTTPVersion,
		},
		{
			Name: "nb_get_retry", Syntax: "INT[0..4294967295]", Default: "1",
			Since: "1.0.0", Area: "check", Meaning: "deprecated alias of retry (reported)",
			Deprecated: true,
			Alias:      "retry",
			Do:         (*decoder).readGetRetry,
		},
		{
			Name: "sni_name", Syntax: "[NAME]", Default: "virtualhost chosen for the url",
			Since: "git after 2.4.3", Area: "check", Meaning: "name to send as SNI; also enables SNI",
			Do: (*decoder).readSNIName,
		},
		{
			Name: "url", Syntax: "{ block }; may repeat", Default: "required",
			Since: "1.0.0", Area: "check", Meaning: "one url to fetch",
			Do:    (*decoder).openURL,
			Block: &Block{Keywords: acting(urlKeywords(ssl)), End: (*decoder).endURL},
		},
		{
			Name: "virtualhost", Syntax: "STRING", Default: "real server's, then virtual server's, else IP:PORT",
			Since: "1.3.6", Area: "check", Meaning: "Host header of all urls",
			Do: func(d *decoder, l line) { d.readText(l, &d.scope.http.VirtualHost) },
		},
	}...)
	if ssl {
		rows = append(rows, Keyword{
			Name: "tls_compliant", Syntax: "[BOOL]", Default: "false",
			Since: "2.2.8", Area: "check", Meaning: "send a TLS close_notify when done",
			Note: "default of url/tls_compliant",
			Do:   func(d *decoder, l line) { d.readSwitch(l, &d.scope.http.TLSCompliant) },
		})
	}
	return rows
}

// urlKeywords are the rows of url; tls_compliant is for SSL_GET only.
func urlKeywords(ssl bool) []Keyword {
	rows := []Keyword{
		{
			Name: "digest", Syntax: "32 hex digits", Default: "none",
			Since: "1.0.0", Area: "check", Meaning: "expected MD5 of the body",
			Do: (*decoder).readDigest,
		},
		{
			Name: "path", Syntax: "STRING", Default: "required",
			Since: "1.0.0", Area: "check", Meaning: "request path",
			Do: (*decoder).readPath,
		},
		{
			Name: "regex", Syntax: "PATTERN (quotes and escapes processed)", Default: "none",
			Since: "2.0.7", Area: "check", Meaning: "PCRE2 pattern that must match the body",
			Do: (*decoder).readRegex,
		},
		{
			Name: "regex_max_offset", Syntax: "INT bytes", Default: "none",
			Since: "2.0.7", Area: "check", Meaning: "last body offset at which a match may start",
			Do: (*decoder).readRegexMax,
		},
		{
			Name: "regex_min_offset", Syntax: "INT bytes", Default: "0",
			Since: "2.0.7", Area: "check", Meaning: "body offset where matching starts",
			Do: (*decoder).readRegexMin,
		},
		{
			Name: "regex_no_match", Syntax: "(flag)", Default: "off",
			Since: "2.0.7", Area: "check", Meaning: "invert: a match is a failure",
			Do: func(d *decoder, l line) { d.scope.url.Regex.NoMatch = true },
		},
		{
			Name: "regex_options", Syntax: "allow_empty_class alt_bsux auto_callout caseless dollar_endonly dotall dupnames extended firstline match_unset_backref multiline never_ucp never_utf no_auto_capture no_auto_possess no_dotstar_anchor no_start_optimize ucp ungreedy utf never_backslash_c alt_circumflex alt_verbnames use_offset_limit", Default: "none",
			Since: "2.0.7", Area: "check", Meaning: "PCRE2 compile options (unknown words silently ignored)",
			Do: (*decoder).readRegexOptions,
		},
		{
			Name: "regex_stack", Syntax: "START MAX bytes", Default: "PCRE2 default",
			Since: "2.0.7", Area: "check", Meaning: "JIT stack size",
			EffectNote: "nothing is compiled to machine code, and the memory of a match is bounded in another way",
			Do:         (*decoder).readRegexStack,
		},
		{
			Name: "status_code", Syntax: "CODE[100..599] or LOW-HIGH, several", Default: "200-299",
			Since: "1.0.0", Area: "check", Meaning: "acceptable status codes",
			Do: (*decoder).readStatus,
		},
		{
			Name: "virtualhost", Syntax: "STRING", Default: "checker's",
			Since: "1.3.6", Area: "check", Meaning: "Host header of this url",
			Do: func(d *decoder, l line) { d.readText(l, &d.scope.url.VirtualHost) },
		},
	}
	if ssl {
		rows = append(rows, Keyword{
			Name: "tls_compliant", Syntax: "[BOOL]", Default: "false",
			Since: "2.2.8", Area: "check", Meaning: "close_notify for this url",
			Do: func(d *decoder, l line) { d.readChoice(l, &d.scope.url.tlsCompliant) },
		})
	}
	return rows
}
